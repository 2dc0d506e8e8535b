"""Read, clean, split, scale, augment and batch data: plain NumPy in, plain NumPy out.

Imports ``common`` alone. Begin with ``dataset.py``, then ``loader.py``.
A new file has its public names in ``__all__``, and one line below.
"""

from typing import TYPE_CHECKING

from ..common.public_names import public_names
from .augment import *
from .cleaning import *
from .csv_rows import *
from .data_error import *
from .dataset import *
from .digit_images import *
from .idx import *
from .image_folder import *
from .loader import *
from .mnist_files import *
from .scaling import *
from .sharding import *
from .split import *
from .toys import *

if not TYPE_CHECKING:  # type checkers read the lines above
    __all__ = public_names(globals())


def __dir__() -> list[str]:
    return public_names(globals())
