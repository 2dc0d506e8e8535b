"""Convolution and its two gradients where the images lie, without a copy, by what Numba compiles; for float32.

A tap that meets the padding is left out, where the definition multiplies it by zero. That is the same unless weights,
or gradients of results, are not finite: then each function answers None, and another way has to be taken.
"""

from __future__ import annotations

from types import ModuleType

import numpy as np

from . import numba_use, threads
from .geometry import Array, Axis, in_logical_order, in_memory_order
from .tap_tables import tables
from .workspace import allocate

WORTH_IT = 1 << 18
"""Multiplications from which there is something to gain."""
FEW = 8
"""Images from which on it is quicker than `im2col`, too."""
SMALLEST_PART = 4e6
"""Multiplications in the smallest part of work worth handing to another thread."""


def conv2d(x: Array, w: Array, rows: Axis, columns: Axis, bias: Array | None, floor: float = -np.inf) -> Array | None:
    """Return the convolution of images (N, H, W, Cin), but at least `floor`: (N, OH, OW, Cout)."""
    multiplications = x.shape[0] * rows.windows * columns.windows * w.size
    work = _compiled(x, w, multiplications)
    if work is None or (_is_padded(rows, columns) and not np.isfinite(w).all()):
        return None
    out = allocate((rows.windows, w.shape[3], columns.windows, x.shape[0]), np.float32)
    offsets = np.zeros(w.shape[3], np.float32) if bias is None else np.ascontiguousarray(bias, np.float32)
    source, packed, (taps, runs) = in_memory_order(x, np.float32), _packed(work, w), tables(rows, columns, False)

    def part(low: int, high: int) -> None:
        work.correlate(source, packed, offsets, taps, runs, columns.kernel, floor, low, high, out)

    threads.share(len(out), multiplications, SMALLEST_PART, part)
    return in_logical_order(out)


def input_gradient(g: Array, w: Array, rows: Axis, columns: Axis) -> Array | None:
    """Return the gradient of ``sum(conv2d(x, w) * g)`` with respect to `x`: (N, H, W, Cin)."""
    multiplications = g.size * (w.size // w.shape[3])
    work = _compiled(g, w, multiplications)
    if work is None:
        return None
    out = allocate((rows.size, w.shape[2], columns.size, g.shape[0]), np.float32)
    zeros, packed = np.zeros(w.shape[2], np.float32), _packed(work, w.swapaxes(2, 3))
    source, (taps, runs) = in_memory_order(g, np.float32), tables(rows, columns, True)

    def part(low: int, high: int) -> None:
        work.correlate(source, packed, zeros, taps, runs, columns.kernel, -np.inf, low, high, out)

    threads.share(len(out), multiplications, SMALLEST_PART, part)
    return in_logical_order(out)


def weight_gradient(x: Array, g: Array, rows: Axis, columns: Axis) -> Array | None:
    """Return the gradient of ``sum(conv2d(x, w) * g)`` with respect to `w`: (kh, kw, Cin, Cout)."""
    shape = (rows.kernel, columns.kernel, x.shape[3], g.shape[3])
    multiplications = g.size * shape[0] * shape[1] * shape[2]
    work, (taps, runs) = _compiled(x, g, multiplications), tables(rows, columns, False)
    if work is None or not (taps[:, 1].all() and runs[:, 1].all()):  # some windows see nothing but padding
        return None
    source, gradient = in_memory_order(x, np.float32), in_memory_order(g, np.float32)
    cuts = threads.bounds(rows.windows, threads.parts_for(multiplications, SMALLEST_PART))
    sums = np.zeros((len(cuts), *shape), np.float32)
    threads.run(len(cuts), lambda k: work.add_weight_gradient(source, gradient, taps, runs, *cuts[k], sums[k]))
    total: Array = np.add.reduce(sums, axis=0)
    return None if _is_padded(rows, columns) and not np.isfinite(total).all() else total


def _compiled(x: Array, y: Array, multiplications: int) -> ModuleType | None:
    """Return the compiled functions if they can compute with such arrays, and if that pays."""
    if multiplications < WORTH_IT or x.dtype != np.float32 or y.dtype != np.float32:
        return None
    return numba_use.compiled("compiled_convolution")


def _is_padded(rows: Axis, columns: Axis) -> bool:
    return (*rows.padding, *columns.padding) != (0, 0, 0, 0)


def _packed(work: ModuleType, w: Array) -> Array:
    """Return weights (kh, kw, k, c) in the order of `compiled_convolution.pack`."""
    packed = np.empty(w.size, np.float32)
    work.pack(np.ascontiguousarray(w).reshape(-1, *w.shape[2:]), packed)
    return packed
