"""Convolution, bias, relu and max pooling in one pass, and their gradients in one backward pass.

Threads share the batch, and each goes through all the steps with its images, which stay in the cache. What no window
of the pool reads is not computed. A pool of width ``p`` turns the convolution into ``p`` convolutions of ``p`` times
the stride, one for each column of the pool's window: what is compared are whole arrays then, with long lines. Adding
a bias and cutting off below zero do not change which element of a window is the largest, so they come after the pool,
where there is less to do.

Images are (N, H, W, Cin), in memory (H, Cin, W, N); results (N, PH, PW, Cout), in memory (PH, Cout, PW, N). In between
stands, for the images of one thread, the convolution (OH, Cout, pw * PW * images): run by run, a run for each column
of the pool's window.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from . import direct_conv_relu_pool, direct_convolution, im2col, image_shard, numba_use, threads
from .direct_conv_relu_pool import WholeBatch
from .geometry import Array, Padding, Pair, axes_of, in_logical_order
from .image_shard import ImageShard
from .pool_plan import PoolPlan, plan_of
from .shifted_convolution import SMALLEST_PART
from .workspace import allocate

State = list[ImageShard] | WholeBatch | im2col.FewImages
"""What a forward pass leaves for the backward pass."""
SHARD = 96
"""Images that a thread takes at a time, if there are so many: fewer make the lines short, more leave the cache."""
MOST_TAPS = 16
"""Elements of a pool's window up to which there is a function compiled for it that takes few images."""
SHARED_WELL, MUCH = 16, 3e7
"""Fewer images than this cannot be shared well, and more multiplications than this should be."""


def suits(images: Sequence[int], kernel: Sequence[int], dtype: np.dtype[Any]) -> bool:
    """Tell from the shapes of images and kernel, and their dtype, whether there is one pass, quicker than several.

    It is not for a few large images, whose rows each pass by itself shares among threads. Multiplications are counted
    as if the stride were 1.
    """
    if dtype.char not in "fd" or 0 in images or 0 in kernel:
        return False
    return images[0] >= SHARED_WELL or prod(images[:3]) * prod(kernel) < MUCH


def for_few(
    images: Sequence[int],
    kernel: Sequence[int],
    dtype: DTypeLike,
    pool: Pair,
    stride: Pair,
    padding: Padding,
    dilation: Pair,
) -> im2col.Forward | None:
    """Return what computes `conv2d_relu_pool` where no gradient is asked for, for images and a kernel of these shapes.

    It takes images, kernel and bias. None if these are not the few images that have a way of their own.
    """
    plan = plan_of(tuple(images[1:3]), tuple(kernel[:2]), pool, stride, padding, dilation)
    read = (plan.size[0] * pool[0], plan.size[1] * pool[1])
    if not im2col.suits(images[0], read, prod(kernel[:3])):
        return None
    axes = axes_of("conv2d", tuple(images[1:3]), tuple(kernel[:2]), stride, padding, dilation)
    usual = dtype == np.float32 and plan.taps <= MOST_TAPS
    work = (numba_use.compiled("compiled_im2col") if usual else None) or im2col
    prepared: im2col.Forward = work.prepared(*axes, plan.size, pool)
    return prepared


