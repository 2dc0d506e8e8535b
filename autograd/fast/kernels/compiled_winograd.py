"""A 3 x 3 convolution that a 2 x 2 pool follows, with fewer multiplications; compiled by Numba, for float32.

Winograd's minimal filtering F(2 x 2, 3 x 3): a tile of 2 x 2 results, here the window of the pool, takes 16
multiplications instead of 36, between the transforms of 4 x 4 inputs and of 3 x 3 weights. With many channels they
are 16 products of matrices. A. Lavin and S. Gray, "Fast algorithms for convolutional neural networks" (2016), give the
transforms; here the signs of the last row of ``B^T``, and so of the last column of ``A^T``, are turned::

    B^T = [1  0 -1  0]    G = [1    0    0  ]    A^T = [1  1  1  0]
          [0  1  1  0]        [1/2  1/2  1/2]          [0  1 -1  1]
          [0 -1  1  0]        [1/2 -1/2  1/2]
          [0 -1  0  1]        [0    0    1  ]

    tile of results = A^T (G w G^T * B^T inputs B) A

The backward pass goes through the same transforms, each transposed. A row of tiles goes through all the steps while it
is in the cache. Results differ by rounding from those of `image_shard`; inputs that are infinite, or near the largest
float, may become NaN, since inputs are added up before they are multiplied. Loops over lines have one result each: with
more, a compiler cannot tell that it is safe to make vector instructions of them.
"""

from __future__ import annotations

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
    inlined,
    multiply,
    read_line,
    wins,
    write_line,
)
from .compiled_image_shard import contiguous
from .geometry import Array
from .image_shard import ImageShard
from .pool_plan import PoolPlan
from .workspace import allocate

_half = np.float32(0.5)


# ------------------------------------------------------------------------------------------------- lines


@inlined
def _add(a, b, out):
    for i in range(out.size):
        out[i] = a[i] + b[i]


@inlined
def _subtract(a, b, out):
    for i in range(out.size):
        out[i] = a[i] - b[i]


@inlined
def _add_three(a, b, c, out):
    for i in range(out.size):
        out[i] = a[i] + b[i] + c[i]


@inlined
def _alternate(a, b, c, out):
    for i in range(out.size):
        out[i] = a[i] - b[i] + c[i]


@inlined
def _halve_sum(a, b, c, out):
    for i in range(out.size):
        out[i] = _half * (a[i] + b[i] + c[i])


@inlined
def _halve_alternate(a, b, c, out):
    for i in range(out.size):
        out[i] = _half * (a[i] - b[i] + c[i])


@inlined
def _add_half_sum(a, b, c, out):
    for i in range(out.size):
        out[i] = a[i] + _half * (b[i] + c[i])


@inlined
def _halve_difference(a, b, out):
    for i in range(out.size):
        out[i] = _half * (a[i] - b[i])


@inlined
def _times_g(a, b, c, out):
    """Set four lines to ``G`` times three."""
    copy(a, out[0])
    _halve_sum(a, b, c, out[1])
    _halve_alternate(a, b, c, out[2])
    copy(c, out[3])


@inlined
def _times_g_transposed(a, b, c, d, first, second, third):
    """Set three lines to ``G^T`` times four."""
    _add_half_sum(a, b, c, first)
    _halve_difference(b, c, second)
    _add_half_sum(d, b, c, third)


@inlined
def _times_b_transposed(a, b, c, d, first, second, third, fourth):
    """Set four lines to ``B^T`` times four."""
    _subtract(a, c, first)
    _add(b, c, second)
    _subtract(c, b, third)
    _subtract(d, b, fourth)


# --------------------------------------------------------------------------------------------- transforms


@compiled(given(4), array(3))
def _transform_weights(w, out):
    """Set `out` (16, Cin, Cout) to ``G w G^T`` for each pair of channels."""
    w, out = w.reshape(3, 3, -1), out.reshape(4, 4, -1)
    columns = np.empty((3, 4, w.shape[2]), np.float32)
    for k in range(3):
        _times_g(w[0, k], w[1, k], w[2, k], columns[k])
    for r in range(4):
        _times_g(columns[0, r], columns[1, r], columns[2, r], out[r])


