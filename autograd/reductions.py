"""Operations that combine many elements into one, along any axes.

Where several elements share an extreme value, ``max`` and ``min`` divide the gradient equally among them. At
equal elements, ``std`` has the finite subgradient 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from .elementwise import absolute, exp, where
from .graph import inspected
from .operation import Op
from .shaping import add_reduce, expand_dims, flip, moveaxis, narrow, reshape, spread, swapaxes, wide_dtype

Axis = int | Sequence[int] | None

_any_axis = """

    Parameters
    ----------
    x : array_like or Tensor
    axis : int, tuple of int or None
        Which axes to reduce; None means all.
    keepdims : bool
        Keep the reduced axes with length 1.
"""


def count(x: Any, axis: Axis) -> int:
    """How many elements each result combines."""
    axes = range(x.ndim) if axis is None else normalize_axis_tuple(axis, x.ndim)
    return int(np.prod([x.shape[i] for i in axes], dtype=np.int64))


# ------------------------------------------------------------------------------------------------- sums


@Op
def sum(x: Any, /, axis: Axis = None, keepdims: bool = False) -> Any:
    """Sum over the given axes (all by default)."""
    return add_reduce(x, axis if axis is None or isinstance(axis, int) else tuple(axis), keepdims)


sum.rules(lambda g, out, x, axis, keepdims: spread(g, x, axis, keepdims))


@Op
def mean(x: Any, /, axis: Axis = None, keepdims: bool = False) -> Any:
    """Arithmetic mean over the given axes (all by default)."""
    return np.mean(x, axis, keepdims=keepdims)


sum.poles = mean.poles = False
mean.rules(lambda g, out, x, axis, keepdims: spread(g * (1.0 / (count(x, axis) or 1)), x, axis, keepdims))


@Op
def var(x: Any, /, axis: Axis = None, ddof: int = 0, keepdims: bool = False) -> Any:
    """Variance: mean squared distance from the mean, over ``count - ddof``."""
    return np.var(x, axis, ddof=ddof, keepdims=keepdims)


var.rules(
    lambda g, out, x, axis, ddof, keepdims: (
        spread(g * (2.0 / (count(x, axis) - ddof)), x, axis, keepdims) * (x - mean(x, axis, keepdims=True))
    )
)


@Op
def std(x: Any, /, axis: Axis = None, ddof: int = 0, keepdims: bool = False) -> Any:
    """Standard deviation, the root of :func:`var`; its gradient is 0 where all elements are equal."""
    return narrow(np.std(x, axis, wide_dtype(x), ddof=ddof, keepdims=keepdims), x)


std.rules(
    lambda g, out, x, axis, ddof, keepdims: (
        spread(g / where(out == 0, 1.0, out) / (count(x, axis) - ddof), x, axis, keepdims)
        * (x - mean(x, axis, keepdims=True))
    )
)


@Op
def cumsum(x: Any, /, axis: int | None = None) -> Any:
    """Running sum along an axis (None: of the flattened array)."""
    return narrow(np.cumsum(x, axis, wide_dtype(x)), x)


cumsum.rules(lambda g, out, x, axis: reshape(flip(cumsum(flip(g, axis or 0), axis or 0), axis or 0), x.shape))


# --------------------------------------------------------------------------------------------- products


@Op
def prod(x: Any, /, axis: Axis = None, keepdims: bool = False) -> Any:
    """Product over the given axes (all by default)."""
    return np.prod(x, axis, keepdims=keepdims)


def _rest(x: Any, axis: Axis) -> Any:
    """For each element, the product of the others that are multiplied with it."""
    axes = normalize_axis_tuple(range(x.ndim) if axis is None else axis, x.ndim)
    if np.all(x != 0):
        return prod(x, axes, keepdims=True) / x
    kept = [i for i in range(x.ndim) if i not in axes]
    last = moveaxis(x, (*kept, *axes), tuple(range(x.ndim)))
    rows = reshape(last, (*last.shape[: len(kept)], -1))
    n = rows.shape[-1]
    others = prod(where(np.eye(n, dtype=bool), 1.0, expand_dims(rows, -2)), -1)
    return moveaxis(reshape(others, last.shape), tuple(range(x.ndim)), (*kept, *axes))


prod.rules(lambda g, out, x, axis, keepdims: spread(g, x, axis, keepdims) * _rest(x, axis))


@Op
def cumprod(x: Any, /, axis: int | None = None) -> Any:
    """Running product along an axis (None: of the flattened array)."""
    return np.cumprod(x, axis)


def _cumprod_rule(g: Any, out: Any, x: Any, axis: int | None) -> Any:
    if axis is None:
        return reshape(_cumprod_rule(g, out, reshape(x, -1), 0), x.shape)
    if np.all(x != 0):
        return flip(cumsum(flip(g * out, axis), axis), axis) / x
    g, rows = swapaxes(g, axis, x.ndim - 1), swapaxes(x, axis, x.ndim - 1)
    n = rows.shape[-1]
    below = np.tri(n, dtype=bool)  # result k is the product of the elements up to k
    factors = where(below, expand_dims(rows, -2), 1.0)
    return swapaxes(sum(where(below, expand_dims(g, -1) * _rest(factors, -1), 0.0), -2), axis, x.ndim - 1)


cumprod.rules(_cumprod_rule)


# -------------------------------------------------------------------------------------------- extremes


@Op
def max(x: Any, /, axis: Axis = None, keepdims: bool = False) -> Any:
    """Largest element over the given axes; equal ones share the gradient."""
    return np.max(x, axis, keepdims=keepdims)


@Op
def min(x: Any, /, axis: Axis = None, keepdims: bool = False) -> Any:
    """Smallest element over the given axes; equal ones share the gradient."""
    return np.min(x, axis, keepdims=keepdims)


def _extreme_rule(g: Any, out: Any, x: Any, axis: Axis, keepdims: bool) -> Any:
    winners = (x == spread(out, x, axis, keepdims)) | (x != x)  # a NaN wins against numbers
    shares = (1.0 / np.maximum(np.sum(winners, axis, keepdims=True), 1)).astype(x.dtype)
    return where(winners, spread(g, x, axis, keepdims) * shares, 0.0)


max.rules(_extreme_rule)
min.rules(_extreme_rule)


# ------------------------------------------------------------------------------------ logarithms of sums


@Op
def logsumexp(x: Any, /, axis: Axis = None, keepdims: bool = False) -> Any:
    """``log(sum(exp(x)))`` without overflow; -inf where every element is -inf."""
    highest = np.max(x, axis, keepdims=True)
    shift = np.where(np.isfinite(highest), highest, highest.dtype.type(0))
    with np.errstate(divide="ignore"):
        total = np.log(add_reduce(np.exp(x - shift), axis, keepdims=True)) + shift
    return total if keepdims else np.squeeze(total, axis)


def _finite(x: Any) -> Any:
    """0 in place of infinite elements."""
    return where(absolute(x) == np.inf, 0.0, x)


logsumexp.rules(
    lambda g, out, x, axis, keepdims: spread(g, x, axis, keepdims) * exp(x - _finite(spread(out, x, axis, keepdims)))
)


@Op
def log_softmax(x: Any, /, axis: int = -1) -> Any:
    """``log(softmax(x))`` along an axis, computed stably; -inf throughout a row of -inf."""
    total = logsumexp(x, axis, keepdims=True)
    return x - np.where(np.isfinite(total), total, total.dtype.type(0))


log_softmax.rules(lambda g, out, x, axis: g - exp(out) * sum(g, axis, keepdims=True))


@Op
def softmax(x: Any, /, axis: int = -1) -> Any:
    """``exp(x)`` divided by its sum along an axis: positive numbers that add up to 1.

    A row that is -inf throughout gives zeros: nothing in it has any weight.
    """
    return np.exp(log_softmax(x, axis))


softmax.rules(lambda g, out, x, axis: out * (g - sum(g * out, axis, keepdims=True)))


def argmax(x: Any, axis: int | None = None, *, keepdims: bool = False) -> Any:
    """Index of the largest element, as a plain array: an index has no derivative."""
    return np.argmax(inspected(x), axis, keepdims=keepdims)


def argmin(x: Any, axis: int | None = None, *, keepdims: bool = False) -> Any:
    """Index of the smallest element, as a plain array: an index has no derivative."""
    return np.argmin(inspected(x), axis, keepdims=keepdims)


for _op in (sum, mean, var, std, prod, max, min, logsumexp):
    _op.__doc__ = f"{_op.__doc__}{_any_axis}"
