"""Batches in a reproducible order, prepared ahead by a background thread if asked."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, Protocol, overload

import numpy as np
from numpy.typing import NDArray

from ..common.argument_checks import checked_count
from ..common.argument_repr import argument_text
from ..common.rng import Seed, default_rng
from .augment.augmentation import Augmentation
from .data_error import DataError
from .dataset import Batch, Pair, Source, gathers
from .prefetch import in_background
from .samplers import Sampler, checked_positions
from .sharding import Shard
from .structures import as_source, collate, describe, is_structure

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    #: A batch, and one that is a named tuple.
    B = TypeVar("B", covariant=True, default=Any)
    N = TypeVar("N", bound="NamedParts", covariant=True)
else:
    from typing import TypeVar

    B, N = TypeVar("B", covariant=True), TypeVar("N", covariant=True)

__all__ = ["DataLoader"]


class NamedParts(Protocol):
    """A named tuple, for type checkers."""

    def _asdict(self) -> dict[str, Any]: ...


class NamedExamples(Protocol[N]):
    """A source whose examples are named tuples, for type checkers."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> N: ...


class DataLoader(Generic[B]):
    """Iterates over a data set in batches ``(x, y)``; every pass is one epoch.

    Parameters
    ----------
    dataset : ArrayDataset, or any object with ``len()`` whose ``[i]`` is a pair ``(example, target)``
        The source. Examples may be dicts or named tuples instead of pairs, or have such in them; batches are built
        alike. So are those of a dict or named tuple of arrays, each of which is a column of the data set. One with a
        method ``gather(indices)`` is asked for whole batches, which is faster. Of a :func:`shard`, each epoch's part
        is delivered.
    batch_size : int, default 64
        Examples per batch; the last one is shorter where they do not come out even.
    shuffle : bool, default False
        Whether each epoch has its own random order.
    seed : int, numpy.random.Generator or None
        Determines the orders and the random part of an augmentation, independent of threads and prefetching.
        None draws a seed from the library's default generator (see ``seegrad.manual_seed``).
    drop_last : bool, default False
        Leave out a last batch that is shorter than the others.
    sampler : Sampler or sequence of int, optional
        Which examples each epoch goes through, instead of all: such as `WeightedRandomSampler`, or positions in the
        data set in an order of your own. Not together with `shuffle`.
    collate_fn : callable, optional
        Makes a batch of a list of examples, instead of stacking them: ``collate_fn([dataset[i], ...])``. With
        :func:`pad_sequence` it builds batches of sequences of different lengths.
    transform : Augmentation or callable, optional
        Applied to each batch: ``x, y = transform(x, y)``; or where batches are no pairs, ``transform(batch)``.
    prefetch : int, default 0
        How many batches a background thread prepares ahead; 0 means no thread. It pays where preparing a
        batch waits for a disk, or where a core is free.

    Raises
    ------
    TypeError, ValueError
        If an argument is not usable, among them a batch size below 1 and a data set that yields no batch at
        all.

    Notes
    -----
    An epoch that is left early (``break``) counts as an epoch. The order of epoch `e` depends on the seed and
    `e` alone, so :meth:`state_dict` is three integers, and a loader that loads them goes on with the very
    next batch.

    Examples
    --------
    >>> loader = sg.data.DataLoader(sg.data.ArrayDataset(np.zeros((10, 2)), np.arange(10)), batch_size=4)
    >>> [y.tolist() for x, y in loader]
    [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    >>> loader = sg.data.DataLoader({"length": np.arange(3.0), "name": ["a", "b", "c"]}, batch_size=2)
    >>> next(iter(loader))["length"]
    array([0., 1.])
    """

    @overload
    def __init__(
        self: DataLoader[N],
        dataset: NamedExamples[N] | N,
        batch_size: int = 64,
        shuffle: bool = False,
        seed: Seed = None,
        drop_last: bool = False,
        *,
        transform: None = None,
        prefetch: int = 0,
        sampler: Sampler | Sequence[int] | None = None,
        collate_fn: None = None,
    ) -> None: ...
    @overload
    def __init__(
        self: DataLoader[Batch],
        dataset: Source[Pair | list[Any]],
        batch_size: int = 64,
        shuffle: bool = False,
        seed: Seed = None,
        drop_last: bool = False,
        *,
        transform: Augmentation | None = None,
        prefetch: int = 0,
        sampler: Sampler | Sequence[int] | None = None,
        collate_fn: None = None,
    ) -> None: ...
    @overload
    def __init__(
        self: DataLoader[dict[str, NDArray[Any]]],
        dataset: Mapping[str, Any] | Source[Mapping[str, Any]],
        batch_size: int = 64,
        shuffle: bool = False,
        seed: Seed = None,
        drop_last: bool = False,
        *,
        transform: None = None,
        prefetch: int = 0,
        sampler: Sampler | Sequence[int] | None = None,
        collate_fn: None = None,
    ) -> None: ...
    @overload
    def __init__(
        self,
        dataset: Source[Any] | Mapping[str, Any] | NamedParts,
        batch_size: int = 64,
        shuffle: bool = False,
        seed: Seed = None,
        drop_last: bool = False,
        *,
        transform: Callable[..., B],
        prefetch: int = 0,
        sampler: Sampler | Sequence[int] | None = None,
        collate_fn: Callable[[list[Any]], Any] | None = None,
    ) -> None: ...
    @overload
    def __init__(
        self,
        dataset: Source[Any],
        batch_size: int = 64,
        shuffle: bool = False,
        seed: Seed = None,
        drop_last: bool = False,
        *,
        transform: None = None,
        prefetch: int = 0,
        sampler: Sampler | Sequence[int] | None = None,
        collate_fn: Callable[[list[Any]], B],
    ) -> None: ...
    def __init__(
        self,
        dataset: Source[Any] | Mapping[str, Any] | NamedParts,
        batch_size: int = 64,
        shuffle: bool = False,
        seed: Seed = None,
        drop_last: bool = False,
        *,
        transform: Augmentation | Callable[..., B] | None = None,
        prefetch: int = 0,
        sampler: Sampler | Sequence[int] | None = None,
        collate_fn: Callable[[list[Any]], Any] | None = None,
    ) -> None:
        dataset = as_source(dataset)
        arrays = isinstance(dataset, (tuple, np.ndarray, str, bytes)) or hasattr(dataset, "iloc")
        if arrays or not isinstance(dataset, Source):
            raise TypeError(f"DataLoader needs a data set, got {type(dataset).__name__}; try ArrayDataset(x, y)")
        if transform is not None and not callable(transform):
            raise TypeError(f"transform must be callable as transform(x, y), got {transform!r}")
        if collate_fn is not None and not callable(collate_fn):
            raise TypeError(f"collate_fn must be callable with a list of examples, got {collate_fn!r}")
        self.dataset: Source[Any] = dataset
        self.batch_size: int = checked_count("batch_size", batch_size)
        self.shuffle: bool = bool(shuffle)
        self.drop_last: bool = bool(drop_last)
        self.sampler: Sampler | NDArray[np.intp] | None = self._checked_sampler(sampler)
        self.collate_fn: Callable[[list[Any]], Any] | None = collate_fn
        self.transform = transform
        self.prefetch: int = checked_count("prefetch", prefetch, minimum=0)
        if len(dataset) == 0:
            raise DataError("the data set is empty, there is nothing to iterate over")
        if len(self) == 0:
            raise ValueError(
                f"batch_size={self.batch_size} exceeds the {self._examples} examples, and drop_last=True"
                " leaves no batch; use a smaller batch or drop_last=False"
            )
        self._seed = _seed_number(seed)
        self._epoch, self._batch, self._begun = 0, 0, False

    def __len__(self) -> int:
        """Return the number of batches in a whole epoch."""
        full, rest = divmod(self._examples, self.batch_size)
        return full + (rest > 0 and not self.drop_last)

    def __repr__(self) -> str:
        batches = f"{len(self):,} batch{'' if len(self) == 1 else 'es'} of {self.batch_size}"
        parts = [batches, self._order_text()]
        if self.drop_last:
            parts.append("no short batch")
        if self.collate_fn is not None:
            parts.append(f"collated by {argument_text(self.collate_fn)}")
        if self.transform is not None:
            parts.append(f"through {argument_text(self.transform)}")
        if self.prefetch:
            parts.append(f"{self.prefetch} prepared ahead")
        return f"DataLoader({', '.join(parts)}; {self.dataset!r})"

    def __iter__(self) -> Iterator[B]:
        """Begin the next epoch, or go on within the one whose state was loaded."""
        if self._begun:
            self._epoch, self._batch = self._epoch + 1, 0
        self._begun = True
        return self._deliver(self._epoch, self._batch)

    def state_dict(self) -> dict[str, int]:
        """Return where the iteration stands, as plain integers: ``seed``, ``epoch`` and ``batch``.

        A batch counts as soon as it was handed out, also while the loop's body still works on it; batches
        that are only prefetched do not count.
        """
        return {"seed": self._seed, "epoch": self._epoch, "batch": self._batch}

    def load_state_dict(self, state: Mapping[str, int]) -> None:
        """Go on where :meth:`state_dict` was taken: with the first batch that was not handed out then.

        Raises
        ------
        TypeError, ValueError
            If the state is not complete or cannot belong to this loader, which is unchanged then.
        """
        if set(state) != {"seed", "epoch", "batch"}:
            raise ValueError(f"the state of a DataLoader holds seed, epoch and batch, got {sorted(state)}")
        seed, epoch, batch = (checked_count(key, state[key], minimum=0) for key in ("seed", "epoch", "batch"))
        if batch > len(self):
            raise ValueError(f"the state stands at batch {batch}, but an epoch of this DataLoader has {len(self)}")
        self._seed, self._epoch, self._batch, self._begun = seed, epoch, batch, False

    @property
    def _examples(self) -> int:
        """How many examples an epoch has."""
        return len(self.dataset if self.sampler is None else self.sampler)

    def _order_text(self) -> str:
        if isinstance(self.sampler, np.ndarray):
            return "in a given order"
        return f"by {self.sampler!r}" if self.sampler is not None else "shuffled" if self.shuffle else "in order"

    def _checked_sampler(self, sampler: Sampler | Sequence[int] | None) -> Sampler | NDArray[np.intp] | None:
        if sampler is None:
            return None
        if self.shuffle:
            raise ValueError("shuffle=True and sampler= both say in which order an epoch goes; give one of them")
        if isinstance(self.dataset, Shard):
            raise ValueError("a shard() goes through its own part of each epoch and takes no sampler=")
        if isinstance(sampler, Sampler):
            return sampler
        return checked_positions("sampler", sampler, len(self.dataset))

    def _order(self, seed: int, epoch: int) -> NDArray[np.intp]:
        """Return the positions that an epoch goes through, of all shards."""
        if isinstance(self.sampler, np.ndarray):
            return self.sampler
        rng = _generator(seed, epoch)
        if self.sampler is not None:
            return checked_positions("what the sampler draws", self.sampler.draw(rng), len(self.dataset))
        size = len(self.dataset.dataset if isinstance(self.dataset, Shard) else self.dataset)
        return rng.permutation(size) if self.shuffle else np.arange(size)

    def _deliver(self, epoch: int, first: int) -> Iterator[B]:
        batches = self._prepare(self._seed, epoch, first)
        if self.prefetch:
            batches = in_background(batches, self.prefetch)
        with closing(batches):
            for number, batch in enumerate(batches, first + 1):
                if epoch == self._epoch:
                    self._batch = number
                yield batch
        if epoch == self._epoch:
            self._epoch, self._batch, self._begun = epoch + 1, 0, False

    def _prepare(self, seed: int, epoch: int, first: int) -> Generator[Any, None, None]:
        # The order is drawn for the whole data set and a shard takes its part of it, so that ranks never overlap.
        shard = self.dataset if isinstance(self.dataset, Shard) else None
        dataset = self.dataset if shard is None else shard.dataset
        rank = (shard.rank,) if shard is not None and shard.rank else ()
        gather = self._gather_of(dataset)
        order = self._order(seed, epoch)
        if shard is not None:
            order = order[shard.share]
        for number in range(first, len(self)):
            batch = gather(order[number * self.batch_size : (number + 1) * self.batch_size])
            yield self._transformed(batch, seed, epoch, number, *rank)

    def _gather_of(self, dataset: Source[Any]) -> Callable[[NDArray[np.intp]], Any]:
        own = self.collate_fn
        if own is not None:
            return lambda rows: own([dataset[int(row)] for row in rows])
        return dataset.gather if gathers(dataset) else partial(_stack, dataset)

    def _transformed(self, batch: Any, seed: int, *position: int) -> Any:
        if self.transform is None:
            return batch
        pair = isinstance(batch, tuple) and len(batch) == 2
        if isinstance(self.transform, Augmentation):
            if not pair:
                raise TypeError(
                    f"{type(self.transform).__name__} takes batches (x, y), these are {describe(batch)}; call it in a "
                    'function of your own, such as transform=lambda batch: augmentation(batch["x"], batch["y"])'
                )
            return self.transform(*batch, rng=_generator(seed, *position))
        own: Callable[..., Any] = self.transform
        return own(*batch) if pair else own(batch)


def _seed_number(seed: Seed) -> int:
    if seed is None or isinstance(seed, np.random.Generator):
        return int(default_rng(seed).integers(1 << 63))
    return checked_count("seed", seed, minimum=0)


def _generator(seed: int, *position: int) -> np.random.Generator:
    """Return the generator that belongs to a seed and a place in the run; places are independent."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=position)))


def _stack(dataset: Source[Any], rows: NDArray[np.intp]) -> Any:
    pairs = [dataset[int(row)] for row in rows]
    if is_structure(pairs[0]):
        return collate(pairs, rows, "example")
    for row, pair in zip(rows, pairs):
        # An array or a text of length 2 could be unpacked like a pair, but is none.
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise DataError(
                f"examples {rows[:5].tolist()}... do not form a batch: each must be a pair (example, target), a dict "
                f"or a named tuple, number {row} is {pair!r:.80}"
            )
    examples, targets = zip(*pairs)
    return collate(examples, rows, "x"), collate(targets, rows, "y")
