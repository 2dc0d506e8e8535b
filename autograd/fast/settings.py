"""Kernels follow what the user sets: the number of threads, and when to give memory back."""

from __future__ import annotations

from .. import resources
from .kernels import threads, workspace


def install() -> None:
    """Let kernels follow ``autograd/resources.py``."""
    resources.register(threads.set_num_threads, workspace.release_memory)
