"""Neural networks: modules, losses, initialisers, models and the trainer.

Imports ``autograd``, ``optim``, ``data`` and ``common``. Begin with ``module.py``, then ``layers/linear.py``.
The public names are those of the folders and files below, each of which lists its own.
"""

from typing import TYPE_CHECKING

from ..common.public_names import public_names
from . import functional, init, models, recipes
from .classification_metrics import *
from .files import *
from .layer_errors import *
from .layers import *
from .losses import *
from .model_info import *
from .module import *
from .plots import *
from .scalar_networks import *
from .summary import *
from .training import *

_FILES = {"functional": functional, "init": init, "models": models, "recipes": recipes}

if not TYPE_CHECKING:  # type checkers read the lines above
    __all__ = [*public_names(globals()), *_FILES]


def __dir__() -> list[str]:
    return [*public_names(globals()), *_FILES]
