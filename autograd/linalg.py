"""Linear algebra of matrices, as ``numpy.linalg``: inverses, determinants, factorisations, norms.

Matrices are the last two axes; further axes in front are batches. A factorisation with several results travels
through the graph as one array that holds them side by side and is taken apart by slices, so the graph core needs
no notion of several results. Gradients of factorisations with respect to eigenvectors or singular vectors exist
only where the eigenvalues or singular values are distinct; coinciding pairs contribute 0.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from .elementwise import absolute, power, sign, where
from .indexing import diagonal
from .operation import Op
from .products import matmul
from .reductions import Axis, max, min, sum
from .shaping import (
    add_reduce,
    astype,
    concatenate,
    expand_dims,
    moveaxis,
    narrow,
    ndim_of,
    operand,
    reshape,
    spread,
    stack,
    swapaxes,
    tril,
    wide_dtype,
)


def _t(x: Any) -> Any:
    """Transpose matrices."""
    return swapaxes(x, -1, -2)


def _diagonal_matrix(values: Any) -> Any:
    """Matrices with the given diagonals."""
    return expand_dims(values, -1) * np.eye(values.shape[-1], dtype=values.dtype)


def _pack(batch: tuple[int, ...], *parts: Any) -> Any:
    """Lay matrices and vectors of one batch side by side in a single last axis."""
    flat = [np.reshape(p, (*batch, int(np.prod(p.shape[len(batch) :], dtype=np.int64)))) for p in parts]
    return np.concatenate(flat, axis=-1)


def _unpack(packed: Any, *shapes: tuple[int, ...]) -> list[Any]:
    """Take apart what :func:`_pack` joined."""
    parts = []
    start = 0
    for shape in shapes:
        size = int(np.prod(shape))
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
    plain = getattr(x, "_data", x)
    n = x.shape[-1]
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
    return SlogdetResult(np.linalg.slogdet(getattr(x, "_data", x))[0], _logabsdet(x))


@Op
def pinv(x: Any, /, rcond: float | None = None) -> Any:
    """Moore-Penrose pseudo-inverse.

    Its derivative (Golub and Pereyra 1973) holds where the rank does not change nearby.

    Parameters
    ----------
    x : array_like or Tensor
        Shape ``(..., n, m)``.
    rcond : float, optional
        Singular values below this fraction of the largest count as 0.
    """
    return np.linalg.pinv(x) if rcond is None else np.linalg.pinv(x, rcond)


def _pinv_rule(g: Any, out: Any, x: Any, rcond: float | None) -> Any:
    rows, columns = np.eye(x.shape[-2], dtype=x.dtype), np.eye(x.shape[-1], dtype=x.dtype)
    back = _t(out)
    inner = -matmul(matmul(back, g), back)
    left = matmul(matmul(rows - matmul(x, out), _t(g)), matmul(out, back))
    right = matmul(matmul(matmul(back, out), _t(g)), columns - matmul(out, x))
    return inner + left + right


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


def _gaps(values: Any) -> Any:
    """1 / (value_j - value_i), and 0 where they coincide."""
    difference = expand_dims(values, -2) - expand_dims(values, -1)
    same = difference == 0
    return where(same, 0.0, 1.0) / where(same, 1.0, difference)


@Op
def _eigh(x: Any, /) -> Any:
    """Eigenvalues and eigenvectors of symmetric matrices, packed."""
    return _pack(x.shape[:-2], *np.linalg.eigh(x))


def _eigh_rule(g: Any, out: Any, x: Any) -> Any:
    n = x.shape[-1]
    (values, vectors), (g_values, g_vectors) = (_unpack(packed, (n,), (n, n)) for packed in (out, g))
    middle = _diagonal_matrix(g_values) + _gaps(values) * matmul(_t(vectors), g_vectors)
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
    return EighResult(*_unpack(_eigh(x), (n,), (n, n)))


@Op
def _svd(x: Any, /) -> Any:
    """Thin singular value decomposition, packed."""
    u, s, vt = np.linalg.svd(x, full_matrices=False)
    return _pack(x.shape[:-2], s, u, vt)


def _svd_shapes(x: Any) -> tuple[tuple[int, ...], ...]:
    rows, columns = x.shape[-2:]
    k = rows if rows < columns else columns
    return (k,), (rows, k), (k, columns)


def _svd_rule(g: Any, out: Any, x: Any) -> Any:
    """Backward of the thin SVD (Townsend 2016)."""
    (s, u, vt), (gs, gu, gvt) = (_unpack(packed, *_svd_shapes(x)) for packed in (out, g))
    v, gv = _t(vt), _t(gvt)
    gaps = _gaps(s * s)
    ut_gu, vt_gv = matmul(_t(u), gu), matmul(vt, gv)
    row = expand_dims(s, -2)
    middle = _diagonal_matrix(gs) + gaps * (ut_gu - _t(ut_gu)) * row + expand_dims(s, -1) * (gaps * (vt_gv - _t(vt_gv)))
    inverse = where(row == 0, 0.0, 1.0) / where(row == 0, 1.0, row)
    result = matmul(matmul(u, middle), vt)
    if u.shape[-2] > u.shape[-1]:
        outside = (gu - matmul(u, ut_gu)) * inverse
        result = result + matmul(outside, vt)
    if v.shape[-2] > v.shape[-1]:
        outside = (gv - matmul(v, vt_gv)) * inverse
        result = result + matmul(u, _t(outside))
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
    s, u, vt = _unpack(_svd(x), *_svd_shapes(x))
    if not compute_uv:
        return s
    if full_matrices and x.shape[-1] != x.shape[-2]:
        raise ValueError(f"svd: pass full_matrices=False for matrices of shape {x.shape[-2:]}")
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


# --------------------------------------------------------------------------------------------------- norms


@Op
def euclidean_norm(x: Any, /, axis: Axis = None, keepdims: bool = False) -> Any:
    """Root of the sum of squares; its gradient at zero is 0."""
    squares = np.square(x, dtype=wide_dtype(x))
    return narrow(
        np.sqrt(add_reduce(squares, axis if axis is None or isinstance(axis, int) else tuple(axis), keepdims)), x
    )


euclidean_norm.rules(lambda g, out, x, axis, keepdims: spread(g / where(out == 0, 1.0, out), x, axis, keepdims) * x)


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
    axes = tuple(range(x.ndim)) if axis is None else normalize_axis_tuple(axis, x.ndim)
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
    total = sum(power(size, float(ord)), axis, keepdims)
    return power(where(total == 0, 1.0, total), 1.0 / ord) * (total != 0).astype(total.dtype)


def _matrix_norm(x: Any, ord: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    rows, columns = axes
    if ord in (1, -1, np.inf, -np.inf):
        along, across = (rows, columns) if abs(ord) == 1 else (columns, rows)
        sums = sum(absolute(x), along, keepdims=True)
        result = (max if ord > 0 else min)(sums, across, keepdims=True)
    elif ord in (2, -2, "nuc"):
        values = svdvals(moveaxis(x, axes, (-2, -1)))
        result = {2: max, -2: min, "nuc": sum}[ord](values, -1)
        result = expand_dims(result, tuple(sorted(axes)))
    else:
        raise ValueError(f"norm: order {ord!r} is not one of None, 'fro', 'nuc', 1, -1, 2, -2, inf, -inf for matrices")
    return result if keepdims else reshape(result, tuple(n for i, n in enumerate(x.shape) if i not in axes))


def __dir__() -> list[str]:
    return [name for name, thing in globals().items() if getattr(thing, "__module__", None) == __name__]
