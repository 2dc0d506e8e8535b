"""Losses, each as a function and as a module.

Imports ``nn.module``, ``autograd`` and ``common``. Begin with ``regression_losses.py``, then ``loss.py``.
A new file has its public classes in ``__all__``, and one line below; its functions have a line in ``nn/functional.py``.
"""

from typing import TYPE_CHECKING

from ...common.elsewhere import names_of_module
from ...common.public_names import public_names
from .binary_losses import *
from .categorical_losses import *
from .divergence_losses import *
from .embedding_losses import *
from .regression_losses import *

if not TYPE_CHECKING:  # type checkers read the lines above
    __all__ = public_names(globals())
    __getattr__ = names_of_module(__name__)


def __dir__() -> list[str]:
    return public_names(globals())
