"""Cases of convolution, relu and pooling in one pass."""

from __future__ import annotations

from typing import Any

import numpy as np

from seegrad.autograd.fast.conv_relu_pool import conv2d_relu_max_pool2d

from .case import case, real
from .convolution import NONE, WINDOWS, conv, windows


def conv_relu_pool(x: Any, w: Any, b: Any, size: Any, **window: Any) -> Any:
    """One after the other; what does not fill a window of the pool is left out."""
    before = np.maximum(conv(x, w, **window) + b, 0.0)
    return windows(before, size, size, NONE).max((3, 4))


CASES = [
    case(
        f"conv2d_relu_max_pool2d[{size} {given}]",
        lambda x, w, b, size=size, given=given: conv2d_relu_max_pool2d(x, w, b, size, **given),
        lambda x, w, b, size=size, meant=meant: conv_relu_pool(x, w, b, size, **meant),
        real(3, 6, 7, 2),
        real(2, 3, 2, 2),
        real(2),
    )
    for size in ((1, 1), (2, 2), (1, 3))
    for given, meant in WINDOWS
    if size != (2, 2) or "padding" not in given
] + [
    case(
        "conv2d_relu_max_pool2d[no images]",
        lambda x, w, b: conv2d_relu_max_pool2d(x, w, b, 2),
        lambda x, w, b: np.zeros((0, 1, 1, 2)),
        real(0, 4, 4, 1),
        real(2, 2, 1, 2),
        real(2),
    )
]
