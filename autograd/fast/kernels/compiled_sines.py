"""Sine and cosine of lines of float64, made of arithmetic alone, so that they become vector instructions; for Numba.

A number is taken to within a quarter turn of 0: a multiple of pi / 2 is subtracted, which is known in three parts whose
products with the multiple are exact. There sine and cosine are polynomials, with the coefficients of fdlibm.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import types

from .compiled import INT, array, compiled, compiled_into, given

DOUBLE: Any = types.float64
FARTHEST = 1e5
"""Beyond this the last digits of what is left would be wrong."""
_PER_TURN = 2.0 / math.pi
_ROUND = 6755399441055744.0
"""Added (1.5 * 2**52), it leaves an integer in the last bits; taken away again, that integer as a float64."""
_PART_1, _PART_2, _PART_3 = 1.57079632673412561417, 6.07710050630396597660e-11, 2.02226624879595063154e-21
_S1, _S2, _S3, _S4, _S5, _S6 = (
    *(-1.66666666666666324348e-01, 8.33333333332248946124e-03, -1.98412698298579493134e-04),
    *(2.75573137070700676789e-06, -2.50507602534068634195e-08, 1.58969099521155010221e-10),
)
_C1, _C2, _C3, _C4, _C5, _C6 = (
    *(4.16666666666666019037e-02, -1.38888888888741095749e-03, 2.48015872894767294178e-05),
    *(-2.75573143513906633035e-07, 2.08757232129817482790e-09, -1.13596475577881948265e-11),
)


@compiled_into(fastmath={"contract"})
def turned(x, quarters):
    """Return the sine of `x` and of so many quarter turns more, to about one unit in the last place."""
    shifted = x * _PER_TURN + _ROUND
    n = shifted - _ROUND
    quarter = np.float64(shifted).view(np.int64) + quarters
    r = ((x - n * _PART_1) - n * _PART_2) - n * _PART_3
    z = r * r
    sine = r + r * z * (_S1 + z * (_S2 + z * (_S3 + z * (_S4 + z * (_S5 + z * _S6)))))
    half = 0.5 * z
    w = 1.0 - half
    cosine = w + (((1.0 - w) - half) + z * z * (_C1 + z * (_C2 + z * (_C3 + z * (_C4 + z * (_C5 + z * _C6))))))
    result = cosine if quarter & 1 else sine
    return -result if quarter & 2 else result


@compiled(given(1, DOUBLE), array(1, DOUBLE), array(1, INT))
def sin(x, out, far):
    """Set `out` to the sine of `x`, and the first of `far` to how many numbers are too far from 0, or no numbers."""
    count = 0
    for i in range(x.size):
        count += not (abs(x[i]) <= FARTHEST)
        s = turned(x[i], 0)
        out[i] = x[i] if x[i] == 0.0 else s
    far[0] = count


@compiled(given(1, DOUBLE), array(1, DOUBLE), array(1, INT))
def cos(x, out, far):
    """Set `out` to the cosine of `x`, and the first of `far` to how many numbers are too far from 0, or no numbers."""
    count = 0
    for i in range(x.size):
        count += not (abs(x[i]) <= FARTHEST)
        out[i] = turned(x[i], 1)
    far[0] = count
