"""Augmenting some of the images and leaving the others as they are."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...common.rng import Seed
from ..data_checks import checked_number
from .augmentation import Augmentation, Changed, Targets

__all__ = ["Sometimes"]


class Sometimes(Augmentation):
    """Apply an augmentation to each image with a given probability.

    What resamples an image also blurs it a little. Among the images that are left alone, a network keeps seeing
    what it will be used on.

    Parameters
    ----------
    step : Augmentation
        Changes images one by one; what mixes them or their targets cannot be applied to some only.
    p : float, default 0.5
        The probability.
    seed : int, numpy.random.Generator or None
        Determines the random numbers of direct calls, also those of `step`.

    Raises
    ------
    TypeError, ValueError
        If an argument is not usable; when called, if `step` changes targets.

    Examples
    --------
    >>> digits = np.ones((1000, 8, 8, 1), np.float32)
    >>> changed = sg.data.Sometimes(sg.data.GaussianNoise(), p=0.25, seed=0)(digits)
    >>> bool(200 < (changed != digits).any(axis=(1, 2, 3)).sum() < 300)
    True
    """

    def __init__(self, step: Augmentation, p: float = 0.5, seed: Seed = None) -> None:
        super().__init__(seed)
        if not isinstance(step, Augmentation):
            raise TypeError(f"Sometimes takes an augmentation, got {step!r}")
        self.step = step
        self.p: float = checked_number("p", p, 0, 1)

    def _change(self, x: NDArray[Any], y: Targets, rng: np.random.Generator) -> Changed:
        chosen = np.flatnonzero(rng.random(len(x)) < self.p)
        if len(chosen) == 0:
            return x.copy(), y
        some = None if y is None else y[chosen]
        changed, targets = self.step._change(x[chosen], some, rng)
        if targets is not some:
            raise ValueError(
                f"Sometimes cannot apply {type(self.step).__name__}, which changes targets, to some images"
            )
        result = x.copy()
        result[chosen] = changed
        return result, y
