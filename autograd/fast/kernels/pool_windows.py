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
from .selection import keep
from .workspace import allocate

SMALLEST_PART = 1 << 18
"""Elements in the smallest part of work worth handing to another thread."""

Place = tuple[slice, slice, slice]


def window_max(x: Array, kernel: Pair, stride: Pair, padding: Padding) -> tuple[Array, Array]:
    """Return the maximum of each window and the number of the element that is it.

    Of equal elements the first in row-major order wins; NaN wins over numbers, as in `numpy.max`; padding never
    wins. A window that lies in the padding altogether has the value -inf and no winner.

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
    rows, columns = axes_of("max_pool2d", x.shape[1:3], kernel, stride, padding)
    source = in_memory_order(x, x.dtype)
    shape = (rows.windows, source.shape[1], columns.windows, source.shape[3])
    taps = rows.kernel * columns.kernel
    values, winners = allocate(shape, x.dtype), allocate(shape, np.min_scalar_type(taps))
    halving = all((axis.kernel, axis.stride, *axis.padding) == (2, 2, 0, 0) for axis in (rows, columns))

    def part(low: int, high: int) -> None:
        if halving:
            _max_of_four(source[2 * low : 2 * high], values[low:high], winners[low:high])
        else:
            _max_of_taps(source, rows, columns, low, high, values, winners)
        if values.size and np.isnan(values[low:high].max()):
            _mark_first_nan(source, rows, columns, low, high, values, winners)

    _over_rows(rows, values.size * taps, part)
    return in_logical_order(values), in_logical_order(winners)


def window_take(x: Array, winners: Array, kernel: Pair, stride: Pair, padding: Padding) -> Array:
    """Read from each window of `x` (N, H, W, C) the element that `winners` (N, OH, OW, C) names; 0 if it names none."""
    rows, columns = axes_of("window_take", x.shape[1:3], kernel, stride, padding)
    source, chosen = in_memory_order(x, x.dtype), in_memory_order(winners, winners.dtype)
    out = allocate(chosen.shape, x.dtype)

    def part(low: int, high: int) -> None:
        out[low:high] = 0
        for tap, windows, positions in _places(rows, columns, low, high):
            won = chosen[windows] == tap
            out[windows] += keep(source[positions], won)

    _over_rows(rows, out.size * rows.kernel * columns.kernel, part)
    return in_logical_order(out)


def window_put(g: Array, winners: Array, shape: Sequence[int], kernel: Pair, stride: Pair, padding: Padding) -> Array:
    """Add each element of `g` (N, OH, OW, C) to the place in zeros of `shape` that `winners` names."""
    rows, columns = axes_of("window_put", tuple(shape[1:3]), kernel, stride, padding)
    source, chosen = in_memory_order(g, g.dtype), in_memory_order(winners, winners.dtype)

    def piece(tap: int, windows: Place, out: Array | None) -> Array:
        return keep(source[windows], chosen[windows] == tap, out)

    return _scatter(rows, columns, shape, source, piece)


def window_sum(x: Array, kernel: Pair, stride: Pair, padding: Padding) -> Array:
    """Return the sum over each window of `x` (N, H, W, C), as (N, OH, OW, C); padding counts as zero."""
    rows, columns = axes_of("window_sum", x.shape[1:3], kernel, stride, padding)
    source = in_memory_order(x, x.dtype)
    out = allocate((rows.windows, source.shape[1], columns.windows, source.shape[3]), x.dtype)

    def part(low: int, high: int) -> None:
        out[low:high] = 0
        for _, windows, positions in _places(rows, columns, low, high):
            out[windows] += source[positions]

    _over_rows(rows, out.size * rows.kernel * columns.kernel, part)
    return in_logical_order(out)


def window_spread(g: Array, shape: Sequence[int], kernel: Pair, stride: Pair, padding: Padding) -> Array:
    """Add each element of `g` (N, OH, OW, C) to all places of its window in zeros of `shape`."""
    rows, columns = axes_of("window_spread", tuple(shape[1:3]), kernel, stride, padding)
    source = in_memory_order(g, g.dtype)

    def piece(tap: int, windows: Place, out: Array | None) -> Array:
        if out is None:
            return source[windows]
        out[...] = source[windows]
        return out

    return _scatter(rows, columns, shape, source, piece)


def _places(rows: Axis, columns: Axis, low: int = 0, high: int | None = None) -> Iterator[tuple[int, Place, Place]]:
    """For each tap: its number, the window rows ``low:high`` and columns it serves, and the input they read."""
    every = slice(None)
    for i in range(rows.kernel):
        window_rows, input_rows = rows.overlap(i, low, high)
        for j in range(columns.kernel):
            window_columns, input_columns = columns.overlap(j)
            windows = (window_rows, every, window_columns)
            yield i * columns.kernel + j, windows, (input_rows, every, input_columns)


def _over_rows(rows: Axis, work: int, part: Callable[[int, int], None]) -> None:
    """Call ``part(low, high)`` for slices of the window rows, on the team."""
    threads.share(rows.windows, work, SMALLEST_PART, part)


def _max_of_four(x: Array, values: Array, winners: Array) -> None:
    """Halve rows and columns: the 2 x 2 windows of (2 R, C, W, N) to `values` and `winners` (R, C, W // 2, N).

    Columns are compared with their right neighbours over whole lines, also across windows, and only every other
    result is used in the end: long contiguous lines with twice the work are faster than short ones.
    """
    rows, channels, half, batch = values.shape
    shape = (2, rows, channels, x.shape[2], batch)
    kept = (slice(None), slice(None), slice(0, 2 * half, 2))
    wider, right = allocate(shape, x.dtype), allocate(shape, bool)
    for i in (0, 1):
        lines = x[i::2].reshape(rows, -1)
        here, there = lines[:, :-batch], lines[:, batch:]
        np.maximum(here, there, out=wider[i].reshape(rows, -1)[:, :-batch])
        np.less(here, there, out=right[i].reshape(rows, -1)[:, :-batch])
    upper, lower = wider
    np.maximum(upper[kept], lower[kept], out=values)
    below = np.less(upper, lower, out=allocate(shape[1:], bool))
    # The number of the winner is 2 * below + (right[1] if below else right[0]), in bitwise steps.
    number, second = right[0].view(np.uint8), right[1].view(np.uint8)
    second ^= number
    second &= below.view(np.uint8)
    number ^= second
    number += below.view(np.uint8)
    number += below.view(np.uint8)
    winners[...] = number[kept]


def _max_of_taps(source: Array, rows: Axis, columns: Axis, low: int, high: int, values: Array, winners: Array) -> None:
    """Fill the window rows ``low:high`` for any window, tap by tap; winners are right where no NaN occurs."""
    smallest = -np.inf if np.issubdtype(source.dtype, np.inexact) else np.iinfo(source.dtype).min
    values[low:high] = smallest
    winners[low:high] = rows.kernel * columns.kernel
    for tap, windows, _ in reversed(list(_places(rows, columns, low, high))):
        winners[windows] = tap  # the first element that is no padding, should all be -inf
    for tap, windows, positions in _places(rows, columns, low, high):
        candidates, best, winner = source[positions], values[windows], winners[windows]
        better = (candidates > best).astype(winner.dtype)
        better *= winner.dtype.type(tap)
        np.maximum(winner, better, out=winner)  # later taps have higher numbers
        np.maximum(best, candidates, out=best)


def _mark_first_nan(
    source: Array, rows: Axis, columns: Axis, low: int, high: int, values: Array, winners: Array
) -> None:
    """Let the first NaN of each window win, in the window rows ``low:high``."""
    for tap, windows, positions in reversed(list(_places(rows, columns, low, high))):
        np.copyto(winners[windows], tap, where=np.isnan(source[positions]), casting="unsafe")


def _scatter(
    rows: Axis,
    columns: Axis,
    shape: Sequence[int],
    source: Array,
    piece: Callable[[int, Place, Array | None], Array],
) -> Array:
    """Add ``piece(tap, windows, None)`` to the input positions of every tap.

    Where windows do not overlap, each position has one tap: ``piece(tap, windows, out)`` is written to it directly.
    """
    batch, height, width, channels = shape
    out = allocate((height, channels, width, batch), source.dtype)
    overlapping = any(axis.kernel > axis.stride for axis in (rows, columns))

    def part(low: int, high: int) -> None:
        """Fill the input rows of the window rows ``low:high``, of non-overlapping windows."""
        for tap, windows, positions in _places(rows, columns, low, high):
            piece(tap, windows, out[positions])

    if overlapping:
        out.fill(0)
        for tap, windows, positions in _places(rows, columns):
            out[positions] += piece(tap, windows, None)
    else:
        _clear_gaps(out, rows, columns)
        _over_rows(rows, out.size, part)
    return in_logical_order(out)


def _clear_gaps(out: Array, rows: Axis, columns: Axis) -> None:
    """Zero the rows and columns of (H, C, W, N) that no window covers."""
    if any(axis.kernel < axis.stride for axis in (rows, columns)):
        out.fill(0)
        return
    for axis, view in ((rows, out), (columns, out.swapaxes(0, 2))):
        covered = min(axis.size, axis.windows * axis.stride - axis.padding[0])
        view[max(0, covered) :] = 0
