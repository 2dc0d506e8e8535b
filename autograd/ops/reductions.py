"""Operations that combine many elements into one, along any axes.

Where several elements share an extreme value, ``max`` and ``min`` divide the gradient equally among them. At
equal elements, ``std`` has the finite subgradient 0.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ...common.elsewhere import takes_other_names
from ...common.plain_data import real_numbers
from ...common.quiet import quiet
from ..core.call_types import Reduces
from ..core.node import Node, data_of, inspected
from ..core.op import Op, P
from .elementwise import exp, is_short, where
from .length_gradient import length_gradient
from .matrices import conjugated
from .questions import asked
from .shaping import (
    MANY,
    add_reduce,
    concatenate,
    flip,
    moveaxis,
    narrow,
    plain_axis,
    reduced_axes,
    repeat_to_match,
    reshape,
    roll,
    swapaxes,
    wide,
    wide_dtype,
    wide_sum,
)

if TYPE_CHECKING:
    from ..core.call_types import Operand

# fmt: off
__all__ = [
    "argmax", "argmin", "cumprod", "cumsum", "log_softmax", "logsumexp", "max", "mean", "min", "prod", "softmax", "std",
    "sum", "var",
]
# fmt: on

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


class Reduction(Op[P]):
    """An operation along axes, whose result for an array may be a single number.

    It says so if its parameters stand in the order of another library.
    """

    if TYPE_CHECKING:
        __call__: Reduces[P]

    def check(self, params: Mapping[str, Any]) -> None:
        """Raise TypeError for parameters that cannot be meant."""
        keepdims, ddof, axis = params.get("keepdims", False), params.get("ddof", 0), params.get("axis")
        if isinstance(axis, Node) and np.shape(axis._plain):
            raise TypeError(
                f"{self.name}(): axis must be an integer or a tuple of them, got a tensor of shape "
                f"{np.shape(axis._plain)}. Of two tensors, sg.maximum(x, y) takes larger elements, sg.minimum(x, y) "
                "smaller ones"
            )
        if not isinstance(keepdims, (bool, np.bool_)):
            wrong = f"keepdims must be True or False, got {keepdims!r:.60}"
        elif isinstance(ddof, bool) or not isinstance(ddof, (int, float, np.number)):
            wrong = f"ddof must be a number, got {ddof!r:.60}"
        else:
            return
        raise TypeError(
            f"{self.name}(): {wrong}. The order of parameters is {', '.join(self.param_names)}; pass them by name"
        )


def count(x: Any, axis: Axis) -> int:
    """How many elements each result combines."""
    return math.prod([x.shape[i] for i in reduced_axes(axis, x.ndim)])


def _kept_shape(x: Any, axis: Axis) -> tuple[int, ...]:
    """The shape of a reduction's result."""
    axes = reduced_axes(axis, x.ndim)
    return tuple(n for i, n in enumerate(x.shape) if i not in axes)


# ------------------------------------------------------------------------------------------------- sums


@Reduction
def sum(x: Any, /, axis: Axis = None, keepdims: bool = False) -> Any:
    """Sum over the given axes (all by default)."""
    return add_reduce(x, axis, keepdims)


sum.rules(lambda g, out, x, axis, keepdims: repeat_to_match(g, x, axis, keepdims))


@Reduction
def mean(x: Any, /, axis: Axis = None, keepdims: bool = False) -> Any:
    """Arithmetic mean over the given axes (all by default)."""
    if x.size <= MANY:
        return np.mean(x, plain_axis(axis), keepdims=keepdims)
    return narrow(wide_sum(x, axis, keepdims) / count(x, axis), x)


sum.poles = mean.poles = False
mean.rules(lambda g, out, x, axis, keepdims: repeat_to_match(g * (1.0 / (count(x, axis) or 1)), x, axis, keepdims))


def _variance(x: Any, axis: Axis, ddof: float, keepdims: bool) -> Any:
    """The variance of plain data, of float16 in float32."""
    if x.size <= MANY:
        return np.var(x, plain_axis(axis), wide_dtype(x), ddof=ddof, keepdims=keepdims)
    apart = x - wide_sum(x, axis, keepdims=True) / count(x, axis)
    freedom = count(x, axis) - ddof
    if freedom <= 0:  # NumPy's warning and NumPy's answer
        return np.var(x, plain_axis(axis), wide_dtype(x), ddof=ddof, keepdims=keepdims)
    return wide_sum(squared(apart), axis, keepdims) / freedom


def squared(x: Any) -> Any:
    """The squares of the absolute values of plain data."""
    return np.square(x.real) + np.square(x.imag) if x.dtype.kind == "c" else x * x


