"""Where the numbers of small arrays lie: places in flat arrays, one for each dtype."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

#: The flat arrays, by number; truth values are bytes.
DOUBLES, SINGLES, TRUTH, WHOLE = range(4)
DTYPES = (np.dtype(np.float64), np.dtype(np.float32), np.dtype(np.bool_), np.dtype(np.int64))
_BANKS = {dtype: bank for bank, dtype in enumerate(DTYPES)}

Shape = tuple[int, ...]


class Place(NamedTuple):
    """Where the elements of an array lie.

    Attributes
    ----------
    bank : int
        The flat array.
    start : int
        The place of the first element.
    shape, strides : tuple of int
        Strides count elements.
    storage : Storage
        What was allocated for them, or for what they are a view of.
    """

    bank: int
    start: int
    shape: Shape
    strides: Shape
    storage: Storage


class Storage:
    """A part of a flat array.

    Attributes
    ----------
    bank, start, size : int
        Where it lies.
    readers : int
        How many variables lie in it that are still to be read.
    fixed : bool
        Whether it is never used again for anything else.
    outside : bool
        Whether it holds a copy of what was computed elsewhere.
    """

    __slots__ = ("bank", "fixed", "outside", "readers", "size", "start")

    def __init__(self, bank: int, start: int, size: int) -> None:
        self.bank: int = bank
        self.start: int = start
        self.size: int = size
        self.readers: int = 0
        self.fixed: bool = False
        self.outside: bool = False


class FlatMemory:
    """How long the flat arrays have to be, and which of their parts can be used again."""

    def __init__(self) -> None:
        self.sizes: list[int] = [0, 0, 0, 0]
        self.spare: dict[tuple[int, int], list[int]] = {}

    def new(self, bank: int, size: int, fresh: bool = False) -> Storage:
        """Allocate a part; what was given back comes first, unless it has to be a fresh one."""
        spare = self.spare.get((bank, size))
        if spare and not fresh:
            return Storage(bank, spare.pop(), size)
        start = self.sizes[bank]
        self.sizes[bank] += size
        return Storage(bank, start, size)

    def give_back(self, storage: Storage) -> None:
        """Let a part be used again."""
        self.spare.setdefault((storage.bank, storage.size), []).append(storage.start)


def bank_of(dtype: np.dtype[Any] | None) -> int | None:
    """Return the flat array for a dtype (a Python float is one of float64), None if there is none."""
    return DOUBLES if dtype is None else _BANKS.get(dtype)


def dense_strides(shape: Shape) -> Shape:
    """Return the strides of an array in C order."""
    strides, step = [0] * len(shape), 1
    for i in range(len(shape) - 1, -1, -1):
        strides[i] = step
        step *= shape[i]
    return tuple(strides)


def is_dense(place: Place) -> bool:
    """Return whether elements lie side by side in C order."""
    step = 1
    for n, stride in zip(reversed(place.shape), reversed(place.strides)):
        if n != 1 and stride != step:
            return False
        step *= n
    return True


def broadcast_strides(place: Place, shape: Shape) -> Shape:
    """Return the strides with which a place is read as an array of a larger shape."""
    if place.shape == shape:
        return place.strides
    new = len(shape) - len(place.shape)
    return (0,) * new + tuple([s if n != 1 else 0 for n, s in zip(place.shape, place.strides)])


def loops(shape: Shape, strides: Sequence[Shape]) -> tuple[list[int], list[list[int]]]:
    """Join axes that all operands go through in one step.

    Returns
    -------
    lengths : list of int
        Of the loops that remain, the innermost last; those of length 1 are left out.
    steps : list of list of int
        For each operand, its step in each loop.
    """
    lengths: list[int] = []
    steps: list[list[int]] = [[] for _ in strides]
    for axis, n in enumerate(shape):
        if n == 1:
            continue
        if lengths and all(s[-1] == one[axis] * n for s, one in zip(steps, strides)):
            lengths[-1] *= n
            for s, one in zip(steps, strides):
                s[-1] = one[axis]
        else:
            lengths.append(n)
            for s, one in zip(steps, strides):
                s.append(one[axis])
    return lengths, steps


def size_of(shape: Shape) -> int:
    """Return the number of elements."""
    return math.prod(shape)


_never_read = np.empty(1 << 24, np.int8)  # views of it show how NumPy would lay them out


def view_of(place: Place, function: Any) -> Place | None:
    """Return the place of a view that a function takes, None if it makes a copy."""
    before = -sum([(n - 1) * s for n, s in zip(place.shape, place.strides) if s < 0])
    given: Any = np.ndarray(place.shape, np.int8, _never_read, before, place.strides)
    taken = function(given)
    if not np.may_share_memory(taken, _never_read):
        return None
    start = taken.__array_interface__["data"][0] - given.__array_interface__["data"][0]
    return place._replace(start=place.start + start, shape=taken.shape, strides=taken.strides)
