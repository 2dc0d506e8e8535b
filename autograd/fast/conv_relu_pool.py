"""A convolution with what usually follows it, bias, relu and max pooling, as one operation in one pass.

Its derivatives are those of the four: what arrives goes back to the winners of the pool, unless relu cut them off,
and from there through the convolution. On plain arrays one kernel does all of that at once.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...common.plain_data import is_complex
from ..batched import differs
from ..core.node import Node, data_of
from ..core.op import Op, PlainFunction
from ..core.recording import is_recording, record
from ..ops.convolution import (
    Padding,
    Size,
    checked,
    conv2d,
    conv2d_input_gradient,
    conv2d_weight_gradient,
    output_size,
    pair,
)
from ..ops.elementwise import relu
from ..ops.pooling import max_pool2d, window_put
from ..ops.questions import asked
from ..ops.shaping import sum_to
from . import kernels

_NO_PADDING = ((0, 0), (0, 0))


@Op
def _conv2d_relu_max_pool2d(
    x: Any, w: Any, b: Any, /, shards: Any, pool: Any, stride: Any, padding: Any, dilation: Any
) -> Any:
    """Correlate images with a kernel, add a number to each channel, and pick the winner of each window, if positive."""
    before = kernels.conv2d(x, w, stride, padding, dilation, b)
    shape = (len(x), before.shape[1] // pool[0], before.shape[2] // pool[1], before.shape[3])
    return kernels.window_take(before, kernels.winners_of(shards, shape), pool, pool, _NO_PADDING)


_winners_of = PlainFunction(kernels.winners_of)


def _before_pool(g: Any, x: Any, w: Any, shards: Any, pool: Any, **window: Any) -> Any:
    """The gradient of the convolution's result."""
    shape = (x.shape[0], *output_size("conv2d", x.shape[1:3], w.shape[:2], **window), w.shape[3])
    return window_put(g, _winners_of(shards, g.shape), shape, pool, pool, _NO_PADDING)


_conv2d_relu_max_pool2d.rules(
    lambda g, out, x, w, b, shards, pool, **window: conv2d_input_gradient(
        _before_pool(g, x, w, shards, pool, **window), w, x.shape, **window
    ),
    lambda g, out, x, w, b, shards, pool, **window: conv2d_weight_gradient(
        x, _before_pool(g, x, w, shards, pool, **window), w.shape, **window
    ),
    lambda g, out, x, w, b, shards, pool, **window: sum_to(_before_pool(g, x, w, shards, pool, **window), b.shape),
)


def _vjp(g: Any, out: Any, x: Any, w: Any, b: Any, wanted: Any, **params: Any) -> Any:
    """What the three rules of the operation say."""
    if is_complex(g):
        return NotImplemented
    found = kernels.conv2d_relu_pool_gradients(g, w, x.shape, **params, to_input=wanted[0])
    return NotImplemented if found is None else found


_conv2d_relu_max_pool2d.linear = _conv2d_relu_max_pool2d.chooses = True


def install() -> None:
    """Install the gradients of all inputs at once."""
    _conv2d_relu_max_pool2d.fast_vjp = _vjp


_values_and_shards = PlainFunction(kernels.conv2d_relu_pool)


@asked
def _is_finite(b: Any) -> bool:
    return bool(np.isfinite(b).all())


def conv2d_relu_max_pool2d(
    x: Any,
    weight: Any,
    bias: Any,
    pool_size: Size = 1,
    stride: Size = 1,
    padding: Padding = 0,
    dilation: Size = 1,
) -> Any:
    """``max_pool2d(relu(conv2d(x, weight, bias)), pool_size)``, computed in one pass.

    The results are the same up to rounding, in less time and memory: images are taken in shards that fit into the
    cache, and what no window of the pool reads is not computed.

    Parameters
    ----------
    x : array_like or Tensor
        Images, shape ``(batch, height, width, in_channels)``.
    weight : array_like or Tensor
        Shape ``(kernel_height, kernel_width, in_channels, out_channels)``.
    bias : array_like or Tensor
        Shape ``(out_channels,)``.
    pool_size : int or pair of int
        Window of the pool, and its stride; 1 for none.
    stride, padding, dilation : int, pair, ...
        Of the convolution; see :func:`conv2d`.

    Returns
    -------
    Tensor or ndarray
        Shape ``(batch, out_height // pool_height, out_width // pool_width, out_channels)`` with the sizes of
        :func:`conv2d`.

    Raises
    ------
    ValueError
        If shapes do not fit, or a window is larger than what it slides over.

    Examples
    --------
    >>> x, w, b = np.ones((1, 4, 4, 1)), np.ones((3, 3, 1, 2)), np.array([-8.0, -10.0])
    >>> conv2d_relu_max_pool2d(x, w, b, pool_size=2)[0, 0, 0]
    array([1., 0.])
    """
    x, weight, bias, window = checked(x, weight, bias, stride, padding, dilation)
    pool = pair(pool_size, "conv2d_relu_max_pool2d: pool_size")
    if differs((x, weight, bias)):
        return _layer_by_layer(x, weight, bias, pool, window)
    images, w, b = data_of(x), data_of(weight), data_of(bias)
    nodes = [t for t in (x, weight, bias) if isinstance(t, Node)]
    tracked = is_recording() and any(t._tracked for t in nodes)
    ties = tracked and b is not None and not _is_finite(b)  # all elements of a window are equal then
    if bias is None or ties or not kernels.one_pass_suits(images.shape, w.shape, images.dtype):
        return _layer_by_layer(x, weight, bias, pool, window)
    values, shards = _values_and_shards(images, w, b, pool, **window, tracked=tracked)
    if not nodes:
        return values
    return record(_conv2d_relu_max_pool2d, values, (x, weight, bias), {"shards": shards, "pool": pool, **window})


def _layer_by_layer(x: Any, weight: Any, bias: Any, pool: Any, window: Any) -> Any:
    result = relu(conv2d(x, weight, bias, **window))
    return result if pool == (1, 1) else max_pool2d(result, pool)


_conv2d_relu_max_pool2d.unfused = lambda x, w, b, shards, pool, **window: _layer_by_layer(x, w, b, pool, window)
