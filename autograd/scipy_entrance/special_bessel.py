"""Bessel functions and their relatives: Airy, Kelvin and Struve functions, integrals of them, sine integrals.

A rule reads "given the gradient ``g`` of the result ``out``, the gradient of this input is ...", as in
``ops/elementwise.py``. Formulas are those of the NIST Digital Library of Mathematical Functions (DLMF), chapters 6, 7,
9, 10 and 11. Orders have no derivative in closed form.
"""

from __future__ import annotations

import math
from typing import Any, Final

from scipy import special

from ..ops.elementwise import absolute, cos, cosh, exp, maximum, sign, sin, sinc, sinh, where
from .special_function import SpecialFunction, of_integers, part_of
from .special_gamma import rgamma
from .special_series import hyp1f1

# ----------------------------------------------------------------- DLMF 10.6.1 and 10.29.1: neighbouring orders

jv: Final = SpecialFunction("jv", "J_v(z), the Bessel function of the first kind")
jv.rules(None, lambda g, out, v, z: 0.5 * g * (jv(v - 1, z) - jv(v + 1, z)))

jve: Final = SpecialFunction("jve", "J_v(z) of real z")
jve.rules(None, lambda g, out, v, z: 0.5 * g * (jve(v - 1, z) - jve(v + 1, z)))

yv: Final = SpecialFunction("yv", "Y_v(z), the Bessel function of the second kind")
yv.rules(None, lambda g, out, v, z: 0.5 * g * (yv(v - 1, z) - yv(v + 1, z)))

yve: Final = SpecialFunction("yve", "Y_v(z) of real z")
yve.rules(None, lambda g, out, v, z: 0.5 * g * (yve(v - 1, z) - yve(v + 1, z)))

yn: Final = SpecialFunction("yn", "Y_n(x) of integer order")
yn.rules(None, lambda g, out, n, x: 0.5 * g * (yn(n - 1, x) - yn(n + 1, x)))

iv: Final = SpecialFunction("iv", "I_v(z), the modified Bessel function of the first kind")
iv.rules(None, lambda g, out, v, z: 0.5 * g * (iv(v - 1, z) + iv(v + 1, z)))

ive: Final = SpecialFunction("ive", "I_v(z) e ** -|z|")
ive.rules(None, lambda g, out, v, z: g * (0.5 * (ive(v - 1, z) + ive(v + 1, z)) - sign(z) * out))

kv: Final = SpecialFunction("kv", "K_v(z), the modified Bessel function of the second kind")
kv.rules(None, lambda g, out, v, z: -0.5 * g * (kv(v - 1, z) + kv(v + 1, z)))

kve: Final = SpecialFunction("kve", "K_v(z) e ** z")
kve.rules(None, lambda g, out, v, z: g * (out - 0.5 * (kve(v - 1, z) + kve(v + 1, z))))

kn: Final = SpecialFunction("kn", "K_n(x) of integer order")
kn.rules(None, lambda g, out, n, x: -0.5 * g * (kn(absolute(n - 1), x) + kn(n + 1, x)))

j0: Final = SpecialFunction("j0", "J_0(x)")
j0.rules(lambda g, out, x: -g * j1(x))

j1: Final = SpecialFunction("j1", "J_1(x)")
j1.rules(lambda g, out, x: 0.5 * g * (j0(x) - jv(2, x)))

y0: Final = SpecialFunction("y0", "Y_0(x)")
y0.rules(lambda g, out, x: -g * y1(x))

y1: Final = SpecialFunction("y1", "Y_1(x)")
y1.rules(lambda g, out, x: 0.5 * g * (y0(x) - yn(2, x)))

i0: Final = SpecialFunction("i0", "I_0(x)")
i0.rules(lambda g, out, x: g * i1(x))

i1: Final = SpecialFunction("i1", "I_1(x)")
i1.rules(lambda g, out, x: 0.5 * g * (i0(x) + iv(2, x)))

i0e: Final = SpecialFunction("i0e", "I_0(x) e ** -|x|")
i0e.rules(lambda g, out, x: -g * sign(x) * hyp1f1(1.5, 2.0, -2.0 * absolute(x)))  # DLMF 10.39.5, without a difference

