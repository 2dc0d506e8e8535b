"""A team of threads that shares the work of one kernel, each thread with one BLAS thread.

NumPy lets go of Python's lock while it computes, so plain threads do run side by side. Work is cut into numbered parts
that do not depend on who computes them; threads take the next part as they become free, which evens out late starts
and parts of unequal size. The cut depends on the number of threads only, so results are the same on every run.
"""

from __future__ import annotations

import contextvars
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue

from . import blas, cores

MAX_DEFAULT_THREADS = 4
PARTS_PER_THREAD = 1


class _Job:
    """The parts of one run. Whoever performs it takes parts until none is left."""

    def __init__(self, parts: int, work: Callable[[int], None]) -> None:
        self.left = iter(range(parts))
        self.work: Callable[[int], None] | None = work
        self.context = contextvars.copy_context()  # carries the caller's np.errstate
        self.ended: SimpleQueue[BaseException | None] = SimpleQueue()

    def perform(self) -> None:
        """Take parts in a helper, and tell the caller of each that has ended."""
        context = self.context.copy()  # one cannot be entered by two threads at once
        for part in self.left:
            failure = None
            try:
                context.run(self.work, part)  # type: ignore[arg-type]
            except BaseException as error:
                failure = error
            self.ended.put(failure)


class _Team:
    """Worker threads that wait for jobs, one queue for all."""

    def __init__(self) -> None:
        self.busy = threading.Lock()
        self._queue: SimpleQueue[_Job] = SimpleQueue()
        self._workers: list[int] = []
        self._placement = cores.Placement()

    def run(self, helpers: int, parts: int, work: Callable[[int], None]) -> None:
        """Share `parts` among the calling thread and `helpers` workers.

        Workers that have not woken up when the last part is taken are not waited for: they will find nothing left.
        """
        while len(self._workers) < helpers:
            self._hire()
        job = _Job(parts, work)
        with self._placement.apart(self._workers):
            for _ in range(helpers):
                self._queue.put(job)
            failures = self._share(job, parts)
        for failure in failures:
            if failure is not None:
                raise failure

    @staticmethod
    def _share(job: _Job, parts: int) -> list[BaseException | None]:
        """Take parts of `job` in the calling thread, then wait for those that helpers took."""
        assert job.work is not None
        done = 0
        try:
            for part in job.left:
                done += 1
                job.work(part)
        finally:
            done += sum(1 for _ in job.left)  # after an exception here: leave nothing to begin
            failures = [job.ended.get() for _ in range(parts - done)]
            job.work = None  # a worker that comes late must not keep the arrays of the caller alive
        return failures

    def _hire(self) -> None:
        worker = threading.Thread(target=self._work, daemon=True, name=f"seegrad-{len(self._workers)}")
        worker.start()
        self._workers.append(worker.native_id or 0)

    def _work(self) -> None:
        while True:
            self._queue.get().perform()


def _wanted() -> int:
    """Return the number of threads to begin with: what the environment asks NumPy's BLAS for, if it does."""
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        asked = os.environ.get(name, "").split(",")[0].strip()  # OpenMP takes a list, for nested teams
        if asked.isdecimal() and int(asked):
            return min(int(asked), cores.available())
    return min(cores.available(), MAX_DEFAULT_THREADS)


_team = _Team()
_num_threads = _wanted()


def get_num_threads() -> int:
    """Return how many threads a kernel may use."""
    return _num_threads


def set_num_threads(n: int) -> None:
    """Let each kernel use up to `n` threads (1: the calling thread alone).

    Results are reproducible for a given number of threads; another number may change the last digits of weight
    gradients, because partial sums are cut differently.

    Raises
    ------
    ValueError
        If `n` is not a positive integer.
    """
    global _num_threads
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise ValueError(f"set_num_threads: n is {n!r}; it must be an integer of at least 1")
    _num_threads = n


def parts_for(work: float, smallest: float) -> int:
    """Return into how many parts to cut `work`, when a part below `smallest` is not worth handing over."""
    if _num_threads == 1 or not blas.controllable():
        return 1
    wanted = int(work // smallest)
    return min(wanted, _num_threads * PARTS_PER_THREAD) if wanted > 1 else 1


def bounds(length: int, parts: int, multiple: int = 1) -> list[tuple[int, int]]:
    """Cut ``range(length)`` into at most `parts` slices of about equal length, at multiples of `multiple`.

    >>> bounds(26, 4)
    [(0, 6), (6, 13), (13, 19), (19, 26)]
    >>> bounds(100, 3, multiple=16)
    [(0, 32), (32, 64), (64, 100)]
    """
    cuts = [length * k // parts // multiple * multiple for k in range(parts)] + [length]
    return [(a, b) for a, b in zip(cuts, cuts[1:], strict=False) if a < b]


def run(parts: int, work: Callable[[int], None]) -> None:
    """Call ``work(0), ..., work(parts - 1)``, each once, on the team; return when all are done.

    An exception in a part is raised here, after the others have ended. A call from inside a part, or while another
    thread uses the team, runs in the calling thread.
    """
    helpers = min(_num_threads, parts) - 1
    with blas.single_threaded():
        if helpers < 1 or not _team.busy.acquire(blocking=False):
            for part in range(parts):
                work(part)
            return
        try:
            _team.run(helpers, parts, work)
        finally:
            _team.busy.release()


def share(length: int, work: float, smallest: float, part: Callable[[int, int], None]) -> None:
    """Call ``part(low, high)`` for slices of ``range(length)`` on the team: as many as `parts_for` says."""
    cuts = bounds(length, parts_for(work, smallest))
    run(len(cuts), lambda k: part(*cuts[k]))


@contextmanager
def num_threads(n: int) -> Iterator[None]:
    """Use up to `n` threads inside a ``with`` block."""
    before = _num_threads
    set_num_threads(n)
    try:
        yield
    finally:
        set_num_threads(before)


def _forget_team() -> None:
    """Start afresh in a forked child, where the workers of the parent do not exist."""
    global _team
    _team = _Team()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_team)
