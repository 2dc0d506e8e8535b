"""Matrix products whose rows, columns or stacks are shared among the team.

BLAS has threads of its own, but they wait for each other at every product: if the machine has other work to do, a
product of a millisecond may take twenty. The parts of the team are taken by whoever is free.
"""

from __future__ import annotations

import math

import numpy as np

from . import blas, threads
from .geometry import Array
from .workspace import allocate

SMALLEST_PART = 6_000_000
"""Multiplications in the smallest part of a product that is worth handing to another thread."""
SMALL = 100_000
"""Multiplications below which BLAS itself does not wake its threads."""
EDGE = 16
"""Rows and columns are cut at multiples of this many, the tiles of BLAS's innermost loop."""


def product(x: Array, y: Array) -> Array:
    """Return ``x @ y`` of matrices or stacks of matrices, ``(..., n, k)`` and ``(..., k, m)`` of one dtype.

    A stack of matrices times a single one is computed as one product of many rows.
    """
    k, m = y.shape[-2:]
    if y.ndim == 2 and x.ndim > 2:
        rows = math.prod(x.shape[:-1])  # -1 cannot be worked out of nothing
        return product(x.reshape(rows, k), y).reshape(*x.shape[:-1], m)
    stack = () if x.ndim == y.ndim == 2 else np.broadcast_shapes(x.shape[:-2], y.shape[:-2])
    n = x.shape[-2]
    work = math.prod(stack) * n * k * m
    if work < SMALL:
        return np.matmul(x, y)
    out = allocate((*stack, n, m), x.dtype)
    parts = threads.parts_for(work, SMALLEST_PART)
    if parts == 1:
        blas.single_threaded(np.matmul, x, y, out)
    else:
        _share(parts, x, y, out)
    return out


def _share(parts: int, x: Array, y: Array, out: Array) -> None:
    """Compute products on the team: the longest axis of the stack is cut, or rows or columns of a single product."""
    stack = out.shape[:-2]
    if stack:
        axis = max(range(len(stack)), key=stack.__getitem__)
        multiple = 1
    else:
        axis = 0 if out.shape[0] >= out.shape[1] else 1
        multiple = EDGE
    cuts = threads.bounds(out.shape[axis], parts, multiple)

    def part(i: int) -> None:
        left = x if not stack and axis == 1 else _cut(x, axis - out.ndim, cuts[i])
        right = y if not stack and axis == 0 else _cut(y, axis - out.ndim, cuts[i])
        np.matmul(left, right, out=_cut(out, axis - out.ndim, cuts[i]))

    threads.run(len(cuts), part)


def _cut(a: Array, axis: int, ends: tuple[int, int]) -> Array:
    """Cut an array along an axis that is counted from the end, unless it is repeated along it."""
    place = a.ndim + axis
    if place < 0 or a.shape[place] == 1:
        return a
    return a[(slice(None),) * place + (slice(*ends),)]
