"""Neural networks: modules, losses, initialisers, models and the trainer.

Imports ``autograd``, ``optim``, ``data`` and ``common``. Begin with ``module.py``, then ``layers/linear.py``.
The public names are those of the folders and files below, each of which lists its own.
"""

from typing import TYPE_CHECKING

from ..common.elsewhere import constructors_take_other_names, names_of_module
from ..common.public_names import public_names
from . import functional, init, models, recipes
from .classification_metrics import *
from .files import *
from .gpt import *
from .layer_errors import *
from .layers import *
from .losses import *
from .model_info import *
from .module import *
from .plots import *
from .sampling import *
from .scalar_networks import *
from .stateless import *
from .summary import *
from .training import *
from .training_record import *

_FILES = {"functional": functional, "init": init, "models": models, "recipes": recipes}

if not TYPE_CHECKING:  # type checkers read the lines above
    __all__ = [*public_names(globals()), *_FILES]
    __getattr__ = names_of_module(__name__)


def __dir__() -> list[str]:
    return [*public_names(globals()), *_FILES]


constructors_take_other_names(globals())
