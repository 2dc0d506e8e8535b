"""Functions of matrices: exponential, logarithm, square root, polar decomposition, pseudo-inverse.

Their derivatives hold at repeated eigenvalues and singular values too, where single eigenvectors have none.
"""

from __future__ import annotations

import builtins
import math
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from ...common.quiet import quiet
from ...common.seam import interpretable
from ..core.call_types import keeps_kind
from ..core.node import data_of, is_recorded
from ..core.op import Op, PlainFunction
from .factorizations import rounding_noise, svd
from .inverses import _solve
from .matrices import adjoint, check_square, conjugated, transposed
from .matrix_results import PolarResult
from .products import matmul
from .questions import asked
from .shaping import expand_dims, operand

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..core.call_types import Operand, Tensor


@keeps_kind
@interpretable
def expm(x: Any) -> Any:
    """Return the matrix exponential, as :func:`scipy.linalg.expm`: the sum of ``x ** k / k!`` in matrix products.

    It is computed by matrix products and one solution of linear equations (a Pade approximation, scaled and squared),
    so its derivatives hold to any order, at repeated eigenvalues too.

    Parameters
    ----------
    x : array_like or Tensor
        Shape ``(..., n, n)``.

    Examples
    --------
    >>> sg.linalg.expm(np.zeros((2, 2)))
    array([[1., 0.],
           [0., 1.]])
    """
    x = operand(x)
    check_square("expm", x)
    halvings = _halvings(data_of(x))
    x = x * 0.5**halvings
    order = 8
    numerator = denominator = np.eye(x.shape[-1], dtype=x.dtype)
    term, c = numerator, 1.0
    for k in range(1, order + 1):
        c *= (order - k + 1) / (k * (2 * order - k + 1))
        term = matmul(x, term)
        numerator, denominator = numerator + c * term, denominator + (-1) ** k * c * term
    result = _solve(denominator, numerator)
    for _ in range(halvings):
        result = matmul(result, result)
    return result


@PlainFunction
def _halvings(x: Any) -> int:
    """Return how often a matrix has to be halved until the approximation holds."""
    size = np.max(np.sum(np.abs(x), -1), initial=0.0)
    return builtins.max(0, math.frexp(size)[1] + 1) if np.isfinite(size) else 0


@Op
def _solve_sylvester(x: Any, y: Any, /) -> Any:
    """Return the matrix ``z`` with ``x @ z + z @ x = y``, for a symmetric ``x`` with positive eigenvalues.

    A complex ``x`` is Hermitian.
    """
    values, vectors = np.linalg.eigh(x)
    back = adjoint(vectors)
    rotated = back @ y @ vectors
    with quiet("divide", "invalid"):
        return vectors @ (rotated / (values[..., None] + values[..., None, :])) @ back


def _solve_sylvester_rule(g: Any, out: Any, x: Any, y: Any) -> Any:
    back = _solve_sylvester(x, conjugated(g))
    return conjugated(-(matmul(back, adjoint(out)) + matmul(adjoint(out), back)))


_solve_sylvester.rules(_solve_sylvester_rule, lambda g, out, x, y: conjugated(_solve_sylvester(x, conjugated(g))))


@Op
def sqrtm(x: Any, /) -> Any:
    """Return the square root of symmetric matrices without negative eigenvalues: ``r @ r = x``, ``r`` of the same kind.

    Complex matrices are Hermitian. Only the lower triangle of ``x`` is read. The gradient is the symmetric one; it
    holds to any order, at repeated eigenvalues too. As that of the root of a number, it is not finite where an
    eigenvalue is 0.

    Parameters
    ----------
    x : array_like or Tensor
        Shape ``(..., n, n)``.

    Raises
    ------
    numpy.linalg.LinAlgError
        If an eigenvalue is negative by more than rounding.

    Examples
    --------
    >>> sg.linalg.sqrtm(np.array([[5.0, 4.0], [4.0, 5.0]])).round(6)
    array([[2., 1.],
           [1., 2.]])
    """
    check_square("sqrtm", x)
    values, vectors = np.linalg.eigh(x)
    if np.any(values < -rounding_noise(values, 8 * x.shape[-1])[..., 0]):
        raise np.linalg.LinAlgError(f"sqrtm: expected no negative eigenvalues, got {values.min()}")
    return (vectors * np.sqrt(np.maximum(values, 0))[..., None, :]) @ adjoint(vectors)


