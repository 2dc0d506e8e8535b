"""Softmax along the last axis, layer normalisation and lookups, in one pass over the rows; their gradients, too."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from ..ops import indexing, normalization, reductions
from . import kernels

MANY = 1 << 10
"""Number of elements from which a pass of ours beats NumPy's passes."""


def _suits(*arrays: Any) -> bool:
    """Whether the kernels compute with such arrays: enough elements, all of one shape and dtype."""
    first = arrays[0]
    for x in arrays:
        if type(x) is not np.ndarray or x.size < MANY or x.dtype.char not in "fd":
            return False
        if x.shape != first.shape or x.dtype is not first.dtype:
            return False
    return True


def _is_last(axis: Any, x: Any) -> bool:
    """Whether an axis is the last one."""
    if type(axis) is tuple and len(axis) == 1:
        (axis,) = axis
    return type(axis) is int and x.ndim > 0 and axis in (-1, x.ndim - 1)


def _rows(x: Any, length: int) -> Any:
    """Return ``x`` as rows of a length, which lie one after the other in memory."""
    return np.ascontiguousarray(x).reshape(-1, length)


def _forward(name: str) -> Callable[..., Any]:
    def forward(x: Any, /, axis: Any = -1) -> Any:
        if not (_suits(x) and _is_last(axis, x)):
            return NotImplemented
        return kernels.by_rows(name, _rows(x, x.shape[-1])).reshape(x.shape)

    return forward


def _vjp(name: str) -> Callable[..., Any]:
    def vjp(g: Any, out: Any, x: Any, wanted: Any, axis: Any) -> Any:
        if not (_suits(g, out) and _is_last(axis, out)):
            return NotImplemented
        return (kernels.by_rows(name, _rows(g, x.shape[-1]), _rows(out, x.shape[-1])).reshape(x.shape),)

    return vjp


def _fits(x: Any, *vectors: Any, axes: int) -> bool:
    """Whether scale and shift have the shape and dtype of the last axes of `x`."""
    return all(type(v) is np.ndarray and v.shape == x.shape[x.ndim - axes :] and v.dtype is x.dtype for v in vectors)


def _layer_norm(x: Any, weight: Any, bias: Any, /, axes: int, eps: float) -> Any:
    if not (_suits(x) and _fits(x, weight, bias, axes=axes)):
        return NotImplemented
    n = prod(weight.shape)
    scale, shift = (np.ascontiguousarray(v).reshape(n) for v in (weight, bias))
    return kernels.layer_norm(_rows(x, n), scale, shift, eps).reshape(x.shape)


def _layer_norm_vjp(g: Any, out: Any, x: Any, weight: Any, bias: Any, wanted: Any, axes: int, eps: float) -> Any:
    if not (_suits(g, x) and _fits(x, weight, bias, axes=axes)):
        return NotImplemented
    n = prod(weight.shape)
    to_x, *others = kernels.layer_norm_gradients(_rows(g, n), _rows(x, n), np.ascontiguousarray(weight).reshape(n), eps)
    return to_x.reshape(x.shape), *[d.reshape(weight.shape) for d in others]


def _scatter_add(x: Any, /, index: Any, shape: tuple[int, ...]) -> Any:
    """The gradient of a table from which rows were read by number, as in an embedding."""
    if not (_suits(x) and type(index) is np.ndarray and index.dtype.kind == "i"):
        return NotImplemented
    if len(shape) != 2 or x.shape != (*index.shape, shape[1]):
        return NotImplemented
    if not -shape[0] <= index.min() <= index.max() < shape[0]:
        return NotImplemented  # the definition's error
    places = np.ascontiguousarray(index, np.int64).reshape(-1)
    added = kernels.add_rows(_rows(x, shape[1]), places, shape[0])
    return NotImplemented if added is None else added


def install() -> None:
    """Install all of them."""
    for op in (reductions.softmax, reductions.log_softmax):
        op.fast_forward, op.fast_vjp = _forward(op.name), _vjp(f"{op.name}_gradient")
    indexing.scatter_add.fast_forward = _scatter_add
    normalization.layer_norm.fast_forward, normalization.layer_norm.fast_vjp = _layer_norm, _layer_norm_vjp
