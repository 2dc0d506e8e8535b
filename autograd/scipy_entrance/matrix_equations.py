"""Linear equations for matrices: those of Sylvester and of Lyapunov."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg

from ..core.call_types import of_two
from ..ops.inverses import inv, solve
from ..ops.products import kron, matmul
from ..ops.shaping import reshape
from ..primitive import primitive
from .matrix_input import matrix, transpose_of
from .plain_calls import scipys_of_plain

__all__ = ["solve_continuous_lyapunov", "solve_discrete_lyapunov", "solve_lyapunov", "solve_sylvester"]


@primitive
def _solve_sylvester(a: Any, b: Any, q: Any, /) -> Any:
    return scipy.linalg.solve_sylvester(a, b, q)


def _right_side_rule(g: Any, out: Any, a: Any, b: Any, q: Any) -> Any:
    return _solve_sylvester(transpose_of(a), transpose_of(b), g)


_solve_sylvester.rules(
    lambda g, out, a, b, q: -matmul(_right_side_rule(g, out, a, b, q), transpose_of(out)),
    lambda g, out, a, b, q: -matmul(transpose_of(out), _right_side_rule(g, out, a, b, q)),
    _right_side_rule,
)


@scipys_of_plain("linalg")
def solve_sylvester(a: Any, b: Any, q: Any) -> Any:
    """Return the matrix ``x`` with ``a @ x + x @ b = q``, as :func:`scipy.linalg.solve_sylvester`.

    Its derivatives are solutions of such equations, and hold to any order.

    Parameters
    ----------
    a : array_like or Tensor
        Shape ``(m, m)``.
    b : array_like or Tensor
        Shape ``(n, n)``. No eigenvalue of it is the negative of one of ``a``.
    q : array_like or Tensor
        Shape ``(m, n)``, which is that of the result.

    Raises
    ------
    ValueError
        If the shapes are others.

    Examples
    --------
    >>> from seegrad.scipy import linalg
    >>> linalg.solve_sylvester(np.eye(2), 2 * np.eye(2), np.array([[3.0, 0.0], [6.0, 9.0]]))
    array([[1., 0.],
           [2., 3.]])
    """
    a, b = matrix("solve_sylvester", a), matrix("solve_sylvester", b)
    q = matrix("solve_sylvester", q, square=False)
    if q.shape != (a.shape[0], b.shape[0]):
        raise ValueError(f"solve_sylvester: a {a.shape} and b {b.shape} do not fit q {q.shape}")
    return _solve_sylvester(a, b, q)


@of_two
@scipys_of_plain("linalg")
def solve_continuous_lyapunov(a: Any, q: Any) -> Any:
    """Return the matrix ``x`` with ``a @ x + x @ a.conj().T = q``.

    It is that of :func:`scipy.linalg.solve_continuous_lyapunov`.

    Parameters
    ----------
    a, q : array_like or Tensor
        Shape ``(n, n)``.

    Examples
    --------
    >>> from seegrad.scipy import linalg
    >>> linalg.solve_continuous_lyapunov(np.diag([1.0, 2.0]), 4.0 * np.eye(2))
    array([[2., 0.],
           [0., 1.]])
    """
    a, q = matrix("solve_continuous_lyapunov", a), matrix("solve_continuous_lyapunov", q)
    return solve_sylvester(a, transpose_of(a, conjugate=True), q)


solve_lyapunov = solve_continuous_lyapunov


@of_two
@scipys_of_plain("linalg")
def solve_discrete_lyapunov(a: Any, q: Any, method: str | None = None) -> Any:
    """Return the matrix ``x`` with ``a @ x @ a.conj().T - x + q = 0``.

    It is that of :func:`scipy.linalg.solve_discrete_lyapunov`.

    Parameters
    ----------
    a, q : array_like or Tensor
        Shape ``(n, n)``.
    method : ``"direct"`` or ``"bilinear"``, optional
        One system of ``n**2`` equations, the default of up to 9 rows; or a continuous equation.

    Examples
    --------
    >>> from seegrad.scipy import linalg
    >>> linalg.solve_discrete_lyapunov(0.5 * np.eye(2), 3.0 * np.eye(2))
    array([[4., 0.],
           [0., 4.]])
    """
    a, q = matrix("solve_discrete_lyapunov", a), matrix("solve_discrete_lyapunov", q)
    n = a.shape[0]
    method = ("bilinear" if n >= 10 else "direct") if method is None else method.lower()
    adjoint, one = transpose_of(a, conjugate=True), np.eye(n, dtype=a.dtype)
    if method == "direct":
        conjugate = transpose_of(adjoint)
        return reshape(solve(np.eye(n * n, dtype=a.dtype) - kron(a, conjugate), reshape(q, (-1,))), (n, n))
    if method != "bilinear":
        raise ValueError(f'solve_discrete_lyapunov: method is "direct" or "bilinear", got {method!r}')
    back = inv(adjoint + one)
    middle = 2.0 * matmul(matmul(inv(a + one), q), back)
    return solve_continuous_lyapunov(transpose_of(matmul(adjoint - one, back), conjugate=True), -middle)
