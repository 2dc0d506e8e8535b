"""Read, clean, split, scale, augment and batch data: plain NumPy in, plain NumPy out.

Imports ``common`` alone. Begin with ``dataset.py``, then ``loader.py``.
A new file has its public names in ``__all__``, and one line below.
"""

from typing import TYPE_CHECKING

from ..common.elsewhere import constructors_take_other_names, names_of_module
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
from .name_lists import *
from .samplers import *
from .scaling import *
from .sequences import *
from .sharding import *
from .split import *
from .toys import *
from .vocabulary import *

if not TYPE_CHECKING:  # type checkers read the lines above
    __all__ = public_names(globals())
    __getattr__ = names_of_module(__name__)


def __dir__() -> list[str]:
    return public_names(globals())


constructors_take_other_names(globals())
