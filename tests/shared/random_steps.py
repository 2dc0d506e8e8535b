"""Random steps of computations: each makes a new array of those that were made before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import seegrad as sg

SMOOTH = [np.sin, np.tanh, np.exp, np.square, np.abs, np.negative]
UNARY = [
    *SMOOTH,
    *(np.sqrt, np.log1p, np.log, np.floor, np.cbrt, np.sign, np.reciprocal, np.expm1, np.arctan),
    *(sg.sigmoid, sg.relu, sg.gelu, sg.silu, sg.erf, sg.softplus),
]
BINARY = [np.add, np.subtract, np.multiply, np.divide, np.maximum, np.minimum, np.hypot, np.arctan2, np.logaddexp]
COMPARISONS = [np.less, np.less_equal, np.greater, np.equal, np.not_equal]
REDUCTIONS = [np.sum, np.mean, np.max, np.min, np.prod, np.var, np.std, sg.logsumexp]
ALONG = [np.cumsum, np.sort, sg.softmax, sg.log_softmax, np.flip, np.cumprod]

Step = Callable[[list[Any]], Any]


def random_step(rng: np.random.Generator, examples: list[Any]) -> Step:
    """Make a random step, from the list of all arrays so far to a new one."""
    i, j, k = (int(n) for n in rng.integers(0, len(examples), size=3))
    if rng.random() < 0.5:
        i = len(examples) - 1
    make = rng.choice(list(_STEPS), p=np.array(list(_STEPS.values())) / sum(_STEPS.values()))
    return make(rng, i, j, k, np.asarray(examples[i]))  # type: ignore[no-any-return]


def _axis(rng: np.random.Generator, x: Any) -> int:
    return int(rng.integers(-x.ndim, x.ndim)) if x.ndim else 0


# ------------------------------------------------------------------------------------------ one number each


def _unary(rng: Any, i: int, j: int, k: int, x: Any) -> Step:
    f = rng.choice(UNARY)
    return lambda known: f(known[i])


def _binary(rng: Any, i: int, j: int, k: int, x: Any) -> Step:
    f = rng.choice(BINARY)
    return lambda known: f(known[i], known[j])


def _operator(rng: Any, i: int, j: int, k: int, x: Any) -> Step:
    return rng.choice([  # type: ignore[no-any-return]
        lambda known: known[i] + known[j],
        lambda known: known[i] - known[j],
        lambda known: known[i] * known[j],
        lambda known: known[i] / known[j],
        lambda known: -known[i],
        lambda known: abs(known[i]),
        lambda known: known[i] % 2.0,
        lambda known: known[i] // 0.5,
    ])  # fmt: skip


def _with_number(rng: Any, i: int, j: int, k: int, x: Any) -> Step:
    f, number = rng.choice(BINARY[:6]), float(np.round(rng.normal(), 1))
    swap = rng.random() < 0.5
    return lambda known: f(number, known[i]) if swap else f(known[i], number)


def _power(rng: Any, i: int, j: int, k: int, x: Any) -> Step:
    exponent = float(rng.choice([2.0, 3.0, 0.5, -1.0, 0.0]))
    return lambda known: known[i] ** exponent


def _choose(rng: Any, i: int, j: int, k: int, x: Any) -> Step:
    compare = rng.choice(COMPARISONS)
    return rng.choice([  # type: ignore[no-any-return]
        lambda known: np.where(compare(known[i], known[j]), known[k], known[i]),
        lambda known: np.where(np.isfinite(known[i]) & compare(known[i], 0.0), known[i], 1.0),
        lambda known: np.clip(known[i], -0.5, 1.0),
        lambda known: compare(known[i], known[j]),
        lambda known: np.multiply(compare(known[i], known[j]), known[k]),
    ])  # fmt: skip


def _branch(rng: Any, i: int, j: int, k: int, x: Any) -> Step:
    return rng.choice([  # type: ignore[no-any-return]
        lambda known: known[i] * 2.0 if np.sum(known[j]) > 0 else known[i] - 1.0,
        lambda known: known[i] * 2.0 if np.all(np.less(known[j], 0.5)) else known[k],
        lambda known: known[i] / 2.0 if known[j].size and np.max(known[j]) == np.max(known[k]) else known[i],
    ])  # fmt: skip


def _cast(rng: Any, i: int, j: int, k: int, x: Any) -> Step:
    dtype = rng.choice([np.float32, np.float64, np.int64])
    return lambda known: known[i].astype(dtype) if dtype != np.int64 else np.rint(known[i] * 0.1).astype(dtype)


# ------------------------------------------------------------------------------------------ axes


def _reduce(rng: Any, i: int, j: int, k: int, x: Any) -> Step:
    f, axis, keepdims = rng.choice(REDUCTIONS), rng.choice([None, 0]), bool(rng.random() < 0.5)
    axis = None if axis is None or not x.ndim else _axis(rng, x)
    return lambda known: f(known[i], axis=axis, keepdims=keepdims)


def _along(rng: Any, i: int, j: int, k: int, x: Any) -> Step:
    f, axis = rng.choice(ALONG), _axis(rng, x)
    return lambda known: f(known[i], axis)


def _view(rng: Any, i: int, j: int, k: int, x: Any) -> Step:
    return rng.choice([  # type: ignore[no-any-return]
        lambda known: known[i].reshape(-1),
        lambda known: np.transpose(known[i]),
        lambda known: np.expand_dims(known[i], 0),
        lambda known: np.broadcast_to(known[i], (2, *np.shape(known[i]))),
        lambda known: np.swapaxes(known[i], 0, -1),
        lambda known: np.moveaxis(known[i], 0, -1),
        lambda known: known[i].reshape(known[i].shape[::-1]),
        lambda known: np.squeeze(known[i]),
        lambda known: known[i].T,
        lambda known: known[i].ravel(),
    ])  # fmt: skip


def _arrange(rng: Any, i: int, j: int, k: int, x: Any) -> Step:
    return rng.choice([  # type: ignore[no-any-return]
        lambda known: np.concatenate([known[i], known[i] * 2.0, known[j]], 0),
        lambda known: np.stack([known[i], known[j]], -1),
        lambda known: np.pad(known[i], 1),
        lambda known: np.roll(known[i], 1),
        lambda known: np.tile(known[i], 2),
        lambda known: np.repeat(known[i], 2, 0),
        lambda known: np.tril(known[i]),
        lambda known: np.diagonal(known[i]),
        lambda known: np.trace(known[i]),
        lambda known: np.diff(known[i]),
        lambda known: np.split(known[i], 1)[0],
        lambda known: np.array([known[i].sum(), known[j].sum()]),
    ])  # fmt: skip


def _product(rng: Any, i: int, j: int, k: int, x: Any) -> Step:
    return rng.choice([  # type: ignore[no-any-return]
        lambda known: np.matmul(known[i], np.swapaxes(known[j], -1, -2)),
        lambda known: known[i] @ known[j],
        lambda known: np.einsum("...i,...i->...", known[i], known[j]),
        lambda known: np.dot(np.atleast_1d(known[i]), np.atleast_1d(known[j])),
        lambda known: sg.outer(known[i], known[j]),
        lambda known: np.tensordot(known[i], known[j], 1),
    ])  # fmt: skip


# ------------------------------------------------------------------------------------------ indices


def _slice(rng: Any, i: int, j: int, k: int, x: Any) -> Step:
    start = int(rng.integers(0, 2))
    chosen = rng.choice(
        np.array([None, "...", "slice", "back", "integer", "last", "array", "two", "columns", "mask"], object)
    )
    index: Any = {
        None: None,
        "...": (..., slice(start, None)),
        "slice": slice(start, None),
        "back": slice(None, None, -1),
        "integer": start,
        "last": (..., -1),
        "array": np.array([0, start, 0]),
        "two": (np.array([0, start]), np.array([[start], [0]])),
        "columns": (slice(None), [0, -1]),
        "mask": np.arange(x.shape[0] if x.ndim else 1) % 2 == 0,
    }[chosen]
    return lambda known: known[i][index]


def _by_data(rng: Any, i: int, j: int, k: int, x: Any) -> Step:
    axis = _axis(rng, x)
    return rng.choice([  # type: ignore[no-any-return]
        lambda known: np.take(known[i], np.argmax(known[i], axis), axis),
        lambda known: np.take_along_axis(known[i], np.argsort(known[j], axis, kind="stable"), axis),
        lambda known: known[i][np.argsort(known[j].reshape(-1), kind="stable")[:1]],
        lambda known: known[i][np.greater(known[i], 0.0)],
        lambda known: known[i][np.argmin(known[i], 0)],
        lambda known: known[i][np.where(np.abs(known[j]) < 0.5, 1, 0)],
        lambda known: known[i][int(np.argmax(known[i]))],
    ])  # fmt: skip


def _by_argument(rng: Any, i: int, j: int, k: int, x: Any) -> Step:
    axis = _axis(rng, x)

    def indices(known: list[Any]) -> Any:
        for item in known:
            if getattr(item, "dtype", None) == np.int64:
                return item
        raise TypeError("there are no indices")

    def steps(known: list[Any]) -> Any:
        copied = known[i] * 1.0
        copied[indices(known)] = known[j].mean()
        return copied

    return rng.choice([  # type: ignore[no-any-return]
        lambda known: known[i][indices(known)],
        lambda known: np.take(known[i], indices(known), axis),
        lambda known: known[i][..., indices(known)],
        lambda known: known[i][np.arange(indices(known).size), indices(known).reshape(-1)],
        lambda known: known[i] * (indices(known) == 1),
        steps,
    ])  # fmt: skip


def _write(rng: Any, i: int, j: int, k: int, x: Any) -> Step:
    kind = int(rng.integers(0, 6))

    def step(known: list[Any]) -> Any:
        copied = known[i] * 1.0
        if kind == 0:
            copied[..., 0] = known[j].sum()
            copied += known[i]
        elif kind == 1:
            copied[np.greater(known[i], 0.0)] = 0.5
        elif kind == 2 and copied.ndim > 1:
            row = copied[0]
            row *= 2.0
            row[...] = row + known[j].sum()
        elif kind == 3:
            copied[1:] -= copied[:-1] * known[k].mean()
        elif kind == 4:
            empty = np.zeros_like(copied)
            empty[...] = copied
            empty[..., -1] += known[j].max()
            return empty
        else:
            turned = copied.T
            turned[0] = 3.0
            copied *= copied
        return copied

    return step


# ------------------------------------------------------------------------------------------ derivatives


def _gradient(rng: Any, i: int, j: int, k: int, x: Any) -> Step:
    f, g = rng.choice([*SMOOTH, sg.sigmoid, sg.relu, sg.gelu]), rng.choice(BINARY[:3])
    slope = sg.grad(lambda v, w: np.sum(f(g(v, w))))
    return rng.choice([  # type: ignore[no-any-return]
        lambda known: np.multiply(slope(known[i], known[j]), 1.0),
        lambda known: np.multiply(sg.grad(lambda v: np.sum(slope(v, known[j]) ** 2))(known[i]), 1.0),
        lambda known: np.multiply(sg.value_and_grad(lambda v: np.sum(v[0] * f(known[j])))(known[i])[1], 2.0),
        lambda known: sg.grad(lambda v: np.sum(f(known[j]) * v))(known[i]) + known[i],
    ])  # fmt: skip


def _whole_derivative(rng: Any, i: int, j: int, k: int, x: Any) -> Step:
    f = rng.choice(SMOOTH)
    if x.size > 12:
        return _unary(rng, i, j, k, x)
    return rng.choice([  # type: ignore[no-any-return]
        lambda known: sg.jacobian(lambda v: f(v) * known[j])(known[i]).sum(),
        lambda known: np.multiply(sg.jacobian(lambda v: f(v * v))(known[i]), 1.0),
        lambda known: np.multiply(sg.hessian(lambda v: np.sum(f(v)) * np.sum(v))(known[i]), 1.0),
    ])  # fmt: skip


def _whole_batch(rng: Any, i: int, j: int, k: int, x: Any) -> Step:
    f = rng.choice(UNARY)
    return rng.choice([  # type: ignore[no-any-return]
        lambda known: sg.vmap(lambda row: f(row) * known[j].sum())(known[i]),
        lambda known: sg.vmap(lambda row: np.sum(f(row)) + row.mean())(known[i]),
        lambda known: sg.vmap(lambda row, other: np.where(row > other, row, f(other)))(known[i], known[j]),
        lambda known: sg.vmap(sg.grad(lambda row: np.sum(np.tanh(row) * row)))(known[i]) * 1.0,
        lambda known: sg.vmap(lambda row: np.sort(row) @ row)(known[i]),
    ])  # fmt: skip


#: How often each kind of step is taken.
_STEPS = {
    _unary: 6,
    _binary: 4,
    _operator: 4,
    _with_number: 3,
    _power: 1,
    _choose: 2,
    _branch: 0.7,
    _cast: 0.5,
    _reduce: 3,
    _along: 2,
    _view: 3,
    _arrange: 2,
    _product: 2,
    _slice: 3,
    _by_data: 1.5,
    _by_argument: 2,
    _write: 1.5,
    _gradient: 2,
    _whole_derivative: 1,
    _whole_batch: 1,
}
