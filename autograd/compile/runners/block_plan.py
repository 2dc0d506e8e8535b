"""How arrays of one shape are cut into blocks that stay in the cache.

Axes are taken in the order in which they lie in memory, and neighbours that all arrays step through alike are joined:
two arrays of shape (64, 28, 28) become two of shape (50176,), with a bias of shape (28,) they become (1792, 28).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np

Cut = tuple[slice, ...]
Axes = tuple[int, ...]

WHOLE = slice(None)


class Layout(NamedTuple):
    """How an array lies in memory.

    Attributes
    ----------
    shape, strides : tuple of int
        With as many axes as the shape of the group: those that are missing in front have length 1.
    repeated : tuple of bool
        The axes along which all elements are the same.
    """

    shape: Axes
    strides: Axes
    repeated: tuple[bool, ...]


def layout_of(x: Any, ndim: int, whole: bool) -> Layout | None:
    """Return how an argument lies in memory, None for a number.

    With ``whole``, elements that are repeated in memory count as often as they are: in a sum.
    """
    if x.__class__ is not np.ndarray or x.size == 1:
        return None
    missing = (0,) * (ndim - x.ndim)
    shape, strides = (1,) * len(missing) + x.shape, missing + x.strides
    return Layout(shape, strides, tuple([n == 1 or not (s or whole) for n, s in zip(shape, strides)]))


class BlockPlan:
    """The blocks of a group, for arguments that lie in memory in one way.

    Parameters
    ----------
    shape : tuple of int
        Of the group.
    data : sequence
        The arguments.
    whole : sequence of bool
        For each argument whether it is added up.
    sums : sequence of tuple of int
        For each sum the axes that it adds up.
    size : int
        About how many elements a block has.
    results : int
        The number of results of the shape of the group.

    Attributes
    ----------
    order : tuple of int
        The axes in the order in which they lie in memory, the innermost last.
    axes : list of tuple of int
        Neighbours in this order that are joined into one.
    lengths : tuple of int
        Of the joined axes.
    shapes : list of tuple of int
        Of the blocks, with the joined axes.
    largest : int
        Elements of the largest block.
    places : list of tuple of int
        For each sum the joined axes that it adds up.
    views : list of callable or None
        For each argument what joins its axes; those along which it is repeated get length 1. None for a number.
    indices : list of list or None
        For each argument and result what each block reads or writes of it.
    """

    def __init__(
        self, shape: Axes, data: Sequence[Any], whole: Sequence[bool], sums: Sequence[Axes], size: int, results: int
    ) -> None:
        self.shape = shape
        layouts = [layout_of(x, len(shape), counts) for x, counts in zip(data, whole)]
        known = [x for x in layouts if x is not None]
        full = [x for x in known if x.shape == shape and not any(s == 0 != n - 1 for s, n in zip(x.strides, shape))]
        axes: Sequence[int] = range(len(shape))
        self.order: tuple[int, ...] = tuple(
            sorted(axes, key=lambda axis: -abs(full[0].strides[axis])) if full else axes
        )
        self.axes: list[Axes] = []
        for axis in [axis for axis in self.order if shape[axis] != 1]:
            if self.axes and self._alike(self.axes[-1][-1], axis, known, sums):
                self.axes[-1] += (axis,)
            else:
                self.axes.append((axis,))
        self.lengths: tuple[int, ...] = tuple([prod([shape[axis] for axis in joined]) for joined in self.axes])
        self.places: list[tuple[int, ...]] = [
            tuple([k for k, joined in enumerate(self.axes) if joined[0] in axes]) for axes in sums
        ]
        self.cuts: list[Cut] = _cuts(self.lengths, size)
        self.shapes: list[tuple[Any, ...]] = [
            tuple([s.stop - s.start for s in cut]) + self.lengths[len(cut) :] for cut in self.cuts
        ]
        self.largest: int = max(prod(block) for block in self.shapes)
        self.views: list[Callable[[Any], Any] | None] = [
            None if x.__class__ is not np.ndarray else self._view(layout) for x, layout in zip(data, layouts)
        ]
        self.indices: list[list[Any] | None] = [None if layout is None else self._index(layout) for layout in layouts]
        self.indices += [self.cuts] * results

    def _alike(self, axis: int, inner: int, layouts: Sequence[Layout], sums: Sequence[Axes]) -> bool:
        """Whether all arrays step through two neighbouring axes as through one."""
        if any((axis in axes) != (inner in axes) for axes in sums):
            return False
        for x in layouts:
            if x.repeated[axis] != x.repeated[inner]:
                return False
            if not x.repeated[axis] and x.strides[axis] != x.strides[inner] * self.shape[inner]:
                return False
        return True

    def _view(self, layout: Layout | None) -> Callable[[Any], Any]:
        """Return what joins the axes of an argument."""
        if layout is None:
            return lambda x: x.reshape(())
        lengths = [1 if layout.repeated[joined[0]] else n for joined, n in zip(self.axes, self.lengths)]
        if self.order == tuple(range(len(self.shape))) and not any(layout.repeated):
            return lambda x: x.reshape(lengths)
        kept = tuple([slice(1) if repeated else WHOLE for repeated in layout.repeated])
        return lambda x: x.reshape(layout.shape)[kept].transpose(self.order).reshape(lengths)

    def _index(self, layout: Layout) -> list[Any]:
        """Return what each block reads of an argument."""
        repeated = [layout.repeated[joined[0]] for joined in self.axes]
        if not any(repeated):
            return self.cuts
        return [tuple([WHOLE if r else s for r, s in zip(repeated, cut)]) for cut in self.cuts]

    def empty(self, dtype: Any, allocate: Any) -> tuple[Any, Any]:
        """Return a new array of the shape of the group, and the same with the joined axes."""
        if self.order == tuple(range(len(self.shape))):
            memory = allocate(self.shape, dtype)
            return memory, memory.reshape(self.lengths)
        memory = allocate(tuple([self.shape[axis] for axis in self.order]), dtype)
        return memory.transpose(_inverse(self.order)), memory.reshape(self.lengths)

    def total(self, number: int, parts: list[Any], add_up: Callable[[Any, int], Any]) -> Any:
        """Return a sum, with the joined axes; each block has given a part of it."""
        summed, gathered = self.places[number], dict[Any, list[Any]]()
        for cut, part in zip(self.cuts, parts):
            place = tuple([(0, 1) if k in summed else (s.start, s.stop) for k, s in enumerate(cut)])
            gathered.setdefault(place, []).append(part)
        if len(gathered) == 1:
            return add_up(np.stack(parts), 0)
        total = np.empty([1 if k in summed else n for k, n in enumerate(self.lengths)], parts[0].dtype)
        for place, found in gathered.items():
            here = tuple([slice(*ends) for ends in place])
            total[here] = found[0] if len(found) == 1 else add_up(np.stack(found), 0)
        return total

    def unjoined(self, total: Any, number: int) -> Any:
        """Return the result of a sum with the axes of the group; those that were added up have length 1."""
        summed = {axis for k in self.places[number] for axis in self.axes[k]}
        return total.reshape([1 if k in summed else self.shape[k] for k in self.order]).transpose(_inverse(self.order))


def _inverse(order: Axes) -> Axes:
    return tuple(sorted(range(len(order)), key=order.__getitem__))


def _cuts(lengths: Axes, size: int) -> list[Cut]:
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
