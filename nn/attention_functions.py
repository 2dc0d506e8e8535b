"""Attention as functions without state."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..autograd import Tensor, concatenate, matmul, softmax, swapaxes, where
from ..autograd.core.node import data_of
from ..autograd.core.op import PlainFunction
from ..common.elsewhere import takes_other_names
from ..common.rng import Seed
from .dropping import dropout
from .module import TensorLike, as_tensor


@takes_other_names
def scaled_dot_product_attention(
    query: TensorLike,
    key: TensorLike,
    value: TensorLike,
    attn_mask: TensorLike | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    *,
    seed: Seed = None,
) -> Tensor:
    """Compute ``softmax(query @ key.T * scale) @ value``: every query gets a weighted mean of the values.

    A. Vaswani et al., "Attention is all you need" (2017).

    Parameters
    ----------
    query : Tensor or array_like, shape (..., L, D)
        What is looked for.
    key : Tensor or array_like, shape (..., S, D)
        What it is compared with.
    value : Tensor or array_like, shape (..., S, E)
        What is averaged.
    attn_mask : array_like of bool, or Tensor or array_like of floats, optional
        Broadcasts to (..., L, S). Booleans: True where a query may look at a key. Floats are added to the scores.
    dropout_p : float, default 0.0
        Probability of each weight to be dropped. It is applied always; give 0 when predicting.
    is_causal : bool, default False
        Whether query ``i`` may look at the keys 0 to ``i`` only; not together with ``attn_mask``.
    scale : float, optional
        By default ``1 / sqrt(D)``.
    seed : int or numpy.random.Generator, optional
        For dropout.

    Returns
    -------
    Tensor, shape (..., L, E)
        0 for a query that may look at no key.

    Raises
    ------
    ValueError
        If shapes do not fit, or both ``attn_mask`` and ``is_causal`` are given.

    Examples
    --------
    >>> x = np.eye(3)[np.newaxis]
    >>> sg.nn.functional.scaled_dot_product_attention(x, x, x, is_causal=True).data[0].round(2)
    array([[1.  , 0.  , 0.  ],
           [0.36, 0.64, 0.  ],
           [0.26, 0.26, 0.47]])
    """
    query, key, value = as_tensor(query), as_tensor(key), as_tensor(value)
    fits = min(query.ndim, key.ndim, value.ndim) >= 2 and key.shape[-2] == value.shape[-2]
    if not fits or query.shape[-1] != key.shape[-1]:
        raise ValueError(
            "scaled_dot_product_attention: expected query (..., L, D), key (..., S, D) and value (..., S, E), got "
            f"shapes {query.shape}, {key.shape} and {value.shape}"
        )
    scores = attention_scores(query, key, scale)
    if is_causal:
        if attn_mask is not None:
            raise ValueError("scaled_dot_product_attention: give either attn_mask or is_causal=True")
        weights = attention_weights(scores, np.tri(query.shape[-2], key.shape[-2], dtype=bool), all_see=True)
    elif attn_mask is None or data_of(attn_mask).dtype == bool:
        weights = attention_weights(scores, attn_mask)
    else:
        weights = attention_weights(scores + as_tensor(attn_mask).astype(scores.dtype))
    result: Tensor = matmul(dropout(weights, dropout_p, seed=seed), value)
    return result


def attention_scores(query: Tensor, key: Tensor, scale: float | None = None) -> Tensor:
    """Return the products of queries (..., L, D) and keys (..., S, D) times ``scale``: (..., L, S)."""
    factor = 1.0 / math.sqrt(query.shape[-1]) if scale is None else scale
    scores: Tensor = matmul(query * factor, swapaxes(key, -1, -2))
    return scores


def attention_weights(scores: Tensor, seen: Any = None, all_see: bool = False) -> Tensor:
    """Return how much each query looks at each key: rows whose sum is 1, or 0 where a query sees nothing.

    Parameters
    ----------
    scores : Tensor, shape (..., L, S)
        Scores of queries and keys.
    seen : array of bool, optional
        Broadcasts to (..., L, S): True where a query may look at a key; by default everywhere.
    all_see : bool, default False
        Whether it is known that every query sees a key.
    """
    if seen is None:
        return softmax(scores, axis=-1)
    if all_see:
        return softmax(where(seen, scores, -np.inf), axis=-1)
    mask = data_of(seen)
    weights: Tensor = where(_any_seen(mask), softmax(where(_seen(mask), scores, -np.inf), axis=-1), 0.0)
    return weights


@PlainFunction
def _any_seen(mask: Any) -> Any:
    """Return for each row whether anything is seen."""
    return mask.any(axis=-1, keepdims=True)


@PlainFunction
def _seen(mask: Any) -> Any:
    """Let a row that sees nothing see everything, since its softmax would be 0 / 0."""
    return mask | ~mask.any(axis=-1, keepdims=True)


@takes_other_names
def rotary_embedding(x: TensorLike, start: int = 0, base: float = 10000.0) -> Tensor:
    """Turn pairs of features by angles that grow with the position, so that products depend on distances alone.

    Features ``i`` and ``i + D / 2`` are a pair, turned by ``position * base ** (-2 i / D)``. Queries and keys that are
    turned so have scores that depend on the difference of their positions.
    J. Su et al., "RoFormer: enhanced transformer with rotary position embedding" (2021).

    Parameters
    ----------
    x : Tensor or array_like, shape (..., L, D)
        D is even.
    start : int, default 0
        The position of the first row.
    base : float, default 10000.0

    Returns
    -------
    Tensor, shape (..., L, D)

    Raises
    ------
    ValueError
        If D is odd.
    """
    x = as_tensor(x)
    if x.ndim < 2 or x.shape[-1] % 2:
        raise ValueError(f"rotary_embedding: expected (..., length, features) with even features, got shape {x.shape}")
    half = x.shape[-1] // 2
    angles = np.outer(np.arange(start, start + x.shape[-2]), base ** (-np.arange(half) / half))
    cosine, sine = np.cos(angles).astype(x.dtype), np.sin(angles).astype(x.dtype)
    first, second = x[..., :half], x[..., half:]
    turned: Tensor = concatenate([first * cosine - second * sine, second * cosine + first * sine], axis=-1)
    return turned
