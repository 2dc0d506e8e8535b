"""Random choices from whole words of the generator, instead of from numbers that are made of them one by one."""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np

from ...common.seam import quicker

#: Numbers from which on it takes less time to ask whether half of a word is left.
ENOUGH = 1 << 12


def _drawn_at_least(rng: Any, shape: tuple[int, ...], p: float) -> Any:
    """Compare halves of words with a threshold: ``rng.random`` makes a number of the first 24 bits of each half."""
    bits, size = rng.bit_generator, math.prod(shape)
    if size < ENOUGH or size % 2 or type(bits) is not np.random.PCG64 or sys.byteorder != "little":
        return NotImplemented
    if bits.state["has_uint32"]:  # half a word is left from before
        return NotImplemented
    halves = rng.integers(0, 1 << 64, size // 2, dtype=np.uint64).view(np.uint32)  # the lower half of each is first
    threshold = math.ceil(float(np.float32(p)) * (1 << 24)) << 8
    return (halves >= threshold).reshape(shape)


def install() -> None:
    """Install the choice of what dropout keeps."""
    quicker["drawn_at_least"] = _drawn_at_least
