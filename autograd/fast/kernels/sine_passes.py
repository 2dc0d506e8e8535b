"""Sine and cosine of large float64 arrays: where there is Numba, in a fraction of NumPy's time."""

from __future__ import annotations

import numpy as np

from . import numba_use, threads
from .geometry import Array
from .workspace import allocate

SMALLEST_PART = 1 << 17
"""Elements in the smallest part of work worth handing to another thread."""


def sine(name: str, x: Array) -> Array | None:
    """Return the ``"sin"`` or ``"cos"`` of float64 numbers, None if NumPy's own is as quick."""
    if numba_use.compiled("compiled_sines") is None:
        return None
    flat, out = np.ascontiguousarray(x).reshape(-1), allocate(x.shape, np.float64)
    target = out.reshape(-1)
    threads.share(x.size, x.size, SMALLEST_PART, lambda a, b: sine_of_block(name, flat[a:b], target[a:b]))
    return out


def sine_of_block(name: str, x: Array, out: Array) -> None:
    """Write the sine or cosine of a line of float64 numbers to another one, in the calling thread."""
    compiled = numba_use.compiled("compiled_sines")
    if compiled is not None:
        far = np.empty(1, np.int64)
        getattr(compiled, name)(x, out, far)
        if not far[0]:
            return
    getattr(np, name)(x, out=out)
