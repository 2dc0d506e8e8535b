"""How arrays of one shape are cut into blocks that stay in the cache.

Axes are taken in the order in which they lie in memory, and neighbours that all arrays step through alike are joined:
two arrays of shape (64, 28, 28) become two of shape (50176,), with a bias of shape (28,) they become (1792, 28).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np

Cut = tuple[slice, ...]

WHOLE = slice(None)


class Layout(NamedTuple):
    """How an array lies in memory, as far as a plan depends on it.

    Attributes
    ----------
    shape, strides : tuple of int
        With as many axes as the shape of the group: those that are missing in front have length 1.
    whole : bool
        Whether elements that are repeated in memory count as often as they are: in a sum.
    """

    shape: tuple[int, ...]
    strides: tuple[int, ...]
    whole: bool


def layout_of(x: Any, ndim: int, whole: bool) -> Layout | None:
    """Return how an argument lies in memory, None for a number."""
    if x.__class__ is not np.ndarray or x.size == 1:
        return None
    missing = (1,) * (ndim - x.ndim)
    return Layout(missing + x.shape, (0,) * len(missing) + x.strides, whole)


class BlockPlan:
    """The blocks of a group, for arguments that lie in memory in one way.

    Parameters
    ----------
    shape : tuple of int
        Of the group.
    layouts : sequence of Layout or None
        One for each argument.
    sums : sequence of tuple of int
        For each sum the axes that it adds up.
    size : int
        About how many elements a block has.

    Attributes
    ----------
    order : tuple of int
        The axes in the order in which they lie in memory, the innermost last.
    axes : list of tuple of int
        Neighbours in this order that are joined into one.
    lengths : tuple of int
        Of the joined axes.
    cuts : list of tuple of slice
        The blocks: slices of the first joined axes.
    full_at : list of tuple of bool
        For each argument the joined axes along which it is not repeated.
    shapes, sizes : list
        Of the blocks, with the joined axes.
    summed : list of tuple of int
        For each sum the joined axes that it adds up.
    places : list of list of tuple
        For each sum and block where the part of this block belongs: begin and end in each of the first joined axes.
    """

    def __init__(
        self, shape: tuple[int, ...], layouts: Sequence[Layout | None], sums: Sequence[tuple[int, ...]], size: int
    ) -> None:
        self.shape, ndim = shape, len(shape)
        repeated = [tuple([_repeated(x, axis) for axis in range(ndim)]) for x in layouts]
        full = [x for x in layouts if x is not None and x.shape == shape and 0 not in x.strides]
        self.order = (
            tuple(sorted(range(ndim), key=lambda axis: -abs(full[0].strides[axis]))) if full else (tuple(range(ndim)))
        )
        self.axes: list[tuple[int, ...]] = []
        for axis in [axis for axis in self.order if shape[axis] != 1]:
            if self.axes and self._alike(self.axes[-1][-1], axis, layouts, repeated, sums):
                self.axes[-1] += (axis,)
            else:
                self.axes.append((axis,))
        self.lengths = tuple([prod([shape[axis] for axis in joined]) for joined in self.axes])
        self.full_at = [tuple([not r[joined[0]] for joined in self.axes]) for r in repeated]
        self.summed = [tuple([k for k, joined in enumerate(self.axes) if joined[0] in axes]) for axes in sums]
        self.cuts = _cuts(self.lengths, size)
        self.shapes = [tuple([s.stop - s.start for s in cut]) + self.lengths[len(cut) :] for cut in self.cuts]
        self.sizes = [prod(block) for block in self.shapes]
        self.places = [[_kept(cut, summed) for cut in self.cuts] for summed in self.summed]

    def _alike(self, axis: int, inner: int, layouts: Any, repeated: Any, sums: Any) -> bool:
        """Whether all arrays step through two neighbouring axes as through one."""
        if any((axis in axes) != (inner in axes) for axes in sums):
            return False
        for x, r in zip(layouts, repeated):
            if x is None:
                continue
            if r[axis] != r[inner]:
                return False
            if not r[axis] and x.strides[axis] != x.strides[inner] * self.shape[inner]:
                return False
        return True

    def view(self, x: Any, layout: Layout | None) -> Any:
        """Return an argument with the joined axes; those along which it is repeated have length 1."""
        if layout is None:
            return x.reshape(()) if x.__class__ is np.ndarray else x
        kept = tuple([slice(1) if _repeated(layout, axis) else WHOLE for axis in range(len(self.shape))])
        x = x.reshape(layout.shape)[kept].transpose(self.order)
        return x.reshape([1 if _repeated(layout, j[0]) else n for j, n in zip(self.axes, self.lengths)])

    def empty(self, dtype: Any, allocate: Any) -> tuple[Any, Any]:
        """Return a new array of the shape of the group, and the same with the joined axes."""
        memory = allocate(tuple([self.shape[axis] for axis in self.order]), dtype)
        return memory.transpose(_inverse(self.order)), memory.reshape(self.lengths)

    def unjoined(self, total: Any, number: int) -> Any:
        """Return the result of a sum with the axes of the group; those that were added up have length 1."""
        lengths = [1 if any(axis in self.axes[k] for k in self.summed[number]) else n for axis, n in self._ordered()]
        return total.reshape(lengths).transpose(_inverse(self.order))

    def _ordered(self) -> list[tuple[int, int]]:
        return [(axis, self.shape[axis]) for axis in self.order]


def _repeated(x: Layout | None, axis: int) -> bool:
    return x is None or x.shape[axis] == 1 or (x.strides[axis] == 0 and not x.whole)


def _inverse(order: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted(range(len(order)), key=order.__getitem__))


def _kept(cut: Cut, summed: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
    """Return where the part of a block belongs in a sum: at 0 in the axes that are added up."""
    return tuple([(0, 1) if k in summed else (s.start, s.stop) for k, s in enumerate(cut)])


def _cuts(lengths: tuple[int, ...], size: int) -> list[Cut]:
    """Cut an array into blocks of about so many elements, along its first axes."""
    place = 0
    while place < len(lengths) - 1 and prod(lengths[place + 1 :]) > size:
        place += 1
    rows = max(1, size // prod(lengths[place + 1 :]))
    number = -(-lengths[place] // rows)
    ends = [lengths[place] * k // number for k in range(number + 1)]
    last = [slice(a, b) for a, b in zip(ends, ends[1:])]
    before: list[Cut] = [()]
    for n in lengths[:place]:
        before = [(*cut, slice(k, k + 1)) for cut in before for k in range(n)]
    return [(*cut, s) for cut in before for s in last]
