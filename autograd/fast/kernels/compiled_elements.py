"""What the interpreter of small arrays computes of one element: every elementwise operation, in the dtype it is given.

Special values are those of the operations themselves.
"""

from __future__ import annotations

import math
from itertools import islice

import numpy as np

from ....common import opcodes as op
from .compiled import inlined

NUMBERS = iter(range(op.END_OF_ELEMENTWISE))
ADD, SUBTRACT, MULTIPLY, DIVIDE, MAXIMUM, MINIMUM, NEGATIVE, SQUARE = islice(NUMBERS, 8)
ABSOLUTE, RELU, RECIPROCAL, SQRT, POSITIVE, EXP, TANH, LOG, SIGMOID = islice(NUMBERS, 9)
SIN, COS, TAN, EXPM1, LOG1P, EXP2, LOG2, LOG10, CBRT, ARCSIN, ARCCOS = islice(NUMBERS, 11)
ARCTAN, SINH, COSH, ARCSINH, ARCCOSH, ARCTANH, DEG2RAD, RAD2DEG = islice(NUMBERS, 8)
SIGN, FLOOR, CEIL, RINT, TRUNC, SOFTPLUS, SILU, ERF, POWER, RATIO = islice(NUMBERS, 10)
REMAINDER, FMOD, FLOOR_DIVIDE, COPYSIGN, LOGADDEXP, LOGADDEXP2, HYPOT, ARCTAN2, FMAX, FMIN = NUMBERS


@inlined
def element(code, x, y):
    """Compute one element of an elementwise operation; `y` is meaningless where there is only one operand."""
    if code == ADD:
        return x + y
    if code == SUBTRACT:
        return x - y
    if code == MULTIPLY:
        return x * y
    if code == DIVIDE:
        return x / y
    if code == NEGATIVE:
        return -x
    if code == SQUARE:
        return x * x
    if code == MAXIMUM:
        return x if x > y or x != x else y
    if code == MINIMUM:
        return x if x < y or x != x else y
    if code == ABSOLUTE:
        return abs(x)
    if code == RELU:
        return x if x > 0 or x != x else 0
    if code == RECIPROCAL:
        return 1 / x
    if code == SQRT:
        return np.sqrt(x)
    if code == POSITIVE:
        return x
    return function(code, x, y)


@inlined
def function(code, x, y):
    """Compute what is not arithmetic."""
    if code <= LOG2:
        return exponential(code, x)
    if code <= RAD2DEG and code != CBRT and code != LOG10:
        return trigonometric(code, x)
    if code < POWER:
        return other(code, x)
    return binary(code, x, y)


@inlined
def exponential(code, x):
    """Compute exponentials, logarithms and what is met most often."""
    if code == EXP:
        return np.exp(x)
    if code == TANH:
        return np.tanh(x)
    if code == LOG:
        return np.log(x)
    if code == SIGMOID:
        return sigmoid(x)
    if code == SIN:
        return np.sin(x)
    if code == COS:
        return np.cos(x)
    if code == TAN:
        return np.tan(x)
    if code == EXPM1:
        return np.expm1(x)
    if code == LOG1P:
        return np.log1p(x)
    if code == EXP2:
        return np.exp2(x)
    return np.log2(x)


@inlined
def trigonometric(code, x):
    """Compute inverse and hyperbolic functions, and angles in other units."""
    if code == ARCSIN:
        return np.arcsin(x)
    if code == ARCCOS:
        return np.arccos(x)
    if code == ARCTAN:
        return np.arctan(x)
    if code == SINH:
        return np.sinh(x)
    if code == COSH:
        return np.cosh(x)
    if code == ARCSINH:
        return np.arcsinh(x)
    if code == ARCCOSH:
        return np.arccosh(x)
    if code == ARCTANH:
        return np.arctanh(x)
    if code == DEG2RAD:
        return x * (math.pi / 180)
    return x * (180 / math.pi)


@inlined
def other(code, x):
    """Compute steps, and functions of neural networks."""
    if code == CBRT:
        return np.cbrt(x)
    if code == LOG10:
        return np.log10(x)
    if code == SIGN:
        return x if x != x else (1 if x > 0 else (-1 if x < 0 else 0))
    if code == FLOOR:
        return np.floor(x)
    if code == CEIL:
        return np.ceil(x)
    if code == RINT:
        return np.rint(x)
    if code == TRUNC:
        return np.trunc(x)
    if code == SOFTPLUS:
        return (x if x > 0 or x != x else 0) + np.log1p(np.exp(-abs(x)))
    if code == SILU:
        return x * sigmoid(x)
    return math.erf(x)


@inlined
def sigmoid(x):
    """1 / (1 + e**-x) without overflow."""
    e = np.exp(-abs(x))
    return (1 if x >= 0 else e) / (1 + e)


@inlined
def binary(code, x, y):
    """Compute operations of two operands that are not arithmetic."""
    if code == POWER:
        return x**y
    if code == RATIO:
        return x / y if y != 0 else (x * 0 if x == 0 else np.nan)
    if code == REMAINDER:
        return remainder(x, y)
    if code == FMOD:
        return np.fmod(x, y)
    if code == FLOOR_DIVIDE:
        return floor_divided(x, y)
    if code == COPYSIGN:
        return np.copysign(x, y)
    if code == LOGADDEXP:
        return np.logaddexp(x, y)
    if code == LOGADDEXP2:
        return np.logaddexp2(x, y)
    if code == HYPOT:
        return math.hypot(x, y)
    if code == ARCTAN2:
        return np.arctan2(x, y)
    if code == FMAX:
        return x if x >= y or y != y else y
    return x if x <= y or y != y else y


@inlined
def remainder(x, y):
    """What is left of a division, with the sign of the divisor."""
    left = np.fmod(x, y)
    if y == 0 or left != left:
        return left
    if left == 0:
        return np.copysign(left, y)
    return left + y if (y < 0) != (left < 0) else left


@inlined
def floor_divided(x, y):
    """The quotient, rounded down, so that with the remainder it gives the dividend."""
    if y == 0:
        return x / y
    left = np.fmod(x, y)
    quotient = (x - left) / y
    if left != 0 and (y < 0) != (left < 0):
        quotient -= 1
    if quotient == 0:
        return np.copysign(quotient * 0, x / y)
    down = np.floor(quotient)
    return down + 1 if quotient - down > 0.5 else down


@inlined
def compare(code, x, y):
    """Compute a truth value of one or two numbers."""
    if code == op.LESS:
        return x < y
    if code == op.LESS + 1:
        return x <= y
    if code == op.LESS + 2:
        return x > y
    if code == op.LESS + 3:
        return x >= y
    if code == op.LESS + 4:
        return x == y
    if code == op.LESS + 5:
        return x != y
    if code == op.ISFINITE:
        return abs(x) < np.inf
    if code == op.ISFINITE + 1:
        return x != x
    return abs(x) == np.inf
