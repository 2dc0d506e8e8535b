"""Linear algebra of matrices, as ``numpy.linalg``: inverses, determinants, factorisations, norms.

Matrices are the last two axes; further axes in front are batches. A factorisation with several results travels
through the graph as one array that holds them side by side and is taken apart by slices, so the graph core needs
no notion of several results.

Where eigenvalues or singular values coincide, single vectors have no derivative, and what the derivative of a function
of them is cannot be seen from the factors. It is NaN, unless nothing arrives at the vectors of the pair: values alone
have a derivative, and so have vectors of other values. (A vector counts as unused if its gradient is exactly 0 and the
values of the pair are treated alike.) Functions of a matrix that are smooth there have operations of
their own, right to any order: ``expm``, ``logm``, ``sqrtm`` and ``polar``.
"""

from __future__ import annotations

import builtins
import math
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ...common.plain_data import plain
from ..core.node import Node, data_of
from ..core.op import Op
from .elementwise import absolute, is_short, power, ratio, sign
from .indexing import diagonal
from .products import matmul
from .reductions import Axis, Reduction, in_range, magnitude, max, min, sum
from .shaping import (
    astype,
    concatenate,
    expand_dims,
    moveaxis,
    narrow,
    ndim_of,
    operand,
    plain_axis,
    reduced_axes,
    reshape,
    spread,
    stack,
    swapaxes,
    tril,
    wide_dtype,
    wide_sum,
)
from .tip import along_tip

# fmt: off
__all__ = [
    "EighResult", "PolarResult", "QRResult", "SVDResult", "SlogdetResult", "cholesky", "det", "eigh", "expm", "inv",
    "logm", "norm", "pinv", "polar", "qr", "slogdet", "solve", "sqrtm", "svd", "svdvals",
]
# fmt: on


def _t(x: Any) -> Any:
    """Transpose matrices."""
    return swapaxes(x, -1, -2)


def _diagonal_matrix(values: Any) -> Any:
    """Matrices with the given diagonals."""
    return expand_dims(values, -1) * np.eye(values.shape[-1], dtype=values.dtype)


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


def _check_square(name: str, x: Any) -> None:
    if x.ndim < 2 or x.shape[-1] != x.shape[-2]:
        raise ValueError(f"{name}: expected square matrices in the last two axes, got shape {x.shape}")


# ------------------------------------------------------------------------------- inverses and determinants


@Op
def inv(x: Any, /) -> Any:
    """Inverse matrix.

    Raises
    ------
    numpy.linalg.LinAlgError
        If the matrix is singular.
    """
    _check_square("inv", x)
    return np.linalg.inv(x)


inv.rules(lambda g, out, x: -matmul(matmul(_t(out), g), _t(out)))


@Op
def _solve(a: Any, b: Any, /) -> Any:
    """Solve linear equations with matrices on the right."""
    _check_square("solve", a)
    return np.linalg.solve(a, b)


_solve.rules(
    lambda g, out, a, b: -matmul(_solve(_t(a), g), _t(out)),
    lambda g, out, a, b: _solve(_t(a), g),
)


def solve(a: Any, b: Any) -> Any:
    """Solve the linear equations ``a @ x = b``.

    Parameters
    ----------
    a : array_like or Tensor
        Shape ``(..., n, n)``.
    b : array_like or Tensor
        Shape ``(n,)`` or ``(..., n, k)``.

    Returns
    -------
    Tensor or ndarray
        The shape of ``b``, with the batch axes of both.
    """
    if ndim_of(b) == 1:
        return _solve(a, expand_dims(b, -1))[..., 0]
    return _solve(a, b)


def _cofactors(x: Any, determinant: Any) -> Any:
    """Derivatives of a determinant with respect to the entries, at singular matrices too."""
    plain = data_of(x)
    n = x.shape[-1]
    if not x.size:
        return x
    if np.all(np.linalg.cond(plain) < 1 / np.finfo(plain.dtype).eps):
        return expand_dims(determinant, (-2, -1)) * _t(inv(x))
    if n == 1:
        return x * 0.0 + 1.0
    keep = [[j for j in range(n) if j != i] for i in range(n)]
    minors = [[det(x[..., keep[i], :][..., :, keep[j]]) * (-1.0) ** (i + j) for j in range(n)] for i in range(n)]
    return stack([stack(row, -1) for row in minors], -2)


