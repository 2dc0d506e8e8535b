"""Convolution and its two gradients, tile by tile where the images lie: nothing is copied; for float32.

The lines that tiles multiply are rows of a channel, with the images of a column side by side. Columns whose windows
begin side by side, too, are one long line. A tap that meets the padding is left out.
"""

from __future__ import annotations

from typing import Any

from numba import types

from .compiled import FLOAT, INT, array, compiled, given, inlined
from .compiled_tiles import LANES, convolution_tile, gradient_tile

table: Any = given(2, INT)
part: Any = types.UniTuple(INT, 5)
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


@compiled(given(4), given(1), given(1), table, table, INT, FLOAT, part, array(4))
def correlate(x, w, bias, rows, runs, kernel_columns, floor, part, out):
    """Set a part of `out` (OH, Cout, OW, N) to the sums over taps of (H, C, W, N), but at least `floor`.

    `w` is packed, `rows` and `runs` are `tap_tables.tables`. The part is that of some rows and channels: ``(low, high,
    first, last, base)``, where `first` is a multiple of 8, and `base` is the row that `out` begins with.
    """
    height, channels, width, images = x.shape
    outputs, wide = out.shape[1:3]
    taps = w.size // (channels * outputs)
    low, high, first, last, base = part
    for r in range(low, high):
        place, count, tap, tap_step, source, source_step = rows[r]
        o = first
        while o < last:
            m = _size(last - o)
            for run in range(runs.shape[0]):
                to, in_row, column, column_step, seen, seen_step, length, step, advance = runs[run]
                steps = (
                    *(count, source_step * channels * width * images, tap_step * kernel_columns * channels * m),
                    *(in_row, seen_step * images, column_step * channels * m),
                    *(channels, width * images, wide * images),
                )
                a = x.ctypes.data + 4 * (source * channels * width + seen) * images
                b = w.ctypes.data + 4 * (o * taps + (tap * kernel_columns + column) * m) * channels
                c = out.ctypes.data + 4 * (((place - base) * outputs + o) * wide + to) * images
                d = bias.ctypes.data + 4 * o
                lanes = images
                if step == advance == 1:  # one line of all columns
                    lanes, length = length * images, 1
                for k in range(length):
                    here, there = a + 4 * k * advance * images, c + 4 * k * step * images
                    if m == 8:
                        _line_8(here, b, d, there, floor, lanes, steps)
                    elif m == 4:
                        _line_4(here, b, d, there, floor, lanes, steps)
                    elif m == 2:
                        _line_2(here, b, d, there, floor, lanes, steps)
                    else:
                        _line_1(here, b, d, there, floor, lanes, steps)
            o += m


def _product(m: int) -> Any:
    """Return what multiplies lines of `m` channels of a gradient with up to three lines of the images."""
    one, two, three = (gradient_tile(m, n) for n in (1, 2, 3))

    @inlined
    def product(n, x, g, out, lanes, steps):
        if n == 3:
            three(x, g, out, lanes, steps)
        elif n == 2:
            two(x, g, out, lanes, steps)
        else:
            one(x, g, out, lanes, steps)

    return product


_product_8, _product_4, _product_2, _product_1 = (_product(m) for m in (8, 4, 2, 1))


@compiled(INT, INT, INT, INT, INT, types.UniTuple(INT, 4), INT, types.UniTuple(INT, 6), types.UniTuple(INT, 3))
def _multiply_lines(x, g, out, first, last, lines, lanes, between, steps):
    """Add the products of some lines of the images with those of the channels ``first:last`` of a gradient.

    `lines` are numbers and steps of the outer and of the inner lines of the images: the outer ones are gone through one
    by one, of the inner ones three are taken together. `steps` are those of the result for both, and of the gradient.
    """
    outer, inner, x_outer, x_inner = lines
    out_outer, out_inner, wide = steps
    k = 0
    while k < inner:
        n = min(3, inner - k)
        o = first
        while o < last:
            m = _size(last - o)
            for j in range(outer):
                here, to = x + 4 * (j * x_outer + k * x_inner), out + 4 * (j * out_outer + k * out_inner + o)
                b, every = g + 4 * o * wide, (*between, x_inner, wide, out_inner)
                if m == 8:
                    _product_8(n, here, b, to, lanes, every)
                elif m == 4:
                    _product_4(n, here, b, to, lanes, every)
                elif m == 2:
                    _product_2(n, here, b, to, lanes, every)
                else:
                    _product_1(n, here, b, to, lanes, every)
            o += m
        k += n


@compiled(given(4), given(4), table, table, part, array(4))
def add_weight_gradient(x, g, rows, runs, part, dw):
    """Add to `dw` (kh, kw, C, Cout) what a part of `g` (OH, Cout, OW, N) and images (H, C, W, N) contribute."""
    height, channels, width, images = x.shape
    outputs, wide = g.shape[1:3]
    low, high, first, last, base = part
    line, to_line = width * images, wide * images
    r = low
    while r < high:
        place, count, tap, tap_step, source, source_step = rows[r]
        end = r + 1
        while end < high and (end - r) * to_line < LONG and rows[end, 1] == count and rows[end, 2] == tap:
            end += 1
        together, down = end - r, (rows[r + 1, 4] - source if end > r + 1 else 0)
        r = end
        for run in range(runs.shape[0]):
            to, in_row, column, column_step, seen, seen_step, length, step, advance = runs[run]
            every, lanes = length, images
            if step == advance == 1:
                every, lanes = 1, length * images
            between = (together, down * channels * line, outputs * to_line, every, advance * images, images)
            # The lines of channels are taken together; of one or two channels, those of taps.
            lines = (in_row, channels, seen_step * images, line)
            steps = (channels * outputs, outputs, to_line)
            if channels < 3:
                lines = (channels, in_row, line, seen_step * images)
                steps = (outputs, channels * outputs, to_line)
            for start in range(0, lanes, LONG):
                for i in range(count):
                    a = x.ctypes.data + 4 * (((source + i * source_step) * channels * width + seen) * images + start)
                    b = g.ctypes.data + 4 * (((place - base) * outputs * wide + to) * images + start)
                    c = dw.ctypes.data + 4 * ((tap + i) * dw.shape[1] + column) * channels * outputs
                    _multiply_lines(a, b, c, first, last, lines, min(LONG, lanes - start), between, steps)
