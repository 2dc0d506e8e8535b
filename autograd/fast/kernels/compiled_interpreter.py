"""An interpreter of instructions on small arrays and single numbers, which Numba compiles once for all programs.

What an instruction is, `opcodes` says. Numbers lie in flat arrays: those of one dtype in one. Places are unsigned: of
an index that may be negative, Numba would ask each time whether it is.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import carray, types  # type: ignore[attr-defined, unused-ignore]
from numba.extending import intrinsic

from ....common import opcodes as op
from .compiled import compiled, inlined
from .compiled_elements import compare, element
from .compiled_functions import line_of_function
from .compiled_reductions import any_or_all, at, extreme_or_product, sum_rows
from .compiled_small_products import multiply_matrices

ENDLESS = 1 << 40  # the length of arrays that are known by their addresses
U = np.uint64
WIDTH = U(op.WIDTH)
ADD, SUBTRACT, MULTIPLY, DIVIDE, MAXIMUM, MINIMUM = range(6)
LONG = U(16)  # from here on a line is worth vector instructions


@inlined
def long_line(code, x, y, out):
    """Compute one of the operations of two operands that a processor knows, on lines."""
    if code == ADD:
        for i in range(out.size):
            out[i] = x[i] + y[i]
    elif code == SUBTRACT:
        for i in range(out.size):
            out[i] = x[i] - y[i]
    elif code == MULTIPLY:
        for i in range(out.size):
            out[i] = x[i] * y[i]
    elif code == DIVIDE:
        for i in range(out.size):
            out[i] = x[i] / y[i]
    elif code == MAXIMUM:
        for i in range(out.size):
            out[i] = x[i] if x[i] > y[i] or x[i] != x[i] else y[i]
    else:
        for i in range(out.size):
            out[i] = x[i] if x[i] < y[i] or x[i] != x[i] else y[i]


@inlined
def long_line_with_number(code, x, y, out):
    """Compute the same with one number on the right."""
    if code == ADD:
        for i in range(out.size):
            out[i] = x[i] + y
    elif code == SUBTRACT:
        for i in range(out.size):
            out[i] = x[i] - y
    elif code == MULTIPLY:
        for i in range(out.size):
            out[i] = x[i] * y
    elif code == DIVIDE:
        for i in range(out.size):
            out[i] = x[i] / y
    elif code == MAXIMUM:
        for i in range(out.size):
            out[i] = x[i] if x[i] > y or x[i] != x[i] else y
    else:
        for i in range(out.size):
            out[i] = x[i] if x[i] < y or x[i] != x[i] else y


@inlined
def elementwise(table, k, m):
    """Compute an elementwise instruction, element by element or in long lines."""
    code, out, a, b = table[k], at(table, k + U(1)), at(table, k + U(2)), at(table, k + U(3))
    rows, n, a0, a1 = at(table, k + U(4)), at(table, k + U(5)), at(table, k + U(6)), at(table, k + U(7))
    b0, b1 = at(table, k + U(8)), at(table, k + U(9))
    if n >= LONG and code <= MINIMUM and a1 == U(1) and b1 <= U(1):
        for _ in range(rows):
            if b1:
                long_line(code, m[a : a + n], m[b : b + n], m[out : out + n])
            else:
                long_line_with_number(code, m[a : a + n], m[b], m[out : out + n])
            out, a, b = out + n, a + a0, b + b0
        return
    is_line = n >= LONG and op.FIRST_LINE <= code <= op.LAST_LINE and a1 == U(1) and rows == U(1)
    if is_line and line_of_function(code, m[a : a + n], m[out : out + n]):
        return
    for i in range(rows):
        x, y = a + i * a0, b + i * b0
        for _ in range(n):
            m[out] = element(code, m[x], m[y])
            out, x, y = out + U(1), x + a1, y + b1


@inlined
def comparison(table, k, m, truth):
    """Compute truth values from numbers."""
    code, out, a, b = table[k], at(table, k + U(1)), at(table, k + U(2)), at(table, k + U(3))
    rows, n, a0, a1 = at(table, k + U(4)), at(table, k + U(5)), at(table, k + U(6)), at(table, k + U(7))
    b0, b1 = at(table, k + U(8)), at(table, k + U(9))
    for i in range(rows):
        x, y = a + i * a0, b + i * b0
        for _ in range(n):
            truth[out] = compare(code, m[x], m[y])
            out, x, y = out + U(1), x + a1, y + b1


@inlined
def logic(table, k, truth):
    """Compute truth values from truth values, which are 0 and 1."""
    code, out, a, b = table[k], at(table, k + U(1)), at(table, k + U(2)), at(table, k + U(3))
    rows, n, a0, a1 = at(table, k + U(4)), at(table, k + U(5)), at(table, k + U(6)), at(table, k + U(7))
    b0, b1 = at(table, k + U(8)), at(table, k + U(9))
    for i in range(rows):
        x, y = a + i * a0, b + i * b0
        for _ in range(n):
            if code == op.AND:
                truth[out] = truth[x] & truth[y]
            elif code == op.OR:
                truth[out] = truth[x] | truth[y]
            elif code == op.XOR:
                truth[out] = truth[x] ^ truth[y]
            else:
                truth[out] = truth[x] ^ 1
            out, x, y = out + U(1), x + a1, y + b1


@inlined
def choose_line(condition, m, a, a1, b, b1, out):
    """Take a line from one operand where a condition holds, from the other elsewhere; each is a line or a number."""
    n = out.size
    if a1 and b1:
        x, y = m[a : a + U(n)], m[b : b + U(n)]
        for i in range(n):
            out[i] = x[i] if condition[i] else y[i]
    elif a1:
        x, other = m[a : a + U(n)], m[b]
        for i in range(n):
            out[i] = x[i] if condition[i] else other
    else:
        number = m[a]
        for i in range(U(n)):
            other = m[b + i * b1]
            out[i] = number if condition[i] else other


@inlined
def choose(table, k, m, truth):
    """Take elements from one operand where a condition holds, from the other elsewhere."""
    out, a, b, c = at(table, k + U(1)), at(table, k + U(2)), at(table, k + U(3)), at(table, k + U(10))
    rows, n, a0, a1 = at(table, k + U(4)), at(table, k + U(5)), at(table, k + U(6)), at(table, k + U(7))
    b0, b1, c0, c1 = at(table, k + U(8)), at(table, k + U(9)), at(table, k + U(11)), at(table, k + U(12))
    if n >= LONG and rows == U(1) and c1 == U(1) and a1 <= U(1) and b1 <= U(1):
        choose_line(truth[c : c + n], m, a, a1, b, b1, m[out : out + n])
        return
    for i in range(rows):
        x, y, t = a + i * a0, b + i * b0, c + i * c0
        for _ in range(n):
            left, right = m[x], m[y]
            m[out] = left if truth[t] else right
            out, x, y, t = out + U(1), x + a1, y + b1, t + c1


@inlined
def cast(table, k, source, target):
    """Copy elements to the array of another dtype; of truth values, 1 for true and 0 for false."""
    out, a = at(table, k + U(1)), at(table, k + U(2))
    rows, n, a0, a1 = at(table, k + U(4)), at(table, k + U(5)), at(table, k + U(6)), at(table, k + U(7))
    for i in range(rows):
        x = a + i * a0
        for _ in range(n):
            target[out] = source[x]
            out, x = out + U(1), x + a1


@inlined
def copied(table, k, m):
    """Copy elements in up to four loops, from any order to any order."""
    out, a = at(table, k + U(1)), at(table, k + U(2))
    n0, n1, n2, n3 = at(table, k + U(3)), at(table, k + U(4)), at(table, k + U(5)), at(table, k + U(6))
    d0, d1, d2, d3 = at(table, k + U(7)), at(table, k + U(8)), at(table, k + U(9)), at(table, k + U(10))
    a0, a1, a2, a3 = at(table, k + U(11)), at(table, k + U(12)), at(table, k + U(13)), at(table, k + U(14))
    for i in range(n0):
        for j in range(n1):
            for p in range(n2):
                to, x = out + i * d0 + j * d1 + p * d2, a + i * a0 + j * a1 + p * a2
                for _ in range(n3):
                    m[to] = m[x]
                    to, x = to + d3, x + a3


@inlined
def moved(table, k, m, whole):
    """Gather elements by their places, or add or write them to places; a negative place stands for a zero."""
    code, out, a, index = table[k], at(table, k + U(1)), at(table, k + U(2)), at(table, k + U(3))
    n, step, size = at(table, k + U(4)), at(table, k + U(5)), at(table, k + U(6))
    if code == op.GATHER:
        for i in range(n):
            place = whole[index + i]
            m[out + i] = m[a + U(place)] if place >= 0 else 0.0
    elif code == op.SCATTER:
        for i in range(n):
            m[out + U(whole[index + i])] = m[a + i * step]
    else:
        for i in range(size):
            m[out + i] = 0.0
        for i in range(n):
            m[out + U(whole[index + i])] += m[a + i * step]


@inlined
def run_arrays(table, start, stop, m, truth, whole):
    """Run instructions on arrays of one dtype."""
    for row in range(start, stop):
        k = row * WIDTH
        code = table[k]
        if code < op.END_OF_ELEMENTWISE:
            elementwise(table, k, m)
        elif code < op.END_OF_COMPARISONS:
            comparison(table, k, m, truth)
        elif code < op.END_OF_LOGIC:
            logic(table, k, truth)
        elif code == op.WHERE:
            choose(table, k, m, truth)
        elif code == op.FROM_TRUTH:
            cast(table, k, truth, m)
        elif code == op.SUM:
            sum_rows(table, k, m)
        elif code <= op.PRODUCT:
            extreme_or_product(table, k, m)
        elif code <= op.ALL:
            any_or_all(table, k, truth)
        elif code == op.MATMUL:
            multiply_matrices(table, k, m)
        elif code == op.COPY:
            copied(table, k, m)
        else:
            moved(table, k, m, whole)


@inlined
def run_numbers(table, start, stop, m, truth):
    """Run instructions on single numbers of float64."""
    for row in range(start, stop):
        k = row * U(4)
        word = table[k]
        code, out = word & 255, U(word >> 8)
        a, b, c = U(table[k + U(1)]), U(table[k + U(2)]), U(table[k + U(3)])
        if code == op.MULTIPLY_ADD:
            m[out] = m[a] * m[b] + m[c]
        elif code < op.END_OF_ELEMENTWISE:
            m[out] = element(code, m[a], m[b])
        elif code == op.WHERE:
            left, right = m[a], m[b]
            m[out] = left if truth[c] else right
        elif code == op.FROM_TRUTH:
            m[out] = truth[a]
        else:
            truth[out] = compare(code, m[a], m[b])


@intrinsic
def pointer(typing_context: Any, address: Any) -> Any:
    """Return an address as a pointer."""
    return types.voidptr(types.int64), lambda context, builder, signature, args: builder.inttoptr(
        args[0], context.get_value_type(types.voidptr)
    )


@compiled(*[types.int64] * 9)
def interpret(parts, arrays, numbers, doubles, singles, truth, whole, first, last):
    """Run parts of a program, each a kind and the first and last of its rows; tables and flat arrays are addresses."""
    parts = carray(pointer(parts), ENDLESS, np.int32)
    arrays = carray(pointer(arrays), ENDLESS, np.int32)
    numbers = carray(pointer(numbers), ENDLESS, np.int32)
    doubles = carray(pointer(doubles), ENDLESS, np.float64)
    singles = carray(pointer(singles), ENDLESS, np.float32)
    truth = carray(pointer(truth), ENDLESS, np.uint8)
    whole = carray(pointer(whole), ENDLESS, np.int64)
    for part in range(U(first), U(last)):
        kind, start, stop = parts[part * U(3)], at(parts, part * U(3) + U(1)), at(parts, part * U(3) + U(2))
        if kind == op.NUMBERS:
            run_numbers(numbers, start, stop, doubles, truth)
        elif kind == op.DOUBLES:
            run_arrays(arrays, start, stop, doubles, truth, whole)
        elif kind == op.SINGLES:
            run_arrays(arrays, start, stop, singles, truth, whole)
        else:
            for row in range(start, stop):
                if kind == op.NARROW:
                    cast(arrays, row * WIDTH, doubles, singles)
                else:
                    cast(arrays, row * WIDTH, singles, doubles)