def _sqrtm_rule(g: Any, out: Any, x: Any) -> Any:
    g = conjugated(g)
    return conjugated(_solve_sylvester(out, 0.5 * (g + adjoint(g))))


sqrtm.rules(_sqrtm_rule)


@keeps_kind
@interpretable
def logm(x: Any) -> Any:
    """Return the logarithm of symmetric positive definite matrices: the symmetric ``y`` with ``expm(y) = x``.

    It is computed from square roots and solutions of linear equations, so its derivatives hold to any order, at
    repeated eigenvalues too. Only the lower triangle of ``x`` is read.

    Parameters
    ----------
    x : array_like or Tensor
        Shape ``(..., n, n)``.

    Raises
    ------
    numpy.linalg.LinAlgError
        If an eigenvalue is negative.

    Examples
    --------
    >>> sg.linalg.logm(np.eye(2))
    array([[0., 0.],
           [0., 0.]])
    """
    x = operand(x)
    root, one, roots = sqrtm(x), np.eye(x.shape[-1], dtype=x.dtype), 1
    while roots < 40 and _is_far(root, one):
        root, roots = sqrtm(root), roots + 1
    rest, total = root - one, 0.0
    nodes, weights = np.polynomial.legendre.leggauss(8)  # log(1 + r) is the integral of r / (1 + t r), t from 0 to 1
    for t, w in zip((0.5 + 0.5 * nodes).tolist(), (0.5 * weights).tolist()):
        total = total + w * _solve(one + t * rest, rest)
    return total * 2.0**roots


@asked
def _is_far(root: Any, one: Any) -> bool:
    """Whether a root is so far from the identity that the integral would not be exact."""
    return bool(np.max(np.abs(data_of(root) - one), initial=0.0) > 0.25 / builtins.max(1, one.shape[-1]))


@Op
def _polar(x: Any, /) -> Any:
    """Return the orthonormal factor of matrices with at least as many rows as columns."""
    u, _, vt = np.linalg.svd(x, full_matrices=False)
    return u @ vt


def _polar_rule(g: Any, out: Any, x: Any) -> Any:
    g = conjugated(g)
    stretch, turned = matmul(adjoint(out), x), matmul(adjoint(out), g)
    result = matmul(out, _solve_sylvester(stretch, turned - adjoint(turned)))
    if x.shape[-2] > x.shape[-1]:
        result = result + adjoint(_solve(adjoint(stretch), adjoint(g - matmul(out, turned))))
    return conjugated(result)


_polar.rules(_polar_rule)


@overload
def polar(x: Tensor) -> PolarResult[Tensor]: ...
@overload
def polar(x: NDArray[Any]) -> PolarResult[NDArray[Any]]: ...
@overload
def polar(x: Operand) -> PolarResult[Any]: ...
def polar(x: Any) -> PolarResult[Any]:
    """Return the polar decomposition ``x = U @ P``, as :func:`scipy.linalg.polar`.

    ``U`` is the matrix with orthonormal columns that is closest to ``x``. It equals ``U @ Vh`` of the singular value
    decomposition, but its gradient holds to any order at repeated singular values too. Where a singular value is 0 it
    has none.

    Parameters
    ----------
    x : array_like or Tensor
        Shape ``(..., n, m)``.

    Returns
    -------
    PolarResult
        ``U`` ``(..., n, m)`` and ``P`` ``(..., m, m)``.

    Examples
    --------
    >>> sg.linalg.polar(np.array([[0.0, -3.0], [2.0, 0.0]])).P.round(6) + 0.0
    array([[2., 0.],
           [0., 3.]])
    """
    x = operand(x)
    u = _polar(x) if x.shape[-2] >= x.shape[-1] else adjoint(_polar(adjoint(x)))
    return PolarResult(u, matmul(adjoint(u), x))


