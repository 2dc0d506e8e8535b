"""Reductions with NumPy's ``where``, ``initial`` and ``mean``, and those that leave out NaN.

What is left out has no influence on the result, and a gradient of exactly 0.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ...common.plain_data import is_complex, plain, real_numbers
from ..core.node import Node, data_of
from ..core.op import Op, PlainFunction
from . import reductions
from .elementwise import add, maximum, minimum, multiply, sqrt, square, where
from .norms import _norm
from .shaping import Axes, astype, operand, plain_axis

Function = Callable[..., Any]
_choose = where  # the parameters of the functions below are called where, too


def _data(x: Any) -> Any:
    """Return plain data, of lists too."""
    return data_of(x) if isinstance(x, Node) else x


def _as(value: Any, x: Any) -> Any:
    """Return a plain value in the dtype of ``x``, as NumPy converts it."""
    value = value if isinstance(value, Node) else plain(value)
    if not is_complex(x):
        real_numbers("a real result", value)
    return value if isinstance(value, Node) else np.asarray(value, x.dtype)


def reduction(reduce: Op, join: Function, neutral: float | None = None) -> Function:
    """Return a reduction with NumPy's ``initial`` and ``where``; ``where`` needs ``initial`` or a neutral element."""

    def reduced(x: Any, axis: Any = None, keepdims: bool = False, initial: Any = None, where: Any = None) -> Any:
        if where is not None:
            fill = initial if neutral is None else neutral
            if fill is None:
                raise ValueError(f"{reduce.name}: where= may leave out every element, so it needs initial=")
            x = operand(x)
            x = _choose(mask_for(where, x), x, _as(fill, x))
        params = {"axis": tuple(axis) if isinstance(axis, list) else axis, "keepdims": keepdims}
        if neutral is None and initial is not None and not x.size:  # no extreme without elements: only initial
            return add(astype(reductions.sum.apply((x,), params), x.dtype), _as(initial, x))
        result = reduce.apply((x,), params)
        return result if initial is None else join(result, _as(initial, result))

    reduced.__name__ = reduce.name
    return reduced


sum: Function = reduction(reductions.sum, add, 0)
prod: Function = reduction(reductions.prod, multiply, 1)
max: Function = reduction(reductions.max, maximum)
min: Function = reduction(reductions.min, minimum)


def mask_for(where: Any, x: Any) -> Any:
    """Return which elements of ``x`` take part."""
    return _mask(_data(where), x.shape)


@PlainFunction
def _mask(where: Any, shape: tuple[int, ...]) -> Any:
    return np.broadcast_to(np.asarray(where, dtype=bool), shape)


@PlainFunction
def _count(taken: Any, axis: Any, dtype: Any, keepdims: bool) -> Any:
    return np.sum(taken, axis, dtype=dtype, keepdims=keepdims)


def _floating(x: Any) -> np.dtype[Any]:
    return x.dtype if x.dtype.kind in "fc" else np.dtype(float)


def mean(x: Any, axis: Axes | None = None, keepdims: bool = False, where: Any = None) -> Any:
    """Return the mean, of those elements that ``where`` names."""
    if where is None:
        return reductions.mean(x, axis, keepdims=keepdims)
    x = operand(x)
    taken = mask_for(where, x)
    count = _count(taken, plain_axis(axis), _floating(x), keepdims)
    return reductions.sum(_choose(taken, x, 0.0), axis, keepdims=keepdims) / count


def _distances(x: Any, axis: Any, where: Any, mean_: Any) -> Any:
    """Return the distances of the elements from their mean, 0 for those that do not take part, and which do."""
    taken = _mask(True, x.shape) if where is None else mask_for(where, x)
    x = astype(x, _floating(x))
    axis = None if axis is None else normalize_axis_tuple(plain_axis(axis), x.ndim)
    if mean_ is None:
        mean_ = mean(x, axis, keepdims=True, where=taken)
    return _choose(taken, x - mean_, 0.0), taken


@PlainFunction
def _degrees_of_freedom(taken: Any, axis: Any, ddof: Any, dtype: Any, keepdims: bool) -> Any:
    """Return how many there are for each result; NaN, with NumPy's warning, where there are none."""
    left = np.sum(taken, axis, dtype=dtype, keepdims=keepdims) - np.asarray(ddof, dtype)
    if np.any(left <= 0):
        warnings.warn("Degrees of freedom <= 0 for slice.", RuntimeWarning, stacklevel=2)
        left = np.where(left > 0, left, np.nan).astype(dtype)
    return left