i1e: Final = SpecialFunction("i1e", "I_1(x) e ** -|x|")
i1e.rules(lambda g, out, x: 0.5 * g * _i1e_slope(absolute(x)))


def _i1e_slope(x: Any) -> Any:
    """Twice the slope for x > 0, from DLMF 10.39.5: both terms are of its size."""
    return hyp1f1(1.5, 3.0, -2.0 * x) - x * hyp1f1(2.5, 4.0, -2.0 * x)


k0: Final = SpecialFunction("k0", "K_0(x)")
k0.rules(lambda g, out, x: -g * k1(x))

k1: Final = SpecialFunction("k1", "K_1(x)")
k1.rules(lambda g, out, x: -0.5 * g * (k0(x) + kn(2, x)))

k0e: Final = SpecialFunction("k0e", "K_0(x) e ** x")
k0e.rules(lambda g, out, x: g * (out - k1e(x)))

k1e: Final = SpecialFunction("k1e", "K_1(x) e ** x")
k1e.rules(lambda g, out, x: g * (out - 0.5 * (k0e(x) + kve(2, x))))

# ------------------------------------------------------------------ spherical ones (DLMF 10.51.2, 10.51.5)


def _mixed(function: Any, n: Any, z: Any, sign_before: float) -> Any:
    """(n f_{n-1} +- (n+1) f_{n+1}) / (2 n + 1); n is 0 where its neighbour does not exist."""
    return (n * function(maximum(n - 1, 0), z) + sign_before * (n + 1) * function(n + 1, z)) / (2 * n + 1)


spherical_jn: Final = SpecialFunction(
    "spherical_jn", "spherical Bessel function j_n(z)", of_integers(special.spherical_jn, 0)
)
spherical_jn.rules(None, lambda g, out, n, z: g * _mixed(spherical_jn, n, z, -1.0))

spherical_yn: Final = SpecialFunction(
    "spherical_yn", "spherical Bessel function y_n(z)", of_integers(special.spherical_yn, 0)
)
spherical_yn.rules(None, lambda g, out, n, z: g * _mixed(spherical_yn, n, z, -1.0))

spherical_in: Final = SpecialFunction(
    "spherical_in", "spherical Bessel function i_n(z)", of_integers(special.spherical_in, 0)
)
spherical_in.rules(None, lambda g, out, n, z: g * _mixed(spherical_in, n, z, 1.0))

spherical_kn: Final = SpecialFunction(
    "spherical_kn", "spherical Bessel function k_n(z)", of_integers(special.spherical_kn, 0)
)
spherical_kn.rules(None, lambda g, out, n, z: -g * _mixed(spherical_kn, n, z, 1.0))

# -------------------------------------------------------------------------------------------- Struve


def _struve_slope(function: Any, sign_after: float, out: Any, v: Any, x: Any) -> Any:
    """DLMF 11.4.25 and 11.4.30 near 0; farther from it f_{v-1} - v f_v / x, where no large numbers cancel."""
    near = absolute(x) < 1.0
    small, large = where(near, x, 0.5), where(near, 1.0, x)
    power = (0.5 * small) ** v * rgamma(v + 1.5) / math.sqrt(math.pi)
    both = 0.5 * (function(v - 1, x) + sign_after * function(v + 1, x) + power)
    return where(near, both, function(v - 1, x) - v * out / large)


struve: Final = SpecialFunction("struve", "H_v(x), the Struve function")
struve.rules(None, lambda g, out, v, x: g * _struve_slope(struve, -1.0, out, v, x))

modstruve: Final = SpecialFunction("modstruve", "L_v(x), the modified Struve function")
modstruve.rules(None, lambda g, out, v, x: g * _struve_slope(modstruve, 1.0, out, v, x))

# ------------------------------------------------------------- Kelvin (the second derivatives: DLMF 10.61.3)

ber: Final = SpecialFunction("ber", "ber(x), the Kelvin function")
ber.rules(lambda g, out, x: g * berp(x))

bei: Final = SpecialFunction("bei", "bei(x), the Kelvin function")
bei.rules(lambda g, out, x: g * beip(x))

ker: Final = SpecialFunction("ker", "ker(x), the Kelvin function")
ker.rules(lambda g, out, x: g * kerp(x))

