"""``seegrad.scipy.special``: special functions, which take nodes.

Most of them are ufuncs, SciPy's own objects, which hand calls with nodes on to the operations of ``special_gamma.py``,
``special_bessel.py`` and so on. The functions here are no ufuncs in SciPy: with nodes they are composed of operations.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from scipy import special

from ..core.node import data_of
from ..core.op import PlainFunction
from ..ops import reductions
from ..ops.elementwise import absolute, exp, log, sign, where
from ..ops.questions import asked
from ..ops.shaping import operand, squeeze
from . import special_bessel, special_gamma, special_transformations
from .called_with_nodes import with_nodes
from .special_function import SpecialFunction

__all__ = [
    "comb",
    "factorial",
    "lambertw",
    "log_softmax",
    "logsumexp",
    "multigammaln",
    "polygamma",
    "softmax",
    "softplus",
    "spherical_in",
    "spherical_jn",
    "spherical_kn",
    "spherical_yn",
    "zeta",
]

# -------------------------------------------------------------------------------------- sums of exponentials


@with_nodes(special.logsumexp)
def logsumexp(a: Any, axis: Any = None, b: Any = None, keepdims: bool = False, return_sign: bool = False) -> Any:
    """Return the logarithm of a sum of exponentials, ``log(sum(b * exp(a)))``, without overflow.

    Parameters
    ----------
    a : array_like, Tensor or Value
    axis : int, tuple of int or None
        What is summed over; None: everything.
    b : array_like, Tensor or Value, optional
        Factors, broadcast to ``a``. A negative sum gives NaN, unless its sign is asked for.
    keepdims : bool
        Keep the axes that are summed over, with length 1.
    return_sign : bool
        Return the logarithm of the absolute value of the sum, and the sign of the sum.

    Examples
    --------
    >>> from seegrad.scipy import special
    >>> a = sg.tensor([1000.0, 1000.0], requires_grad=True)
    >>> special.logsumexp(a, b=[0.5, 1.5]).backward()
    >>> a.grad
    array([0.25, 0.75])
    """
    if b is None and not return_sign:
        return reductions.logsumexp(operand(a), axis, keepdims)
    a, b = operand(a), operand(1.0 if b is None else b)
    shift = _largest(data_of(a), data_of(b), axis)
    terms = where(_is_zero(data_of(b)), 0.0, b * exp(a - shift))
    total = reductions.sum(terms, axis, keepdims=True)
    result, its_sign = log(absolute(total) if return_sign else total) + shift, sign(total)
    if not keepdims:
        axes = axis if axis is not None else tuple(range(result.ndim))
        result, its_sign = squeeze(result, axes), squeeze(its_sign, axes)
    return (result, data_of(its_sign)) if return_sign else result


@PlainFunction
def _largest(a: Any, b: Any, axis: Any) -> Any:
    """Return the largest of the exponents that count, 0 where it is infinite."""
    a = np.where(np.equal(b, 0), -np.inf, a).astype(np.result_type(a))
    highest = np.max(a, axis=axis, keepdims=True, initial=-np.inf)
    return np.where(np.isfinite(highest), highest, highest.dtype.type(0))


@PlainFunction
def _is_zero(x: Any) -> Any:
    return np.equal(x, 0)


@with_nodes(special.softmax)
def softmax(x: Any, axis: Any = None) -> Any:
    """Return ``exp(x)`` divided by its sum along an axis, over all elements by default."""
    return reductions.softmax(operand(x), axis)


@with_nodes(special.log_softmax)
def log_softmax(x: Any, axis: Any = None) -> Any:
    """Return the logarithm of :func:`softmax`, computed stably."""
    return reductions.log_softmax(operand(x), axis)


@with_nodes(special_transformations.softplus.array)
def softplus(x: Any) -> Any:
    """Return ``log(1 + exp(x))``."""
    return special_transformations.softplus(operand(x))


# ------------------------------------------------------------------------------------------- gamma, zeta


@with_nodes(special.polygamma)
def polygamma(n: Any, x: Any) -> Any:
    """Return the ``n``-th derivative of the digamma function, to be differentiated by ``x``."""
    return special_gamma.polygamma(n, x)


@with_nodes(special.multigammaln)
def multigammaln(a: Any, d: Any) -> Any:
    """Return the logarithm of the multivariate gamma function of dimension ``d``.

    Raises
    ------
    ValueError
        If ``d`` is not a positive integer, or an ``a`` is not above ``(d - 1) / 2``.
    """
    if np.ndim(d) or d != int(d) or d < 1:
        raise ValueError(f"multigammaln: d must be a positive integer, got {d!r:.60}")
    if _reaches(data_of(operand(a)), 0.5 * (d - 1)):
        raise ValueError(f"multigammaln: a must be above (d - 1) / 2, {0.5 * (d - 1)}")
    terms = [special_gamma.gammaln(a - 0.5 * j) for j in range(int(d))]
    return functools.reduce(operator.add, terms) + 0.25 * d * (d - 1) * math.log(math.pi)


@asked
def _reaches(a: Any, limit: float) -> bool:
    return bool(np.any(np.less_equal(a, limit)))


@with_nodes(special.zeta)
def zeta(x: Any, q: Any = None) -> Any:
    """Return the Hurwitz zeta function, to be differentiated by ``q``; Riemann's without it, which cannot be.

    Raises
    ------
    TypeError
        If ``x`` requires gradients.
    """
    return special_gamma.zeta(x, 1.0 if q is None else q)


@with_nodes(special.factorial)
def factorial(n: Any, exact: bool = False, extend: str = "zero") -> Any:
    """Return ``n!``, by the gamma function between integers, and 0 for negative numbers."""
    if exact or extend != "zero":
        raise TypeError("factorial: exact=True and extend= are for plain integers; pass n.data")
    below = data_of(n) < 0
    return where(below, 0.0, special_gamma.gamma(where(below, 0.0, n) + 1.0))


@with_nodes(special.comb)
def comb(N: Any, k: Any, *, exact: bool = False, repetition: bool = False) -> Any:
    """Return in how many ways ``k`` of ``N`` things can be chosen; between integers by the gamma function."""
    if exact or repetition:
        raise TypeError("comb: exact=True and repetition=True are for plain integers; pass N.data and k.data")
    outside = (data_of(k) > data_of(N)) | (data_of(N) < 0) | (data_of(k) < 0)
    return where(outside, 0.0, special_gamma.binom(N, k))


@with_nodes(special.lambertw)
def lambertw(z: Any, k: Any = 0, tol: float = 1e-8) -> Any:
    """Return Lambert's W function, complex numbers as SciPy does; of a Value, a real number."""
    return special_gamma.lambertw(z, k, tol)


# ------------------------------------------------------------------------------------------------ Bessel


def _spherical(operation: SpecialFunction) -> Callable[..., Any]:
    @with_nodes(getattr(special, operation.name))
    def function(n: Any, z: Any, derivative: bool = False) -> Any:
        return operation.rule[1](1.0, None, n, z) if derivative else operation(n, z)

    function.__name__ = function.__qualname__ = operation.name
    function.__doc__ = f"Return the {operation.formula}, or its derivative; to be differentiated by ``z``."
    return function


spherical_jn: Final = _spherical(special_bessel.spherical_jn)
spherical_yn: Final = _spherical(special_bessel.spherical_yn)
spherical_in: Final = _spherical(special_bessel.spherical_in)
spherical_kn: Final = _spherical(special_bessel.spherical_kn)
