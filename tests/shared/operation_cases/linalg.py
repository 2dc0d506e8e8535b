"""Cases of products of vectors, matrices and arrays of more axes."""

from __future__ import annotations

from typing import Any

import numpy as np

import seegrad as sg

from .case import Case, case, real


def _pairs(name: str, shapes: list[tuple[Any, Any]], **kwargs: Any) -> list[Case]:
    ours, theirs = getattr(sg, name), getattr(np, name)
    text = f" {kwargs}" if kwargs else ""
    return [
        case(
            f"{name}[{a} {b}{text}]",
            lambda x, y: ours(x, y, **kwargs),
            lambda x, y: theirs(x, y, **kwargs),
            real(*a),
            real(*b),
        )
        for a, b in shapes
    ]


_MATMUL = [
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((3,), (3, 2)),
    ((2, 3), (3, 2)),
    ((2, 3), (3, 1)),
    ((4, 2, 3), (3, 2)),
    ((2, 3), (4, 3, 2)),
    ((4, 2, 3), (4, 3, 2)),
    ((4, 1, 2, 3), (2, 3, 2)),
    ((1, 2, 3), (4, 3, 2)),
    ((4, 2, 3), (1, 3, 2)),
    ((4, 2, 3), (3,)),
    ((3,), (4, 3, 2)),
    ((0, 3), (3, 2)),
    ((2, 0), (0, 3)),
    ((0,), (0,)),
    ((2, 3), (3, 0)),
]

_PRODUCTS = [
    *_pairs("matmul", _MATMUL),
    *_pairs("dot", [((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 2)), ((), ()), ((), (2, 3))]),
    *_pairs("dot", [((2, 3), ()), ((2, 2, 3), (3, 2)), ((2, 3), (2, 3, 2)), ((2, 2, 3), (2, 3, 2)), ((3,), (2, 3, 2))]),
    *_pairs("inner", [((3,), (3,)), ((2, 3), (4, 3)), ((2, 3), (3,)), ((), (2, 3)), ((2, 1, 3), (2, 3))]),
    *_pairs("outer", [((3,), (2,)), ((2, 2), (3,)), ((), (3,)), ((0,), (2,))]),
    *_pairs("kron", [((2,), (3,)), ((2, 2), (2, 3)), ((2, 3), (2,)), ((2,), (2, 3)), ((2, 1, 2), (2, 2))]),
    *_pairs("tensordot", [((2, 3, 2), (3, 2, 4)), ((3, 2), (3, 2))], axes=2),
    *_pairs("tensordot", [((2, 3), (3, 4)), ((3,), (3,))], axes=1),
    *_pairs("tensordot", [((2, 3), (4,)), ((2,), (3,))], axes=0),
    *_pairs("tensordot", [((2, 3, 4), (4, 2, 2))], axes=((0, 2), (1, 0))),
    *_pairs("tensordot", [((2, 3, 4), (4, 2, 2))], axes=((-1,), (0,))),
    *_pairs("tensordot", [((2, 3), (3, 2))], axes=(1, 0)),
    *_pairs("tensordot", [((2, 0), (0, 3)), ((0, 2), (2, 3))], axes=1),
]

_OPERATORS = [
    case("matmul[operator]", lambda x, y: x @ y, np.matmul, real(2, 3), real(3, 2)),
    case("matmul[array first]", lambda x: np.ones((2, 2), x.dtype) @ x, lambda x: np.ones((2, 2)) @ x, real(2, 3)),
    case("matmul[with itself]", lambda x: x @ x, lambda x: x @ x, real(3, 3)),
    case("matmul[array last]", lambda x: x @ np.ones((3, 2), x.dtype), lambda x: x @ np.ones((3, 2)), real(2, 3)),
]

_TRACES = [
    case(
        f"trace[{kwargs}]",
        lambda x, kwargs=kwargs: sg.trace(x, **kwargs),
        lambda x, kwargs=kwargs: np.trace(x, **kwargs),
        real(3, 4, 2),
    )
    for kwargs in ({}, {"offset": 1}, {"offset": -1}, {"axis1": 2, "axis2": 0})
]

#: Expression -> shapes of the operands.
EINSUM: dict[str, list[tuple[int, ...]]] = {
    "ij->ji": [(2, 3)],
    "ij->i": [(2, 3)],
    "ij->": [(2, 3)],
    "ii->i": [(3, 3)],
    "ii": [(3, 3)],
    "iij->j": [(2, 2, 3)],
    "iji->j": [(2, 3, 2)],
    "ij,jk->ik": [(2, 3), (3, 4)],
    "ij,jk": [(2, 3), (3, 4)],
    "ji,jk": [(3, 2), (3, 4)],
    "i,i": [(3,), (3,)],
    "i,j->ij": [(2,), (3,)],
    "ij,ij->": [(2, 3), (2, 3)],
    "ij,j->i": [(2, 3), (3,)],
    "ij,k->i": [(2, 3), (2,)],
    "bij,bjk->bik": [(2, 2, 3), (2, 3, 2)],
    "ij,jk,kl->il": [(2, 3), (3, 2), (2, 2)],
    "i,i,i->i": [(3,), (3,), (3,)],
    "...ij,...jk->...ik": [(2, 2, 3), (3, 2)],
    "...i->...": [(2, 3)],
    "...i,i->...": [(2, 2, 3), (3,)],
    "i...,...j->ij...": [(2, 2), (2, 3)],
    "ii,ij->j": [(2, 2), (2, 3)],
    "ij , jk -> ik": [(2, 3), (3, 2)],
    ",ij->ij": [(), (2, 3)],
    "ij,ij->ij": [(1, 3), (2, 3)],
}

_EINSUM = [
    case(
        f"einsum[{spec}]",
        lambda *xs, spec=spec: sg.einsum(spec, *xs),
        lambda *xs, spec=spec: np.einsum(spec, *xs),
        *[real(*shape) for shape in shapes],
    )
    for spec, shapes in EINSUM.items()
] + [case("einsum[one operand twice]", lambda x: sg.einsum("ij,ij->i", x, x), lambda x: np.sum(x * x, 1), real(2, 3))]

CASES = [*_PRODUCTS, *_OPERATORS, *_TRACES, *_EINSUM]
