"""Kernels follow what the user sets, the number of threads and when to give memory back; programs use both, too."""

from __future__ import annotations

from ...common.seam import quicker
from .. import resources
from .kernels import threads, workspace


def install() -> None:
    """Let kernels follow ``autograd/resources.py``."""
    resources.register(threads.set_num_threads, workspace.release_memory)
    quicker["share_work"], quicker["new_memory"] = threads.share, workspace.allocate
