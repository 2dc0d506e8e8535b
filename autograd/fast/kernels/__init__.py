"""The heavy arithmetic of convolution, pooling, normalisation, products and Adam on plain arrays, without graphs.

Imports ``common``, ``autograd.resources`` and sizes of ``ops.convolution``. Begin with ``shifted_convolution.py``.
"""

from __future__ import annotations

from .batch_norm_passes import batch_norm, batch_norm_gradients
from .conv_relu_pool_passes import conv2d_relu_pool, conv2d_relu_pool_gradients, winners_of
from .conv_relu_pool_passes import for_few as one_pass_for_few
from .conv_relu_pool_passes import suits as one_pass_suits
from .curve_passes import curve, curve_of_block, in_blocks
from .pool_windows import window_max, window_put, window_spread, window_sum, window_take
from .rectification import LARGE, add, channel_sum, relu, relu_gradient
from .row_passes import add_rows, by_rows, layer_norm, layer_norm_gradients
from .selection import choose, keep
from .shared_products import product
from .shifted_convolution import conv2d, conv2d_input_gradient, conv2d_weight_gradient
from .sine_passes import sine, sine_of_block
from .threads import get_num_threads, num_threads, set_num_threads
from .workspace import release_memory

__all__ = [
    "LARGE",
    "add",
    "add_rows",
    "batch_norm",
    "batch_norm_gradients",
    "by_rows",
    "channel_sum",
    "choose",
    "conv2d",
    "conv2d_input_gradient",
    "conv2d_relu_pool",
    "conv2d_relu_pool_gradients",
    "conv2d_weight_gradient",
    "curve",
    "curve_of_block",
    "get_num_threads",
    "in_blocks",
    "keep",
    "layer_norm",
    "layer_norm_gradients",
    "num_threads",
    "one_pass_for_few",
    "one_pass_suits",
    "product",
    "release_memory",
    "relu",
    "relu_gradient",
    "set_num_threads",
    "sine",
    "sine_of_block",
    "window_max",
    "window_put",
    "window_spread",
    "window_sum",
    "window_take",
    "winners_of",
]
