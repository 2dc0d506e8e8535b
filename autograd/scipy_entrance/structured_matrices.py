"""Matrices built of vectors and of other matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.call_types import keeps_kind
from ..ops.indexing import take
from ..ops.shaping import atleast_2d, concatenate, operand, pad, reshape
from .plain_calls import scipys_of_plain

__all__ = ["block_diag", "circulant", "hankel", "toeplitz"]


def _vector(name: str, x: Any) -> Any:
    x = operand(x)
    if x.ndim > 1:
        raise ValueError(f"{name}: expected a vector, got shape {x.shape}")
    return reshape(x, (-1,))


@scipys_of_plain("linalg")
def block_diag(*arrs: Any) -> Any:
    """Return the matrix with the given ones on its diagonal, as :func:`scipy.linalg.block_diag`.

    Parameters
    ----------
    *arrs : array_like or Tensor
        Up to 2-d; a vector is a matrix of one row.

    Examples
    --------
    >>> from seegrad.scipy import linalg
    >>> linalg.block_diag(np.array([[1.0, 2.0]]), 3.0)
    array([[1., 2., 0.],
           [0., 0., 3.]])
    """
    blocks = [atleast_2d(operand(x)) for x in arrs] or [np.zeros((1, 0))]
    for x in blocks:
        if x.ndim > 2:
            raise ValueError(f"block_diag: expected matrices, got shape {x.shape}")
    width, before, rows = sum(x.shape[1] for x in blocks), 0, []
    for x in blocks:
        rows.append(pad(x, ((0, 0), (before, width - before - x.shape[1]))))
        before += x.shape[1]
    return concatenate(rows, 0)


@keeps_kind
@scipys_of_plain("linalg")
def toeplitz(c: Any, r: Any = None) -> Any:
    """Return the matrix with constant diagonals, as :func:`scipy.linalg.toeplitz`.

    Parameters
    ----------
    c : array_like or Tensor
        The first column.
    r : array_like or Tensor, optional
        The first row, of which the first element is not read. Default: the conjugate of ``c``.

    Examples
    --------
    >>> from seegrad.scipy import linalg
    >>> linalg.toeplitz(np.array([1.0, 2.0]), np.array([1.0, 4.0, 5.0]))
    array([[1., 4., 5.],
           [2., 1., 4.]])
    """
    c = _vector("toeplitz", c)
    r = (c.conj() if c.dtype.kind == "c" else c) if r is None else _vector("toeplitz", r)
    rows, columns = c.shape[0], r.shape[0]
    places = np.arange(rows)[:, None] - np.arange(columns)
    return take(concatenate([c, r[1:]]), np.where(places >= 0, places, rows - 1 - places))


@keeps_kind
@scipys_of_plain("linalg")
def circulant(c: Any) -> Any:
    """Return the matrix whose columns are a vector, each shifted by one, as :func:`scipy.linalg.circulant`.

    Examples
    --------
    >>> from seegrad.scipy import linalg
    >>> linalg.circulant(np.array([1.0, 2.0, 3.0]))
    array([[1., 3., 2.],
           [2., 1., 3.],
           [3., 2., 1.]])
    """
    c = _vector("circulant", c)
    n = c.shape[0]
    return take(c, (np.arange(n)[:, None] - np.arange(n)) % max(n, 1))


@keeps_kind
@scipys_of_plain("linalg")
def hankel(c: Any, r: Any = None) -> Any:
    """Return the matrix with constant diagonals in the other direction, as :func:`scipy.linalg.hankel`.

    Parameters
    ----------
    c : array_like or Tensor
        The first column.
    r : array_like or Tensor, optional
        The last row, of which the first element is not read. Default: zeros.

    Examples
    --------
    >>> from seegrad.scipy import linalg
    >>> linalg.hankel(np.array([1.0, 2.0]), np.array([0.0, 4.0, 5.0]))
    array([[1., 2., 4.],
           [2., 4., 5.]])
    """
    c = _vector("hankel", c)
    r = np.zeros(c.shape, c.dtype) if r is None else _vector("hankel", r)
    return take(concatenate([c, r[1:]]), np.arange(c.shape[0])[:, None] + np.arange(r.shape[0]))
