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
    # Simple queues: Ctrl-C inside a Queue or a Condition can leave its lock taken for ever.
    box: queue.SimpleQueue[T | _End] = queue.SimpleQueue()
    room: queue.SimpleQueue[None] = queue.SimpleQueue()  # an entry for each item that the box can still take
    stop: list[bool] = []
    for _ in range(ahead):
        room.put(None)
    thread = threading.Thread(target=_work, args=(items, box, room, stop), name="seegrad-prefetch", daemon=True)
    process = os.getpid()
    try:
        try:
            thread.start()
        except RuntimeError as error:
            if isinstance(error.__context__, KeyboardInterrupt):  # it came inside start(), whose lock then complains
                raise error.__context__ from None
            # The system allows no further thread.
            yield from items
            return
        while not isinstance(item := box.get(), _End):
            room.put(None)
            yield item
            if os.getpid() != process:
                raise RuntimeError("this iterator's thread is not in a forked process: begin the iteration anew there")
        if item.error is not None:
            raise item.error
    finally:
        if os.getpid() == process:
            stop.append(True)
            room.put(None)  # wakes the thread if it waits; it sees `stop` after at most one more item
            if thread.ident is not None:
                thread.join()


def _work(
    items: Iterator[T], box: queue.SimpleQueue[T | _End], room: queue.SimpleQueue[None], stop: list[bool]
) -> None:
    end = _End()
    try:
        for item in items:
            room.get()
            if stop:
                return
            box.put(item)
    except BaseException as error:  # it is raised in the thread that asked for the items
        end = _End(error)
    box.put(end)
