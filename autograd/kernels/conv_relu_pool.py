"""Convolution, bias, relu and max pooling in one pass, and their gradients in one pass back.

Threads share the batch, and each goes through all the steps with its images, which stay in the cache. What no window
of the pool reads is not computed. A pool of width ``p`` turns the convolution into ``p`` convolutions of ``p`` times
the stride, one for each column of the pool's window: what is compared are whole arrays then, with long lines. Adding
a bias and cutting off below zero do not change which element of a window is the largest, so they come after the pool,
where there is less to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from . import threads
from .blocks import Lines, input_parts, lines_of, whole_block
from .convolution import SMALLEST_PART, add_weight_gradient, backward_matrices, correlate, fill_input_gradient, shift
from .geometry import Array, Axis, Padding, Pair, axes_of, in_logical_order
from .selection import keep
from .workspace import take

SHARD = 32
"""Images that a thread takes at a time, if there are so many: fewer make the lines short, more leave the cache."""


@dataclass(frozen=True)
class Plan:
    """The windows that the pool reads.

    Attributes
    ----------
    rows
        Of the convolution.
    columns
        Of the convolution, an axis for each column of the pool's window.
    pool
        Height and width of the pool's window.
    """

    rows: Axis
    columns: tuple[Axis, ...]
    pool: Pair

    @property
    def size(self) -> Pair:
        """Height and width of the result."""
        return self.rows.windows // self.pool[0], self.columns[0].windows

    def runs(self, images: int) -> list[Lines]:
        """Return the lines of so many images, a run for each column of the pool's window."""
        return [lines_of(axis, images, whole=False) for axis in self.columns]

    @property
    def taps(self) -> int:
        """Number of elements of the pool's window, and the number of the winner where none is positive."""
        return self.pool[0] * self.pool[1]


