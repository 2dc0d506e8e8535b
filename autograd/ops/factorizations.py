"""Factorizations of matrices: Cholesky, symmetric eigenvalues, singular values, QR.

A factorization with several results is one array in the graph, in which they lie side by side, and is taken apart by
slices. So every operation has one result.

Where eigenvalues or singular values coincide, single vectors have no derivative, and the derivative of a function of
the vectors cannot be computed from the factors. It is NaN, except in two cases: the values alone have a derivative, and
so have the vectors of other values. A vector counts as unused if its gradient is exactly 0 and both values of the pair
have the same gradient. Functions of a matrix that are smooth at repeated values have operations of their own, in
``matrix_functions.py``.
"""

from __future__ import annotations

import builtins
import math
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np

from ...common.plain_data import is_complex
from ..core.call_types import keeps_kind
from ..core.node import data_of, is_recorded
from ..core.op import Op, PlainFunction
from .complex_parts import from_parts, imag, real
from .elementwise import ratio, where
from .indexing import diagonal
from .inverses import _solve
from .matrices import adjoint, check_square, conjugated, diagonal_matrix
from .matrix_results import EighResult, QRResult, SVDResult
from .products import matmul
from .shaping import astype, concatenate, expand_dims, operand, reshape, tril, triu

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..core.call_types import Operand, Tensor


def _pack(batch: tuple[int, ...], *parts: Any) -> Any:
    """Lay matrices and vectors of one batch side by side in a single last axis."""
    flat = [np.reshape(p, (*batch, math.prod(p.shape[len(batch) :]))) for p in parts]
    return np.concatenate(flat, axis=-1)


def _unpack(packed: Any, *shapes: tuple[int, ...]) -> list[Any]:
    """Take apart what :func:`_pack` joined."""
    parts = []
    start = 0
    for shape in shapes:
        size = math.prod(shape)
        parts.append(reshape(packed[..., start : start + size], (*packed.shape[:-1], *shape)))
        start += size
    return parts


@Op
def cholesky(x: Any, /) -> Any:
    """Return the lower triangular ``L`` with ``L @ L.T = x`` for symmetric positive definite ``x``.

    Of a Hermitian ``x``, ``L @ L.T.conj() = x``. Only the lower triangle of ``x`` is read; the gradient is the
    symmetric (Hermitian) one (Murray 2016).

    Parameters
    ----------
    x : array_like or Tensor
        Shape ``(..., n, n)``, which is that of the result.

    Raises
    ------
    numpy.linalg.LinAlgError
        If a matrix is not positive definite.

    Examples
    --------
    >>> sg.linalg.cholesky(np.array([[4.0, 2.0], [2.0, 10.0]]))
    array([[2., 0.],
           [1., 3.]])
    """
    check_square("cholesky", x)
    return np.linalg.cholesky(x)


def _cholesky_rule(g: Any, out: Any, x: Any) -> Any:
    product = tril(matmul(adjoint(out), conjugated(g)))
    half = product - 0.5 * diagonal_matrix(diagonal(product, 0, -2, -1))
    left = _solve(adjoint(out), half)
    s = adjoint(_solve(adjoint(out), adjoint(left)))
    return conjugated(0.5 * (s + adjoint(s)))


cholesky.rules(_cholesky_rule)


@Op
def _vectors(packed: Any, /, start: int, shape: tuple[int, ...]) -> Any:
    """Take vectors out of a packed factorization, whose last number is not 0 in a gradient if vectors were used."""
    return np.reshape(packed[..., start : start + math.prod(shape)], (*packed.shape[:-1], *shape))


def _vectors_rule(g: Any, out: Any, packed: Any, start: int, shape: tuple[int, ...]) -> Any:
    batch, size = packed.shape[:-1], math.prod(shape)
    before, after = np.zeros((*batch, start), g.dtype), np.zeros((*batch, packed.shape[-1] - start - size), g.dtype)
    after[..., -1] = 1.0
    return concatenate([before, reshape(g, (*batch, size)), after], -1)


