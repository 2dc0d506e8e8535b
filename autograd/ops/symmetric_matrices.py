"""Factorizations with NumPy's options for symmetric matrices: which triangle is read, and that they are symmetric."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

from ..core.node import data_of
from ..core.op import PlainFunction
from . import factorizations, matrix_functions
from .elementwise import absolute
from .factorizations import eigh
from .indexing import take_along_axis
from .matrices import adjoint, check_square, transposed
from .matrix_results import SVDResult
from .shaping import expand_dims, operand, tril


def eigvalsh(x: Any, UPLO: str = "L") -> Any:
    """Return the eigenvalues of symmetric matrices, in ascending order."""
    return eigh(x, UPLO).eigenvalues


def cholesky(x: Any, upper: bool = False) -> Any:
    """Return the Cholesky factor: lower triangular, of the lower triangle of ``x``, or upper of the upper."""
    return transposed(factorizations.cholesky(transposed(operand(x)))) if upper else factorizations.cholesky(x)


def svd(x: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False) -> Any:
    """Return the singular value decomposition; of symmetric matrices by their eigenvalues, if ``hermitian``."""
    if not hermitian:
        return factorizations.svd(x, full_matrices, compute_uv)
    values, vectors = eigh(x)
    sizes = absolute(values)
    order = _descending(data_of(sizes))
    sizes = take_along_axis(sizes, order, -1)
    if not compute_uv:
        return sizes
    signs, order = _signs(data_of(values), order), np.expand_dims(order, -2)
    vectors = take_along_axis(vectors, order, -1)
    return SVDResult(vectors, sizes, adjoint(vectors * expand_dims(signs, -2)))


@PlainFunction
def _descending(sizes: Any) -> Any:
    return np.argsort(sizes)[..., ::-1]


@PlainFunction
def _signs(values: Any, order: Any) -> Any:
    return np.take_along_axis(np.sign(values), order, -1)


def pinv(x: Any, rcond: Any = None, hermitian: bool = False, rtol: Any = np._NoValue) -> Any:
    """Return the pseudo-inverse; of symmetric matrices, whose lower triangle is read, if ``hermitian``."""
    x = operand(x)
    if rtol is not np._NoValue:
        if rcond is not None:
            raise ValueError("pinv: rcond and rtol are the same, pass one of them")
        rcond = builtins.max(x.shape[-2:]) * np.finfo(x.dtype).eps if rtol is None else rtol
    if hermitian:
        check_square("pinv", x)
        x = tril(x) + adjoint(tril(x, -1))
    return matrix_functions.pinv(x, rcond)
