"""What one thread does with some images of a convolution that relu and a pool follow, in NumPy."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .blocks import input_parts
from .geometry import Array
from .pool_plan import PoolPlan, runs_of
from .selection import keep
from .shifted_convolution import add_shifted, add_weight_gradient, backward_matrices, correlate, input_products, shift
from .workspace import allocate


class ImageShard(NamedTuple):
    """What some images leave for the backward pass.

    Attributes
    ----------
    images
        Which of the batch.
    inputs
        What the products read: horizontal shifts (rows, kw * Cin, columns), see `shifted_convolution.shift`.
    winners
        (PH, Cout, PW * images), unsigned integers: the winner of each window is ``i * pool[1] + j``, or
        ``pool[0] * pool[1]`` where none is positive.
    """

    images: slice
    inputs: Array
    winners: Array


def forward(
    x: Array, images: slice, w: Array, b: Array, plan: PoolPlan, values: Array, tracked: bool
) -> ImageShard | None:
    """Set `values` (PH, Cout, PW, N) of some images of `x` (N, H, W, Cin); return what the backward pass needs."""
    source = images_of(x, images)
    shifted = shift(source, *runs_of(plan, source.shape[3]))
    best, winners = _strongest(_layers(shifted, w, plan), b, plan, tracked)
    if winners is not None and np.isnan(best.max(initial=0)):
        _let_first_nan_win(_layers(shifted, w, plan), plan, winners)
    values[..., images] = best.reshape(*values.shape[:3], -1)
    return None if winners is None else ImageShard(images, shifted, winners)


def _layers(shifted: Array, w: Array, plan: PoolPlan) -> Array:
    """Return the convolution without a bias, apart for each column of the pool's window: (columns, OH, Cout, ...)."""
    columns = shifted.shape[2] // plan.pool[1]
    layers = allocate((plan.pool[1], plan.rows.windows, w.shape[3], columns), shifted.dtype)
    for run, layer in enumerate(layers):
        correlate(shifted, w, plan.rows, layer, run * columns)
    return layers


def _let_first_nan_win(layers: Array, plan: PoolPlan, winners: Array) -> None:
    """Write the number of the first NaN of each window to `winners`, where there is one."""
    high, wide = plan.pool
    for tap in reversed(range(plan.taps)):
        winners[np.isnan(layers[tap % wide, tap // wide :: high])] = tap


def backward(g: Array, shard: ImageShard, w: Array, plan: PoolPlan, dw: Array, db: Array, dx: Array | None) -> None:
    """Set the gradients that some images contribute, from `g` (N, PH, PW, Cout).

    Parameters
    ----------
    dw, db
        (kh, kw, Cin, Cout) and (Cout,), zeros at first.
    dx
        (H, Cin, W, N), of which the images are set; or None.
    """
    gradient = images_of(g, shard.images)
    alive = keep(gradient.reshape(shard.winners.shape), shard.winners < plan.taps)
    np.add.reduce((alive @ np.ones((alive.shape[2], 1), g.dtype))[:, :, 0], axis=0, out=db)
    layer = _spread(alive, shard.winners, plan)
    add_weight_gradient(shard.inputs, layer, plan.rows, dw)
    if dx is not None:
        (rows,) = input_parts(plan.rows, 1)
        _, products = input_products(layer, backward_matrices(w, plan.rows, g.dtype), rows)
        add_shifted(products, runs_of(plan, gradient.shape[3])[0], dx[..., shard.images])


def images_of(x: Array, images: slice) -> Array:
    """Return some images of (N, H, W, C) as a contiguous (H, C, W, n) array."""
    view = x.transpose(1, 3, 2, 0)[..., images]
    if view.flags.c_contiguous:
        return view
    copy = allocate(view.shape, x.dtype)
    np.copyto(copy, view)
    return copy


def _strongest(layers: Array, bias: Array, plan: PoolPlan, named: bool) -> tuple[Array, Array | None]:
    """Return relu of the largest element of each window plus the bias, and which one that was.

    `layers` (columns of the window, OH, C, columns) are overwritten. First the columns of all rows are compared, then
    the rows: few passes over much are quicker than many over little.
    """
    high, wide = plan.pool
    best, number = layers[0], np.zeros((), plan.number_type)
    for column in range(1, wide):
        if named:
            number = _later(number, best < layers[column], plan.number_type.type(column))
        np.maximum(best, layers[column], out=best)
    rows = [best[row::high] for row in range(high)]
    numbers = [number[row::high] if number.ndim else number for row in range(high)]
    best, number = rows[0], numbers[0]
    for row in range(1, high):
        if named:
            number = _later(number, best < rows[row], numbers[row] + plan.number_type.type(row * wide))
        np.maximum(best, rows[row], out=best)
    best += bias[:, None]
    winners = None
    if named:
        winners = _later(number, best <= 0, plan.number_type.type(plan.taps))
    zeros = np.zeros(best.shape[2], best.dtype)  # NumPy compares with an array faster than with a number
    return np.maximum(best, zeros, out=best), winners


def _later(number: Array, where: Array, other: Any) -> Array:
    """Return `number`, but in some places `other`, which is larger everywhere."""
    chosen: Array = np.multiply(where.view(np.uint8), other, dtype=number.dtype)  # bytes need no conversion
    return np.maximum(number, chosen, out=chosen) if number.ndim else chosen


def _spread(g: Array, winners: Array, plan: PoolPlan) -> Array:
    """Send gradients (PH, C, columns) back to the winners: (OH, C, columns of all runs)."""
    high, wide = plan.pool
    layer = allocate((plan.rows.windows, g.shape[1], wide, g.shape[2]), g.dtype)
    for tap in range(plan.taps):
        keep(g, winners == tap, layer[tap // wide :: high, :, tap % wide])
    return layer.reshape(*layer.shape[:2], -1)
