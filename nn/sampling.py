"""Choosing the next element of a sequence by the scores that a model gives to all of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..autograd import softmax, topk
from ..autograd.core.node import data_of
from ..common.argument_checks import checked_count
from ..common.plain_data import as_array
from ..common.rng import Seed, default_rng
from .module import TensorLike

__all__ = ["sample_tokens", "token_probabilities"]

Array = npt.NDArray[Any]


def token_probabilities(
    logits: TensorLike, temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None
) -> Array:
    """Return the probabilities with which tokens are drawn.

    Parameters
    ----------
    logits : Tensor or array_like, shape (..., vocabulary)
        Scores.
    temperature : float, default 1.0
        The scores are divided by it: below 1 likely tokens become likelier, and with 0 the likeliest one is certain.
    top_k : int, optional
        Only so many of the likeliest tokens may be drawn. Of equal ones the first are taken.
    top_p : float, optional
        Only the fewest likeliest tokens may be drawn whose probabilities have at least this sum, from 0 to 1
        (nucleus sampling). It is applied after ``top_k``.
        A. Holtzman et al., "The curious case of neural text degeneration" (2020).

    Returns
    -------
    ndarray, shape (..., vocabulary)
        Rows whose sum is 1.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    Examples
    --------
    >>> scores = np.log([0.5, 0.3, 0.15, 0.05])
    >>> sg.nn.token_probabilities(scores, top_k=2), sg.nn.token_probabilities(scores, top_p=0.9).round(3)
    (array([0.625, 0.375, 0.   , 0.   ]), array([0.526, 0.316, 0.158, 0.   ]))
    """
    scores = as_array(data_of(logits))
    if scores.ndim < 1 or not scores.shape[-1] or scores.dtype.kind != "f":
        raise ValueError(f"expected scores (..., vocabulary) of floats, got {scores.dtype} of shape {scores.shape}")
    if not temperature >= 0:
        raise ValueError(f"temperature must be at least 0, got {temperature}")
    if top_p is not None and not 0 < top_p <= 1:
        raise ValueError(f"top_p must be above 0 and at most 1, got {top_p}")
    count = scores.shape[-1]
    if top_k is not None:
        count = min(count, checked_count("top_k", top_k))
    values, places = topk(scores, count if temperature else 1)
    likely = softmax(values / (temperature or 1.0), axis=-1)
    if top_p is not None:
        likely = np.where(np.cumsum(likely, axis=-1) - likely < top_p, likely, 0)
        likely = likely / likely.sum(axis=-1, keepdims=True)
    probabilities = np.zeros_like(scores)
    np.put_along_axis(probabilities, places, likely, axis=-1)
    return probabilities


def sample_tokens(
    logits: TensorLike,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    *,
    seed: Seed = None,
) -> Array:
    """Draw a token for each row of scores.

    Parameters
    ----------
    logits : Tensor or array_like, shape (..., vocabulary)
        Scores.
    temperature, top_k, top_p
        As for :func:`token_probabilities`.
    seed : int or numpy.random.Generator, optional
        For the random choice.

    Returns
    -------
    ndarray of int, shape (...)

    Examples
    --------
    >>> sg.nn.sample_tokens(np.array([[0.0, 5.0, 1.0], [2.0, 0.0, 0.0]]), temperature=0)
    array([1, 0])
    """
    reached = np.cumsum(token_probabilities(logits, temperature, top_k, top_p).astype(np.float64), axis=-1)
    drawn = default_rng(seed).random(reached.shape[:-1]) * reached[..., -1]
    return np.argmax(reached > drawn[..., np.newaxis], axis=-1)
