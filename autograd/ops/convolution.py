"""Convolution of images ``(batch, height, width, channels)``.

Convolution is three bilinear operations: the convolution itself, its gradient to the input and its gradient to
the kernel. The derivatives of each are the other two, so every order of derivative is one of the three.

Shapes in comments: images (N, H, W, C), results (N, OH, OW, Cout), kernels (KH, KW, C, Cout). A convolution is the sum
over the KH * KW positions of its kernel of one matrix product each: of the pixels that the windows have at that
position with the weights there. `at_positions` gives these pixels, for pooling too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any, Literal

import numpy as np

from ...common.plain_data import plain
from ..core.call_types import keeps_kind
from ..core.node import Node
from ..core.op import Op
from .products import matmul
from .shaping import moveaxis, pad, reshape, sum_to, wide

__all__ = ["conv2d", "conv_transpose2d"]

Size = int | tuple[int, int]
Padding = int | tuple[int, int] | tuple[tuple[int, int], tuple[int, int]] | Literal["same", "valid"]
Pairs = tuple[tuple[int, int], tuple[int, int]]


def pair(value: Any, name: str, least: int = 1) -> tuple[int, int]:
    """Read one number or two as a pair.

    Raises
    ------
    ValueError
        If it is not one or two integers of at least ``least``.
    """
    first, second = value if isinstance(value, (tuple, list)) and len(value) == 2 else (value, value)
    if not (_counts(first, least) and _counts(second, least)):
        raise ValueError(f"{name} must be an integer of at least {least}, or two of them, got {value!r}")
    return int(first), int(second)


def _counts(value: Any, least: int) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool) and bool(value >= least)


def padding_pairs(
    padding: Padding, kernel: tuple[int, int], stride: tuple[int, int], dilation: tuple[int, int]
) -> Pairs:
    """Spell padding out as ``((top, bottom), (left, right))``.

    Parameters
    ----------
    padding : int, pair, pair of pairs, "same" or "valid"
        ``"same"`` keeps the size under stride 1 (an odd pixel goes to the bottom and right); ``"valid"`` is 0.
    kernel, stride, dilation : pair of int
    """
    if padding == "valid":
        padding = 0
    if padding == "same":
        if stride != (1, 1):
            raise ValueError(f"padding='same' needs stride 1, got {stride}; give the padding in pixels")
        extent = [(k - 1) * d for k, d in zip(kernel, dilation)]
        return (extent[0] // 2, extent[0] - extent[0] // 2), (extent[1] // 2, extent[1] - extent[1] // 2)
    if isinstance(padding, str):
        raise ValueError(f"padding must be 'same', 'valid' or in pixels, got {padding!r}")
    sides = padding if isinstance(padding, (tuple, list)) else (padding, padding)
    if len(sides) != 2:
        raise ValueError(f"padding must be one number, one for each axis, or a pair for each axis, got {padding!r}")
    return pair(sides[0], "padding", 0), pair(sides[1], "padding", 0)


def check_images(name: str, x: Any) -> None:
    """Raise if these are no images; the error names the operation."""
    if x.ndim != 4:
        raise ValueError(f"{name}: expected images of shape (batch, height, width, channels), got shape {x.shape}")
    if x.dtype.kind != "f":
        raise TypeError(
            f"{name}: expected floating-point images, got {x.dtype}; divide by 255.0 or use .astype(np.float32)"
        )


def numbers(x: Any) -> Any:
    """Return a node as it is, and anything else as an array."""
    return x if isinstance(x, Node) else np.asarray(plain(x))


# ------------------------------------------------------------------------------------------ where windows lie


def window_count(size: int, kernel: int, stride: int, padding: Sequence[int], dilation: int = 1) -> int:
    """Return how many windows lie along an axis of so many pixels; 0 if not even one does."""
    return max(0, (size + sum(padding) - (kernel - 1) * dilation - 1) // stride + 1)


def output_size(
    name: str,
    size: Sequence[int],
    kernel: Sequence[int],
    stride: Sequence[int],
    padding: Pairs,
    dilation: Sequence[int] = (1, 1),
) -> tuple[int, int]:
    """Return the height and width of what an operation makes of images of a height and width.

    Parameters
    ----------
    name : str
        What the error calls the operation.
    size, kernel, stride, dilation : pair of int
        For rows and columns.
    padding : pair of pair of int
        ``((top, bottom), (left, right))``.

    Raises
    ------
    ValueError
        If the kernel does not fit into the padded image even once.
    """
    high, wide = (window_count(size[k], kernel[k], stride[k], padding[k], dilation[k]) for k in (0, 1))
    if not high or not wide:
        extent = [(kernel[k] - 1) * dilation[k] + 1 for k in (0, 1)]
        padded = [size[k] + sum(padding[k]) for k in (0, 1)]
        raise ValueError(
            f"{name}: a kernel that spans {extent[0]} x {extent[1]} (size {tuple(kernel)}, dilation {tuple(dilation)})"
            f" does not fit into the padded input of {padded[0]} x {padded[1]}; use a smaller kernel or more padding"
        )
    return high, wide


def padded(x: Any, padding: Pairs, value: Any = 0) -> Any:
    """Return images (N, H, W, C) with a border of some value: (N, top + H + bottom, left + W + right, C)."""
    return np.pad(x, ((0, 0), *padding, (0, 0)), constant_values=value)


def without_padding(x: Any, padding: Pairs) -> Any:
    """Return padded images without their border: a view."""
    (top, bottom), (left, right) = padding
    return x[:, top : x.shape[1] - bottom, left : x.shape[2] - right]


def at_positions(
    images: Any, out: tuple[int, int], kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int] = (1, 1)
) -> Iterator[tuple[int, int, Any]]:
    """Yield for each position in the kernel, row by row, what all windows have there.

    Parameters
    ----------
    images : ndarray
        (N, H, W, C), padded.
    out : pair of int
        How many windows there are: OH and OW.
    kernel, stride, dilation : pair of int

    Yields
    ------
    i, j : int
        Row and column in the kernel.
    pixels : ndarray
        (N, OH, OW, C), a view of the images: of window (r, s) the pixel
        ``images[:, r * stride[0] + i * dilation[0], s * stride[1] + j * dilation[1]]``.
    """
    high, wide = [(out[k] - 1) * stride[k] + 1 for k in (0, 1)]  # from the first window's pixel to the last one's
    for i, j in product(range(kernel[0]), range(kernel[1])):
        top, left = i * dilation[0], j * dilation[1]
        yield i, j, images[:, top : top + high : stride[0], left : left + wide : stride[1]]


# ------------------------------------------------------------------------------------------ convolution


@Op
def _conv2d(x: Any, w: Any, /, stride: Any, padding: Pairs, dilation: Any) -> Any:
    """Correlate images with a kernel."""
    return _correlate(x, w, 0, stride, padding, dilation)


@Op
def _conv2d_with_bias(x: Any, w: Any, b: Any, /, stride: Any, padding: Pairs, dilation: Any) -> Any:
    """Correlate images with a kernel and add a number to each channel."""
    return _correlate(x, w, b, stride, padding, dilation)


def _correlate(x: Any, w: Any, b: Any, stride: Any, padding: Pairs, dilation: Any) -> Any:
    out = output_size("conv2d", x.shape[1:3], w.shape[:2], stride, padding, dilation)
    images, weights = padded(wide(x), padding), wide(w)
    total = np.zeros((len(x), *out, w.shape[3]), np.result_type(images, weights))
    for i, j, pixels in at_positions(images, out, w.shape[:2], stride, dilation):
        total += pixels @ weights[i, j]  # (N, OH, OW, C) @ (C, Cout)
    return (total + b).astype(np.result_type(x, w), copy=False)


@Op
def conv2d_input_gradient(g: Any, w: Any, /, shape: Any, stride: Any, padding: Pairs, dilation: Any) -> Any:
    """Spread each output over the window it was computed from."""
    out = _fitting("conv2d_input_gradient", g, shape, w.shape[:2], stride, padding, dilation)
    gradients, weights = wide(g), wide(w)
    total = padded(np.zeros((*shape[:3], w.shape[2]), np.result_type(gradients, weights)), padding)
    for i, j, pixels in at_positions(total, out, w.shape[:2], stride, dilation):
        pixels += gradients @ weights[i, j].T  # (N, OH, OW, Cout) @ (Cout, C)
    return without_padding(total, padding).astype(np.result_type(g, w), copy=False)


@Op
def conv2d_weight_gradient(x: Any, g: Any, /, shape: Any, stride: Any, padding: Pairs, dilation: Any) -> Any:
    """Correlate images with the gradients of the outputs."""
    out = _fitting("conv2d_weight_gradient", g, x.shape, shape[:2], stride, padding, dilation)
    images, gradients = padded(wide(x), padding), wide(g)
    result = np.empty((*shape[:2], x.shape[3], g.shape[3]), np.result_type(x, g))
    for i, j, pixels in at_positions(images, out, shape[:2], stride, dilation):
        result[i, j] = np.tensordot(pixels, gradients, ((0, 1, 2), (0, 1, 2)))  # over N, OH and OW: (C, Cout)
    return result


def _fitting(name: str, g: Any, shape: Any, kernel: Any, stride: Any, padding: Pairs, dilation: Any) -> tuple[int, int]:
    """Return the number of windows OH and OW if that is the size of a gradient (N, OH, OW, Cout), else raise."""
    out = output_size(name, shape[1:3], kernel, stride, padding, dilation)
    if tuple(g.shape[:3]) != (shape[0], *out):
        raise ValueError(
            f"{name}: g has shape {g.shape}; for this input and kernel it must be {(shape[0], *out, 'Cout')}"
        )
    return out


_conv2d.rules(
    lambda g, out, x, w, **window: conv2d_input_gradient(g, w, x.shape, **window),
    lambda g, out, x, w, **window: conv2d_weight_gradient(x, g, w.shape, **window),
)
_conv2d_with_bias.symbol = "conv2d"  # what was called
_conv2d_with_bias.rules(
    lambda g, out, x, w, b, **window: conv2d_input_gradient(g, w, x.shape, **window),
    lambda g, out, x, w, b, **window: conv2d_weight_gradient(x, g, w.shape, **window),
    lambda g, out, x, w, b, **window: sum_to(g, b.shape),
)
conv2d_input_gradient.rules(
    lambda h, out, g, w, shape, **window: _conv2d(h, w, **window),
    lambda h, out, g, w, shape, **window: conv2d_weight_gradient(h, g, w.shape, **window),
)
conv2d_weight_gradient.rules(
    lambda h, out, x, g, shape, **window: conv2d_input_gradient(g, h, x.shape, **window),
    lambda h, out, x, g, shape, **window: _conv2d(x, h, **window),
)


@keeps_kind
def conv2d(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Size = 1,
    padding: Padding = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> Any:
    """Two-dimensional convolution (cross-correlation, as in every network library).

    Parameters
    ----------
    x : array_like or Tensor
        Images, shape ``(batch, height, width, in_channels)``.
    weight : array_like or Tensor
        Shape ``(kernel_height, kernel_width, in_channels / groups, out_channels)``.
    bias : array_like or Tensor, optional
        Shape ``(out_channels,)``.
    stride, dilation : int or pair of int
    padding : int, pair, pair of pairs, "same" or "valid"
        Zeros around the image: for both axes, for (rows, columns), or ``((top, bottom), (left, right))``.
    groups : int, default 1
        The channels are split into so many groups of neighbours, and each group of output channels sees one group of
        input channels; ``in_channels`` groups are a depthwise convolution.

    Returns
    -------
    Tensor or ndarray
        Shape ``(batch, out_height, out_width, out_channels)`` with
        ``out = (size + padding - dilation * (kernel - 1) - 1) // stride + 1``.

    Raises
    ------
    ValueError
        If shapes do not fit, or the kernel is larger than the padded image.
    """
    x, weight, bias, window = checked(x, weight, bias, stride, padding, dilation, groups)
    if groups != 1:
        result = _in_groups(x, weight, groups, **window)
        return result if bias is None else result + bias
    return _conv2d(x, weight, **window) if bias is None else _conv2d_with_bias(x, weight, bias, **window)


def checked(
    x: Any, weight: Any, bias: Any, stride: Size, padding: Padding, dilation: Size, groups: int = 1
) -> tuple[Any, ...]:
    """Return what goes into a convolution as arrays or nodes, and its window; raise if they do not fit."""
    stride, dilation = pair(stride, "conv2d: stride"), pair(dilation, "conv2d: dilation")
    x, weight = numbers(x), numbers(weight)
    check_images("conv2d", x)
    if groups != 1:
        _check_groups(groups, x.shape[3], weight.shape[-1])
    if weight.ndim != 4 or weight.shape[2] * groups != x.shape[3]:
        raise ValueError(
            f"conv2d: a weight of shape {weight.shape} does not fit images of shape {x.shape}"
            f"{f' in {groups} groups' if groups != 1 else ''}; expected "
            f"(kernel_height, kernel_width, {x.shape[3] // groups}, out_channels)"
        )
    if weight.dtype != x.dtype:
        raise TypeError(
            f"conv2d: the images are {x.dtype}, the weight is {weight.dtype}; cast one of them with .astype()"
        )
    if bias is not None:
        bias = numbers(bias)
        if bias.shape != weight.shape[3:] or bias.dtype != x.dtype:
            raise ValueError(
                f"conv2d: a bias of shape {bias.shape} and dtype {bias.dtype} does not fit; expected shape "
                f"{weight.shape[3:]} and dtype {x.dtype}"
            )
    pads = padding_pairs(padding, weight.shape[:2], stride, dilation)
    return x, weight, bias, {"stride": stride, "padding": pads, "dilation": dilation}


def _check_groups(groups: Any, channels: int, out_channels: int) -> None:
    if not _counts(groups, 1):
        raise ValueError(f"conv2d: groups must be an integer of at least 1, got {groups!r}")
    if channels % groups or out_channels % groups:
        raise ValueError(
            f"conv2d: {channels} input and {out_channels} output channels cannot both be split into {groups} groups"
        )


def _in_groups(x: Any, weight: Any, groups: int, stride: Any, padding: Pairs, dilation: Any) -> Any:
    """Convolve each group of channels with its own kernel: one product for each position in the kernel."""
    kernel, out_channels = weight.shape[:2], weight.shape[3]
    out = output_size("conv2d", x.shape[1:3], kernel, stride, padding, dilation)
    images = pad(x, ((0, 0), *padding, (0, 0)))
    n, high, wide, channels = images.shape
    apart = moveaxis(reshape(images, (n, high, wide, groups, channels // groups)), 3, 0)
    apart = reshape(apart, (groups * n, high, wide, channels // groups))
    kernels = moveaxis(reshape(weight, (*kernel, channels // groups, groups, out_channels // groups)), 3, 2)
    total: Any = 0
    for i, j, pixels in at_positions(apart, out, kernel, stride, dilation):
        rows = reshape(pixels, (groups, n * out[0] * out[1], channels // groups))
        total = total + matmul(rows, kernels[i, j])  # (groups, rows, C / groups) @ (groups, C / groups, Cout / groups)
    return reshape(moveaxis(reshape(total, (groups, n, *out, out_channels // groups)), 0, 3), (n, *out, out_channels))


@keeps_kind
def conv_transpose2d(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Size = 1,
    padding: Padding = 0,
    output_padding: Size = 0,
    dilation: Size = 1,
) -> Any:
    """Transposed convolution: the input gradient of a convolution, used as an operation of its own.

    Parameters
    ----------
    x : array_like or Tensor
        Shape ``(batch, height, width, in_channels)``.
    weight : array_like or Tensor
        Shape ``(kernel_height, kernel_width, out_channels, in_channels)``: that of the convolution whose gradient
        this is.
    bias : array_like or Tensor, optional
        Shape ``(out_channels,)``.
    stride, dilation : int or pair of int
    padding : int, pair or pair of pairs
        How much of the border of the result is cut off.
    output_padding : int or pair of int
        Rows and columns added at the bottom and right; less than the stride. It chooses among the sizes that
        the convolution maps to the same output size.

    Returns
    -------
    Tensor or ndarray
        Shape ``(batch, out_height, out_width, out_channels)`` with ``out = (size - 1) * stride - padding +
        dilation * (kernel - 1) + output_padding + 1``.

    Raises
    ------
    ValueError
        If shapes do not fit.
    """
    stride, dilation = pair(stride, "conv_transpose2d: stride"), pair(dilation, "conv_transpose2d: dilation")
    extra = pair(output_padding, "conv_transpose2d: output_padding", 0)
    x, weight = numbers(x), numbers(weight)
    check_images("conv_transpose2d", x)
    if weight.ndim != 4 or weight.shape[3] != x.shape[3]:
        raise ValueError(
            f"conv_transpose2d: a weight of shape {weight.shape} does not fit images of shape {x.shape}; expected "
            f"(kernel_height, kernel_width, out_channels, {x.shape[3]})"
        )
    if any(e >= s for e, s in zip(extra, stride)):
        raise ValueError(f"conv_transpose2d: output_padding {extra} must be smaller than the stride {stride}")
    pads = padding_pairs(padding, weight.shape[:2], stride, dilation)
    sizes = [
        (x.shape[i + 1] - 1) * stride[i] - sum(pads[i]) + dilation[i] * (weight.shape[i] - 1) + extra[i] + 1
        for i in (0, 1)
    ]
    if min(sizes) < 1:
        raise ValueError(
            f"conv_transpose2d: images of shape {x.shape} would become {sizes[0]} x {sizes[1]}; use less padding"
        )
    shape = (x.shape[0], *sizes, weight.shape[2])
    out = conv2d_input_gradient(x, weight, shape, stride, pads, dilation)
    return out if bias is None else out + bias
