"""Cases of ``sg.linalg``, on matrices that are far from singular, with ``numpy.linalg`` as reference."""

from __future__ import annotations

from typing import Any

import numpy as np

import seegrad as sg
from seegrad.autograd.core.op import Op

from .case import Case, case, real

SQUARE = [(1, 1), (2, 2), (3, 3), (2, 2, 2), (1, 2, 3, 3), (0, 2, 2), (0, 0), (2, 0, 0)]
OBLONG = [(3, 2), (2, 3), (2, 3, 2), (2, 2, 3), (4, 1), (0, 3, 2), (0, 3), (3, 0), (2, 0, 0)]


def _t(x: Any) -> Any:
    return x.swapaxes(-1, -2)


def _dominant(x: Any) -> Any:
    """Far from singular: a diagonal that outweighs the rest, with distinct entries."""
    return x + np.diag(np.arange(4.0, 4.0 + x.shape[-1])).astype(x.dtype)


def _symmetric(x: Any) -> Any:
    return _dominant(_dominant(x + _t(x)))


def _definite(x: Any) -> Any:
    return x @ _t(x) + np.eye(x.shape[-2], dtype=x.dtype)


def _spread_out(x: Any) -> Any:
    """Singular values that are distinct and not small, for any shape."""
    return x * 0.3 + (np.eye(*x.shape[-2:]) * np.arange(2.0, 2.0 + x.shape[-1])).astype(x.dtype)


def _symmetric_function(f: Any) -> Any:
    """A function of a symmetric matrix, by its eigenvalues."""

    def reference(x: Any) -> Any:
        values, vectors = np.linalg.eigh(x)
        return (vectors * f(values)[..., None, :]) @ _t(vectors)

    return reference


def _power_series(x: Any) -> Any:
    """The matrix exponential, by its definition."""
    total = term = np.broadcast_to(np.eye(x.shape[-1]), x.shape)
    for k in range(1, 60):
        term = term @ x / k
        total = total + term
    return total


def _polar(x: Any) -> Any:
    u, _, vh = np.linalg.svd(x, full_matrices=False)
    return u @ vh, _t(u @ vh) @ x


def _function_cases(
    name: str, reference: Any, shapes: Any, prepare: Any, pick: Any = None, note: str = "", **options: Any
) -> list[Case]:
    ours, pick = getattr(sg.linalg, name), pick or (lambda result: result)
    return [
        case(
            f"linalg[{name} {shape}{note}]",
            lambda x: pick(ours(prepare(x), **options)),
            lambda x: pick(reference(prepare(x), **options)),
            real(*shape),
            half=False,
            constant_rows=False,
        )
        for shape in shapes
    ]


def _cases(name: str, shapes: list[tuple[int, ...]], prepare: Any, pick: Any = None, note: str = "") -> list[Case]:
    options = {"full_matrices": False} if name == "svd" else {}
    return _function_cases(name, getattr(np.linalg, name), shapes, prepare, pick, note, **options)


def _sylvester(x: Any, y: Any) -> Any:
    """Solve ``x z + z x = y`` as one system of linear equations."""
    one = np.eye(len(x))
    return np.linalg.solve(np.kron(x, one) + np.kron(one, x), y.reshape(-1)).reshape(y.shape)


def _with_real_eigenvalues(x: Any) -> Any:
    """Not symmetric, with eigenvalues that are real and distinct."""
    return _symmetric(x) + 0.2 * x


def _eig(x: Any) -> Any:
    """Eigenvalues and eigenvectors of length 1, in one array; the signs of the vectors do not matter."""
    packed = Op.table["eig"](_with_real_eigenvalues(x))
    n = x.shape[-1]
    return packed[..., :n] * 0.1 + packed[..., n:].reshape(*x.shape)[..., 0, :] ** 2


def _eig_of_numpy(x: Any) -> Any:
    values, vectors = np.linalg.eig(_with_real_eigenvalues(x))
    return values * 0.1 + vectors[..., 0, :] ** 2


