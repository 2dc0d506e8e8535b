"""How the work of a convolution is cut: into lines, blocks of the output, and groups of input rows.

All of it depends on shapes alone and is computed once per shape.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby
from math import gcd
from typing import NamedTuple

import numpy as np

from . import threads
from .geometry import Axis, Pair

EVEN_ENOUGH = 8
"""Rows per part from which a part with one row more is as good as equal."""


@dataclass(frozen=True)
class Lines:
    """The (width, batch) lines of a row, cut into units that shift together.

    Column k of image n is element ``k * batch + n`` of a line. So with stride 1 a shift by one column is an offset of
    `batch` elements, and the line may be cut anywhere: the unit is one element. With other strides the unit is a column
    of `batch` elements.

    Attributes
    ----------
    axis
        The windows along the line, in units.
    unit
        Elements of a unit.
    length
        Units of an output line.
    shifts
        For each horizontal tap: the output units that read real input, and the input units that they read.
    """

    axis: Axis
    unit: int
    length: int
    shifts: tuple[tuple[slice, slice], ...] = field(compare=False)

    def between(self, tap: int, block: OutputBlock) -> tuple[slice, slice]:
        """Return the shift of a tap for the units of a block."""
        return self.axis.overlap(tap, block.start, block.stop)


class OutputBlock(NamedTuple):
    """Window rows ``low:high`` and units ``start:stop`` of their output lines, and the input under them.

    Attributes
    ----------
    height
        Input rows under the block, padding included.
    real
        Those of the `height` rows that are no padding.
    source
        The input rows that these are.
    """

    low: int
    high: int
    start: int
    stop: int
    columns: slice
    height: int
    real: slice
    source: slice


class RowGroup(NamedTuple):
    """Input rows ``first, first + step, ...`` that receive from the same taps of windows a row apart.

    The taps are a slice of those of the rows' phase (see `taps_by_phase`). The first input row receives from the
    window rows ``window, window + spacing, ...``, one for each tap. With 3 taps and stride 1 input row 5 receives from
    window row 3 through tap 2, from 4 through tap 1 and from 5 through tap 0: the highest tap comes first, so that
    window rows ascend and lie side by side in memory.
    """

    first: int
    step: int
    length: int
    phase: int
    taps: slice
    window: int
    spacing: int

    @property
    def last(self) -> int:
        """The last of the input rows."""
        return self.first + (self.length - 1) * self.step

    @property
    def rows(self) -> slice:
        """The input rows."""
        return slice(self.first, self.first + self.length * self.step, self.step)

    def between(self, low: int, high: int) -> RowGroup:
        """Return the part of the group in the input rows ``low:high``."""
        skip = max(0, -((self.first - low) // self.step))
        length = max(0, min(self.length, -((self.first - high) // self.step)) - skip)
        return self._replace(first=self.first + skip * self.step, length=length, window=self.window + skip)


@lru_cache(maxsize=256)
def lines_of(columns: Axis, batch: int, whole: bool = True) -> Lines:
    """Return the lines of a convolution whose column windows are `columns`.

    Where `whole` is false they are those of some images of a larger batch: a column does not follow the last one.
    """
    unit, axis = batch, columns
    if columns.stride == 1 and whole:
        left, right = columns.padding
        padding = (left * batch, right * batch)
        unit, axis = 1, Axis(columns.size * batch, columns.kernel, 1, padding, columns.dilation * batch)
    shifts = tuple(axis.overlap(tap) for tap in range(axis.kernel))
    return Lines(axis, unit, axis.windows, shifts)


@lru_cache(maxsize=256)
def output_blocks(rows: Axis, lines: Lines, parts: int) -> tuple[OutputBlock, ...]:
    """Cut the output into blocks for the team: by rows, or by columns where the rows are too few to share evenly.

    Blocks of whole rows are contiguous in memory, which elementwise work needs to be fast, but read some input rows
    twice.
    """
    if rows.windows % parts == 0 or rows.windows >= EVEN_ENOUGH * parts:
        cuts = [(low, high, 0, lines.length) for low, high in threads.bounds(rows.windows, parts)]
    else:
        whole = 16 if lines.unit == 1 else 1  # elements of a cache line
        cuts = [(0, rows.windows, start, stop) for start, stop in threads.bounds(lines.length, parts, whole)]
    return tuple(_block(rows, lines.unit, *cut) for cut in cuts)


def whole_block(rows: Axis, lines: Lines) -> OutputBlock:
    """Return all of the output as one block."""
    return _block(rows, lines.unit, 0, rows.windows, 0, lines.length)


def _block(rows: Axis, unit: int, low: int, high: int, start: int, stop: int) -> OutputBlock:
    first = low * rows.stride - rows.padding[0]
    height = rows.span(high - low)
    real = slice(*(min(max(0, row - first), height) for row in (0, rows.size)))
    source = slice(first + real.start, first + real.stop) if real.start < real.stop else slice(0, 0)
    return OutputBlock(low, high, start, stop, slice(start * unit, stop * unit), height, real, source)


def adjacent_taps(rows: Axis) -> list[Pair]:
    """Return (first tap, count) of the vertical taps that lie in adjacent rows and so can share one product."""
    return [(0, rows.kernel)] if rows.dilation == 1 else [(tap, 1) for tap in range(rows.kernel)]


def taps_by_phase(rows: Axis) -> dict[int, list[int]]:
    """Group the vertical taps by the input rows (modulo the stride) that they reach, highest tap first."""
    phases: dict[int, list[int]] = {phase: [] for phase in range(rows.stride)}
    for tap in reversed(range(rows.kernel)):
        phases[tap * rows.dilation % rows.stride].append(tap)
    return phases


@lru_cache(maxsize=256)
def input_parts(rows: Axis, parts: int) -> tuple[tuple[RowGroup, ...], ...]:
    """Cut the input rows into parts of about the same number of products, and each part into groups."""
    groups = _row_groups(rows)
    products = np.zeros(rows.size)
    for group in groups:
        products[group.rows] = group.taps.stop - group.taps.start
    reached = np.cumsum(products)
    marks = [int(np.argmin(abs(reached - reached[-1] * k / parts))) + 1 for k in range(1, parts)]
    cuts = zip([0, *marks], [*marks, rows.size], strict=True)
    inside = [[group.between(low, high) for group in groups] for low, high in cuts]
    filled = (tuple(group for group in part if group.length) for part in inside)
    return tuple(part for part in filled if part)


def _row_groups(rows: Axis) -> Sequence[RowGroup]:
    """Group all input rows by the taps they receive from, so that each group is one batched product."""
    spacing = rows.dilation // gcd(rows.dilation, rows.stride)
    found: list[RowGroup] = []
    for phase, taps in taps_by_phase(rows).items():

        def sources(row: int, taps: list[int] = taps) -> tuple[int, int, int]:
            """Return (start, stop) of the taps that reach `row` and the window row of the first."""
            windows = [(row + rows.padding[0] - tap * rows.dilation) // rows.stride for tap in taps]
            valid = [k for k, window in enumerate(windows) if 0 <= window < rows.windows]
            return (valid[0], valid[-1] + 1, windows[valid[0]]) if valid else (0, 0, 0)

        start = (phase - rows.padding[0]) % rows.stride
        every = range(start, rows.size, rows.stride)
        for (low, high), members in groupby(every, key=lambda row: sources(row)[:2]):
            first, *others = members
            window = sources(first)[2]
            found.append(RowGroup(first, rows.stride, 1 + len(others), phase, slice(low, high), window, spacing))
    return found
