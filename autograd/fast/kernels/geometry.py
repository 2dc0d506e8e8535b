"""Where the windows of convolutions and pools lie.

Kernels work in the memory order (height, channels, width, batch), batch innermost: every row of an image batch is one
contiguous block, a shift along the width is an offset in it, and elementwise work runs over long contiguous lines.
Callers see the same memory transposed to the logical order (batch, height, width, channels).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ...ops.convolution import output_size, window_count
from . import workspace

Array = np.ndarray[Any, np.dtype[Any]]
Pair = tuple[int, int]
Padding = tuple[Pair, Pair]


@dataclass(frozen=True)
class Axis:
    """The windows along one image axis.

    Window `o` reads, for tap ``t`` of ``kernel``, the input position ``o * stride + t * dilation - padding[0]``;
    positions outside ``range(size)`` are padding.
    """

    size: int
    kernel: int
    stride: int
    padding: Pair
    dilation: int = 1

    @property
    def windows(self) -> int:
        """Number of windows, 0 if none fits."""
        return window_count(self.size, self.kernel, self.stride, self.padding, self.dilation)

    def offset(self, tap: int) -> int:
        """Input position that window 0 reads for `tap` (negative: padding)."""
        return tap * self.dilation - self.padding[0]

    def every(self, step: int, first: int, count: int) -> Axis:
        """Return `count` of the windows, every `step`-th from `first` on. What they leave out is negative padding."""
        low = self.padding[0] - first * self.stride
        axis = replace(self, stride=self.stride * step)
        return replace(axis, padding=(low, axis.span(count) - self.size - low))

    def span(self, count: int) -> int:
        """Return how many positions `count` adjacent windows span, padding included."""
        return (count - 1) * self.stride + (self.kernel - 1) * self.dilation + 1

    def overlap(self, tap: int, start: int = 0, stop: int | None = None) -> tuple[slice, slice]:
        """Windows in ``range(start, stop)`` whose `tap` meets real input, and the input positions they read.

        Five pixels under three windows of three, in steps of two; ``.`` is padding::

            pixels      . 0 1 2 3 4 .
            window 0    ^ ^ ^            tap 0 reads the padding
            window 1        ^ ^ ^        tap 0 reads pixel 1
            window 2            ^ ^ ^    tap 0 reads pixel 3

        >>> Axis(size=5, kernel=3, stride=2, padding=(1, 1)).overlap(tap=0)
        (slice(1, 3, None), slice(1, 4, 2))
        """
        stop = self.windows if stop is None else stop
        offset = self.offset(tap)
        low = max(start, -(offset // self.stride))
        high = max(low, min(stop, (self.size - 1 - offset) // self.stride + 1))
        first = low * self.stride + offset
        if low == high:
            return slice(low, low), slice(0, 0)
        return slice(low, high), slice(first, first + (high - low - 1) * self.stride + 1, self.stride)


@lru_cache(maxsize=256)
def axes_of(
    name: str,
    sizes: Pair,
    kernel: Pair,
    stride: Pair,
    padding: Padding,
    dilation: Pair = (1, 1),
) -> tuple[Axis, Axis]:
    """Return the row and column axes of an operation.

    Raises
    ------
    ValueError
        If the kernel does not fit into the padded input even once.
    """
    output_size(name, sizes, kernel, stride, padding, dilation)
    rows, columns = (Axis(sizes[k], kernel[k], stride[k], (padding[k][0], padding[k][1]), dilation[k]) for k in (0, 1))
    return rows, columns


def in_memory_order(x: Array, dtype: DTypeLike) -> Array:
    """Return `x` (N, H, W, C) as a contiguous (H, C, W, N) array of `dtype`: a view if it lies so, else a copy."""
    view = x.transpose(1, 3, 2, 0)
    if view.flags.c_contiguous and view.flags.aligned and view.dtype == dtype:
        return view
    copy = workspace.allocate(view.shape, dtype)
    np.copyto(copy, view, casting="unsafe")
    return copy


def in_logical_order(x: Array) -> Array:
    """Return (H, C, W, N) memory as a view (N, H, W, C)."""
    return x.transpose(3, 0, 2, 1)


def accumulation_dtype(*arrays: Array) -> np.dtype[Any]:
    """Return the dtype to compute in: that of the arrays, but float32 for float16."""
    dtype = np.result_type(*arrays)
    return np.dtype(np.float32) if dtype == np.float16 else dtype
