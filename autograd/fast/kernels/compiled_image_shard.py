"""What `image_shard` does, as one function each way that Numba compiles; for float32.

Each row goes through all the steps while it is in the cache.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numba import types

from .compiled import (
    AS_IT_IS,
    BYTE,
    INT,
    TRANSPOSED,
    ZERO,
    array,
    compiled,
    copy,
    given,
    multiply,
    read_line,
    wins,
    write_line,
)
from .geometry import Array
from .image_shard import ImageShard, images_of
from .pool_plan import PoolPlan
from .workspace import allocate


@compiled(given(4), INT, INT, given(1, INT), INT, INT, array(6))
def _shift(x, start, row, lows, stride, dilation, out):
    """Copy the horizontal shifts (rows, kw, C, runs, columns, images) of (H, C, W, N), with the padding."""
    rows, taps, channels, runs, columns, images = out.shape
    for r in range(rows):
        inside = 0 <= row + r < x.shape[0]
        for tap in range(taps):
            for c in range(channels):
                for run in range(runs):
                    for k in range(columns):
                        column = k * stride + tap * dilation - lows[run]
                        target = out[r, tap, c, run, k]
                        if inside and 0 <= column < x.shape[2]:
                            copy(x[row + r, c, column, start : start + images], target)
                        else:
                            target[:] = ZERO


@compiled(given(5), given(1, INT), INT, INT, array(4), INT, INT)
def _collect(products, lows, stride, dilation, out, row, start):
    """Set a row of (H, C, W, N) to the sum of (kw, C, runs, columns, images), each moved to its place."""
    taps, channels, runs, columns, images = products.shape
    line = np.empty((out.shape[2], images), np.float32)
    for c in range(channels):
        line[:] = ZERO
        for tap in range(taps):
            for run in range(runs):
                for k in range(columns):
                    column = k * stride + tap * dilation - lows[run]
                    if 0 <= column < out.shape[2]:
                        sums, piece = line[column], products[tap, c, run, k]
                        for i in range(images):
                            sums[i] += piece[i]
        write_line(line.reshape(-1), out, row, c, start)


_geometry = types.UniTuple(INT, 6)


@compiled(given(3), given(4), _geometry, given(1, INT), INT, array(4), INT)
def _input_gradient(layer, w, geometry, lows, width, dx, start):
    """Set some images of `dx` (H, C, W, N) from the gradient of the convolution (OH, Cout, columns).

    `w` is (kw, C, kh, Cout) with the last row of the kernel first. Row r of the images meets window row r - 2 through
    kernel row 2, r - 1 through 1 and r through 0 (stride 1): so ``kh * Cout`` adjacent weights and as many adjacent
    lines of the gradient are the two matrices of one product, with (kw * C, columns) results.
    """
    top, row_stride, row_dilation, column_stride, column_dilation, together = geometry
    taps, channels, kernel, outputs = w.shape
    windows, _, columns = layer.shape
    run = together if row_stride == 1 else 1
    products = np.empty((taps, channels, lows.size, width, columns // (lows.size * width)), np.float32)
    for row in range(dx.shape[0]):
        started, tap = False, kernel - 1
        while tap >= 0:  # the window row that sees this row through the tap, and those through the taps before it
            window, rest = divmod(row + top - tap * row_dilation, row_stride)
            count = 0
            while rest == 0 and count < min(run, tap + 1) and 0 <= window + count < windows:
                count += 1
            if count > 0:
                a = w.ctypes.data + 4 * (kernel - 1 - tap) * outputs
                b = layer.ctypes.data + 4 * window * outputs * columns
                m, k, c = taps * channels, count * outputs, products.ctypes.data
                multiply(AS_IT_IS, AS_IT_IS, m, columns, k, a, kernel * outputs, b, columns, started, c)
                started = True
            tap -= max(count, 1)
        if not started:
            products[:] = ZERO
        _collect(products, lows, column_stride, column_dilation, dx, row, start)


@lru_cache(maxsize=64)
def _forward(high: int, wide: int) -> Any:
    """Make the function for a window of the pool: its elements are compared side by side, in registers."""
    pool = high * wide

    @compiled(
        *(given(4), INT, given(4), given(1), _geometry, given(1, INT)),
        *(array(6), array(4), INT, array(3, BYTE), types.boolean),
    )
    def forward(x, start, w, bias, geometry, lows, shifted, values, to, winners, named):
        # x (H, C, W, N) -> shifted (rows, kw, C, runs, PW, images) -> layer (ph, Cout, pw, PW * images), for one row of
        # the pool's windows at a time -> values (PH, Cout, PW, N), winners (PH, Cout, PW * images)
        top, row_stride, row_dilation, column_stride, column_dilation, together = geometry
        kernel, outputs, images = w.shape[0], w.shape[3], shifted.shape[5]
        lines, length = shifted.shape[1] * shifted.shape[2], shifted.shape[4] * images
        columns = wide * length
        _shift(x, start, -top, lows, column_stride, column_dilation, shifted)
        layer, best = np.empty((high, outputs, wide, length), np.float32), np.empty(length, np.float32)
        for row in range(values.shape[0]):
            for r in range(high):
                for tap in range(0, kernel, together):
                    read = (row * high + r) * row_stride + tap * row_dilation
                    a = w.ctypes.data + 4 * tap * lines * outputs
                    b = shifted.ctypes.data + 4 * read * lines * columns
                    c = layer.ctypes.data + 4 * r * outputs * columns
                    multiply(
                        TRANSPOSED, AS_IT_IS, outputs, columns, together * lines, a, outputs, b, columns, tap > 0, c
                    )
            for c in range(outputs):
                for i in range(length):
                    largest, number = layer[0, c, 0, i], np.int32(0)
                    for tap in range(1, pool):
                        element = layer[tap // wide, c, tap % wide, i]
                        later = wins(element, largest)
                        largest = element if later else largest
                        number = np.int32(tap) if later else number
                    largest += bias[c]
                    best[i] = ZERO if largest <= ZERO else largest
                    if named:
                        winners[row, c, i] = np.int32(pool) if largest <= ZERO else number
                write_line(best, values, row, c, to)

    return forward


@lru_cache(maxsize=64)
def _backward(high: int, wide: int) -> Any:
    """Make the function for a window of the pool."""
    pool = high * wide

    @compiled(
        *(given(4), INT, given(3, BYTE), given(6), given(4), _geometry, given(1, INT)),
        *(array(3), array(4), array(1), array(4), INT),
        fastmath={"reassoc", "contract"},  # so that sums are made of vector instructions, too
    )
    def backward(g, start, winners, shifted, w, geometry, lows, layer, dw, db, dx, to):
        # g (PH, Cout, PW, N) -> layer (OH, Cout, pw * PW * images), 0 but for winners -> dw (kh, kw * C, Cout) and, by
        # the turned w (kw, C, kh, Cout), dx (H, C, W, N)
        top, row_stride, row_dilation, column_stride, column_dilation, together = geometry
        kernel, outputs, images = dw.shape[0], dw.shape[3], shifted.shape[5]
        lines, length = shifted.shape[1] * shifted.shape[2], shifted.shape[4] * images
        columns = wide * length
        line = np.empty(length, np.float32)
        for row in range(winners.shape[0]):
            for c in range(outputs):
                read_line(g, row, c, start, line)
                total = ZERO
                for i in range(length):
                    total += line[i] if winners[row, c, i] < pool else ZERO
                db[c] += total
                for tap in range(pool):
                    first = tap % wide * length
                    target = layer[row * high + tap // wide, c, first : first + length]
                    for i in range(length):
                        target[i] = line[i] if winners[row, c, i] == tap else ZERO
            for r in range(row * high, (row + 1) * high):
                for tap in range(0, kernel, together):
                    read = r * row_stride + tap * row_dilation
                    a = shifted.ctypes.data + 4 * read * lines * columns
                    b = layer.ctypes.data + 4 * r * outputs * columns
                    c = dw.ctypes.data + 4 * tap * lines * outputs
                    multiply(AS_IT_IS, TRANSPOSED, together * lines, outputs, columns, a, columns, b, columns, True, c)
        if dx.size:
            _input_gradient(layer, w, geometry, lows, shifted.shape[4], dx, to)

    return backward


def _numbers(plan: PoolPlan) -> tuple[int, ...]:
    """Return top padding, stride and dilation of rows, stride and dilation of columns, and taps in one product."""
    rows, columns = plan.rows, plan.columns[0]
    together = rows.kernel if rows.dilation == 1 else 1
    return rows.padding[0], rows.stride, rows.dilation, columns.stride, columns.dilation, together


def prepare(plan: PoolPlan) -> None:
    """Compile what is needed, if it is not yet: before several threads would do so at once."""
    _forward(*plan.pool)
    _backward(*plan.pool)


def forward(
    x: Array, images: slice, w: Array, b: Array, plan: PoolPlan, values: Array, tracked: bool
) -> ImageShard | None:
    """Set `values` (PH, Cout, PW, N) of some images of `x` (N, H, W, Cin); return what the backward pass needs."""
    source, start = contiguous(x, images)
    shifted = allocate(_shifted_shape(plan, source.shape[1], images), x.dtype)
    size = (*values.shape[:2], plan.size[1] * (images.stop - images.start))
    winners = allocate(size if tracked else (0, 0, 0), np.uint8)
    b = np.ascontiguousarray(b)
    _forward(*plan.pool)(
        source, start, w, b, _numbers(plan), plan.lows, shifted, values, images.start, winners, tracked
    )
    return (
        ImageShard(images, shifted.reshape(plan.height, shifted.shape[1] * shifted.shape[2], -1), winners)
        if tracked
        else None
    )


def backward(g: Array, shard: ImageShard, w: Array, plan: PoolPlan, dw: Array, db: Array, dx: Array | None) -> None:
    """Set the gradients that some images contribute, from `g` (N, PH, PW, Cout); see `image_shard.backward`."""
    source, start = contiguous(g, shard.images)
    shifted = shard.inputs.reshape(_shifted_shape(plan, w.shape[2], shard.images))
    layer = allocate((plan.rows.windows, w.shape[3], shard.inputs.shape[2]), g.dtype)
    out = allocate((0, 0, 0, 0), g.dtype) if dx is None else dx
    turned = np.ascontiguousarray(w[::-1].transpose(1, 2, 0, 3))
    _backward(*plan.pool)(
        *(source, start, shard.winners, shifted, turned, _numbers(plan), plan.lows),
        *(layer, dw, db, out, shard.images.start),
    )


def _shifted_shape(plan: PoolPlan, channels: int, images: slice) -> tuple[int, ...]:
    count = images.stop - images.start
    return plan.height, plan.columns[0].kernel, channels, len(plan.columns), plan.size[1], count


def contiguous(x: Array, images: slice) -> tuple[Array, int]:
    """Return a contiguous (H, C, W, N) array, and where in it the images begin."""
    view = x.transpose(1, 3, 2, 0)
    return (view, images.start) if view.flags.c_contiguous else (images_of(x, images), 0)
