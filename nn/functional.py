"""The computations of layers and losses as functions without state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..autograd import (
    Tensor,
    avg_pool2d,
    conv2d,
    conv_transpose2d,
    elu,
    gelu,
    leaky_relu,
    log_softmax,
    max_pool2d,
    relu,
    sigmoid,
    silu,
    softmax,
    softplus,
    sqrt,
    tanh,
    where,
)
from ..autograd.ops.normalization import layer_norm as _layer_norm
from ..common.elsewhere import names_of_module, takes_other_names
from ..common.plain_data import as_array
from .attention_functions import rotary_embedding, scaled_dot_product_attention
from .dropping import dropout, dropout2d
from .losses.binary_losses import binary_cross_entropy, binary_cross_entropy_with_logits, hinge_loss
from .losses.categorical_losses import cross_entropy, nll_loss
from .losses.divergence_losses import kl_div
from .losses.embedding_losses import cosine_embedding_loss
from .losses.regression_losses import huber_loss, l1_loss, mse_loss, smooth_l1_loss
from .module import TensorLike, as_tensor
from .spatial_functions import adaptive_avg_pool2d, conv1d, interpolate

__all__ = [
    "adaptive_avg_pool2d",
    "avg_pool2d",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "conv1d",
    "conv2d",
    "conv_transpose2d",
    "cosine_embedding_loss",
    "cross_entropy",
    "dropout",
    "dropout2d",
    "elu",
    "embedding",
    "gelu",
    "group_norm",
    "hinge_loss",
    "huber_loss",
    "interpolate",
    "kl_div",
    "l1_loss",
    "layer_norm",
    "leaky_relu",
    "linear",
    "log_softmax",
    "max_pool2d",
    "mse_loss",
    "nll_loss",
    "relu",
    "rms_norm",
    "rotary_embedding",
    "scaled_dot_product_attention",
    "sigmoid",
    "silu",
    "smooth_l1_loss",
    "softmax",
    "softplus",
    "tanh",
]


def __dir__() -> list[str]:
    return __all__


if not TYPE_CHECKING:  # which flag names of other libraries
    __getattr__ = names_of_module(__name__)


@takes_other_names
def linear(x: TensorLike, weight: TensorLike, bias: TensorLike | None = None) -> Tensor:
    """Compute ``x @ weight + bias``.

    Parameters
    ----------
    x : Tensor or array_like, shape (..., in_features)
        Inputs.
    weight : Tensor or array_like, shape (in_features, out_features)
        Weights.
    bias : Tensor or array_like, shape (out_features,), optional
        Added to each row.

    Returns
    -------
    Tensor, shape (..., out_features)
    """
    product: Tensor = as_tensor(x) @ weight
    if bias is not None:
        product = product + bias
    return product


@takes_other_names
def layer_norm(
    x: TensorLike,
    normalized_shape: Sequence[int],
    weight: TensorLike | None = None,
    bias: TensorLike | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Normalise over the last ``len(normalized_shape)`` axes, then scale and shift.

    Parameters
    ----------
    x : Tensor or array_like, shape ``(..., *normalized_shape)``
        Inputs.
    normalized_shape : sequence of int
        Lengths of the last axes.
    weight, bias : Tensor or array_like, shape normalized_shape, optional
        Scale and shift.
    eps : float, default 1e-5
        Added to the variance.
    """
    x, shape = as_tensor(x), tuple(normalized_shape)
    scale = np.ones(shape, x.dtype) if weight is None else weight
    shift = np.zeros(shape, x.dtype) if bias is None else bias
    result: Tensor = _layer_norm(x, scale, shift, len(shape), eps)
    return result


@takes_other_names
def rms_norm(
    x: TensorLike, normalized_shape: Sequence[int], weight: TensorLike | None = None, eps: float | None = None
) -> Tensor:
    """Divide by the root of the mean square over the last ``len(normalized_shape)`` axes, then scale.

    Parameters
    ----------
    x : Tensor or array_like, shape ``(..., *normalized_shape)``
        Inputs.
    normalized_shape : sequence of int
        Lengths of the last axes.
    weight : Tensor or array_like, shape normalized_shape, optional
        Scale.
    eps : float, optional
        Added to the mean square; by default the machine epsilon of the dtype, as in PyTorch.
    """
    x, axes = as_tensor(x), tuple(range(-len(normalized_shape), 0))
    mean_square = (x * x).mean(axis=axes, keepdims=True)
    result: Tensor = x / sqrt(mean_square + (np.finfo(x.dtype).eps if eps is None else eps))
    return result if weight is None else result * weight


@takes_other_names
def group_norm(
    x: TensorLike,
    num_groups: int,
    weight: TensorLike | None = None,
    bias: TensorLike | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Normalise each example over its positions and each group of neighbouring channels, then scale and shift.

    Parameters
    ----------
    x : Tensor or array_like, shape (batch, ..., channels)
        Inputs.
    num_groups : int
        Divides the number of channels.
    weight, bias : Tensor or array_like, shape (channels,), optional
        Scale and shift of each channel.
    eps : float, default 1e-5
        Added to the variance.

    Raises
    ------
    ValueError
        If ``num_groups`` does not divide the number of channels.
    """
    x = as_tensor(x)
    channels = x.shape[-1] if x.ndim > 1 else 0
    if num_groups < 1 or channels % num_groups or not channels:
        raise ValueError(
            f"group_norm: expected (batch, ..., channels), channels in {num_groups} equal groups, got shape {x.shape}"
        )
    groups = x.reshape(*x.shape[:-1], num_groups, channels // num_groups)
    axes = (*range(1, x.ndim - 1), x.ndim)  # all but those of the examples and of the groups
    mean, variance = groups.mean(axis=axes, keepdims=True), groups.var(axis=axes, keepdims=True)
    result: Tensor = ((groups - mean) / sqrt(variance + eps)).reshape(x.shape)
    if weight is not None:
        result = result * weight
    return result if bias is None else result + bias


@takes_other_names
def embedding(indices: TensorLike, weight: TensorLike, padding_idx: int | None = None) -> Tensor:
    """Look up rows of ``weight`` by number.

    Parameters
    ----------
    indices : array_like of int, shape (...)
        From 0 to the number of rows - 1.
    weight : Tensor or array_like, shape (rows, D)
        The table.
    padding_idx : int, optional
        A row that gets no gradient.

    Returns
    -------
    Tensor, shape (..., D)
    """
    numbers, weight = as_array(indices), as_tensor(weight)
    rows: Tensor = weight[numbers]
    if padding_idx is not None:
        rows = where((numbers != padding_idx)[..., np.newaxis], rows, weight.data[padding_idx])
    return rows
