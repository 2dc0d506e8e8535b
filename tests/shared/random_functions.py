"""Random functions of arrays, written as a user would write them in NumPy, and random arguments for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import seegrad as sg

UNARY = [
    np.sin,
    np.tanh,
    np.exp,
    np.square,
    np.abs,
    np.negative,
    np.sqrt,
    np.log1p,
    sg.sigmoid,
    sg.relu,
    np.floor,
    np.cbrt,
]
BINARY = [np.add, np.subtract, np.multiply, np.divide, np.maximum, np.minimum, np.hypot, np.arctan2]
COMPARISONS = [np.less, np.less_equal, np.greater, np.equal, np.not_equal]
REDUCTIONS = [np.sum, np.mean, np.max, np.min, np.prod, np.var, sg.logsumexp]
ALONG = [np.cumsum, np.sort, sg.softmax, sg.log_softmax, np.flip]
SPECIAL = [0.0, -0.0, 1.0, np.inf, -np.inf, np.nan, 1e30, -1e-30]


@dataclass
class RandomFunction:
    """A function as a list of steps; each makes a new array of earlier ones.

    Attributes
    ----------
    steps : list of callable
        From the list of all arrays so far to a new one.
    shapes : list of tuple
        Of the arguments.
    dtype : dtype
    outputs : list of int
        Which arrays are returned; a single one as its sum, if ``scalar``.
    """

    steps: list[Callable[[list[Any]], Any]]
    shapes: list[tuple[int, ...]]
    dtype: Any
    outputs: list[int]
    scalar: bool

    def __call__(self, *args: Any) -> Any:
        known = list(args)
        for step in self.steps:
            known.append(step(known))
        if self.scalar:
            return np.sum(known[self.outputs[0]])
        results = [known[i] for i in self.outputs]
        return results[0] if len(results) == 1 else tuple(results)

    def arguments(self, rng: np.random.Generator, special: bool) -> list[Any]:
        """Draw arguments; some elements are special values."""
        drawn = []
        for shape in self.shapes:
            x = rng.normal(size=shape)
            if special and x.size:
                places = rng.random(shape) < 0.2
                x = np.where(places, rng.choice(SPECIAL, size=shape), x)
            x = np.round(x, 1) if rng.random() < 0.3 else x  # ties
            drawn.append(np.asarray(x, self.dtype))
        return drawn


def random_function(seed: int) -> RandomFunction:
    """Make a random function; the same seed gives the same one."""
    rng = np.random.default_rng(seed)
    dtype = rng.choice([np.float32, np.float64])
    axes = int(rng.integers(0, 4))
    shape = tuple(int(n) for n in rng.choice([0, 1, 2, 3, 5], size=axes, p=[0.03, 0.17, 0.3, 0.3, 0.2]))
    shapes = [shape, *[_broadcastable(rng, shape) for _ in range(int(rng.integers(0, 3)))]]
    examples = [np.ones(s, dtype) for s in shapes]
    steps: list[Callable[[list[Any]], Any]] = []
    wanted = int(rng.integers(1, 12))
    while len(steps) < wanted:
        step = _step(rng, examples)
        try:
            made = step(examples)
        except (ValueError, TypeError, IndexError, np.exceptions.AxisError):
            if rng.random() < 0.97:
                continue  # most functions should not fail
            made = np.ones(shape, dtype)
        steps.append(step)
        examples.append(np.asarray(made))
    outputs = [len(examples) - 1, *[int(k) for k in rng.integers(0, len(examples), size=int(rng.integers(0, 2)))]]
    floats = [k for k in outputs if examples[k].dtype.kind == "f"]
    scalar = bool(rng.random() < 0.4 and floats)
    return RandomFunction(steps, shapes, dtype, floats if scalar else outputs, scalar)


def _broadcastable(rng: np.random.Generator, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return a shape that broadcasts against another one."""
    kept = shape[int(rng.integers(0, len(shape) + 1)) :]
    return tuple(1 if rng.random() < 0.3 else n for n in kept)


def _step(rng: np.random.Generator, examples: list[Any]) -> Callable[[list[Any]], Any]:
    """Make a random step."""
    i, j, k = (int(n) for n in rng.integers(0, len(examples), size=3))
    if rng.random() < 0.5:
        i = len(examples) - 1
    x = examples[i]
    make = rng.choice(list(_STEPS), p=np.array(list(_STEPS.values())) / sum(_STEPS.values()))
    return make(rng, i, j, k, x)  # type: ignore[no-any-return]


def _axis(rng: np.random.Generator, x: Any) -> int:
    return int(rng.integers(-x.ndim, x.ndim)) if x.ndim else 0


