"""What `shard` does, as one function each way that Numba compiles; for float32.

Products are BLAS's, called from the compiled code: from beginning to end, a thread needs neither Python nor its lock,
and each row goes through all the steps while it is in the cache. Lines are cut out before the loops over them: an
index that may be negative, for all that Numba knows, keeps a loop from being made of vector instructions. Compiled
code is kept on disk, so that it is compiled once on a machine.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import llvmlite.binding
import numba
import numpy as np
from numba import types

from . import blas
from .geometry import Array
from .plan import Plan
from .shard import Shard, images_of
from .workspace import take

_float, _int, _byte = types.float32, types.int64, types.uint8
_zero = np.float32(0.0)


def _array(ndim: int, dtype: Any = _float) -> Any:
    return types.Array(dtype, ndim, "C")


def _given(ndim: int, dtype: Any = _float) -> Any:
    return types.Array(dtype, ndim, "C", readonly=True)


def _compiled(*arguments: Any, **options: Any) -> Any:
    """Compile for these arguments; other threads may run during a call."""
    return numba.njit(types.void(*arguments), nogil=True, cache=True, error_model="numpy", **options)


# BLAS's product of matrices. Compiled code knows it by a name, so that it can be kept on disk.
assert blas.sgemm is not None  # numba_use.py has looked
_address, _bits = blas.sgemm
llvmlite.binding.add_symbol("seegrad_sgemm", _address)
_length = types.int64 if _bits == 64 else types.int32
_sgemm = types.ExternalFunction(
    "seegrad_sgemm",
    types.void(
        *(types.int32, types.int32, types.int32, _length, _length, _length, _float),
        *(types.intp, _length, types.intp, _length, _float, types.intp, _length),
    ),
)
_ROW_MAJOR, _AS_IT_IS, _TRANSPOSED = 101, 111, 112  # CBLAS's numbers


@_compiled(*(types.int32, types.int32, _int, _int, _int, types.intp, _int, types.intp, _int, types.boolean, types.intp))
def _multiply(turn_a, turn_b, m, n, k, a, step_a, b, step_b, add, c):
    """Set c (m, n), or add to it, the product of a (m, k) and b (k, n), given by addresses and lengths of rows."""
    rows, columns, inner = _length(m), _length(n), _length(k)
    one, kept = np.float32(1.0), np.float32(1.0 if add else 0.0)
    lead_a, lead_b = _length(step_a), _length(step_b)
    _sgemm(_ROW_MAJOR, turn_a, turn_b, rows, columns, inner, one, a, lead_a, b, lead_b, kept, c, columns)


@_compiled(_given(4), _int, _int, _given(1, _int), _int, _int, _array(6))
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
                            line = x[row + r, c, column, start : start + images]
                            for i in range(images):
                                target[i] = line[i]
                        else:
                            for i in range(images):
                                target[i] = _zero


@_compiled(_given(5), _given(1, _int), _int, _int, _array(4), _int, _int)
def _collect(products, lows, stride, dilation, out, row, start):
    """Set a row of (H, C, W, N) to the sum of (kw, C, runs, columns, images), each moved to its place."""
    taps, channels, runs, columns, images = products.shape
    line = np.empty((out.shape[2], images), np.float32)
    for c in range(channels):
        line[:] = _zero
        for tap in range(taps):
            for run in range(runs):
                for k in range(columns):
                    column = k * stride + tap * dilation - lows[run]
                    if 0 <= column < out.shape[2]:
                        sums, piece = line[column], products[tap, c, run, k]
                        for i in range(images):
                            sums[i] += piece[i]
        for column in range(out.shape[2]):
            target, sums = out[row, c, column, start : start + images], line[column]
            for i in range(images):
                target[i] = sums[i]


_geometry = types.UniTuple(_int, 6)


@_compiled(_given(3), _given(4), _geometry, _given(1, _int), _int, _array(4), _int)
def _input_gradient(layer, w, geometry, lows, width, dx, start):
    """Set some images of `dx` (H, C, W, N) from the gradient of the convolution (OH, Cout, columns).

    `w` is (kw, C, kh, Cout) with the last row of the kernel first: rows that meet adjacent rows of the gradient are
    one matrix.
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
                _multiply(_AS_IT_IS, _AS_IT_IS, m, columns, k, a, kernel * outputs, b, columns, started, c)
                started = True
            tap -= max(count, 1)
        if not started:
            products[:] = _zero
        _collect(products, lows, column_stride, column_dilation, dx, row, start)


