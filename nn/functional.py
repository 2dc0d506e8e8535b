"""The computations of layers and losses as functions without state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

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
    tanh,
    where,
)
from ..autograd.core.op import PlainFunction
from ..autograd.ops.normalization import layer_norm as _layer_norm
from ..autograd.ops.normalization import normalize as _normalize
from ..common.argument_checks import checked_fraction
from ..common.plain_data import as_array
from ..common.rng import Seed, default_rng
from .losses.binary_losses import binary_cross_entropy, binary_cross_entropy_with_logits, hinge_loss
from .losses.categorical_losses import cross_entropy, nll_loss
from .losses.divergence_losses import kl_div
from .losses.embedding_losses import cosine_embedding_loss
from .losses.regression_losses import huber_loss, l1_loss, mse_loss, smooth_l1_loss
from .module import as_tensor

__all__ = [
    "avg_pool2d",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "conv2d",
    "conv_transpose2d",
    "cosine_embedding_loss",
    "cross_entropy",
    "dropout",
    "elu",
    "embedding",
    "gelu",
    "hinge_loss",
    "huber_loss",
    "kl_div",
    "l1_loss",
    "layer_norm",
    "leaky_relu",
    "linear",
    "log_softmax",
    "max_pool2d",
    "mse_loss",
    "nll_loss",
    "normalize",
    "relu",
    "sigmoid",
    "silu",
    "smooth_l1_loss",
    "softmax",
    "softplus",
    "tanh",
]


def __dir__() -> list[str]:
    return __all__


def linear(x: Any, weight: Any, bias: Any = None) -> Tensor:
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


def dropout(x: Any, p: float = 0.5, training: bool = True, *, seed: Seed = None) -> Tensor:
    """Set each value to 0 with probability ``p`` and scale the others by 1 / (1 - p).

    Parameters
    ----------
    x : Tensor or array_like
        Any shape.
    p : float, default 0.5
        From 0 to 1.
    training : bool, default True
        If False, ``x`` is returned as it is.
    seed : int or numpy.random.Generator, optional
        For the random choice; the same seed gives the same one.
    """
    p = checked_fraction("dropout: p", p)
    x = as_tensor(x)
    if not training or p == 0.0:
        return x
    result: Tensor = x * _kept(seed, x.shape, p, x.dtype)
    return result


def _draw(seed: Seed, shape: tuple[int, ...], p: float, dtype: np.dtype[Any]) -> Any:
    """Return 0 with probability ``p``, else what the values are scaled by."""
    kept = default_rng(seed).random(shape, dtype=np.float32) >= p
    return kept * dtype.type(1.0 / (1.0 - p) if p < 1.0 else 0.0)


_kept = PlainFunction(_draw, "dropout_mask", always=True)


def normalize(x: Any, mean: Any, var: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Tensor:
    """Compute ``(x - mean) / sqrt(var + eps) * weight + bias``, each broadcast against ``x``.

    Parameters
    ----------
    x : Tensor or array_like
        Any shape.
    mean, var : Tensor or array_like
        With shape (C,) they belong to the last axis.
    weight, bias : Tensor or array_like, optional
        Scale and shift.
    eps : float, default 1e-5
        Added to the variance.
    """
    result: Tensor = _normalize(as_tensor(x), mean, as_tensor(var), weight, bias, eps)
    return result


def layer_norm(
    x: Any, normalized_shape: Sequence[int], weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Tensor:
    """Normalise over the last ``len(normalized_shape)`` axes, then scale and shift.

    Parameters
    ----------
    x : Tensor or array_like, shape (..., *normalized_shape)
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


def embedding(indices: Any, weight: Any, padding_idx: int | None = None) -> Tensor:
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