def conv2d_relu_pool(
    x: Array, w: Array, b: Array, pool: Pair, stride: Pair, padding: Padding, dilation: Pair, tracked: bool = True
) -> tuple[Array, State]:
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
    tracked
        Whether a backward pass may follow.

    Returns
    -------
    values
        (N, PH, PW, Cout), in memory (PH, Cout, PW, N), or as the shape says for a few images without `tracked`.
    shards
        For `conv2d_relu_pool_gradients`; none without `tracked`.

    Raises
    ------
    ValueError
        If a window does not fit.
    """
    few = None if tracked else for_few(x.shape, w.shape, x.dtype, pool, stride, padding, dilation)
    if few is not None:
        return few(x, w, b), []
    plan = plan_of(x.shape[1:3], w.shape[:2], pool, stride, padding, dilation)
    work = _for_few_tracked(x, w, plan)
    if work is not None:
        return work.forward(
            x, w, b, *axes_of("conv2d", x.shape[1:3], w.shape[:2], stride, padding, dilation), plan.size, pool
        )
    direct = direct_conv_relu_pool.forward(x, w, b, plan)
    if direct is not None:
        return direct[0], direct[1] if tracked else []
    values, shards = _in_shards(x, np.ascontiguousarray(w), b, plan, tracked)
    return in_logical_order(values), shards


def _for_few_tracked(x: Array, w: Array, plan: PoolPlan) -> ModuleType | None:
    """Return the compiled functions for few images, if these are few, and gradients will be asked for."""
    read = (plan.size[0] * plan.pool[0], plan.size[1] * plan.pool[1])
    few = len(x) < direct_convolution.FEW and im2col.suits(len(x), read, w.size // w.shape[3])
    usual = few and x.dtype == np.float32 and plan.taps <= MOST_TAPS
    return numba_use.compiled("compiled_im2col") if usual else None


def _in_shards(x: Array, kernel: Array, b: Array, plan: PoolPlan, tracked: bool) -> tuple[Array, list[ImageShard]]:
    """Return the values (PH, Cout, PW, N), and what a backward pass needs, if tracked."""
    values = allocate((plan.size[0], kernel.shape[3], plan.size[1], x.shape[0]), x.dtype)
    cuts = _cuts(x.shape[0], values.size * plan.taps * (kernel.size // kernel.shape[3]))
    shards: list[Any] = [None] * len(cuts)  # in order, whoever comes first

    def part(k: int) -> None:
        shards[k] = image_shard.forward(x, cuts[k], kernel, b, plan, values, tracked)

    threads.run(len(cuts), part)
    return values, shards if tracked else []


def conv2d_relu_pool_gradients(
    g: Array,
    w: Array,
    input_shape: Sequence[int],
    shards: State,
    pool: Pair,
    stride: Pair,
    padding: Padding,
    dilation: Pair,
    to_input: bool = True,
) -> tuple[Array | None, Array, Array] | None:
    """Return the gradients of ``sum(conv2d_relu_pool(x, w, b) * g)`` with respect to `x`, `w` and `b`.

    None if they are not finite and this way cannot tell which of them are not.

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
    if isinstance(shards, im2col.FewImages):
        axes = axes_of("conv2d", tuple(input_shape[1:3]), w.shape[:2], stride, padding, dilation)
        work: Any = numba_use.compiled("compiled_im2col", anyway=True)
        few: tuple[Array | None, Array, Array] = work.backward(g, shards, w, *axes, pool, to_input)
        return few
    if isinstance(shards, WholeBatch):
        return direct_conv_relu_pool.backward(g, shards, w, plan, to_input)
    weight_sums, bias_sums = np.zeros((len(shards), *w.shape), g.dtype), np.zeros((len(shards), w.shape[3]), g.dtype)
    batch, height, width, channels = input_shape
    out = allocate((height, channels, width, batch), g.dtype) if to_input else None

    def part(k: int) -> None:
        image_shard.backward(g, shards[k], w, plan, weight_sums[k], bias_sums[k], out)

    threads.run(len(shards), part)
    gradients = np.add.reduce(weight_sums, axis=0), np.add.reduce(bias_sums, axis=0)
    return None if out is None else in_logical_order(out), *gradients


def winners_of(shards: State, shape: Sequence[int]) -> Array:
    """Return the number of each window's winner, of the shape (N, PH, PW, Cout) of the result."""
    if isinstance(shards, (WholeBatch, im2col.FewImages)):
        return shards.winners()
    batch, high, wide, channels = shape
    out = np.empty((high, channels, wide, batch), shards[0].winners.dtype)
    for part in shards:
        out[..., part.images] = part.winners.reshape(high, channels, wide, -1)
    return in_logical_order(out)


def _cuts(batch: int, work: float) -> list[slice]:
    """Cut the batch: the same number of shards for each thread, of about `SHARD` images."""
    parts = threads.parts_for(work, SMALLEST_PART)
    rounds = max(1, round(batch / (SHARD * parts)))
    return [slice(*cut) for cut in threads.bounds(batch, parts * rounds, multiple=8)]
