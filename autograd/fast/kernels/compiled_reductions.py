"""Sums, extremes and products of rows, for the interpreter of small arrays.

A row of the table names its result, its operand, the two loops of what is kept with their steps, and the two loops of
what is combined with theirs.
"""

from __future__ import annotations

import numpy as np
from numba import types

from ....common import opcodes as op
from .compiled import inlined

U = np.uint64
BLOCK = U(128)  # so many numbers are added up in eight sums, as in NumPy


@inlined
def block_sum(m, a, n, step):
    """Add up to 128 numbers."""
    if n < U(8):
        total = m[a]
        for i in range(U(1), n):
            total += m[a + i * step]
        return total
    s0, s1, s2, s3 = m[a], m[a + step], m[a + U(2) * step], m[a + U(3) * step]
    s4, s5, s6, s7 = m[a + U(4) * step], m[a + U(5) * step], m[a + U(6) * step], m[a + U(7) * step]
    whole = n - n % U(8)
    for i in range(U(8), whole, U(8)):
        x = a + i * step
        s0 += m[x]
        s1 += m[x + step]
        s2 += m[x + U(2) * step]
        s3 += m[x + U(3) * step]
        s4 += m[x + U(4) * step]
        s5 += m[x + U(5) * step]
        s6 += m[x + U(6) * step]
        s7 += m[x + U(7) * step]
    total = ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7))
    for i in range(whole, n):
        total += m[a + i * step]
    return total


@inlined
def long_sum(m, a, n, step):
    """Add up numbers in blocks, and the sums of blocks in pairs: `sums[i]` is one of ``2 ** i`` blocks."""
    sums = np.empty(32, m.dtype)
    blocks = U(0)
    while n:
        size = BLOCK if n > BLOCK else n
        total = block_sum(m, a, size, step)
        a, n = a + size * step, n - size
        level, count = U(0), blocks
        while count & U(1):
            total = sums[level] + total
            level, count = level + U(1), count >> U(1)
        sums[level] = total
        blocks += U(1)
    level = U(0)
    while not blocks & U(1):
        level, blocks = level + U(1), blocks >> U(1)
    total = sums[level]
    blocks, level = blocks >> U(1), level + U(1)
    while blocks:
        if blocks & U(1):
            total = sums[level] + total
        blocks, level = blocks >> U(1), level + U(1)
    return total


@inlined
def row_sum(m, a, n, step):
    """Add up numbers that lie at equal steps."""
    return block_sum(m, a, n, step) if n <= BLOCK else long_sum(m, a, n, step)


@inlined
def at(table, k):
    """Return a number of the table as a place, or as a step, which wraps around if it is negative."""
    return U(np.int64(table[k]))


@inlined
def sum_rows(table, k, m):
    """Sum over one or two loops."""
    out, a = at(table, k + U(1)), at(table, k + U(2))
    n0, n1, k0, k1 = at(table, k + U(3)), at(table, k + U(4)), at(table, k + U(5)), at(table, k + U(6))
    r0, r1, t0, t1 = at(table, k + U(7)), at(table, k + U(8)), at(table, k + U(9)), at(table, k + U(10))
    if k1 == U(1) and n1 >= U(8) and r0 == U(1) and n0 == U(1):  # whole lines are added to the first one
        line = m[out : out + n1]
        first = m[a : a + n1]
        for j in range(n1):
            line[j] = first[j]
        for i in range(U(1), r1):
            other = m[a + i * t1 : a + i * t1 + n1]
            for j in range(n1):
                line[j] += other[j]
        return
    for i in range(n0):
        for j in range(n1):
            x = a + i * k0 + j * k1
            total = row_sum(m, x, r1, t1)
            for p in range(U(1), r0):
                total += row_sum(m, x + p * t0, r1, t1)
            m[out] = total
            out += U(1)


@inlined
def extreme_or_product(table, k, m):
    """Find the largest or smallest number over two loops, NaN if there is one; or multiply all."""
    code, out, a = table[k], at(table, k + U(1)), at(table, k + U(2))
    n0, n1, k0, k1 = at(table, k + U(3)), at(table, k + U(4)), at(table, k + U(5)), at(table, k + U(6))
    r0, r1, t0, t1 = at(table, k + U(7)), at(table, k + U(8)), at(table, k + U(9)), at(table, k + U(10))
    for i in range(n0):
        for j in range(n1):
            x = a + i * k0 + j * k1
            found = m[x]
            for p in range(r0):
                for q in range(U(0) if p else U(1), r1):
                    y = m[x + p * t0 + q * t1]
                    if code == op.LARGEST:
                        found = found if found >= y or found != found else y
                    elif code == op.SMALLEST:
                        found = found if found <= y or found != found else y
                    else:
                        found *= y
            m[out] = found
            out += U(1)


@inlined
def any_or_all(table, k, truth):
    """Find whether one or all of some truth values hold."""
    code, out, a = table[k], at(table, k + U(1)), at(table, k + U(2))
    n0, n1, k0, k1 = at(table, k + U(3)), at(table, k + U(4)), at(table, k + U(5)), at(table, k + U(6))
    r0, r1, t0, t1 = at(table, k + U(7)), at(table, k + U(8)), at(table, k + U(9)), at(table, k + U(10))
    for i in range(n0):
        for j in range(n1):
            x = a + i * k0 + j * k1
            count = U(0)
            for p in range(r0):
                for q in range(r1):
                    count += U(truth[x + p * t0 + q * t1])
            truth[out] = types.uint8(count > U(0) if code == op.ANY else count == r0 * r1)
            out += U(1)
