"""Plots of a training and of a model; they import matplotlib when they are drawn.

Imports ``nn.layers``. Begin with ``training_plots.py``.
A new file has its public names in ``__all__``, and one line below.
"""

from typing import TYPE_CHECKING

from ...common.public_names import public_names
from .attention_plots import *
from .model_plots import *
from .training_plots import *

if not TYPE_CHECKING:  # type checkers read the lines above
    __all__ = public_names(globals())


def __dir__() -> list[str]:
    return public_names(globals())
