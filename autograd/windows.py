"""Convolution and pooling out of slices and products, for arrays that NumPy's kernels cannot reach.

The kernels in ``kernels/`` work inside NumPy's memory. Arrays of other libraries, such as those on a GPU, get the same
results from a few calls for each place in the window; the derivatives are those of the operations used.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .graph import Node
from .indexing import take_along_axis
from .products import matmul
from .shaping import pad, squeeze, stack

Pair = tuple[int, int]
Pairs = tuple[Pair, Pair]


def is_foreign(x: Any) -> bool:
    """Whether data lies in the arrays of another library."""
    return not isinstance(x._data if isinstance(x, Node) else x, np.ndarray)


def _taps(x: Any, kernel: Pair, stride: Pair, dilation: Pair) -> Iterator[tuple[Pair, Any]]:
    """Yield each place (i, j) of the window, and what it meets: ``(batch, out_height, out_width, channels)``."""
    sizes = [(x.shape[k + 1] - dilation[k] * (kernel[k] - 1) - 1) // stride[k] + 1 for k in (0, 1)]
    if min(sizes) < 1:
        raise ValueError(f"a window of {kernel} does not fit into padded images of shape {x.shape}")
    for i in range(kernel[0]):
        for j in range(kernel[1]):
            first = (i * dilation[0], j * dilation[1])
            rows, columns = (slice(first[k], first[k] + stride[k] * (sizes[k] - 1) + 1, stride[k]) for k in (0, 1))
            yield (i, j), x[:, rows, columns]


def _padded(x: Any, padding: Pairs) -> Any:
    return pad(x, ((0, 0), *padding, (0, 0))) if padding != ((0, 0), (0, 0)) else x


def conv2d(x: Any, weight: Any, bias: Any, stride: Pair, padding: Pairs, dilation: Pair) -> Any:
    """Correlate images ``(N, H, W, Cin)`` with a kernel ``(kh, kw, Cin, Cout)``, and add ``(Cout,)`` if not None."""
    total = bias
    for (i, j), part in _taps(_padded(x, padding), weight.shape[:2], stride, dilation):
        product = matmul(part, weight[i, j])
        total = product if total is None else total + product
    return total


def max_pool2d(x: Any, kernel: Pair, stride: Pair, padding: Pairs) -> Any:
    """Largest element of each window; the first in a tie."""
    data = x._data if isinstance(x, Node) else x
    # Padding never wins.
    border = np.pad(np.zeros_like(data[:1, :, :, :1]), ((0, 0), *padding, (0, 0)), constant_values=-np.inf)
    padded = _padded(x, padding) + border
    parts = stack([part for _, part in _taps(padded, kernel, stride, (1, 1))], axis=-1)
    winners = np.argmax(parts._data if isinstance(parts, Node) else parts, axis=-1, keepdims=True)
    return squeeze(take_along_axis(parts, winners, -1), -1)


def sum_pool2d(x: Any, kernel: Pair, stride: Pair, padding: Pairs) -> Any:
    """Sum of each window."""
    total = None
    for _, part in _taps(_padded(x, padding), kernel, stride, (1, 1)):
        total = part if total is None else total + part
    return total
