"""Batch normalisation of images, and its gradients: a few passes over memory that is used again, shared by threads."""

from __future__ import annotations

import numpy as np

from . import batch_norm_lines, threads
from .geometry import Array, in_logical_order, in_memory_order
from .rectification import channel_sum
from .workspace import allocate

SMALLEST_PART = 1 << 18
"""Elements in the smallest part of work worth handing to another thread."""


def batch_norm(
    x: Array, weight: Array, bias: Array, eps: float, moments: tuple[Array, Array] | None = None
) -> tuple[Array, Array, Array]:
    """Give each channel mean 0 and variance 1, then scale and shift it.

    Parameters
    ----------
    x
        (N, H, W, C), any memory layout.
    weight, bias
        (C,), of the dtype of `x`.
    eps
        Added to the variance.
    moments
        Mean and variance, (C,), to use instead of the channels' own.

    Returns
    -------
    out
        (N, H, W, C), in memory (H, C, W, N).
    mean, var
        (C,), that were used.
    """
    lines, count = _lines(x), x.dtype.type(x.size // x.shape[3])  # (H, C, W * N)
    work = batch_norm_lines.compiled_for(x)
    if work is not None:
        mean, var = batch_norm_lines.moments(work, lines) if moments is None else moments
        out, scale = allocate(lines.shape, x.dtype), 1 / _deviation(var, eps) * weight
        batch_norm_lines.normalize(work, lines, mean, scale, bias, out)
        return _images(out, x), mean, var
    mean = channel_sum(x) / count if moments is None else moments[0]
    out = allocate(lines.shape, x.dtype)
    squares = np.empty(lines.shape[:2], x.dtype)

    def center(low: int, high: int) -> None:
        centered = np.subtract(lines[low:high], mean[:, None], out=out[low:high])
        if moments is None:
            np.einsum("hcl,hcl->hc", centered, centered, out=squares[low:high])

    threads.share(len(lines), x.size, SMALLEST_PART, center)
    var = np.add.reduce(squares, axis=0) / count if moments is None else moments[1]
    scale = 1 / _deviation(var, eps) * weight

    def spread(low: int, high: int) -> None:
        centered = out[low:high]
        centered *= scale[:, None]
        centered += bias[:, None]

    threads.share(len(lines), x.size, SMALLEST_PART, spread)
    return _images(out, x), mean, var


def batch_norm_gradients(
    g: Array, x: Array, weight: Array, mean: Array, var: Array, eps: float
) -> tuple[Array, Array, Array]:
    """Return the gradients of ``sum(batch_norm(x, weight, bias) * g)`` with respect to `x`, `weight` and `bias`.

    With ``z = (x - mean) / deviation`` that of `x` is ``weight / deviation * (g - mean(g) - z * mean(g * z))``.
    """
    work = batch_norm_lines.compiled_for(x)
    lines, gradient, count = _lines(x), _lines(g), x.dtype.type(x.size // x.shape[3])  # (H, C, W * N), both
    deviation, out = _deviation(var, eps), allocate(lines.shape, x.dtype)
    if work is not None:
        others = batch_norm_lines.gradients(work, gradient, lines, weight, mean, deviation, out)
        return _images(out, x), *others
    products = np.empty(lines.shape[:2], x.dtype)

    def center(low: int, high: int) -> None:
        centered = np.subtract(lines[low:high], mean[:, None], out=out[low:high])
        np.einsum("hcl,hcl->hc", gradient[low:high], centered, out=products[low:high])

    threads.share(len(lines), x.size, SMALLEST_PART, center)
    to_bias, to_weight = channel_sum(g), np.add.reduce(products, axis=0) / deviation
    level, slope, scale = to_bias / count, to_weight / count / deviation, weight / deviation

    def combine(low: int, high: int) -> None:
        centered = out[low:high]
        centered *= -slope[:, None]
        centered += gradient[low:high]
        centered -= level[:, None]
        centered *= scale[:, None]

    threads.share(len(lines), x.size, SMALLEST_PART, combine)
    return _images(out, x), to_weight, to_bias


def _deviation(var: Array, eps: float) -> Array:
    deviation: Array = np.sqrt(var + var.dtype.type(eps))
    return deviation


def _lines(x: Array) -> Array:
    """Return images (N, H, W, C) as lines (H, C, W * N)."""
    return in_memory_order(x, x.dtype).reshape(x.shape[1], x.shape[3], -1)


def _images(lines: Array, x: Array) -> Array:
    """Return lines (H, C, W * N) as images of the shape of `x`."""
    return in_logical_order(lines.reshape(*lines.shape[:2], x.shape[2], x.shape[0]))
