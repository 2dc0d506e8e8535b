"""Kernels follow what the user sets, the number of threads and when to give memory back; programs use both, too."""

from __future__ import annotations

from ...common.seam import quicker
from .. import resources
from .kernels import blas, threads, workspace


def install() -> None:
    """Let kernels follow ``autograd/resources.py``."""
    resources.register(_use_threads, workspace.release_memory)
    quicker["share_work"], quicker["new_memory"] = threads.share, workspace.allocate


def _use_threads(n: int) -> None:
    threads.set_num_threads(n)
    blas.limit(n)
