"""Integrals of samples, by the trapezoidal rule and by Simpson's."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ..core.call_types import keeps_kind
from ..core.node import data_of
from ..ops.elementwise import where
from ..ops.reductions import cumsum, sum
from ..ops.samples import diff
from ..ops.samples import trapezoid as trapezoid
from ..ops.shaping import concatenate, moveaxis, operand
from .plain_calls import scipys_of_plain

__all__ = ["cumulative_trapezoid", "simpson", "trapezoid"]


def _steps(name: str, y: Any, x: Any, dx: Any, axis: int) -> Any:
    """Return the distances of samples, in the last axis."""
    if x is None:
        return operand(dx)
    x = operand(x)
    if x.ndim not in (1, y.ndim) or x.shape[axis if x.ndim > 1 else 0] != y.shape[axis]:
        raise ValueError(f"{name}: x of shape {x.shape} does not fit y of shape {y.shape} along axis {axis}")
    return diff(moveaxis(x, axis, -1) if x.ndim > 1 else x)


def _over(x: Any, y: Any) -> Any:
    """Return quotients of distances; 0 where samples lie at the same place, as in SciPy."""
    apart = data_of(y) != 0
    return where(apart, x / where(apart, y, 1.0), 0.0)


@keeps_kind
@scipys_of_plain("integrate")
def cumulative_trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1, initial: float | None = None) -> Any:
    """Return the integrals up to each sample, as :func:`scipy.integrate.cumulative_trapezoid`.

    Parameters
    ----------
    y : array_like or Tensor
        The samples.
    x : array_like or Tensor, optional
        Their places: a vector, or the shape of ``y``.
    dx : float, Tensor or Value
        Their distance, without ``x``.
    axis : int
        The axis of the samples, which becomes shorter by one.
    initial : 0, optional
        What to put in front, so that it keeps its length.

    Examples
    --------
    >>> from seegrad.scipy import integrate
    >>> integrate.cumulative_trapezoid(np.array([0.0, 2.0, 4.0]), initial=0)
    array([0., 1., 4.])
    """
    y = operand(y)
    axis = normalize_axis_index(axis, y.ndim)
    if not y.shape[axis]:
        raise ValueError("cumulative_trapezoid: at least one sample is needed along the axis")
    if initial not in (None, 0):
        raise ValueError("cumulative_trapezoid: initial must be None or 0")
    steps, y = _steps("cumulative_trapezoid", y, x, dx, axis), moveaxis(y, axis, -1)
    result = cumsum(steps * (y[..., 1:] + y[..., :-1]) / 2.0, -1)
    if initial is not None:
        result = concatenate([np.zeros((*result.shape[:-1], 1), result.dtype), result], -1)
    return moveaxis(result, -1, axis)


@keeps_kind
@scipys_of_plain("integrate")
def simpson(y: Any, x: Any = None, *, dx: Any = 1.0, axis: int = -1) -> Any:
    """Return the integral of samples by Simpson's rule, as :func:`scipy.integrate.simpson`.

    For an even number of samples, the last interval is integrated by the parabola through the last three (Cartwright
    2017, "Simpson's rule cumulative integration with MS Excel and irregularly-spaced data").

    Parameters
    ----------
    y : array_like or Tensor
        The samples.
    x : array_like or Tensor, optional
        Their places: a vector, or the shape of ``y``.
    dx : float, Tensor or Value
        Their distance, without ``x``.
    axis : int
        The axis of the samples.

    Examples
    --------
    >>> from seegrad.scipy import integrate
    >>> integrate.simpson(np.array([0.0, 1.0, 4.0]))  # x**2 from 0 to 2
    np.float64(2.6666666666666665)
    """
    y = operand(y)
    axis = normalize_axis_index(axis, y.ndim)
    steps, y = _steps("simpson", y, x, dx, axis), moveaxis(y, axis, -1)
    n = y.shape[-1]
    if not n:
        raise ValueError("simpson: at least one sample is needed along the axis")
    steps = steps + np.zeros(n - 1)
    if n == 2:
        return 0.5 * steps[..., 0] * (y[..., 0] + y[..., 1])
    odd = n - 1 + n % 2
    first, second = steps[..., : odd - 1 : 2], steps[..., 1 : odd - 1 : 2]
    whole = first + second
    left, middle, right = y[..., : odd - 1 : 2], y[..., 1:odd:2], y[..., 2:odd:2]
    parabolas = left * (2.0 - _over(second, first)) + middle * _over(whole * whole, first * second)
    result = sum(whole / 6.0 * (parabolas + right * (2.0 - _over(first, second))), -1)
    if n % 2:
        return result
    before, last = steps[..., -2], steps[..., -1]
    result = result + y[..., -1] * _over(2.0 * last**2 + 3.0 * before * last, 6.0 * (last + before))
    result = result + y[..., -2] * _over(last**2 + 3.0 * before * last, 6.0 * before)
    return result - y[..., -3] * _over(last**3, 6.0 * before * (before + last))
