"""Convolution and its two gradients where the images lie, without a copy, by what Numba compiles; for float32.

A tap that meets the padding is left out, where the definition multiplies it by zero. That is the same unless weights,
or gradients of results, are not finite: then each function answers None, and another way has to be taken.
"""

from __future__ import annotations

from functools import lru_cache
from types import ModuleType

import numpy as np

from . import numba_use, threads
from .geometry import Array, Axis, in_logical_order, in_memory_order
from .tap_tables import tables
from .workspace import allocate

WORTH_IT = 1 << 16
"""Multiplications from which there is something to gain."""
FEW = 8
"""Images from which on it is quicker than `im2col`, too."""
SMALLEST_PART = 4e6
"""Multiplications in the smallest part of work worth handing to another thread."""


EVEN_ENOUGH = 8
"""Rows per part from which a part with one row more is as good as equal."""

Part = tuple[int, int, int, int, int]
"""Rows ``low:high`` and channels ``first:last`` of a result, and the row that its memory begins with."""


def conv2d(x: Array, w: Array, rows: Axis, columns: Axis, bias: Array | None, floor: float = -np.inf) -> Array | None:
    """Return the convolution of images (N, H, W, Cin), but at least `floor`: (N, OH, OW, Cout)."""
    work = compiled_for(x, w, x.shape[0] * rows.windows * columns.windows * w.size)
    if work is None or not finite_enough(w, rows, columns):
        return None
    out = allocate((rows.windows, w.shape[3], columns.windows, x.shape[0]), np.float32)
    offsets = np.zeros(w.shape[3], np.float32) if bias is None else np.ascontiguousarray(bias, np.float32)
    where = (*tables(rows, columns, False), columns.kernel)
    _correlate(work, in_memory_order(x, np.float32), w, offsets, where, floor, out)
    return in_logical_order(out)


def input_gradient(g: Array, w: Array, rows: Axis, columns: Axis) -> Array | None:
    """Return the gradient of ``sum(conv2d(x, w) * g)`` with respect to `x`: (N, H, W, Cin)."""
    work = compiled_for(g, w, g.size * (w.size // w.shape[3]))
    if work is None:
        return None
    return in_logical_order(sent_back(work, in_memory_order(g, np.float32), w, rows, columns))


def sent_back(work: ModuleType, g: Array, w: Array, rows: Axis, columns: Axis) -> Array:
    """Return the gradient of the input (H, Cin, W, N) from that of the result (OH, Cout, OW, N)."""
    out = allocate((rows.size, w.shape[2], columns.size, g.shape[3]), np.float32)
    where = (*tables(rows, columns, True), columns.kernel)
    _correlate(work, g, w.swapaxes(2, 3), np.zeros(w.shape[2], np.float32), where, -np.inf, out)
    return out


def weight_gradient(x: Array, g: Array, rows: Axis, columns: Axis) -> Array | None:
    """Return the gradient of ``sum(conv2d(x, w) * g)`` with respect to `w`: (kh, kw, Cin, Cout)."""
    shape = (rows.kernel, columns.kernel, x.shape[3], g.shape[3])
    multiplications = g.size * shape[0] * shape[1] * shape[2]
    work, where = compiled_for(x, g, multiplications), tables(rows, columns, False)
    if work is None or not all_see_something(rows, columns):
        return None
    source, gradient = in_memory_order(x, np.float32), in_memory_order(g, np.float32)
    parts = parts_of(rows.windows, shape[3], multiplications)
    sums = np.zeros((len(parts), *shape), np.float32)
    threads.run(len(parts), lambda k: work.add_weight_gradient(source, gradient, *where, parts[k], sums[k]))
    total: Array = np.add.reduce(sums, axis=0)
    return total if finite_enough(total, rows, columns) else None


def compiled_for(x: Array, y: Array, multiplications: int) -> ModuleType | None:
    """Return the compiled functions if they can compute with such arrays, and if that pays."""
    if multiplications < WORTH_IT or x.dtype != np.float32 or y.dtype != np.float32:
        return None
    return numba_use.compiled("compiled_convolution")


def finite_enough(w: Array, rows: Axis, columns: Axis) -> bool:
    """Tell from weights, or their gradients, whether taps that meet the padding may be left out."""
    return (*rows.padding, *columns.padding) == (0, 0, 0, 0) or bool(np.isfinite(w).all())


@lru_cache(maxsize=256)
def all_see_something(rows: Axis, columns: Axis) -> bool:
    """Tell whether there is more than padding in every window."""
    return all(bool(table[:, 1].all()) for table in tables(rows, columns, False))


def parts_of(rows: int, channels: int, multiplications: int) -> list[Part]:
    """Cut a result for the team: by rows; by channels, in eights, where rows cannot be shared evenly."""
    parts = threads.parts_for(multiplications, SMALLEST_PART)
    if rows % parts == 0 or rows >= EVEN_ENOUGH * parts or channels % (8 * parts):
        return [(low, high, 0, channels, 0) for low, high in threads.bounds(rows, parts)]
    return [(0, rows, first, last, 0) for first, last in threads.bounds(channels, parts)]


def packed(work: ModuleType, w: Array) -> Array:
    """Return weights (kh, kw, k, c) in the order of `compiled_convolution.pack`."""
    out = np.empty(w.size, np.float32)
    work.pack(np.ascontiguousarray(w).reshape(-1, *w.shape[2:]), out)
    return out


def _correlate(
    work: ModuleType, source: Array, w: Array, bias: Array, where: tuple[Array, Array, int], floor: float, out: Array
) -> None:
    """Set `out` (OH, Cout, OW, N) from `source` (H, C, W, N), each thread a part."""
    weights, parts = packed(work, w), parts_of(len(out), out.shape[1], out.size * (w.size // w.shape[3]))
    threads.run(len(parts), lambda k: work.correlate(source, weights, bias, *where, floor, parts[k], out))
