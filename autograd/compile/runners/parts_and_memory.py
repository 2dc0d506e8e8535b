"""Threads that share work, and memory that is used again, where ``autograd/fast`` brings them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ....common.seam import replaceable


@replaceable
def share_work(length: int, work: float, smallest: float, part: Callable[[int, int], None]) -> None:
    """Call ``part(low, high)`` for slices of ``range(length)``: as many as are worth ``smallest`` of the work each."""
    part(0, length)


@replaceable
def new_memory(shape: Sequence[int], dtype: Any) -> Any:
    """Return a new array, whatever is in it."""
    return np.empty(shape, dtype)
