"""Least squares, equations with tensors, products of many matrices, condition numbers."""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ..core.node import data_of
from ..core.op import PlainFunction
from .elementwise import absolute, square, where
from .factorizations import svdvals
from .inverses import inv, solve
from .matrices import check_square
from .matrix_functions import pinv
from .norms import norm
from .products import matmul
from .questions import asked
from .reductions import sum
from .shaping import astype, moveaxis, operand, reshape


def matrix_power(x: Any, n: int) -> Any:
    """Return the matrix product of ``n`` copies of a square matrix; of its inverse if ``n`` is negative."""
    x, n = operand(x), operator.index(n)
    if x.ndim < 2 or x.shape[-1] != x.shape[-2]:
        raise ValueError(f"matrix_power: expected square matrices in the last two axes, got shape {x.shape}")
    if n < 0:
        x = inv(x)
    if n == 0:
        return where(True, np.broadcast_to(np.eye(x.shape[-1], dtype=x.dtype), x.shape), x)
    if abs(n) == 1:
        return x
    half = matrix_power(x, abs(n) // 2)
    square = matmul(half, half)
    return matmul(square, x) if n % 2 else square


def multi_dot(arrays: Sequence[Any]) -> Any:
    """Return the matrix product of a sequence, from left to right."""
    return functools.reduce(matmul, arrays)


def lstsq(a: Any, b: Any, rcond: float | None = None) -> tuple[Any, Any, Any, Any]:
    """Return the solution ``x`` of least squares of ``a @ x - b``, as :func:`numpy.linalg.lstsq`.

    Parameters
    ----------
    a : array_like or Tensor
        Shape ``(n, m)``.
    b : array_like or Tensor
        Shape ``(n,)`` or ``(n, k)``.
    rcond : float, optional
        Singular values up to this fraction of the largest count as 0; default: the rounding error of a matrix of this
        size.

    Returns
    -------
    tuple
        The solution of least length; the sums of squares that are left, empty unless ``n > m`` and the rank is m; the
        rank, plain; and the singular values.
    """
    a, b = operand(a), operand(b)
    if a.ndim != 2 or b.ndim not in (1, 2) or a.shape[0] != b.shape[0]:
        raise np.linalg.LinAlgError(f"lstsq: shapes {a.shape} and {b.shape} are not of a matrix and right sides for it")
    dtype = np.result_type(a.dtype, b.dtype)
    if np.dtype(np.float16) in (a.dtype, b.dtype):
        raise TypeError("lstsq: NumPy's linear algebra does not compute in float16")
    dtype = dtype if dtype.kind == "c" or dtype == np.float32 else np.dtype(float)
    a, b = astype(a, dtype), astype(b, dtype)
    rows, columns = a.shape
    eps = float(np.finfo(dtype).eps)
    cut = eps * max(rows, columns) if rcond is None else eps if rcond < 0 else rcond
    x = matmul(pinv(a, cut), b)
    values = svdvals(a)
    determined = rows > columns and _has_rank(data_of(values), cut, columns)
    left = sum(square(absolute(reshape(b - matmul(a, x), (rows, -1)))), 0) if determined else values[:0]
    return x, left, _rank(data_of(values), cut), values


@PlainFunction
def _rank(values: Any, rcond: float) -> Any:
    return np.sum(values > rcond * np.max(values, initial=0), dtype=np.intc)


@asked
def _has_rank(values: Any, rcond: float, rank: int) -> bool:
    return bool(_rank.compute(values, rcond) == rank)


def tensorsolve(a: Any, b: Any, axes: Any = None) -> Any:
    """Return the tensor ``x`` with ``tensordot(a, x, x.ndim) = b``, as :func:`numpy.linalg.tensorsolve`."""
    a, b = operand(a), operand(b)
    if axes is not None:
        moved = [normalize_axis_index(i, a.ndim) for i in axes]
        a = moveaxis(a, moved, tuple(range(a.ndim - len(moved), a.ndim)))
    shape = tuple(a.shape[b.ndim :])
    if math.prod(shape) != math.prod(a.shape[: b.ndim]):
        raise np.linalg.LinAlgError(f"tensorsolve: shape {a.shape} is not that of square equations for {b.shape}")
    return reshape(solve(reshape(a, (-1, math.prod(shape))), reshape(b, (-1,))), shape)


def tensorinv(a: Any, ind: int = 2) -> Any:
    """Return the inverse of ``tensordot(a, ..., ind)``, as :func:`numpy.linalg.tensorinv`."""
    a = operand(a)
    if ind <= 0:
        raise ValueError(f"tensorinv: ind must be positive, got {ind}")
    before, after = tuple(a.shape[:ind]), tuple(a.shape[ind:])
    return reshape(inv(reshape(a, (math.prod(before), -1))), (*after, *before))


def cond(x: Any, p: Any = None) -> Any:
    """Return how much solutions of equations with a matrix may exceed errors in them: its condition number.

    Parameters
    ----------
    x : array_like or Tensor
        Shape ``(..., n, m)``; square unless ``p`` is None, 2 or -2.
    p : None, float, ``"fro"`` or ``"nuc"``
        The norm, as for :func:`norm`; None and 2: the quotient of the largest and the smallest singular value.
    """
    x = operand(x)
    if p is None or p in (2, -2):
        values = svdvals(x)
        largest, smallest = values[..., 0], values[..., -1]
        result = smallest / largest if p == -2 else largest / smallest
    else:
        check_square("cond", x)
        result = norm(x, p, (-2, -1)) * norm(inv(x), p, (-2, -1))
    return result


def vector_norm(x: Any, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    """Return the norm of vectors, as :func:`numpy.linalg.vector_norm`; None: of all elements."""
    x = operand(x)
    ndim = x.ndim
    axes = range(ndim) if axis is None else axis if isinstance(axis, (tuple, list)) else (axis,)
    axes = [normalize_axis_index(i, ndim) for i in axes]
    kept = tuple([1 if i in axes else n for i, n in enumerate(x.shape)])
    rest = tuple([n for i, n in enumerate(x.shape) if i not in axes])
    lines = moveaxis(x, axes, tuple(range(ndim - len(axes), ndim)))
    result = norm(reshape(lines, (*rest, math.prod([x.shape[i] for i in axes]))), ord, -1)
    return reshape(result, kept) if keepdims else result


def matrix_norm(x: Any, keepdims: bool = False, ord: Any = "fro") -> Any:
    """Return the norm of the matrices in the last two axes, as :func:`numpy.linalg.matrix_norm`."""
    return norm(x, ord, (-2, -1), keepdims)
