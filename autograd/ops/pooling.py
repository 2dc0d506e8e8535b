"""Pooling of images ``(batch, height, width, channels)``.

Pooling is linear once the winner of each window is known. Two pairs of operations are adjoint, each one's derivative
being the other: reading the winners and writing to where they were, and adding up windows and spreading over them.

Shapes in comments: images (N, H, W, C), a number for each window (N, OH, OW, C). A winner is the place of a pixel in
its window, row by row: ``i * KW + j`` in a window of (KH, KW) pixels, or ``KH * KW`` if the window lies in the padding.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...common.seam import interpretable, replaceable
from ..core.call_types import keeps_kind
from ..core.node import Node, data_of
from ..core.op import Op, PlainFunction
from ..core.recording import record
from .convolution import (
    Padding,
    Pairs,
    Size,
    at_positions,
    check_images,
    numbers,
    output_size,
    padded,
    padding_pairs,
    pair,
    without_padding,
)
from .shaping import astype, narrow, wide

__all__ = ["avg_pool2d", "max_pool2d"]


@PlainFunction
@replaceable
def window_max(x: Any, kernel: Any, stride: Any, padding: Pairs) -> tuple[Any, Any]:
    """Return the largest element of each window of images, and which it is.

    The first NaN wins, or else the first of equal elements. Padding never wins; a window that lies in the padding
    altogether has the value -inf.

    Parameters
    ----------
    x : ndarray
        (N, H, W, C), of floats.
    kernel, stride, padding
        As in `max_pool2d`, spelt out.

    Returns
    -------
    values : ndarray
        (N, OH, OW, C), of the dtype of `x`.
    winners : ndarray
        (N, OH, OW, C), unsigned integers.
    """
    out, last = output_size("max_pool2d", x.shape[1:3], kernel, stride, padding), kernel[0] * kernel[1]
    values = np.full((len(x), *out, x.shape[3]), -np.inf, x.dtype)
    winners = np.full(values.shape, last, np.min_scalar_type(last))
    real = padded(np.ones((1, *x.shape[1:3], 1), bool), padding, False)  # (1, H, W, 1): which pixels are no padding
    pixels = at_positions(padded(x, padding), out, kernel, stride)
    inside = at_positions(real, out, kernel, stride)
    for (i, j, candidates), (_, _, may_win) in reversed(list(zip(pixels, inside))):
        wins = may_win & ((candidates >= values) | np.isnan(candidates))  # from the last to the first: so ties go to it
        values = np.where(wins, candidates, values)
        winners[wins] = i * kernel[1] + j
    return values, winners


@Op
def window_take(x: Any, /, winners: Any, kernel: Any, stride: Any, padding: Pairs) -> Any:
    """Pick the winner of each window."""
    out = output_size("window_take", x.shape[1:3], kernel, stride, padding)
    result = np.zeros(winners.shape, x.dtype)
    for i, j, pixels in at_positions(padded(x, padding), out, kernel, stride):
        result = np.where(winners == i * kernel[1] + j, pixels, result)
    return result


@Op
def window_put(g: Any, /, winners: Any, shape: Any, kernel: Any, stride: Any, padding: Pairs) -> Any:
    """Add each window's element back to where its winner was."""
    out = output_size("window_put", shape[1:3], kernel, stride, padding)
    gradients = wide(g)
    total = padded(np.zeros(shape, gradients.dtype), padding)
    for i, j, pixels in at_positions(total, out, kernel, stride):
        pixels += np.where(winners == i * kernel[1] + j, gradients, 0)
    return narrow(without_padding(total, padding), g)


window_take.symbol = "max_pool2d"  # what was called
window_take.rules(lambda g, out, x, winners, **window: window_put(g, winners, x.shape, **window))
window_put.rules(lambda h, out, g, winners, shape, **window: window_take(h, winners, **window))


@Op
def _window_sum(x: Any, /, kernel: Any, stride: Any, padding: Pairs) -> Any:
    """Add up each window."""
    out = output_size("window_sum", x.shape[1:3], kernel, stride, padding)
    total = np.zeros((len(x), *out, x.shape[3]), x.dtype)
    for _, _, pixels in at_positions(padded(x, padding), out, kernel, stride):
        total += pixels
    return total


@Op
def _window_spread(g: Any, /, shape: Any, kernel: Any, stride: Any, padding: Pairs) -> Any:
    """Add each element to every place of its window."""
    out = output_size("window_spread", shape[1:3], kernel, stride, padding)
    total = padded(np.zeros(shape, g.dtype), padding)
    for _, _, pixels in at_positions(total, out, kernel, stride):
        pixels += g
    return without_padding(total, padding)


_window_sum.rules(lambda g, out, x, **window: _window_spread(g, x.shape, **window))
_window_spread.rules(lambda h, out, g, shape, **window: _window_sum(h, **window))


def _window(name: str, x: Any, kernel_size: Size, stride: Size | None, padding: Padding) -> dict[str, Any]:
    check_images(name, x)
    kernel = pair(kernel_size, f"{name}: kernel_size")
    steps = kernel if stride is None else pair(stride, f"{name}: stride")
    return {"kernel": kernel, "stride": steps, "padding": padding_pairs(padding, kernel, steps, (1, 1))}


@keeps_kind
@interpretable
def max_pool2d(x: Any, kernel_size: Size, stride: Size | None = None, padding: Padding = 0) -> Any:
    """Largest element of each window, channel by channel.

    In a tie the first element in row-major order takes the whole gradient. Padding never wins.

    Parameters
    ----------
    x : array_like or Tensor
        Shape ``(batch, height, width, channels)``.
    kernel_size : int or pair of int
    stride : int or pair of int, optional
        Default: the kernel size, so that windows do not overlap.
    padding : int, pair or pair of pairs

    Returns
    -------
    Tensor or ndarray
        Shape ``(batch, out_height, out_width, channels)`` with ``out = (size + padding - kernel) // stride + 1``.

    Raises
    ------
    ValueError
        If a window is larger than the padded image.
    """
    x = numbers(x)
    window = _window("max_pool2d", x, kernel_size, stride, padding)
    values, winners = window_max(data_of(x), **window)
    if not isinstance(x, Node):
        return values
    return record(window_take, values, (x,), {"winners": winners, **window})


@keeps_kind
def avg_pool2d(x: Any, kernel_size: Size, stride: Size | None = None, padding: Padding = 0) -> Any:
    """Mean of each window, channel by channel; padding counts as zeros.

    Parameters
    ----------
    x : array_like or Tensor
        Shape ``(batch, height, width, channels)``.
    kernel_size : int or pair of int
    stride : int or pair of int, optional
        Default: the kernel size, so that windows do not overlap.
    padding : int, pair or pair of pairs

    Returns
    -------
    Tensor or ndarray
        Shape ``(batch, out_height, out_width, channels)``.
    """
    x = numbers(x)
    window = _window("avg_pool2d", x, kernel_size, stride, padding)
    share = 1.0 / (window["kernel"][0] * window["kernel"][1])
    if x.dtype.char == "e":  # the sum of a window may be more than float16 can hold
        return astype(_window_sum(astype(x, np.float32), **window) * share, np.float16)
    return _window_sum(x, **window) * share