def _unary(rng: Any, i: int, j: int, k: int, x: Any) -> Any:
    f = rng.choice(UNARY)
    return lambda known: f(known[i])


def _binary(rng: Any, i: int, j: int, k: int, x: Any) -> Any:
    f = rng.choice(BINARY)
    return lambda known: f(known[i], known[j])


def _with_number(rng: Any, i: int, j: int, k: int, x: Any) -> Any:
    f, number = rng.choice(BINARY[:6]), float(np.round(rng.normal(), 1))
    swap = rng.random() < 0.5
    return lambda known: f(number, known[i]) if swap else f(known[i], number)


def _power(rng: Any, i: int, j: int, k: int, x: Any) -> Any:
    exponent = float(rng.choice([2.0, 3.0, 0.5, -1.0, 0.0]))
    return lambda known: known[i] ** exponent


def _choose(rng: Any, i: int, j: int, k: int, x: Any) -> Any:
    compare = rng.choice(COMPARISONS)
    return lambda known: np.where(compare(known[i], known[j]), known[k], known[i])


def _reduce(rng: Any, i: int, j: int, k: int, x: Any) -> Any:
    f, axis, keepdims = rng.choice(REDUCTIONS), rng.choice([None, 0]), bool(rng.random() < 0.5)
    axis = None if axis is None or not x.ndim else _axis(rng, x)
    return lambda known: f(known[i], axis=axis, keepdims=keepdims)


def _along(rng: Any, i: int, j: int, k: int, x: Any) -> Any:
    f, axis = rng.choice(ALONG), _axis(rng, x)
    return lambda known: f(known[i], axis)


def _view(rng: Any, i: int, j: int, k: int, x: Any) -> Any:
    kind = rng.integers(0, 5)
    if kind == 0:
        return lambda known: known[i].reshape(-1)
    if kind == 1:
        return lambda known: np.transpose(known[i])
    if kind == 2:
        return lambda known: np.expand_dims(known[i], 0)
    if kind == 3:
        return lambda known: np.broadcast_to(known[i], (2, *np.shape(known[i])))
    return lambda known: np.swapaxes(known[i], 0, -1)


def _slice(rng: Any, i: int, j: int, k: int, x: Any) -> Any:
    start, step = int(rng.integers(0, 2)), int(rng.choice([1, 2, -1]))
    index = rng.choice(np.array([None, "...", "slice", "integer", "array"], object))
    chosen: Any = {
        None: None,
        "...": (..., slice(start, None)),
        "slice": slice(start, None) if step > 0 else slice(None, None, -1),
        "integer": start,
        "array": np.array([0, start, 0]),
    }[index]
    return lambda known: known[i][chosen]


def _by_data(rng: Any, i: int, j: int, k: int, x: Any) -> Any:
    axis = _axis(rng, x)
    order = rng.choice([np.argsort, np.argmax])
    if order is np.argmax:
        return lambda known: np.take(known[i], np.argmax(known[i], axis), axis)
    return lambda known: np.take_along_axis(known[i], np.argsort(known[j], axis, kind="stable"), axis)


def _join(rng: Any, i: int, j: int, k: int, x: Any) -> Any:
    f = rng.choice([np.concatenate, np.stack])
    return lambda known: f([known[i], known[i] * 2.0, known[j]], 0)


def _product(rng: Any, i: int, j: int, k: int, x: Any) -> Any:
    if rng.random() < 0.5:
        return lambda known: np.matmul(known[i], np.swapaxes(known[j], -1, -2))
    return lambda known: np.einsum("...i,...i->...", known[i], known[j])


def _write(rng: Any, i: int, j: int, k: int, x: Any) -> Any:
    def step(known: list[Any]) -> Any:
        copied = known[i] * 1.0
        copied[..., 0] = known[j].sum()
        copied += known[i]
        return copied

    return step


def _gradient(rng: Any, i: int, j: int, k: int, x: Any) -> Any:
    f, g = rng.choice(UNARY[:6]), rng.choice(BINARY[:3])
    order = int(rng.integers(1, 3))

    def inner(v: Any, w: Any) -> Any:
        return np.sum(f(g(v, w)))

    slope = sg.grad(inner)
    if order == 2:
        return lambda known: np.multiply(sg.grad(lambda v: np.sum(slope(v, known[j]) ** 2))(known[i]), 1.0)
    return lambda known: np.multiply(slope(known[i], known[j]), 1.0)


#: How often each kind of step is taken.
_STEPS = {
    _unary: 5,
    _binary: 5,
    _with_number: 3,
    _power: 1,
    _choose: 2,
    _reduce: 3,
    _along: 2,
    _view: 3,
    _slice: 3,
    _by_data: 1,
    _join: 1,
    _product: 2,
    _write: 1,
    _gradient: 2,
}
