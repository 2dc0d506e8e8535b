"""Dropping values and channels at random, as functions without state."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd import Tensor
from ..autograd.core.op import PlainFunction
from ..common.argument_checks import checked_fraction
from ..common.elsewhere import takes_other_names
from ..common.rng import Seed, default_rng
from ..common.seam import replaceable
from .module import TensorLike, as_tensor


@takes_other_names
def dropout(x: TensorLike, p: float = 0.5, training: bool = True, *, seed: Seed = None) -> Tensor:
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


@takes_other_names
def dropout2d(x: TensorLike, p: float = 0.5, training: bool = True, *, seed: Seed = None) -> Tensor:
    """Set each channel of each example to 0 with probability ``p`` and scale the others by 1 / (1 - p).

    Parameters
    ----------
    x : Tensor or array_like, shape (batch, ..., channels)
        Images, or sequences.
    p : float, default 0.5
        From 0 to 1.
    training : bool, default True
        If False, ``x`` is returned as it is.
    seed : int or numpy.random.Generator, optional
        For the random choice; the same seed gives the same one.

    Raises
    ------
    ValueError
        If ``x`` has fewer than three axes.
    """
    p = checked_fraction("dropout2d: p", p)
    x = as_tensor(x)
    if x.ndim < 3:
        raise ValueError(f"dropout2d: expected (batch, ..., channels) with at least three axes, got shape {x.shape}")
    if not training or p == 0.0:
        return x
    channels = (x.shape[0], *[1] * (x.ndim - 2), x.shape[-1])
    result: Tensor = x * _kept(seed, channels, p, x.dtype)
    return result


@replaceable
def drawn_at_least(rng: np.random.Generator, shape: tuple[int, ...], p: float) -> Any:
    """Draw numbers from 0 to 1, and return which are at least ``p``."""
    return rng.random(shape, dtype=np.float32) >= p


def _draw(seed: Seed, shape: tuple[int, ...], p: float, dtype: np.dtype[Any]) -> Any:
    """Return 0 with probability ``p``, else what the values are scaled by."""
    kept = drawn_at_least(default_rng(seed), shape, p)
    return kept * dtype.type(1.0 / (1.0 - p) if p < 1.0 else 0.0)


_kept = PlainFunction(_draw, "dropout_mask", always=True)
