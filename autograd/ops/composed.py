"""Further functions of NumPy, composed of operations, so that they need no derivative rules.

Each does what the function of the same name in NumPy does.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ...common.plain_data import as_array, is_complex, real_numbers
from ...common.seam import interpretable
from ..core.node import Node, data_of
from ..core.op import PlainFunction
from .complex_parts import imag, real
from .elementwise import arctan2, copysign, floor_divide, rad2deg, remainder, rounded, trunc, where
from .indexing import getitem, scatter_add, take
from .questions import asked, known
from .shaping import astype, concatenate, copy, flip, moveaxis, operand, ravel


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


def angle(z: Any, deg: bool = False) -> Any:
    """Return the angle of complex numbers in the plane, in radians or degrees; its derivative at 0 is 0."""
    radians = arctan2(imag(z), real(z))
    return rad2deg(radians) if deg else radians


def real_if_close(a: Any, tol: float = 100) -> Any:
    """Return the real part of complex numbers if all imaginary parts are 0 to ``tol`` times the precision."""
    a = operand(a)
    if not is_complex(a):
        return a
    precision = np.finfo(a.dtype).eps
    return real(a) if _are_below(imag(a), tol * precision if tol > 1 else tol) else a


@asked
def _are_below(x: Any, bound: float) -> bool:
    return bool(np.all(np.abs(data_of(x)) < bound))


@interpretable
def bincount(x: Any, weights: Any = None, minlength: int = 0) -> Any:
    """Count how often each number occurs in ``x``, or sum the weights at its places."""
    x = as_array(data_of(x))
    if isinstance(x, Node):  # how many counts there are is a condition of a trace
        minlength = _count_of_counts(x, minlength)
    counts = _bincount(x, None, minlength)
    if not isinstance(weights, Node):
        return counts if weights is None else _bincount(x, weights, minlength)
    weights = real_numbers("bincount", operand(weights))
    if weights.shape != x.shape:
        raise ValueError(f"bincount: weights of shape {weights.shape} do not fit numbers of shape {x.shape}")
    return scatter_add(astype(weights, np.float64), (x,), counts.shape)


_bincount = PlainFunction(np.bincount)


@PlainFunction
def _count_of_counts(x: Any, minlength: int) -> int:
    return len(np.bincount(x, minlength=minlength))


# ------------------------------------------------------------------------------------- numbers taken apart


def divmod(x: Any, y: Any) -> tuple[Any, Any]:
    """Return the quotients, rounded down, and the remainders."""
    return floor_divide(x, y), remainder(x, y)


def modf(x: Any) -> tuple[Any, Any]:
    """Return the parts of numbers behind and before the point."""
    x = operand(x)
    whole = trunc(x)
    infinite = _is_infinite(data_of(x))
    return where(infinite, copysign(x.dtype.type(0), x), x - where(infinite, x.dtype.type(0), whole)), whole


@PlainFunction
def _is_infinite(x: Any) -> Any:
    return np.isinf(x)


def frexp(x: Any) -> tuple[Any, Any]:
    """Return numbers from 0.5 to 1, and the powers of 2 to multiply them by; the latter are plain."""
    x = operand(x)
    exponents = _exponents(data_of(x))
    return ldexp(x, -exponents), exponents


@PlainFunction
def _exponents(x: Any) -> Any:
    return np.frexp(x)[1]


def ldexp(x: Any, exponents: Any) -> Any:
    """Return ``x`` times 2 to the power of plain integers."""
    x = operand(x)
    once, again = _powers_of_two(data_of(operand(exponents)), x.dtype)
    return x * once * again


@PlainFunction
def _powers_of_two(exponents: Any, dtype: Any) -> tuple[Any, Any]:
    """Return powers of 2 as products of two, none of which overflows alone."""
    half = exponents // 2
    one = np.ones((), dtype)
    return np.ldexp(one, half), np.ldexp(one, exponents - half)


# --------------------------------------------------------------------------------------------------- as sets


@interpretable
def unique(
    x: Any,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    equal_nan: bool = True,
) -> Any:
    """Return the different elements (or rows, ...), sorted, as :func:`numpy.unique`; the first of equals is taken."""
    x = operand(x)
    plain = known(data_of(x), "asks which elements are equal")
    _, index, inverse, counts = np.unique(plain, True, True, True, axis, equal_nan=equal_nan)
    found = getitem(ravel(x), index) if axis is None else take(x, index, axis)
    asked = [(return_index, index), (return_inverse, inverse), (return_counts, counts)]
    parts = [part for wanted, part in asked if wanted]
    return (found, *parts) if parts else found


def unique_values(x: Any) -> Any:
    """Return the different elements, in NumPy's order, which need not be sorted; every NaN is another."""
    x = operand(x)
    plain = known(data_of(x), "asks which elements are equal")
    _, index = np.unique(plain, return_index=True, equal_nan=False)
    places = np.empty_like(index)
    places[np.argsort(np.unique_values(plain), stable=True)] = index
    return getitem(ravel(x), places)


def unique_counts(x: Any) -> Any:
    """Return the different elements, and how often each occurs."""
    return _as_named(np.unique_counts, unique(x, return_counts=True, equal_nan=False))


def unique_inverse(x: Any) -> Any:
    """Return the different elements, and the place of each element of ``x`` among them."""
    return _as_named(np.unique_inverse, unique(x, return_inverse=True, equal_nan=False))


def unique_all(x: Any) -> Any:
    """Return the different elements, where each occurs first, the places of those of ``x``, and counts."""
    return _as_named(np.unique_all, unique(x, True, True, True, equal_nan=False))


def _as_named(function: Any, results: tuple[Any, ...]) -> Any:
    """Return results in the named tuple that a function of NumPy returns."""
    return type(function(np.zeros(0)))(*results)


def union1d(x: Any, y: Any) -> Any:
    """Return the different elements of two arrays, sorted."""
    return unique(concatenate([x, y], None))
