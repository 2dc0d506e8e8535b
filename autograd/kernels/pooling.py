"""Maximum and sum over windows, and their adjoints.

`window_max` also says which element of each window won, as its row-major number in the window. `window_take` reads
the winners from another array and `window_put`, its adjoint, sends values back to them: the derivative of one is the
other. `window_sum` and `window_spread` are the same pair for sums, of which average pooling is made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from . import threads
from .geometry import Array, Axis, Padding, Pair, axes_of, in_logical_order, in_memory_order
from .workspace import take

SMALLEST_PART = 1 << 17
"""Elements in the smallest part of work worth handing to another thread."""

Place = tuple[tuple[slice, ...], tuple[slice, ...]]


def window_max(x: Array, kernel: Pair, stride: Pair, padding: Padding) -> tuple[Array, Array]:
    """Return the maximum of each window and the number of the element that is it.

    Of equal elements the first in row-major order wins; NaN wins over numbers, as in `numpy.max`; padding never wins.
    A window that lies in the padding altogether has the value -inf and no winner.

    Parameters
    ----------
    x
        (N, H, W, C), any memory layout.
    kernel, stride, padding
        As in `conv2d`.

    Returns
    -------
    values
        (N, OH, OW, C) with the dtype of `x`, in memory (OH, C, OW, N).
    winners
        The same shape, unsigned integers: ``i * kernel[1] + j``, or ``kernel[0] * kernel[1]`` where there is none.

    Raises
    ------
    ValueError
        If the kernel does not fit into the padded image.
    """
    rows, columns = axes_of("window_max", x.shape[1:3], kernel, stride, padding)
    source = in_memory_order(x, x.dtype)
    shape = (rows.windows, source.shape[1], columns.windows, source.shape[3])
    none = rows.kernel * columns.kernel
    values, winners = take(shape, x.dtype), take(shape, np.min_scalar_type(none))

    def part(low: int, high: int) -> None:
        values[low:high] = -np.inf if np.issubdtype(x.dtype, np.inexact) else np.iinfo(x.dtype).min
        winners[low:high] = none
        for tap, (windows, positions) in _places(rows, columns, low, high):
            candidates, best, winner = source[positions], values[windows], winners[windows]
            better = (candidates > best) | (winner == none)
            better |= (candidates != candidates) & (best == best)
            np.copyto(best, candidates, where=better)
            np.copyto(winner, tap, where=better, casting="unsafe")

    _over_rows(rows, values.size * none, part)
    return in_logical_order(values), in_logical_order(winners)


def window_take(x: Array, winners: Array, kernel: Pair, stride: Pair, padding: Padding) -> Array:
    """Read from each window of `x` (N, H, W, C) the element that `winners` (N, OH, OW, C) names; 0 if it names none."""
    rows, columns = axes_of("window_take", x.shape[1:3], kernel, stride, padding)
    source, chosen = in_memory_order(x, x.dtype), in_memory_order(winners, winners.dtype)
    out = take(chosen.shape, x.dtype)

    def part(low: int, high: int) -> None:
        out[low:high] = 0
        for tap, (windows, positions) in _places(rows, columns, low, high):
            np.copyto(out[windows], source[positions], where=chosen[windows] == tap)

    _over_rows(rows, out.size * rows.kernel * columns.kernel, part)
    return in_logical_order(out)


def window_put(
    g: Array, winners: Array, input_shape: Sequence[int], kernel: Pair, stride: Pair, padding: Padding
) -> Array:
    """Add each element of `g` (N, OH, OW, C) to the place in zeros of `input_shape` that `winners` names."""
    rows, columns = axes_of("window_put", input_shape[1:3], kernel, stride, padding)
    source, chosen = in_memory_order(g, g.dtype), in_memory_order(winners, winners.dtype)
    return _scatter(
        rows,
        columns,
        input_shape,
        source,
        lambda tap, windows: np.where(chosen[windows] == tap, source[windows], 0),
    )


def window_sum(x: Array, kernel: Pair, stride: Pair, padding: Padding) -> Array:
    """Return the sum over each window of `x` (N, H, W, C), as (N, OH, OW, C); padding counts as zero."""
    rows, columns = axes_of("window_sum", x.shape[1:3], kernel, stride, padding)
    source = in_memory_order(x, x.dtype)
    out = take((rows.windows, source.shape[1], columns.windows, source.shape[3]), x.dtype)

    def part(low: int, high: int) -> None:
        out[low:high] = 0
        for _, (windows, positions) in _places(rows, columns, low, high):
            out[windows] += source[positions]

    _over_rows(rows, out.size * rows.kernel * columns.kernel, part)
    return in_logical_order(out)


def window_spread(
    g: Array, input_shape: Sequence[int], kernel: Pair, stride: Pair, padding: Padding
) -> Array:
    """Add each element of `g` (N, OH, OW, C) to all places of its window in zeros of `input_shape`."""
    rows, columns = axes_of("window_spread", input_shape[1:3], kernel, stride, padding)
    source = in_memory_order(g, g.dtype)
    return _scatter(rows, columns, input_shape, source, lambda tap, windows: source[windows])


def _places(rows: Axis, columns: Axis, low: int = 0, high: int | None = None) -> Iterator[tuple[int, Place]]:
    """For each tap: its number, the window rows ``low:high`` and columns it serves, and the input they read."""
    for i in range(rows.kernel):
        window_rows, input_rows = rows.overlap(i, low, high)
        for j in range(columns.kernel):
            window_columns, input_columns = columns.overlap(j)
            every = slice(None)
            yield (
                i * columns.kernel + j,
                ((window_rows, every, window_columns), (input_rows, every, input_columns)),
            )


def _over_rows(rows: Axis, work: int, part: Callable[[int, int], None]) -> None:
    """Call ``part(low, high)`` for slices of the window rows, on the team."""
    cuts = threads.bounds(rows.windows, threads.parts_for(work, SMALLEST_PART))
    threads.run(len(cuts), lambda k: part(*cuts[k]))


def _scatter(
    rows: Axis,
    columns: Axis,
    input_shape: Sequence[int],
    source: Array,
    piece: Callable[[int, tuple[slice, ...]], Array],
) -> Array:
    """Add ``piece(tap, windows)`` to the input positions of every tap; windows may overlap."""
    batch, height, width, channels = input_shape
    out = take((height, channels, width, batch), source.dtype)
    out.fill(0)
    for tap, (windows, positions) in _places(rows, columns):
        out[positions] += piece(tap, windows)
    return in_logical_order(out)
