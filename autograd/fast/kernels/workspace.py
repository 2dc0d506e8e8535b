"""Small pools of reusable buffers for large arrays, one for each thread, within a common bound.

A fresh NumPy array of a megabyte costs more in page faults than the arithmetic that fills it. So `allocate` hands out
arrays that live in buffers of this pool; a buffer is free again as soon as nothing refers to it any more. Views keep
their buffer referenced (``array.base``), so memory that anybody can still see is never handed out twice, and nobody has
to give anything back. Each thread has a pool of its own, since what it wrote last is still in the cache of its core.
Together they hold no more than `MOST_HELD`, and what a pool has not used for a while goes back to the system.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from functools import lru_cache
from math import prod
from sys import getrefcount
from time import monotonic
from typing import Any
from weakref import WeakSet

import numpy as np
from numpy.typing import DTypeLike

from ....common.fork import renewed

Array = np.ndarray[Any, np.dtype[Any]]

UNPOOLED = 1 << 16
"""Arrays of fewer bytes come straight from NumPy: the C allocator recycles them well."""
BUCKET_LENGTH = 64
"""Buffers of one size that the pool watches at most, so that `allocate` stays quick when many arrays are alive."""
ALIGNMENT = 64
"""Arrays start at a multiple of this many bytes: one cache line, one AVX-512 register."""
ON_HUGE_PAGES = 1 << 19
"""Arrays from this many bytes on start at a multiple of `HUGE_PAGE`."""
HUGE_PAGE = 1 << 21
"""Memory that Linux can map as a whole; NumPy asks for that for arrays of at least `NUMPY_HUGE` bytes."""
NUMPY_HUGE = 1 << 22


MOST_HELD = 512 << 20
"""Bytes that all pools together hold at most, in use or not. Beyond it `allocate` falls back to ordinary arrays."""
BUSY, IDLE = 1.0, 10.0
"""Seconds since its last use after which a pool gives way to another, and after which it gives its memory back."""

_lock = threading.RLock()  # one that a signal handler or a destructor inside may take again


class Workspace:
    """Buffers grouped by size, each free as soon as its reference count says so; for a single thread.

    Only `trim` is also called by others.
    """

    def __init__(self) -> None:
        self.used: float = monotonic()
        self._buckets: dict[int, list[Array]] = {}
        self._usable = getattr(sys, "_is_gil_enabled", lambda: True)()  # else counts are not exact
        with _lock:
            _pools.add(self)

    @property
    def held(self) -> int:
        """How many bytes it holds. They are counted anew each time: a count that is kept could go wrong at a Ctrl-C."""
        return sum(length * len(bucket) for length, bucket in list(self._buckets.items()))

    def allocate(self, shape: Sequence[int], dtype: DTypeLike) -> Array:
        """Return an uninitialised C-ordered array, in a recycled buffer if one is free.

        >>> workspace = Workspace()
        >>> first = workspace.allocate((256, 256), np.float32)
        >>> row = first[0]
        >>> address = first.ctypes.data
        >>> del first
        >>> workspace.allocate((256, 256), np.float32).ctypes.data == address  # `row` still lives there
        False
        >>> del row
        >>> any(workspace.allocate((256, 256), np.float32).ctypes.data == address for _ in range(2))
        True
        """
        kind = np.dtype(dtype)
        size = prod(shape) * kind.itemsize
        if size < UNPOOLED or kind.hasobject or not self._usable:
            return np.empty(shape, kind)
        self.used = monotonic()
        length, alignment = _room_for(size)
        for buffer in self._buckets.get(length, ()):
            if getrefcount(buffer) == _IDLE:
                break
        else:
            new = self._new_buffer(length, alignment)
            if new is None:
                return np.empty(shape, kind)
            buffer = new
        return np.ndarray(shape, kind, buffer)

    def trim(self) -> None:
        """Give the memory of all free buffers back to the system; the caller holds the lock."""
        for length, bucket in list(self._buckets.items()):
            kept = []
            for buffer in bucket:
                if getrefcount(buffer) > _IDLE:
                    kept.append(buffer)
            if kept:
                self._buckets[length] = kept
            else:
                del self._buckets[length]

    def _new_buffer(self, length: int, alignment: int) -> Array | None:
        with _lock:
            if held() + length > MOST_HELD:
                release_memory(BUSY)
                self.trim()
            bucket = self._buckets.setdefault(length, [])
            if held() + length > MOST_HELD or len(bucket) >= BUCKET_LENGTH:
                return None
            memory: Array = np.empty(length, np.uint8)
            offset = -memory.ctypes.data % alignment
            # Through a memoryview it is the buffer, not the memory behind it, that arrays in it refer to.
            buffer: Array = np.frombuffer(memoryview(memory)[offset:], np.uint8)  # type: ignore[arg-type]
            bucket.append(buffer)
            return buffer


_pools: WeakSet[Workspace] = WeakSet()


def held() -> int:
    """Return how many bytes all pools hold, in use or not."""
    with _lock:
        return sum(pool.held for pool in _pools)


def release_memory(idle: float = 0.0) -> int:
    """Give the memory of free buffers back, except of pools used within `idle` seconds; return the number of bytes."""
    with _lock:
        before, latest = held(), monotonic() - idle
        for pool in list(_pools):
            if pool.used <= latest:
                pool.trim()
        return before - held()


@renewed
def _renew_lock() -> None:
    global _lock
    _lock = threading.RLock()


def _idle_count() -> int:
    for buffer in [np.empty(1, np.uint8)]:
        return getrefcount(buffer)
    raise AssertionError


_IDLE = _idle_count()
"""References to a buffer that nobody uses: those of its bucket, and of the loops that count them here."""


@lru_cache(maxsize=1024)
def _room_for(size: int) -> tuple[int, int]:
    """Return length and alignment of a buffer for so many bytes."""
    alignment = HUGE_PAGE if size >= ON_HUGE_PAGES else ALIGNMENT
    length = _rounded(size) + alignment
    return (max(length, NUMPY_HUGE) if size >= ON_HUGE_PAGES else length), alignment


def _rounded(size: int) -> int:
    """Round up to one of eight sizes between two powers of two, so that similar shapes share buffers."""
    step = 1 << (size.bit_length() - 4)
    return -(-size // step) * step


class _Own(threading.local):
    """A pool for each thread."""

    def __init__(self) -> None:
        self.pool = Workspace()


_own = _Own()


def allocate(shape: Sequence[int], dtype: DTypeLike) -> Array:
    """Return an uninitialised C-ordered array from the calling thread's own pool; see `Workspace.allocate`."""
    return _own.pool.allocate(shape, dtype)


def allocate_like(x: Array, dtype: DTypeLike | None = None) -> Array:
    """Return an uninitialised array with the shape and the memory order of `x` (and its dtype, unless given)."""
    kind = x.dtype if dtype is None else dtype
    if x.flags.c_contiguous:
        return allocate(x.shape, kind)
    axes = sorted(range(x.ndim), key=lambda axis: -abs(x.strides[axis]))
    inverse = sorted(range(x.ndim), key=axes.__getitem__)
    return allocate([x.shape[axis] for axis in axes], kind).transpose(inverse)
