"""Keep the helper threads off the core that the calling thread runs on.

Linux likes to wake a thread on the core of the thread that wakes it. For work of less than a millisecond that means
that the two take turns on one core while another idles, so the helpers are barred from the caller's core.
"""

from __future__ import annotations

import ctypes
import os


def available() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Placement:
    """The cores of some helper threads, given by their native ids."""

    def __init__(self) -> None:
        self._avoided = -1
        try:
            self._current_core = ctypes.PyDLL(None).sched_getcpu
            self._cores = os.sched_getaffinity(0)
        except (AttributeError, OSError, TypeError):
            self._cores = set()

    def avoid_callers_core(self, helpers: list[int]) -> None:
        """Let `helpers` run anywhere but on the core of the calling thread; do nothing where that is unknown."""
        if len(self._cores) < 2:
            return
        core = self._current_core()
        if core == self._avoided:
            return
        try:
            for helper in helpers:
                os.sched_setaffinity(helper, self._cores - {core})
            self._avoided = core
        except OSError:
            self._cores = set()
