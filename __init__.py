"""seegrad, *see the gradient*: automatic differentiation in NumPy, where every number can be looked at.

>>> a, b = sg.Value(2.0), sg.Value(-3.0)
>>> (a * b).backward()
>>> a.grad, b.grad
(-3.0, 2.0)
>>> x = sg.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
>>> (x @ x).sum().backward()
>>> x.grad
array([[ 7., 11.],
       [ 9., 13.]])
"""

from __future__ import annotations

from .common import early_interrupt  # noqa: F401 # before NumPy, whose import takes long enough for Ctrl-C

# isort: split
from importlib import import_module
from typing import TYPE_CHECKING, Any

from . import autograd
from .autograd import *
from .autograd import numpy as numpy
from .autograd import scipy as scipy
from .common.rng import manual_seed

__version__ = "0.1.0"

numpy.install(__name__)
scipy.install(__name__)

if TYPE_CHECKING:
    from . import data, nn, optim
    from .autograd.inspect.draw import draw, play
    from .autograd.ops.complex_parts import *
    from .autograd.ops.convolution import *  # mypy does not add up the ``__all__`` of modules
    from .autograd.ops.elementwise import *
    from .autograd.ops.indexing import *
    from .autograd.ops.normalization import *
    from .autograd.ops.pooling import *
    from .autograd.ops.products import *
    from .autograd.ops.reductions import *
    from .autograd.ops.shaping import *
    from .nn import export_onnx, load

__all__ = ["data", "draw", "export_onnx", "load", "manual_seed", "nn", "optim", "play"]
__all__ += autograd.__all__


def __dir__() -> list[str]:
    return [*__all__, "__version__", "numpy", "scipy"]


if not TYPE_CHECKING:  # type checkers read the lines above, and flag names of other libraries

    def __getattr__(name: str) -> Any:
        """Import the larger parts when they are first used, so that ``import seegrad`` stays quick."""
        if name in ("data", "nn", "optim"):
            return import_module(f".{name}", __name__)
        if name in ("draw", "play"):
            return getattr(import_module(".autograd.inspect.draw", __name__), name)
        if name in ("export_onnx", "load"):
            return getattr(import_module(".nn", __name__), name)
        if name.startswith("__"):
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from .common.other_names.lookup import attribute_of_module

        return attribute_of_module(__name__, name)
