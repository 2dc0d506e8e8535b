"""A convolution and the batch normalisation after it, evaluated without a graph: one convolution with other weights.

The normalisation by given moments scales and shifts each channel, as weights and bias of the convolution can.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...common import seam
from ...common.quiet import quiet
from ..core.node import current_trace, data_of
from ..core.recording import is_recording, record
from ..ops.convolution import conv2d
from ..ops.normalization import _batch_norm
from ..tensor import Tensor
from .conv_relu_pool import conv2d_relu_max_pool2d
from .layer_runs import is_plain, layer_classes, output_size_of, window_of

#: Scales with which a convolution does not overflow or vanish where it would not by itself, and results that are so
#: large that it may have done so: these are computed step by step.
MODERATE, HUGE = (1e-6, 1e6), 1e30


def install() -> None:
    """Let ``Sequential`` ask for this run."""
    seam.layer_runs.append(conv_norm)


def conv_norm(layers: Sequence[Any], place: int, x: Any) -> Any:
    """Compute a Conv2d, the BatchNorm2d after it that uses its running statistics, and a ReLU and MaxPool2d after that.

    Returns
    -------
    (Tensor, int) or NotImplemented
        The output, and the number of layers that were computed.
    """
    if is_recording() or current_trace() is not None or place + 1 == len(layers):
        return NotImplemented
    conv2d_layer, relu, max_pool2d, norm_layer = layer_classes()
    conv, norm, *after = layers[place : place + 4]
    if not (is_plain(conv, conv2d_layer) and is_plain(norm, norm_layer)) or norm.training or not _fits(conv, norm, x):
        return NotImplemented
    with quiet():
        weights = _folded(conv, norm)
    size = output_size_of(conv, x)
    if weights is None or size is None:
        return NotImplemented
    images, options = data_of(x), (conv.stride, conv.padding, conv.dilation)
    count, pool = 2, None
    if after and is_plain(after[0], relu):
        pool = window_of(after[1], size) if len(after) > 1 and is_plain(after[1], max_pool2d) else None
        count = 3 if pool is None else 4
        values = conv2d_relu_max_pool2d(images, *weights, pool or 1, *options)
    else:
        values = conv2d(images, *weights, *options)
    if not (values.size and values.max() < HUGE and values.min() > -HUGE):
        return NotImplemented
    return record(_batch_norm, values, (x, conv.weight, norm.weight)), count


def _fits(conv: Any, norm: Any, x: Any) -> bool:
    """Whether all are of one dtype and number of channels."""
    if not (norm.track_running_stats and norm.weight is not None and norm.num_features == conv.out_channels):
        return False
    arrays = (norm.weight, norm.bias, norm.running_mean, norm.running_var)
    return isinstance(x, (Tensor, np.ndarray)) and all(array.dtype == conv.weight.dtype for array in arrays)


def _folded(conv: Any, norm: Any) -> tuple[Any, Any] | None:
    """Return weights and bias of the one convolution; None if a number is too large or too small."""
    dtype = conv.weight.dtype
    scale = norm.weight._plain / np.sqrt(norm.running_var + dtype.type(norm.eps))
    before = norm.running_mean if conv.bias is None else norm.running_mean - conv.bias._plain
    weight, bias = conv.weight._plain * scale, norm.bias._plain - before * scale
    sizes = np.abs(scale)
    moderate = sizes.min() > MODERATE[0] and sizes.max() < MODERATE[1] and np.abs(before).max() < HUGE
    return (weight, bias) if moderate and np.isfinite(weight).all() and np.abs(bias).max() < HUGE else None
