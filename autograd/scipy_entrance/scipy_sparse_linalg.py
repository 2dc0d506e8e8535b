"""``seegrad.scipy.sparse.linalg``: linear equations with sparse matrices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import scipy.sparse.linalg

from ..core.node import Node
from ..ops.shaping import operand, reshape
from .matrix_input import right_side
from .sparse_arrays import SparseArray, is_sparse
from .sparse_products import factored_solution, sparse_solution

__all__ = ["factorized", "spsolve"]


def spsolve(A: Any, b: Any, permc_spec: str | None = None, use_umfpack: bool = True) -> Any:
    """Solve ``A @ x = b`` for a sparse matrix, as :func:`scipy.sparse.linalg.spsolve`.

    The gradient is the solution of equations with the transposed matrix, for which it is factored once more.

    Parameters
    ----------
    A : sparse array of SciPy or SparseArray
        Shape ``(n, n)``. The stored elements of a :class:`SparseArray` are differentiated.
    b : array_like or Tensor
        Shape ``(n,)`` or ``(n, k)``. A sparse ``b`` is SciPy's alone.
    permc_spec : str, optional
        How SciPy orders the columns.
    use_umfpack : bool
        Whether SciPy may use UMFPACK, if no node is given.

    Returns
    -------
    Tensor or ndarray
        Shape ``(n,)`` or ``(n, k)``; as from SciPy, ``(n,)`` for one column too.

    Raises
    ------
    TypeError
        If ``A`` is not sparse.
    ValueError
        If shapes do not fit.

    Examples
    --------
    >>> import scipy.sparse
    >>> from seegrad.scipy.sparse import linalg
    >>> A = scipy.sparse.csc_array([[2.0, 0.0], [1.0, 4.0]])
    >>> b = sg.tensor([2.0, 9.0], requires_grad=True)
    >>> linalg.spsolve(A, b).sum().backward()
    >>> b.grad
    array([0.375, 0.25 ])
    """
    if not is_sparse(A):
        if isinstance(A, Node):
            raise TypeError("spsolve: A must be a sparse array, got a Tensor; use seegrad.scipy.linalg.solve")
    elif not isinstance(A, SparseArray) and (is_sparse(b) or not isinstance(b := operand(b), Node)):
        A = A if A.format in ("csc", "csr") else A.tocsc()
        return scipy.sparse.linalg.spsolve(A, b, permc_spec, use_umfpack)
    A = SparseArray.of(A)
    if A.shape[0] != A.shape[1]:
        raise ValueError(f"spsolve: expected a square matrix, got shape {A.shape}")
    b = right_side("spsolve", A.shape[0], b)
    values, pattern = A.by_rows()
    x = sparse_solution(values, b, pattern, order=permc_spec)
    return reshape(x, (-1,)) if b.ndim == 2 and b.shape[1] == 1 else x


def factorized(A: Any) -> Callable[[Any], Any]:
    """Return a function that solves ``A @ x = b`` for any ``b``, as :func:`scipy.sparse.linalg.factorized`.

    The matrix is constant, and factored once, for solutions and for gradients.

    Parameters
    ----------
    A : sparse array of SciPy
        Shape ``(n, n)``.

    Returns
    -------
    callable
        Takes and returns an array or a Tensor of shape ``(n,)`` or ``(n, k)``.

    Raises
    ------
    TypeError
        If the elements of the matrix are nodes.
    RuntimeError
        If the matrix is singular.

    Examples
    --------
    >>> import scipy.sparse
    >>> from seegrad.scipy.sparse import linalg
    >>> solve = linalg.factorized(scipy.sparse.csc_array([[2.0, 0.0], [1.0, 4.0]]))
    >>> sg.grad(lambda b: solve(b).sum())(np.array([2.0, 9.0]))
    array([0.375, 0.25 ])
    """
    if isinstance(A, SparseArray):
        raise TypeError("factorized: the elements of this matrix are nodes; use spsolve, which differentiates them")
    factors = scipy.sparse.linalg.splu(scipy.sparse.csc_array(A))

    def solve(b: Any) -> Any:
        return factored_solution(right_side("factorized", factors.shape[0], b), factors)

    return solve
