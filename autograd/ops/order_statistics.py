"""Medians, quantiles and other results of sorting.

Each is an element of its line, or lies between two neighbours in the sorted line, and its gradient goes to them. Which
they are is asked of NumPy: the same function of the elements' ranks gives their place in the sorted line.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from ...common.plain_data import real_numbers
from ..core.node import Node, data_of
from ..core.op import PlainFunction
from .elementwise import where
from .indexing import take_along_axis
from .shaping import (
    Axes,
    expand_dims,
    moveaxis,
    operand,
    plain_axis,
    reshape,
    transpose,
)


def partition(x: Any, kth: Any, axis: int | None = -1, kind: str = "introselect") -> Any:
    """Return a copy in which the ``kth`` elements are where sorting puts them, smaller ones before, larger ones after.

    Parameters
    ----------
    x : array_like or Tensor
    kth : int or sequence of int
    axis : int or None
        None: of the flattened array.
    kind : str
        NumPy knows ``"introselect"``.
    """
    x = real_numbers("partition", operand(x))
    if axis is None:
        x, axis = reshape(x, (-1,)), 0
    return take_along_axis(x, _partitioned(data_of(x), data_of(kth), axis, kind), axis)


@PlainFunction
def _partitioned(x: Any, kth: Any, axis: int, kind: Any) -> Any:
    """Return where NumPy takes each element of a partition from: its choice among equally good orders is its own."""
    places = np.empty(x.shape, np.intp)
    result = np.argsort(np.partition(x, kth, axis, kind), axis, "stable")
    np.put_along_axis(places, result, np.argsort(x, axis, "stable"), axis)
    return places


def median(x: Any, axis: Axes | None = None, overwrite_input: bool = False, keepdims: bool = False) -> Any:
    """Return the middle of the sorted elements: the mean of two if their number is even; NaN if there is one.

    Parameters
    ----------
    x : array_like or Tensor
    axis : int, tuple of int or None
        Which axes to reduce; None means all.
    overwrite_input : bool
        Whether ``x`` may be changed, which does not happen here.
    keepdims : bool
    """
    return _median(np.median, x, axis, keepdims)


def nanmedian(x: Any, axis: Axes | None = None, overwrite_input: bool = False, keepdims: bool = False) -> Any:
    """Return the :func:`median` of what is no NaN."""
    return _median(np.nanmedian, x, axis, keepdims)


def _median(function: Callable[..., Any], x: Any, axis: Any, keepdims: bool) -> Any:
    x = real_numbers(function.__name__, operand(x))
    lines, kept = _lines(x, axis)
    below, above, _ = _neighbours(data_of(lines), function, None, {})
    result = _taken(lines, below) * 0.5 + _taken(lines, above) * 0.5
    return reshape(result, kept) if keepdims else result


def _quantile_by(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return NumPy's function of quantiles for nodes."""

    def quantile(
        x: Any,
        q: Any,
        axis: Axes | None = None,
        overwrite_input: bool = False,
        method: str = "linear",
        keepdims: bool = False,
        weights: Any = None,
    ) -> Any:
        """Return the elements, or values between elements, below which lies a share ``q``.

        Parameters
        ----------
        x : array_like or Tensor
        q : float or array_like
            Shares from 0 to 1, or percents. They have no derivative.
        axis : int, tuple of int or None
            Which axes to reduce; None means all.
        overwrite_input : bool
            Whether ``x`` may be changed, which does not happen here.
        method : str
            How a quantile lies between two elements; NumPy's names.
        keepdims : bool
        weights : array_like, optional
            How much each element counts, for ``method="inverted_cdf"``. They have no derivative.

        Returns
        -------
        Tensor or ndarray
            The axes of ``q``, then those of ``x`` that remain.

        Raises
        ------
        TypeError
            If ``q`` or the weights require gradients.
        """
        return _quantile(function, x, q, axis, method, keepdims, weights)

    quantile.__name__ = function.__name__
    return quantile


quantile: Callable[..., Any] = _quantile_by(np.quantile)
percentile: Callable[..., Any] = _quantile_by(np.percentile)
nanquantile: Callable[..., Any] = _quantile_by(np.nanquantile)
nanpercentile: Callable[..., Any] = _quantile_by(np.nanpercentile)


