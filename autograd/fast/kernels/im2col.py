"""Convolution of a few images, and its gradients: all windows are copied side by side and multiplied at once (im2col).

With the batch innermost, as elsewhere, the lines of a few images are so short that to call for them costs more than
to compute them. Here channels are innermost, in memory as in the shape, and a layer takes a handful of calls.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from . import blas
from .geometry import Array, Axis, Pair

Forward = Callable[[Array, Array, Array], Array]

LONGEST_LINE = 128
"""Columns times images up to which this is the quickest."""
LARGEST_COPY = 1 << 19
"""Elements that the copy of all windows has at most; the images themselves are not counted."""


class FewImages(NamedTuple):
    """What a few images leave for the backward pass: the copies of all windows, and each pool window's winner."""

    windows: Array
    numbers: Array

    def winners(self) -> Array:
        """Return the number of each window's winner: (N, PH, PW, Cout)."""
        return self.numbers


def suits(batch: int, size: Pair, taps: int) -> bool:
    """Tell whether this is the quickest for a result of so many images of a size, from so many inputs each."""
    return batch * size[1] <= LONGEST_LINE and batch * size[0] * size[1] * taps <= LARGEST_COPY


def conv2d(x: Array, w: Array, rows: Axis, columns: Axis, size: Pair) -> Array:
    """Return the convolution's first rows and columns, as many as `size` says: (N, OH, OW, Cout), contiguous."""
    windows = _side_by_side(x, rows, columns, size)
    return _product(windows, w.reshape(-1, w.shape[3])).reshape(len(x), *size, -1)


def weight_gradient(x: Array, g: Array, rows: Axis, columns: Axis) -> Array:
    """Return the gradient of ``sum(conv2d(x, w) * g)`` with respect to `w`: (kh, kw, Cin, Cout)."""
    windows = _side_by_side(x, rows, columns, g.shape[1:3])
    return _product(windows.T, g.reshape(len(windows), -1)).reshape(rows.kernel, columns.kernel, x.shape[3], -1)


def input_gradient(g: Array, w: Array, rows: Axis, columns: Axis) -> Array:
    """Return the gradient of ``sum(conv2d(x, w) * g)`` with respect to `x`: (N, H, W, Cin)."""
    batch, high, wide, outputs = g.shape
    products = _product(g.reshape(-1, outputs), w.reshape(-1, outputs).T)
    products = products.reshape(batch, high, wide, rows.kernel, columns.kernel, -1)
    lengths = [axis.size + sum(axis.padding) for axis in (rows, columns)]
    out = np.zeros((batch, *lengths, w.shape[2]), g.dtype)
    for i in range(rows.kernel):
        for j in range(columns.kernel):
            top, left = i * rows.dilation, j * columns.dilation
            seen = out[:, top :: rows.stride, left :: columns.stride][:, :high, :wide]
            seen += products[:, :, :, i, j]
    top, left = rows.padding[0], columns.padding[0]
    return out[:, top : top + rows.size, left : left + columns.size]


def prepared(rows: Axis, columns: Axis, size: Pair, pool: Pair) -> Forward:
    """Return what computes relu of the largest element of each pool window of a convolution, plus the bias.

    It takes images (N, H, W, Cin), the kernel (kh, kw, Cin, Cout) and the bias, and returns (N, PH, PW, Cout), where
    `size` is (PH, PW). The elements of a pool's window are rows of products that lie far apart, in the same order as
    the windows: so whole blocks are compared.
    """

    def conv2d_relu_pool(x: Array, w: Array, bias: Array) -> Array:
        products = _product(_side_by_side(x, rows, columns, size, pool), w.reshape(-1, w.shape[3]))
        best = np.maximum.reduce(products.reshape(pool[0] * pool[1], -1), axis=0)
        best = best.reshape(len(x), *size, -1) + bias
        return np.maximum(best, 0, out=best)

    return conv2d_relu_pool


def _product(a: Array, b: Array) -> Array:
    product: Array = blas.single_threaded(np.matmul, a, b)
    return product


def _side_by_side(x: Array, rows: Axis, columns: Axis, size: Pair, pool: Pair = (1, 1)) -> Array:
    """Copy windows of images (N, H, W, C): (ph * pw * N * PH * PW, kh * kw * C), the one or the other innermost.

    There is a row for each element of each of the windows, `size` of them, of a pool.
    """
    windows = _windows(x, rows, columns, size, pool)
    taps = rows.kernel * columns.kernel * x.shape[3]
    if columns.kernel * x.shape[3] >= size[1]:
        return windows.reshape(-1, taps)
    return windows.transpose(5, 6, 7, 0, 1, 2, 3, 4).reshape(taps, -1).T  # the lines that are copied are longer so


def _windows(x: Array, rows: Axis, columns: Axis, size: Pair, pool: Pair) -> Array:
    """View images (N, H, W, C) as overlapping windows (ph, pw, N, PH, PW, kh, kw, C)."""
    images = padded(x, rows, columns)
    image, line, pixel, channel = images.strides
    down, right = rows.stride * line, columns.stride * pixel
    return np.ndarray(
        (*pool, len(x), *size, rows.kernel, columns.kernel, x.shape[3]),
        x.dtype,
        images,
        0,
        (down, right, image, pool[0] * down, pool[1] * right, rows.dilation * line, columns.dilation * pixel, channel),
    )


def padded(x: Array, rows: Axis, columns: Axis) -> Array:
    """Return the images, contiguous, with zeros around them."""
    if rows.padding == columns.padding == (0, 0):
        return np.ascontiguousarray(x)
    (top, bottom), (left, right) = rows.padding, columns.padding
    batch, height, width, channels = x.shape
    out = np.zeros((batch, top + height + bottom, left + width + right, channels), x.dtype)
    out[:, top : top + height, left : left + width] = x
    return out
