"""Further functions of NumPy, composed of operations, so that they need no derivative rules.

Each does what the function of the same name in NumPy does.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from ...common.plain_data import as_array
from ...common.seam import interpretable
from ..core.node import Node, data_of
from ..core.op import PlainFunction
from .elementwise import rounded, where
from .indexing import scatter_add
from .inverses import inv
from .products import matmul
from .reductions import Axis, count, max, mean, min, sum
from .shaping import (
    astype,
    atleast_1d,
    atleast_2d,
    broadcast_to,
    concatenate,
    copy,
    expand_dims,
    flip,
    moveaxis,
    ndim_of,
    operand,
    ravel,
    reshape,
    split,
    stack,
    transpose,
)


def _along(x: Any, axis: int, part: slice) -> Any:
    return x[(slice(None),) * normalize_axis_index(axis, ndim_of(x)) + (part,)]


def diff(x: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    """Return the ``n``-th differences of neighbours along an axis, of ``x`` with ``prepend`` and ``append`` joined."""
    x = operand(x)
    if n < 0:
        raise ValueError(f"diff: the order must not be negative, got {n}")
    axis = normalize_axis_index(axis, x.ndim)
    if n:
        parts = [_slab(v, x.shape, axis) for v in (prepend, x, append) if v is not None]
        x = concatenate(parts, axis) if len(parts) > 1 else x
    for _ in range(n):
        x = _along(x, axis, slice(1, None)) - _along(x, axis, slice(None, -1))
    return x


def _slab(value: Any, shape: tuple[int, ...], axis: int) -> Any:
    """Return a number as an array of length 1 along an axis; an array as it is."""
    value = operand(value)
    return value if ndim_of(value) else broadcast_to(value, (*shape[:axis], 1, *shape[axis + 1 :]))


def gradient(x: Any, *spacing: Any, axis: Axis = None, edge_order: int = 1) -> Any:
    """Return the slopes of samples along each axis, as :func:`numpy.gradient`.

    Inside, it is the slope of the parabola through a sample and its neighbours; at both ends, of the line through the
    last two samples (``edge_order=1``) or of the parabola through the last three (``edge_order=2``).

    Parameters
    ----------
    x : array_like or Tensor
    *spacing : float or array_like or Tensor
        The distance between samples, or their coordinates: none (1.0), one for all axes, or one for each.
    axis : int, tuple of int or None
        The axes; None: all.
    edge_order : 1 or 2

    Returns
    -------
    Tensor or tuple of Tensor
        A tuple, with one result for each axis, if there are several axes.
    """
    x = operand(x)
    if x.dtype.kind in "iu":
        x = astype(x, np.float64)
    axes = tuple(range(x.ndim)) if axis is None else normalize_axis_tuple(axis, x.ndim)
    if edge_order not in (1, 2):
        raise ValueError(f"gradient: edge_order must be 1 or 2, got {edge_order}")
    spacing = spacing or (1.0,)
    if len(spacing) == 1 and not ndim_of(spacing[0]):
        spacing *= len(axes)
    if len(spacing) != len(axes):
        raise TypeError(f"gradient: expected one spacing or one for each of {len(axes)} axes, got {len(spacing)}")
    slopes = tuple([_slopes(x, h, i, edge_order) for h, i in zip(spacing, axes)])
    return slopes[0] if len(slopes) == 1 else slopes


def _slopes(x: Any, spacing: Any, axis: int, edge_order: int) -> Any:
    n = x.shape[axis]
    if n <= edge_order:
        raise ValueError(f"gradient: edge_order={edge_order} needs {edge_order + 1} samples, axis {axis} has {n}")
    spacing = operand(spacing)
    if ndim_of(spacing) and spacing.shape != (n,):
        raise ValueError(f"gradient: axis {axis} has {n} samples, its coordinates have shape {spacing.shape}")
    steps = diff(spacing) if ndim_of(spacing) else broadcast_to(spacing, (n - 1,))
    steps = reshape(steps, (n - 1, *(1,) * (x.ndim - 1 - axis)))
    before, after = steps[:-1], steps[1:]
    rises = diff(x, axis=axis) / steps
    bend = diff(rises, axis=axis) / (before + after)
    inside = _along(rises, axis, slice(None, -1)) + bend * before
    first, last = _along(rises, axis, slice(None, 1)), _along(rises, axis, slice(-1, None))
    if edge_order == 2:
        first = first - _along(bend, axis, slice(None, 1)) * before[:1]
        last = last + _along(bend, axis, slice(-1, None)) * after[-1:]
    return astype(concatenate([first, inside, last], axis), x.dtype)


def round(x: Any, decimals: int = 0) -> Any:
    """Round to a number of decimals, to the nearest even digit at a tie; the derivative is 0."""
    x, decimals = operand(x), operator.index(decimals)
    if x.dtype.kind in "iu":
        return copy(x) if decimals >= 0 else astype(rounded(x, decimals), x.dtype)
    return rounded(x, decimals)


def flipud(x: Any) -> Any:
    """Reverse the order of rows."""
    return flip(x, 0)


def fliplr(x: Any) -> Any:
    """Reverse the order of columns."""
    return flip(x, 1)


def matrix_transpose(x: Any) -> Any:
    """Exchange the last two axes."""
    return moveaxis(x, -1, -2)


def atleast_3d(*arrays: Any) -> Any:
    """Return arrays with at least three axes, as :func:`numpy.atleast_3d`; a tuple for several arguments."""
    xs = [atleast_1d(operand(x)) for x in arrays]
    results = tuple([reshape(x, (1, -1, 1)) if x.ndim == 1 else expand_dims(x, 2) if x.ndim == 2 else x for x in xs])
    return results[0] if len(results) == 1 else results


def column_stack(arrays: Sequence[Any]) -> Any:
    """Join side by side; 1-d arrays become columns."""
    columns = [operand(x) for x in arrays]
    return concatenate([transpose(atleast_2d(x)) if x.ndim < 2 else x for x in columns], 1)


def dstack(arrays: Sequence[Any]) -> Any:
    """Join along the third axis."""
    return concatenate([atleast_3d(x) for x in arrays], 2)


def hsplit(x: Any, sections: Any) -> list[Any]:
    """Cut along the second axis (the first of 1-d arrays)."""
    return split(x, sections, 1 if ndim_of(x) > 1 else 0)


def vsplit(x: Any, sections: Any) -> list[Any]:
    """Cut along the first axis."""
    return split(x, sections, 0)


def dsplit(x: Any, sections: Any) -> list[Any]:
    """Cut along the third axis."""
    return split(x, sections, 2)


def append(x: Any, values: Any, axis: int | None = None) -> Any:
    """Join ``values`` to the end of ``x`` (None: of the flattened array)."""
    return concatenate([operand(x), operand(values)], axis)


@interpretable
def average(x: Any, axis: Axis = None, weights: Any = None, returned: bool = False, keepdims: bool = False) -> Any:
    """Return the mean, weighted if weights are given, as :func:`numpy.average`.

    Parameters
    ----------
    x : array_like or Tensor
    axis : int, tuple of int or None
    weights : array_like or Tensor, optional
        Weights of the shape of ``x``, or of the axes that are averaged over, in the order in which ``axis`` names them.
    returned : bool
        Whether to return a pair: the average, and the sum of the weights.
    keepdims : bool

    Raises
    ------
    ZeroDivisionError
        If the weights add up to 0.
    """
    x = operand(x)
    if weights is None:
        result, total = mean(x, axis, keepdims=keepdims), np.asarray(count(x, axis))
    else:
        weights = _weights_for(x, axis, operand(weights))
        total = sum(weights, axis, keepdims=keepdims)
        if np.any(total == 0):
            raise ZeroDivisionError("average: weights add up to 0, and cannot be normalised")
        result = sum(x * weights, axis, keepdims=keepdims) / total
    return (result, astype(broadcast_to(total, result.shape), result.dtype)) if returned else result


def _weights_for(x: Any, axis: Axis, weights: Any) -> Any:
    """Return weights that broadcast against ``x``."""
    if weights.shape == x.shape:
        return weights
    if axis is None:
        raise TypeError(f"average: weights of shape {weights.shape} for an array of shape {x.shape} need an axis")
    axes = normalize_axis_tuple(axis, x.ndim)
    if weights.shape != tuple([x.shape[i] for i in axes]):
        raise ValueError(
            f"average: weights of shape {weights.shape} do not fit axis {axis} of an array of shape {x.shape}"
        )
    weights = transpose(weights, tuple([int(i) for i in np.argsort(axes)]))
    return reshape(weights, tuple([n if i in axes else 1 for i, n in enumerate(x.shape)]))


def ptp(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Return the distance from the smallest to the largest element."""
    return max(x, axis, keepdims=keepdims) - min(x, axis, keepdims=keepdims)


