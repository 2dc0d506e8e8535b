"""Mixup: blends of two examples and of their targets."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...common.argument_checks import checked_count
from ...common.rng import Seed
from ..data_checks import checked_number
from ..scaling import one_hot
from .augmentation import Augmentation, Changed, Targets

__all__ = ["Mixup"]


class Mixup(Augmentation):
    """Blend each example of a batch with another one of it, and the targets in the same proportion.

    The targets become float rows ``(n, classes)``, as a cross-entropy with soft targets takes them.

    Parameters
    ----------
    classes : int
        How many there are, to turn labels into rows.
    alpha : float, default 0.2
        The proportions are drawn from the distribution Beta(alpha, alpha): small values mostly keep one of
        the two.
    seed : int, numpy.random.Generator or None
        Determines the blends of direct calls; within a `DataLoader`, the loader's seed does.

    Notes
    -----
    After H. Zhang et al., *mixup: beyond empirical risk minimization* (2017), with a proportion per example
    rather than one for the batch.
    """

    def __init__(self, classes: int, alpha: float = 0.2, seed: Seed = None) -> None:
        super().__init__(seed)
        self.classes: int = checked_count("classes", classes, minimum=2)
        self.alpha: float = checked_number("alpha", alpha, 1e-3)

    def _change(self, x: NDArray[Any], y: Targets, rng: np.random.Generator) -> Changed:
        if y is None:
            raise TypeError("Mixup blends targets too: call it with images and targets, mixup(x, y)")
        targets = one_hot(y, self.classes) if y.ndim == 1 else y
        if targets.shape != (len(x), self.classes):
            raise ValueError(f"Mixup needs labels (n,) or rows (n, {self.classes}), got shape {y.shape}")
        share = rng.beta(self.alpha, self.alpha, len(x))
        # The example itself keeps the larger share: blend (a, b) with share s equals blend (b, a) with 1 - s.
        share = np.maximum(share, 1 - share)
        partner = rng.permutation(len(x))
        return _blend(x, share, partner), _blend(targets, share, partner)


def _blend(array: NDArray[Any], share: NDArray[np.float64], partner: NDArray[np.intp]) -> NDArray[Any]:
    weight = share.astype(array.dtype).reshape(-1, *[1] * (array.ndim - 1))
    other = array[partner]
    return other + weight * (array - other)
