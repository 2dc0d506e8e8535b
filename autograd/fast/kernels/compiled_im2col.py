"""Convolution, relu and pool of a few images, and their gradients, as one function each way; compiled, for float32."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numba import types

from . import blas
from .compiled import AS_IT_IS, BYTE, INT, TRANSPOSED, ZERO, array, compiled, copy, given, multiply, wins
from .geometry import Array, Axis, Pair
from .im2col import FewImages, Forward, padded

SHORT_PIECE = 16
"""Inputs in a piece of a window below which whole lines of windows are copied instead, input by input."""

_steps = types.UniTuple(INT, 4)


@compiled(given(4), INT, INT, INT, INT, _steps, array(1))
def _copy_windows(x, high, wide, kernel_rows, kernel_columns, steps, windows):
    """Copy windows of images (N, H, W, C) one after the other: (N, high, wide, kh, kw, C)."""
    images, height, width, channels = x.shape
    down, right, row_dilation, column_dilation = steps
    source = x.reshape(x.size)
    pieces = 1 if column_dilation == 1 else kernel_columns
    length = kernel_columns // pieces * channels
    to = 0
    for image in range(images):
        for i in range(high):
            for j in range(wide):
                for row in range(kernel_rows):
                    line = (image * height + i * down + row * row_dilation) * width + j * right
                    for piece in range(pieces):
                        first = (line + piece * column_dilation) * channels
                        copy(source[first : first + length], windows[to : to + length])
                        to += length


@compiled(given(4), INT, INT, INT, INT, _steps, array(1))
def _copy_inputs(x, high, wide, kernel_rows, kernel_columns, steps, windows):
    """Copy each input of all windows one after the other: (kh, kw, C, N, high, wide)."""
    images, height, width, channels = x.shape
    down, right, row_dilation, column_dilation = steps
    source, step = x.reshape(x.size), right * channels
    to = 0
    for tap in range(kernel_rows * kernel_columns):
        row, column = tap // kernel_columns * row_dilation, tap % kernel_columns * column_dilation
        for channel in range(channels):
            for line in range(images * high):
                image, i = line // high, line % high
                first = ((image * height + i * down + row) * width + column) * channels + channel
                copy(source[first : first + (wide - 1) * step + 1 : step], windows[to : to + wide])
                to += wide


@lru_cache(maxsize=64)
def _forward(high: int, wide: int) -> Any:
    """Make the function for a window of the pool: its elements are compared side by side, in registers."""
    pool = high * wide

    @compiled(given(4), given(4), given(1), _steps, array(1), array(4), array(4, BYTE))
    def forward(x, w, bias, steps, windows, out, winners):
        images, rows, columns, outputs = out.shape
        count, taps = images * rows * high * columns * wide, w.size // outputs
        products = np.empty((images, rows, high, columns, wide, outputs), np.float32)
        a, b, c = windows.ctypes.data, w.ctypes.data, products.ctypes.data
        if w.shape[1] * w.shape[2] < SHORT_PIECE:
            _copy_inputs(x, rows * high, columns * wide, w.shape[0], w.shape[1], steps, windows)
            multiply(TRANSPOSED, AS_IT_IS, count, outputs, taps, a, count, b, outputs, False, c)
        else:
            _copy_windows(x, rows * high, columns * wide, w.shape[0], w.shape[1], steps, windows)
            multiply(AS_IT_IS, AS_IT_IS, count, outputs, taps, a, taps, b, outputs, False, c)
        for image in range(images):
            for i in range(rows):
                for j in range(columns):
                    best, winner = out[image, i, j], winners[image, i, j]
                    for k in range(outputs):
                        largest, number = products[image, i, 0, j, 0, k], np.int32(0)
                        for tap in range(1, pool):
                            element = products[image, i, tap // wide, j, tap % wide, k]
                            later = wins(element, largest)
                            largest = element if later else largest
                            number = np.int32(tap) if later else number
                        largest += bias[k]
                        best[k] = ZERO if largest <= ZERO else largest
                        winner[k] = np.int32(pool) if largest <= ZERO else number

    return forward


@compiled(array(6), _steps, INT, array(4))
def _add_windows(products, steps, pieces, dx):
    """Add products (N, high, wide, kh, kw, C), each to its place in images (N, H, W, C)."""
    images, high, wide, kernel_rows, kernel_columns, channels = products.shape
    down, right, row_dilation, column_dilation = steps
    target, source, width = dx.reshape(dx.size), products.reshape(products.size), dx.shape[2]
    length = kernel_columns // pieces * channels
    at = 0
    for image in range(images):
        for i in range(high):
            for j in range(wide):
                for row in range(kernel_rows):
                    line = (image * dx.shape[1] + i * down + row * row_dilation) * width + j * right
                    for piece in range(pieces):
                        first = (line + piece * column_dilation) * channels
                        place, here = target[first : first + length], source[at : at + length]
                        for k in range(length):
                            place[k] += here[k]
                        at += length


@lru_cache(maxsize=64)
def _backward(high: int, wide: int) -> Any:
    """Make the function for a window of the pool."""
    pool = high * wide

    @compiled(
        *(given(4), given(4, BYTE), given(1), given(4), _steps),
        *(array(2), array(6), array(4), array(1), array(4)),
    )
    def backward(g, winners, windows, w, steps, layer, products, dw, db, dx):
        images, rows, columns, outputs = g.shape
        taps, count = w.size // outputs, layer.shape[0]
        sent = layer.reshape((images, rows, high, columns, wide, outputs))
        for image in range(images):
            for i in range(rows):
                for j in range(columns):
                    line, winner = g[image, i, j], winners[image, i, j]
                    for k in range(outputs):
                        db[k] += line[k] if winner[k] < pool else ZERO
                    for tap in range(pool):
                        target = sent[image, i, tap // wide, j, tap % wide]
                        for k in range(outputs):
                            target[k] = line[k] if winner[k] == tap else ZERO
        a, b, c = windows.ctypes.data, layer.ctypes.data, dw.ctypes.data
        if w.shape[1] * w.shape[2] < SHORT_PIECE:
            multiply(AS_IT_IS, AS_IT_IS, taps, outputs, count, a, count, b, outputs, False, c)
        else:
            multiply(TRANSPOSED, AS_IT_IS, taps, outputs, count, a, taps, b, outputs, False, c)
        if dx.size:
            a, b, c = layer.ctypes.data, w.ctypes.data, products.ctypes.data
            multiply(AS_IT_IS, TRANSPOSED, count, taps, outputs, a, outputs, b, outputs, False, c)
            _add_windows(products, steps, 1 if steps[3] == 1 else w.shape[1], dx)

    return backward


def forward(x: Array, w: Array, b: Array, rows: Axis, columns: Axis, size: Pair, pool: Pair) -> tuple[Array, FewImages]:
    """Return relu of the largest element of each pool window of a convolution, plus the bias, and what is left."""
    out, steps = np.empty((len(x), *size, w.shape[3]), np.float32), _steps_of(rows, columns)
    # Here, since compiled code would free it as soon as nothing but its address is used.
    windows = np.empty(len(x) * size[0] * pool[0] * size[1] * pool[1] * (w.size // w.shape[3]), np.float32)
    winners, w, b = np.empty(out.shape, np.uint8), np.ascontiguousarray(w), np.ascontiguousarray(b)
    blas.single_threaded(_forward(*pool), padded(x, rows, columns), w, b, steps, windows, out, winners)
    return out, FewImages(windows, winners)


def backward(
    g: Array, state: FewImages, w: Array, rows: Axis, columns: Axis, pool: Pair, to_input: bool
) -> tuple[Array | None, Array, Array]:
    """Return the gradients with respect to `x`, if wanted, `w` and `b`, from `g` (N, PH, PW, Cout)."""
    (images, high, wide, outputs), steps = g.shape, _steps_of(rows, columns)
    layer = np.empty((images * high * pool[0] * wide * pool[1], outputs), np.float32)
    dw, db = np.empty(w.shape, np.float32), np.zeros(outputs, np.float32)
    sizes = [axis.size + sum(axis.padding) for axis in (rows, columns)]
    dx = np.zeros((images, *sizes, w.shape[2]) if to_input else (0, 0, 0, 0), np.float32)
    products = np.empty((images, high * pool[0], wide * pool[1], *w.shape[:3]), np.float32)
    given = np.ascontiguousarray(g), *state[::-1], np.ascontiguousarray(w), steps
    blas.single_threaded(_backward(*pool), *given, layer, products, dw, db, dx)
    top, left = rows.padding[0], columns.padding[0]
    return dx[:, top : top + rows.size, left : left + columns.size] if to_input else None, dw, db


def _steps_of(rows: Axis, columns: Axis) -> tuple[int, int, int, int]:
    return rows.stride, columns.stride, rows.dilation, columns.dilation


def prepared(rows: Axis, columns: Axis, size: Pair, pool: Pair) -> Forward:
    """Return what computes relu of the largest element of each pool window of a convolution, plus the bias."""
    return lambda x, w, bias: forward(x, w, bias, rows, columns, size, pool)[0]