@Op
def det(x: Any, /) -> Any:
    """Determinant."""
    _check_square("det", x)
    return np.linalg.det(x)


det.rules(lambda g, out, x: expand_dims(g, (-2, -1)) * _cofactors(x, out))


@Op
def _logabsdet(x: Any, /) -> Any:
    """Logarithm of the absolute value of the determinant."""
    return np.linalg.slogdet(x)[1]


_logabsdet.rules(lambda g, out, x: expand_dims(g, (-2, -1)) * _t(inv(x)))


class SlogdetResult(NamedTuple):
    """Sign of a determinant (plain) and logarithm of its absolute value."""

    sign: Any
    logabsdet: Any


def slogdet(x: Any) -> SlogdetResult:
    """Sign and logarithm of the absolute value of the determinant, without overflow."""
    x = operand(x)
    _check_square("slogdet", x)
    return SlogdetResult(np.linalg.slogdet(data_of(x))[0], _logabsdet(x))


@Op
def pinv(x: Any, /, rcond: float | None = None) -> Any:
    """Moore-Penrose pseudo-inverse.

    Its derivative (Golub and Pereyra 1973) holds where the rank does not change nearby.

    Parameters
    ----------
    x : array_like or Tensor
        Shape ``(..., n, m)``.
    rcond : float, optional
        Singular values up to this fraction of the largest count as 0. Where it leaves out values that are not 0, second
        derivatives are NaN if singular values are repeated.
    """
    return np.linalg.pinv(x) if rcond is None else np.linalg.pinv(x, rcond)


def _pinv_rule(g: Any, out: Any, x: Any, rcond: float | None) -> Any:
    if rcond is not None:
        s = np.linalg.svd(data_of(x), compute_uv=False)
        kept = s > np.asarray(rcond)[..., None] * np.max(s, -1, keepdims=True, initial=0)
        lost = ~kept if isinstance(x, Node) else ~kept & (s > _noise(s, builtins.max(x.shape[-2:]))[..., 0])
        if np.any(lost):
            return _truncated_pinv_rule(g, x, kept)
    rows, columns = np.eye(x.shape[-2], dtype=x.dtype), np.eye(x.shape[-1], dtype=x.dtype)
    back = _t(out)
    inner = -matmul(matmul(back, g), back)
    left = matmul(matmul(rows - matmul(x, out), _t(g)), matmul(out, back))
    right = matmul(matmul(matmul(back, out), _t(g)), columns - matmul(out, x))
    return inner + left + right


def _truncated_pinv_rule(g: Any, x: Any, kept: Any) -> Any:
    """The gradient where singular values that are not 0 are left out: vectors turn between them and those ``kept``.

    That of ``U @ diag(f(s)) @ Vh``, transposed, with f(s) = 1 / s of what is kept and 0 of the rest.
    """
    s, u, vt = _svd_parts(_svd(x), x)
    one = kept.astype(x.dtype)
    inverse = one / (s * one + (1.0 - one))
    g, v, one_kept = _t(g), _t(vt), kept[..., None, :] != kept[..., None]
    middle = matmul(matmul(_t(u), g), v)
    row, column, f, other_f = (expand_dims(values, axis) for values in (s, inverse) for axis in (-2, -1))
    apart, both = one_kept.astype(x.dtype), f * other_f
    equal = both * -1.0 + apart * (f - other_f) / (apart * (row - column) + (1.0 - apart))
    opposite = both + apart * (f + other_f) / (apart * (row + column) + (1.0 - apart))
    middle = 0.5 * (equal * (middle + _t(middle)) + opposite * (middle - _t(middle)))
    squares = expand_dims(inverse * inverse, -2)
    beside, below = matmul(_t(u), g), matmul(g, v)  # what is not among the vectors of the thin decomposition
    left = matmul((below - matmul(u, matmul(_t(u), below))) * squares, vt)
    right = matmul(u, _t(squares) * (beside - matmul(matmul(beside, v), vt)))
    return matmul(matmul(u, middle), vt) + left + right


pinv.rules(_pinv_rule)


# ------------------------------------------------------------------------------------------- factorisations


@Op
def cholesky(x: Any, /) -> Any:
    """Lower triangular ``L`` with ``L @ L.T = x`` for symmetric positive definite ``x``.

    Only the lower triangle of ``x`` is read; the gradient is the symmetric one (Murray 2016).
    """
    _check_square("cholesky", x)
    return np.linalg.cholesky(x)


