"""Random graphs of numbers and of arrays, which are built again from other numbers in their leaves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import seegrad as sg

Builder = Callable[[list[Any]], Any]

UNARY = [
    *(sg.sin, sg.tanh, sg.relu, sg.sigmoid, sg.softplus, sg.gelu, sg.silu, sg.square, sg.absolute, sg.arctan, sg.erf),
    *(lambda x: sg.exp(sg.sin(x)), lambda x: sg.log(sg.square(x) + 0.5), lambda x: sg.sqrt(sg.square(x) + 0.1)),
    *(lambda x: 3 - x, lambda x: x / 7, lambda x: 1.5 * x - 2, lambda x: x**3, lambda x: -x, lambda x: 2 / (x * x + 1)),
    *(lambda x: sg.leaky_relu(x, 0.1), lambda x: sg.clip(x, -0.5, 0.5)),
]
BINARY = [
    *(lambda x, y: x + y, lambda x, y: x - y, lambda x, y: x * y, lambda x, y: x / (sg.absolute(y) + 1), sg.maximum),
    *(sg.minimum, sg.hypot, sg.arctan2, sg.logaddexp, lambda x, y: (sg.square(x) + 0.2) ** sg.tanh(y)),
]
REDUCING = [
    *(
        lambda x: x.sum(axis=0),
        lambda x: x.mean(axis=-1),
        lambda x: x.max(axis=0),
        lambda x: x.min(),
        lambda x: x.std(),
    ),
    *(lambda x: x.var(axis=0), lambda x: sg.logsumexp(x, axis=-1), lambda x: sg.prod(sg.tanh(x) + 1.5, axis=0)),
]
RESHAPING = [
    *(
        lambda x: x.reshape(-1),
        lambda x: x[..., ::-1],
        lambda x: x[1:],
        lambda x: sg.cumsum(x, axis=0),
        lambda x: x[-1],
    ),
    *(lambda x: sg.softmax(x, axis=-1), lambda x: sg.log_softmax(x, axis=0), lambda x: sg.sort(x, axis=-1)),
    *(lambda x: sg.concatenate([x, x * 2]), lambda x: sg.stack([x, sg.sin(x)]), lambda x: x[np.array([0, 0, -1])]),
    *(lambda x: sg.flip(x, axis=0), lambda x: sg.roll(x, 1, axis=0), lambda x: sg.pad(x, 1)),
]
MATRICES = [
    *(lambda x: x.T, lambda x: x @ x.T, lambda x: sg.einsum("ij,kj->ik", x, sg.tanh(x)), lambda x: sg.tril(x)),
    *(lambda x: x[:, 0] * 2, lambda x: x[np.arange(2), np.array([0, 1])], lambda x: x.sum(axis=0, keepdims=True) * x),
]


def numbers(seed: int) -> tuple[list[np.ndarray[Any, Any] | float], Builder]:
    """Return the data of leaves and how to compute a number from them, all of single numbers."""
    rng = np.random.default_rng(seed)
    data: list[Any] = rng.uniform(-2, 2, rng.integers(2, 5)).tolist()

    def build(leaves: list[Any]) -> Any:
        again = np.random.default_rng(seed + 1_000)
        pool = list(leaves)
        for _ in range(again.integers(3, 14)):
            i, j, k = (again.integers(n) for n in (len(pool), len(pool), len(UNARY) + 2 * len(BINARY)))
            found = UNARY[k](pool[i]) if k < len(UNARY) else BINARY[(k - len(UNARY)) % len(BINARY)](pool[i], pool[j])
            pool.append(found)
        return sum(pool[len(leaves) :], pool[0])

    return data, build


def arrays(seed: int) -> tuple[list[np.ndarray[Any, Any] | float], Builder]:
    """Return the same of arrays."""
    rng = np.random.default_rng(seed)
    shapes = [(2, 3), (3,), (1, 3), (2, 1), (3, 2)]
    data = [rng.uniform(-2, 2, shapes[rng.integers(len(shapes))]) for _ in range(rng.integers(2, 4))]

    def build(leaves: list[Any]) -> Any:
        again = np.random.default_rng(seed + 1_000)
        pool = list(leaves)
        for _ in range(again.integers(3, 10)):
            x, y = (pool[again.integers(len(pool))] for _ in range(2))
            kinds = [UNARY, BINARY, REDUCING, RESHAPING, MATRICES]
            kind = kinds[again.integers(len(kinds))]
            step = kind[again.integers(len(kind))]
            try:
                pool.append(step(x, y) if kind is BINARY else step(x))
            except (ValueError, IndexError, TypeError):  # the shapes do not fit; they are the same the next time
                continue
        ends = [sg.tanh(x).sum() for x in pool[-4:]]
        return sum(ends[1:], ends[0])

    return data, build


def leaves_of(data: list[Any], kind: str) -> list[Any]:
    """Return labelled leaves with the data."""
    if kind == "numbers":
        return [sg.Value(x, label=f"x{i}") for i, x in enumerate(data)]
    return [sg.tensor(x, requires_grad=True, label=f"x{i}") for i, x in enumerate(data)]
