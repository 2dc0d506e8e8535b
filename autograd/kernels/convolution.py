"""Convolution and its two gradients: three bilinear operations, each one's derivatives being the other two.

All three are batched matrix products, one per image row. With x in memory order (H, C, W, N) only the `kw` horizontal
shifts of the input are copied, to an array (H, kw, C, columns): the `kh` rows under a window are then adjacent, so
the ``kh * kw * C`` inputs of a window are the lines of one matrix, a view that overlaps that of the next row. That
takes a third of im2col's memory for a 3 x 3 kernel, and every product has long contiguous lines.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import DTypeLike

from . import threads
from .blocks import (
    Block,
    Lines,
    RowGroup,
    adjacent_taps,
    input_parts,
    lines_of,
    output_blocks,
    taps_by_phase,
)
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
PARTIAL_SUMS = 1 << 20
"""Bytes of per-row weight gradients that are computed before they are added up."""


def conv2d(x: Array, w: Array, stride: Pair, padding: Padding, dilation: Pair, bias: Array | None = None) -> Array:
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
    rows, columns = axes_of("conv2d", x.shape[1:3], w.shape[:2], stride, padding, dilation)
    dtype = accumulation_dtype(x, w)
    source, kernel = in_memory_order(x, dtype), np.ascontiguousarray(w, dtype)
    outputs = w.shape[3]
    out = take((rows.windows, outputs, columns.windows, x.shape[0]), dtype)
    offsets = None if bias is None else np.asarray(bias, dtype)[:, None]
    if not out.size or not w.size:
        out[...] = 0 if offsets is None else offsets[:, :, None]
        return _finished(out, x, w)
    lines = lines_of(columns, x.shape[0])
    flat = out.reshape(rows.windows, outputs, -1)
    parts = threads.parts_for(out.size * (w.size // outputs), SMALLEST_PART)
    blocks = output_blocks(rows, lines, parts)

    def part(k: int) -> None:
        block = blocks[k]
        shifted = _shift(source, lines, block)
        result = flat[block.low : block.high, :, block.columns]
        for n, (tap, count) in enumerate(adjacent_taps(rows)):
            weights = kernel[tap : tap + count].reshape(-1, outputs).T
            windows = _windows(shifted, rows, tap, count, len(result))
            if n == 0:
                np.matmul(weights, windows, out=result)
            else:
                result += np.matmul(weights, windows, out=take(result.shape, dtype))
        if offsets is not None:
            result += offsets

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
    rows, columns = axes_of(name, x.shape[1:3], tuple(kernel_shape[:2]), stride, padding, dilation)
    _check_gradient(name, g, x.shape[0], rows, columns)
    dtype = accumulation_dtype(x, g)
    shape = (rows.kernel, columns.kernel, x.shape[3], g.shape[3])
    if not x.size or not g.size:
        return np.zeros(shape, np.result_type(x, g))
    source, gradient = in_memory_order(x, dtype), in_memory_order(g, dtype)
    lines = lines_of(columns, x.shape[0])
    flat = gradient.reshape(rows.windows, shape[3], -1)
    parts = threads.parts_for(g.size * shape[0] * shape[1] * shape[2], 2 * SMALLEST_PART)
    blocks = output_blocks(rows, lines, parts)
    sums = np.zeros((len(blocks), *shape), dtype)

    def part(k: int) -> None:
        block = blocks[k]
        shifted = _shift(source, lines, block)
        factors = flat[block.low : block.high, :, block.columns]
        for tap, count in adjacent_taps(rows):
            windows = _windows(shifted, rows, tap, count, len(factors))
            total = sums[k, tap : tap + count].reshape(windows.shape[1], -1)
            _add_products(windows, factors.transpose(0, 2, 1), total)

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
    batch, height, width, channels = input_shape
    rows, columns = axes_of(name, (height, width), w.shape[:2], stride, padding, dilation)
    _check_gradient(name, g, batch, rows, columns)
    dtype = accumulation_dtype(g, w)
    out = take((height, channels, width, batch), dtype)
    if not g.size or not w.size:
        out.fill(0)
        return _finished(out, g, w)
    flat = in_memory_order(g, dtype).reshape(rows.windows, g.shape[3], -1)
    lines = lines_of(columns, batch)
    matrices = {phase: _backward_matrix(w, taps, dtype) for phase, taps in taps_by_phase(rows).items()}
    parts = input_parts(rows, threads.parts_for(g.size * (w.size // w.shape[3]), SMALLEST_PART))

    def part(k: int) -> None:
        for group in parts[k]:
            _fill_rows(group, flat, matrices[group.phase][:, group.taps], lines, out[group.rows])

    threads.run(len(parts), part)
    return _finished(out, g, w)


def _finished(out: Array, *inputs: Array) -> Array:
    return in_logical_order(out).astype(np.result_type(*inputs), copy=False)


def _check_gradient(name: str, g: Array, batch: int, rows: Axis, columns: Axis) -> None:
    expected = (batch, rows.windows, columns.windows)
    if g.shape[:3] != expected:
        raise ValueError(f"{name}: g has shape {g.shape}; for this input and kernel it must be {(*expected, 'Cout')}")


def _shift(source: Array, lines: Lines, block: Block) -> Array:
    """Copy the horizontal shifts of (H, C, W, N) that a block needs, with the padding.

    Returns
    -------
    Array
        (input rows under the block, kw * C, columns).
    """
    height, channels = source.shape[:2]
    axis, unit, start, stop = lines.axis, lines.unit, block.start, block.stop
    shifted = take((block.count, axis.kernel, channels, stop - start, unit), source.dtype)
    inside = source.reshape(height, channels, axis.size, unit)[block.source]
    if len(inside) < block.count:
        shifted[: block.real.start] = 0
        shifted[block.real.stop :] = 0
    for tap in range(axis.kernel):
        windows, positions = lines.shifts[tap] if stop - start == lines.length else axis.overlap(tap, start, stop)
        target = shifted[block.real, tap]
        if windows.stop - windows.start < stop - start:
            target[:, :, : windows.start - start] = 0
            target[:, :, windows.stop - start :] = 0
        target[:, :, windows.start - start : windows.stop - start] = inside[:, :, positions]
    return shifted.reshape(block.count, axis.kernel * channels, -1)


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


def _backward_matrix(w: Array, taps: list[int], dtype: DTypeLike) -> Array:
    """Return the weights of some vertical taps as (kw * Cin, taps, Cout)."""
    kernel_width, channels, outputs = w.shape[1:]
    chosen = w[taps].transpose(1, 2, 0, 3)
    return np.ascontiguousarray(chosen, dtype).reshape(kernel_width * channels, len(taps), outputs)


def _fill_rows(group: RowGroup, flat: Array, taps: Array, lines: Lines, target: Array) -> None:
    """Fill the input rows `target` (R, C, W, N) of a group from the window rows `flat` (OH, Cout, columns)."""
    length, (outputs, columns) = taps.shape[1], flat.shape[1:]
    if length == 0:
        target[...] = 0
        return
    row, line, item = flat.strides
    run = length if group.spacing == 1 else 1  # taps in one product: their window rows must be adjacent
    products = take((group.count, taps.shape[0], columns), flat.dtype)
    for tap in range(0, length, run):
        offset = (group.window + tap * group.spacing) * row
        windows = np.ndarray((group.count, run * outputs, columns), flat.dtype, flat, offset, (row, line, item))
        weights = taps[:, tap : tap + run].reshape(taps.shape[0], -1)
        if tap == 0:
            np.matmul(weights, windows, out=products)
        else:
            products += np.matmul(weights, windows, out=take(products.shape, flat.dtype))
    _add_shifted(products, lines, target)


def _add_shifted(products: Array, lines: Lines, target: Array) -> None:
    """Set rows (R, C, W, N) to the sum of the `kw` products (R, kw * C, columns), each moved to its place."""
    axis = lines.axis
    rows, channels = target.shape[:2]
    units = target.reshape(rows, channels, axis.size, lines.unit)
    pieces = products.reshape(rows, axis.kernel, channels, lines.length, lines.unit)
    if axis.stride > 1:
        units[...] = 0
    for tap, (windows, positions) in enumerate(lines.shifts):
        if tap == 0 and axis.stride == 1:
            units[:, :, : positions.start] = 0
            units[:, :, positions] = pieces[:, tap, :, windows]
            units[:, :, positions.stop :] = 0
        else:
            units[:, :, positions] += pieces[:, tap, :, windows]
