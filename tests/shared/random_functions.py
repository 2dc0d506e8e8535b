"""Random functions of arrays, written as a user would write them in NumPy, and random arguments for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from random_steps import random_step

SPECIAL = [0.0, -0.0, 1.0, np.inf, -np.inf, np.nan, 1e30, -1e-30]
#: What one axis of an argument of integers indexes at least, most of the time.
LONGEST = 2


@dataclass
class RandomFunction:
    """A function as a list of steps; each makes a new array of earlier ones.

    Attributes
    ----------
    steps : list of callable
        From the list of all arrays so far to a new one.
    shapes : list of tuple
        Of the arguments that are arrays of floats.
    integers : list of tuple
        Shapes of the arguments that are arrays of integers, after them.
    numbers : int
        How many arguments are Python floats, at the end.
    dtype : dtype
    narrow : bool
        Whether something is computed in float32.
    outputs : list of int
        Which arrays are returned; a single one as its sum, if ``scalar``.
    nested : {None, "list", "dict"}
        In which structure the arguments are given and the results are returned.
    """

    steps: list[Callable[[list[Any]], Any]]
    shapes: list[tuple[int, ...]]
    integers: list[tuple[int, ...]]
    numbers: int
    dtype: Any
    narrow: bool
    outputs: list[int]
    scalar: bool
    nested: str | None

    def __call__(self, *args: Any) -> Any:
        known = list(args)
        if self.nested is not None:
            known = [*args[0]] if self.nested == "list" else [*args[0]["few"], *args[0].get("rest", ())]
        for step in self.steps:
            known.append(step(known))
        if self.scalar:
            return np.sum(known[self.outputs[0]])
        results = [known[i] for i in self.outputs]
        if self.nested == "dict":
            return {"first": results[0], "all": (results, None)}
        return results[0] if len(results) == 1 else tuple(results)

    def structured(self, leaves: list[Any]) -> list[Any]:
        """Return the arguments of a call, in which these leaves stand."""
        if self.nested is None:
            return leaves
        return [leaves] if self.nested == "list" else [{"few": tuple(leaves[:1]), "rest": leaves[1:]}]

    def arguments(self, rng: np.random.Generator, special: bool) -> list[Any]:
        """Draw the leaves of arguments; some elements are special values."""
        drawn: list[Any] = []
        for shape in self.shapes:
            x = rng.normal(size=shape)
            if special and x.size:
                places = rng.random(shape) < 0.2
                x = np.where(places, rng.choice(SPECIAL, size=shape), x)
            x = np.round(x, 1) if rng.random() < 0.3 else x  # ties
            drawn.append(np.asarray(x, self.dtype))
        wide = special and rng.random() < 0.5  # often an error
        drawn += [rng.integers(-1, 4 if wide else LONGEST, size=shape) for shape in self.integers]
        numbers = [float(rng.normal()) for _ in range(self.numbers)]
        return [*drawn, *(float(rng.choice(SPECIAL)) if special and rng.random() < 0.3 else x for x in numbers)]


def random_function(seed: int) -> RandomFunction:
    """Make a random function; the same seed gives the same one."""
    rng = np.random.default_rng(seed)
    dtype = rng.choice([np.float32, np.float64])
    axes = int(rng.integers(0, 4))
    shape = tuple(int(n) for n in rng.choice([0, 1, 2, 3, 5], size=axes, p=[0.03, 0.12, 0.3, 0.35, 0.2]))
    shapes = [shape, *[_broadcastable(rng, shape) for _ in range(int(rng.integers(0, 3)))]]
    integers = [tuple(int(n) for n in rng.integers(1, 4, size=int(rng.integers(0, 3))))] * int(rng.random() < 0.4)
    numbers = int(rng.random() < 0.3)
    examples: list[Any] = [np.full(s, 0.5, dtype) for s in shapes]
    examples += [np.zeros(s, np.int64) for s in integers] + [0.5] * numbers
    steps = _steps(rng, examples, dtype, int(rng.integers(1, 12)))
    outputs = [len(examples) - 1, *[int(k) for k in rng.integers(0, len(examples), size=int(rng.integers(0, 3)))]]
    floats = [k for k in outputs if np.asarray(examples[k]).dtype.kind == "f"]
    scalar = bool(rng.random() < 0.4 and floats)
    nested = str(rng.choice(["list", "dict"])) if rng.random() < 0.3 else None
    narrow = any(np.asarray(x).dtype == np.float32 for x in examples)
    given = shapes, integers, numbers, dtype
    return RandomFunction(steps, *given, narrow, floats if scalar else outputs, scalar, nested)


def _steps(rng: np.random.Generator, examples: list[Any], dtype: Any, wanted: int) -> list[Any]:
    """Return random steps, and add what they make of the examples to these."""
    steps: list[Any] = []
    while len(steps) < wanted:
        step = random_step(rng, examples)
        try:
            with np.errstate(all="ignore"):
                made = step(examples)
        except (ValueError, TypeError, IndexError, RuntimeError, ArithmeticError, AttributeError):
            if rng.random() < 0.98:
                continue  # most functions should not fail
            made = examples[0]
        if np.size(made) > 2000:
            continue
        steps.append(step)
        examples.append(made if isinstance(made, float) else np.asarray(made))
    return steps


def _broadcastable(rng: np.random.Generator, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return a shape that broadcasts against another one."""
    kept = shape[int(rng.integers(0, len(shape) + 1)) :]
    return tuple(1 if rng.random() < 0.3 else n for n in kept)