@lru_cache(maxsize=64)
def _forward(high: int, wide: int) -> Any:
    """Make the function for a window of the pool: its elements are compared side by side, in registers."""
    pool = high * wide

    @_compiled(
        *(_given(4), _int, _given(4), _given(1), _geometry, _given(1, _int)),
        *(_array(6), _array(4), _int, _array(3, _byte), types.boolean),
    )
    def forward(x, start, w, bias, geometry, lows, shifted, values, to, winners, named):
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
                    _multiply(
                        _TRANSPOSED, _AS_IT_IS, outputs, columns, together * lines, a, outputs, b, columns, tap > 0, c
                    )
            for c in range(outputs):
                for i in range(length):
                    largest, number = layer[0, c, 0, i], np.int32(0)
                    for tap in range(1, pool):
                        element = layer[tap // wide, c, tap % wide, i]
                        wins = (element > largest) | (element != element)
                        largest = element if wins else largest
                        number = np.int32(tap) if wins else number
                    largest += bias[c]
                    best[i] = _zero if largest <= _zero else largest
                    if named:
                        winners[row, c, i] = number if largest > _zero else np.int32(pool)
                for k in range(values.shape[2]):
                    target, part = values[row, c, k, to : to + images], best[k * images : (k + 1) * images]
                    for i in range(images):
                        target[i] = part[i]

    return forward


@lru_cache(maxsize=64)
def _backward(high: int, wide: int) -> Any:
    """Make the function for a window of the pool."""
    pool = high * wide

    @_compiled(
        *(_given(4), _int, _given(3, _byte), _given(6), _given(4), _geometry, _given(1, _int)),
        *(_array(3), _array(4), _array(1), _array(4), _int),
        fastmath={"reassoc", "contract"},  # so that sums are made of vector instructions, too
    )
    def backward(g, start, winners, shifted, w, geometry, lows, layer, dw, db, dx, to):
        top, row_stride, row_dilation, column_stride, column_dilation, together = geometry
        kernel, outputs, images = dw.shape[0], dw.shape[3], shifted.shape[5]
        lines, length = shifted.shape[1] * shifted.shape[2], shifted.shape[4] * images
        columns = wide * length
        line = np.empty(length, np.float32)
        for row in range(winners.shape[0]):
            for c in range(outputs):
                for k in range(g.shape[2]):
                    part, given = line[k * images : (k + 1) * images], g[row, c, k, start : start + images]
                    for i in range(images):
                        part[i] = given[i]
                total = _zero
                for i in range(length):
                    total += line[i] if winners[row, c, i] < pool else _zero
                db[c] += total
                for tap in range(pool):
                    first = tap % wide * length
                    target = layer[row * high + tap // wide, c, first : first + length]
                    for i in range(length):
                        target[i] = line[i] if winners[row, c, i] == tap else _zero
            for r in range(row * high, (row + 1) * high):
                for tap in range(0, kernel, together):
                    read = r * row_stride + tap * row_dilation
                    a = shifted.ctypes.data + 4 * read * lines * columns
                    b = layer.ctypes.data + 4 * r * outputs * columns
                    c = dw.ctypes.data + 4 * tap * lines * outputs
                    _multiply(
                        _AS_IT_IS, _TRANSPOSED, together * lines, outputs, columns, a, columns, b, columns, True, c
                    )
        if dx.size:
            _input_gradient(layer, w, geometry, lows, shifted.shape[4], dx, to)

    return backward


def _numbers(plan: Plan) -> tuple[int, ...]:
    """Return top padding, stride and dilation of rows, stride and dilation of columns, and taps in one product."""
    rows, columns = plan.rows, plan.columns[0]
    together = rows.kernel if rows.dilation == 1 else 1
    return rows.padding[0], rows.stride, rows.dilation, columns.stride, columns.dilation, together


def prepare(plan: Plan) -> None:
    """Compile what is needed, if it is not yet: before several threads would do so at once."""
    _forward(*plan.pool)
    _backward(*plan.pool)


def forward(x: Array, images: slice, w: Array, b: Array, plan: Plan, values: Array, trail: bool) -> Shard | None:
    """Set `values` (PH, Cout, PW, N) of some images of `x` (N, H, W, Cin); return what is needed on the way back."""
    source, start = _memory(x, images)
    shifted = take(_shifted_shape(plan, source.shape[1], images), x.dtype)
    size = (*values.shape[:2], plan.size[1] * (images.stop - images.start))
    winners = take(size if trail else (0, 0, 0), np.uint8)
    b = np.ascontiguousarray(b)
    _forward(*plan.pool)(source, start, w, b, _numbers(plan), plan.lows, shifted, values, images.start, winners, trail)
    return (
        Shard(images, shifted.reshape(plan.height, shifted.shape[1] * shifted.shape[2], -1), winners) if trail else None
    )


def backward(g: Array, shard: Shard, w: Array, plan: Plan, dw: Array, db: Array, dx: Array | None) -> None:
    """Set the gradients that some images contribute, from `g` (N, PH, PW, Cout); see `shard.backward`."""
    source, start = _memory(g, shard.images)
    shifted = shard.shifted.reshape(_shifted_shape(plan, w.shape[2], shard.images))
    layer = take((plan.rows.windows, w.shape[3], shard.shifted.shape[2]), g.dtype)
    out = take((0, 0, 0, 0), g.dtype) if dx is None else dx
    turned = np.ascontiguousarray(w[::-1].transpose(1, 2, 0, 3))
    _backward(*plan.pool)(
        *(source, start, shard.winners, shifted, turned, _numbers(plan), plan.lows),
        *(layer, dw, db, out, shard.images.start),
    )


def _shifted_shape(plan: Plan, channels: int, images: slice) -> tuple[int, ...]:
    count = images.stop - images.start
    return plan.height, plan.columns[0].kernel, channels, len(plan.columns), plan.size[1], count


def _memory(x: Array, images: slice) -> tuple[Array, int]:
    """Return a contiguous (H, C, W, N) array, and where in it the images begin."""
    view = x.transpose(1, 3, 2, 0)
    return (view, images.start) if view.flags.c_contiguous else (images_of(x, images), 0)