def _freedom(x: Any, axis: Axis, ddof: float) -> float:
    """Degrees of freedom: NaN where there are none, since the variance is not defined then."""
    left = count(x, axis) - ddof
    return left if left > 0 else math.nan


@Reduction
def var(x: Any, /, axis: Axis = None, ddof: float = 0, keepdims: bool = False) -> Any:
    """Variance: mean squared distance from the mean, over ``count - ddof``."""
    return narrow(_variance(x, axis, ddof, keepdims), x)


var.rules(
    lambda g, out, x, axis, ddof, keepdims: (
        repeat_to_match(g * (2.0 / _freedom(x, axis, ddof)), x, axis, keepdims)
        * conjugated(x - mean(x, axis, keepdims=True))
    )
)


@Reduction
def std(x: Any, /, axis: Axis = None, ddof: float = 0, keepdims: bool = False) -> Any:
    """Standard deviation, the root of :func:`var`; its gradient is 0 where all elements are equal."""
    with quiet("over"):
        variance = _variance(x, axis, ddof, keepdims)
    result, axes = np.sqrt(variance), reduced_axes(axis, x.ndim)
    if in_range(variance):
        first = x[tuple([(slice(1) if keepdims else 0) if i in axes else slice(None) for i in range(x.ndim)])]
        if np.all(result > 8 * np.finfo(result.dtype).eps * np.abs(first)):
            return narrow(result, x)
    size = magnitude(x, axis)  # over- or underflow, or nothing but rounding errors
    low, high = (extreme(x, axes, keepdims=True, initial=i) for extreme, i in ((np.min, np.inf), (np.max, -np.inf)))
    result = np.sqrt(_variance(x / size, axis, ddof, keepdims=True)) * size
    result = np.where((low == high) & np.isfinite(result), size.dtype.type(0), result)
    return narrow(result if keepdims else np.reshape(result, _kept_shape(x, axis))[()], x)


def magnitude(x: Any, axis: Axis) -> Any:
    """The largest absolute value over the axes, 1 where that is 0 or not finite: what to divide by before squaring."""
    size = np.max(np.abs(x), plain_axis(axis), keepdims=True, initial=0)
    size = size.astype(wide_dtype(x) or size.dtype)
    return np.where((size > 0) & (size < np.inf), size, size.dtype.type(1))


def in_range(squares: Any) -> bool:
    """Whether no sum of squares has overflowed or lost digits by underflow."""
    lowest = _LOWEST_SQUARE[squares.dtype.char]
    if squares.size == 1:
        return bool(lowest < squares.item() < math.inf)
    return not squares.size or bool(
        np.minimum.reduce(squares, None) > lowest and np.maximum.reduce(squares, None) < math.inf
    )


_LOWEST_SQUARE = {code: float(np.finfo(code).tiny / np.finfo(code).eps) for code in "fdg"}


def _std_at_tip(g: Any, out: Any, x: Any, axis: Axis, keepdims: bool) -> Any:
    """The gradient where a group may consist of equal elements: what is apart then are the mean's rounding errors."""
    apart = conjugated(x - mean(x, axis, keepdims=True))
    equal = repeat_to_match(data_of(out) == 0, x, axis, keepdims)
    return length_gradient(
        g, out, apart - np.where(equal, data_of(apart), 0), lambda v: repeat_to_match(v, x, axis, keepdims)
    )


def _std_rule(g: Any, out: Any, x: Any, axis: Axis, ddof: float, keepdims: bool) -> Any:
    if count(x, axis) == 1 and ddof < 1:  # one number does not spread, wherever it is
        return np.zeros(x.shape, x.dtype)
    if is_short(out):
        return _std_at_tip(g * (1.0 / _freedom(x, axis, ddof)), out, x, axis, keepdims)
    slope = repeat_to_match(g / out * (1.0 / _freedom(x, axis, ddof)), x, axis, keepdims)
    return slope * conjugated(x - mean(x, axis, keepdims=True))


std.rules(_std_rule)


@Op
def cumsum(x: Any, /, axis: int | None = None) -> Any:
    """Running sum along an axis (None: of the flattened array).

    Parameters
    ----------
    x : array_like or Tensor
        Any shape, which is that of the result if an axis is given.
    axis : int or None
    """
    return narrow(np.cumsum(x, plain_axis(axis), wide_dtype(x)), x)


cumsum.rules(lambda g, out, x, axis: reshape(flip(cumsum(flip(g, axis or 0), axis or 0), axis or 0), x.shape))


# --------------------------------------------------------------------------------------------- products


