"""Rectification, addition and channel sums of large arrays, on the team of threads and without page faults."""

from __future__ import annotations

import numpy as np

from . import numba_use, threads
from .geometry import Array, in_memory_order
from .selection import keep
from .workspace import allocate, allocate_like

LARGE = 1 << 15
"""Number of elements from which a kernel of ours beats a call of NumPy."""
SMALLEST_PART = 1 << 19
"""Elements in the smallest part of work worth handing to another thread."""
LINE = 1 << 14
"""Elements of the line of zeros that `relu` compares with: NumPy's maximum is three times slower with a scalar."""


def relu(x: Array) -> Array:
    """Return ``maximum(x, 0)`` in the memory order of `x`; NaN stays NaN."""
    out = allocate_like(x)
    source, target = _leading_first(x, x), _leading_first(out, x)
    if x.size < LINE or not (source.flags.c_contiguous and target.flags.c_contiguous):
        return np.maximum(x, x.dtype.type(0), out=out)
    whole = x.size // LINE * LINE
    source, target = source.reshape(-1), target.reshape(-1)
    lines, results, zeros = source[:whole].reshape(-1, LINE), target[:whole].reshape(-1, LINE), np.zeros(LINE, x.dtype)

    def part(start: int, stop: int) -> None:
        np.maximum(lines[start:stop], zeros, out=results[start:stop])

    threads.share(len(lines), x.size, SMALLEST_PART, part)
    np.maximum(source[whole:], zeros[: x.size - whole], out=target[whole:])
    return out


def relu_gradient(g: Array, y: Array) -> Array:
    """Return `g` where ``y = relu(x)`` is not 0 (it is positive or NaN), 0 elsewhere, in the memory order of `y`."""
    out = allocate_like(y, g.dtype)
    gradient, result, target = (_leading_first(array, y) for array in (g, y, out))
    flat = all(array.flags.c_contiguous and array.dtype == np.float32 for array in (gradient, result, target))
    work = numba_use.compiled("compiled_batch_norm") if flat else None
    if work is not None:
        lines = [array.reshape(-1) for array in (gradient, result, target)]
        threads.share(y.size, y.size, SMALLEST_PART, lambda start, stop: work.cut(*(a[start:stop] for a in lines)))
        return out

    def part(start: int, stop: int) -> None:
        rows = result[start:stop]
        passed = np.not_equal(rows, y.dtype.type(0), out=allocate(rows.shape, bool))
        keep(gradient[start:stop], passed, target[start:stop])

    threads.share(len(result), y.size, SMALLEST_PART, part)
    return out


def add(x: Array, y: Array) -> Array:
    """Return ``x + y`` of arrays of a shape and dtype, in the memory order of `x`."""
    out = allocate_like(x)
    one, other, target = (_leading_first(array, x) for array in (x, y, out))

    def part(start: int, stop: int) -> None:
        np.add(one[start:stop], other[start:stop], out=target[start:stop])

    threads.share(len(target), x.size, SMALLEST_PART, part)
    return out


def channel_sum(x: Array) -> Array:
    """Return the sum over batch, height and width of (N, H, W, C), the gradient of a bias; at least float32 inside.

    In memory order the sum over a line is a product with ones, which BLAS computes faster than NumPy a reduction.
    """
    dtype = np.result_type(x, np.float32) if x.dtype == np.float16 else x.dtype
    if not x.size:
        return np.zeros(x.shape[3], x.dtype)
    source = in_memory_order(x, dtype)
    lines = source.reshape(*source.shape[:2], -1)
    ones = np.ones((lines.shape[2], 1), dtype)
    sums = np.empty((*lines.shape[:2], 1), dtype)

    def part(start: int, stop: int) -> None:
        np.matmul(lines[start:stop], ones, out=sums[start:stop])

    threads.share(len(lines), x.size, 4 * SMALLEST_PART, part)
    return np.add.reduce(sums[:, :, 0], axis=0).astype(x.dtype, copy=False)


def _leading_first(x: Array, order: Array) -> Array:
    """Return `x` with its axes sorted as they lie in the memory of `order`, outermost first."""
    return x.transpose(sorted(range(order.ndim), key=lambda axis: -abs(order.strides[axis])))
