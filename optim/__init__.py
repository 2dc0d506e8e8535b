"""Optimizers, and what goes with them: schedules, limits on gradients, averages, a search for the learning rate.

Imports ``autograd`` and ``common``. Begin with ``optimizer.py``, then ``sgd.py``.
A new file has its public names in ``__all__``, and one line below.
"""

from typing import TYPE_CHECKING

from ..common.elsewhere import constructors_take_other_names, names_of_module
from ..common.public_names import public_names
from .adadelta import *
from .adagrad import *
from .adam import *
from .clip_grad import *
from .distributed import *
from .ema import *
from .lbfgs import *
from .learning_rate_search import *
from .lion import *
from .muon import *
from .nadam import *
from .optimizer import *
from .radam import *
from .rmsprop import *
from .schedules import *
from .sgd import *

if not TYPE_CHECKING:  # type checkers read the lines above
    __all__ = public_names(globals())
    __getattr__ = names_of_module(__name__)


def __dir__() -> list[str]:
    return public_names(globals())


constructors_take_other_names(globals())
