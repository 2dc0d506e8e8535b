"""Random changes of training images: shifts, rotations, noise, mixtures.

Imports ``data`` and ``common``. Begin with ``augmentation.py``, then ``shift.py``.
A new file has its public names in ``__all__``, and one line below.
"""

from typing import TYPE_CHECKING

from ...common.public_names import public_names
from .affine import *
from .augmentation import *
from .elastic import *
from .erasing import *
from .mixing import *
from .noise import *
from .shift import *
from .sometimes import *

if not TYPE_CHECKING:  # type checkers read the lines above
    __all__ = public_names(globals())


def __dir__() -> list[str]:
    return public_names(globals())