_vectors.rules(_vectors_rule)


def rounding_noise(values: Any, n: int) -> Any:
    """Return a bound on the rounding error in a difference of eigenvalues or singular values."""
    plain = data_of(values)
    return n * np.finfo(plain.dtype).eps * np.max(np.abs(plain), -1, keepdims=True, initial=0)[..., None]


def _between(row: Any, column: Any, noise: Any) -> Any:
    """Return ``row + column`` for each pair of values, 0 where it does not exceed the noise, and 1 on the diagonal."""
    pairs = row + column
    one = np.eye(pairs.shape[-1], dtype=pairs.dtype)
    return pairs * ((np.abs(data_of(pairs)) > noise) * (1.0 - one)).astype(pairs.dtype) + one


@PlainFunction
def _unknown_at_zero(used: Any, g_values: Any, g_vectors: list[Any], coincide: Any) -> Any:
    """Return NaN at coinciding pairs whose derivative cannot be known although the gradients of their vectors are 0.

    A function of the vectors may have a gradient of 0 at this very matrix. That must be assumed if vectors were used
    and either the gradients of all vectors are 0, or the gradients of the two values of the pair differ.
    """
    used, g_values, coincide, *g_vectors = (data_of(g) for g in (used, g_values, coincide, *g_vectors))
    silent = np.all([np.all(g == 0, (-2, -1)) for g in g_vectors], 0)[..., None, None]
    one, other = g_values[..., None, :], g_values[..., None]
    apart = np.abs(one - other) > np.finfo(used.dtype).eps ** 0.5 * (np.abs(one) + np.abs(other))
    return np.where((used != 0)[..., None, None] & coincide & (silent | apart), np.nan, 0.0).astype(used.dtype)


def _dominated_by_rounding(gaps: Any, middle: Any, g_vectors: list[Any], values: Any) -> Any:
    """Return NaN at pairs of values so close that the derivative would be dominated by rounding errors.

    Rounding errors of ``g_vectors`` (columns) are divided by the gap of the pair in the gradient, and by its square in
    the derivative of the gradient. Where only the latter is lost, the result is a 0 whose derivative is NaN. Where the
    gradients of both vectors are 0 there is no such error.
    """
    given = data_of(gaps), data_of(middle), [data_of(g) for g in g_vectors], data_of(values)
    nothing = astype(where(_is_lost(1, *given), np.nan, 0.0), gaps.dtype)
    if not is_recorded(gaps):
        return nothing
    unknown = astype(_is_lost(2, *given), gaps.dtype)
    return nothing + ratio(unknown * (gaps - data_of(gaps)), 1.0 - unknown)


@PlainFunction
def _is_lost(order: int, gaps: Any, middle: Any, g_vectors: list[Any], values: Any) -> Any:
    """Return at which pairs of values the error exceeds what a derivative of an order may have."""
    columns = np.max([np.max(np.abs(g), -2, initial=0) for g in g_vectors], 0)
    if not np.any(columns):
        return np.zeros(np.broadcast_shapes(gaps.shape, (*columns.shape, columns.shape[-1])), dtype=bool)
    gap = np.where(np.eye(gaps.shape[-1], dtype=bool), np.inf, np.abs(gaps)).astype(gaps.dtype)
    whole = np.fmax.reduce(np.abs(middle), (-2, -1), keepdims=True, initial=0)
    largest = np.max(np.abs(values), -1, keepdims=True, initial=0)[..., None]
    incoming = np.maximum(columns[..., None], columns[..., None, :])
    error = np.finfo(gap.dtype).eps * incoming * (largest / gap) ** order
    return error > 0.01 * np.maximum(incoming, largest * whole)


def _real(values: Any) -> Any:
    """Return eigenvalues or singular values out of a packed factorization of complex matrices."""
    return real(values) if is_complex(values) else values


