"""The page where one draws a digit and sees what the network thinks of it, and the small server behind it.

Imports ``nn``, ``data`` and ``autograd``. Begin with ``app.py``. It needs the extra ``serve``:
``pip install 'seegrad[serve]'``.
"""

from typing import TYPE_CHECKING

from ..common.public_names import public_names
from .app import *
from .limits import *
from .predictor import *
from .server import *

if not TYPE_CHECKING:  # type checkers read the lines above
    __all__ = public_names(globals())


def __dir__() -> list[str]:
    return public_names(globals())
