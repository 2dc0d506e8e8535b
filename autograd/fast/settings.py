"""Kernels follow what the user sets, the number of threads and when to give memory back; programs use both, too."""

from __future__ import annotations

from collections.abc import Callable

from ...common.seam import quicker
from .. import resources
from .kernels import threads, workspace


def install() -> None:
    """Let kernels follow ``autograd/resources.py``."""
    resources.register(threads.set_num_threads, workspace.release_memory)
    quicker["share_work"], quicker["new_memory"] = _share_work, workspace.allocate


def _share_work(length: int, work: float, smallest: float, part: Callable[[int, int], None]) -> bool:
    """Share it among the threads of the team."""
    threads.share(length, work, smallest, part)
    return True