def _off_diagonal(x: Any) -> Any:
    return x * (1.0 - np.eye(x.shape[-1], dtype=x.dtype))


@Op
def _eigh(x: Any, /, UPLO: str = "L") -> Any:
    """Return eigenvalues and eigenvectors of symmetric matrices, packed."""
    found = np.linalg.eigh(x, UPLO)  # type: ignore[call-overload]  # which knows the letters alone
    return _pack(x.shape[:-2], *found, np.zeros((*x.shape[:-2], 1), x.dtype))


def _eigh_rule(g: Any, out: Any, x: Any, UPLO: str) -> Any:
    """Return the vector-Jacobian product of the eigenvalues and eigenvectors (Giles 2008), for the triangle read.

    An element of that triangle stands for its mirror image too, and gets the gradients of both.
    """
    n = x.shape[-1]
    values, vectors = _real(out[..., :n]), _vectors(out, n, (n, n))
    g_values, g_vectors, used = _unpack(conjugated(g), (n,), (n, n), ())
    g_values = _real(g_values)
    gaps = _between(expand_dims(values, -2), -expand_dims(values, -1), rounding_noise(values, n))
    among = ratio(_off_diagonal(matmul(adjoint(vectors), g_vectors)), gaps)
    among = 0.5 * (among + adjoint(among))
    middle = diagonal_matrix(g_values) + among + _unknown_at_zero(used, g_values, [g_vectors], data_of(gaps) == 0)
    middle = middle + _dominated_by_rounding(gaps, middle, [g_vectors], values)
    whole = matmul(matmul(vectors, middle), adjoint(vectors))
    both = conjugated(whole + adjoint(whole))
    return (tril(both) if UPLO == "L" else triu(both)) * (1.0 - 0.5 * np.eye(n, dtype=both.dtype))


_eigh.rules(_eigh_rule)


@overload
def eigh(x: Tensor, UPLO: str = "L") -> EighResult[Tensor]: ...
@overload
def eigh(x: NDArray[Any], UPLO: str = "L") -> EighResult[NDArray[Any]]: ...
@overload
def eigh(x: Operand, UPLO: str = "L") -> EighResult[Any]: ...
def eigh(x: Any, UPLO: str = "L") -> EighResult[Any]:
    """Return the eigenvalues and eigenvectors of symmetric (Hermitian) matrices.

    Only one triangle of ``x`` is read, and it gets the whole gradient, as from finite differences (Giles 2008); that
    of the other is 0. So a matrix stays symmetric in an optimization if it is made so: ``eigh((x + x.T) / 2)``.

    Parameters
    ----------
    x : array_like or Tensor
        Shape ``(..., n, n)``.
    UPLO : str
        Which triangle is read: the lower, ``"L"``, or the upper, ``"U"``.

    Returns
    -------
    EighResult
        Eigenvalues ``(..., n)``, ascending, and eigenvectors ``(..., n, n)``, in columns. The sign of an
        eigenvector, or the direction of a complex one, is arbitrary, so only functions that do not depend on it have a
        meaningful gradient.

    Examples
    --------
    >>> sg.linalg.eigh(np.diag([3.0, 1.0])).eigenvalues
    array([1., 3.])
    """
    x = operand(x)
    check_square("eigh", x)
    n = x.shape[-1]
    packed = _eigh(x, UPLO.upper())
    return EighResult(_real(packed[..., :n]), _vectors(packed, n, (n, n)))


@Op
def _svd(x: Any, /) -> Any:
    """Return the thin singular value decomposition, packed."""
    u, s, vt = np.linalg.svd(x, full_matrices=False)
    return _pack(x.shape[:-2], s, u, vt, np.zeros((*x.shape[:-2], 1), x.dtype))