@compiled(array(3), array(4))
def _weight_gradient(products, dw):
    """Set `dw` (3, 3, Cin, Cout) to ``G^T products G`` for each pair of channels of (16, Cin, Cout)."""
    p, dw = products.reshape(4, 4, -1), dw.reshape(3, 3, -1)
    rows = np.empty((3, 4, p.shape[2]), np.float32)
    for k in range(4):
        _times_g_transposed(p[0, k], p[1, k], p[2, k], p[3, k], rows[0, k], rows[1, k], rows[2, k])
    for r in range(3):
        _times_g_transposed(rows[r, 0], rows[r, 1], rows[r, 2], rows[r, 3], dw[r, 0], dw[r, 1], dw[r, 2])


@compiled(given(4), INT, INT, INT, array(5))
def _split(x, start, top, left, out):
    """Copy what lies under the tiles of some images of (H, C, W, N), with the padding: even and odd columns apart.

    `out` is (rows, C, 2, columns / 2, images). Lines of it are as long as a row of tiles. Tile k covers the columns
    2 k to 2 k + 3, which are ``even[k], odd[k], even[k + 1], odd[k + 1]``: so a row of tiles is four whole lines, the
    last two of them one column, so `images` elements, further on.
    """
    rows, channels, _, columns, images = out.shape
    for r in range(rows):
        row = r - top
        for c in range(channels):
            for k in range(2 * columns):
                column, target = k - left, out[r, c, k % 2, k // 2]
                if 0 <= row < x.shape[0] and 0 <= column < x.shape[2]:
                    copy(x[row, c, column, start : start + images], target)
                else:
                    target[:] = ZERO


@compiled(array(4), INT, INT, array(4))
def _transform_inputs(x, row, images, out):
    """Set `out` (4, 4, C, PW * images) to ``B^T tile B`` for the tiles that begin in a row of (rows, C, 2, columns)."""
    length = out.shape[3]
    lines = np.empty((4, 2, length + images), np.float32)
    for c in range(out.shape[2]):
        for parity in range(2):
            _times_b_transposed(
                *(x[row, c, parity], x[row + 1, c, parity], x[row + 2, c, parity], x[row + 3, c, parity]),
                *(lines[0, parity], lines[1, parity], lines[2, parity], lines[3, parity]),
            )
        for r in range(4):
            even, odd = lines[r, 0], lines[r, 1]
            _times_b_transposed(
                *(even[:length], odd[:length], even[images:], odd[images:]),
                *(out[r, 0, c], out[r, 1, c], out[r, 2, c], out[r, 3, c]),
            )


@compiled(array(4), INT, INT, INT, INT, array(4), INT)
def _input_gradient(tiles, images, row, top, left, dx, start):
    """Send ``B tile B^T`` for a row of tiles (4, 4, C, PW * images) to some images of `dx` (H, C, W, N).

    Each tile overlaps its neighbours by half: the upper half of the row is added to what the row before has set, the
    lower half is set.
    """
    length = tiles.shape[3]
    lines = np.empty((4, 2, length + images), np.float32)
    for c in range(tiles.shape[2]):
        for r in range(4):
            first, second, third, fourth = tiles[r, 0, c], tiles[r, 1, c], tiles[r, 2, c], tiles[r, 3, c]
            even, odd = lines[r, 0], lines[r, 1]
            even[length:] = odd[length:] = ZERO
            copy(first, even[:length])
            for i in range(length):
                odd[i] = second[i] - third[i] - fourth[i]
            later = even[images:]
            for i in range(length):
                later[i] += second[i] + third[i] - first[i]
            later = odd[images:]
            for i in range(length):
                later[i] += fourth[i]
        for k in range(max(0, left), min(2 * (length // images + 1), dx.shape[2] + left)):
            parity, at, end = k % 2, k // 2 * images, (k // 2 + 1) * images
            first, second = lines[0, parity, at:end], lines[1, parity, at:end]
            third, fourth = lines[2, parity, at:end], lines[3, parity, at:end]
            for r in range(max(0, top - row), min(4, dx.shape[0] + top - row)):
                target = dx[row + r - top, c, k - left, start : start + images]
                if r < 2 and row == 0:
                    target[:] = ZERO
                if r == 0:
                    _add(target, first, target)
                elif r == 1:
                    for i in range(images):
                        target[i] += second[i] - third[i] - fourth[i]
                elif r == 2:
                    for i in range(images):
                        target[i] = second[i] + third[i] - first[i]
                else:
                    copy(fourth, target)


@inlined
def _results(products, c, rows, out):
    """Set `out` (4, columns) to ``A^T products A`` of a channel of (4, 4, Cout, columns)."""
    for k in range(4):
        _add_three(products[0, k, c], products[1, k, c], products[2, k, c], rows[0, k])
        _alternate(products[1, k, c], products[2, k, c], products[3, k, c], rows[1, k])
    for r in range(2):
        _add_three(rows[r, 0], rows[r, 1], rows[r, 2], out[2 * r])
        _alternate(rows[r, 1], rows[r, 2], rows[r, 3], out[2 * r + 1])


@inlined
def _gradient_of_products(line, winners, c, out):
    """Set a channel of `out` (4, 4, Cout, columns) to ``A tile A^T``, where a tile is 0 but for its winner."""
    for tap in range(4):
        corner = out[tap // 2 * 3, tap % 2 * 3, c]
        for i in range(line.size):
            corner[i] = line[i] if winners[i] == tap else ZERO
    for r in range(0, 4, 3):
        _add(out[r, 0, c], out[r, 3, c], out[r, 1, c])
        _subtract(out[r, 0, c], out[r, 3, c], out[r, 2, c])
    for k in range(4):
        _add(out[0, k, c], out[3, k, c], out[1, k, c])
        _subtract(out[0, k, c], out[3, k, c], out[2, k, c])


# --------------------------------------------------------------------------------------- forward and backward


@compiled(
    *(array(4), array(3), given(1), array(4), array(3)),
    *(array(4), INT, array(3, BYTE), types.boolean),
)
def _forward(x, w, bias, inputs, products, values, start, winners, named):
    """Compute the values of some images, one row of tiles after the other.

    x (rows, C, 2, columns) -> inputs (PH, 16, C, PW * images) -> products (16, Cout, PW * images), overwritten by each
    row -> values (PH, Cout, PW, N) and winners (PH, Cout, PW * images).
    """
    (high, _, channels, length), outputs = inputs.shape, w.shape[2]
    images = length // values.shape[2]
    rows, tile = np.empty((2, 4, length), np.float32), np.empty((4, length), np.float32)
    best = np.empty(length, np.float32)
    for row in range(high):
        _transform_inputs(x, 2 * row, images, inputs[row].reshape(4, 4, channels, length))
        for p in range(16):
            a, b, c = w[p].ctypes.data, inputs[row, p].ctypes.data, products[p].ctypes.data
            multiply(TRANSPOSED, AS_IT_IS, outputs, length, channels, a, outputs, b, length, False, c)
        for c in range(outputs):
            _results(products.reshape(4, 4, outputs, length), c, rows, tile)
            for i in range(length):
                largest, number = tile[0, i], np.int32(0)
                for tap in range(1, 4):
                    later = wins(tile[tap, i], largest)
                    largest = tile[tap, i] if later else largest
                    number = np.int32(tap) if later else number
                largest += bias[c]
                best[i] = ZERO if largest <= ZERO else largest
                if named:
                    winners[row, c, i] = np.int32(4) if largest <= ZERO else number
            write_line(best, values, row, c, start)


@compiled(
    *(given(4), INT, given(3, BYTE), given(4), array(3), INT, INT),
    *(array(3), array(3), array(3), array(1), array(4), INT),
    fastmath={"reassoc", "contract"},  # so that the sum for the bias is made of vector instructions, too
)
def _backward(g, start, winners, inputs, w, top, left, products, tiles, sums, db, dx, to):
    """Compute the gradients of some images, one row of tiles after the other.

    g (PH, Cout, PW, N) -> gradients of the products (16, Cout, PW * images) -> sums (16, C, Cout) for the weights, and
    tiles (16, C, PW * images) for dx (H, C, W, N).
    """
    (high, _, channels, length), outputs = inputs.shape, w.shape[2]
    images = length // g.shape[2]
    line = np.empty(length, np.float32)
    for row in range(high):
        for c in range(outputs):
            read_line(g, row, c, start, line)
            total = ZERO
            for i in range(length):
                total += line[i] if winners[row, c, i] < 4 else ZERO
            db[c] += total
            _gradient_of_products(line, winners[row, c], c, products.reshape(4, 4, outputs, length))
        for p in range(16):
            a, b, c = inputs[row, p].ctypes.data, products[p].ctypes.data, sums[p].ctypes.data
            multiply(AS_IT_IS, TRANSPOSED, channels, outputs, length, a, length, b, length, row > 0, c)
            if dx.size:
                a, c = w[p].ctypes.data, tiles[p].ctypes.data
                multiply(AS_IT_IS, AS_IT_IS, channels, length, outputs, a, outputs, b, length, False, c)
        if dx.size:
            _input_gradient(tiles.reshape(4, 4, channels, length), images, 2 * row, top, left, dx, to)


def forward(
    x: Array, images: slice, w: Array, b: Array, plan: PoolPlan, values: Array, tracked: bool
) -> ImageShard | None:
    """Set `values` (PH, Cout, PW, N) of some images of `x` (N, H, W, Cin); return what the backward pass needs."""
    source, start = contiguous(x, images)
    (high, wide), (channels, outputs), count = plan.size, w.shape[2:], images.stop - images.start
    split = allocate((2 * high + 2, channels, 2, wide + 1, count), x.dtype)
    _split(source, start, *_padding(plan), split)
    inputs, products = (allocate((*n, wide * count), x.dtype) for n in ((high, 16, channels), (16, outputs)))
    winners = allocate((high, outputs, wide * count) if tracked else (0, 0, 0), np.uint8)
    lines, bias = split.reshape(*split.shape[:3], -1), np.ascontiguousarray(b)
    _forward(lines, _transformed(w), bias, inputs, products, values, images.start, winners, tracked)
    return ImageShard(images, inputs, winners, tiles=True) if tracked else None


def backward(g: Array, shard: ImageShard, w: Array, plan: PoolPlan, dw: Array, db: Array, dx: Array | None) -> None:
    """Set the gradients that some images contribute, from `g` (N, PH, PW, Cout); see `image_shard.backward`."""
    source, start = contiguous(g, shard.images)
    (channels, outputs), length, (top, left) = w.shape[2:], shard.inputs.shape[3], _padding(plan)
    products, sums = allocate((16, outputs, length), g.dtype), allocate((16, channels, outputs), g.dtype)
    tiles = allocate((16, channels, 0 if dx is None else length), g.dtype)
    out = allocate((0, 0, 0, 0), g.dtype) if dx is None else dx
    out[max(0, 2 * plan.size[0] + 2 - top) :, ..., shard.images] = 0  # no tile reaches these
    out[:, :, max(0, 2 * plan.size[1] + 2 - left) :, shard.images] = 0
    _backward(
        *(source, start, shard.winners, shard.inputs, _transformed(w), top, left),
        *(products, tiles, sums, db, out, shard.images.start),
    )
    _weight_gradient(sums, dw)


def _transformed(w: Array) -> Array:
    out = allocate((16, *w.shape[2:]), w.dtype)
    _transform_weights(np.ascontiguousarray(w), out)
    return out


def _padding(plan: PoolPlan) -> tuple[int, int]:
    return plan.rows.padding[0], plan.columns[0].padding[0]
