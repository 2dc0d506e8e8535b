"""Random shifts of images by whole pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...common.argument_checks import checked_count
from ...common.rng import Seed
from ..data_checks import checked_number
from .augmentation import Augmentation, Changed, Targets

__all__ = ["RandomShift"]


class RandomShift(Augmentation):
    """Shift each image by whole pixels, vertically and horizontally; no pixel changes its value.

    Parameters
    ----------
    pixels : int, default 2
        The largest shift; every one from ``-pixels`` to ``pixels`` is equally likely.
    fill : float, default 0
        What appears from outside the image.
    seed : int, numpy.random.Generator or None
        Determines the shifts of direct calls; within a `DataLoader`, the loader's seed does.

    Examples
    --------
    >>> sg.data.RandomShift(2, seed=0)(np.ones((1, 8, 8, 1), np.float32)).shape
    (1, 8, 8, 1)
    """

    def __init__(self, pixels: int = 2, fill: float = 0.0, seed: Seed = None) -> None:
        super().__init__(seed)
        self.pixels: int = checked_count("pixels", pixels, minimum=0)
        self.fill: float = checked_number("fill", fill)

    def _change(self, x: NDArray[Any], y: Targets, rng: np.random.Generator) -> Changed:
        n, height, width, channels = x.shape
        reach = self.pixels
        framed = np.full((n, height + 2 * reach, width + 2 * reach, channels), self.fill, x.dtype)
        framed[:, reach : reach + height, reach : reach + width] = x
        top, left = rng.integers(0, 2 * reach + 1, (2, n, 1, 1))
        rows, columns = np.arange(height)[:, np.newaxis] + top, np.arange(width) + left
        image = np.arange(n)[:, np.newaxis, np.newaxis] * framed.shape[1]
        positions = (image + rows) * framed.shape[2] + columns
        return framed.reshape(-1, channels).take(positions, axis=0), y
