"""Keep the threads that share the work of a kernel on different cores.

Linux often wakes a thread on the core of the thread that wakes it, in virtual machines even while other cores idle.
For work of less than a millisecond that means that two threads take turns on one core, and no balancing comes in time.
So for the length of a kernel the calling thread stays where it is and its helpers stay away from there.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager


def available() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Placement:
    """Where the calling thread and its helpers, given by their native ids, may run."""

    def __init__(self) -> None:
        self._possible = hasattr(os, "sched_setaffinity")
        self._helpers: dict[int, frozenset[int]] = {}
        try:
            self._current_core = ctypes.PyDLL(None).sched_getcpu
        except (AttributeError, OSError, TypeError):
            self._possible = False

    @contextmanager
    def apart(self, helpers: list[int]) -> Iterator[None]:
        """Inside the block, hold the calling thread on its core and the helpers off it, where the system can."""
        allowed = os.sched_getaffinity(0) if self._possible else set()
        if len(allowed) < 2:
            yield
            return
        core = self._current_core()
        try:
            os.sched_setaffinity(0, {core})
            others = frozenset(allowed - {core})
            for helper in helpers:
                if self._helpers.get(helper) != others:
                    os.sched_setaffinity(helper, others)
                    self._helpers[helper] = others
        except OSError:  # forbidden here
            self._possible = False
        try:
            yield
        finally:
            os.sched_setaffinity(0, allowed)
