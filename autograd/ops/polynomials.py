"""Polynomials as vectors of coefficients, the highest power first, as NumPy's old functions have them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.node import data_of
from .elementwise import sqrt, square
from .linear_equations import lstsq
from .questions import asked
from .reductions import cumprod, sum
from .samples import convolve
from .shaping import astype, broadcast_to, concatenate, expand_dims, flip, operand, reshape, stack


def polyval(p: Any, x: Any) -> Any:
    """Return the values at ``x`` of the polynomial with coefficients ``p``."""
    p, x = operand(p), operand(x)
    result: Any = np.zeros(x.shape, x.dtype) if not p.shape[0] else x * 0
    for i in range(p.shape[0]):
        result = result * x + p[i]
    return result


def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    """Return the matrix of powers of ``x``, the highest (or the lowest, if increasing) in the first of N columns."""
    x = operand(x)
    if x.ndim != 1:
        raise ValueError(f"vander: expected a vector, got shape {x.shape}")
    x = astype(x, np.promote_types(x.dtype, int))
    n = x.shape[0] if N is None else N
    if not n:
        return np.zeros((x.shape[0], 0), x.dtype)
    ones = np.ones((x.shape[0], 1), x.dtype)
    powers = cumprod(broadcast_to(expand_dims(x, 1), (x.shape[0], n - 1)), 1)
    result = concatenate([ones, powers], 1)
    return result if increasing else flip(result, 1)


def polyadd(a1: Any, a2: Any) -> Any:
    """Return the sum of two polynomials."""
    a1, a2 = _of_one_length(a1, a2)
    return a1 + a2


def polysub(a1: Any, a2: Any) -> Any:
    """Return the difference of two polynomials."""
    a1, a2 = _of_one_length(a1, a2)
    return a1 - a2


def _of_one_length(a1: Any, a2: Any) -> list[Any]:
    both = [_coefficients(a) for a in (a1, a2)]
    n = max([a.shape[0] for a in both])
    return [concatenate([np.zeros(n - a.shape[0], a.dtype), a]) if a.shape[0] < n else a for a in both]


def _coefficients(a: Any) -> Any:
    a = operand(a)
    return a if a.ndim else reshape(a, (1,))


def polymul(a1: Any, a2: Any) -> Any:
    """Return the product of two polynomials."""
    return convolve(_without_leading_zeros(a1), _without_leading_zeros(a2))


def _without_leading_zeros(a: Any) -> Any:
    a = _coefficients(a)
    first = 0
    while first + 1 < a.shape[0] and _is_zero(data_of(a), first):
        first += 1
    return a[first:]


@asked
def _is_zero(a: Any, place: int) -> bool:
    return bool(a[place] == 0)


def polyder(p: Any, m: int = 1) -> Any:
    """Return the ``m``-th derivative of a polynomial."""
    if m < 0:
        raise ValueError(f"polyder: the order must not be negative, got {m}")
    p = _coefficients(p)
    for _ in range(m):
        n = p.shape[0] - 1
        p = p[:-1] * np.arange(n, 0, -1)
    return p


def polyint(p: Any, m: int = 1, k: Any = None) -> Any:
    """Return the ``m``-th antiderivative of a polynomial, with the constants ``k`` (one, or one for each step)."""
    if m < 0:
        raise ValueError(f"polyint: the order must not be negative, got {m}")
    p = _coefficients(p)
    k = np.zeros(m) if k is None else _coefficients(k)
    if k.shape[0] == 1 and m > 1:
        k = k[0] * np.ones(m)
    if k.shape[0] < m:
        raise ValueError(f"polyint: {m} steps need one constant or {m}, got {k.shape[0]}")
    for i in range(m):
        p = concatenate([p / np.arange(p.shape[0], 0, -1), reshape(k[i], (1,))])
    return p


def polyfit(x: Any, y: Any, deg: int, rcond: float | None = None, w: Any = None) -> Any:
    """Return the coefficients of the polynomial of degree ``deg`` through samples by least squares.

    Parameters
    ----------
    x : array_like or Tensor
        Shape ``(n,)``.
    y : array_like or Tensor
        Shape ``(n,)`` or ``(n, k)``.
    deg : int
    rcond : float, optional
        Singular values up to this fraction of the largest count as 0.
    w : array_like or Tensor, optional
        Weights of the distances, not of their squares.
    """
    x, y = [v + 0.0 for v in (operand(x), operand(y))]
    if deg < 0 or x.ndim != 1 or not x.size or y.ndim not in (1, 2) or x.shape[0] != y.shape[0]:
        raise TypeError(f"polyfit: degree {deg} and samples of shapes {x.shape} and {y.shape} do not fit")
    rcond = x.shape[0] * float(np.finfo(x.dtype).eps) if rcond is None else rcond
    left = vander(x, deg + 1)
    if w is not None:
        w = operand(w) + 0.0
        if w.shape != x.shape:
            raise TypeError(f"polyfit: weights of shape {w.shape} do not fit {x.shape[0]} samples")
        left = left * expand_dims(w, 1)
        y = y * (expand_dims(w, 1) if y.ndim == 2 else w)
    scale = sqrt(sum(square(left), 0))
    found = lstsq(left / scale, y, rcond)[0]
    return found / (expand_dims(scale, 1) if y.ndim == 2 else scale)


def poly(seq_of_zeros: Any) -> Any:
    """Return the coefficients of the polynomial with given zeros, as :func:`numpy.poly`."""
    zeros = _coefficients(seq_of_zeros)
    if zeros.dtype.kind in "biu" or zeros.dtype == np.float16:
        zeros = astype(zeros, np.dtype(float))
    if zeros.ndim != 1:
        raise ValueError(f"poly: expected the zeros, got shape {zeros.shape}; of a matrix, pass its eigenvalues")
    result: Any = np.ones(1, zeros.dtype)
    for i in range(zeros.shape[0]):
        result = convolve(result, stack([np.ones((), zeros.dtype), -zeros[i]]))
    return result
