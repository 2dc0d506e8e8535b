"""Convolution and pooling by kernels: batched products of matrices, one per image row, on a team of threads."""

from __future__ import annotations

from typing import Any

from ...common.seam import quicker
from ..ops import convolution, pooling
from ..ops.shaping import narrow, wide
from . import kernels


def _conv2d_with_bias(x: Any, w: Any, b: Any, /, stride: Any, padding: Any, dilation: Any) -> Any:
    return kernels.conv2d(x, w, stride, padding, dilation, b)


def _window_put(g: Any, /, winners: Any, shape: Any, kernel: Any, stride: Any, padding: Any) -> Any:
    return narrow(kernels.window_put(wide(g), winners, shape, kernel, stride, padding), g)


def install() -> None:
    """Install all of them."""
    convolution._conv2d.fast_forward = kernels.conv2d
    convolution._conv2d_with_bias.fast_forward = _conv2d_with_bias
    convolution.conv2d_input_gradient.fast_forward = kernels.conv2d_input_gradient
    convolution.conv2d_weight_gradient.fast_forward = kernels.conv2d_weight_gradient
    quicker["window_max"] = kernels.window_max
    pooling.window_take.fast_forward = kernels.window_take
    pooling.window_put.fast_forward = _window_put
    pooling._window_sum.fast_forward = kernels.window_sum
    pooling._window_spread.fast_forward = kernels.window_spread
