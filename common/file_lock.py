"""Locks of files and folders between processes; a lock ends with its process."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

if sys.platform == "win32" or sys.platform == "emscripten":  # they have no flock; a browser has one process

    def try_lock(number: int) -> bool:
        """Return True, as if nobody else had the lock."""
        return True

else:
    import fcntl

    def try_lock(number: int) -> bool:
        """Take the lock of an open file or folder until it is closed.

        Parameters
        ----------
        number : int
            The file descriptor.

        Returns
        -------
        bool
            False if someone else has it. True also where the file system has no locks.
        """
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:  # some network file systems
            pass
        return True


@contextlib.contextmanager
def locked_folder(path: str | os.PathLike[str]) -> Iterator[bool]:
    """Hold the lock of a folder inside a ``with`` block; yield False if someone else has it.

    Parameters
    ----------
    path : path
        The folder, which exists. Nothing is written into it.
    """
    if sys.platform == "win32":
        yield True
        return
    number = os.open(Path(path), os.O_RDONLY)
    try:
        yield try_lock(number)
    finally:
        os.close(number)
