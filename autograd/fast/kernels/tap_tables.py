"""Which taps of a kernel meet which positions: tables for the compiled convolution.

Seen from a window, taps lead to the positions that it reads; seen from a position, to the windows that read it. Either
way the sum for a place goes over some taps, an arithmetic progression, and the places that they lead to, another one.
So the same code computes a convolution and its gradient to the input.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

import numpy as np

from .geometry import Array, Axis


class Taps(NamedTuple):
    """The taps of one place along an axis.

    Attributes
    ----------
    place
        Where the sum goes.
    number
        How many taps.
    tap, tap_step
        The first of them, and from one to the next.
    source, source_step
        Where the first leads to, and from one to the next.
    """

    place: int
    number: int
    tap: int
    tap_step: int
    source: int
    source_step: int


class TapRun(NamedTuple):
    """Places of a row that have the same taps: `length` of them, `step` apart, whose sources are `advance` apart."""

    first: Taps
    length: int
    step: int
    advance: int


def _of_windows(axis: Axis) -> list[Taps]:
    """Return the taps of each window that meet no padding."""
    found = []
    for window in range(axis.windows):
        start = window * axis.stride - axis.padding[0]
        taps = [tap for tap in range(axis.kernel) if 0 <= start + tap * axis.dilation < axis.size]
        tap = taps[0] if taps else 0
        found.append(Taps(window, len(taps), tap, 1, start + tap * axis.dilation if taps else 0, axis.dilation))
    return found


def _of_positions(axis: Axis) -> list[Taps]:
    """Return the taps of each position through which windows read it."""
    found = []
    for position in range(axis.size):
        pairs = []
        for tap in range(axis.kernel):
            window, rest = divmod(position + axis.padding[0] - tap * axis.dilation, axis.stride)
            if rest == 0 and 0 <= window < axis.windows:
                pairs.append((tap, window))
        (tap, window), (next_tap, next_window) = [*pairs, (0, 0), (0, 0)][:2]
        steps = (next_tap - tap, next_window - window) if len(pairs) > 1 else (1, 0)
        found.append(Taps(position, len(pairs), tap, steps[0], window, steps[1]))
    return found


def _runs(taps: list[Taps], step: int) -> list[TapRun]:
    """Gather what has the same taps, of places a step apart."""
    runs = []
    for phase in range(step):
        for _, members in groupby(taps[phase::step], key=lambda t: (t.number, t.tap, t.tap_step, t.source_step)):
            first, *others = members
            advance = others[0].source - first.source if others else 0
            runs.append(TapRun(first, 1 + len(others), step, advance))
    return runs


@lru_cache(maxsize=256)
def tables(rows: Axis, columns: Axis, to_input: bool) -> tuple[Array, Array]:
    """Return the taps of each row (places, 6), and the runs of columns (runs, 9).

    Parameters
    ----------
    rows, columns
        Of the convolution.
    to_input
        Seen from the positions, as the gradient of the input needs it; else from the windows.
    """
    of_axis, step = (_of_positions, columns.stride) if to_input else (_of_windows, 1)
    runs = [(*run.first, *run[1:]) for run in _runs(of_axis(columns), step)]
    return np.array(of_axis(rows), np.int64).reshape(-1, 6), np.array(runs, np.int64).reshape(-1, 9)