def _svd_parts(packed: Any, x: Any) -> tuple[Any, Any, Any]:
    """Return singular values, left vectors and right vectors of a packed decomposition."""
    rows, columns = x.shape[-2:]
    k = rows if rows < columns else columns
    return _real(packed[..., :k]), _vectors(packed, k, (rows, k)), _vectors(packed, k + rows * k, (k, columns))


def _svd_rule(g: Any, out: Any, x: Any) -> Any:
    """Return the vector-Jacobian product of the thin SVD (Townsend 2016), by 1 / (s_j - s_i) and 1 / (s_j + s_i)."""
    s, u, vt = _svd_parts(out, x)
    gs, gu, gvt, used = _unpack(conjugated(g), s.shape[-1:], u.shape[-2:], vt.shape[-2:], ())
    gs = _real(gs)
    v, gv, row, column, noise = (
        adjoint(vt),
        adjoint(gvt),
        expand_dims(s, -2),
        expand_dims(s, -1),
        rounding_noise(s, builtins.max(x.shape[-2:])),
    )
    ut_gu, vt_gv = matmul(adjoint(u), gu), matmul(vt, gv)
    gaps, sums = _between(row, -column, noise), _between(row, column, noise)
    equal = ratio(_off_diagonal(ut_gu + vt_gv), gaps)
    equal = 0.5 * (equal + adjoint(equal))
    opposite = ratio(_off_diagonal(ut_gu - vt_gv), sums)
    middle = diagonal_matrix(gs) + equal + 0.5 * (opposite - adjoint(opposite))
    if is_complex(middle):  # where u and vt turn against each other
        turns = imag(diagonal(ut_gu - vt_gv, 0, -2, -1))
        middle = middle + diagonal_matrix(from_parts(0.0, 0.5 * ratio(turns, s)))
    middle = middle + _unknown_at_zero(used, gs, [gu, gvt], data_of(gaps) == 0)
    middle = middle + _dominated_by_rounding(gaps, middle, [gu, gv], s)
    result = matmul(matmul(u, middle), vt)
    seen = (data_of(row) > noise).astype(x.dtype)
    if u.shape[-2] > u.shape[-1]:
        result = result + matmul(ratio(gu - matmul(u, ut_gu), row * seen), vt)
    if v.shape[-2] > v.shape[-1]:
        result = result + matmul(u, adjoint(ratio(gv - matmul(v, vt_gv), row * seen)))
    return conjugated(result)


_svd.rules(_svd_rule)


