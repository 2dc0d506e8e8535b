"""Eigenvalues and eigenvectors of square matrices that need not be symmetric; they may be complex."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

import numpy as np

from ...common.plain_data import is_complex
from ..core.call_types import keeps_kind
from ..core.node import current_trace, data_of
from ..core.op import Op, PlainFunction
from .complex_parts import from_parts, imag, real
from .elementwise import ratio
from .factorizations import _between, _off_diagonal, _pack, _unpack, rounding_noise
from .indexing import diagonal
from .inverses import _solve
from .matrices import adjoint, check_square, conjugated, diagonal_matrix
from .matrix_results import EigResult
from .products import matmul
from .reductions import sum
from .shaping import expand_dims, operand

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..core.call_types import Operand, Tensor


@Op
def _eig(x: Any, /) -> Any:
    """Return the eigenvalues and eigenvectors of matrices, packed."""
    return _pack(x.shape[:-2], *np.linalg.eig(x))


def _eig_rule(g: Any, out: Any, x: Any) -> Any:
    """Return the vector-Jacobian product of eigenvalues and eigenvectors of length 1 (Boeddeker 2017)."""
    n = x.shape[-1]
    values, vectors = _unpack(out, (n,), (n, n))
    g_values, g_vectors = _unpack(conjugated(g), (n,), (n, n))
    along = expand_dims(diagonal(matmul(adjoint(vectors), g_vectors), 0, -2, -1), -2)
    if is_complex(out):
        largest = _largest(data_of(vectors))
        turn = from_parts(0.0, imag(along) / sum(real(vectors) * largest, -2, keepdims=True))
        g_vectors = g_vectors - turn * largest
        along = along - turn * sum(conjugated(vectors) * largest, -2, keepdims=True)
    across = g_vectors - vectors * along  # a vector of length 1 does not move along itself
    gaps = _between(expand_dims(values, -2), -expand_dims(values, -1), rounding_noise(values, n))
    among = ratio(_off_diagonal(matmul(adjoint(vectors), across)), conjugated(gaps))
    return conjugated(_solve(adjoint(vectors), matmul(among + diagonal_matrix(g_values), adjoint(vectors))))


_eig.rules(_eig_rule)


@PlainFunction
def _largest(vectors: Any) -> Any:
    """Return 1 at the largest component of each vector, which LAPACK makes real, and 0 elsewhere."""
    sizes = np.abs(vectors)
    rows = np.arange(sizes.shape[-2])[:, None]
    return (rows == np.argmax(sizes, -2)[..., None, :]).astype(sizes.dtype)


@overload
def eig(x: Tensor) -> EigResult[Tensor]: ...
@overload
def eig(x: NDArray[Any]) -> EigResult[NDArray[Any]]: ...
@overload
def eig(x: Operand) -> EigResult[Any]: ...
def eig(x: Any) -> EigResult[Any]:
    """Return the eigenvalues and eigenvectors of square matrices.

    Parameters
    ----------
    x : array_like or Tensor
        Shape ``(..., n, n)``, real or complex.

    Returns
    -------
    EigResult
        Eigenvalues ``(..., n)`` and eigenvectors ``(..., n, n)`` of length 1, in columns. As in NumPy they are complex
        unless all eigenvalues of a real matrix are real; the largest component of a vector is real. Its sign is
        arbitrary, so only functions that do not depend on it have a meaningful gradient; where eigenvalues coincide,
        single vectors have none.

    Examples
    --------
    >>> turn = lambda angle: np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    >>> sg.linalg.eig(turn(np.pi / 2)).eigenvalues.round(6) + 0
    array([0.+1.j, 0.-1.j])
    """
    x = operand(x)
    check_square("eig", x)
    if (trace := current_trace()) is not None:
        trace.fail("computes eigenvalues that are real or complex, as the numbers will have it")
    n = x.shape[-1]
    return EigResult(*_unpack(_eig(x), (n,), (n, n)))


@keeps_kind
def eigvals(x: Any) -> Any:
    """Return the eigenvalues of square matrices, in no particular order, as :func:`eig` does.

    Parameters
    ----------
    x : array_like or Tensor
        Shape ``(..., n, n)``, real or complex.

    Examples
    --------
    >>> sg.linalg.eigvals(np.array([[0.0, -1.0], [1.0, 0.0]]))
    array([0.+1.j, 0.-1.j])
    """
    return eig(x).eigenvalues
