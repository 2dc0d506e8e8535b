"""Tensors whose gradient is asked for, in the shortest words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import seegrad as sg


def leaf(*numbers: Any, **options: Any) -> sg.Tensor:
    """Make a vector of the numbers, which gets a gradient."""
    return sg.tensor(numbers, requires_grad=True, **options)


def gradient(f: Callable[[sg.Tensor], Any], x: Any) -> np.ndarray:
    """Return the gradient of the sum of ``f(x)``."""
    t = sg.tensor(x, requires_grad=True)
    out = f(t)
    (out if out.ndim == 0 else out.sum()).backward()
    return t.grad
