"""Which windows of a convolution a pool after it reads, and in which order they are computed."""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from .blocks import Lines, OutputBlock, lines_of, whole_block
from .geometry import Axis, Padding, Pair, axes_of


class PoolPlan:
    """The windows that the pool reads.

    Parameters
    ----------
    rows
        Of the convolution.
    columns
        Of the convolution, an axis for each column of the pool's window.
    line
        The same columns in one axis.
    pool
        Height and width of the pool's window.
    """

    def __init__(self, rows: Axis, columns: tuple[Axis, ...], line: Axis, pool: Pair) -> None:
        self.rows = rows
        self.columns = columns
        self.line = line
        self.pool = pool

    @cached_property
    def size(self) -> Pair:
        """Height and width of the result."""
        return self.rows.windows // self.pool[0], self.columns[0].windows

    @cached_property
    def number_type(self) -> np.dtype[Any]:
        """The smallest type for numbers of winners."""
        return np.min_scalar_type(self.taps)

    @cached_property
    def taps(self) -> int:
        """Number of elements of the pool's window, and the number of the winner where none is positive."""
        return self.pool[0] * self.pool[1]


@lru_cache(maxsize=256)
def runs_of(plan: PoolPlan, images: int) -> tuple[list[Lines], OutputBlock]:
    """Return the lines of so many images, a run for each column of the pool's window, and all of them as a block."""
    runs = [lines_of(axis, images, whole=False) for axis in plan.columns]
    return runs, whole_block(plan.rows, runs[0])


@lru_cache(maxsize=256)
def plan_of(sizes: Pair, kernel: Pair, pool: Pair, stride: Pair, padding: Padding, dilation: Pair) -> PoolPlan:
    """Return the plan for images of these sizes.

    Raises
    ------
    ValueError
        If the kernel does not fit into the padded image, or the pool's window into the result.
    """
    rows, columns = axes_of("conv2d", sizes, kernel, stride, padding, dilation)
    axes_of("max_pool2d", (rows.windows, columns.windows), pool, pool, ((0, 0), (0, 0)))
    high, wide = pool
    phases = tuple(columns.every(wide, phase, columns.windows // wide) for phase in range(wide))
    line = columns.every(1, 0, columns.windows // wide * wide)
    return PoolPlan(rows.every(1, 0, rows.windows // high * high), phases, line, pool)
