"""An iterator that works ahead in a background thread."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass
class _End:
    """What the thread sends last: nothing more follows, because of `error` if there is one."""

    error: BaseException | None = None


def in_background(items: Iterator[T], ahead: int) -> Generator[T, None, None]:
    """Yield the same items, up to `ahead` of which are prepared in a background thread.

    An exception there is raised here, at its place in the order. The thread ends with the iteration, also
    with one that is abandoned (``break``, an exception, ``close()``).
    """
    box: queue.Queue[T | _End] = queue.Queue(maxsize=ahead)
    stop = threading.Event()
    thread = threading.Thread(target=_work, args=(items, box, stop), name="seegrad-prefetch", daemon=True)
    process = os.getpid()
    try:
        try:
            thread.start()
        except RuntimeError:  # the system allows no further thread
            yield from items
            return
        while not isinstance(item := box.get(), _End):
            yield item
            if os.getpid() != process:
                raise RuntimeError("this iterator's thread is not in a forked process: begin the iteration anew there")
        if item.error is not None:
            raise item.error
    finally:
        if os.getpid() == process:
            stop.set()
            # Making room wakes the thread if it waits with a full queue; it then sees `stop` after at most one
            # more item.
            while not box.empty():
                box.get_nowait()
            if thread.ident is not None:
                thread.join()


def _work(items: Iterator[T], box: queue.Queue[T | _End], stop: threading.Event) -> None:
    end = _End()
    try:
        for item in items:
            box.put(item)
            if stop.is_set():
                return
    except BaseException as error:  # it is raised in the thread that asked for the items
        end = _End(error)
    box.put(end)
