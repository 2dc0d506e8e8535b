"""What is done between the products of a convolution that relu and a pool follow: passes over memory, in NumPy.

`compiled_passes` does the same with loops that Numba compiles, each in a single pass.
"""

from __future__ import annotations

import sys
from types import ModuleType

import numpy as np
from numpy.typing import DTypeLike

from . import numba_use
from .convolution import add_shifted, shift
from .geometry import Array
from .plan import Plan, runs_of
from .selection import keep
from .workspace import take


def passes_for(plan: Plan, dtype: DTypeLike) -> ModuleType:
    """Return the module whose passes are the fastest here: this one, or `compiled_passes`."""
    compiled = numba_use.compiled_passes() if dtype == np.float32 and plan.number_type == np.uint8 else None
    return compiled or sys.modules[__name__]


def images_of(x: Array, images: slice) -> Array:
    """Return some images of (N, H, W, C) as a contiguous (H, C, W, n) array."""
    view = x.transpose(1, 3, 2, 0)[..., images]
    if view.flags.c_contiguous:
        return view
    copy = take(view.shape, x.dtype)
    np.copyto(copy, view)
    return copy


def shift_images(x: Array, images: slice, plan: Plan) -> Array:
    """Return the horizontal shifts (rows, kw * C, columns) of some images of (N, H, W, C); see `convolution.shift`."""
    source = images_of(x, images)
    return shift(source, *runs_of(plan, source.shape[3]))


def strongest(layers: Array, bias: Array, plan: Plan, values: Array, images: slice, named: bool) -> Array | None:
    """Set `values` (PH, C, PW, N) of some images to relu of the largest element of each window, plus the bias.

    Parameters
    ----------
    layers
        (columns of the pool's window, OH, C, columns): the elements. They are overwritten.
    named
        Whether the winners are wanted.

    Returns
    -------
    Array or None
        (PH, C, columns): ``i * pool[1] + j`` for the winner of each window, ``plan.taps`` where none is positive.
    """
    high = plan.pool[0]
    candidates = [layer[row::high] for row in range(high) for layer in layers]
    best = candidates[0]
    winners = np.zeros(best.shape, plan.number_type) if named else None
    for number, candidate in enumerate(candidates[1:], 1):
        if winners is not None:
            _mark(winners, np.less(best, candidate, out=take(best.shape, bool)), number)
        np.maximum(best, candidate, out=best)
    best += bias[:, None]
    if winners is not None:
        positive = np.greater(best, 0, out=take(best.shape, bool))  # NaN is not
        _mark(winners, np.logical_not(positive, out=positive), plan.taps)
    zeros = np.zeros(best.shape[2], best.dtype)  # NumPy compares with an array faster than with a number
    values[..., images] = np.maximum(best, zeros, out=best).reshape(*values.shape[:3], -1)
    return winners


def _mark(winners: Array, where: Array, number: int) -> None:
    """Name a winner in some places, with a number larger than any that is there."""
    numbers = np.multiply(where, winners.dtype.type(number), out=take(where.shape, winners.dtype))
    np.maximum(winners, numbers, out=winners)


def spread(g: Array, images: slice, winners: Array, plan: Plan, sums: Array) -> Array:
    """Send the gradients `g` (N, PH, PW, C) of some images back to the winners: (OH, C, columns of all runs).

    The gradient of the bias, (C,), is put into `sums`.
    """
    high, wide = plan.pool
    alive = keep(images_of(g, images).reshape(winners.shape), winners < plan.taps)
    np.add.reduce((alive @ np.ones((alive.shape[2], 1), g.dtype))[:, :, 0], axis=0, out=sums)
    layer = take((plan.rows.windows, winners.shape[1], wide, winners.shape[2]), g.dtype)
    for tap in range(plan.taps):
        keep(alive, winners == tap, layer[tap // wide :: high, :, tap % wide])
    return layer.reshape(*layer.shape[:2], -1)


def collect(products: Array, plan: Plan, out: Array, images: slice) -> None:
    """Set some images of `out` (H, C, W, N) to the sum of the shifted products; see `convolution.add_shifted`."""
    target = out[..., images]
    add_shifted(products, runs_of(plan, target.shape[3])[0], target)
