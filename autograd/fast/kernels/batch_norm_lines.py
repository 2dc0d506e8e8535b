"""Batch normalisation line by line, as Numba compiles it: a line is read several times while it is in the cache."""

from __future__ import annotations

from types import ModuleType

import numpy as np

from . import numba_use, threads
from .geometry import Array
from .rectification import LARGE

SMALLEST_PART = 1 << 18
"""Elements in the smallest part of work worth handing to another thread."""


def compiled_for(x: Array) -> ModuleType | None:
    """Return the compiled passes, if they can compute with such images, and if that pays."""
    return numba_use.compiled("compiled_batch_norm") if x.dtype == np.float32 and x.size >= LARGE else None


def moments(work: ModuleType, lines: Array) -> tuple[Array, Array]:
    """Return mean and variance of the channels of (H, C, W * N): from those of each line, those of all together."""
    means, squares = np.empty(lines.shape[:2], np.float32), np.empty(lines.shape[:2], np.float32)

    def part(low: int, high: int) -> None:
        work.line_moments(lines, low, high, means, squares)

    threads.share(len(lines), lines.size, SMALLEST_PART, part)
    rows, length = np.float32(len(lines)), np.float32(lines.shape[2])
    mean = np.add.reduce(means, axis=0) / rows
    around = np.add.reduce(squares + length * (means - mean) ** 2, axis=0)
    return mean, around / (rows * length)


def normalize(work: ModuleType, lines: Array, mean: Array, scale: Array, bias: Array, out: Array) -> None:
    """Set `out` to ``(lines - mean) * scale + bias``."""
    given = [np.ascontiguousarray(number, np.float32) for number in (mean, scale, bias)]

    def part(low: int, high: int) -> None:
        work.scale_and_shift(lines, low, high, *given, out)

    threads.share(len(lines), lines.size, SMALLEST_PART, part)


def gradients(
    work: ModuleType,
    g: Array,
    lines: Array,
    weight: Array,
    mean: Array,
    deviation: Array,
    out: Array,
) -> tuple[Array, Array]:
    """Set `out` to the gradient of the input, and return those of weight and bias; all lines are (H, C, W * N)."""
    rows, channels, length = lines.shape
    count = np.float32(rows * length)
    sums, products = np.empty((rows, channels), np.float32), np.empty((rows, channels), np.float32)
    center = np.ascontiguousarray(mean, np.float32)

    def add_up(low: int, high: int) -> None:
        work.gradient_sums(g, lines, low, high, center, sums, products)

    threads.share(rows, lines.size, SMALLEST_PART, add_up)
    to_bias, to_weight = np.add.reduce(sums, axis=0), np.add.reduce(products, axis=0) / deviation
    level, slope, scale = to_bias / count, to_weight / count / deviation, weight / deviation

    def combine(low: int, high: int) -> None:
        work.combine(g, lines, low, high, center, slope, level, scale, out)

    threads.share(rows, lines.size, SMALLEST_PART, combine)
    return to_weight, to_bias