@Reduction
def prod(x: Any, /, axis: Axis = None, keepdims: bool = False) -> Any:
    """Product over the given axes (all by default)."""
    return np.prod(x, plain_axis(axis), keepdims=keepdims)


@asked
def _divides(out: Any) -> bool:
    """Whether a product, divided by one of its factors, gives the product of the others to rounding."""
    size = np.abs(data_of(out))
    return bool(np.all((size > np.finfo(size.dtype).tiny) & (size < np.inf)))


def _before(x: Any) -> Any:
    """For each element, the product of those before it in the last axis."""
    return concatenate([np.ones((*x.shape[:-1], 1), x.dtype), cumprod(x[..., :-1], -1)], -1)


def _others(x: Any, axis: Axis) -> Any:
    """For each element, the product of those that are multiplied with it."""
    axes = reduced_axes(axis, x.ndim)
    order = (*[i for i in range(x.ndim) if i not in axes], *axes)
    last = moveaxis(x, order, tuple(range(x.ndim)))
    rows = reshape(last, (*last.shape[: x.ndim - len(axes)], math.prod(last.shape[x.ndim - len(axes) :])))
    others = _before(rows) * flip(_before(flip(rows, -1)), -1)
    return moveaxis(reshape(others, last.shape), tuple(range(x.ndim)), order)


def _prod_rule(g: Any, out: Any, x: Any, axis: Axis, keepdims: bool) -> Any:
    if not _divides(out):
        return repeat_to_match(g, x, axis, keepdims) * _others(x, axis)
    return repeat_to_match(g * out, x, axis, keepdims) / x


prod.rules(_prod_rule)


@Op
def cumprod(x: Any, /, axis: int | None = None) -> Any:
    """Running product along an axis (None: of the flattened array).

    Parameters
    ----------
    x : array_like or Tensor
        Any shape, which is that of the result if an axis is given.
    axis : int or None
    """
    return np.cumprod(x, plain_axis(axis))


def _cumprod_rule(g: Any, out: Any, x: Any, axis: int | None) -> Any:
    if axis is None or not x.ndim:
        return reshape(_cumprod_rule(reshape(g, -1), reshape(out, -1), reshape(x, -1), 0), x.shape)
    if not _divides(out):
        g, rows = swapaxes(g, axis, x.ndim - 1), swapaxes(x, axis, x.ndim - 1)
        # Element i is in the results from i on: those before it, times g[i] + x[i+1] * (g[i+1] + x[i+2] * ...).
        return swapaxes(_before(rows) * _to_terms(g, rows), axis, x.ndim - 1)
    return flip(cumsum(flip(g * out, axis), axis), axis) / x


cumprod.rules(_cumprod_rule)


@Op
def recurrence(x: Any, factor: Any, /) -> Any:
    """``out[i] = x[i] + factor[i] * out[i - 1]`` along the last axis; the first factor multiplies nothing."""
    out = np.array(x)
    for i in range(1, x.shape[-1]):
        out[..., i] += factor[..., i] * out[..., i - 1]
    return out


def _to_terms(g: Any, factor: Any) -> Any:
    """The same recurrence backwards."""
    return flip(recurrence(flip(g, -1), roll(flip(factor, -1), 1, -1)), -1)


def _shifted(x: Any) -> Any:
    return concatenate([np.zeros(x[..., :1].shape, x.dtype), x[..., :-1]], -1)


recurrence.rules(
    lambda g, out, x, factor: _to_terms(g, factor),
    lambda g, out, x, factor: _to_terms(g, factor) * _shifted(out),
)


# -------------------------------------------------------------------------------------------- extremes


@Reduction
def max(x: Any, /, axis: Axis = None, keepdims: bool = False) -> Any:
    """Largest element over the given axes; equal ones share the gradient. Complex ones are ordered as in NumPy."""
    return np.max(x, plain_axis(axis), keepdims=keepdims)


@Reduction
def min(x: Any, /, axis: Axis = None, keepdims: bool = False) -> Any:
    """Smallest element over the given axes; equal ones share the gradient. Complex ones are ordered as in NumPy."""
    return np.min(x, plain_axis(axis), keepdims=keepdims)


def _extreme_rule(g: Any, out: Any, x: Any, axis: Axis, keepdims: bool) -> Any:
    winners = (x == repeat_to_match(out, x, axis, keepdims)) | (x != x)  # a NaN wins against numbers
    shares = (1.0 / np.maximum(np.sum(winners, plain_axis(axis), keepdims=True), 1)).astype(x.dtype)
    return where(winners, repeat_to_match(g, x, axis, keepdims) * shares, 0.0)