def _quantile(
    function: Callable[..., Any], x: Any, q: Any, axis: Any, method: str, keepdims: bool, weights: Any
) -> Any:
    for name, given in (("q", q), ("weights", weights)):
        if isinstance(given, Node) and given.requires_grad:
            raise TypeError(f"{function.__name__}: no gradient flows to {name}; pass {name}.data")
    x, q = real_numbers(function.__name__, operand(x)), data_of(q)
    lines, kept = _lines(x, axis)
    options: dict[str, Any] = {"method": method}
    if weights is not None:
        options["weights"] = _lines(_weights_for(x, axis, operand(data_of(weights))), axis)[0]
    below, above, share = _neighbours(data_of(lines), function, q, options)
    result = _taken(lines, below)
    if method not in _DISCRETE:
        rise = _taken(lines, above) - result
        result = where(share < 0.5, result + rise * share, _taken(lines, above) - rise * (1.0 - share))
    shape = below.shape[lines.ndim - 1 :]
    if shape:  # the axes of q come first in the result
        n = lines.ndim - 1
        result = transpose(result, (*range(n, result.ndim), *range(n)))
    return reshape(result, (*shape, *kept)) if keepdims else result


#: The methods whose results are elements.
_DISCRETE = {"inverted_cdf", "closest_observation", "lower", "higher", "nearest"}


def _weights_for(x: Any, axis: Any, weights: Any) -> Any:
    if weights.shape == x.shape or axis is None or weights.ndim != 1:
        return np.broadcast_to(weights, x.shape)
    shape = [1] * x.ndim
    shape[normalize_axis_index(plain_axis(axis), x.ndim)] = -1
    return np.broadcast_to(weights.reshape(shape), x.shape)


def _lines(x: Any, axis: Any) -> tuple[Any, tuple[int, ...]]:
    """Return ``x`` with the axes to reduce as one, the last; and the shape of a result that keeps them."""
    axes = tuple(range(x.ndim)) if axis is None else normalize_axis_tuple(plain_axis(axis), x.ndim)
    kept = tuple([1 if i in axes else n for i, n in enumerate(x.shape)])
    rest = tuple([n for i, n in enumerate(x.shape) if i not in axes])
    if not axes:
        return expand_dims(x, -1), kept
    last = moveaxis(x, axes, tuple(range(-len(axes), 0)))
    return reshape(last, (*rest, math.prod([x.shape[i] for i in axes]))), kept


def _taken(lines: Any, places: Any) -> Any:
    """Return the elements at places: the axes of the lines, then those in which a line has several places."""
    flat = reshape(places, (*lines.shape[:-1], math.prod(places.shape[lines.ndim - 1 :])))
    return reshape(take_along_axis(lines, flat, -1), places.shape)


@PlainFunction
def _neighbours(lines: Any, function: Callable[..., Any], q: Any, options: dict[str, Any]) -> tuple[Any, Any, Any]:
    """Return the places of the lower and the upper neighbour of each result, and how far it is from one to the other.

    The axes are those of the lines, then those of ``q``.
    """
    n = lines.shape[-1]
    order = np.argsort(lines, axis=-1, kind="stable")
    dtype = lines.dtype if lines.dtype.kind == "f" and n < 1 / np.finfo(lines.dtype).eps else np.dtype(float)
    ranks = np.empty(lines.shape, dtype)
    np.put_along_axis(ranks, order, np.broadcast_to(np.arange(n, dtype=dtype), lines.shape), -1)
    ranks[np.isnan(lines)] = np.nan
    found = np.asarray(function(ranks, *([] if q is None else [q]), axis=-1, **options))
    found = np.moveaxis(found, range(found.ndim - lines.ndim + 1), range(lines.ndim - 1, found.ndim))
    last = np.where(np.isnan(found), n - 1, found)  # where NaN is, if there is one
    below, above = np.floor(last), np.ceil(last)
    return _at_ranks(order, below), _at_ranks(order, above), (last - below).astype(found.dtype)


def _at_ranks(order: Any, ranks: Any) -> Any:
    """Return the places of what has these ranks."""
    flat = ranks.astype(np.intp).reshape(*order.shape[:-1], math.prod(ranks.shape[order.ndim - 1 :]))
    return np.take_along_axis(order, flat, -1).reshape(ranks.shape)