@overload
def svd(x: Tensor, full_matrices: bool = True, compute_uv: Literal[True] = True) -> SVDResult[Tensor]: ...
@overload
def svd(x: Tensor, full_matrices: bool = True, *, compute_uv: Literal[False]) -> Tensor: ...
@overload
def svd(x: NDArray[Any], full_matrices: bool = True, compute_uv: Literal[True] = True) -> SVDResult[NDArray[Any]]: ...
@overload
def svd(x: NDArray[Any], full_matrices: bool = True, *, compute_uv: Literal[False]) -> NDArray[Any]: ...
@overload
def svd(x: Operand, full_matrices: bool = True, compute_uv: Literal[True] = True) -> SVDResult[Any]: ...
@overload
def svd(x: Operand, full_matrices: bool = True, compute_uv: bool = True) -> Any: ...
def svd(x: Any, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """Return the singular value decomposition ``x = U @ diag(S) @ Vh``.

    Parameters
    ----------
    x : array_like or Tensor
        Shape ``(..., n, m)``.
    full_matrices : bool
        Must be False unless the matrices are square: the further columns of a full decomposition are arbitrary
        and have no derivative.
    compute_uv : bool
        False returns the singular values alone.

    Returns
    -------
    SVDResult or Tensor

    Raises
    ------
    ValueError
        If the full decomposition of a matrix that is not square is asked for.

    Examples
    --------
    >>> sg.linalg.svd(np.diag([1.0, 2.0])).S
    array([2., 1.])
    """
    x = operand(x)
    packed = _svd(x)
    if not compute_uv:
        return _real(packed[..., : builtins.min(x.shape[-2:])])
    if full_matrices and x.shape[-1] != x.shape[-2]:
        raise ValueError(f"svd: pass full_matrices=False for matrices of shape {x.shape[-2:]}")
    s, u, vt = _svd_parts(packed, x)
    return SVDResult(u, s, vt)


@keeps_kind
def svdvals(x: Any) -> Any:
    """Return the singular values, in descending order.

    Parameters
    ----------
    x : array_like or Tensor
        Shape ``(..., n, m)``; that of the result is ``(..., min(n, m))``.

    Examples
    --------
    >>> sg.linalg.svdvals(np.diag([1.0, 2.0]))
    array([2., 1.])
    """
    return svd(x, compute_uv=False)


@Op
def _qr(x: Any, /) -> Any:
    """Return the QR factorization of matrices with at least as many rows as columns, packed."""
    return _pack(x.shape[:-2], *np.linalg.qr(x))


def _qr_rule(g: Any, out: Any, x: Any) -> Any:
    """Return the vector-Jacobian product of QR (Walter and Lehmann 2018)."""
    rows, n = x.shape[-2:]
    (q, r), (gq, gr) = (_unpack(packed, (rows, n), (n, n)) for packed in (out, conjugated(g)))
    m = matmul(r, adjoint(gr)) - matmul(adjoint(gq), q)
    symmetric = tril(m) + adjoint(tril(m, -1))
    if is_complex(m):  # the diagonal of r is real
        symmetric = symmetric - diagonal_matrix(from_parts(0.0, imag(diagonal(m, 0, -2, -1))))
    return conjugated(adjoint(_solve(r, adjoint(gq + matmul(q, symmetric)))))


_qr.rules(_qr_rule)


@overload
def qr(x: Tensor, mode: Literal["reduced"] = "reduced") -> QRResult[Tensor]: ...
@overload
def qr(x: NDArray[Any], mode: Literal["reduced"] = "reduced") -> QRResult[NDArray[Any]]: ...
@overload
def qr(x: Operand, mode: Literal["reduced"] = "reduced") -> QRResult[Any]: ...
def qr(x: Any, mode: Literal["reduced"] = "reduced") -> QRResult[Any]:
    """Return the QR factorization ``x = Q @ R``.

    Parameters
    ----------
    x : array_like or Tensor
        Shape ``(..., n, m)``.
    mode : str
        Only ``"reduced"`` has a derivative.

    Returns
    -------
    QRResult
        ``Q`` ``(..., n, k)`` and ``R`` ``(..., k, m)`` with ``k = min(n, m)``.

    Raises
    ------
    ValueError
        If another mode is asked for.

    Examples
    --------
    >>> q, r = sg.linalg.qr(np.array([[3.0, 1.0], [4.0, 2.0]]))
    >>> np.allclose(q @ r, [[3.0, 1.0], [4.0, 2.0]])
    True
    """
    x = operand(x)
    if mode != "reduced":
        raise ValueError(f"qr: only mode='reduced' has a derivative, got {mode!r}")
    rows, columns = x.shape[-2:]
    if rows >= columns:
        return QRResult(*_unpack(_qr(x), (rows, columns), (columns, columns)))
    q, r = _unpack(_qr(x[..., :rows]), (rows, rows), (rows, rows))
    return QRResult(q, concatenate([r, matmul(adjoint(q), x[..., rows:])], -1))


def qr_of_mode(x: Any, mode: Any = "reduced") -> Any:
    """Return the QR factorization, or R alone, as :func:`numpy.linalg.qr`."""
    x = operand(x)
    if mode == "complete" and x.shape[-2] <= x.shape[-1]:  # that is what "reduced" gives
        mode = "reduced"
    return qr(x).R if mode == "r" else qr(x, mode)
