"""Cases of the operations that combine many elements into one."""

from __future__ import annotations

from typing import Any

import numpy as np

import seegrad as sg
from seegrad.autograd.core.op import Op

from .case import Case, case, positive, real

AXES: list[Any] = [None, 0, 1, -1, (0,), (0, 2), (-1, 0), (0, 1, 2), ()]


def _logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return np.log(np.sum(np.exp(x), axis, keepdims=keepdims))


def _softmax(x: Any, axis: int = -1) -> Any:
    e = np.exp(x)
    return e / e.sum(axis, keepdims=True)


REDUCTIONS: dict[str, Any] = {
    "sum": np.sum,
    "mean": np.mean,
    "prod": np.prod,
    "max": np.max,
    "min": np.min,
    "logsumexp": _logsumexp,
}


def _reduced(name: str, reference: Any, options: dict[str, Any], x: Any) -> Case:
    text = ", ".join(f"{k}={v}" for k, v in options.items())
    f = getattr(sg, name)
    return case(f"{name}[{x.shape} {text}]", lambda x: f(x, **options), lambda x: reference(x, **options), x)


def _over_all_axes() -> list[Case]:
    return [
        _reduced(name, reference, {"axis": axis, "keepdims": keepdims}, real(2, 3, 2))
        for name, reference in REDUCTIONS.items()
        for axis in AXES
        for keepdims in (False, True)
    ]


def _spreads() -> list[Case]:
    return [
        _reduced(name, reference, {"axis": axis, "ddof": ddof, "keepdims": keepdims}, real(2, 3, 2))
        for name, reference in (("var", np.var), ("std", np.std))
        for axis in (None, 1, -1, (0, 2))
        for ddof in (0, 1)
        for keepdims in (False, True)
    ]


def _edges() -> list[Case]:
    scalars = [_reduced(name, reference, {}, real()) for name, reference in REDUCTIONS.items()]
    empty = [
        _reduced(name, reference, {"axis": axis}, real(0, 3))
        for name, reference in (("sum", np.sum), ("prod", np.prod))
        for axis in (None, 0, 1)
    ]
    no_rows = [
        _reduced(name, REDUCTIONS[name], {"axis": 1}, real(0, 3)) for name in ("mean", "max", "min", "logsumexp")
    ]
    return [*scalars, *empty, *no_rows, _reduced("var", np.var, {}, real())]


def _with_zeros(zeros: int) -> Any:
    x = np.array([[1.5, -0.7, 2.0], [0.6, 1.2, -1.1]])
    x[0, :zeros] = 0.0
    return x


def _running() -> list[Case]:
    cumulative = [
        _reduced(name, reference, {"axis": axis}, x)
        for name, reference in (("cumsum", np.cumsum), ("cumprod", np.cumprod))
        for axis, x in [(0, real(4)), (None, real(2, 3)), (0, real(2, 3)), (-1, real(2, 3, 2)), (1, real(2, 3, 2))]
    ]
    zeros = [
        case(
            f"{name}[{n} zeros, axis={axis}]",
            lambda x, name=name, axis=axis: getattr(sg, name)(x, axis=axis),
            lambda x, name=name, axis=axis: getattr(np, name)(x, axis=axis),
            _with_zeros(n),
        )
        for name in ("prod", "cumprod")
        for n in (1, 2, 3)
        for axis in (None, 0, 1)
    ]
    return [*cumulative, *zeros]


def _soft() -> list[Case]:
    return [
        _reduced(name, reference, {"axis": axis}, x)
        for name, reference in (("softmax", _softmax), ("log_softmax", lambda x, axis: np.log(_softmax(x, axis))))
        for axis, x in [(-1, real(2, 3)), (0, real(2, 3)), (1, real(2, 3, 2)), (0, real(1)), (-1, real(0, 3))]
    ]


def _norms() -> list[Case]:
    vectors = [
        _reduced("norm", np.linalg.norm, {"ord": order, "axis": axis, "keepdims": keepdims}, real(2, 3))
        for order in (None, 1, 2, 3, 2.5, -1, np.inf, -np.inf)
        for axis in (0, -1)
        for keepdims in (False, True)
    ]
    whole = [_reduced("norm", np.linalg.norm, {}, real(*shape)) for shape in [(3,), (2, 3), (2, 3, 2)]]
    matrices = [
        _reduced("norm", np.linalg.norm, {"ord": order, "axis": axis, "keepdims": keepdims}, real(2, 3, 2))
        for order in ("fro", 1, -1, np.inf, -np.inf)
        for axis in ((0, 1), (2, 0))
        for keepdims in (False, True)
    ]
    counted = _reduced("norm", np.linalg.norm, {"ord": 0, "axis": 1}, positive(2, 3))
    return [*vectors, *whole, *matrices, counted]


def _euclidean() -> list[Case]:
    f = Op.table["norm"]
    return [
        case(
            f"norm[operation, axis={axis}]",
            lambda x, a=axis: f(x, 2.0, a),
            lambda x, a=axis: np.sqrt(np.sum(x * x, a)),
            real(2, 3),
        )
        for axis in (None, 0, (0, 1))
    ]


def _recurrence(x: Any, factor: Any) -> Any:
    out = x.copy()
    for row, factors in zip(out.reshape(-1, x.shape[-1]), factor.reshape(-1, x.shape[-1])):
        for i in range(1, len(row)):
            row[i] += factors[i] * row[i - 1]
    return out


def _without_axes() -> list[Case]:
    """NumPy takes 0 and -1 for the axis of an array that has none."""
    reduced = [
        _reduced(name, REDUCTIONS[name], {"axis": axis}, real())
        for name in REDUCTIONS
        for axis in (0, -1)
        if name != "mean"
    ]
    running = [
        _reduced(name, getattr(np, name), {"axis": axis}, real())
        for name in ("cumsum", "cumprod")
        for axis in (None, 0, -1)
    ]
    return [*reduced, *running]


def _recurrences() -> list[Case]:
    f = Op.table["recurrence"]
    return [case(f"recurrence[{shape}]", f, _recurrence, real(*shape), real(*shape)) for shape in ((4,), (2, 3), (1,))]


CASES = [
    *_over_all_axes(),
    *_spreads(),
    *_edges(),
    *_running(),
    *_soft(),
    *_norms(),
    *_euclidean(),
    *_without_axes(),
    *_recurrences(),
]
