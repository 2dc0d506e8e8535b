"""Neighbouring layers of a ``Sequential`` that are computed in one pass: convolution, ReLU and max pooling."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Any

import numpy as np

from ...common import seam
from ..core.node import current_trace, on_record
from ..core.recording import is_recording
from ..ops.convolution import output_size, padding_pairs, pair
from ..tensor import Tensor
from .conv_relu_pool import conv2d_relu_max_pool2d

#: Below this number of multiplications in the convolution a recorded graph has a node for each layer: users look at
#: small graphs, and there is little time to save.
WORTH_IT = 1.5e5


def install() -> None:
    """Let ``Sequential`` ask for this run."""
    seam.layer_runs.append(conv_relu_pool)


def conv_relu_pool(layers: Sequence[Any], place: int, x: Any) -> Any:
    """Compute a Conv2d, the ReLU after it, and a MaxPool2d after that if its windows do not overlap.

    Only plain layers take part: a hook, a subclass or a replaced ``forward`` is to see the output of every layer, and
    so is an observer of recorded nodes.

    Returns
    -------
    (Tensor, int) or NotImplemented
        The output, and the number of layers that were computed.
    """
    conv2d, relu, max_pool2d, _ = layer_classes()
    conv, after = layers[place], layers[place + 1 : place + 3]
    if not (is_plain(conv, conv2d) and after and is_plain(after[0], relu)):
        return NotImplemented
    size = None if conv.bias is None else output_size_of(conv, x)
    observers = len(on_record) - (current_trace() is not None)  # a trace sees operations, whichever they are
    if size is None or observers or (is_recording() and _is_small(conv, len(x), size)):
        return NotImplemented
    window = window_of(after[-1], size) if is_plain(after[-1], max_pool2d) else None
    pool_size, count = ((1, 1), 2) if window is None else (window, 3)
    options = (conv.stride, conv.padding, conv.dilation)
    return conv2d_relu_max_pool2d(x, conv.weight, conv.bias, pool_size, *options), count


@cache
def layer_classes() -> tuple[type, type, type, type]:
    """Return the classes of the layers in a run, which are imported since a layer is calling."""
    from ...nn import BatchNorm2d, Conv2d, MaxPool2d, ReLU

    return Conv2d, ReLU, MaxPool2d, BatchNorm2d


def is_plain(layer: Any, kind: type) -> bool:
    """Whether a layer is of exactly this class, and its own call has no effect besides its output."""
    own = vars(layer)
    return type(layer) is kind and not own.get("_hooks") and "forward" not in own and "function" not in own


def window_of(pool: Any, size: tuple[int, int]) -> tuple[int, int] | None:
    """Return the window of a pool over images of a size; None if windows overlap, are padded or do not fit."""
    high, wide = window = pool.kernel_size
    apart = pool.stride == window and pool.padding == (0, 0)
    return window if apart and high <= size[0] and wide <= size[1] else None


def output_size_of(conv: Any, x: Any) -> tuple[int, int] | None:
    """Return height and width of a convolution's output; None for an input that the layer itself has to check."""
    weight, bias = conv.weight, conv.bias
    if conv.groups != 1 or not isinstance(x, (Tensor, np.ndarray)) or x.ndim != 4 or x.shape[3] != conv.in_channels:
        return None
    if not x.dtype == weight.dtype == (weight if bias is None else bias).dtype:
        return None
    try:
        return _size_of(x.shape[1:3], weight.shape[:2], conv.stride, conv.padding, conv.dilation)
    except (ValueError, TypeError):  # TypeError if one of them is a list, which the cache cannot look up
        return None


@lru_cache
def _size_of(size: Any, kernel: Any, stride: Any, padding: Any, dilation: Any) -> tuple[int, int]:
    """Return what a convolution makes of images of a size; the same few layers ask for it again and again."""
    stride, dilation = pair(stride, "stride"), pair(dilation, "dilation")
    return output_size("conv2d", size, kernel, stride, padding_pairs(padding, kernel, stride, dilation), dilation)


def _is_small(conv: Any, images: int, size: tuple[int, int]) -> bool:
    return images * size[0] * size[1] * conv.weight.size < WORTH_IT
