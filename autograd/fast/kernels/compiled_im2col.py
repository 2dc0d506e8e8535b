"""What `im2col.prepared` does, as one function that Numba compiles; for float32."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numba import types

from . import blas
from .compiled import AS_IT_IS, INT, TRANSPOSED, ZERO, array, compiled, copy, given, multiply, wins
from .geometry import Array, Axis, Pair
from .im2col import Forward, padded

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

    @compiled(given(4), given(4), given(1), _steps, array(1), array(4))
    def forward(x, w, bias, steps, windows, out):
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
                    for k in range(outputs):
                        largest = products[image, i, 0, j, 0, k]
                        for tap in range(1, pool):
                            element = products[image, i, tap // wide, j, tap % wide, k]
                            largest = element if wins(element, largest) else largest
                        largest += bias[k]
                        out[image, i, j, k] = ZERO if largest <= ZERO else largest

    return forward


def prepared(rows: Axis, columns: Axis, size: Pair, pool: Pair) -> Forward:
    """Return what computes relu of the largest element of each pool window of a convolution, plus the bias."""
    forward, steps = _forward(*pool), (rows.stride, columns.stride, rows.dilation, columns.dilation)
    read = size[0] * pool[0] * size[1] * pool[1]

    def conv2d_relu_pool(x: Array, w: Array, bias: Array) -> Array:
        out = np.empty((len(x), *size, w.shape[3]), np.float32)
        # Here, since compiled code would free it as soon as nothing but its address is used.
        windows = np.empty(len(x) * read * (w.size // w.shape[3]), np.float32)
        w, bias = np.ascontiguousarray(w), np.ascontiguousarray(bias)
        blas.single_threaded(forward, padded(x, rows, columns), w, bias, steps, windows, out)
        return out

    return conv2d_relu_pool
