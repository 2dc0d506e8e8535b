"""Special functions that NumPy lacks, on plain floats and arrays, exact to rounding at every magnitude."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from ...common.plain_data import real_numbers

Array = npt.NDArray[Any]


def sigmoid_scalar(x: float) -> float:
    """1 / (1 + e**-x) without overflow."""
    if x >= 0:
        return 1.0 / (1.0 + math.exp(-x))
    e = math.exp(x)
    return e / (1.0 + e)


def sigmoid_array(x: Array) -> Array:
    """1 / (1 + e**-x) without overflow."""
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, x.dtype.type(1), e) / (1 + e)


def softplus_scalar(x: float) -> float:
    """ln(1 + e**x) without overflow."""
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


def softplus_array(x: Array) -> Array:
    """ln(1 + e**x) without overflow; NumPy's logaddexp would warn of NaN."""
    return np.maximum(x, x.dtype.type(0)) + np.log1p(np.exp(-np.abs(x)))


# Coefficients of the rational approximations in W. J. Cody, "Rational Chebyshev approximations for the error
# function", Mathematics of Computation 23 (1969), highest power first.
_NEAR = (
    (
        1.85777706184603153e-1,
        3.16112374387056560e0,
        1.13864154151050156e2,
        3.77485237685302021e2,
        3.20937758913846947e3,
    ),
    (1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3),
)
_MIDDLE = (
    (
        *(2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594e0, 6.61191906371416295e1),
        *(2.98635138197400131e2, 8.81952221241769090e2, 1.71204761263407058e3, 2.05107837782607147e3),
        1.23033935479799725e3,
    ),
    (
        *(1.0, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2, 1.62138957456669019e3),
        *(3.29079923573345963e3, 4.36261909014324716e3, 3.43936767414372164e3, 1.23033935480374942e3),
    ),
)
_FAR = (
    (
        *(1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1),
        *(1.25781726111229246e-1, 1.60837851487422766e-2, 6.58749161529837803e-4),
    ),
    (
        *(1.0, 2.56852019228982242e0, 1.87295284992346725e0),
        *(5.27905102951428412e-1, 6.05183413124413191e-2, 2.33520497626869185e-3),
    ),
)


def gelu_scalar(x: float) -> float:
    """``x`` times the probability that a standard normal variable is below it."""
    size = min(abs(x), BEYOND)
    return max(x, 0.0) - size * 0.5 * math.erfc(size / math.sqrt(2.0))


def gelu_array(x: Array) -> Array:
    """``x`` times the probability that a standard normal variable is below it, without cancellation far below 0."""
    size = np.minimum(np.abs(real_numbers("gelu", x).astype(np.float64)), BEYOND)
    return (np.maximum(x, 0.0) - size * 0.5 * _erfc(size / math.sqrt(2.0))).astype(x.dtype)


BEYOND = 40.0
"""A standard normal variable is never as large as this: the probability is less than the smallest float64."""


def _ratio(coefficients: tuple[tuple[float, ...], tuple[float, ...]], t: Array) -> Array:
    numerator, denominator = coefficients
    return np.polyval(numerator, t) / np.polyval(denominator, t)


def erf_array(x: Array) -> Array:
    """Error function, to about 1e-16 (Cody's three intervals)."""
    a = np.minimum(np.abs(real_numbers("erf", x).astype(np.float64)), 6.0)  # erf(6) is 1 to rounding; NaN stays
    result = np.where(a <= 0.46875, a * _ratio(_NEAR, a * a), 1.0 - _erfc_beyond(a))
    return np.copysign(result, x).astype(x.dtype)


def _erfc(a: Array) -> Array:
    """One minus the error function of numbers that are not negative."""
    return np.where(a <= 0.46875, 1.0 - a * _ratio(_NEAR, a * a), _erfc_beyond(a))


def _erfc_beyond(a: Array) -> Array:
    """One minus the error function of numbers from 0.46875 on."""
    a = np.maximum(a, 0.46875)
    t = 1.0 / (a * a)
    gauss = np.exp(-a * a)
    tail = np.minimum(t, 1.0)
    middle, far = _ratio(_MIDDLE, a), (1.0 / math.sqrt(math.pi) - tail * _ratio(_FAR, tail)) / np.maximum(a, 1.0)
    return gauss * np.where(a <= 4.0, middle, far)
