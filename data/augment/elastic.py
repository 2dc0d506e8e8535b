"""Elastic deformation: smooth random displacements, like those of a moving hand."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...common.rng import Seed
from ..data_checks import checked_number
from .augmentation import Augmentation, Changed, Targets
from .resampling import bilinear_sample, pixel_grid

__all__ = ["ElasticDeformation"]


class ElasticDeformation(Augmentation):
    """Displace the pixels of each image by a smooth random field.

    Parameters
    ----------
    strength : float, default 1
        Standard deviation of the displacement, in pixels, along each axis.
    smoothness : float, default 4
        Standard deviation of the Gaussian that smooths the field, in pixels: neighbours closer than this move
        together.
    fill : float, default 0
        What appears from outside the image.
    seed : int, numpy.random.Generator or None
        Determines the fields of direct calls; within a `DataLoader`, the loader's seed does.

    Notes
    -----
    After P. Simard, D. Steinkraus and J. Platt, *Best practices for convolutional neural networks applied to
    visual document analysis* (2003). There, ``alpha`` scales the field before it is known how much the
    smoothing shrinks it; here `strength` is the displacement itself.
    """

    def __init__(self, strength: float = 1.0, smoothness: float = 4.0, fill: float = 0.0, seed: Seed = None) -> None:
        super().__init__(seed)
        self.strength: float = checked_number("strength", strength, 0)
        self.smoothness: float = checked_number("smoothness", smoothness, 0.5)
        self.fill: float = checked_number("fill", fill)

    def _change(self, x: NDArray[Any], y: Targets, rng: np.random.Generator) -> Changed:
        n, height, width, _ = x.shape
        vertical, horizontal = (smooth_basis(size, self.smoothness, x.dtype) for size in (height, width))
        noise = rng.standard_normal((2, n, vertical.shape[1], horizontal.shape[1]))
        field: NDArray[Any] = vertical @ noise.astype(x.dtype) @ horizontal.T
        field *= x.dtype.type(self.strength)
        rows, columns = pixel_grid(height, width, x.dtype)
        return bilinear_sample(x, rows + field[0], columns + field[1], self.fill), y


def smooth_basis(size: int, width: float, dtype: Any) -> NDArray[Any]:
    """Return the matrix ``(size, knots)`` that turns independent unit normal numbers into a smooth curve.

    It sums Gaussians of this width, one every `width` pixels and two beyond each end, which is as smooth as
    filtered white noise for a fraction of the random numbers. Variances of independent numbers add with the
    squares of their weights, hence rows of Euclidean length 1.
    """
    knots = np.arange(-2 * width, size - 1 + 3 * width, width)
    weights = np.exp(-0.5 * np.square(np.subtract.outer(np.arange(size), knots) / width))
    return np.asarray(weights / np.sqrt(np.square(weights).sum(axis=1, keepdims=True)), dtype)
