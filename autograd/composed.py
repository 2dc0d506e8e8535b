"""Further functions of NumPy, composed of the operations: they need no derivative rules of their own.

Each does what the function of the same name in NumPy does.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from .elementwise import where
from .graph import Node
from .linalg import inv
from .products import matmul
from .reductions import Axis, max, mean, min, sum
from .shaping import (
    atleast_1d,
    atleast_2d,
    concatenate,
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


def diff(x: Any, n: int = 1, axis: int = -1) -> Any:
    """Differences between neighbours along an axis, ``n`` times over."""
    x = operand(x)
    for _ in range(n):
        x = _along(x, axis, slice(1, None)) - _along(x, axis, slice(None, -1))
    return x


def gradient(x: Any, spacing: float = 1.0, axis: int = 0) -> Any:
    """Slope along an axis of equally spaced samples: central differences, one-sided at both ends."""
    x = operand(x)
    inside = (_along(x, axis, slice(2, None)) - _along(x, axis, slice(None, -2))) / (2.0 * spacing)
    first = (_along(x, axis, slice(1, 2)) - _along(x, axis, slice(0, 1))) / spacing
    last = (_along(x, axis, slice(-1, None)) - _along(x, axis, slice(-2, -1))) / spacing
    return concatenate([first, inside, last], axis)


def flipud(x: Any) -> Any:
    """Reverse the order of rows."""
    return flip(x, 0)


def fliplr(x: Any) -> Any:
    """Reverse the order of columns."""
    return flip(x, 1)


def matrix_transpose(x: Any) -> Any:
    """Exchange the last two axes."""
    return moveaxis(x, -1, -2)


def atleast_3d(x: Any) -> Any:
    """``x`` with at least three axes, as :func:`numpy.atleast_3d`."""
    x = atleast_1d(operand(x))
    return reshape(x, (1, -1, 1)) if x.ndim == 1 else expand_dims(x, 2) if x.ndim == 2 else x


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


def average(x: Any, axis: Axis = None, weights: Any = None) -> Any:
    """Mean, weighted if weights of the shape of ``x`` are given."""
    return mean(x, axis) if weights is None else sum(operand(x) * weights, axis) / sum(weights, axis)


def ptp(x: Any, axis: Axis = None) -> Any:
    """Distance from the smallest to the largest element."""
    return max(x, axis) - min(x, axis)


def vdot(x: Any, y: Any) -> Any:
    """Dot product of the flattened arrays."""
    return matmul(ravel(x), ravel(y))


def cross(x: Any, y: Any, axis: int = -1) -> Any:
    """Cross product of vectors with three components along an axis."""
    x, y = (moveaxis(operand(v), axis, -1) for v in (x, y))
    if x.shape[-1] != 3 or y.shape[-1] != 3:
        raise ValueError(f"cross: expected three components along axis {axis}, got shapes {x.shape} and {y.shape}")
    parts = [x[..., i] * y[..., j] - x[..., j] * y[..., i] for i, j in ((1, 2), (2, 0), (0, 1))]
    return moveaxis(stack(parts, -1), -1, axis)


def select(conditions: Sequence[Any], choices: Sequence[Any], default: Any = 0.0) -> Any:
    """Element by element, the first choice whose condition holds."""
    if len(conditions) != len(choices):
        raise ValueError(f"select: {len(conditions)} conditions need as many choices, got {len(choices)}")
    for condition, choice in reversed(list(zip(conditions, choices))):
        default = where(condition, choice, default)
    return default


def nan_to_num(
    x: Any, copy: bool = True, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Any:
    """Replace NaN and infinities by numbers, through which no gradient flows."""
    x = operand(x)
    plain = x._data if isinstance(x, Node) else x
    limits = np.finfo(plain.dtype)
    x = where(np.isnan(plain), nan, x)
    x = where(np.isposinf(plain), float(limits.max) if posinf is None else posinf, x)
    return where(np.isneginf(plain), float(limits.min) if neginf is None else neginf, x)


def matrix_power(x: Any, n: int) -> Any:
    """Matrix product of ``n`` copies of a square matrix; of its inverse if ``n`` is negative."""
    x = inv(x) if n < 0 else operand(x)
    if n == 0:
        return x * 0.0 + np.eye(x.shape[-1], dtype=x.dtype)
    if abs(n) == 1:
        return x
    half = matrix_power(x, abs(n) // 2)
    square = matmul(half, half)
    return matmul(square, x) if n % 2 else square


def multi_dot(arrays: Sequence[Any]) -> Any:
    """Matrix product of a sequence, from left to right."""
    return functools.reduce(matmul, arrays)
