"""Convolution and pooling of images ``(batch, height, width, channels)``.

Convolution is three bilinear operations: the convolution itself, its gradient to the input and its gradient to
the kernel. The derivatives of each are the other two, so every order of derivative is one of the three.
Pooling is linear once its winners are known, and gathering them has scattering as its adjoint.
The kernels that do the work on plain arrays are in ``kernels/``.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from ...common.plain_data import plain
from ..core.node import Node, data_of
from ..core.op import Op
from ..core.recording import record
from ..fast import kernels
from .shaping import astype, narrow, sum_to, wide

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
    if first.__class__ is second.__class__ is int and first >= least <= second:  # as nearly always
        return first, second
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


def _check_images(name: str, x: Any) -> None:
    if x.ndim != 4:
        raise ValueError(f"{name}: expected images of shape (batch, height, width, channels), got shape {x.shape}")
    if x.dtype.kind != "f":
        raise TypeError(
            f"{name}: expected floating-point images, got {x.dtype}; divide by 255.0 or use .astype(np.float32)"
        )


# ------------------------------------------------------------------------------------------ convolution


@Op
def _conv2d(x: Any, w: Any, /, stride: Any, padding: Pairs, dilation: Any) -> Any:
    """Correlate images with a kernel."""
    return kernels.conv2d(x, w, stride, padding, dilation)


@Op
def _conv2d_with_bias(x: Any, w: Any, b: Any, /, stride: Any, padding: Pairs, dilation: Any) -> Any:
    """Correlate images with a kernel and add a number to each channel."""
    return kernels.conv2d(x, w, stride, padding, dilation, b)


@Op
def conv2d_input_gradient(g: Any, w: Any, /, shape: Any, stride: Any, padding: Pairs, dilation: Any) -> Any:
    """Spread each output over the window it was computed from."""
    return kernels.conv2d_input_gradient(g, w, shape, stride, padding, dilation)


@Op
def conv2d_weight_gradient(x: Any, g: Any, /, shape: Any, stride: Any, padding: Pairs, dilation: Any) -> Any:
    """Correlate images with the gradients of the outputs."""
    return kernels.conv2d_weight_gradient(x, g, shape, stride, padding, dilation)


_conv2d.rules(
    lambda g, out, x, w, **window: conv2d_input_gradient(g, w, x.shape, **window),
    lambda g, out, x, w, **window: conv2d_weight_gradient(x, g, w.shape, **window),
)
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


def conv2d(x: Any, weight: Any, bias: Any = None, stride: Size = 1, padding: Padding = 0, dilation: Size = 1) -> Any:
    """Two-dimensional convolution (cross-correlation, as in every network library).

    Parameters
    ----------
    x : array_like or Tensor
        Images, shape ``(batch, height, width, in_channels)``.
    weight : array_like or Tensor
        Shape ``(kernel_height, kernel_width, in_channels, out_channels)``.
    bias : array_like or Tensor, optional
        Shape ``(out_channels,)``.
    stride, dilation : int or pair of int
    padding : int, pair, pair of pairs, "same" or "valid"
        Zeros around the image: for both axes, for (rows, columns), or ``((top, bottom), (left, right))``.

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
    x, weight, bias, window = checked(x, weight, bias, stride, padding, dilation)
    return _conv2d(x, weight, **window) if bias is None else _conv2d_with_bias(x, weight, bias, **window)


def checked(x: Any, weight: Any, bias: Any, stride: Size, padding: Padding, dilation: Size) -> tuple[Any, ...]:
    """Return what goes into a convolution as arrays or nodes, and its window; raise if they do not fit."""
    stride, dilation = pair(stride, "conv2d: stride"), pair(dilation, "conv2d: dilation")
    x, weight = _numbers(x), _numbers(weight)
    _check_images("conv2d", x)
    if weight.ndim != 4 or weight.shape[2] != x.shape[3]:
        raise ValueError(
            f"conv2d: a weight of shape {weight.shape} does not fit images of shape {x.shape}; expected "
            f"(kernel_height, kernel_width, {x.shape[3]}, out_channels)"
        )
    if weight.dtype != x.dtype:
        raise TypeError(
            f"conv2d: the images are {x.dtype}, the weight is {weight.dtype}; cast one of them with .astype()"
        )
    if bias is not None:
        bias = _numbers(bias)
        if bias.shape != weight.shape[3:] or bias.dtype != x.dtype:
            raise ValueError(
                f"conv2d: a bias of shape {bias.shape} and dtype {bias.dtype} does not fit; expected shape "
                f"{weight.shape[3:]} and dtype {x.dtype}"
            )
    pads = padding_pairs(padding, weight.shape[:2], stride, dilation)
    return x, weight, bias, {"stride": stride, "padding": pads, "dilation": dilation}


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
    x, weight = _numbers(x), _numbers(weight)
    _check_images("conv_transpose2d", x)
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


def _numbers(x: Any) -> Any:
    return x if isinstance(x, Node) else np.asarray(plain(x))


# ---------------------------------------------------------------------------------------------- pooling


@Op
def window_take(x: Any, /, winners: Any, kernel: Any, stride: Any, padding: Pairs) -> Any:
    """Pick the winner of each window."""
    return kernels.window_take(x, winners, kernel, stride, padding)


@Op
def window_put(g: Any, /, winners: Any, shape: Any, kernel: Any, stride: Any, padding: Pairs) -> Any:
    """Add each window's element back to where its winner was."""
    return narrow(kernels.window_put(wide(g), winners, shape, kernel, stride, padding), g)


window_take.rules(
    lambda g, out, x, winners, **window: window_put(g, winners, x.shape, **window),
)
window_put.rules(lambda h, out, g, winners, shape, **window: window_take(h, winners, **window))


@Op
def _window_sum(x: Any, /, kernel: Any, stride: Any, padding: Pairs) -> Any:
    """Add up each window."""
    return kernels.window_sum(x, kernel, stride, padding)


@Op
def _window_spread(g: Any, /, shape: Any, kernel: Any, stride: Any, padding: Pairs) -> Any:
    """Add each element to every place of its window."""
    return kernels.window_spread(g, shape, kernel, stride, padding)


_window_sum.rules(lambda g, out, x, **window: _window_spread(g, x.shape, **window))
_window_spread.rules(lambda h, out, g, shape, **window: _window_sum(h, **window))


def _window(name: str, x: Any, kernel_size: Size, stride: Size | None, padding: Padding) -> dict[str, Any]:
    _check_images(name, x)
    kernel = pair(kernel_size, f"{name}: kernel_size")
    steps = kernel if stride is None else pair(stride, f"{name}: stride")
    return {"kernel": kernel, "stride": steps, "padding": padding_pairs(padding, kernel, steps, (1, 1))}


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
    x = _numbers(x)
    window = _window("max_pool2d", x, kernel_size, stride, padding)
    values, winners = kernels.window_max(data_of(x), **window)
    if not isinstance(x, Node):
        return values
    return record(window_take, values, (x,), {"winners": winners, **window})


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
    x = _numbers(x)
    window = _window("avg_pool2d", x, kernel_size, stride, padding)
    share = 1.0 / (window["kernel"][0] * window["kernel"][1])
    if x.dtype.char == "e":  # the sum of a window may be more than float16 can hold
        return astype(_window_sum(astype(x, np.float32), **window) * share, np.float16)
    return _window_sum(x, **window) * share
