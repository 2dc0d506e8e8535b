"""Exponentials, logarithms and trigonometric functions that the compiler turns into vector instructions.

The C library computes one number at a time. These take the same steps for every number: reduce it to a small interval,
add up the Taylor series there, scale. So a loop over a line computes eight numbers at a time. The error is below two
units in the last place of float64, and special values are those of the C library.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import types
from numba.extending import intrinsic

from ....common import opcodes as op
from .compiled import inlined

NAMES = "negative square absolute relu reciprocal sqrt positive exp tanh log sigmoid cos".split()
NEGATIVE, SQUARE, ABSOLUTE, RELU, RECIPROCAL, SQRT, POSITIVE, EXP, TANH, LOG, SIGMOID, COS = (
    op.ELEMENTWISE[n] for n in NAMES
)
#: Adding it rounds to an integer, which is then in the lowest bits.
ROUNDING = 1.5 * 2.0**52
ROUNDING_BITS = int(np.float64(ROUNDING).view(np.int64))
LOG2_E = math.log2(math.e)
#: ln 2 and pi / 2 in parts, so that small multiples of all but the last have no rounding error.
LN2_HIGH = float.fromhex("0x1.62e42fee00000p-1")
LN2_LOW = float.fromhex("0x1.a39ef35793c76p-33")
HALF_PI = tuple([float.fromhex(x) for x in ("0x1.921fb54400000p+0", "0x1.0b4611a600000p-34", "0x1.3198a2e037073p-69")])
#: Beyond it, multiples of pi / 2 are no longer exact.
LARGEST_ANGLE = 1e5
INVERSE_FACTORIALS = tuple([1.0 / math.factorial(i) for i in range(18)])
ODD_SHARES = tuple([1.0 / (2 * i + 1) for i in range(12)])


@intrinsic
def bits_of(typing_context: Any, x: Any) -> Any:
    """Return the bits of a float64."""
    return types.int64(types.float64), lambda context, builder, signature, args: builder.bitcast(
        args[0], context.get_value_type(types.int64)
    )


@intrinsic
def from_bits(typing_context: Any, x: Any) -> Any:
    """Return the float64 of some bits."""
    return types.float64(types.int64), lambda context, builder, signature, args: builder.bitcast(
        args[0], context.get_value_type(types.float64)
    )


@inlined
def power_of_two(k):
    """2**k for an integer between -1022 and 1023."""
    return from_bits((k + 1023) << 52)


@inlined
def exp_parts(x):
    """Return k and ``exp(r) - 1`` of ``x = k ln 2 + r``, for x between -750 and 750."""
    shifted = x * LOG2_E + ROUNDING
    k = bits_of(shifted) - ROUNDING_BITS
    whole = shifted - ROUNDING
    r = (x - whole * LN2_HIGH) - whole * LN2_LOW
    s = INVERSE_FACTORIALS[13]
    s = s * r + INVERSE_FACTORIALS[12]
    s = s * r + INVERSE_FACTORIALS[11]
    s = s * r + INVERSE_FACTORIALS[10]
    s = s * r + INVERSE_FACTORIALS[9]
    s = s * r + INVERSE_FACTORIALS[8]
    s = s * r + INVERSE_FACTORIALS[7]
    s = s * r + INVERSE_FACTORIALS[6]
    s = s * r + INVERSE_FACTORIALS[5]
    s = s * r + INVERSE_FACTORIALS[4]
    s = s * r + INVERSE_FACTORIALS[3]
    s = s * r + 0.5
    return k, r + r * r * s


@inlined
def exp(x):
    """e**x."""
    limited = min(max(x, -750.0), 750.0) if x == x else 0.0
    k, rest = exp_parts(limited)
    half = k >> 1
    return ((1.0 + rest) * power_of_two(half)) * power_of_two(k - half) + (x - x if x != x else 0.0)


@inlined
def tanh(x):
    """The hyperbolic tangent: ``e / (e + 2)`` of ``e = exp(2 |x|) - 1``."""
    size = abs(x)
    size = size if size < 22.0 else 22.0
    k, rest = exp_parts(2.0 * size)
    scale = power_of_two(k)
    e = scale * rest + (scale - 1.0)
    return np.copysign(e / (e + 2.0), x) if x == x else x


@inlined
def sigmoid(x):
    """1 / (1 + e**-x) without overflow."""
    e = exp(-abs(x))
    return (1.0 if x >= 0 else e) / (1.0 + e)


@inlined
def log(x):
    """The natural logarithm: of the power of two, and of what is left between the roots of 1/2 and 2."""
    tiny = x < 2.0**-1022
    bits = bits_of(x * 2.0**54 if tiny else x)
    shifted = bits - 0x3FE6A09E667F3BCD  # the bits of the root of 1/2
    k = shifted >> 52
    f = from_bits(bits - (k << 52)) - 1.0
    s = f / (2.0 + f)
    z = s * s
    t = ODD_SHARES[11]
    t = t * z + ODD_SHARES[10]
    t = t * z + ODD_SHARES[9]
    t = t * z + ODD_SHARES[8]
    t = t * z + ODD_SHARES[7]
    t = t * z + ODD_SHARES[6]
    t = t * z + ODD_SHARES[5]
    t = t * z + ODD_SHARES[4]
    t = t * z + ODD_SHARES[3]
    t = t * z + ODD_SHARES[2]
    t = t * z + ODD_SHARES[1]
    half_square = 0.5 * f * f
    rest = s * (half_square + 2.0 * z * t)
    whole = float(k - 54 if tiny else k)
    found = whole * LN2_HIGH - ((half_square - (rest + whole * LN2_LOW)) - f)
    found = found if x > 0 else (-np.inf if x == 0 else np.nan)
    return found if x < np.inf else x


@inlined
def quarter_turns(x):
    """Return the number of quarter turns in an angle, and the angle that is left, between -pi/4 and pi/4."""
    shifted = x * (2.0 / math.pi) + ROUNDING
    whole = shifted - ROUNDING
    rest = ((x - whole * HALF_PI[0]) - whole * HALF_PI[1]) - whole * HALF_PI[2]
    return bits_of(shifted), rest


@inlined
def sine_series(r):
    """The sine close to 0."""
    z = r * r
    s = INVERSE_FACTORIALS[17]
    s = s * z - INVERSE_FACTORIALS[15]
    s = s * z + INVERSE_FACTORIALS[13]
    s = s * z - INVERSE_FACTORIALS[11]
    s = s * z + INVERSE_FACTORIALS[9]
    s = s * z - INVERSE_FACTORIALS[7]
    s = s * z + INVERSE_FACTORIALS[5]
    s = s * z - INVERSE_FACTORIALS[3]
    return r + r * z * s if r != 0 else r


@inlined
def cosine_series(r):
    """The cosine close to 0."""
    z = r * r
    s = INVERSE_FACTORIALS[16]
    s = s * z - INVERSE_FACTORIALS[14]
    s = s * z + INVERSE_FACTORIALS[12]
    s = s * z - INVERSE_FACTORIALS[10]
    s = s * z + INVERSE_FACTORIALS[8]
    s = s * z - INVERSE_FACTORIALS[6]
    s = s * z + INVERSE_FACTORIALS[4]
    half = 0.5 * z
    one = 1.0 - half
    return one + (((1.0 - one) - half) + z * z * s)


@inlined
def sin(x, turned):
    """The sine of an angle that is not too large; of the angle turned by so many quarters."""
    turns, r = quarter_turns(x)
    turns += turned
    found = cosine_series(r) if turns & 1 else sine_series(r)
    return -found if turns & 2 else found


@inlined
def simple_line(code, x, out):
    """Compute an operation of one operand that a processor knows."""
    if code == NEGATIVE:
        for i in range(out.size):
            out[i] = -x[i]
    elif code == SQUARE:
        for i in range(out.size):
            out[i] = x[i] * x[i]
    elif code == ABSOLUTE:
        for i in range(out.size):
            out[i] = abs(x[i])
    elif code == RELU:
        for i in range(out.size):
            out[i] = x[i] if not x[i] <= 0 else 0
    elif code == RECIPROCAL:
        for i in range(out.size):
            out[i] = 1 / x[i]
    elif code == SQRT:
        for i in range(out.size):
            out[i] = np.sqrt(x[i])
    else:
        for i in range(out.size):
            out[i] = x[i]


@inlined
def line_of_function(code, x, out):
    """Compute an operation of one operand on a line; False if a number is too large."""
    if code <= POSITIVE:
        simple_line(code, x, out)
    elif code == EXP:
        for i in range(out.size):
            out[i] = exp(np.float64(x[i]))
    elif code == TANH:
        for i in range(out.size):
            out[i] = tanh(np.float64(x[i]))
    elif code == LOG:
        for i in range(out.size):
            out[i] = log(np.float64(x[i]))
    elif code == SIGMOID:
        for i in range(out.size):
            out[i] = sigmoid(np.float64(x[i]))
    else:
        largest = 0.0
        for i in range(out.size):
            largest = max(largest, abs(np.float64(x[i])) if x[i] == x[i] else np.inf)
        if largest > LARGEST_ANGLE:
            return False
        turned = 1 if code == COS else 0
        for i in range(out.size):
            out[i] = sin(np.float64(x[i]), turned)
    return True
