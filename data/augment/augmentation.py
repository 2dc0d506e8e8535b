"""The base class of augmentations: random changes of batches, determined by a seed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from ...common.argument_repr import ArgumentRepr
from ...common.rng import Seed, default_rng
from ..dataset import Batch

__all__ = ["Augmentation", "Compose"]

Targets = NDArray[Any] | None
Changed = tuple[NDArray[Any], NDArray[Any] | None]


class Augmentation(ArgumentRepr, ABC):
    """A random change of a batch of images that leaves their meaning as it is.

    Call it with ``x`` alone, or with ``x, y`` as a `DataLoader` does. The arrays that come in are never
    changed.

    Parameters
    ----------
    seed : int, numpy.random.Generator or None
        Determines the random numbers of direct calls. Within a `DataLoader`, the loader's seed does.
    """

    def __init__(self, seed: Seed = None) -> None:
        self._seed = seed
        self._rng: np.random.Generator | None = None

    @abstractmethod
    def _change(self, x: NDArray[Any], y: Targets, rng: np.random.Generator) -> Changed:
        """Return the changed batch and its targets (None if there are none). Every augmentation defines this."""

    @overload
    def __call__(self, x: NDArray[Any], y: None = None, *, rng: np.random.Generator | None = None) -> NDArray[Any]: ...
    @overload
    def __call__(self, x: NDArray[Any], y: NDArray[Any], *, rng: np.random.Generator | None = None) -> Batch: ...
    def __call__(
        self, x: NDArray[Any], y: NDArray[Any] | None = None, *, rng: np.random.Generator | None = None
    ) -> NDArray[Any] | Batch:
        """Return the batch changed.

        Parameters
        ----------
        x : numpy.ndarray of shape (n, height, width, channels)
            Floating-point images.
        y : numpy.ndarray, optional
            Their targets, which then come back too.
        rng : numpy.random.Generator, optional
            Used instead of the augmentation's own.

        Raises
        ------
        TypeError, ValueError
            If the images have another type or shape.
        """
        name = type(self).__name__
        if not isinstance(x, np.ndarray) or x.dtype not in (np.float32, np.float64):
            found = x.dtype if isinstance(x, np.ndarray) else type(x).__name__
            raise TypeError(f"{name} needs images of float32 or float64, got {found}; see scale_pixels")
        if x.ndim != 4 or x.size == 0:
            raise ValueError(f"{name} needs images of shape (n, height, width, channels), got {x.shape}")
        if y is not None and len(y) != len(x):
            raise ValueError(f"{name} got {len(x)} images but {len(y)} targets")
        changed, targets = self._change(x, y, self._own() if rng is None else rng)
        return changed if targets is None else (changed, targets)

    def _own(self) -> np.random.Generator:
        if self._seed is None:
            return default_rng()
        if self._rng is None:
            self._rng = default_rng(self._seed)
        return self._rng


class Compose(Augmentation):
    """Several augmentations, one after the other.

    Parameters
    ----------
    *steps : Augmentation
        In the order in which they are applied.
    seed : int, numpy.random.Generator or None
        Determines the random numbers of all steps; their own seeds are not used.
    """

    def __init__(self, *steps: Augmentation, seed: Seed = None) -> None:
        super().__init__(seed)
        for step in steps:
            if not isinstance(step, Augmentation):
                raise TypeError(f"Compose takes augmentations, got {step!r}")
        self.steps = steps

    def _change(self, x: NDArray[Any], y: Targets, rng: np.random.Generator) -> Changed:
        for step in self.steps:
            x, y = step._change(x, y, rng)
        return x, y
