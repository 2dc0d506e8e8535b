"""Convolution and its two gradients: three bilinear operations, each one's derivatives being the other two.

All three are batched matrix products, one per image row. With x in memory order (H, C, W, N) only the `kw` horizontal
shifts of the input are copied, to an array (H, kw, C, columns): the `kh` rows under a window are then adjacent, so the
``kh * kw * C`` inputs of a window are the lines of one matrix, a view that overlaps that of the next row. That takes a
third of im2col's memory for a 3 x 3 kernel, and every product has long contiguous lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from math import gcd

import numpy as np
from numpy.typing import DTypeLike

from . import threads
from .geometry import (
    Array,
    Axis,
    Padding,
    Pair,
    accumulation_dtype,
    axes_of,
    in_logical_order,
    in_memory_order,
)
from .workspace import take

SMALLEST_PART = 4e6
"""Multiplications in the smallest part of work worth handing to another thread."""
EVEN_ENOUGH = 8
"""Rows per part from which a part with one row more is as good as equal."""
TILE = 1_000_000_000
PARTIAL_SUMS = 1 << 20
"""Bytes of per-row weight gradients that are computed before they are added up."""


def conv2d(
    x: Array, w: Array, stride: Pair, padding: Padding, dilation: Pair, bias: Array | None = None
) -> Array:
    """Correlate images with a kernel.

    ``out[n, r, s, o] = sum over i, j, c of x[n, r * stride[0] + i * dilation[0] - top, ..., c] * w[i, j, c, o]``

    Parameters
    ----------
    x
        (N, H, W, Cin), any memory layout; (H, Cin, W, N) in memory needs no rearranging.
    w
        (kh, kw, Cin, Cout).
    stride, dilation
        For rows and columns, at least 1.
    padding
        ``((top, bottom), (left, right))``: zeros around the image.
    bias
        (Cout,), added to every output where given: cheaper here, while the output is in the cache.

    Returns
    -------
    Array
        (N, OH, OW, Cout), in memory (OH, Cout, OW, N).

    Raises
    ------
    ValueError
        If the kernel does not fit into the padded image.
    """
    rows, columns = axes_of("conv2d", x.shape[1:3], w.shape, stride, padding, dilation)
    dtype = accumulation_dtype(x, w)
    source, kernel = in_memory_order(x, dtype), np.ascontiguousarray(w, dtype)
    batch, outputs = x.shape[0], w.shape[3]
    out = take((rows.windows, outputs, columns.windows, batch), dtype)
    offsets = None if bias is None else np.asarray(bias, dtype)[:, None]
    if not out.size or not w.size:
        out[...] = 0 if offsets is None else offsets[:, :, None]
        return _finished(out, x, w)
    lines = _Lines(columns, batch)
    flat = out.reshape(rows.windows, outputs, -1)
    blocks = _blocks(rows, lines, out.size * kernel[..., 0].size)

    def fill(block: _Block) -> None:
        shifted = _shift(source, rows, lines, block)
        result = flat[block.low : block.high, :, block.start * lines.unit : block.stop * lines.unit]
        for n, (tap, count) in enumerate(_runs(rows)):
            weights = kernel[tap : tap + count].reshape(-1, outputs).T
            windows = _windows(shifted, rows, tap, count, len(result))
            if n == 0:
                np.matmul(weights, windows, out=result)
            else:
                result += np.matmul(weights, windows, out=take(result.shape, dtype))
        if offsets is not None:
            result += offsets

    def part(k: int) -> None:
        for block in _tiles(blocks[k], rows, lines, source.shape[1], outputs * dtype.itemsize, dtype.itemsize):
            fill(block)

    threads.run(len(blocks), part)
    return _finished(out, x, w)


def conv2d_weight_gradient(
    x: Array, g: Array, kernel_shape: Sequence[int], stride: Pair, padding: Padding, dilation: Pair
) -> Array:
    """Return the gradient of ``sum(conv2d(x, w) * g)`` with respect to `w`.

    Parameters
    ----------
    x
        (N, H, W, Cin).
    g
        (N, OH, OW, Cout).
    kernel_shape
        ``(kh, kw)``; further entries are ignored.

    Returns
    -------
    Array
        (kh, kw, Cin, Cout).
    """
    name = "conv2d_weight_gradient"
    rows, columns = axes_of(name, x.shape[1:3], kernel_shape, stride, padding, dilation)
    _check_gradient(name, g, x.shape[0], rows, columns)
    dtype = accumulation_dtype(x, g)
    shape = (rows.kernel, columns.kernel, x.shape[3], g.shape[3])
    if not x.size or not g.size:
        return np.zeros(shape, np.result_type(x, g))
    source, gradient = in_memory_order(x, dtype), in_memory_order(g, dtype)
    lines = _Lines(columns, x.shape[0])
    flat = gradient.reshape(rows.windows, shape[3], -1)
    blocks = _blocks(rows, lines, g.size * shape[0] * shape[1] * shape[2])
    sums = np.zeros((len(blocks), *shape), dtype)

    def add(block: _Block, total: Array) -> None:
        shifted = _shift(source, rows, lines, block)
        factors = flat[block.low : block.high, :, block.start * lines.unit : block.stop * lines.unit]
        for tap, count in _runs(rows):
            windows = _windows(shifted, rows, tap, count, len(factors))
            of_taps = total[tap : tap + count].reshape(windows.shape[1], -1)
            _add_products(windows, factors.transpose(0, 2, 1), of_taps)

    def part(k: int) -> None:
        for block in _tiles(blocks[k], rows, lines, source.shape[1], shape[3] * dtype.itemsize, dtype.itemsize):
            add(block, sums[k])

    threads.run(len(blocks), part)
    return np.add.reduce(sums, axis=0).astype(np.result_type(x, g), copy=False)


def conv2d_input_gradient(
    g: Array, w: Array, input_shape: Sequence[int], stride: Pair, padding: Padding, dilation: Pair
) -> Array:
    """Return the gradient of ``sum(conv2d(x, w) * g)`` with respect to `x` (also called transposed convolution).

    Parameters
    ----------
    g
        (N, OH, OW, Cout).
    w
        (kh, kw, Cin, Cout).
    input_shape
        (N, H, W, Cin) of `x`.

    Returns
    -------
    Array
        (N, H, W, Cin), in memory (H, Cin, W, N).
    """
    name = "conv2d_input_gradient"
    rows, columns = axes_of(name, input_shape[1:3], w.shape, stride, padding, dilation)
    batch, height, width, channels = input_shape
    _check_gradient(name, g, batch, rows, columns)
    dtype = accumulation_dtype(g, w)
    out = take((height, channels, width, batch), dtype)
    if not g.size or not w.size:
        out.fill(0)
        return _finished(out, g, w)
    flat = in_memory_order(g, dtype).reshape(rows.windows, g.shape[3], -1)
    lines = _Lines(columns, batch)
    groups = _row_groups(rows)
    matrices = {phase: _backward_matrix(w, taps, dtype) for phase, taps in _taps_by_phase(rows).items()}
    parts = threads.parts_for(g.size * w[..., 0].size, SMALLEST_PART)
    cuts = _even_cuts(groups, height, parts) if parts > 1 else [(0, height)]

    def part(k: int) -> None:
        first, last = cuts[k]
        for group in groups:
            inside = group.between(first, last)
            if inside.count:
                _backward_rows(inside, flat, matrices, lines, out)

    threads.run(len(cuts), part)
    return _finished(out, g, w)


def _finished(out: Array, *inputs: Array) -> Array:
    return in_logical_order(out).astype(np.result_type(*inputs), copy=False)


def _check_gradient(name: str, g: Array, batch: int, rows: Axis, columns: Axis) -> None:
    expected = (batch, rows.windows, columns.windows)
    if g.shape[:3] != expected:
        raise ValueError(
            f"{name}: g has shape {g.shape}; expected {(*expected, '...')} for this input and kernel"
        )


class _Lines:
    """The (width, batch) lines of a row, cut into units that shift together.

    With stride 1 a shift by one column is an offset of `batch` elements in the line, so the line may be cut anywhere:
    the unit is one element. With other strides the unit is a column of `batch` elements.
    """

    def __init__(self, columns: Axis, batch: int) -> None:
        self.kernel = columns.kernel
        if columns.stride == 1:
            left, right = columns.padding
            self.unit = 1
            self.axis = Axis(
                columns.size * batch,
                columns.kernel,
                1,
                (left * batch, right * batch),
                columns.dilation * batch,
            )
            self.length = columns.windows * batch
        else:
            self.unit = batch
            self.axis = columns
            self.length = columns.windows


@dataclass(frozen=True)
class _Block:
    """Window rows ``low:high`` and units ``start:stop`` of their output lines."""

    low: int
    high: int
    start: int
    stop: int


def _blocks(rows: Axis, lines: _Lines, work: float) -> list[_Block]:
    """Cut the output into blocks for the team: by rows, or by columns where the rows are too few to share evenly.

    Blocks of whole rows are contiguous in memory, which elementwise work needs to be fast, but read some input rows
    twice.
    """
    parts = threads.parts_for(work, SMALLEST_PART)
    if parts == 1 or rows.windows % parts == 0 or rows.windows >= EVEN_ENOUGH * parts:
        return [_Block(low, high, 0, lines.length) for low, high in threads.bounds(rows.windows, parts)]
    cuts = threads.bounds(lines.length, parts, 16 if lines.unit == 1 else 1)
    return [_Block(0, rows.windows, start, stop) for start, stop in cuts]


def _tiles(block: _Block, rows: Axis, lines: _Lines, channels: int, output: int, item: int) -> list[_Block]:
    columns = (block.stop - block.start) * lines.unit
    row = columns * lines.kernel * channels * item
    extra = (rows.kernel - 1) * rows.dilation
    fit = int((TILE - extra * row) // (rows.stride * row + columns * output))
    least = max(1, extra // rows.stride)
    count = max(1, (block.high - block.low) // max(fit, least))
    return [
        _Block(block.low + low, block.low + high, block.start, block.stop)
        for low, high in threads.bounds(block.high - block.low, count)
    ]


def _shift(source: Array, rows: Axis, lines: _Lines, block: _Block) -> Array:
    """Copy the horizontal shifts of (H, C, W, N) that a block needs, with the padding.

    Returns
    -------
    Array
        (input rows under the block, kw * C, columns).
    """
    height, channels = source.shape[:2]
    axis, unit, start, stop = lines.axis, lines.unit, block.start, block.stop
    units = source.reshape(height, channels, axis.size, unit)
    first = block.low * rows.stride - rows.padding[0]
    count = (block.high - block.low - 1) * rows.stride + (rows.kernel - 1) * rows.dilation + 1
    low, high = (min(max(0, row - first), count) for row in (0, height))  # the rows that are no padding
    shifted = take((count, lines.kernel, channels, stop - start, unit), source.dtype)
    if low:
        shifted[:low] = 0
    if high < count:
        shifted[high:] = 0
    inside = units[max(0, first) : max(0, first) + high - low]
    for tap in range(lines.kernel):
        windows, positions = axis.overlap(tap, start, stop)
        target = shifted[low:high, tap]
        if windows.start > start:
            target[:, :, : windows.start - start] = 0
        if windows.stop < stop:
            target[:, :, windows.stop - start :] = 0
        if windows.start < windows.stop:
            target[:, :, windows.start - start : windows.stop - start] = inside[:, :, positions]
    return shifted.reshape(count, lines.kernel * channels, -1)


def _runs(rows: Axis) -> list[Pair]:
    """Return (first tap, count) of the vertical taps that lie in adjacent rows and so can share one product."""
    return [(0, rows.kernel)] if rows.dilation == 1 else [(tap, 1) for tap in range(rows.kernel)]


def _windows(shifted: Array, rows: Axis, tap: int, count: int, windows: int) -> Array:
    """View shifted rows (R, K, columns) as overlapping windows (windows, count * K, columns)."""
    _, lines, columns = shifted.shape
    row, line, item = shifted.strides
    return np.ndarray(
        (windows, count * lines, columns),
        shifted.dtype,
        shifted,
        tap * rows.dilation * row,
        (rows.stride * row, line, item),
    )


def _add_products(left: Array, right: Array, total: Array) -> None:
    """Add ``left[r] @ right[r]`` over all r to `total`, a block of rows at a time to bound the memory."""
    block = max(1, PARTIAL_SUMS // max(1, total.nbytes))
    for row in range(0, len(left), block):
        products = take((min(block, len(left) - row), *total.shape), total.dtype)
        np.matmul(left[row : row + block], right[row : row + block], out=products)
        total += np.add.reduce(products, axis=0)


@dataclass(frozen=True)
class _RowGroup:
    """Input rows ``first, first + step, ...`` that receive from the same taps of windows a row apart.

    The taps are the entries ``taps.start:taps.stop`` of the rows' phase, in descending order; the last of them belongs
    to the highest window row. The first input row receives from the window rows ``window, window + spacing, ...``.
    """

    first: int
    step: int
    count: int
    phase: int
    taps: slice
    window: int
    spacing: int

    def between(self, low: int, high: int) -> _RowGroup:
        """Return the part of the group in the input rows ``low:high``."""
        skip = max(0, -((self.first - low) // self.step))
        count = max(0, min(self.count, -((self.first - high) // self.step)) - skip)
        return _RowGroup(
            self.first + skip * self.step,
            self.step,
            count,
            self.phase,
            self.taps,
            self.window + skip,
            self.spacing,
        )


def _taps_by_phase(rows: Axis) -> dict[int, list[int]]:
    """Group the vertical taps by the input rows (modulo the stride) that they reach, highest tap first."""
    phases: dict[int, list[int]] = {phase: [] for phase in range(rows.stride)}
    for tap in reversed(range(rows.kernel)):
        phases[tap * rows.dilation % rows.stride].append(tap)
    return phases


@lru_cache(maxsize=256)
def _row_groups(rows: Axis) -> tuple[_RowGroup, ...]:
    """Group all input rows by the taps they receive from, so that each group is one batched product."""
    spacing = rows.dilation // gcd(rows.dilation, rows.stride)
    found: list[_RowGroup] = []
    for phase, taps in _taps_by_phase(rows).items():

        def sources(row: int, taps: list[int] = taps) -> tuple[int, int, int]:
            """Return (start, stop) of the taps that reach `row` and the window row of the first."""
            windows = [(row + rows.padding[0] - tap * rows.dilation) // rows.stride for tap in taps]
            valid = [k for k, window in enumerate(windows) if 0 <= window < rows.windows]
            return (valid[0], valid[-1] + 1, windows[valid[0]]) if valid else (0, 0, 0)

        start = (phase - rows.padding[0]) % rows.stride
        all_rows = range(start, rows.size, rows.stride)
        for (low, high), members in groupby(all_rows, key=lambda row: sources(row)[:2]):
            first, *others = members
            window = sources(first)[2]
            found.append(
                _RowGroup(first, rows.stride, 1 + len(others), phase, slice(low, high), window, spacing)
            )
    return tuple(found)


def _even_cuts(groups: Sequence[_RowGroup], height: int, parts: int) -> list[Pair]:
    """Cut the input rows into parts of about the same number of products."""
    weights = np.zeros(height)
    for group in groups:
        last = group.first + group.count * group.step
        weights[group.first : last : group.step] = group.taps.stop - group.taps.start
    reached = np.cumsum(weights)
    marks = [0, *(int(np.argmin(abs(reached - reached[-1] * k / parts))) + 1 for k in range(1, parts)), height]
    return [(low, high) for low, high in zip(marks, marks[1:], strict=False) if low < high]


def _backward_matrix(w: Array, taps: list[int], dtype: DTypeLike) -> Array:
    """Return the weights of some vertical taps as (kw * Cin, taps, Cout)."""
    kernel_width, channels, outputs = w.shape[1:]
    chosen = w[taps].transpose(1, 2, 0, 3).astype(dtype)
    return np.ascontiguousarray(chosen).reshape(kernel_width * channels, len(taps), outputs)


def _backward_rows(
    group: _RowGroup, flat: Array, matrices: dict[int, Array], lines: _Lines, out: Array
) -> None:
    """Fill one group of input rows of `out` (H, C, W, N) from the window rows `flat` (OH, Cout, columns)."""
    target = out[group.first : group.first + group.count * group.step : group.step]
    taps = matrices[group.phase][:, group.taps]
    length, (outputs, columns) = taps.shape[1], flat.shape[1:]
    if length == 0:
        target[...] = 0
        return
    row, line, item = flat.strides
    run = length if group.spacing == 1 else 1  # taps in one product: their window rows must be adjacent
    products = take((group.count, taps.shape[0], columns), flat.dtype)
    for tap in range(0, length, run):
        offset = (group.window + tap * group.spacing) * row
        windows = np.ndarray(
            (group.count, run * outputs, columns), flat.dtype, flat, offset, (row, line, item)
        )
        weights = taps[:, tap : tap + run].reshape(taps.shape[0], -1)
        if tap == 0:
            np.matmul(weights, windows, out=products)
        else:
            products += np.matmul(weights, windows, out=take(products.shape, flat.dtype))
    _add_shifted(products, lines, target)


def _add_shifted(products: Array, lines: _Lines, target: Array) -> None:
    """Set rows (R, C, W, N) to the sum of the `kw` products (R, kw * C, columns), each moved to its place."""
    axis = lines.axis
    rows, channels, width, batch = target.shape
    units = target.reshape(rows, channels, axis.size, lines.unit)
    pieces = products.reshape(rows, lines.kernel, channels, lines.length, lines.unit)
    for tap in range(lines.kernel):
        windows, positions = axis.overlap(tap, 0, lines.length)
        if tap > 0:
            units[:, :, positions] += pieces[:, tap, :, windows]
        elif axis.stride == 1:
            units[:, :, : positions.start] = 0
            units[:, :, positions] = pieces[:, tap, :, windows]
            units[:, :, positions.stop :] = 0
        else:
            units[...] = 0
            units[:, :, positions] = pieces[:, tap, :, windows]
