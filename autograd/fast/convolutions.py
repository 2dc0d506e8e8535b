"""Convolution and pooling by kernels: batched products of matrices, one per image row, on a team of threads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...common.plain_data import is_complex
from ...common.seam import quicker
from ..ops import convolution, pooling
from ..ops.shaping import narrow, wide
from . import kernels


def _conv2d_with_bias(x: Any, w: Any, b: Any, /, stride: Any, padding: Any, dilation: Any) -> Any:
    return kernels.conv2d(x, w, stride, padding, dilation, b)


def _window_put(g: Any, /, winners: Any, shape: Any, kernel: Any, stride: Any, padding: Any) -> Any:
    return narrow(kernels.window_put(wide(g), winners, shape, kernel, stride, padding), g)


def of_real_numbers(kernel: Callable[..., Any]) -> Callable[..., Any]:
    """Return a kernel that leaves complex numbers to the definition."""

    def compute(x: Any, *args: Any, **params: Any) -> Any:
        return NotImplemented if is_complex(x) else kernel(x, *args, **params)

    return compute


def install() -> None:
    """Install all of them."""
    quicker["window_max"] = of_real_numbers(kernels.window_max)
    forms: tuple[tuple[Any, Callable[..., Any]], ...] = (
        (convolution._conv2d, kernels.conv2d),
        (convolution._conv2d_with_bias, _conv2d_with_bias),
        (convolution.conv2d_input_gradient, kernels.conv2d_input_gradient),
        (convolution.conv2d_weight_gradient, kernels.conv2d_weight_gradient),
        (pooling.window_take, kernels.window_take),
        (pooling.window_put, _window_put),
        (pooling._window_sum, kernels.window_sum),
        (pooling._window_spread, kernels.window_spread),
    )
    for op, kernel in forms:
        op.fast_forward = of_real_numbers(kernel)