def vdot(x: Any, y: Any) -> Any:
    """Return the dot product of the flattened arrays."""
    return matmul(ravel(x), ravel(y))


def cross(x: Any, y: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Any:
    """Return the cross product of vectors with three components, as :func:`numpy.cross`.

    A vector with two components has 0 for the third; of two such vectors, only the third component of the product is
    returned.

    Parameters
    ----------
    x, y : array_like or Tensor
    axisa, axisb, axisc : int
        The axes of the components in ``x``, ``y`` and the result.
    axis : int, optional
        One axis for all three.
    """
    if axis is not None:
        axisa = axisb = axisc = axis
    x, y = moveaxis(operand(x), axisa, -1), moveaxis(operand(y), axisb, -1)
    sizes = x.shape[-1], y.shape[-1]
    if not {2, 3}.issuperset(sizes):
        raise ValueError(
            f"cross: expected two or three components along axes {axisa} and {axisb}, got {sizes[0]} and {sizes[1]}"
        )
    if sizes == (2, 2):
        return _minor(x, y, 0, 1)
    return moveaxis(stack([_minor(x, y, i, j) for i, j in ((1, 2), (2, 0), (0, 1))], -1), -1, axisc)


def _minor(x: Any, y: Any, i: int, j: int) -> Any:
    """Return ``x[i] * y[j] - x[j] * y[i]``, without the terms of missing components."""
    terms = [x[..., a] * y[..., b] for a, b in ((i, j), (j, i)) if a < x.shape[-1] and b < y.shape[-1]]
    if len(terms) == 2:
        return terms[0] - terms[1]
    return terms[0] if i < x.shape[-1] and j < y.shape[-1] else -terms[0]


def select(conditions: Sequence[Any], choices: Sequence[Any], default: Any = 0) -> Any:
    """Return, element by element, the first choice whose condition holds."""
    if len(conditions) != len(choices) or not len(conditions):
        raise ValueError(f"select: {len(conditions)} conditions need as many choices, got {len(choices)}")
    for condition, choice in reversed(list(zip(conditions, choices))):
        default = where(condition, choice, default)
    return default


def nan_to_num(x: Any, nan: Any = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
    """Replace NaN and infinities by numbers; the gradient there is 0."""
    x = operand(x)
    plain = data_of(x)
    if plain.dtype.kind != "f":
        return copy(x)
    limits = np.finfo(plain.dtype)
    x = where(np.isnan(plain), nan, x)
    x = where(np.isposinf(plain), float(limits.max) if posinf is None else posinf, x)
    return where(np.isneginf(plain), float(limits.min) if neginf is None else neginf, x)


def full_like(x: Any, fill_value: Any, dtype: Any = None, shape: Any = None) -> Any:
    """Return ``fill_value`` in the shape and dtype of ``x``; a plain array if the value is plain."""
    x = x._plain if isinstance(x, Node) else operand(x)  # whose shape and dtype are all that is needed
    if not isinstance(fill_value, Node):
        return np.full(x.shape if shape is None else shape, fill_value, x.dtype if dtype is None else dtype)
    dtype = np.dtype(x.dtype if dtype is None else dtype)
    if dtype.kind != "f" and fill_value.requires_grad:
        raise TypeError(f"full_like: the value's gradient would be lost in an array of dtype {dtype}; pass dtype=float")
    return astype(broadcast_to(fill_value, np.shape(x) if shape is None else shape), dtype)


@interpretable
def bincount(x: Any, weights: Any = None, minlength: int = 0) -> Any:
    """Count how often each number occurs in ``x``, or sum the weights at its places."""
    x = as_array(data_of(x))
    if isinstance(x, Node):  # how many counts there are is a condition of a trace
        minlength = _count_of_counts(x, minlength)
    counts = _bincount(x, None, minlength)
    if not isinstance(weights, Node):
        return counts if weights is None else _bincount(x, weights, minlength)
    weights = operand(weights)
    if weights.shape != x.shape:
        raise ValueError(f"bincount: weights of shape {weights.shape} do not fit numbers of shape {x.shape}")
    return scatter_add(astype(weights, np.float64), (x,), counts.shape)


_bincount = PlainFunction(np.bincount)


@PlainFunction
def _count_of_counts(x: Any, minlength: int) -> int:
    return len(np.bincount(x, minlength=minlength))


def matrix_power(x: Any, n: int) -> Any:
    """Return the matrix product of ``n`` copies of a square matrix; of its inverse if ``n`` is negative."""
    x, n = operand(x), operator.index(n)
    if x.ndim < 2 or x.shape[-1] != x.shape[-2]:
        raise ValueError(f"matrix_power: expected square matrices in the last two axes, got shape {x.shape}")
    if n < 0:
        x = inv(x)
    if n == 0:
        return where(True, np.broadcast_to(np.eye(x.shape[-1], dtype=x.dtype), x.shape), x)
    if abs(n) == 1:
        return x
    half = matrix_power(x, abs(n) // 2)
    square = matmul(half, half)
    return matmul(square, x) if n % 2 else square


def multi_dot(arrays: Sequence[Any]) -> Any:
    """Return the matrix product of a sequence, from left to right."""
    return functools.reduce(matmul, arrays)
