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
    """One thread's share of a run: it takes parts until none is left, then reports."""

    def __init__(
        self, parts: Iterator[int], work: Callable[[int], None], done: SimpleQueue[BaseException | None]
    ):
        self.parts, self.work, self.done = parts, work, done
        self.context = contextvars.copy_context()  # carries the caller's np.errstate

    def perform(self) -> None:
        failure = None
        try:
            self.context.run(self._take_parts)
        except BaseException as error:
            failure = error
        done = self.done
        del self.parts, self.work, self.context  # the caller may count references once it hears `done`
        done.put(failure)

    def _take_parts(self) -> None:
        for part in self.parts:
            self.work(part)


class _Team:
    """Worker threads that wait for jobs, one queue for all."""

    def __init__(self) -> None:
        self.busy = threading.Lock()
        self._jobs: SimpleQueue[_Job] = SimpleQueue()
        self._workers: list[int] = []
        self._placement = cores.Placement()

    def run(self, helpers: int, parts: Iterator[int], work: Callable[[int], None]) -> None:
        """Share `parts` among the calling thread and `helpers` workers."""
        done: SimpleQueue[BaseException | None] = SimpleQueue()  # of this run alone: one cut short leaves no trace
        while len(self._workers) < helpers:
            self._hire()
        self._placement.avoid_callers_core(self._workers)
        for _ in range(helpers):
            self._jobs.put(_Job(parts, work, done))
        try:
            for part in parts:
                work(part)
        finally:
            failures = [done.get() for _ in range(helpers)]
        for failure in failures:
            if failure is not None:
                raise failure

    def _hire(self) -> None:
        worker = threading.Thread(target=self._work, daemon=True, name=f"seegrad-{len(self._workers)}")
        worker.start()
        self._workers.append(worker.native_id or 0)

    def _work(self) -> None:
        while True:
            self._jobs.get().perform()


_team = _Team()
_num_threads = min(cores.available(), MAX_DEFAULT_THREADS)


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
            _team.run(helpers, iter(range(parts)), work)
        finally:
            _team.busy.release()


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