max.rules(_extreme_rule)
min.rules(_extreme_rule)


# ------------------------------------------------------------------------------------ logarithms of sums


def _weights(x: Any, axis: Axis) -> tuple[Any, Any, Any, Any]:
    """The highest element along an axis, ``x - highest``, its exponential and the sum of that: what softmax is made of.

    The difference of elements comes first, so no magnitude costs any digits; float16 is computed in float32. In a row
    that is -inf throughout the sum is 0; in every other it is at least 1, or NaN.
    """
    x = wide(x) if x.dtype.kind == "f" else real_numbers("softmax", x).astype(np.float64)
    highest: Any = np.max(x, axis, keepdims=True, initial=-np.inf)
    shifted = x - np.maximum(highest, _LOWEST[x.dtype.char])
    exponentials = np.exp(shifted)
    return highest, shifted, exponentials, wide_sum(exponentials, axis, keepdims=True)


_LOWEST = {code: np.finfo(code).min for code in "fdg"}


@Op
def log_softmax(x: Any, /, axis: Axis = -1) -> Any:
    """``log(softmax(x))`` along an axis, computed stably; -inf throughout a row of -inf.

    Parameters
    ----------
    x : array_like or Tensor
        Any shape, which is that of the result.
    axis : int, sequence of int or None
        That of the classes; the last by default.
    """
    with quiet("over", "invalid"):  # -inf is the right difference, and NaN the right share of inf
        _, shifted, _, total = _weights(x, plain_axis(axis))
        result = shifted - np.log(np.maximum(total, 1))
    return narrow(result, x)


log_softmax.rules(lambda g, out, x, axis: g - exp(out) * sum(g, axis, keepdims=True))


@Op
def softmax(x: Any, /, axis: Axis = -1) -> Any:
    """``exp(x)`` divided by its sum along an axis: positive numbers that add up to 1.

    A row that is -inf throughout gives zeros: nothing in it has any weight. NaN passes through.

    Parameters
    ----------
    x : array_like or Tensor
        Any shape, which is that of the result.
    axis : int, sequence of int or None
        That of the classes; the last by default.
    """
    with quiet("over", "invalid"):
        _, _, exponentials, total = _weights(x, plain_axis(axis))
        result = exponentials / np.maximum(total, 1)
    return narrow(result, x)


softmax.rules(lambda g, out, x, axis: out * (g - sum(g * out, axis, keepdims=True)))


@Reduction
def logsumexp(x: Any, /, axis: Axis = None, keepdims: bool = False) -> Any:
    """``log(sum(exp(x)))`` without overflow; -inf where every element is -inf."""
    axis = plain_axis(axis)
    with quiet("over", "invalid", "divide"):
        highest, _, _, total = _weights(x, axis)
        result = narrow(np.where(np.isinf(highest), highest, highest + np.log(total)), x)
    return result if keepdims else np.reshape(result, _kept_shape(x, axis))


logsumexp.rules(lambda g, out, x, axis, keepdims: repeat_to_match(g, x, axis, keepdims) * softmax(x, axis))


@takes_other_names
def argmax(x: Operand, axis: int | None = None, *, keepdims: bool = False) -> npt.NDArray[np.intp] | Any:
    """Index of the largest element, as a plain array: an index has no derivative.

    Parameters
    ----------
    x : array_like or Tensor
        Any shape.
    axis : int, optional
        By default the index is one into the flattened array.
    keepdims : bool
        Keep the reduced axis with length 1.

    Examples
    --------
    >>> sg.argmax(sg.tensor([[1.0, 3.0], [4.0, 2.0]]), axis=1)
    array([1, 0])
    """
    return np.argmax(inspected(real_numbers("argmax", x)), axis, keepdims=keepdims)


@takes_other_names
def argmin(x: Operand, axis: int | None = None, *, keepdims: bool = False) -> npt.NDArray[np.intp] | Any:
    """Index of the smallest element, as a plain array: an index has no derivative.

    Parameters
    ----------
    x : array_like or Tensor
        Any shape.
    axis : int, optional
        By default the index is one into the flattened array.
    keepdims : bool
        Keep the reduced axis with length 1.

    Examples
    --------
    >>> sg.argmin(sg.tensor([[1.0, 3.0], [4.0, 2.0]]), axis=1)
    array([0, 1])
    """
    return np.argmin(inspected(real_numbers("argmin", x)), axis, keepdims=keepdims)


for _op in (sum, mean, var, std, prod, max, min, logsumexp):
    _op.text = f"{_op.text}{_any_axis}"
