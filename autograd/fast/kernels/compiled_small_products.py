"""Products of small matrices, for the interpreter of small arrays.

A row of the table names the result and both operands, how many products there are, their three lengths, and how far
each operand moves from product to product and along its two axes. The result lies in C order.
"""

from __future__ import annotations

import numpy as np

from .compiled import compiled_into, inlined
from .compiled_reductions import at

U = np.uint64


@compiled_into(fastmath={"reassoc", "contract"})
def dot(m, a, step_a, b, step_b, n):
    """Sum of products, in whatever order is quick."""
    total = m[a] * m[b]
    if n >= U(16) and step_a == U(1) and step_b == U(1):
        for i in range(U(1), n):
            total += m[a + i] * m[b + i]
        return total
    for _ in range(U(1), n):
        a, b = a + step_a, b + step_b
        total += m[a] * m[b]
    return total


@compiled_into(fastmath={"contract"})
def add_multiples(m, out, a, step_a, b, step_b, inner, columns):
    """Set a row of the result to the sum of rows of the right matrix, each times a number."""
    row = m[out : out + columns]
    row[:] = 0
    whole = inner - inner % U(4)
    for i in range(U(0), whole, U(4)):
        x = a + i * step_a
        f0, f1, f2, f3 = m[x], m[x + step_a], m[x + U(2) * step_a], m[x + U(3) * step_a]
        y = b + i * step_b
        r0, r1 = m[y : y + columns], m[y + step_b : y + step_b + columns]
        r2 = m[y + U(2) * step_b : y + U(2) * step_b + columns]
        r3 = m[y + U(3) * step_b : y + U(3) * step_b + columns]
        for j in range(columns):
            row[j] += (f0 * r0[j] + f1 * r1[j]) + (f2 * r2[j] + f3 * r3[j])
    for i in range(whole, inner):
        factor, line = m[a + i * step_a], m[b + i * step_b : b + i * step_b + columns]
        for j in range(columns):
            row[j] += factor * line[j]


@inlined
def multiply_matrices(table, k, m):
    """Multiply each of a row of matrices with each of another."""
    out, a, b, count = at(table, k + U(1)), at(table, k + U(2)), at(table, k + U(3)), at(table, k + U(4))
    rows, inner, columns = at(table, k + U(5)), at(table, k + U(6)), at(table, k + U(7))
    next_a, down_a, step_a = at(table, k + U(8)), at(table, k + U(9)), at(table, k + U(10))
    next_b, step_b, along_b = at(table, k + U(11)), at(table, k + U(12)), at(table, k + U(13))
    for c in range(count):
        for i in range(rows):
            left, right = a + c * next_a + i * down_a, b + c * next_b
            if columns >= U(8) and along_b == U(1):
                add_multiples(m, out, left, step_a, right, step_b, inner, columns)
                out += columns
            else:
                for j in range(columns):
                    m[out] = dot(m, left, step_a, right + j * along_b, step_b, inner)
                    out += U(1)
