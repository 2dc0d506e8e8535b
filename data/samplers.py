"""Which examples an epoch goes through, and in which order."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..common.argument_checks import checked_count
from .data_checks import check_finite, numeric_array
from .data_error import DataError

__all__ = ["BucketSampler", "WeightedRandomSampler"]


@runtime_checkable
class Sampler(Protocol):
    """Chooses the examples of each epoch of a `DataLoader`."""

    def __len__(self) -> int:
        """Return how many examples an epoch has."""

    def draw(self, rng: np.random.Generator, /) -> NDArray[np.intp]:
        """Return the positions of an epoch's examples in the data set, in order, shape ``(len(self),)``."""


class WeightedRandomSampler:
    """Draws examples at random, each as often as its weight says: for classes of very different sizes.

    Parameters
    ----------
    weights : array_like of shape (n,)
        One number of 0 or more for each example of the data set; they need not add up to 1.
    num_samples : int, optional
        How many examples an epoch has; by default n.
    replacement : bool, default True
        Whether an example may be drawn more than once in an epoch.

    Raises
    ------
    DataError
        If a weight is negative, NaN or infinite, or all are 0.
    ValueError
        If `num_samples` is below 1, or without replacement more than there are weights above 0.

    Examples
    --------
    >>> labels = np.array([0, 0, 0, 0, 0, 0, 0, 0, 0, 1])
    >>> sampler = sg.data.WeightedRandomSampler(1 / np.bincount(labels)[labels], num_samples=1000)
    >>> data = sg.data.ArrayDataset(np.zeros((10, 2)), labels)
    >>> loader = sg.data.DataLoader(data, batch_size=1000, sampler=sampler, seed=0)
    >>> int(next(iter(loader))[1].sum())  # of the rare class, once 100
    496
    """

    def __init__(self, weights: ArrayLike, num_samples: int | None = None, replacement: bool = True) -> None:
        self.weights: NDArray[np.float64] = numeric_array("weights", weights).astype(np.float64)
        if self.weights.ndim != 1:
            raise DataError(f"weights must have shape (n,), got {self.weights.shape}")
        check_finite("weights", self.weights)
        if (self.weights < 0).any() or not self.weights.any():
            raise DataError("weights must be 0 or more, and not all of them 0")
        self.num_samples: int = checked_count("num_samples", len(self.weights) if num_samples is None else num_samples)
        self.replacement: bool = bool(replacement)
        drawable = np.count_nonzero(self.weights)
        if not self.replacement and self.num_samples > drawable:
            raise ValueError(
                f"num_samples={self.num_samples} without replacement, but only {drawable} weights are above 0"
            )

    def __len__(self) -> int:
        return self.num_samples

    def draw(self, rng: np.random.Generator) -> NDArray[np.intp]:
        """Return the positions of an epoch's examples, shape ``(num_samples,)``."""
        shares = self.weights / self.weights.sum()
        return rng.choice(len(shares), self.num_samples, self.replacement, shares).astype(np.intp, copy=False)

    def __repr__(self) -> str:
        kind = "with" if self.replacement else "without"
        return f"WeightedRandomSampler({self.num_samples} of {len(self.weights)}, {kind} replacement)"


class BucketSampler:
    """Puts sequences of similar lengths into one batch, so that little of it is padding.

    Each epoch has all examples in a random order; every `pool` batches of it are sorted by length and cut into batches,
    which then are shuffled.

    Parameters
    ----------
    lengths : array_like of int, shape (n,)
        The length of each example of the data set.
    batch_size : int, default 64
        That of the loader.
    pool : int, default 50
        How many batches are sorted together: with more, lengths are more alike and batches less random.

    Raises
    ------
    DataError
        If the lengths are not one row of numbers.
    ValueError
        If `batch_size` or `pool` is below 1.

    Examples
    --------
    >>> words = ["I", "backward", "to", "be", "gradient", "a"]
    >>> sampler = sg.data.BucketSampler([len(word) for word in words], batch_size=2)
    >>> batches = sampler.draw(np.random.default_rng(0)).reshape(3, 2)
    >>> sorted(sorted(words[i] for i in batch) for batch in batches)
    [['I', 'a'], ['backward', 'gradient'], ['be', 'to']]
    """

    def __init__(self, lengths: ArrayLike, batch_size: int = 64, pool: int = 50) -> None:
        self.lengths: NDArray[np.generic] = numeric_array("lengths", lengths)
        if self.lengths.ndim != 1:
            raise DataError(f"lengths must have shape (n,), got {self.lengths.shape}")
        self.batch_size: int = checked_count("batch_size", batch_size)
        self.pool: int = checked_count("pool", pool)

    def __len__(self) -> int:
        return len(self.lengths)

    def draw(self, rng: np.random.Generator) -> NDArray[np.intp]:
        """Return the positions of an epoch's examples, shape ``(n,)``; a last batch that is short stays the last."""
        order = rng.permutation(len(self))
        pools = np.split(order, range(self.batch_size * self.pool, len(self), self.batch_size * self.pool))
        order = np.concatenate([part[np.argsort(self.lengths[part], kind="stable")] for part in pools])
        whole = len(self) // self.batch_size * self.batch_size
        batches = rng.permutation(order[:whole].reshape(-1, self.batch_size))
        return np.concatenate([batches.reshape(-1), order[whole:]]).astype(np.intp, copy=False)

    def __repr__(self) -> str:
        return f"BucketSampler({len(self)} examples, batch_size={self.batch_size}, pool={self.pool})"


def checked_positions(name: str, positions: ArrayLike, size: int) -> NDArray[np.intp]:
    """Return positions in a data set of `size` examples as an array; at least one, each from 0 to ``size - 1``.

    Raises
    ------
    TypeError
        If they are not integers.
    DataError
        If there is none, or one is not in the data set.
    """
    array = np.asarray(positions)
    if array.ndim != 1 or not array.size:
        raise DataError(f"{name} must be positions of at least one example, got shape {array.shape}")
    if array.dtype.kind not in "iu":
        raise TypeError(f"{name} must be integers, got dtype {array.dtype}")
    if array.min() < 0 or array.max() >= size:
        wrong = array[(array < 0) | (array >= size)][0]
        raise DataError(f"{name} holds {wrong}, and the data set has the examples 0 to {size - 1}")
    return array.astype(np.intp)
