"""The processes (ranks) that train one model together over MPI, and what they exchange."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


class Comm(Protocol):
    """The part of an MPI communicator, such as mpi4py's ``MPI.COMM_WORLD``, that is used: its calls for arrays."""

    def Get_rank(self) -> int:  # noqa: N802  # these are MPI's names
        """Return the number of this process, from 0."""

    def Get_size(self) -> int:  # noqa: N802
        """Return how many processes there are."""

    def Allreduce(self, sendbuf: Any, recvbuf: Any) -> None:  # noqa: N802
        """Sum arrays over the processes, for all of them."""

    def Allgather(self, sendbuf: Any, recvbuf: Any) -> None:  # noqa: N802
        """Give every process the arrays of all, stacked."""

    def Bcast(self, buf: Any, root: int = 0) -> None:  # noqa: N802
        """Overwrite an array by that of one process."""

    def Abort(self, errorcode: int = 0) -> Any:  # noqa: N802
        """End all processes."""


class Ranks:
    """A process among those that run the same program together; all of them must make the same calls.

    Parameters
    ----------
    comm : communicator of mpi4py, optional
        Without one, this process is alone, and everything here costs nothing.

    Attributes
    ----------
    rank, size : int
        The number of this process, from 0, and how many there are.

    Examples
    --------
    >>> from seegrad.common.ranks import Ranks
    >>> Ranks().first, Ranks().total(np.array([1.0, 2.0]))
    (True, array([1., 2.]))
    """

    def __init__(self, comm: Comm | None = None) -> None:
        if comm is not None and not all(hasattr(comm, name) for name in ("Allreduce", "Bcast", "Get_rank")):
            raise TypeError(f"expected a communicator such as mpi4py.MPI.COMM_WORLD, got {comm!r:.80}")
        self.comm = comm
        self.rank: int
        self.size: int
        self.rank, self.size = (0, 1) if comm is None else (comm.Get_rank(), comm.Get_size())

    def __deepcopy__(self, memo: Any) -> Ranks:
        """Return itself: copies of a trainer use the same communicator."""
        return self

    @property
    def first(self) -> bool:
        """Whether this is rank 0, which prints and writes files for all."""
        return self.rank == 0

    def total(self, numbers: Array) -> Array:
        """Return the sum over the ranks of arrays of one shape and dtype, the same to the last bit on each."""
        if self.comm is None or self.size == 1:
            return numbers
        sums = np.empty_like(numbers)
        self.comm.Allreduce(numbers, sums)
        return sums

    def any(self, asked: bool) -> bool:
        """Return whether the argument is true on at least one rank."""
        return bool(self.total(np.array([float(asked)]))[0])

    def from_first(self, array: Array) -> Array:
        """Return rank 0's array; all ranks pass one of the same shape and dtype."""
        if self.comm is None or self.size == 1:
            return array
        copy = np.array(array, order="C")
        self.comm.Bcast(copy, root=0)
        return copy

    def collect(self, part: Any) -> list[Any]:
        """Return what each rank passed, in the order of ranks: numbers, texts and None, in lists and dicts."""
        if self.comm is None or self.size == 1:
            return [part]
        text = np.frombuffer(json.dumps(part).encode(), np.uint8)
        lengths = np.empty(self.size, np.int64)
        self.comm.Allgather(np.array([text.size], np.int64), lengths)
        padded = np.zeros(lengths.max(), np.uint8)
        padded[: text.size] = text
        texts = np.empty((self.size, padded.size), np.uint8)
        self.comm.Allgather(padded, texts)
        return [json.loads(row[:length].tobytes()) for row, length in zip(texts, lengths, strict=True)]

    def average(self, arrays: Sequence[Array]) -> None:
        """Replace each array's values by their means over the ranks, in one exchange for each dtype."""
        if self.comm is None or self.size == 1:
            return
        for dtype in dict.fromkeys(array.dtype for array in arrays):
            same = [array for array in arrays if array.dtype == dtype]
            means = self.total(np.concatenate([array.ravel() for array in same]))
            means /= self.size
            first = 0
            for array in same:
                array[...] = means[first : first + array.size].reshape(array.shape)
                first += array.size

    def end_job(self, why: str, status: int = 1) -> None:
        """End all processes, which would otherwise wait for this one for ever."""
        print(f"rank {self.rank} of {self.size} {why}; this ends the job on all ranks", file=sys.stderr, flush=True)
        sys.stdout.flush()
        if self.comm is not None:
            self.comm.Abort(status)

    def end_job_with_this_process(self) -> None:
        """End the job from now on when an error on this rank is not caught."""
        if self.size == 1:
            return
        usual = sys.excepthook

        def end(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
            usual(kind, error, trace)
            self.end_job(f"failed with {kind.__name__}")

        sys.excepthook = end
