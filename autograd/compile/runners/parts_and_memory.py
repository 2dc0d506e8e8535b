"""What ``autograd/fast`` brings to blocks: threads that share work, memory that is used again, curves in one pass."""

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


@replaceable
def curve_into(out: Any, op: Any, x: Any) -> None:
    """Write an elementwise operation of a block to ``out``."""
    np.copyto(out, op.compute(x))


@replaceable
def slope_into(out: Any, op: Any, g: Any, y: Any, x: Any) -> None:
    """Write ``g`` times the slope of an elementwise operation, whose value at ``x`` is ``y``, to ``out``."""
    np.copyto(out, op.rule[0](g, y, x))
