"""One process's share of a data set that many processes go through together."""

from __future__ import annotations

import numpy as np

from ..common.argument_checks import checked_count
from .data_error import DataError
from .dataset import Example, Source, fingerprint
from .split import Subset
from .structures import as_source

__all__ = ["Shard", "shard"]


class Shard(Subset[Example]):
    """What :func:`shard` returns: a subset that a `DataLoader` shuffles together with those of the other ranks.

    Attributes
    ----------
    dataset : source
        The whole.
    share : slice
        This rank's places, in the order of the whole or in any other.
    rank, size : int
        Whose share it is, from 0, and of how many.
    """

    def __init__(self, dataset: Source[Example], rank: int, size: int, equal: bool) -> None:
        count = len(dataset) - len(dataset) % size if equal else len(dataset)
        self.rank = rank
        self.size = size
        self.share: slice = slice(rank, count, size)
        super().__init__(dataset, np.arange(len(dataset))[self.share])

    def fingerprint(self) -> int:
        """Return a checksum of the whole, which is the same on every rank."""
        return fingerprint(self.dataset) or 0

    def __repr__(self) -> str:
        return f"Shard({self.rank} of {self.size}: {len(self)} of {self.dataset!r})"


def shard(dataset: Source[Example], rank: int, size: int, equal: bool = True) -> Shard[Example]:
    """Return one of `size` shares of a data set, for the process that has the number `rank`.

    With batches of n from each share, the processes together go through the very batches of ``n * size`` that one
    process with the whole data set and the same seed would see: a `DataLoader` that shuffles a share draws the order
    of the whole, and takes every `size`-th example of it. So shares have no examples in common within an epoch, but
    they are others in the next one.

    Parameters
    ----------
    dataset : source
        The whole, the same on every process.
    rank : int
        The number of this process, from 0.
    size : int
        How many processes there are.
    equal : bool, default True
        Give every process as many examples, and so as many steps, by leaving out up to ``size - 1`` of them
        (others in every epoch, if they are shuffled). False for a validation, where every example has to count.

    Raises
    ------
    ValueError
        If `rank` is not below `size`, or there are fewer examples than processes.

    Examples
    --------
    >>> digits = sg.data.ArrayDataset(np.zeros((5, 2)), np.arange(5))
    >>> [len(sg.data.shard(digits, rank, 2)) for rank in (0, 1)]
    [2, 2]
    >>> loader = sg.data.DataLoader(sg.data.shard(digits, 1, 2, equal=False), batch_size=2)
    >>> [y.tolist() for x, y in loader]
    [[1, 3]]
    """
    size = checked_count("size", size)
    rank = checked_count("rank", rank, minimum=0)
    if rank >= size:
        raise ValueError(f"the ranks of {size} processes are 0 to {size - 1}, got {rank}")
    dataset = as_source(dataset)
    if len(dataset) < size:
        raise DataError(f"{len(dataset)} examples cannot be shared among {size} processes; each needs at least one")
    return Shard(dataset, rank, size, equal)
