"""A training seen: what was recorded of its steps, as a page to step through.

Imports ``nn.training`` and ``autograd.inspect``. Begin with ``training_record.py``.
A new file has its public names in ``__all__``, and one line below.
"""

from typing import TYPE_CHECKING

from ...common.public_names import public_names
from .training_record import *

if not TYPE_CHECKING:  # type checkers read the lines above
    __all__ = public_names(globals())


def __dir__() -> list[str]:
    return public_names(globals())
