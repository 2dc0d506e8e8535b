"""The passes of `passes`, each as one loop over memory that Numba compiles; for float32.

Lines of many images are contiguous, so all inner loops are made of vector instructions. Compiled code is kept on
disk, so that it is compiled once for a machine.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numba
import numpy as np
from numba import types

from .geometry import Array
from .passes import images_of, shift_images
from .plan import Plan
from .workspace import take

__all__ = ["collect", "shift_images", "spread", "strongest"]

_float, _int = types.float32, types.int64


def _array(ndim: int, dtype: Any = _float) -> Any:
    return types.Array(dtype, ndim, "C")


def _given(ndim: int, dtype: Any = _float) -> Any:
    return types.Array(dtype, ndim, "C", readonly=True)


def _loop(*arguments: Any, **fastmath: Any) -> Any:
    """Compile at once, for these arguments; other threads may run meanwhile."""
    return numba.njit(types.void(*arguments), nogil=True, cache=True, error_model="numpy", **fastmath)


@lru_cache(maxsize=64)
def _strongest(high: int, wide: int) -> Any:
    """Make the loop for a window of the pool: its elements are compared side by side, in registers."""
    taps, zero = high * wide, np.float32(0.0)

    @_loop(_given(4), _given(1), _array(4), _int, _array(3, types.uint8), types.boolean)
    def loop(layers, bias, values, start, winners, named):  # type: ignore[no-untyped-def]
        channels, length = layers.shape[2:]
        images = length // values.shape[2]
        best = np.empty(length, np.float32)
        for row in range(values.shape[0]):
            for c in range(channels):
                for i in range(length):
                    largest, number = layers[0, row * high, c, i], np.int32(0)
                    for tap in range(1, taps):
                        x = layers[tap % wide, row * high + tap // wide, c, i]
                        wins = (x > largest) | (x != x)
                        largest = x if wins else largest
                        number = np.int32(tap) if wins else number
                    largest += bias[c]
                    best[i] = zero if largest <= zero else largest
                    if named:
                        winners[row, c, i] = number if largest > zero else np.int32(taps)
                for k in range(values.shape[2]):
                    for i in range(images):
                        values[row, c, k, start + i] = best[k * images + i]

    return loop


@lru_cache(maxsize=64)
def _spread(high: int, wide: int) -> Any:
    """Make the loop for a window of the pool."""
    taps, zero = high * wide, np.float32(0.0)

    @_loop(
        *(_given(4), _int, _given(3, types.uint8), _array(4), _array(1)),
        fastmath={"reassoc", "contract"},  # so that sums are made of vector instructions, too
    )
    def loop(g, start, winners, layer, sums):  # type: ignore[no-untyped-def]
        rows, channels, length = winners.shape
        images = length // g.shape[2]
        line = np.empty(length, np.float32)
        sums[:] = 0.0
        for row in range(rows):
            for c in range(channels):
                for k in range(g.shape[2]):
                    for i in range(images):
                        line[k * images + i] = g[row, c, k, start + i]
                total = zero
                for i in range(length):
                    total += line[i] if winners[row, c, i] < taps else zero
                sums[c] += total
                for tap in range(taps):
                    for i in range(length):
                        x = line[i] if winners[row, c, i] == tap else zero
                        layer[row * high + tap // wide, c, tap % wide, i] = x

    return loop


@_loop(_given(6), _given(1, _int), _int, _int, _array(4), _int)
def _collect(products, lows, stride, dilation, out, start):  # type: ignore[no-untyped-def]
    rows, taps, channels, runs, length, images = products.shape
    line = np.empty((out.shape[2], images), np.float32)
    for row in range(rows):
        for c in range(channels):
            line[:] = 0.0
            for tap in range(taps):
                for run in range(runs):
                    for k in range(length):
                        column = k * stride + tap * dilation - lows[run]
                        if 0 <= column < out.shape[2]:
                            for i in range(images):
                                line[column, i] += products[row, tap, c, run, k, i]
            for column in range(out.shape[2]):
                for i in range(images):
                    out[row, c, column, start + i] = line[column, i]


def strongest(layers: Array, bias: Array, plan: Plan, values: Array, images: slice, named: bool) -> Array | None:
    """Set `values` (PH, C, PW, N) of some images to relu of the largest element of each window, plus the bias."""
    winners = take((values.shape[0], *layers.shape[2:]) if named else (0, 0, 0), plan.number_type)
    _strongest(*plan.pool)(layers, np.ascontiguousarray(bias), values, images.start, winners, named)
    return winners if named else None


def spread(g: Array, images: slice, winners: Array, plan: Plan, sums: Array) -> Array:
    """Send the gradients `g` (N, PH, PW, C) of some images back to the winners: (OH, C, columns of all runs)."""
    layer = take((plan.rows.windows, winners.shape[1], plan.pool[1], winners.shape[2]), g.dtype)
    source, start = _memory(g, images)
    _spread(*plan.pool)(source, start, winners, layer, sums)
    return layer.reshape(*layer.shape[:2], -1)


def collect(products: Array, plan: Plan, out: Array, images: slice) -> None:
    """Set some images of `out` (H, C, W, N) to the sum of the shifted products."""
    columns = plan.columns[0]
    shape = (len(out), columns.kernel, out.shape[1], len(plan.columns), columns.windows, images.stop - images.start)
    _collect(products.reshape(shape), plan.lows, columns.stride, columns.dilation, out, images.start)


def _memory(x: Array, images: slice) -> tuple[Array, int]:
    """Return a contiguous (H, C, W, N) array, and where in it the images begin."""
    view = x.transpose(1, 3, 2, 0)
    return (view, images.start) if view.flags.c_contiguous else (images_of(x, images), 0)
