"""Dividing a data set into parts: at random, with equal shares of every class, or in folds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Generic, overload
from zlib import crc32

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..common.argument_checks import checked_count
from ..common.argument_repr import ArgumentRepr
from ..common.elsewhere import takes_other_names
from ..common.rng import Seed, default_rng
from .data_error import DataError
from .dataset import ArrayDataset, Batch, Example, Gathers, Pair, Source, fingerprint, gathers, take_rows
from .structures import as_source

__all__ = ["KFold", "Subset", "random_split", "train_val_split"]

Rows = NDArray[np.intp]


class Subset(Generic[Example]):
    """Some examples of another source, by position; nothing is copied until it is asked for.

    Parameters
    ----------
    dataset : source
        Where the examples come from.
    indices : array_like of int, shape (n,)
        Their positions there.

    Examples
    --------
    >>> digits = sg.data.ArrayDataset(np.arange(6.0).reshape(3, 2), [0, 1, 2])
    >>> part = sg.data.Subset(digits, [0, 2])
    >>> len(part), part.y, part[1:].y
    (2, array([0, 2]), array([2]))
    """

    def __init__(self, dataset: Source[Example], indices: ArrayLike) -> None:
        self.dataset: Source[Example] = as_source(dataset)
        self.indices: Rows = np.asarray(indices, np.intp)
        if self.indices.ndim != 1 or len(self.indices) == 0:
            raise DataError(f"a subset needs a row of positions, got shape {self.indices.shape}")
        if self.indices.min() < 0 or self.indices.max() >= len(self.dataset):
            raise IndexError(
                f"positions must be 0 to {len(self.dataset) - 1}, got {self.indices.min()} to {self.indices.max()}"
            )

    def __len__(self) -> int:
        return len(self.indices)

    def fingerprint(self) -> int:
        """Return a checksum of the positions, and of the whole data set if it has one."""
        return crc32(self.indices.tobytes(), fingerprint(self.dataset) or 0)

    @overload
    def __getitem__(self, index: int | np.integer[Any]) -> Example: ...
    @overload
    def __getitem__(self, index: slice | Sequence[int] | NDArray[Any]) -> Subset[Example]: ...
    def __getitem__(self, index: Any) -> Example | Subset[Example]:
        """Return one example, or for a slice, index array or mask the subset of those."""
        chosen = self.indices[index]
        return self.dataset[int(chosen)] if chosen.ndim == 0 else _subset(self.dataset, chosen)

    @property
    def x(self) -> NDArray[Any]:
        """The examples as one array, read when it is asked for; an AttributeError if the whole has none."""
        return self._part_of("x")

    @property
    def y(self) -> NDArray[Any]:
        """The targets as one array, read when it is asked for; an AttributeError if the whole has none."""
        return self._part_of("y")

    def _part_of(self, name: str) -> NDArray[Any]:
        return take_rows(getattr(self.dataset, name), self.indices)

    def __repr__(self) -> str:
        return f"Subset({len(self)} of {self.dataset!r})"


class _GatheringSubset(Subset[Pair]):
    """A subset of a source that gives whole batches."""

    dataset: Gathers[Pair]

    def gather(self, indices: Rows) -> Batch:
        return self.dataset.gather(self.indices[indices])


def _subset(dataset: Source[Any], indices: ArrayLike) -> Subset[Any]:
    """Return a subset that gives whole batches if the data set does."""
    return _GatheringSubset(dataset, indices) if gathers(dataset) else Subset(dataset, indices)


#: What becomes of an `ArrayDataset` that is divided: one again, or of a memory-mapped one a `Subset`.
Part = ArrayDataset | Subset[Pair]


@overload
def take_subset(dataset: ArrayDataset, indices: ArrayLike) -> Part: ...  # type: ignore[overload-overlap]  # it is a source, too
@overload
def take_subset(dataset: Source[Example], indices: ArrayLike) -> Subset[Example]: ...
def take_subset(dataset: Source[Any], indices: ArrayLike) -> Any:
    """Return the examples at `indices` as a data set of their own.

    An `ArrayDataset` in memory is copied, so that batches stay quick to gather; anything else (memory-mapped
    arrays, files, examples that a subclass makes in its own way) becomes a `Subset` that refers to it.
    """
    dataset = as_source(dataset)
    if isinstance(dataset, ArrayDataset) and not dataset.on_disk and _is_plain(type(dataset)):
        return dataset[np.asarray(indices, np.intp)]
    return _subset(dataset, indices)


def _is_plain(kind: type[ArrayDataset]) -> bool:
    """Tell whether a class makes examples of its arrays as `ArrayDataset` does."""
    return kind.__getitem__ is ArrayDataset.__getitem__ and kind.gather is ArrayDataset.gather


@overload
def random_split(  # type: ignore[overload-overlap]  # it is a source, too
    dataset: ArrayDataset, sizes: Sequence[float], seed: Seed = None
) -> list[Part]: ...
@overload
def random_split(dataset: Source[Example], sizes: Sequence[float], seed: Seed = None) -> list[Subset[Example]]: ...
@takes_other_names
def random_split(dataset: Source[Any], sizes: Sequence[float], seed: Seed = None) -> Any:
    """Divide a data set at random into parts that do not overlap.

    Parameters
    ----------
    dataset : source
        An `ArrayDataset`, or anything with ``len()`` and ``[i]``.
    sizes : sequence of int or of float
        The number of examples of each part (their sum must be ``len(dataset)``), or fractions that sum to 1.
    seed : int, numpy.random.Generator or None
        Determines the division.

    Returns
    -------
    list of ArrayDataset (or of Subset, for a source that is not in memory)

    Raises
    ------
    ValueError
        If the sizes do not add up or a part would be empty.

    Examples
    --------
    >>> digits = sg.data.ArrayDataset(np.zeros((10, 2)), np.arange(10))
    >>> [len(part) for part in sg.data.random_split(digits, [0.5, 0.3, 0.2], seed=0)]
    [5, 3, 2]
    """
    dataset = as_source(dataset)
    counts = _part_sizes(sizes, len(dataset))
    order = default_rng(seed).permutation(len(dataset))
    return [take_subset(dataset, np.sort(rows)) for rows in np.split(order, np.cumsum(counts)[:-1])]


@overload
def train_val_split(  # type: ignore[overload-overlap]  # it is a source, too
    dataset: ArrayDataset, validation: float = 0.1, seed: Seed = None, stratify: bool = True
) -> tuple[Part, Part]: ...
@overload
@takes_other_names
def train_val_split(
    dataset: Source[Example], validation: float = 0.1, seed: Seed = None, stratify: bool = True
) -> tuple[Subset[Example], Subset[Example]]: ...
def train_val_split(dataset: Source[Any], validation: float = 0.1, seed: Seed = None, stratify: bool = True) -> Any:
    """Set part of the training data aside for validation.

    Parameters
    ----------
    dataset : source
        With integer labels in ``dataset.y`` if `stratify` is set.
    validation : float or int, default 0.1
        A fraction (0 < `validation` < 1) or a number of examples.
    seed : int, numpy.random.Generator or None
        Determines the choice.
    stratify : bool, default True
        Give both parts the same share of every class, up to rounding.

    Returns
    -------
    train, validation : ArrayDataset (or Subset, for a source that is not in memory)
        Both in the order of the original.

    Raises
    ------
    TypeError, ValueError
        If a part would be empty, or there are no integer labels to stratify by.

    Examples
    --------
    >>> digits = sg.data.ArrayDataset(np.zeros((10, 2)), [0, 1] * 5)
    >>> train, validation = sg.data.train_val_split(digits, 0.4, seed=0)
    >>> len(train), sorted(validation.y.tolist())
    (6, [0, 0, 1, 1])
    """
    dataset = as_source(dataset)
    size = len(dataset)
    count = validation if isinstance(validation, (int, np.integer)) else round(_fraction(validation) * size)
    count = checked_count("validation", count)
    if count >= size:
        raise ValueError(f"validation={validation} takes {count} of {size} examples, which leaves none to train on")
    rng = default_rng(seed)
    if stratify:
        order = stratified_order(_labels(dataset), rng)
        # Equally spaced places in an order sorted by class hold each class's share to within one example.
        chosen = order[(2 * np.arange(count) + 1) * size // (2 * count)]
    else:
        chosen = rng.permutation(size)[:count]
    held = np.zeros(size, bool)
    held[chosen] = True
    return take_subset(dataset, np.flatnonzero(~held)), take_subset(dataset, np.flatnonzero(held))


class KFold(ArgumentRepr):
    """Cross-validation: divides a data set into folds, each of which is the validation set once.

    Parameters
    ----------
    folds : int, default 5
        How many, at least 2.
    seed : int, numpy.random.Generator or None
        Determines the division.
    stratify : bool, default True
        Give every fold the same share of every class, up to rounding.

    Examples
    --------
    >>> digits = sg.data.ArrayDataset(np.zeros((10, 2)), [0, 1] * 5)
    >>> [(len(train), len(validation)) for train, validation in sg.data.KFold(3, seed=0).split(digits)]
    [(6, 4), (7, 3), (7, 3)]
    """

    def __init__(self, folds: int = 5, seed: Seed = None, stratify: bool = True) -> None:
        self.folds: int = checked_count("folds", folds, minimum=2)
        self._seed = seed
        self.stratify: bool = bool(stratify)

    @overload
    def split(self, dataset: ArrayDataset) -> Iterator[tuple[Part, Part]]: ...  # type: ignore[overload-overlap]  # it is a source, too
    @overload
    def split(self, dataset: Source[Example]) -> Iterator[tuple[Subset[Example], Subset[Example]]]: ...
    def split(self, dataset: Source[Any]) -> Iterator[Any]:
        """Yield ``(train, validation)`` of each fold: copies of arrays in memory, else a :class:`Subset`.

        Raises
        ------
        TypeError, ValueError
            If there are fewer examples than folds, or no integer labels to stratify by.
        """
        dataset = as_source(dataset)
        for validation in self.indices(dataset):
            yield (
                take_subset(dataset, np.setdiff1d(np.arange(len(dataset)), validation)),
                take_subset(dataset, validation),
            )

    def indices(self, dataset: Source[Any]) -> list[Rows]:
        """Return the positions that form each fold, in ascending order.

        Raises
        ------
        TypeError, ValueError
            If there are fewer examples than folds, or no integer labels to stratify by.
        """
        dataset = as_source(dataset)
        if len(dataset) < self.folds:
            raise ValueError(f"{len(dataset)} examples cannot form {self.folds} folds")
        rng = default_rng(self._seed)
        order = stratified_order(_labels(dataset), rng) if self.stratify else rng.permutation(len(dataset))
        return [np.sort(order[first :: self.folds]) for first in range(self.folds)]


def stratified_order(labels: NDArray[Any], rng: np.random.Generator) -> Rows:
    """Return all positions, class after class, at random within each class."""
    order = rng.permutation(len(labels))
    return order[np.argsort(labels[order], kind="stable")]


def _labels(dataset: Source[Any]) -> NDArray[Any]:
    labels = np.asarray(getattr(dataset, "y", None))
    if labels.dtype.kind not in "iu" or labels.shape != (len(dataset),):
        found = f"{labels.dtype} {labels.shape}" if hasattr(dataset, "y") else "no attribute y"
        raise TypeError(
            f"stratify=True needs one integer label per example in dataset.y, got {found}; or stratify=False"
        )
    return labels


def _fraction(value: float) -> float:
    if not isinstance(value, (float, np.floating)) or not 0 < value < 1:
        raise ValueError(f"validation must be a fraction between 0 and 1 or a number of examples, got {value!r}")
    return float(value)


def _part_sizes(sizes: Sequence[float], total: int) -> list[int]:
    """Turn sizes or fractions into whole numbers that sum to `total`."""
    if len(sizes) == 0:
        raise ValueError("random_split needs the size of at least one part")
    if all(isinstance(size, (int, np.integer)) for size in sizes):
        counts = [checked_count("a part's size", size) for size in sizes]
        if sum(counts) != total:
            raise ValueError(f"the sizes {counts} sum to {sum(counts)}, but the data set has {total} examples")
        return counts
    shares = np.array(sizes, np.float64)
    if not (shares > 0).all() or abs(shares.sum() - 1) > 1e-9:
        raise ValueError(f"fractions must be positive and sum to 1, got {list(sizes)}")
    ends = np.round(np.cumsum(shares) * total).astype(int)
    parts: list[int] = np.diff(ends, prepend=0).tolist()
    if min(parts) == 0:
        raise ValueError(f"fractions {list(sizes)} of {total} examples leave a part empty: {parts}")
    return parts