def _cholesky_rule(g: Any, out: Any, x: Any) -> Any:
    product = tril(matmul(_t(out), g))
    half = product - 0.5 * _diagonal_matrix(diagonal(product, 0, -2, -1))
    left = _solve(_t(out), half)
    s = _t(_solve(_t(out), _t(left)))
    return 0.5 * (s + _t(s))


cholesky.rules(_cholesky_rule)


@Op
def _factor(packed: Any, /, start: int, shape: tuple[int, ...]) -> Any:
    """Vectors of a packed factorisation, whose last number is a place for the gradient to tell that they were used."""
    return np.reshape(packed[..., start : start + math.prod(shape)], (*packed.shape[:-1], *shape))


def _factor_rule(g: Any, out: Any, packed: Any, start: int, shape: tuple[int, ...]) -> Any:
    batch, size = packed.shape[:-1], math.prod(shape)
    before, after = np.zeros((*batch, start), g.dtype), np.zeros((*batch, packed.shape[-1] - start - size), g.dtype)
    after[..., -1] = 1.0
    return concatenate([before, reshape(g, (*batch, size)), after], -1)


_factor.rules(_factor_rule)


def _noise(values: Any, n: int) -> Any:
    """What a difference of eigenvalues or singular values has to exceed to be more than a rounding error."""
    plain = data_of(values)
    return n * np.finfo(plain.dtype).eps * np.max(np.abs(plain), -1, keepdims=True, initial=0)[..., None]


def _between(row: Any, column: Any, noise: Any) -> Any:
    """Sums ``row + column`` for each pair, exactly 0 where that is nothing but noise; 1 on the diagonal."""
    pairs = row + column
    one = np.eye(pairs.shape[-1], dtype=pairs.dtype)
    return pairs * ((np.abs(data_of(pairs)) > noise) * (1.0 - one)).astype(pairs.dtype) + one


def _unseen(used: Any, g_values: Any, g_vectors: list[Any], coincide: Any) -> Any:
    """NaN at coinciding pairs whose vectors were used although nothing arrives at them: a function may be 0 just there.

    That is so if nothing arrives at any vector, or if the two values of the pair are told apart.
    """
    used, g_values, *g_vectors = (data_of(g) for g in (used, g_values, *g_vectors))
    silent = np.all([np.all(g == 0, (-2, -1)) for g in g_vectors], 0)[..., None, None]
    one, other = g_values[..., None, :], g_values[..., None]
    apart = np.abs(one - other) > np.finfo(used.dtype).eps ** 0.5 * (np.abs(one) + np.abs(other))
    return np.where((used != 0)[..., None, None] & coincide & (silent | apart), np.nan, 0.0).astype(used.dtype)


def _drowned(gaps: Any, middle: Any, g_vectors: list[Any], values: Any) -> Any:
    """NaN at pairs of values so close that a derivative would consist of rounding errors, divided by their gap.

    Rounding errors of ``g_vectors``, columns, count once over the gap in the gradient, and twice in its derivative,
    where this zero turns NaN. Where nothing arrives at the vectors of a pair there are none.
    """
    columns = np.max([np.max(np.abs(data_of(g)), -2, initial=0) for g in g_vectors], 0)
    if not np.any(columns):
        return 0.0
    gap = np.where(np.eye(gaps.shape[-1], dtype=bool), np.inf, np.abs(data_of(gaps))).astype(gaps.dtype)
    whole = np.fmax.reduce(np.abs(data_of(middle)), (-2, -1), keepdims=True, initial=0)
    largest = np.max(np.abs(data_of(values)), -1, keepdims=True, initial=0)[..., None]
    arriving = np.maximum(columns[..., None], columns[..., None, :])

    def lost(order: int) -> Any:
        error = np.finfo(gap.dtype).eps * arriving * (largest / gap) ** order
        return error > 0.01 * np.maximum(arriving, largest * whole)

    nothing = np.where(lost(1), np.nan, 0.0).astype(gap.dtype)
    if not isinstance(gaps, Node):
        return nothing
    unknown = lost(2).astype(gap.dtype)
    return nothing + ratio(unknown * (gaps - data_of(gaps)), 1.0 - unknown)


