"""Tensors whose gradient is asked for, in the shortest words."""

from __future__ import annotations

from collections.abc import Callable, Iterable
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


def value_and_gradients(f: Callable[..., sg.Tensor], inputs: Iterable[Any], grad_output: Any = None) -> list[Any]:
    """Return the value of ``f``, and the gradient of each input; ``grad_output`` is a wave unless it is given."""
    leaves = [sg.tensor(x, requires_grad=True) for x in inputs]
    out = f(*leaves)
    if grad_output is None:
        grad_output = np.sin(np.arange(out.size)).reshape(out.shape)
    out.backward(np.asarray(grad_output, out.dtype))
    return [out.data, *[x.grad for x in leaves]]
