"""Functions of samples along an axis: differences, slopes, integrals, interpolation, convolution."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from ...common.plain_data import is_complex, real_numbers
from ..core.node import data_of
from ..core.op import Op, PlainFunction
from .elementwise import conj, remainder, where
from .indexing import getitem
from .reductions import Axis, sum
from .shaping import astype, broadcast_to, concatenate, flip, ndim_of, operand, ravel, reshape


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


def ediff1d(x: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    """Return the differences of neighbours in the flattened array, with something before and after them."""
    x = ravel(operand(x))
    parts = [to_begin, x[1:] - x[:-1], to_end]
    for name, part in (("to_begin", to_begin), ("to_end", to_end)):
        if part is not None and not np.can_cast(operand(part).dtype, x.dtype, "same_kind"):
            raise TypeError(f"ediff1d: dtype of `{name}` must be compatible with {x.dtype}")
    given = [astype(ravel(operand(part)), x.dtype) for part in parts if part is not None]
    return concatenate(given) if len(given) > 1 else given[0]


def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    """Return the integral of samples ``y`` by the trapezoidal rule, as :func:`numpy.trapezoid`.

    Parameters
    ----------
    y : array_like or Tensor
    x : array_like or Tensor, optional
        The places of the samples: one axis for all lines, or the shape of ``y``.
    dx : float
        The distance between samples, if their places are not given.
    axis : int
    """
    y = operand(y)
    if x is not None:
        x = operand(x)
        dx = diff(x, axis=-1 if ndim_of(x) == 1 else axis)
        if ndim_of(x) == 1:
            dx = reshape(dx, tuple([-1 if i == axis % y.ndim else 1 for i in range(y.ndim)]))
    return sum(dx * (_along(y, axis, slice(1, None)) + _along(y, axis, slice(None, -1))) / 2.0, axis)


def unwrap(x: Any, discont: float | None = None, axis: int = -1, period: float = 2.0 * math.pi) -> Any:
    """Return angles with whole periods added, so that no step is longer than half a period.

    Parameters
    ----------
    x : array_like or Tensor
    discont : float, optional
        Steps up to this length stay as they are; at least half a period.
    axis : int
    period : float
    """
    x = operand(x)
    axis = normalize_axis_index(axis, x.ndim)
    turns = _turns(data_of(x), discont, axis, period)
    x = astype(x, turns.dtype)
    return concatenate([_along(x, axis, slice(1)), _along(x, axis, slice(1, None)) + turns], axis)


@PlainFunction
def _turns(x: Any, discont: float | None, axis: int, period: Any) -> Any:
    """Return what is to be added to each element after the first."""
    steps = np.diff(x, axis=axis)
    whole = np.result_type(steps, period).kind in "iu"
    half = period // 2 if whole else period / 2
    within = np.mod(steps + half, period) - half
    if not (whole and period % 2):  # a step of half a period keeps its direction
        within[(within == -half) & (steps > 0)] = half
    correction = within - steps
    correction[np.abs(steps) < (period / 2 if discont is None else discont)] = 0
    return np.cumsum(correction, axis=axis)


def interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: float | None = None) -> Any:
    """Return the values at ``x`` of the line through the points ``(xp, fp)``, as :func:`numpy.interp`.

    At a point, the slope is that of the line on its right; the last point has slope 0, as all beyond it.

    Parameters
    ----------
    x : array_like or Tensor
    xp : array_like or Tensor
        Increasing.
    fp : array_like or Tensor
        Real or complex.
    left, right : number or Tensor, optional
        The values beyond the ends (default: those at the ends).
    period : float, optional
        The points are repeated with this period; then they may stand in any order.

    Raises
    ------
    ValueError
        If there are no points, or not as many values.
    """
    x, xp = [astype(real_numbers("interp", operand(v)), np.dtype(float)) for v in (x, xp)]
    fp = operand(fp)
    fp = astype(fp, np.dtype(complex if is_complex(fp) else float))
    if xp.ndim != 1 or fp.ndim != 1 or xp.shape != fp.shape or not xp.size:
        raise ValueError(f"interp: xp and fp must be of one length, at least 1, got shapes {xp.shape} and {fp.shape}")
    if period is not None:
        x, xp, fp = _periodic(x, xp, fp, period)
        left = right = None
    i, beyond = _intervals(data_of(x), data_of(xp))
    if xp.size == 1:
        result = broadcast_to(fp[0], x.shape)
    else:
        slopes = diff(fp) / diff(xp)
        result = getitem(slopes, i) * (x - getitem(xp, i)) + getitem(fp, i)
    result = where(beyond == 1, fp[-1], result)
    result = where(beyond == 2, fp[-1] if right is None else right, result)
    return where(beyond == -1, fp[0] if left is None else left, result)


@PlainFunction
def _intervals(x: Any, xp: Any) -> tuple[Any, Any]:
    """Return the interval in which each x is, and whether it is before (-1), at (1) or behind (2) the last point."""
    i = np.clip(np.searchsorted(xp, x, "right") - 1, 0, max(len(xp) - 2, 0))
    beyond = np.where(x > xp[-1], 2, np.where(x == xp[-1], 1, np.where(x < xp[0], -1, 0)))
    return i, beyond


def _periodic(x: Any, xp: Any, fp: Any, period: Any) -> tuple[Any, Any, Any]:
    """Return the points in the order of one period, with one more on either side."""
    period = abs(period)
    if not period:
        raise ValueError("interp: period must not be 0")
    x, xp = remainder(x, period), remainder(xp, period)
    order = _order(data_of(xp))
    xp, fp = getitem(xp, order), getitem(fp, order)
    xp = concatenate([xp[-1:] - period, xp, xp[:1] + period])
    return x, xp, concatenate([fp[-1:], fp, fp[:1]])


@PlainFunction
def _order(x: Any) -> Any:
    return np.argsort(x)


# ------------------------------------------------------------------------------- convolution of two sequences


@Op
def convolve_full(x: Any, y: Any, /) -> Any:
    """``out[k]`` is the sum of ``x[i] * y[k - i]``, wherever both have elements."""
    return np.convolve(x, y)


@Op
def correlate_inner(x: Any, y: Any, /) -> Any:
    """``out[k]`` is the sum of ``x[k + i] * y[i]``, wherever ``y`` lies within the longer ``x``."""
    return np.correlate(x, np.conj(y) if is_complex(y) else y)  # which takes the conjugate


convolve_full.rules(
    lambda g, out, x, y: correlate_inner(g, y),
    lambda g, out, x, y: correlate_inner(g, x),
)
correlate_inner.rules(
    lambda g, out, x, y: convolve_full(g, y),
    lambda g, out, x, y: correlate_inner(x, g),
)


def convolve(x: Any, y: Any, mode: str = "full") -> Any:
    """Return the convolution of two sequences, as :func:`numpy.convolve`.

    Parameters
    ----------
    x, y : array_like or Tensor
        Shapes ``(n,)`` and ``(m,)``.
    mode : str
        ``"full"``: ``n + m - 1`` elements; ``"same"``: as many as the longer sequence has, from the middle of these;
        ``"valid"``: those at which the sequences overlap completely.
    """
    x, y = _sequence("convolve", x), _sequence("convolve", y)
    if y.size > x.size:
        x, y = y, x
    return _part_of_full(convolve_full(x, y), x.size, y.size, mode, y.size // 2)


def correlate(x: Any, y: Any, mode: str = "valid") -> Any:
    """Return the correlation of two sequences, as :func:`numpy.correlate`: the modes are those of :func:`convolve`."""
    x, y = _sequence("correlate", x), _sequence("correlate", y)
    y = conj(y) if is_complex(y) else y
    if mode == "valid" and x.size >= y.size:
        return correlate_inner(x, y)
    full = convolve_full(x, flip(y, 0))
    short, long = sorted((x.size, y.size))
    return _part_of_full(full, long, short, mode, short // 2 if x.size >= y.size else (short - 1) // 2)


def _sequence(name: str, x: Any) -> Any:
    x = operand(x)
    if x.ndim > 1 or not x.size:
        raise ValueError(f"{name}: expected a sequence of at least one number, got shape {x.shape}")
    return x if x.ndim else reshape(x, (1,))


def _part_of_full(full: Any, long: int, short: int, mode: str, behind: int) -> Any:
    """Return what a mode keeps; of "same", ``behind`` elements of the full result are left out at its end."""
    if mode == "full":
        return full
    if mode == "valid":
        return full[short - 1 : long]
    if mode != "same":
        raise ValueError(f"mode must be 'full', 'same' or 'valid', got {mode!r}")
    first = short - 1 - behind
    return full[first : first + long]
