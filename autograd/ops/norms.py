"""Norms of vectors and matrices."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ...common.plain_data import plain
from ...common.quiet import quiet
from ..core.call_types import reduces
from .elementwise import absolute, is_short, power, sign
from .factorizations import svdvals
from .length_gradient import length_gradient
from .matrices import conjugated
from .reductions import Axis, Reduction, in_range, magnitude, max, min, squared, sum
from .shaping import (
    astype,
    expand_dims,
    moveaxis,
    narrow,
    operand,
    plain_axis,
    reduced_axes,
    repeat_to_match,
    reshape,
    wide_dtype,
    wide_sum,
)

Order = float | Literal["fro", "nuc"]


@Reduction
def _norm(x: Any, /, ord: float, axis: Axis = None, keepdims: bool = False) -> Any:
    """Return the ``ord``-th root of the sum of absolute values to the power ``ord``; its gradient at zero is 0."""
    return narrow(_euclidean(x, axis, keepdims) if ord == 2.0 else _of_powers(x, ord, axis, keepdims), x)


def _euclidean(x: Any, axis: Axis, keepdims: bool) -> Any:
    """Return the root of the sum of squares, without overflow and underflow."""
    with quiet("over"):
        squares = wide_sum(_squares(x), axis, keepdims)
    if in_range(squares):
        return np.sqrt(squares)
    size = magnitude(x, axis)
    result = np.sqrt(wide_sum(squared(x / size), axis, keepdims=True)) * size
    return result if keepdims else np.squeeze(result, reduced_axes(axis, x.ndim))[()]


def _squares(x: Any) -> Any:
    return squared(x) if x.dtype.kind == "c" else np.square(x, dtype=wide_dtype(x))


def _of_powers(x: Any, ord: float, axis: Axis, keepdims: bool) -> Any:
    """Return the root of the sum of powers, computed from quotients by the element that decides its size."""
    size = np.abs(x)
    size = size.astype(wide_dtype(x) or size.dtype)
    scale = (
        np.max(size, axis, keepdims=True, initial=0) if ord > 0 else np.min(size, axis, keepdims=True, initial=np.inf)
    )
    sound = (scale > 0) & (scale < np.inf)
    with quiet():  # where it is not sound, the scale is the norm
        sums = wide_sum((size / scale) ** ord, axis, keepdims=True)
        result = np.where(sound, sums ** (1.0 / ord) * scale, scale)
    return result if keepdims else np.squeeze(result, axis)


def _norm_rule(g: Any, out: Any, x: Any, ord: float, axis: Any, keepdims: bool) -> Any:
    if ord == 2.0:
        if not is_short(out):
            return repeat_to_match(g / out, x, axis, keepdims) * conjugated(x)
        return length_gradient(g, out, conjugated(x), lambda v: repeat_to_match(v, x, axis, keepdims))
    bend = lambda slope: sign(slope) * power(absolute(slope), ord - 1.0)  # noqa: E731
    return length_gradient(g, out, conjugated(x), lambda v: repeat_to_match(v, x, axis, keepdims), bend)


_norm.rules(_norm_rule)


@reduces
def norm(x: Any, ord: Order | None = None, axis: Axis = None, keepdims: bool = False) -> Any:
    """Return the norm of vectors or matrices, as :func:`numpy.linalg.norm`.

    Parameters
    ----------
    x : array_like or Tensor
    ord : None, float, ``"fro"`` or ``"nuc"``
        None: Euclidean (Frobenius). Vectors take any number, ``inf`` and ``-inf``; matrices take ``"fro"``,
        ``"nuc"``, 1, -1, 2, -2, ``inf``, ``-inf``.
    axis : int, pair of int or None
        An integer: vectors along that axis. A pair: matrices in these axes. None: the whole array.
    keepdims : bool

    Returns
    -------
    Tensor or ndarray
        The norm; its gradient is 0 at the origin.

    Raises
    ------
    ValueError
        If the kind of norm does not have this order.

    Examples
    --------
    >>> sg.grad(sg.norm)(np.array([3.0, 4.0]))
    array([0.6, 0.8])
    """
    x = operand(x)
    axes = tuple(range(x.ndim)) if axis is None else normalize_axis_tuple(plain_axis(axis), x.ndim)
    if not isinstance(keepdims, (bool, np.bool_)):
        raise TypeError(f"norm: keepdims must be True or False, got {keepdims!r:.60}")
    if getattr(x, "dtype", np.dtype(float)).kind not in "fc":
        x = astype(x, np.float64)
    if ord is None or (ord == "fro" and len(axes) == 2) or (ord == 2 and len(axes) == 1):
        return _norm(x, 2.0, axes, keepdims)
    if len(axes) == 1:
        return _vector_norm(x, ord, axes[0], keepdims)
    if len(axes) == 2:
        return _matrix_norm(x, ord, axes, keepdims)
    raise ValueError(f"norm: order {ord!r} is for vectors and matrices, not for {len(axes)} axes")


def _vector_norm(x: Any, ord: Any, axis: int, keepdims: bool) -> Any:
    size = absolute(x)
    if ord == np.inf:
        return max(size, axis, keepdims)
    if ord == -np.inf:
        return min(size, axis, keepdims)
    if ord == 0:
        return sum(sign(size), axis, keepdims)
    if ord == 1:
        return sum(size, axis, keepdims)
    if isinstance(ord, str):
        raise ValueError(f"norm: order {ord!r} is not for vectors")
    return _norm(x, float(plain(ord)), axis, keepdims)


def _matrix_norm(x: Any, ord: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    rows, columns = axes
    if ord in (1, -1, np.inf, -np.inf):
        along, across = (rows, columns) if abs(ord) == 1 else (columns, rows)
        sums = sum(absolute(x), along, keepdims=True)
        result = (max if ord > 0 else min)(sums, across, keepdims=True)
    elif ord in (2, -2, "nuc"):
        values = absolute(svdvals(moveaxis(x, axes, (-2, -1))))  # its slope at 0, 0, makes that of the norm
        result = {2: max, -2: min, "nuc": sum}[ord](values, -1)
        result = expand_dims(result, tuple(sorted(axes)))
    else:
        raise ValueError(f"norm: order {ord!r} is not one of None, 'fro', 'nuc', 1, -1, 2, -2, inf, -inf for matrices")
    return result if keepdims else reshape(result, tuple(n for i, n in enumerate(x.shape) if i not in axes))