kei: Final = SpecialFunction("kei", "kei(x), the Kelvin function")
kei.rules(lambda g, out, x: g * keip(x))


def _ratio(slope: Any, x: Any, at_zero: float) -> Any:
    """Return ber'(x) / x or bei'(x) / x, whose limits at 0 follow from DLMF 10.65.1 and 10.65.2."""
    return where(x == 0, at_zero, slope / where(x == 0, 1.0, x))


berp: Final = SpecialFunction("berp", "ber'(x)")
berp.rules(lambda g, out, x: -g * (bei(x) + _ratio(out, x, 0.0)))

beip: Final = SpecialFunction("beip", "bei'(x)")
beip.rules(lambda g, out, x: g * (ber(x) - _ratio(out, x, 0.5)))

kerp: Final = SpecialFunction("kerp", "ker'(x)")
kerp.rules(lambda g, out, x: -g * (kei(x) + out / x))

keip: Final = SpecialFunction("keip", "kei'(x)")
keip.rules(lambda g, out, x: g * (ker(x) - out / x))

# ---------------------------------------------------------- several results: each is an operation of its own


Ai: Final = part_of(special.airy, 0, "the Airy function Ai(z)")
Aip: Final = part_of(special.airy, 1, "Ai'(z)")
Bi: Final = part_of(special.airy, 2, "the Airy function Bi(z)")
Bip: Final = part_of(special.airy, 3, "Bi'(z)")
Ai.rules(lambda g, out, z: g * Aip(z))
Aip.rules(lambda g, out, z: g * z * Ai(z))
Bi.rules(lambda g, out, z: g * Bip(z))
Bip.rules(lambda g, out, z: g * z * Bi(z))

Si: Final = part_of(special.sici, 0, "integral of sin(t) / t from 0 to x")
Ci: Final = part_of(special.sici, 1, "the cosine integral")
Si.rules(lambda g, out, x: g * sinc(x / math.pi))
Ci.rules(lambda g, out, x: g * cos(x) / x)


def _sinhc(x: Any) -> Any:
    """sinh(x) / x, and its series near 0."""
    near = absolute(x) < 0.5
    small, large = where(near, x, 0.0), where(near, 1.0, x)
    series: Any = 0.0
    for k in range(7, -1, -1):
        series = 1.0 / math.factorial(2 * k + 1) + small * small * series
    return where(near, series, sinh(large) / large)


Shi: Final = part_of(special.shichi, 0, "integral of sinh(t) / t from 0 to x")
Chi: Final = part_of(special.shichi, 1, "the hyperbolic cosine integral")
Shi.rules(lambda g, out, x: g * _sinhc(x))
Chi.rules(lambda g, out, x: g * cosh(x) / x)

S: Final = part_of(special.fresnel, 0, "Fresnel's sine integral")
C: Final = part_of(special.fresnel, 1, "Fresnel's cosine integral")
S.rules(lambda g, out, z: g * sin(0.5 * math.pi * z * z))
C.rules(lambda g, out, z: g * cos(0.5 * math.pi * z * z))

#: Functions with several results: their operations, in order.
SEVERAL: Final = {
    special.airy: (Ai, Aip, Bi, Bip),
    special.sici: (Si, Ci),
    special.shichi: (Shi, Chi),
    special.fresnel: (S, C),
}

# --------------------------------------------------------------------------------- exponential integrals

exp1: Final = SpecialFunction("exp1", "integral of e ** -t / t from z to infinity")
exp1.rules(lambda g, out, z: -g * exp(-z) / z)

expi: Final = SpecialFunction("expi", "integral of e ** t / t from -infinity to x")
expi.rules(lambda g, out, x: g * exp(x) / x)


def _expn_slope(out: Any, n: Any, x: Any) -> Any:
    """-E_{n-1}(x) (DLMF 8.19.13), which for n = 0 follows from the recurrence 8.19.12."""
    return where(n == 0, -(exp(-x) + out) / x, -expn(maximum(n - 1, 0), x))


expn: Final = SpecialFunction("expn", "E_n(x) = integral of e ** (-x t) / t**n from 1 to infinity")
expn.rules(None, lambda g, out, n, x: g * _expn_slope(out, n, x))
