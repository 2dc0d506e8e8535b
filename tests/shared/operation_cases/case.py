"""What a test case of an operation is, and inputs that stay away from kinks, poles and ties."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

#: Domain -> how a fraction of (0, 1) becomes a magnitude, and whether signs vary.
DOMAINS: dict[str, tuple[Callable[[Any], Any], bool]] = {
    "real": (lambda u: 0.3 + 1.5 * u, True),
    "positive": (lambda u: 0.4 + 1.6 * u, False),
    "unit": (lambda u: 0.1 + 0.7 * u, True),
    "above one": (lambda u: 1.2 + 1.8 * u, False),
}


@dataclass(frozen=True)
class Drawn:
    """An input to be drawn: its domain and shape."""

    domain: str
    shape: tuple[int, ...]


def real(*shape: int) -> Drawn:
    return Drawn("real", shape)


def positive(*shape: int) -> Drawn:
    return Drawn("positive", shape)


def unit(*shape: int) -> Drawn:
    return Drawn("unit", shape)


def above_one(*shape: int) -> Drawn:
    return Drawn("above one", shape)


def draw(inputs: tuple[Any, ...], seed: int) -> tuple[np.ndarray, ...]:
    """Fill in the drawn inputs; no two magnitudes are equal, so that there are no ties between inputs either."""
    rng = np.random.default_rng(seed)
    sizes = [int(np.prod(x.shape)) for x in inputs]
    fractions = rng.permutation((np.arange(sum(sizes)) + 0.5) / max(1, sum(sizes))) ** 1.1
    arrays = []
    for x, part in zip(inputs, np.split(fractions, np.cumsum(sizes)[:-1])):
        if isinstance(x, Drawn):
            magnitude, signed = DOMAINS[x.domain]
            signs = rng.choice([-1.0, 1.0], part.shape) if signed else 1.0
            x = (magnitude(part) * signs).reshape(x.shape)
        x.flags.writeable = False
        arrays.append(x)
    return tuple(arrays)


@dataclass
class Case:
    """One way to call one operation.

    Attributes
    ----------
    name : str
        The function, then in brackets what is particular about this call.
    f, reference : callable
        The call on tensors, and the same with NumPy or a formula of its own.
    inputs : tuple of ndarray
    half : bool
        Whether float16 is supported.
    constant_rows : bool
        Whether inputs may be broadcast from one row (a singular matrix may not).
    tolerance : float
        Of the comparison with finite differences.
    """

    name: str
    f: Callable[..., Any]
    reference: Callable[..., Any]
    inputs: tuple[Any, ...]
    half: bool = True
    constant_rows: bool = True
    tolerance: float = 1e-6
    function: str = field(init=False)

    def __post_init__(self) -> None:
        self.function = self.name.split("[")[0]
        self.inputs = draw(self.inputs, zlib.crc32(self.name.encode()))


def case(name: str, f: Callable[..., Any], reference: Callable[..., Any], *inputs: Any, **options: Any) -> Case:
    return Case(name, f, reference, inputs, **options)
