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

from . import direct_convolution, im2col, threads
from .blocks import Lines, OutputBlock, RowGroup, adjacent_taps, input_parts, lines_of, output_blocks, taps_by_phase
from .geometry import Array, Axis, Padding, Pair, accumulation_dtype, axes_of, in_logical_order, in_memory_order
from .workspace import allocate

SMALLEST_PART = 4e6
"""Multiplications in the smallest part of work worth handing to another thread."""
SHORT_LINE = 64
"""Columns below which products are so small that putting rows side by side first is quicker."""
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
        (N, OH, OW, Cout), in memory (OH, Cout, OW, N), or as the shape says for a few images.

    Raises
    ------
    ValueError
        If the kernel does not fit into the padded image.
    """
    rows, columns = axes_of("conv2d", x.shape[1:3], w.shape[:2], stride, padding, dilation)
    dtype = accumulation_dtype(x, w)
    kernel, outputs, size = np.ascontiguousarray(w, dtype), w.shape[3], (rows.windows, columns.windows)
    fits = x.size and w.size and im2col.suits(x.shape[0], size, w.size // outputs)
    if not fits or x.shape[0] >= direct_convolution.FEW:
        direct = direct_convolution.conv2d(x, w, rows, columns, bias)
        if direct is not None:
            return direct
    if fits:
        few = im2col.conv2d(x.astype(dtype, copy=False), kernel, rows, columns, size)
        few = few if bias is None else np.add(few, bias, out=few)
        return few.astype(np.result_type(x, w), copy=False)
    source = in_memory_order(x, dtype)
    out = allocate((rows.windows, outputs, columns.windows, x.shape[0]), dtype)
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
        result = flat[block.low : block.high, :, block.columns]
        correlate(shift(source, [lines], block), kernel, rows, result)
        if offsets is not None:
            result += offsets

    threads.run(len(blocks), part)
    return _finished(out, x, w)


def conv2d_weight_gradient(
    x: Array, g: Array, shape: Sequence[int], stride: Pair, padding: Padding, dilation: Pair
) -> Array:
    """Return the gradient of ``sum(conv2d(x, w) * g)`` with respect to `w`.

    Parameters
    ----------
    x
        (N, H, W, Cin).
    g
        (N, OH, OW, Cout).
    shape
        ``(kh, kw)``; further entries are ignored.

    Returns
    -------
    Array
        (kh, kw, Cin, Cout).
    """
    name = "conv2d_weight_gradient"
    rows, columns = axes_of(name, x.shape[1:3], tuple(shape[:2]), stride, padding, dilation)
    _check_gradient(name, g, x.shape[0], rows, columns)
    dtype = accumulation_dtype(x, g)
    weights = (rows.kernel, columns.kernel, x.shape[3], g.shape[3])
    taps = weights[0] * weights[1] * weights[2]
    if not x.size or not g.size:
        return np.zeros(weights, np.result_type(x, g))
    fits = im2col.suits(x.shape[0], g.shape[1:3], taps)
    if not fits or x.shape[0] >= direct_convolution.FEW:
        direct = direct_convolution.weight_gradient(x, g, rows, columns)
        if direct is not None:
            return direct
    if fits:
        few = im2col.weight_gradient(x.astype(dtype, copy=False), g.astype(dtype, copy=False), rows, columns)
        return few.astype(np.result_type(x, g), copy=False)
    source, gradient = in_memory_order(x, dtype), in_memory_order(g, dtype)
    lines = lines_of(columns, x.shape[0])
    flat = gradient.reshape(rows.windows, weights[3], -1)
    parts = threads.parts_for(g.size * taps, 2 * SMALLEST_PART)
    blocks = output_blocks(rows, lines, parts)
    sums = np.zeros((len(blocks), *weights), dtype)

    def part(k: int) -> None:
        block = blocks[k]
        gradients = flat[block.low : block.high, :, block.columns]
        add_weight_gradient(shift(source, [lines], block), gradients, rows, sums[k])

    threads.run(len(blocks), part)
    return np.add.reduce(sums, axis=0).astype(np.result_type(x, g), copy=False)


def conv2d_input_gradient(
    g: Array, w: Array, shape: Sequence[int], stride: Pair, padding: Padding, dilation: Pair
) -> Array:
    """Return the gradient of ``sum(conv2d(x, w) * g)`` with respect to `x` (also called transposed convolution).

    Parameters
    ----------
    g
        (N, OH, OW, Cout).
    w
        (kh, kw, Cin, Cout).
    shape
        (N, H, W, Cin) of `x`.

    Returns
    -------
    Array
        (N, H, W, Cin), in memory (H, Cin, W, N), or, for a few images, a part of what the shape says.
    """
    name = "conv2d_input_gradient"
    batch, height, width, channels = shape
    rows, columns = axes_of(name, (height, width), w.shape[:2], stride, padding, dilation)
    _check_gradient(name, g, batch, rows, columns)
    dtype = accumulation_dtype(g, w)
    fits = g.size and w.size and im2col.suits(batch, g.shape[1:3], w.size // w.shape[3])
    if not fits or batch >= direct_convolution.FEW:
        direct = direct_convolution.input_gradient(g, w, rows, columns)
        if direct is not None:
            return direct
    if fits:
        few = im2col.input_gradient(g.astype(dtype, copy=False), w.astype(dtype, copy=False), rows, columns)
        return few.astype(np.result_type(g, w), copy=False)
    out = allocate((height, channels, width, batch), dtype)
    if not g.size or not w.size:
        out.fill(0)
        return _finished(out, g, w)
    flat = in_memory_order(g, dtype).reshape(rows.windows, g.shape[3], -1)
    lines = lines_of(columns, batch)
    matrices = backward_matrices(w, rows, dtype)
    parts = input_parts(rows, threads.parts_for(g.size * (w.size // w.shape[3]), SMALLEST_PART))

    def part(k: int) -> None:
        first, products = input_products(flat, matrices, parts[k])
        add_shifted(products, [lines], out[first : first + len(products)])

    threads.run(len(parts), part)
    return _finished(out, g, w)


# What a single thread does, for a block of the output or for some images of the batch. Columns come in one or several
# runs, which lie side by side in the lines: a convolution that a pool follows has a run for each column of its window.
#
#   source (H, C, W, N) -> shift -> (rows, kw * C, columns) -> correlate -> result (OH, Cout, columns)
#   gradient (OH, Cout, columns) -> input_products -> (rows, kw * C, columns) -> add_shifted -> (H, C, W, N)


def shift(source: Array, runs: Sequence[Lines], block: OutputBlock) -> Array:
    """Copy the horizontal shifts of (H, C, W, N) that a block of the runs needs, with the padding.

    Returns
    -------
    Array
        (input rows under the block, kw * C, columns).
    """
    taps, unit, length = runs[0].axis.kernel, runs[0].unit, block.stop - block.start
    shifted = allocate((block.height, taps, source.shape[1], len(runs), length, unit), source.dtype)
    view = _shifts(source, runs, block)
    if view is None:
        _shift_with_padding(source, runs, block, shifted)
    else:
        np.copyto(shifted, view)
    return shifted.reshape(block.height, taps * source.shape[1], -1)


def _shift_with_padding(source: Array, runs: Sequence[Lines], block: OutputBlock, shifted: Array) -> None:
    """Set `shifted` (rows, kw, C, runs, units, unit) to zeros where it is padding, else to the shifts."""
    length = block.stop - block.start
    if block.real.stop - block.real.start < block.height:
        shifted[: block.real.start] = 0
        shifted[block.real.stop :] = 0
    for run, lines in enumerate(runs):
        inside = source.reshape(*source.shape[:2], lines.axis.size, lines.unit)[block.source]
        for tap in range(lines.axis.kernel):
            windows, positions = lines.shifts[tap] if length == lines.length else lines.between(tap, block)
            target = shifted[block.real, tap, :, run]
            if windows.stop - windows.start < length:
                target[:, :, : windows.start - block.start] = 0
                target[:, :, windows.stop - block.start :] = 0
            target[:, :, windows.start - block.start : windows.stop - block.start] = inside[:, :, positions]


def _shifts(source: Array, runs: Sequence[Lines], block: OutputBlock) -> Array | None:
    """View (H, C, W, N) as all of its horizontal shifts, see `shift`; None if some of them are padding."""
    axis, unit, length = runs[0].axis, runs[0].unit, block.stop - block.start
    starts = [lines.axis.offset(0) + block.start * axis.stride for lines in runs]
    last = starts[-1] + (axis.kernel - 1) * axis.dilation + (length - 1) * axis.stride
    if starts[0] < 0 or last >= axis.size or block.real.stop - block.real.start < block.height:
        return None
    row, line = source.strides[:2]
    column = unit * source.itemsize
    between = starts[1] - starts[0] if len(runs) > 1 else 0
    # (rows, kw, C, runs, units, unit): a step of a tap, a run or a unit is a number of columns further along the line.
    return np.ndarray(
        (block.height, axis.kernel, source.shape[1], len(runs), length, unit),
        source.dtype,
        source,
        block.source.start * row + starts[0] * column,
        (row, axis.dilation * column, line, between * column, axis.stride * column, source.itemsize),
    )


def correlate(shifted: Array, kernel: Array, rows: Axis, out: Array, first: int = 0) -> None:
    """Fill a block (rows, Cout, columns) of the output from as many columns, the `first` and those after it."""
    for n, (tap, count) in enumerate(adjacent_taps(rows)):
        weights = kernel[tap : tap + count].reshape(-1, kernel.shape[3]).T
        windows = _windows(shifted, rows, tap, count, len(out), slice(first, first + out.shape[2]))
        if n == 0:
            _multiply(weights, windows, out)
        else:
            out += _multiply(weights, windows, allocate(out.shape, out.dtype))


def _multiply(weights: Array, windows: Array, out: Array) -> Array:
    """Set each ``out[row]`` to ``weights @ windows[row]``; where rows are short, in one product of all of them."""
    if out.shape[2] >= SHORT_LINE:
        return np.matmul(weights, windows, out=out)
    columns = windows.transpose(1, 0, 2).reshape(windows.shape[1], -1)
    out[...] = (weights @ columns).reshape(len(weights), len(out), -1).transpose(1, 0, 2)
    return out


def add_weight_gradient(shifted: Array, g: Array, rows: Axis, total: Array) -> None:
    """Add to `total` (kh, kw, Cin, Cout) what a block `g` (rows, Cout, columns) of the gradient contributes."""
    for tap, count in adjacent_taps(rows):
        windows = _windows(shifted, rows, tap, count, len(g), slice(0, g.shape[2]))
        _add_products(windows, g.transpose(0, 2, 1), total[tap : tap + count].reshape(windows.shape[1], -1))


def input_products(g: Array, matrices: dict[int, Array], groups: Sequence[RowGroup]) -> tuple[int, Array]:
    """Multiply all of the gradient `g` (OH, Cout, columns) with the weights, for the input rows of `groups`.

    Returns
    -------
    int
        The first of these rows, which follow each other.
    Array
        (rows, kw * C, columns): what each horizontal tap sends to the rows, see `add_shifted`.
    """
    start, stop = min(group.first for group in groups), max(group.last for group in groups) + 1
    products = allocate((stop - start, len(matrices[0]), g.shape[2]), g.dtype)
    for group in groups:
        rows = products[group.first - start : group.last - start + 1 : group.step]
        _multiply_rows(group, g, matrices[group.phase][:, group.taps], rows)
    return start, products


def add_shifted(products: Array, runs: Sequence[Lines], target: Array) -> None:
    """Set rows (R, C, W, N) to the sum of the `kw` products (R, kw * C, columns), each moved to its place."""
    rows, channels = target.shape[:2]
    axis, unit, length = runs[0].axis, runs[0].unit, runs[0].length
    units = target.reshape(rows, channels, axis.size, unit)
    pieces = products.reshape(rows, axis.kernel, channels, len(runs), length, unit)
    for phase in range(axis.stride):
        # What is that far apart is added up in one piece, with long lines, and then put in its places at once.
        places = units[:, :, phase :: axis.stride]
        total = places if axis.stride == 1 else allocate(places.shape, target.dtype)
        started = False
        for run, lines in enumerate(runs):
            for tap, (windows, positions) in enumerate(lines.shifts):
                if positions.start % axis.stride != phase or windows.start == windows.stop:
                    continue
                start = positions.start // axis.stride
                stop = start + windows.stop - windows.start
                if started:
                    total[:, :, start:stop] += pieces[:, tap, :, run, windows]
                else:
                    total[:, :, :start] = 0
                    total[:, :, start:stop] = pieces[:, tap, :, run, windows]
                    total[:, :, stop:] = 0
                    started = True
        if not started:
            places[...] = 0
        elif total is not places:
            places[...] = total


def backward_matrices(w: Array, rows: Axis, dtype: DTypeLike) -> dict[int, Array]:
    """Return the weights by the phase of the input rows that they reach, each (kw * Cin, taps, Cout)."""
    kernel_width, channels, outputs = w.shape[1:]
    return {
        phase: np.ascontiguousarray(w[taps].transpose(1, 2, 0, 3), dtype).reshape(
            kernel_width * channels, len(taps), outputs
        )
        for phase, taps in taps_by_phase(rows).items()
    }


def _finished(out: Array, *inputs: Array) -> Array:
    return in_logical_order(out).astype(np.result_type(*inputs), copy=False)


def _check_gradient(name: str, g: Array, batch: int, rows: Axis, columns: Axis) -> None:
    expected = (batch, rows.windows, columns.windows)
    if g.shape[:3] != expected:
        raise ValueError(f"{name}: g has shape {g.shape}; for this input and kernel it must be {(*expected, 'Cout')}")


def _windows(shifted: Array, rows: Axis, tap: int, count: int, windows: int, columns: slice) -> Array:
    """View shifted rows (R, K, columns) as overlapping windows (windows, count * K, some of the columns).

    With K = kw * C lines in a row, `count` rows that follow each other are one matrix of ``count * K`` lines; that of
    the next window begins ``stride`` rows, so ``stride * K`` lines, later, and shares the others with it::

        rows         0   1   2   3      of K lines each
        window 0    |-----------|
        window 1        |-----------|   with 3 taps and stride 1
    """
    row, line, item = shifted.strides
    return np.ndarray(
        (windows, count * shifted.shape[1], columns.stop - columns.start),
        shifted.dtype,
        shifted,
        tap * rows.dilation * row + columns.start * item,
        (rows.stride * row, line, item),
    )


def _add_products(left: Array, right: Array, total: Array) -> None:
    """Add ``left[r] @ right[r]`` over all r to `total`, a block of rows at a time to bound the memory."""
    block = max(1, PARTIAL_SUMS // max(1, total.nbytes))
    for row in range(0, len(left), block):
        products = allocate((min(block, len(left) - row), *total.shape), total.dtype)
        np.matmul(left[row : row + block], right[row : row + block], out=products)
        total += np.add.reduce(products, axis=0)


def _multiply_rows(group: RowGroup, flat: Array, taps: Array, products: Array) -> None:
    """Set the products (R, kw * C, columns) of a group's input rows from the window rows `flat` (OH, Cout, columns)."""
    length, (outputs, columns) = taps.shape[1], flat.shape[1:]  # taps (kw * C, taps, Cout)
    if length == 0:
        products[...] = 0
        return
    row, line, item = flat.strides
    run = length if group.spacing == 1 else 1  # taps in one product: their window rows must be adjacent
    for tap in range(0, length, run):
        offset = (group.window + tap * group.spacing) * row
        windows = np.ndarray((group.length, run * outputs, columns), flat.dtype, flat, offset, (row, line, item))
        weights = taps[:, tap : tap + run].reshape(taps.shape[0], -1)
        if tap == 0:
            np.matmul(weights, windows, out=products)
        else:
            products += np.matmul(weights, windows, out=allocate(products.shape, flat.dtype))
