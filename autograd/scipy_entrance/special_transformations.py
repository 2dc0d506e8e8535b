"""Error functions, the logistic function, entropies, power transformations, robust losses: functions and derivatives.

A rule reads "given the gradient ``g`` of the result ``out``, the gradient of this input is ...", as in
``ops/elementwise.py``. DLMF is the NIST Digital Library of Mathematical Functions. Where a closed formula would lose
digits, a series takes its place.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from ..ops import elementwise as ew
from ..ops.elementwise import absolute, exp, log, log1p, ratio, sign, sqrt, where
from .special_function import SpecialFunction

SQRT_PI, SQRT_2, SQRT_2PI = math.sqrt(math.pi), math.sqrt(2.0), math.sqrt(2.0 * math.pi)
DEGREE = math.pi / 180.0

# ------------------------------------------------------------------------------------ error functions

erf: Final = SpecialFunction("erf", "2 / sqrt(pi) * integral of e ** (-t**2) from 0 to x")
erf.rules(lambda g, out, x: g * (2.0 / SQRT_PI) * exp(-x * x))

erfc: Final = SpecialFunction("erfc", "1 - erf(x)")
erfc.rules(lambda g, out, x: -g * (2.0 / SQRT_PI) * exp(-x * x))

erfi: Final = SpecialFunction("erfi", "2 / sqrt(pi) * integral of e ** (t**2) from 0 to x")
erfi.rules(lambda g, out, x: g * (2.0 / SQRT_PI) * exp(x * x))

erfinv: Final = SpecialFunction("erfinv", "x with erf(x) = y")
erfinv.rules(lambda g, out, y: g * (SQRT_PI / 2.0) * exp(out * out))

erfcinv: Final = SpecialFunction("erfcinv", "x with erfc(x) = y")
erfcinv.rules(lambda g, out, y: -g * (SQRT_PI / 2.0) * exp(out * out))


def _far_series(t: Any) -> Any:
    """1 + 3 t + 15 t**2 + 105 t**3 + ..., for the slopes of erfcx and dawsn at large x, where t is 1 / (2 x**2)."""
    series: Any = 1.0
    for k in range(31, 1, -2):
        series = 1.0 + k * t * series
    return series


def _is_far(x: Any) -> tuple[Any, Any, Any]:
    """Whether x is large, x where it is large and x where it is not (and numbers that do no harm elsewhere)."""
    far = absolute(x) > 10.0
    return far, where(far, x, 10.0), where(far, 0.0, x)


def _erfcx_slope(out: Any, x: Any) -> Any:
    """2 x erfcx(x) - 2 / sqrt(pi); from DLMF 7.12.1 at large x, where that would lose digits."""
    far, large, small = _is_far(x)
    far = far & (x > 0)
    t = 0.5 / (large * large)
    return where(far, (-2.0 / SQRT_PI) * t * _far_series(-t), 2.0 * where(far, 0.0, x) * out - 2.0 / SQRT_PI)


erfcx: Final = SpecialFunction("erfcx", "e ** (x**2) * erfc(x)")
erfcx.rules(lambda g, out, x: g * _erfcx_slope(out, x))


def _dawsn_slope(out: Any, x: Any) -> Any:
    """1 - 2 x dawsn(x); from DLMF 7.12.1 at large x, where that would lose digits."""
    far, large, small = _is_far(x)
    t = 0.5 / (large * large)
    return where(far, -t * _far_series(t), 1.0 - 2.0 * small * out)


dawsn: Final = SpecialFunction("dawsn", "e ** (-x**2) * integral of e ** (t**2) from 0 to x")
dawsn.rules(lambda g, out, x: g * _dawsn_slope(out, x))

# ----------------------------------------------------------------------------- the normal distribution


def normal_density(x: Any) -> Any:
    """The density of the standard normal distribution."""
    return exp(-0.5 * x * x) / SQRT_2PI


def _log_ndtr_slope(out: Any, x: Any) -> Any:
    """Density over probability; both vanish far below 0, their ratio does not."""
    right = x > 0
    left_x = where(right, 0.0, x)
    left = math.sqrt(2.0 / math.pi) / erfcx(-left_x / SQRT_2)
    return where(right, normal_density(x) * exp(-out), left)


ndtr: Final = SpecialFunction("ndtr", "probability of a standard normal variable below x")
ndtr.rules(lambda g, out, x: g * normal_density(x))

log_ndtr: Final = SpecialFunction("log_ndtr", "ln ndtr(x)")
log_ndtr.rules(lambda g, out, x: g * _log_ndtr_slope(out, x))

ndtri: Final = SpecialFunction("ndtri", "x with ndtr(x) = y")
ndtri.rules(lambda g, out, y: g * SQRT_2PI * exp(0.5 * out * out))

ndtri_exp: Final = SpecialFunction("ndtri_exp", "x with log_ndtr(x) = y")
ndtri_exp.rules(lambda g, out, y: g / _log_ndtr_slope(y, out))

owens_t: Final = SpecialFunction("owens_t", "Owen's T function of h and a")
owens_t.rules(
    lambda g, out, h, a: -g * exp(-0.5 * h * h) * erf(a * h / SQRT_2) / (2.0 * SQRT_2PI),
    lambda g, out, h, a: g * exp(-0.5 * h * h * (1.0 + a * a)) / (2.0 * math.pi * (1.0 + a * a)),
)

# -------------------------------------------------------------------------------- logistic function

expit: Final = SpecialFunction("expit", "1 / (1 + e ** -x)")
expit.rules(lambda g, out, x: g * out * expit(-x))

log_expit: Final = SpecialFunction("log_expit", "ln expit(x)")
log_expit.rules(lambda g, out, x: g * expit(-x))

logit: Final = SpecialFunction("logit", "ln(p / (1 - p))")
logit.rules(lambda g, out, p: g / (p * (1.0 - p)))

# --------------------------------------------------------------- exponentials, logarithms, elementary

exp2: Final = SpecialFunction("exp2", "2 ** x")
exp2.rules(lambda g, out, x: g * out * math.log(2.0))

exp10: Final = SpecialFunction("exp10", "10 ** x")
exp10.rules(lambda g, out, x: g * out * math.log(10.0))

expm1: Final = SpecialFunction("expm1", "e ** x - 1")
expm1.rules(lambda g, out, x: g * (out + 1.0))

log1p_: Final = SpecialFunction("log1p", "ln(1 + x)")
log1p_.rules(lambda g, out, x: g / (1.0 + x))

cbrt: Final = SpecialFunction("cbrt", "x ** (1/3)")
cbrt.rules(lambda g, out, x: g / (3.0 * out * out))

cosm1: Final = SpecialFunction("cosm1", "cos(x) - 1")
cosm1.rules(lambda g, out, x: -g * ew.sin(x))

powm1: Final = SpecialFunction("powm1", "x ** y - 1")
powm1.rules(
    lambda g, out, x, y: g * y * x ** (y - 1.0),
    lambda g, out, x, y: g * xlogy(out + 1.0, x),
)

sindg: Final = SpecialFunction("sindg", "sin of x degrees")
sindg.rules(lambda g, out, x: g * DEGREE * cosdg(x))

cosdg: Final = SpecialFunction("cosdg", "cos of x degrees")
cosdg.rules(lambda g, out, x: -g * DEGREE * sindg(x))

tandg: Final = SpecialFunction("tandg", "tan of x degrees")
tandg.rules(lambda g, out, x: g * DEGREE * (1.0 + out * out))

cotdg: Final = SpecialFunction("cotdg", "cot of x degrees")
cotdg.rules(lambda g, out, x: -g * DEGREE * (1.0 + out * out))

radian: Final = SpecialFunction("radian", "d degrees, m minutes and s seconds in radians")
radian.rules(
    lambda g, out, d, m, s: g * DEGREE,
    lambda g, out, d, m, s: g * (DEGREE / 60.0),
    lambda g, out, d, m, s: g * (DEGREE / 3600.0),
)

round_: Final = SpecialFunction("round", "x rounded to an integer")
round_.rules(lambda g, out, x: where(False, g, 0.0))

softplus: Final = SpecialFunction("softplus", "ln(1 + e ** x)", lambda x, **options: np.logaddexp(0, x, **options))
softplus.rules(lambda g, out, x: g * expit(x))

# ----------------------------------------------------------------------------------------- entropies
# The slope at a place where both inputs are 0 is taken along the other input, where the function is 0.

xlogy: Final = SpecialFunction("xlogy", "x ln(y), 0 where x is 0")
xlogy.rules(lambda g, out, x, y: g * log(y), lambda g, out, x, y: g * ratio(x, y))

xlog1py: Final = SpecialFunction("xlog1py", "x ln(1 + y), 0 where x is 0")
xlog1py.rules(lambda g, out, x, y: g * log1p(y), lambda g, out, x, y: g * ratio(x, 1.0 + y))

entr: Final = SpecialFunction("entr", "-x ln(x), 0 at 0, -infinity below")
entr.rules(lambda g, out, x: where(x < 0, 0.0, -g * (1.0 + log(x))))


def _within(g: Any, x: Any, y: Any) -> Any:
    """A gradient where a divergence is finite; beyond it is constant, infinity."""
    return where((x < 0) | (y < 0), 0.0, g)


rel_entr: Final = SpecialFunction("rel_entr", "x ln(x / y), 0 where x is 0, infinity below")
rel_entr.rules(
    lambda g, out, x, y: _within(g, x, y) * (1.0 + log(x / y)),
    lambda g, out, x, y: _within(-g, x, y) * ratio(x, y),
)

kl_div: Final = SpecialFunction("kl_div", "x ln(x / y) - x + y, y where x is 0, infinity below")
kl_div.rules(
    lambda g, out, x, y: _within(g, x, y) * log(x / y),
    lambda g, out, x, y: _within(g, x, y) * (1.0 - ratio(x, y)),
)

# ------------------------------------------------------------------------------ power transformations


def _exprel_slope(out: Any, x: Any) -> Any:
    """(e**x - exprel(x)) / x, without differences of close or infinite numbers: near 0, (k + 1) x**k / (k + 2)!."""
    near = absolute(x) < 0.5
    small, large = where(near, x, 0.0), where(near, 1.0, x)
    series: Any = 0.0
    for k in range(17, -1, -1):
        series = (k + 1) / math.factorial(k + 2) + small * series
    out = where(near, 0.0, out)
    return where(near, series, where(x > 0, out * (1.0 - 1.0 / large) + 1.0 / large, (exp(large) - out) / large))


exprel: Final = SpecialFunction("exprel", "(e ** x - 1) / x, 1 at 0")
exprel.rules(lambda g, out, x: g * _exprel_slope(out, x))


def _power_slope(log_x: Any, lmbda: Any) -> Any:
    """The slope in lmbda of (x**lmbda - 1) / lmbda = ln(x) * exprel(lmbda ln(x))."""
    z = lmbda * log_x
    return log_x * log_x * _exprel_slope(exprel(z), z)


boxcox: Final = SpecialFunction("boxcox", "(x ** lmbda - 1) / lmbda, ln(x) at 0")
boxcox.rules(
    lambda g, out, x, lmbda: g * x ** (lmbda - 1.0),
    lambda g, out, x, lmbda: g * _power_slope(log(x), lmbda),
)

boxcox1p: Final = SpecialFunction("boxcox1p", "((1 + x) ** lmbda - 1) / lmbda, ln(1 + x) at 0")
boxcox1p.rules(
    lambda g, out, x, lmbda: g * (1.0 + x) ** (lmbda - 1.0),
    lambda g, out, x, lmbda: g * _power_slope(log1p(x), lmbda),
)


def _log1p_ratio_slope(u: Any) -> Any:
    """The slope of log(1 + u) / u, and its series near 0 (from DLMF 4.6.1), whose derivatives lose no digits."""
    near = absolute(u) < 0.1
    small, large = where(near, u, 0.0), where(near, 1.0, u)
    series: Any = 0.0
    for k in range(17, -1, -1):
        series = (k + 1) / (k + 2) - small * series
    return where(near, -series, (1.0 / (1.0 + large) - log1p(large) / large) / large)


inv_boxcox: Final = SpecialFunction("inv_boxcox", "(1 + lmbda x) ** (1 / lmbda), e ** x at 0")
inv_boxcox.rules(
    lambda g, out, x, lmbda: g * out / (1.0 + lmbda * x),
    lambda g, out, x, lmbda: g * out * x * x * _log1p_ratio_slope(lmbda * x),
)

inv_boxcox1p: Final = SpecialFunction("inv_boxcox1p", "(1 + lmbda x) ** (1 / lmbda) - 1, e ** x - 1 at 0")
inv_boxcox1p.rules(
    lambda g, out, x, lmbda: g * (1.0 + out) / (1.0 + lmbda * x),
    lambda g, out, x, lmbda: g * (1.0 + out) * x * x * _log1p_ratio_slope(lmbda * x),
)

# ------------------------------------------------------------------------------------- robust losses

huber: Final = SpecialFunction(
    "huber", "r**2 / 2 up to |r| = delta, delta (|r| - delta / 2) beyond; infinity if delta < 0"
)
huber.rules(
    lambda g, out, delta, r: where((delta < 0) | (absolute(r) <= delta), 0.0, g * (absolute(r) - delta)),
    lambda g, out, delta, r: where(delta < 0, 0.0, where(absolute(r) <= delta, g * r, g * delta * sign(r))),
)


def _pseudo_huber_slope(delta: Any, r: Any) -> Any:
    """The slope in delta, by s = sqrt(1 + (r / delta)**2): delta (s - 1)**2 / s without the difference."""
    u = (r / delta) ** 2
    s = sqrt(1.0 + u)
    return delta * (u / (s + 1.0)) ** 2 / s


pseudo_huber: Final = SpecialFunction("pseudo_huber", "delta**2 (sqrt(1 + (r / delta)**2) - 1); infinity if delta < 0")
pseudo_huber.rules(
    lambda g, out, delta, r: where(delta <= 0, 0.0, g * _pseudo_huber_slope(delta, r)),
    lambda g, out, delta, r: where(delta <= 0, 0.0, g * r / sqrt(1.0 + (r / delta) ** 2)),
)