def _off_diagonal(x: Any) -> Any:
    return x * (1.0 - np.eye(x.shape[-1], dtype=x.dtype))


@Op
def _eigh(x: Any, /) -> Any:
    """Eigenvalues and eigenvectors of symmetric matrices, packed."""
    return _pack(x.shape[:-2], *np.linalg.eigh(x), np.zeros((*x.shape[:-2], 1), x.dtype))


def _eigh_rule(g: Any, out: Any, x: Any) -> Any:
    """Backward of the eigenvalues and eigenvectors (Giles 2008)."""
    n = x.shape[-1]
    values, vectors = out[..., :n], _factor(out, n, (n, n))
    g_values, g_vectors, used = _unpack(g, (n,), (n, n), ())
    gaps = _between(expand_dims(values, -2), -expand_dims(values, -1), _noise(values, n))
    among = ratio(_off_diagonal(matmul(_t(vectors), g_vectors)), gaps)
    among = 0.5 * (among + _t(among))
    middle = _diagonal_matrix(g_values) + among + _unseen(used, g_values, [g_vectors], data_of(gaps) == 0)
    middle = middle + _drowned(gaps, middle, [g_vectors], values)
    whole = matmul(matmul(vectors, middle), _t(vectors))
    return 0.5 * (whole + _t(whole))


_eigh.rules(_eigh_rule)


class EighResult(NamedTuple):
    """Eigenvalues in ascending order, and the eigenvectors as columns."""

    eigenvalues: Any
    eigenvectors: Any


def eigh(x: Any) -> EighResult:
    """Eigenvalues and eigenvectors of symmetric matrices.

    Only the lower triangle of ``x`` is read; the gradient is the symmetric one (Giles 2008).

    Parameters
    ----------
    x : array_like or Tensor
        Shape ``(..., n, n)``.

    Returns
    -------
    EighResult
        Eigenvalues ``(..., n)``, ascending, and eigenvectors ``(..., n, n)``, in columns. The sign of an
        eigenvector is arbitrary, so only functions that do not depend on it have a meaningful gradient.
    """
    x = operand(x)
    _check_square("eigh", x)
    n = x.shape[-1]
    packed = _eigh(x)
    return EighResult(packed[..., :n], _factor(packed, n, (n, n)))


@Op
def _svd(x: Any, /) -> Any:
    """Thin singular value decomposition, packed."""
    u, s, vt = np.linalg.svd(x, full_matrices=False)
    return _pack(x.shape[:-2], s, u, vt, np.zeros((*x.shape[:-2], 1), x.dtype))


def _svd_parts(packed: Any, x: Any) -> tuple[Any, Any, Any]:
    """Singular values, left vectors, right vectors."""
    rows, columns = x.shape[-2:]
    k = rows if rows < columns else columns
    return packed[..., :k], _factor(packed, k, (rows, k)), _factor(packed, k + rows * k, (k, columns))


def _svd_rule(g: Any, out: Any, x: Any) -> Any:
    """Backward of the thin SVD (Townsend 2016), written with 1 / (s_j - s_i) and 1 / (s_j + s_i)."""
    s, u, vt = _svd_parts(out, x)
    gs, gu, gvt, used = _unpack(g, s.shape[-1:], u.shape[-2:], vt.shape[-2:], ())
    v, gv, row, column, noise = (
        _t(vt),
        _t(gvt),
        expand_dims(s, -2),
        expand_dims(s, -1),
        _noise(s, builtins.max(x.shape[-2:])),
    )
    ut_gu, vt_gv = matmul(_t(u), gu), matmul(vt, gv)
    gaps, sums = _between(row, -column, noise), _between(row, column, noise)
    equal = ratio(_off_diagonal(ut_gu + vt_gv), gaps)
    equal = 0.5 * (equal + _t(equal))
    opposite = ratio(_off_diagonal(ut_gu - vt_gv), sums)
    middle = _diagonal_matrix(gs) + equal + 0.5 * (opposite - _t(opposite))
    middle = middle + _unseen(used, gs, [gu, gvt], data_of(gaps) == 0)
    middle = middle + _drowned(gaps, middle, [gu, gv], s)
    result = matmul(matmul(u, middle), vt)
    seen = (data_of(row) > noise).astype(x.dtype)
    if u.shape[-2] > u.shape[-1]:
        result = result + matmul(ratio(gu - matmul(u, ut_gu), row * seen), vt)
    if v.shape[-2] > v.shape[-1]:
        result = result + matmul(u, _t(ratio(gv - matmul(v, vt_gv), row * seen)))
    return result


