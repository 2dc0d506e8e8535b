"""``seegrad.numpy``: NumPy, with arrays that may hold nodes.

>>> import seegrad.numpy as np
>>> def f(x):
...     y = np.zeros(3)
...     y[0] = x[0] ** 2
...     y[1:] = np.array([x[1], x[0] * x[1]])
...     return np.sum(y)
>>> sg.grad(f)(np.array([2.0, 3.0]))
array([7., 3.])

``array``, ``zeros`` and their like make Tensors, to which nodes can be written; functions take lists of nodes wherever
NumPy's take lists of numbers. Everything else is NumPy's own, by the same name.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy

from . import array_creation
from .array_creation import *
from .numpy_namespace import Joined, NumpyModule, found_in

r_: Joined = Joined(numpy.r_)
c_: Joined = Joined(numpy.c_)

if TYPE_CHECKING:
    from numpy import *  # type: ignore[assignment, no-redef]  # but for those above
    from numpy import fft as fft
    from numpy import linalg as linalg

    from .array_creation import *  # of equal names the first counts to mypy, the last to pyright
else:
    linalg = NumpyModule("seegrad.numpy.linalg", numpy.linalg)
    fft = NumpyModule("seegrad.numpy.fft", numpy.fft)

__all__ = [*array_creation.__all__, "c_", "fft", "linalg", "r_"]


if not TYPE_CHECKING:  # to which it would mean that there is every name

    def __getattr__(name: str) -> Any:
        return found_in(numpy, name)


def __dir__() -> list[str]:
    return [*{*dir(numpy), *__all__}]


def install(package: str) -> None:
    """Make this module, its ``linalg`` and its ``fft`` known as ``numpy`` in a package.

    There is no file of that name: in the folder of the package, it would hide NumPy from whoever runs Python there.
    """
    sys.modules[f"{package}.numpy"] = sys.modules[__name__]
    sys.modules[f"{package}.numpy.linalg"] = linalg
    sys.modules[f"{package}.numpy.fft"] = fft
