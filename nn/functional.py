"""What layers and losses compute, as plain functions: no parameters inside, nothing remembered."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd import Tensor, conv2d, log_softmax, max_pool2d, relu, sigmoid, softmax, softplus, tanh
from ..rng import Seed, default_rng
from .checks import check_fraction
from .classification_losses import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    hinge_loss,
    kl_div,
    nll_loss,
)
from .module import as_tensor
from .regression_losses import cosine_embedding_loss, huber_loss, l1_loss, mse_loss, smooth_l1_loss

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "conv2d",
    "cosine_embedding_loss",
    "cross_entropy",
    "dropout",
    "hinge_loss",
    "huber_loss",
    "kl_div",
    "l1_loss",
    "linear",
    "log_softmax",
    "max_pool2d",
    "mse_loss",
    "nll_loss",
    "relu",
    "sigmoid",
    "smooth_l1_loss",
    "softmax",
    "softplus",
    "tanh",
]


def linear(x: Any, weight: Any, bias: Any = None) -> Tensor:
    """``x @ weight + bias``.

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
        For the choice; the same seed gives the same one.
    """
    p = check_fraction("dropout", "p", p)
    x = as_tensor(x)
    if not training or p == 0.0:
        return x
    kept = default_rng(seed).random(x.shape, dtype=np.float32) >= p
    result: Tensor = x * (kept * x.dtype.type(1.0 / (1.0 - p) if p < 1.0 else 0.0))
    return result