_svd.rules(_svd_rule)


class SVDResult(NamedTuple):
    """Left singular vectors, singular values in descending order, right singular vectors as rows."""

    U: Any
    S: Any
    Vh: Any


def svd(x: Any, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """Singular value decomposition ``x = U @ diag(S) @ Vh``.

    Parameters
    ----------
    x : array_like or Tensor
        Shape ``(..., n, m)``.
    full_matrices : bool
        Must be False unless the matrices are square: the further columns of a full decomposition are arbitrary
        and have no derivative.
    compute_uv : bool
        False gives the singular values alone.

    Returns
    -------
    SVDResult or Tensor

    Raises
    ------
    ValueError
        If the full decomposition of a matrix that is not square is asked for.
    """
    x = operand(x)
    packed = _svd(x)
    if not compute_uv:
        return packed[..., : builtins.min(x.shape[-2:])]
    if full_matrices and x.shape[-1] != x.shape[-2]:
        raise ValueError(f"svd: pass full_matrices=False for matrices of shape {x.shape[-2:]}")
    s, u, vt = _svd_parts(packed, x)
    return SVDResult(u, s, vt)


def svdvals(x: Any) -> Any:
    """Singular values, in descending order."""
    return svd(x, compute_uv=False)


@Op
def _qr(x: Any, /) -> Any:
    """QR factorisation of matrices with at least as many rows as columns, packed."""
    return _pack(x.shape[:-2], *np.linalg.qr(x))


def _qr_rule(g: Any, out: Any, x: Any) -> Any:
    """Backward of QR (Walter and Lehmann 2018)."""
    rows, n = x.shape[-2:]
    (q, r), (gq, gr) = (_unpack(packed, (rows, n), (n, n)) for packed in (out, g))
    m = matmul(r, _t(gr)) - matmul(_t(gq), q)
    symmetric = tril(m) + _t(tril(m, -1))
    return _t(_solve(r, _t(gq + matmul(q, symmetric))))


_qr.rules(_qr_rule)


class QRResult(NamedTuple):
    """Orthonormal columns and an upper triangular matrix."""

    Q: Any
    R: Any


def qr(x: Any, mode: str = "reduced") -> QRResult:
    """QR factorisation ``x = Q @ R``.

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
    """
    x = operand(x)
    if mode != "reduced":
        raise ValueError(f"qr: only mode='reduced' has a derivative, got {mode!r}")
    rows, columns = x.shape[-2:]
    if rows >= columns:
        return QRResult(*_unpack(_qr(x), (rows, columns), (columns, columns)))
    q, r = _unpack(_qr(x[..., :rows]), (rows, rows), (rows, rows))
    return QRResult(q, concatenate([r, matmul(_t(q), x[..., rows:])], -1))


# ------------------------------------------------------------------------------------ functions of matrices


def expm(x: Any) -> Any:
    """Matrix exponential, as :func:`scipy.linalg.expm`: the sum of ``x ** k / k!`` in matrix products.

    Computed from products and one solution of equations (a Pade approximation, scaled and squared), so its derivatives
    are right to any order, at repeated eigenvalues too.

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
    _check_square("expm", x)
    size = np.max(np.sum(np.abs(data_of(x)), -1), initial=0.0)
    halvings = builtins.max(0, math.frexp(size)[1] + 1) if np.isfinite(size) else 0
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


@Op
def _sylvester(x: Any, y: Any, /) -> Any:
    """The matrix ``z`` with ``x @ z + z @ x = y``, for a symmetric ``x`` with positive eigenvalues."""
    values, vectors = np.linalg.eigh(x)
    rotated = np.swapaxes(vectors, -1, -2) @ y @ vectors
    with np.errstate(divide="ignore", invalid="ignore"):
        return vectors @ (rotated / (values[..., None] + values[..., None, :])) @ np.swapaxes(vectors, -1, -2)


def _sylvester_rule(g: Any, out: Any, x: Any, y: Any) -> Any:
    back = _sylvester(x, g)
    return -(matmul(back, _t(out)) + matmul(_t(out), back))


_sylvester.rules(_sylvester_rule, lambda g, out, x, y: _sylvester(x, g))


@Op
def sqrtm(x: Any, /) -> Any:
    """Square root of symmetric matrices without negative eigenvalues: ``r @ r = x`` with ``r`` of the same kind.

    Only the lower triangle of ``x`` is read; the gradient is the symmetric one, right to any order, at repeated
    eigenvalues too. As that of the root of a number, it is not finite where an eigenvalue is 0.

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
    _check_square("sqrtm", x)
    values, vectors = np.linalg.eigh(x)
    if np.any(values < -_noise(values, 8 * x.shape[-1])[..., 0]):
        raise np.linalg.LinAlgError(f"sqrtm: expected no negative eigenvalues, got {values.min()}")
    return (vectors * np.sqrt(np.maximum(values, 0))[..., None, :]) @ np.swapaxes(vectors, -1, -2)


sqrtm.rules(lambda g, out, x: _sylvester(out, 0.5 * (g + _t(g))))


def logm(x: Any) -> Any:
    """Logarithm of symmetric positive definite matrices: the symmetric ``y`` with ``expm(y) = x``.

    Computed from square roots and solutions of equations, so its derivatives are right to any order, at repeated
    eigenvalues too. Only the lower triangle of ``x`` is read.

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
    while roots < 40 and np.max(np.abs(data_of(root) - one), initial=0.0) > 0.25 / builtins.max(1, x.shape[-1]):
        root, roots = sqrtm(root), roots + 1
    rest, total = root - one, 0.0
    nodes, weights = np.polynomial.legendre.leggauss(8)  # log(1 + r) is the integral of r / (1 + t r), t from 0 to 1
    for t, w in zip((0.5 + 0.5 * nodes).tolist(), (0.5 * weights).tolist()):
        total = total + w * _solve(one + t * rest, rest)
    return total * 2.0**roots


@Op
def _polar(x: Any, /) -> Any:
    """The orthonormal factor of matrices with at least as many rows as columns."""
    u, _, vt = np.linalg.svd(x, full_matrices=False)
    return u @ vt


def _polar_rule(g: Any, out: Any, x: Any) -> Any:
    stretch, turned = matmul(_t(out), x), matmul(_t(out), g)
    result = matmul(out, _sylvester(stretch, turned - _t(turned)))
    if x.shape[-2] > x.shape[-1]:
        result = result + _t(_solve(_t(stretch), _t(g - matmul(out, turned))))
    return result


_polar.rules(_polar_rule)


class PolarResult(NamedTuple):
    """A matrix with orthonormal columns (or rows), and a symmetric one without negative eigenvalues."""

    U: Any
    P: Any


def polar(x: Any) -> PolarResult:
    """Polar decomposition ``x = U @ P``, as :func:`scipy.linalg.polar`.

    ``U`` is the matrix with orthonormal columns that is closest to ``x``. It equals ``U @ Vh`` of the singular value
    decomposition, but has the right gradient, to any order, at repeated singular values too. Where a singular value is
    0 there is none.

    Parameters
    ----------
    x : array_like or Tensor
        Shape ``(..., n, m)``.

    Returns
    -------
    PolarResult
        ``U`` ``(..., n, m)`` and ``P`` ``(..., m, m)``.
    """
    x = operand(x)
    u = _polar(x) if x.shape[-2] >= x.shape[-1] else _t(_polar(_t(x)))
    return PolarResult(u, matmul(_t(u), x))


# --------------------------------------------------------------------------------------------------- norms


@Reduction
def euclidean_norm(x: Any, /, axis: Axis = None, keepdims: bool = False) -> Any:
    """Root of the sum of squares, without overflow and underflow; its gradient at zero is 0."""
    with np.errstate(over="ignore"):
        squares = wide_sum(np.square(x, dtype=wide_dtype(x)), axis, keepdims)
    if in_range(squares):
        return narrow(np.sqrt(squares), x)
    size = magnitude(x, axis)
    result = np.sqrt(wide_sum(np.square(x / size), axis, keepdims=True)) * size
    return narrow(result if keepdims else np.squeeze(result, reduced_axes(axis, x.ndim))[()], x)


euclidean_norm.rules(
    lambda g, out, x, axis, keepdims: (
        along_tip(g, out, x, lambda v: spread(v, x, axis, keepdims))
        if is_short(out)
        else spread(g / out, x, axis, keepdims) * x
    )
)


@Reduction
def _p_norm(x: Any, /, ord: float, axis: int, keepdims: bool = False) -> Any:
    """The ``ord``-th root of the sum of absolute values to the power ``ord``; its gradient at zero is 0."""
    size = np.abs(x).astype(wide_dtype(x) or x.dtype)
    scale = (
        np.max(size, axis, keepdims=True, initial=0) if ord > 0 else np.min(size, axis, keepdims=True, initial=np.inf)
    )
    sound = (scale > 0) & (scale < np.inf)
    with np.errstate(all="ignore"):  # where it is not sound, the scale is the norm
        sums = wide_sum((size / scale) ** ord, axis, keepdims=True)
        result = np.where(sound, sums ** (1.0 / ord) * scale, scale)
    return narrow(result if keepdims else np.squeeze(result, axis), x)


def _p_norm_rule(g: Any, out: Any, x: Any, ord: float, axis: int, keepdims: bool) -> Any:
    return along_tip(
        *(g, out, x, lambda v: spread(v, x, axis, keepdims)),
        bend=lambda slope: sign(slope) * power(absolute(slope), ord - 1.0),
    )


_p_norm.rules(_p_norm_rule)


def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """Norm of vectors or matrices, as :func:`numpy.linalg.norm`.

    Parameters
    ----------
    x : array_like or Tensor
    ord : None, float, ``"fro"`` or ``"nuc"``
        None: Euclidean (Frobenius). Vectors take any number, ``inf`` and ``-inf``; matrices take ``"fro"``,
        ``"nuc"``, 1, -1, 2, -2, ``inf``, ``-inf``.
    axis : int, pair of int or None
        An integer: vectors along that axis. A pair: matrices in these axes. None: the whole array.
    keepdims : bool

    Returns
    -------
    Tensor or ndarray
        Its gradient is 0 at the origin.

    Raises
    ------
    ValueError
        If the order is unknown for the kind of norm.
    """
    x = operand(x)
    axes = tuple(range(x.ndim)) if axis is None else normalize_axis_tuple(plain_axis(axis), x.ndim)
    if not isinstance(keepdims, (bool, np.bool_)):
        raise TypeError(f"norm: keepdims must be True or False, got {keepdims!r:.60}")
    if getattr(x, "dtype", np.dtype(float)).kind != "f":
        x = astype(x, np.float64)
    if ord is None or (ord == "fro" and len(axes) == 2) or (ord == 2 and len(axes) == 1):
        return euclidean_norm(x, axes, keepdims)
    if len(axes) == 1:
        return _vector_norm(x, ord, axes[0], keepdims)
    if len(axes) == 2:
        return _matrix_norm(x, ord, axes, keepdims)
    raise ValueError(f"norm: order {ord!r} is for vectors and matrices, not for {len(axes)} axes")


def _vector_norm(x: Any, ord: Any, axis: int, keepdims: bool) -> Any:
    size = absolute(x)
    if ord == np.inf:
        return max(size, axis, keepdims)
    if ord == -np.inf:
        return min(size, axis, keepdims)
    if ord == 0:
        return sum(sign(size), axis, keepdims)
    if ord == 1:
        return sum(size, axis, keepdims)
    if isinstance(ord, str):
        raise ValueError(f"norm: order {ord!r} is not for vectors")
    return _p_norm(x, float(plain(ord)), axis, keepdims)


def _matrix_norm(x: Any, ord: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    rows, columns = axes
    if ord in (1, -1, np.inf, -np.inf):
        along, across = (rows, columns) if abs(ord) == 1 else (columns, rows)
        sums = sum(absolute(x), along, keepdims=True)
        result = (max if ord > 0 else min)(sums, across, keepdims=True)
    elif ord in (2, -2, "nuc"):
        values = absolute(svdvals(moveaxis(x, axes, (-2, -1))))  # its slope at 0, 0, makes that of the norm
        result = {2: max, -2: min, "nuc": sum}[ord](values, -1)
        result = expand_dims(result, tuple(sorted(axes)))
    else:
        raise ValueError(f"norm: order {ord!r} is not one of None, 'fro', 'nuc', 1, -1, 2, -2, inf, -inf for matrices")
    return result if keepdims else reshape(result, tuple(n for i, n in enumerate(x.shape) if i not in axes))


def __dir__() -> list[str]:
    return __all__
