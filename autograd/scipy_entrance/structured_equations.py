"""Linear equations with structured matrices: triangular, banded, symmetric, positive definite.

Gradients are solutions of equations with the transposed matrix, of the same structure. Elements that a function does
not read, such as those above the diagonal of a lower triangular matrix, have a gradient of 0. That of a symmetric
matrix, of which one triangle is read, is symmetric, as that of :func:`cholesky`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg

from ..core.call_types import keeps_kind, of_two
from ..core.op import PlainFunction
from ..ops.elementwise import conj
from ..ops.factorizations import cholesky as lower_factor
from ..ops.products import matmul
from ..ops.shaping import expand_dims, tril, triu
from ..primitive import primitive
from .matrix_input import matrix, only, right_side, transpose_of
from .plain_calls import scipys_of_plain

__all__ = ["cho_factor", "cho_solve", "cholesky", "solve", "solve_triangular"]


def columns(b: Any) -> Any:
    """Return a right side as a matrix of columns."""
    return expand_dims(b, -1) if b.ndim == 1 else b


def outer_product(x: Any, y: Any) -> Any:
    """Return ``x @ y.T`` of vectors or of columns."""
    return matmul(columns(x), transpose_of(columns(y)))


# ------------------------------------------------------------------------------------------------ triangular


@primitive
def _solve_triangular(a: Any, b: Any, /, transposed: bool, lower: bool, unit_diagonal: bool) -> Any:
    return scipy.linalg.solve_triangular(a, b, int(transposed), lower, unit_diagonal, check_finite=False)


def _triangular_rule(g: Any, out: Any, a: Any, b: Any, transposed: bool, lower: bool, unit_diagonal: bool) -> Any:
    return _solve_triangular(a, g, not transposed, lower, unit_diagonal)


def _triangle_rule(g: Any, out: Any, a: Any, b: Any, transposed: bool, lower: bool, unit_diagonal: bool) -> Any:
    back = _solve_triangular(a, g, not transposed, lower, unit_diagonal)
    whole = -(outer_product(out, back) if transposed else outer_product(back, out))
    skipped = int(unit_diagonal)
    return tril(whole, -skipped) if lower else triu(whole, skipped)


_solve_triangular.rules(_triangle_rule, _triangular_rule)


@of_two
@scipys_of_plain("linalg")
def solve_triangular(
    a: Any,
    b: Any,
    trans: int | str = 0,
    lower: bool = False,
    unit_diagonal: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
) -> Any:
    """Solve ``a @ x = b`` for a triangular matrix, as :func:`scipy.linalg.solve_triangular`.

    Parameters
    ----------
    a : array_like or Tensor
        Shape ``(n, n)``. Only one triangle is read.
    b : array_like or Tensor
        Shape ``(n,)`` or ``(n, k)``, which is that of the result.
    trans : {0, 1, 2, "N", "T", "C"}
        1 and ``"T"`` solve ``a.T @ x = b``, 2 and ``"C"`` solve ``a.conj().T @ x = b``.
    lower : bool
        Which triangle is read.
    unit_diagonal : bool
        Whether the diagonal is taken for ones, without being read.
    overwrite_b : bool
        Has no effect: a right side may be needed for derivatives.
    check_finite : bool
        Whether inf and NaN are refused.

    Raises
    ------
    numpy.linalg.LinAlgError
        If an element of the diagonal is 0.
    ValueError
        If shapes do not fit, or numbers are not finite.

    Examples
    --------
    >>> from seegrad.scipy import linalg
    >>> linalg.solve_triangular(np.array([[2.0, 0.0], [1.0, 4.0]]), np.array([2.0, 9.0]), lower=True)
    array([1., 2.])
    """
    a = matrix("solve_triangular", a)
    b = right_side("solve_triangular", a.shape[0], b)
    if trans not in _TRANSPOSED:
        raise ValueError(f"solve_triangular: trans is 0, 1, 2, 'N', 'T' or 'C', got {trans!r}")
    if check_finite:
        refuse_infinite("solve_triangular", a, b)
    if trans in (2, "C") and a.dtype.kind == "c":
        a = conj(a)
    return _solve_triangular(a, b, _TRANSPOSED[trans], bool(lower), bool(unit_diagonal))


_TRANSPOSED: dict[Any, bool] = {0: False, "N": False, 1: True, "T": True, 2: True, "C": True}


@PlainFunction
def refuse_infinite(name: str, *arrays: Any) -> None:
    """Raise ValueError if numbers are not finite, as SciPy does."""
    for x in arrays:
        if not np.all(np.isfinite(x)):
            raise ValueError(f"{name}: array must not contain infs or NaNs")


# ------------------------------------------------------------------------------------- general and symmetric


@primitive
def _symmetric(x: Any, /, lower: bool, hermitian: bool) -> Any:
    """Return the symmetric or Hermitian matrix of which one triangle is given."""
    part = np.tril(x) if lower else np.triu(x)
    rest = np.tril(x, -1).T if lower else np.triu(x, 1).T
    if hermitian and np.iscomplexobj(x):
        part, rest = part - 1j * np.diag(np.diag(x).imag), rest.conj()
    return part + rest


_symmetric.rules(lambda g, out, x, lower, hermitian: (g + transpose_of(g, conjugate=hermitian)) * 0.5)


@primitive
def _solve_assumed(a: Any, b: Any, /, assume_a: str | None) -> Any:
    options = {} if assume_a is None else {"assume_a": assume_a}
    return scipy.linalg.solve(a, b, **options)


def _assumed_rule(g: Any, out: Any, a: Any, b: Any, assume_a: str | None) -> Any:
    return _solve_assumed(transpose_of(a), g, assume_a)


_solve_assumed.rules(
    lambda g, out, a, b, assume_a: -outer_product(_assumed_rule(g, out, a, b, assume_a), out), _assumed_rule
)

_SYMMETRIC = {"sym": False, "symmetric": False}
_HERMITIAN = {"her": True, "hermitian": True, "pos": True, "positive definite": True}
_TRIANGULAR = {"upper triangular": False, "lower triangular": True}
_READ = {
    "diagonal": lambda row, column: row == column,
    "tridiagonal": lambda row, column: abs(row - column) <= 1,
}


@scipys_of_plain("linalg")
def solve(
    a: Any,
    b: Any,
    lower: bool = False,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
    assume_a: str | None = None,
    transposed: bool = False,
) -> Any:
    """Solve ``a @ x = b``, as :func:`scipy.linalg.solve`.

    Parameters
    ----------
    a : array_like or Tensor
        Shape ``(n, n)``.
    b : array_like or Tensor
        Shape ``(n,)`` or ``(n, k)``, which is that of the result.
    lower : bool
        Which triangle of a symmetric, Hermitian or positive definite matrix is read.
    overwrite_a, overwrite_b : bool
        Have no effect.
    check_finite : bool
        Whether inf and NaN are refused.
    assume_a : str, optional
        What is known of the matrix: ``"gen"``, ``"sym"``, ``"her"``, ``"pos"``, ``"diagonal"``, ``"tridiagonal"``,
        ``"upper triangular"`` or ``"lower triangular"``. Elements that this leaves out are not read.
    transposed : bool
        Whether to solve ``a.T @ x = b``.

    Raises
    ------
    numpy.linalg.LinAlgError
        If the matrix is singular, or not positive definite although that was assumed.
    ValueError
        If shapes do not fit, or numbers are not finite.

    Examples
    --------
    >>> from seegrad.scipy import linalg
    >>> linalg.solve(np.array([[4.0, 2.0], [0.0, 10.0]]), np.array([8.0, 22.0]), assume_a="pos")
    array([1., 2.])
    """
    a = matrix("solve", a)
    b = right_side("solve", a.shape[0], b)
    if check_finite:
        refuse_infinite("solve", a, b)
    if assume_a in _TRIANGULAR:
        return _solve_triangular(a, b, bool(transposed), _TRIANGULAR[assume_a], False)
    if assume_a in _SYMMETRIC or assume_a in _HERMITIAN:
        a = _symmetric(a, bool(lower), assume_a in _HERMITIAN)
    elif assume_a in _READ:
        a = only(_READ[assume_a](*np.ogrid[: a.shape[0], : a.shape[0]]), a)
    if transposed:
        a = transpose_of(a)
    if not a.shape[0]:
        return b
    return _solve_assumed(a, b, assume_a)


@keeps_kind
@scipys_of_plain("linalg")
def cholesky(a: Any, lower: bool = False, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    """Return the Cholesky factor of a positive definite matrix, as :func:`scipy.linalg.cholesky`.

    Only the triangle of ``a`` that the factor has is read; the gradient is the symmetric one.

    Parameters
    ----------
    a : array_like or Tensor
        Shape ``(n, n)``, symmetric or Hermitian.
    lower : bool
        Whether to return the lower triangular ``L`` with ``L @ L.conj().T = a``, instead of the upper triangular ``U``
        with ``U.conj().T @ U = a``.
    overwrite_a : bool
        Has no effect.
    check_finite : bool
        Whether inf and NaN are refused.

    Raises
    ------
    numpy.linalg.LinAlgError
        If the matrix is not positive definite.

    Examples
    --------
    >>> from seegrad.scipy import linalg
    >>> linalg.cholesky(np.array([[4.0, 2.0], [2.0, 10.0]]))
    array([[2., 1.],
           [0., 3.]])
    """
    a = matrix("cholesky", a)
    if check_finite:
        refuse_infinite("cholesky", a)
    return lower_factor(a) if lower else transpose_of(lower_factor(transpose_of(a, conjugate=True)), conjugate=True)


@scipys_of_plain("linalg")
def cho_factor(a: Any, lower: bool = False, overwrite_a: bool = False, check_finite: bool = True) -> tuple[Any, bool]:
    """Return the Cholesky factor for :func:`cho_solve`, as :func:`scipy.linalg.cho_factor`, and which triangle it is.

    The other triangle of the factor is 0; SciPy leaves numbers there that mean nothing.

    Examples
    --------
    >>> from seegrad.scipy import linalg
    >>> factor = linalg.cho_factor(np.array([[4.0, 2.0], [2.0, 10.0]]))
    >>> linalg.cho_solve(factor, np.array([8.0, 22.0]))
    array([1., 2.])
    """
    return cholesky(a, lower=lower, check_finite=check_finite), bool(lower)


@scipys_of_plain("linalg")
def cho_solve(c_and_lower: tuple[Any, bool], b: Any, overwrite_b: bool = False, check_finite: bool = True) -> Any:
    """Solve ``a @ x = b`` from the Cholesky factor of ``a``, as :func:`scipy.linalg.cho_solve`.

    Parameters
    ----------
    c_and_lower : tuple of (array_like or Tensor, bool)
        What :func:`cho_factor` returns: the factor, and whether it is the lower one. The other triangle is not read.
    b : array_like or Tensor
        Shape ``(n,)`` or ``(n, k)``, which is that of the result.
    overwrite_b : bool
        Has no effect.
    check_finite : bool
        Whether inf and NaN are refused.

    Raises
    ------
    ValueError
        If shapes do not fit, or numbers are not finite.

    Examples
    --------
    >>> from seegrad.scipy import linalg
    >>> linalg.cho_solve((np.array([[2.0, 0.0], [1.0, 3.0]]), True), np.array([8.0, 22.0]))
    array([1., 2.])
    """
    c, lower = c_and_lower
    first, second = (0, 2) if lower else (2, 0)
    b = solve_triangular(c, b, first, lower, check_finite=check_finite)
    return solve_triangular(c, b, second, lower, check_finite=False)
