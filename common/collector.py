"""Pausing Python's garbage collector while very many objects are made that all stay.

The collector would look through all of them again and again, and find nothing.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from .fork import renewed

_lock = threading.Lock()
_pauses: list[bool] = []  # for each pause that goes on, in any thread: whether the collector ran before


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pause the collector inside this block; when no thread is in one any more, it runs again if it did before."""
    begin_pause()
    try:
        yield
    finally:
        end_pause()


def begin_pause() -> None:
    """Pause the collector; each call is followed by one of :func:`end_pause`."""
    with _lock:
        _pauses.append(gc.isenabled())
        gc.disable()


def end_pause() -> None:
    """End a pause."""
    with _lock:
        if _pauses:  # in a child of a fork, it ended before
            ran = _pauses[0]
            _pauses.pop()
            if ran and not _pauses:
                gc.enable()


@renewed
def _end_pauses_of_other_threads() -> None:
    """Let the collector of a child run: the threads that paused it are not there."""
    global _lock
    _lock = threading.Lock()
    if _pauses and _pauses[0]:
        gc.enable()
    _pauses.clear()