def _ddof(ddof: Any, correction: Any) -> Any:
    if correction is not None and ddof != 0:
        raise ValueError("var and std take ddof or correction, which are the same, not both")
    return ddof if correction is None else correction


def _dispersion(simple: Any, of_distances: Function) -> Function:
    """Return the variance or the standard deviation with NumPy's ``where`` and ``mean``."""

    def dispersion(
        x: Any,
        axis: Axes | None = None,
        ddof: Any = 0,
        keepdims: bool = False,
        where: Any = None,
        mean: Any = None,
        correction: Any = None,
    ) -> Any:
        ddof = _ddof(ddof, correction)
        if where is None and mean is None:
            return simple(x, axis, ddof=ddof, keepdims=keepdims)
        x = operand(x)
        apart, taken = _distances(x, axis, where, mean)
        freedom = _degrees_of_freedom(taken, plain_axis(axis), ddof, _floating(x), keepdims)
        return of_distances(apart, freedom, plain_axis(axis), keepdims)

    dispersion.__name__ = simple.name
    return dispersion


def _variance(apart: Any, freedom: Any, axis: Any, keepdims: bool) -> Any:
    return reductions.sum(square(apart), axis, keepdims=keepdims) / freedom


def _deviation(apart: Any, freedom: Any, axis: Any, keepdims: bool) -> Any:
    return _norm(apart, 2.0, axis, keepdims) / sqrt(freedom)


var: Function = _dispersion(reductions.var, _variance)
std: Function = _dispersion(reductions.std, _deviation)


# ------------------------------------------------------------------------------------------------- without NaN


@PlainFunction
def _numbers(x: Any, where: Any) -> Any:
    """Return which elements are no NaN, of those that ``where`` names."""
    found = np.broadcast_to(True, x.shape) if x.dtype.kind not in "fc" else ~np.isnan(x)
    return found if where is None else found & np.asarray(where, dtype=bool)


def _those(x: Any, where: Any) -> Any:
    return _numbers(_data(x), _data(where))


def _without_nan(function: Function) -> Function:
    """Return a reduction of what is no NaN."""

    @functools.wraps(function)
    def of_numbers(x: Any, where: Any = None, **options: Any) -> Any:
        x = operand(x)
        return function(x, where=_those(x, where), **options)

    return of_numbers


nansum: Function = _without_nan(sum)
nanprod: Function = _without_nan(prod)
nanmean: Function = _without_nan(mean)
nanvar: Function = _without_nan(var)
nanstd: Function = _without_nan(std)


def _extreme_without_nan(reduce: Function, fill: float) -> Function:
    """Return the extreme of what is no NaN; NaN, with NumPy's warning, where there is nothing else."""

    @functools.wraps(reduce)
    def extreme(x: Any, axis: Any = None, keepdims: bool = False, initial: Any = None, where: Any = None) -> Any:
        x = operand(x)
        if x.dtype.kind != "f" or (where is not None and initial is None):  # the latter is refused
            return reduce(x, axis, keepdims, initial, where)
        found = _those(x, where)
        result = reduce(_choose(found, x, fill), axis, keepdims, initial)
        if initial is not None:
            return result
        return _choose(_without_numbers(found, plain_axis(axis), keepdims), x.dtype.type(np.nan), result)

    return extreme


nanmax: Function = _extreme_without_nan(max, -np.inf)
nanmin: Function = _extreme_without_nan(min, np.inf)


@PlainFunction
def _without_numbers(found: Any, axis: Any, keepdims: bool) -> Any:
    empty = ~np.any(found, axis, keepdims=keepdims)
    if np.any(empty):
        warnings.warn("All-NaN slice encountered", RuntimeWarning, stacklevel=2)
    return empty


def nancumsum(x: Any, axis: int | None = None) -> Any:
    """Return the running sum, with NaN taken as 0."""
    x = operand(x)
    return reductions.cumsum(where(_those(x, None), x, _as(0, x)), axis)


def nancumprod(x: Any, axis: int | None = None) -> Any:
    """Return the running product, with NaN taken as 1."""
    x = operand(x)
    return reductions.cumprod(where(_those(x, None), x, _as(1, x)), axis)
