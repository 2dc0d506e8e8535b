"""e to a power for loops that Numba compiles: made of arithmetic alone, so that it becomes vector instructions."""

from __future__ import annotations

import math

import numpy as np

from .compiled import ZERO, inlined

ONE = np.float32(1.0)
LOWEST = np.float32(-87.0)
"""Where e to a power is taken as 0: it is about the smallest float32 that has all its digits."""
_PER_TWO = np.float32(1.0 / math.log(2.0))
_LN2_HIGH = np.float32(0.693359375)
_LN2_LOW = np.float32(math.log(2.0) - 0.693359375)
_ROUND = np.float32(3 << 22)
"""Added and taken away again, it leaves an integer."""
# Minimax coefficients of e**r between -ln(2) / 2 and ln(2) / 2, as in the Cephes library of S. Moshier.
_C2, _C3, _C4, _C5, _C6, _C7 = (
    np.float32(c)
    for c in (5.0000001201e-1, 1.6666665459e-1, 4.1665795894e-2, 8.3334519073e-3, 1.3981999507e-3, 1.9875691500e-4)
)


@inlined
def exp_below(x):
    """Return e to a power that is not above 0, to about one unit in the last place; NaN stays."""
    y = LOWEST if x < LOWEST else x
    n = (y * _PER_TWO + _ROUND) - _ROUND
    r = (y - n * _LN2_HIGH) - n * _LN2_LOW
    p = ((((_C7 * r + _C6) * r + _C5) * r + _C4) * r + _C3) * r + _C2
    power = np.int32((np.int32(n) + 127) << 23).view(np.float32)
    result = (p * r * r + r + ONE) * power
    return result if x >= LOWEST else (ZERO if x < LOWEST else x)