@lru_cache(maxsize=256)
def plan_of(sizes: Pair, kernel: Pair, pool: Pair, stride: Pair, padding: Padding, dilation: Pair) -> Plan:
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
    return Plan(rows.every(1, 0, rows.windows // high * high), phases, pool)


@dataclass(frozen=True)
class Shard:
    """What some images leave for the way back.

    Attributes
    ----------
    images
        Which of the batch.
    shifted
        Their horizontal shifts, see `shift`.
    winners
        (PH, Cout, PW * images), unsigned integers: the winner of each window is ``i * pool[1] + j``, or
        ``pool[0] * pool[1]`` where none is positive.
    """

    images: slice
    shifted: Array
    winners: Array


def conv2d_relu_pool(
    x: Array, w: Array, b: Array, pool: Pair, stride: Pair, padding: Padding, dilation: Pair, trail: bool = True
) -> tuple[Array, list[Shard]]:
    """Return ``max_pool2d(relu(conv2d(x, w, b)), pool)`` and what its gradients need.

    Of equal elements the first in row-major order wins.

    Parameters
    ----------
    x
        (N, H, W, Cin), any memory layout.
    w
        (kh, kw, Cin, Cout), of the dtype of `x`.
    b
        (Cout,), of the same dtype.
    pool
        Height and width of the pool's window, and its stride.
    stride, padding, dilation
        Of the convolution, as in `conv2d`.
    trail
        Whether there is to be a way back.

    Returns
    -------
    values
        (N, PH, PW, Cout), in memory (PH, Cout, PW, N).
    shards
        For `conv2d_relu_pool_gradients`; none without `trail`.

    Raises
    ------
    ValueError
        If a window does not fit.
    """
    plan = plan_of(x.shape[1:3], w.shape[:2], pool, stride, padding, dilation)
    high, wide = plan.size
    values = take((high, w.shape[3], wide, x.shape[0]), x.dtype)
    offsets, kernel = b[:, None], np.ascontiguousarray(w)
    cuts = _cuts(x.shape[0], values.size * plan.taps * (w.size // w.shape[3]))
    shards: list[Any] = [None] * len(cuts)  # in order, whoever comes first

    def part(k: int) -> None:
        source = _images(x, cuts[k])
        columns = wide * source.shape[3]
        runs = plan.runs(source.shape[3])
        shifted = shift(source, runs, whole_block(plan.rows, runs[0]))
        layers = take((pool[1], plan.rows.windows, w.shape[3], columns), x.dtype)
        for run, layer in enumerate(layers):
            correlate(shifted, kernel, plan.rows, layer, run * columns)
        candidates = [layer[row :: pool[0]] for row in range(pool[0]) for layer in layers]
        best, winners = _strongest(candidates, offsets, trail)
        if winners is not None:
            shards[k] = Shard(cuts[k], shifted, winners)
        values[..., cuts[k]] = best.reshape(*values.shape[:3], -1)

    threads.run(len(cuts), part)
    return in_logical_order(values), shards if trail else []


def conv2d_relu_pool_gradients(
    g: Array,
    w: Array,
    input_shape: Sequence[int],
    shards: list[Shard],
    pool: Pair,
    stride: Pair,
    padding: Padding,
    dilation: Pair,
    to_input: bool = True,
) -> tuple[Array | None, Array, Array]:
    """Return the gradients of ``sum(conv2d_relu_pool(x, w, b) * g)`` with respect to `x`, `w` and `b`.

    Parameters
    ----------
    g
        (N, PH, PW, Cout).
    input_shape
        (N, H, W, Cin) of `x`.
    shards
        As `conv2d_relu_pool` gave them.
    to_input
        Whether the gradient with respect to `x` is wanted; else None takes its place.
    """
    plan = plan_of(tuple(input_shape[1:3]), w.shape[:2], pool, stride, padding, dilation)
    weight_sums, bias_sums = np.zeros((len(shards), *w.shape), g.dtype), np.zeros((len(shards), w.shape[3]), g.dtype)
    batch, height, width, channels = input_shape
    out = take((height, channels, width, batch), g.dtype) if to_input else None
    matrices = backward_matrices(w, plan.rows, g.dtype) if to_input else {}
    (groups,) = input_parts(plan.rows, 1)

    def part(k: int) -> None:
        shard = shards[k]
        gradient = _images(g, shard.images)
        alive = keep(gradient.reshape(shard.winners.shape), shard.winners < plan.taps)
        bias_sums[k] = np.add.reduce(alive @ np.ones((alive.shape[2], 1), g.dtype), axis=0)[:, 0]
        layer = _spread(alive, shard.winners, plan)
        add_weight_gradient(shard.shifted, layer, plan.rows, weight_sums[k])
        if out is not None:
            fill_input_gradient(layer, matrices, groups, plan.runs(gradient.shape[3]), out[..., shard.images])

    threads.run(len(shards), part)
    gradients = np.add.reduce(weight_sums, axis=0), np.add.reduce(bias_sums, axis=0)
    return None if out is None else in_logical_order(out), *gradients


def winners_of(shards: list[Shard], shape: Sequence[int]) -> Array:
    """Return the number of each window's winner, of the shape (N, PH, PW, Cout) of the result."""
    batch, high, wide, channels = shape
    out = np.empty((high, channels, wide, batch), shards[0].winners.dtype)
    for shard in shards:
        out[..., shard.images] = shard.winners.reshape(high, channels, wide, -1)
    return in_logical_order(out)


def _cuts(batch: int, work: float) -> list[slice]:
    """Cut the batch: the same number of shards for each thread, of about `SHARD` images."""
    parts = threads.parts_for(work, SMALLEST_PART)
    rounds = max(1, round(batch / (SHARD * parts)))
    return [slice(*cut) for cut in threads.bounds(batch, parts * rounds, multiple=8)]


def _images(x: Array, images: slice) -> Array:
    """Return some images of (N, H, W, C) as a contiguous (H, C, W, n) array."""
    view = x.transpose(1, 3, 2, 0)[..., images]
    if view.flags.c_contiguous:
        return view
    copy = take(view.shape, x.dtype)
    np.copyto(copy, view)
    return copy


def _strongest(candidates: list[Array], offsets: Array, named: bool) -> tuple[Array, Array | None]:
    """Return relu of the largest of the candidates (rows, C, columns) plus the offsets, and which one that was.

    The candidates are overwritten.
    """
    best = candidates[0]
    winners = np.zeros(best.shape, np.min_scalar_type(len(candidates))) if named else None
    for number, candidate in enumerate(candidates[1:], 1):
        if winners is not None:
            _mark(winners, np.less(best, candidate, out=take(best.shape, bool)), number)
        np.maximum(best, candidate, out=best)
    best += offsets
    if winners is not None:
        positive = np.greater(best, 0, out=take(best.shape, bool))  # NaN is not
        _mark(winners, np.logical_not(positive, out=positive), len(candidates))
    zeros = np.zeros(best.shape[2], best.dtype)  # NumPy compares with an array faster than with a number
    return np.maximum(best, zeros, out=best), winners


def _mark(winners: Array, where: Array, number: int) -> None:
    """Name a winner in some places, with a number larger than any that is there."""
    np.maximum(
        winners, np.multiply(where, winners.dtype.type(number), out=take(where.shape, winners.dtype)), out=winners
    )


def _spread(g: Array, winners: Array, plan: Plan) -> Array:
    """Send gradients (PH, C, columns) back to the winners: (OH, C, columns of all runs)."""
    (high, wide), (rows, channels, columns) = plan.pool, g.shape
    layer = take((plan.rows.windows, channels, wide, columns), g.dtype)
    for tap in range(plan.taps):
        keep(g, winners == tap, layer[tap // wide :: high, :, tap % wide])
    return layer.reshape(plan.rows.windows, channels, -1)
