"""Constants of float32 approximations that NumPy's passes and Numba's loops share.

The probability that a standard normal variable is above ``a >= 0`` is ``exp(-a**2 / 2)`` times a polynomial in
``1 / (1 + STEP * a)``. The coefficients were fitted here to a relative error of 6e-8, by least squares with weights
that level the error out, for numbers up to 13: beyond, the probability is less than the smallest float32.
"""

from __future__ import annotations

import math

STEP = 0.3
TAIL = (
    *(0.0383119127420713, -0.1688429833319566, 0.22799145212640626, -0.07574032283711989, 0.14200522314374633),
    *(0.09490994973491347, 0.12186225203949422, 0.11949585716975188, 6.6877688731370455e-06),
)
"""From the highest power on."""
DENSITY = 1.0 / math.sqrt(2.0 * math.pi)
"""The density of a standard normal variable at 0."""
BEYOND = 40.0
"""No such variable is as large as this."""
ERF = (
    *(7.853853306819295e-05, -0.0008010191187509065, 0.00518832740816391, -0.02685381178915985),
    *(0.11283585145120077, -0.3761262582392523, 1.1283791657266664),
)
"""Of ``erf(x) / x`` as a polynomial in ``x**2`` where ``|x| <= 1``, fitted in the same way to an error of 1e-9."""
ROOT2 = math.sqrt(2.0)
