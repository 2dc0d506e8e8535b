"""Computations over the positions of sequences and images, channels last, as functions without state."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np

from ..autograd import Tensor, avg_pool2d, conv2d, expand_dims, squeeze, stack
from ..common.argument_checks import checked_count
from ..common.elsewhere import takes_other_names
from .module import TensorLike, as_tensor

Size = int | tuple[int, int]


@takes_other_names
def conv1d(
    x: TensorLike,
    weight: TensorLike,
    bias: TensorLike | None = None,
    stride: int = 1,
    padding: int | Literal["same", "valid"] = 0,
    dilation: int = 1,
    groups: int = 1,
) -> Tensor:
    """One-dimensional convolution: a ``conv2d`` over images that are one pixel high.

    Parameters
    ----------
    x : Tensor or array_like, shape (batch, length, in_channels)
        Sequences.
    weight : Tensor or array_like, shape (kernel_size, in_channels / groups, out_channels)
        The kernel.
    bias : Tensor or array_like, shape (out_channels,), optional
        Added to each channel.
    stride, dilation, groups : int, default 1
    padding : int, "same" or "valid", default 0
        Zeros added at each end.

    Returns
    -------
    Tensor, shape (batch, out_length, out_channels)

    Raises
    ------
    ValueError
        If shapes do not fit, or the kernel is longer than the padded sequences.
    """
    x, weight = as_tensor(x), as_tensor(weight)
    if x.ndim != 3 or weight.ndim != 3:
        raise ValueError(
            "conv1d: expected sequences (batch, length, in_channels) and a weight (kernel_size, in_channels / groups, "
            f"out_channels), got shapes {x.shape} and {weight.shape}"
        )
    ends: Any = padding if isinstance(padding, str) else (0, padding)
    rows = conv2d(expand_dims(x, 1), expand_dims(weight, 0), bias, (1, stride), ends, (1, dilation), groups)
    result: Tensor = squeeze(rows, 1)
    return result


@takes_other_names
def adaptive_avg_pool2d(x: TensorLike, output_size: int | tuple[int | None, int | None] | None) -> Tensor:
    """Average images down (or up) to a given height and width.

    Row ``i`` of ``n`` is the mean of the rows from ``floor(i * height / n)`` to before
    ``ceil((i + 1) * height / n)``, and columns likewise: the parts differ in size by at most one and may overlap, if
    ``n`` does not divide the height.

    Parameters
    ----------
    x : Tensor or array_like, shape (batch, height, width, channels)
        Images.
    output_size : int, None, or a pair of them
        Height and width of the result; None keeps that of the images.

    Returns
    -------
    Tensor, shape (batch, out_height, out_width, channels)
    """
    x = _images("adaptive_avg_pool2d", x)
    wanted = output_size if isinstance(output_size, tuple | list) else (output_size, output_size)
    if len(wanted) != 2:
        raise ValueError(f"adaptive_avg_pool2d: output_size must be one number or two, got {output_size!r}")
    name = "adaptive_avg_pool2d: output_size"
    high, wide = (size if n is None else checked_count(name, n) for n, size in zip(wanted, x.shape[1:3]))
    if x.shape[1] % high == 0 and x.shape[2] % wide == 0:
        pooled: Tensor = avg_pool2d(x, (x.shape[1] // high, x.shape[2] // wide))
        return pooled
    rows = stack([x[:, start:stop].mean(axis=1) for start, stop in _parts(x.shape[1], high)], axis=1)
    columns: Tensor = stack([rows[:, :, start:stop].mean(axis=2) for start, stop in _parts(x.shape[2], wide)], axis=2)
    return columns


def _parts(size: int, count: int) -> list[tuple[int, int]]:
    """Return where each part of an axis begins and ends."""
    return [(i * size // count, -(-(i + 1) * size // count)) for i in range(count)]


@takes_other_names
def interpolate(
    x: TensorLike,
    size: Size | None = None,
    scale_factor: float | tuple[float, float] | None = None,
    mode: Literal["nearest", "bilinear"] = "nearest",
    align_corners: bool = False,
) -> Tensor:
    """Resize images: repeat the nearest pixel, or draw straight lines between pixels.

    Parameters
    ----------
    x : Tensor or array_like, shape (batch, height, width, channels)
        Images.
    size : int or (int, int), optional
        Height and width of the result.
    scale_factor : float or (float, float), optional
        By what height and width are multiplied (and rounded down); instead of ``size``.
    mode : "nearest" or "bilinear", default "nearest"
    align_corners : bool, default False
        For ``"bilinear"``: True keeps the centres of the corner pixels where they are, False their outer corners.

    Returns
    -------
    Tensor, shape (batch, out_height, out_width, channels)

    Raises
    ------
    ValueError
        If not exactly one of ``size`` and ``scale_factor`` is given, or the result would have no pixels.
    """
    x = _images("interpolate", x)
    if mode not in ("nearest", "bilinear"):
        raise ValueError(f"interpolate: mode must be 'nearest' or 'bilinear', got {mode!r}")
    for axis, (before, after, step) in enumerate(_steps(x.shape[1:3], size, scale_factor), 1):
        if mode == "nearest":
            x = _at(x, axis, np.minimum((np.arange(after) * step).astype(np.intp), before - 1))
        else:
            x = _between(x, axis, _places(before, after, step, align_corners))
    return x


def _steps(sizes: Any, size: Size | None, scale: Any) -> list[tuple[int, int, float]]:
    """Return for both axes the size before and after, and how far a step of one pixel there is here."""
    if (size is None) == (scale is None):
        raise ValueError("interpolate: give either size or scale_factor")
    if size is not None:
        after = size if isinstance(size, tuple | list) else (size, size)
        counts = [checked_count("interpolate: size", n) for n in after]
        return [(before, n, before / n) for before, n in zip(sizes, counts, strict=True)]
    scales = scale if isinstance(scale, tuple | list) else (scale, scale)
    counts = [math.floor(before * factor) for before, factor in zip(sizes, scales, strict=True)]
    if min(counts) < 1:
        raise ValueError(f"interpolate: images of {sizes[0]} x {sizes[1]} times {scale} have no pixels")
    return [(before, n, 1.0 / factor) for before, n, factor in zip(sizes, counts, scales)]


def _places(before: int, after: int, step: float, align_corners: bool) -> Any:
    """Return where along an axis the pixels of the result are, as fractions between its pixels."""
    if align_corners:
        return np.arange(after) * ((before - 1) / (after - 1) if after > 1 else 0.0)
    return np.maximum((np.arange(after) + 0.5) * step - 0.5, 0.0)


def _between(x: Tensor, axis: int, places: Any) -> Tensor:
    """Return a weighted mean of the two pixels around each place."""
    lower = np.minimum(places.astype(np.intp), x.shape[axis] - 1)
    upper = np.minimum(lower + 1, x.shape[axis] - 1)
    share = np.expand_dims(places - lower, (*range(axis), *range(axis + 1, x.ndim))).astype(x.dtype)
    result: Tensor = _at(x, axis, lower) * (1 - share) + _at(x, axis, upper) * share
    return result


def _at(x: Tensor, axis: int, indices: Any) -> Tensor:
    result: Tensor = x[(slice(None),) * axis + (indices,)]
    return result


def _images(name: str, x: TensorLike) -> Tensor:
    x = as_tensor(x)
    if x.ndim != 4 or 0 in x.shape[1:3]:
        raise ValueError(
            f"{name}: expected images (batch, height, width, channels), not without pixels, got shape {x.shape}"
        )
    return x
