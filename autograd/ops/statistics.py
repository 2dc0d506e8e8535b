"""Averages, ranges, covariances."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ...common.plain_data import is_complex
from ...common.seam import interpretable
from ..core.node import data_of
from .complex_parts import imag, real
from .elementwise import at_least, at_most, conj, sqrt, where
from .indexing import diagonal
from .products import matmul
from .questions import asked
from .reductions import Axis, count, max, mean, min, sum
from .shaping import astype, atleast_2d, broadcast_to, concatenate, expand_dims, operand, reshape, transpose


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


def cov(
    x: Any,
    y: Any = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: int | None = None,
    fweights: Any = None,
    aweights: Any = None,
    dtype: Any = None,
) -> Any:
    """Return the covariance matrix, as :func:`numpy.cov`.

    Parameters
    ----------
    x : array_like or Tensor
        Observations: one variable in a row, in columns if ``rowvar`` is False; a single one may be 1-d.
    y : array_like or Tensor, optional
        More variables.
    rowvar : bool
    bias : bool
        Whether to divide by the number of observations instead of by one less.
    ddof : int, optional
        What to take off the number of observations, whatever ``bias`` says.
    fweights : array_like of int, optional
        How often each observation occurred.
    aweights : array_like or Tensor, optional
        How much each observation counts.
    dtype : dtype, optional
        Of the result; at least float64 by default.
    """
    if ddof is not None and ddof != int(ddof):
        raise ValueError(f"cov: ddof must be an integer, got {ddof!r}")
    x = _variables("m", x, rowvar)
    if y is not None:
        x = concatenate([x, _variables("y", y, rowvar)], 0)
    x = astype(x, np.result_type(x.dtype, np.float64) if dtype is None else np.dtype(dtype))
    ddof = ddof if ddof is not None else 0 if bias else 1
    weights = _weights(x.shape[1], fweights, aweights)
    if weights is None:
        total, scale = x.shape[1], x.shape[1] - ddof
        apart = x - mean(x, 1, keepdims=True)
        weighted = apart
    else:
        total = sum(weights)
        apart = x - expand_dims(sum(x * weights, 1) / total, -1)
        weighted = apart * weights
        scale = total - (ddof if aweights is None or not ddof else ddof * sum(weights * operand(aweights)) / total)
    return _divided(
        matmul(apart, transpose(conj(weighted))) if is_complex(weighted) else matmul(apart, transpose(weighted)), scale
    )


def _variables(name: str, x: Any, rowvar: bool) -> Any:
    x = operand(x)
    if x.ndim > 2:
        raise ValueError(f"cov: {name} must have one or two axes, got shape {x.shape}")
    rows = atleast_2d(x)
    return rows if rowvar or x.ndim < 2 else transpose(rows)


def _weights(n: int, fweights: Any, aweights: Any) -> Any:
    """Return how much each observation counts; None if all count 1."""
    result: Any = None
    for name, given in (("fweights", fweights), ("aweights", aweights)):
        if given is None:
            continue
        given = operand(given)
        if given.shape != (n,):
            raise ValueError(f"cov: {name} of shape {given.shape} do not fit {n} observations")
        if _is_not_a_weight(data_of(given), name == "fweights"):
            raise ValueError(f"cov: {name} must be {'integers that are ' if name == 'fweights' else ''}not negative")
        given = astype(given, np.dtype(float)) if given.dtype.kind != "f" else given
        result = given if result is None else result * given
    return result


@asked
def _is_not_a_weight(given: Any, whole: bool) -> bool:
    return bool(np.any(given < 0) or (whole and np.any(given != np.round(given))))


def _divided(product: Any, scale: Any) -> Any:
    result = product / where(data_of(scale) > 0, scale, np.nan)
    return reshape(result, ()) if result.shape == (1, 1) else result


def corrcoef(x: Any, y: Any = None, rowvar: bool = True, dtype: Any = None) -> Any:
    """Return the matrix of correlation coefficients, as :func:`numpy.corrcoef`."""
    c = cov(x, y, rowvar, dtype=dtype)
    if not c.ndim:
        return c / c
    deviations = sqrt(real(diagonal(c)))
    c = c / expand_dims(deviations, 1) / expand_dims(deviations, 0)
    return _at_most_one(real(c)) + 1j * _at_most_one(imag(c)) if is_complex(c) else _at_most_one(c)


def _at_most_one(x: Any) -> Any:
    """Return numbers whose absolute values rounding brought above 1 as 1 or -1."""
    return at_most(at_least(x, -1.0), 1.0)
