"""Cases of reading and writing parts of arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from seegrad.autograd import Tensor, diag, diagonal, sort, take, take_along_axis, topk
from seegrad.autograd.core.op import Op

from .case import Case, case, real

#: Indices into an array of shape (3, 4, 2).
INDICES: dict[str, Any] = {
    "integer": 1,
    "negative integer": -1,
    "NumPy integer": np.int64(2),
    "slice": slice(1, None),
    "step": slice(None, None, 2),
    "backwards": slice(None, None, -1),
    "empty slice": slice(2, 1),
    "two slices": (slice(0, 2), slice(1, 3)),
    "ellipsis": (..., 1),
    "ellipsis alone": ...,
    "None": None,
    "None inside": (slice(None), None, 2),
    "tuple of integers": (1, 2, 0),
    "empty tuple": (),
    "list": [2, 0],
    "array": np.array([0, 2, 1]),
    "repeated": np.array([1, 1, 1, 0]),
    "negative array": np.array([-1, 0, -1]),
    "two arrays": (np.array([0, 1, 1]), np.array([3, 0, 0])),
    "arrays that broadcast": (np.array([[0], [2]]), np.array([1, 1, 3])),
    "arrays apart": (np.array([0, 1]), slice(None), np.array([1, 1])),
    "array and slice": (slice(1, 3), np.array([0, 0, 2])),
    "array and integer": (1, np.array([0, 0, 2])),
    "array and None": (None, np.array([0, 2])),
    "boolean": np.arange(24).reshape(3, 4, 2) % 3 == 0,
    "boolean rows": np.array([True, False, True]),
    "boolean none": np.zeros(3, dtype=bool),
    "boolean inside": (slice(None), np.array([True, False, False, True])),
    "boolean list": [True, False, True],
    "empty list": [],
    "0-d boolean": np.array(True),
    "unsigned": np.array([0, 2], dtype=np.uint8),
}


def _written(index: Any) -> Any:
    def write(x: Any, value: Any) -> Any:
        result = x.copy()
        result[index] = value
        return result

    return write


def _recorded_write(index: Any) -> Any:
    def write(x: Any, value: Any) -> Any:
        result = x * 1.0 if isinstance(x, Tensor) else Tensor(x.copy())
        result[index] = value
        return result

    return write


def _scattered(index: Any, shape: tuple[int, ...]) -> Any:
    def add(x: Any) -> Any:
        result = np.zeros(shape)
        np.add.at(result, index, x)
        return result

    return add


def _reads() -> list[Case]:
    return [
        case(f"getitem[{name}]", lambda x, i=index: x[i], lambda x, i=index: x[i], real(3, 4, 2))
        for name, index in INDICES.items()
    ] + [
        case("getitem[0-d]", lambda x: x[()], lambda x: x[()], real()),
        case("getitem[0-d None]", lambda x: x[None, ...], lambda x: x[None, ...], real()),
        case("getitem[of empty]", lambda x: x[:, 1:], lambda x: x[:, 1:], real(0, 3)),
    ]


def _writes() -> list[Case]:
    cases = []
    probe = np.zeros((3, 4, 2))
    for name, index in INDICES.items():
        shape = probe[index].shape
        cases.append(case(f"setitem[{name}]", _recorded_write(index), _written(index), real(3, 4, 2), real(*shape)))
        cases.append(
            case(f"setitem[{name}, one value]", _recorded_write(index), _written(index), real(3, 4, 2), real())
        )
        if name not in ("list", "boolean list", "empty list"):
            cases.append(
                case(
                    f"scatter_add[{name}]",
                    lambda x, i=index: Op.table["scatter_add"](x, i, (3, 4, 2)),
                    _scattered(index, (3, 4, 2)),
                    real(*shape),
                )
            )
    broadcast = case("setitem[broadcast]", _recorded_write(slice(0, 2)), _written(slice(0, 2)), real(3, 4), real(2, 1))
    return [*cases, broadcast]


_along = np.array([[0, 2, 1, 1], [2, 2, 0, 1]])

_PICKS = [
    case("take[flattened]", lambda x: take(x, [0, 5, 5]), lambda x: np.take(x, [0, 5, 5]), real(2, 3)),
    case("take[axis]", lambda x: take(x, [2, 0], 1), lambda x: np.take(x, [2, 0], 1), real(2, 3)),
    case("take[one]", lambda x: take(x, 1, axis=-1), lambda x: np.take(x, 1, axis=-1), real(2, 3)),
    case("take[matrix of indices]", lambda x: take(x, _along, 0), lambda x: np.take(x, _along, 0), real(3, 2)),
    case(
        "take_along_axis[rows]",
        lambda x: take_along_axis(x, _along, 0),
        lambda x: np.take_along_axis(x, _along, 0),
        real(3, 4),
    ),
    case(
        "take_along_axis[last]",
        lambda x: take_along_axis(x, _along, -1),
        lambda x: np.take_along_axis(x, _along, -1),
        real(2, 3),
    ),
    case(
        "take_along_axis[broadcast]",
        lambda x: take_along_axis(x, _along[:1], 0),
        lambda x: np.take_along_axis(x, _along[:1], 0),
        real(3, 4),
    ),
    *[
        case(
            f"diagonal[{kwargs}]",
            lambda x, kwargs=kwargs: diagonal(x, **kwargs),
            lambda x, kwargs=kwargs: np.diagonal(x, **kwargs),
            real(3, 4, 2),
        )
        for kwargs in ({}, {"offset": 1}, {"offset": -2}, {"offset": 9}, {"axis1": 2, "axis2": 1}, {"axis2": -1})
    ],
    *[
        case(f"diag[{shape} {k}]", lambda x, k=k: diag(x, k), lambda x, k=k: np.diag(x, k), real(*shape))
        for shape in [(3,), (3, 4), (0,)]
        for k in (0, 1, -2)
    ],
    *[
        case(
            f"topk[axis {axis}]",
            lambda x, a=axis: topk(x, 2, a).values,
            lambda x, a=axis: -np.sort(-x, a).take(range(2), a),
            real(3, 4),
        )
        for axis in (-1, 0)
    ],
    *[
        case(f"sort[axis {axis}]", lambda x, a=axis: sort(x, a), lambda x, a=axis: np.sort(x, a), real(3, 4))
        for axis in (-1, 0, None)
    ],
]

CASES = [*_reads(), *_writes(), *_PICKS]
