"""The instructions that the interpreter of small arrays knows, by number.

An instruction on arrays is a row of 16 numbers. First its number, the place of its result and the places of its
operands; then the lengths of its loops and how far each operand moves in each of them. An instruction on single
numbers is a row of 4: its number and the place of its result in one, then up to three operands.
"""

from __future__ import annotations

#: Numbers in a row of the table for arrays.
WIDTH = 16

#: Elementwise with quick code of their own, in the order of their numbers from 0 on.
QUICK = "add subtract multiply divide maximum minimum negative square absolute relu reciprocal sqrt positive".split()

#: Elementwise, of one and of two operands; their numbers go on from there.
UNARY = (
    "exp tanh log sigmoid sin cos tan expm1 log1p exp2 log2 log10 cbrt arcsin arccos arctan sinh cosh arcsinh arccosh "
    "arctanh deg2rad rad2deg sign floor ceil rint trunc softplus silu erf"
).split()
BINARY = ("power ratio remainder fmod floor_divide copysign logaddexp logaddexp2 hypot arctan2 fmax fmin").split()
ELEMENTWISE = {name: code for code, name in enumerate([*QUICK, *UNARY, *BINARY])}
ELEMENTWISE |= {"at_least": ELEMENTWISE["maximum"], "at_most": ELEMENTWISE["minimum"]}
FIRST_UNARY, FIRST_BINARY, END_OF_ELEMENTWISE = len(QUICK), len(QUICK) + len(UNARY), len(QUICK + UNARY + BINARY)

#: From here to there, operations of one operand are computed on long lines by vector instructions.
FIRST_LINE, LAST_LINE = ELEMENTWISE["negative"], ELEMENTWISE["cos"]

#: From numbers to truth values.
COMPARISONS = {
    name: 80 + i
    for i, name in enumerate("less less_equal greater greater_equal equal not_equal isfinite isnan isinf".split())
}
LESS, ISFINITE, END_OF_COMPARISONS = 80, 86, 89

#: From truth values to truth values.
LOGIC = {"logical_and": 90, "logical_or": 91, "logical_xor": 92, "logical_not": 93}
AND, OR, XOR, NOT, END_OF_LOGIC = 90, 91, 92, 93, 94

#: Choices, numbers from truth values, and ``x * y + z`` of single numbers.
WHERE, FROM_TRUTH, MULTIPLY_ADD = 100, 101, 102

#: Many numbers into one.
SUM, LARGEST, SMALLEST, PRODUCT, ANY, ALL, END_OF_REDUCTIONS = 110, 111, 112, 113, 114, 115, 116

#: Products of matrices, and moves of elements.
MATMUL, COPY, GATHER, SCATTER_ADD, SCATTER = 120, 121, 122, 123, 124

#: Kinds of parts of a run: instructions on single numbers; on arrays of float64, of float32; from one to the other.
NUMBERS, DOUBLES, SINGLES, NARROW, WIDEN = 0, 1, 2, 3, 4
