"""Random noise on every pixel."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...common.rng import Seed
from ..data_checks import checked_number, checked_range
from .augmentation import Augmentation, Changed, Targets

__all__ = ["GaussianNoise"]


class GaussianNoise(Augmentation):
    """Add independent normal noise to every pixel.

    Parameters
    ----------
    std : float, default 0.1
        Its standard deviation, in the units of the pixels.
    clip : (float, float) or None, default None
        The range to clip the result to, for example ``(0, 1)``.
    seed : int, numpy.random.Generator or None
        Determines the noise of direct calls; within a `DataLoader`, the loader's seed does.
    """

    def __init__(self, std: float = 0.1, clip: tuple[float, float] | None = None, seed: Seed = None) -> None:
        super().__init__(seed)
        self.std: float = checked_number("std", std, 0)
        self.clip: tuple[float, float] | None = None if clip is None else checked_range("clip", clip)

    def _change(self, x: NDArray[Any], y: Targets, rng: np.random.Generator) -> Changed:
        noisy: NDArray[Any] = np.empty(x.shape, x.dtype)
        rng.standard_normal(dtype=x.dtype, out=noisy)
        noisy *= x.dtype.type(self.std)
        noisy += x
        if self.clip is not None:
            np.clip(noisy, *self.clip, out=noisy)
        return noisy, y
