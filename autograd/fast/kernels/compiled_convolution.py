"""Convolution and its two gradients, tile by tile where the images lie: nothing is copied; for float32.

The lines that tiles multiply are rows of a channel, with the images of a column side by side. Columns whose windows
begin side by side, too, are one long line. A tap that meets the padding is left out.
"""

from __future__ import annotations

from typing import Any

from .compiled import FLOAT, INT, array, compiled, given, inlined
from .compiled_tiles import LANES, convolution_tile, gradient_tile

_table = given(2, INT)
LONG = 512
"""Floats of a line that are multiplied with all the others before the next, as many as the cache has room for."""


@inlined
def _size(left):
    """Return how many channels the next tile takes."""
    return 8 if left >= 8 else (4 if left >= 4 else (2 if left >= 2 else 1))


@compiled(given(3), array(1))
def pack(w, out):
    """Copy weights (taps, k, c) so that those of a tile follow each other: (blocks of c, taps, k, c in the block)."""
    taps, inputs, outputs = w.shape
    to = first = 0
    while first < outputs:
        m = _size(outputs - first)
        for tap in range(taps):
            for k in range(inputs):
                for c in range(first, first + m):
                    out[to] = w[tap, k, c]
                    to += 1
        first += m


def _line(m: int) -> Any:
    """Return what computes a line of `m` channels: three vectors at a time, which keeps most registers busy."""
    one, two, most = convolution_tile(m, 1), convolution_tile(m, 2), 3 if m > 2 else 6
    long, rest = convolution_tile(m, most), convolution_tile(m, 1, whole=False)

    @inlined
    def line(x, w, bias, out, floor, lanes, steps):
        while lanes >= most * LANES and lanes != 4 * LANES:
            long(x, w, bias, out, floor, lanes, steps)
            x, out, lanes = x + 4 * most * LANES, out + 4 * most * LANES, lanes - most * LANES
        while lanes >= 2 * LANES:
            two(x, w, bias, out, floor, lanes, steps)
            x, out, lanes = x + 8 * LANES, out + 8 * LANES, lanes - 2 * LANES
        if lanes >= LANES:
            one(x, w, bias, out, floor, lanes, steps)
            x, out, lanes = x + 4 * LANES, out + 4 * LANES, lanes - LANES
        if lanes > 0:
            rest(x, w, bias, out, floor, lanes, steps)

    return line


_line_8, _line_4, _line_2, _line_1 = (_line(m) for m in (8, 4, 2, 1))


@compiled(given(4), array(1), given(1), _table, _table, INT, FLOAT, INT, INT, array(4))
def correlate(x, w, bias, rows, runs, kernel_columns, floor, low, high, out):
    """Set the rows ``low:high`` of `out` (OH, Cout, OW, N) to the sums over taps of (H, C, W, N), but at least `floor`.

    `w` is packed, `rows` and `runs` are `tap_tables.tables`.
    """
    height, channels, width, images = x.shape
    outputs, wide = out.shape[1:3]
    taps = w.size // (channels * outputs)
    for r in range(low, high):
        place, count, tap, tap_step, source, source_step = rows[r]
        first = 0
        while first < outputs:
            m = _size(outputs - first)
            packed = w.ctypes.data + 4 * first * taps * channels
            for run in range(runs.shape[0]):
                to, in_row, column, column_step, seen, seen_step, length, step, advance = runs[run]
                steps = (
                    count,
                    source_step * channels * width * images,
                    tap_step * kernel_columns * channels * m,
                    in_row,
                    seen_step * images,
                    column_step * channels * m,
                    channels,
                    width * images,
                    wide * images,
                )
                a = x.ctypes.data + 4 * (source * channels * width + seen) * images
                b = packed + 4 * (tap * kernel_columns + column) * channels * m
                c = out.ctypes.data + 4 * ((place * outputs + first) * wide + to) * images
                offsets = bias.ctypes.data + 4 * first
                lanes = images
                if step == advance == 1:
                    lanes, length = length * images, 1
                for k in range(length):
                    here, there = a + 4 * k * advance * images, c + 4 * k * step * images
                    if m == 8:
                        _line_8(here, b, offsets, there, floor, lanes, steps)
                    elif m == 4:
                        _line_4(here, b, offsets, there, floor, lanes, steps)
                    elif m == 2:
                        _line_2(here, b, offsets, there, floor, lanes, steps)
                    else:
                        _line_1(here, b, offsets, there, floor, lanes, steps)
            first += m


def _product(m: int) -> Any:
    """Return what multiplies lines of `m` channels of a gradient with those of some channels of the images."""
    one, two, three = (gradient_tile(m, n) for n in (1, 2, 3))

    @inlined
    def product(channels, x, g, out, lanes, steps):
        if channels == 3:
            three(x, g, out, lanes, steps)
        elif channels == 2:
            two(x, g, out, lanes, steps)
        else:
            one(x, g, out, lanes, steps)

    return product


_product_8, _product_4, _product_2, _product_1 = (_product(m) for m in (8, 4, 2, 1))


@compiled(given(4), given(4), _table, _table, INT, INT, array(4))
def add_weight_gradient(x, g, rows, runs, low, high, dw):
    """Add to `dw` (kh, kw, C, Cout) what the rows ``low:high`` of `g` (OH, Cout, OW, N) and (H, C, W, N) contribute."""
    height, channels, width, images = x.shape
    outputs, wide = g.shape[1:3]
    kernel_columns = dw.shape[1]
    r = low
    while r < high:
        place, count, tap, tap_step, source, source_step = rows[r]
        last = r + 1
        while last < high and (last - r) * wide * images < LONG and rows[last, 1] == count and rows[last, 2] == tap:
            last += 1
        together, down = last - r, (rows[r + 1, 4] - source if last > r + 1 else 0)
        r = last
        for run in range(runs.shape[0]):
            to, in_row, column, column_step, seen, seen_step, length, step, advance = runs[run]
            every, lanes = length, images
            if step == advance == 1:
                every, lanes = 1, length * images
            for start in range(0, lanes, LONG):
                part = min(LONG, lanes - start)
                for i in range(count):
                    a = x.ctypes.data + 4 * (((source + i * source_step) * channels * width + seen) * images + start)
                    # Lines of channels go together; of a single channel, those of taps.
                    outer, inner = (channels, in_row) if channels < 3 else (in_row, channels)
                    step_outer, step_inner = width * images, seen_step * images
                    to_outer, to_inner = outputs, channels * outputs
                    if channels >= 3:
                        step_outer, step_inner, to_outer, to_inner = step_inner, step_outer, to_inner, to_outer
                    weights = dw.ctypes.data + 4 * ((tap + i) * kernel_columns + column) * channels * outputs
                    steps = (
                        *(together, down * channels * width * images, outputs * wide * images),
                        *(every, advance * images, images),
                        *(step_inner, wide * images, to_inner),
                    )
                    k = 0
                    while k < inner:
                        n = min(3, inner - k)
                        o = 0
                        while o < outputs:
                            m = _size(outputs - o)
                            b = g.ctypes.data + 4 * (((place * outputs + o) * wide + to) * images + start)
                            for j in range(outer):
                                here = a + 4 * (j * step_outer + k * step_inner)
                                out = weights + 4 * (j * to_outer + k * to_inner + o)
                                if m == 8:
                                    _product_8(n, here, b, out, part, steps)
                                elif m == 4:
                                    _product_4(n, here, b, out, part, steps)
                                elif m == 2:
                                    _product_2(n, here, b, out, part, steps)
                                else:
                                    _product_1(n, here, b, out, part, steps)
                            o += m
                        k += n
