"""A team of threads that shares the work of one kernel, each thread with one BLAS thread.

NumPy lets go of Python's lock while it computes, so plain threads do run side by side. Work is cut into numbered parts
that do not depend on who computes them; threads take the next part as they become free, which evens out late starts
and parts of unequal size. The cut depends on the number of threads only, so results are the same on every run.
"""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue

from ....common.fork import renewed
from ....common.warning import warn
from ... import resources
from . import blas, workspace

PARTS_PER_THREAD = 1


class _Job:
    """The parts of one run. Whoever performs it takes parts until none is left."""

    def __init__(self, parts: int, work: Callable[[int], None]) -> None:
        self.left = iter(range(parts))
        self.work: Callable[[int], None] | None = work
        self.context = contextvars.copy_context()  # carries the caller's np.errstate
        self.helping: list[int] = []
        self.stopped: SimpleQueue[None] = SimpleQueue()
        self.failures: list[BaseException] = []

    def help(self) -> None:
        """Take parts in a helper, and tell the caller when there are no more."""
        me = threading.get_ident()
        self.helping.append(me)  # before anything is taken: who takes nothing is not waited for
        try:
            context = self.context.copy()  # one cannot be entered by two threads at once
            for part in self.left:
                context.run(self.work, part)  # type: ignore[arg-type]
        except BaseException as error:
            self.failures.append(error)
            self.drop_rest()
        finally:
            self.helping.remove(me)
            self.stopped.put(None)

    def drop_rest(self) -> None:
        """Leave nothing to begin."""
        for _ in self.left:
            pass

    def end(self) -> None:
        """Leave nothing to begin, and wait for the helpers; to be called again if it was interrupted."""
        self.drop_rest()
        while self.helping:
            self.stopped.get()
        self.work = None  # a helper that comes late must not keep the arrays of the caller alive


class _Team:
    """Worker threads that wait for jobs, one queue for all."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[_Job] = SimpleQueue()
        self._workers = 0
        self._jobs: dict[str, _Job] = {}
        self.full = False
        """Whether the system refused one more thread."""

    def run(self, helpers: int, parts: int, work: Callable[[int], None]) -> bool:
        """Share `parts` among the calling thread and up to `helpers` workers; False, and nothing done, if it is busy.

        Workers that have not woken up when the last part is taken are not waited for: they will find nothing left.
        What Ctrl-C may interrupt is undone twice, and can be: the first time may be what is interrupted.
        """
        job = _Job(parts, work)
        try:
            try:
                if self._jobs.setdefault("now", job) is not job:
                    return False
                for _ in range(self._hired(helpers)):
                    self._queue.put(job)
                for part in job.left:
                    work(part)
            finally:
                self._end(job)
        finally:
            self._end(job)
        for failure in job.failures:
            raise failure
        return True

    def _end(self, job: _Job) -> None:
        if self._jobs.get("now") is job:
            job.end()
            del self._jobs["now"]

    def _hired(self, helpers: int) -> int:
        """Return how many of so many helpers there are; threads are started as they are wanted."""
        while self._workers < helpers and not self.full:
            worker = threading.Thread(target=self._work, daemon=True, name=f"seegrad-{self._workers}")
            try:
                worker.start()
            except RuntimeError as error:
                self.full = True
                warn(
                    f"kernels use {self._workers + 1} threads instead of {helpers + 1}, since the system refuses one "
                    f"more ({error}); set_num_threads(n) tries again"
                )
            else:
                self._workers += 1
        return min(helpers, self._workers)

    def _work(self) -> None:
        wait: float | None = workspace.IDLE
        while True:
            try:
                job = self._queue.get(timeout=wait)
            except Empty:  # a quiet moment
                workspace.release_memory(workspace.IDLE)
                wait = workspace.IDLE if workspace.held() else None
            else:
                wait = workspace.IDLE
                job.help()
                del job  # or it would be kept until the next one


_team = _Team()
_num_threads = resources.default_num_threads()


def get_num_threads() -> int:
    """Return how many threads a kernel may use."""
    return _num_threads


def set_num_threads(n: int) -> None:
    """Let each kernel use up to `n` threads (1: the calling thread alone); `resources.set_num_threads` checks `n`."""
    global _num_threads
    _num_threads = n
    _team.full = False


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

    def all_parts() -> None:
        if helpers < 1 or not _team.run(helpers, parts, work):
            for part in range(parts):
                work(part)

    blas.single_threaded(all_parts)


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


@renewed
def _forget_team() -> None:
    """Start afresh in a forked child, where the workers of the parent do not exist."""
    global _team
    _team = _Team()
