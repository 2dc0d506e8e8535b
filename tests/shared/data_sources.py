"""A data set that is not in memory, and an augmentation that changes every number."""

from __future__ import annotations

from typing import Any

import numpy as np

from seegrad.data import Augmentation


class Pairs:
    """A source without arrays, as an image folder is one."""

    def __init__(self, size: int, bad: int = -1) -> None:
        self.size, self.bad = size, bad

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: int) -> tuple[np.ndarray, int]:
        if index == self.bad:
            raise RuntimeError(f"example {index} is broken")
        return np.full((2, 2), index, np.float32), index


class Jitter(Augmentation):
    """Adds a random number to each number."""

    def _change(self, x: Any, y: Any, rng: np.random.Generator) -> Any:
        return x + rng.random(x.shape, np.float32), y
