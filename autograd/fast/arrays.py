"""Operations on large arrays, by kernels on a team of threads, into memory that is used again."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ops.elementwise import _where, relu
from ..ops.products import matmul
from ..ops.reductions import sum
from ..ops.shaping import MANY, broadcast_to, sum_to
from .kernels import LARGE, channel_sum, choose, keep, product
from .kernels import relu as large_relu
from .kernels import relu_gradient as large_relu_gradient

#: Number of elements from which `keep` beats NumPy's own choice between two arrays.
ENOUGH = 1 << 9

_reduce: Any = np.add.reduce


def _relu(x: Any) -> Any:
    if type(x) is np.ndarray and x.size >= LARGE and x.dtype.kind == "f":
        return large_relu(x)
    return NotImplemented


def _relu_vjp(g: Any, out: Any, x: Any, wanted: Any) -> Any:
    if not type(g) is type(out) is np.ndarray or out.size < ENOUGH or out.dtype.kind != "f":
        return NotImplemented
    if out.size >= LARGE:
        return (large_relu_gradient(g, out),)
    if g.shape == out.shape and g.flags.c_contiguous and out.flags.c_contiguous:
        return (keep(g, out != 0),)
    return NotImplemented


def _choice(x: Any, y: Any, /, condition: Any) -> Any:
    """A number in the place of some elements of an array, as in a masked attention or a gradient of a choice."""
    if type(condition) is not np.ndarray or condition.dtype.char != "?":
        return NotImplemented
    if type(x) is np.ndarray and x.ndim:
        return _chosen(x, condition, y)
    return _chosen(y, ~condition, x) if type(y) is np.ndarray and y.ndim else NotImplemented


def _chosen(x: Any, mask: Any, other: Any) -> Any:
    if x.size < ENOUGH or x.dtype.char not in "fd" or not x.flags.c_contiguous:
        return NotImplemented
    if other.__class__ is not float and not (type(other) is np.ndarray and not other.ndim and other.dtype is x.dtype):
        return NotImplemented
    return choose(x, mask, other) if mask.shape == x.shape[x.ndim - mask.ndim :] else NotImplemented


def _sum_to(x: Any, /, shape: Any) -> Any:
    """The gradient of a bias: from images (N, H, W, C) to channels (C,)."""
    if type(x) is np.ndarray and x.size >= LARGE and x.ndim == 4 and shape == x.shape[3:] and x.dtype.kind == "f":
        return channel_sum(x)
    return NotImplemented


def _sum(x: Any, /, axis: Any = None, keepdims: bool = False) -> Any:
    """The sum of a few numbers, for which NumPy's own order of additions is exact enough."""
    if x.size <= MANY and x.dtype.char in "fd" and (axis is None or axis.__class__ is int or axis.__class__ is tuple):
        return _reduce(x, axis, None, None, keepdims)
    return NotImplemented


def _broadcast_to(x: Any, /, shape: Any) -> Any:
    """The gradient of a sum: one number, seen from everywhere."""
    if isinstance(x, np.generic):
        x = np.asarray(x)
    if type(x) is np.ndarray and x.ndim == 0 and type(shape) is tuple:
        repeated: Any = np.ndarray(shape, x.dtype, x, 0, (0,) * len(shape))
        repeated.setflags(False)  # as NumPy's own
        return repeated
    return NotImplemented


def _matmul(x: Any, y: Any, /) -> Any:
    if x.ndim < 2 or y.ndim < 2 or x.shape[-1] != y.shape[-2] or x.dtype is not y.dtype or x.dtype.char not in "fd":
        return NotImplemented
    if type(x) is not np.ndarray or type(y) is not np.ndarray:
        return NotImplemented
    return product(x, y)


def install() -> None:
    """Install all of them."""
    sum.fast_forward, _where.fast_forward = _sum, _choice
    relu.fast_forward, relu.fast_vjp = _relu, _relu_vjp
    sum_to.fast_forward, broadcast_to.fast_forward, matmul.fast_forward = _sum_to, _broadcast_to, _matmul