_FUNCTIONS = [
    *[
        case(f"eig[{shape}]", _eig, _eig_of_numpy, real(*shape), half=False, constant_rows=False)
        for shape in [(1, 1), (2, 2), (3, 3), (2, 2, 2), (0, 2, 2)]
    ],
    case(
        "solve_sylvester[(3, 3)]",
        lambda x, y: Op.table["solve_sylvester"](_definite(x), y),
        lambda x, y: _sylvester(_definite(x), y),
        real(3, 3),
        real(3, 3),
        half=False,
        constant_rows=False,
    ),
    *_function_cases("expm", _power_series, SQUARE, lambda x: x),
    *_function_cases("sqrtm", _symmetric_function(np.sqrt), SQUARE, _definite),
    *_function_cases("logm", _symmetric_function(np.log), SQUARE, _definite),
    *_function_cases("polar", _polar, [*OBLONG, (3, 3)], _spread_out, lambda r: r[0], " U"),
    *_function_cases("polar", _polar, [(3, 2), (2, 2, 3)], _spread_out, lambda r: r[1], " P"),
]


def _singular(rank: int) -> Any:
    x = np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [0.5, -1.0, 2.0]])
    return x if rank == 2 else np.outer(x[0], x[2])


def _minors(x: Any) -> Any:
    """Determinant of a 3 x 3 matrix by Sarrus's rule, exact at singular matrices too."""
    return sum(
        x[0, i] * x[1, (i + 1) % 3] * x[2, (i + 2) % 3] - x[0, i] * x[1, (i + 2) % 3] * x[2, (i + 1) % 3]
        for i in range(3)
    )


_SOLVE = [
    case(
        f"linalg[solve {a} {b}]",
        lambda x, y: sg.linalg.solve(_dominant(x), y),
        lambda x, y: np.linalg.solve(_dominant(x), y),
        real(*a),
        real(*b),
        half=False,
        constant_rows=False,
    )
    for a, b in [
        ((2, 2), (2,)),
        ((3, 3), (3, 2)),
        ((2, 2, 2), (2, 2, 1)),
        ((2, 2), (4, 2, 3)),
        ((4, 2, 2), (2, 3)),
        ((3, 2, 2), (2,)),
    ]
]

_NORMS = [
    case(
        f"linalg[norm {shape} {order}]",
        lambda x, order=order, axis=axis: sg.linalg.norm(_spread_out(x), order, axis=axis),
        lambda x, order=order, axis=axis: np.linalg.norm(_spread_out(x), order, axis=axis),
        real(*shape),
        half=False,
        constant_rows=False,
    )
    for order in (2, -2, "nuc")
    for shape, axis in [((3, 2), None), ((2, 3), None), ((2, 3, 2), (1, 2)), ((2, 2, 3), (2, 1))]
]

CASES = [
    *_cases("inv", SQUARE, _dominant),
    *_cases("det", SQUARE, _dominant),
    *_cases("slogdet", SQUARE, _dominant, lambda r: r.logabsdet),
    *_cases("slogdet", [(2, 2)], lambda x: -_dominant(x) * np.array([1.0, -1.0], x.dtype), lambda r: r[1], " negative"),
    *_cases("cholesky", SQUARE, _definite),
    *_cases("eigh", SQUARE, _symmetric, lambda r: r.eigenvalues, " values"),
    *_cases("eigh", SQUARE, _symmetric, lambda r: r.eigenvectors**2 * np.float32(3), " vectors"),
    *_cases("eigh", [(3, 3)], _symmetric, lambda r: (r[1] * np.exp(r[0])) @ _t(r[1]), " matrix function"),
    *_cases("svd", [*OBLONG, (3, 3)], _spread_out, lambda r: r.S, " values"),
    *_cases("svd", [*OBLONG, (3, 3)], _spread_out, lambda r: r.U[..., :1] @ r.Vh[..., :1, :], " rank one"),
    *_cases("svd", [*OBLONG, (3, 3)], _spread_out, lambda r: (r[0] * r[1][..., None, :] ** 2) @ r[2], " put together"),
    *_cases("svdvals", OBLONG, _spread_out),
    *_cases("qr", [*OBLONG, (3, 3)], _spread_out, lambda r: r.Q, " Q"),
    *_cases("qr", [*OBLONG, (3, 3)], _spread_out, lambda r: r.R, " R"),
    *_cases("pinv", [*OBLONG, (3, 3)], _spread_out),
    case("linalg[det singular]", sg.linalg.det, _minors, _singular(2), half=False, constant_rows=False),
    case("linalg[det rank one]", sg.linalg.det, _minors, _singular(1), half=False, constant_rows=False),
    *_SOLVE,
    *_NORMS,
    *_FUNCTIONS,
]