@Op
def pinv(x: Any, /, rcond: float | None = None) -> Any:
    """Return the Moore-Penrose pseudo-inverse.

    Its derivative (Golub and Pereyra 1973) holds where the rank does not change nearby.

    Parameters
    ----------
    x : array_like or Tensor
        Shape ``(..., n, m)``.
    rcond : float, optional
        Singular values up to this fraction of the largest count as 0. If values are left out that are not 0, second
        derivatives are NaN at repeated singular values.

    Examples
    --------
    >>> sg.linalg.pinv(np.array([[2.0], [0.0]]))
    array([[0.5, 0. ]])
    """
    return np.linalg.pinv(x) if rcond is None else np.linalg.pinv(x, rcond)


def _pinv_rule(g: Any, out: Any, x: Any, rcond: float | None) -> Any:
    if rcond is not None:
        kept, lost = _kept_values(data_of(x), rcond, is_recorded(x))
        if lost:
            return _truncated_pinv_rule(g, x, kept)
    rows, columns = np.eye(x.shape[-2], dtype=x.dtype), np.eye(x.shape[-1], dtype=x.dtype)
    g, back = conjugated(g), adjoint(out)
    inner = -matmul(matmul(back, g), back)
    left = matmul(matmul(rows - matmul(x, out), adjoint(g)), matmul(out, back))
    right = matmul(matmul(matmul(back, out), adjoint(g)), columns - matmul(out, x))
    return conjugated(inner + left + right)


@PlainFunction
def _kept_values(x: Any, rcond: Any, recorded: bool) -> tuple[Any, bool]:
    """Return which singular values count, and whether any does not that is not 0 (for higher derivatives, or is)."""
    s = np.linalg.svd(x, compute_uv=False)
    kept = s > np.asarray(rcond)[..., None] * np.max(s, -1, keepdims=True, initial=0)
    lost = ~kept if recorded else ~kept & (s > rounding_noise(s, builtins.max(x.shape[-2:]))[..., 0])
    return kept, bool(np.any(lost))


def _truncated_pinv_rule(g: Any, x: Any, kept: Any) -> Any:
    """Return the gradient where singular values that are not 0 are left out.

    It is the gradient of the transposed ``U @ diag(f(s)) @ Vh``, where f(s) is 1 / s for the values that are ``kept``
    and 0 for the others.
    """
    u, s, vt = svd(x, full_matrices=False)
    one = kept.astype(data_of(s).dtype)
    inverse = one / (s * one + (1.0 - one))
    g, v, one_kept = adjoint(conjugated(g)), adjoint(vt), kept[..., None, :] != kept[..., None]
    middle = matmul(matmul(adjoint(u), g), v)
    row, column, f, other_f = (expand_dims(values, axis) for values in (s, inverse) for axis in (-2, -1))
    apart, both = one_kept.astype(data_of(s).dtype), f * other_f
    equal = both * -1.0 + apart * (f - other_f) / (apart * (row - column) + (1.0 - apart))
    opposite = both + apart * (f + other_f) / (apart * (row + column) + (1.0 - apart))
    middle = 0.5 * (equal * (middle + adjoint(middle)) + opposite * (middle - adjoint(middle)))
    squares = expand_dims(inverse * inverse, -2)
    beside, below = matmul(adjoint(u), g), matmul(g, v)  # for the space outside of the thin factors
    left = matmul((below - matmul(u, matmul(adjoint(u), below))) * squares, vt)
    right = matmul(u, transposed(squares) * (beside - matmul(matmul(beside, v), vt)))
    return conjugated(matmul(matmul(u, middle), vt) + left + right)


pinv.rules(_pinv_rule)
