"""The gamma and beta functions and their relatives: what they compute, and their derivatives.

A rule reads "given the gradient ``g`` of the result ``out``, the gradient of this input is ...", as in
``ops/elementwise.py``. Formulas are those of the NIST Digital Library of Mathematical Functions (DLMF), chapters 5, 8
and 25.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from scipy import special

from ..ops.elementwise import absolute, cos, exp, log1p, sin, where
from .special_function import SpecialFunction
from .special_transformations import xlog1py, xlogy

# -------------------------------------------------------------------------------------------- gamma


digamma: Final = SpecialFunction("psi", "Gamma'(x) / Gamma(x)")
digamma.rules(lambda g, out, x: g * polygamma(1, x))


def _polygamma(n: Any, x: Any) -> Any:
    return np.asarray(special.polygamma(n, x))[()]


polygamma: Final = SpecialFunction("polygamma", "n-th derivative of psi(x)", _polygamma)
polygamma.rules(None, lambda g, out, n, x: g * polygamma(n + 1, x))

gamma: Final = SpecialFunction("gamma", "Gamma(x)")
gamma.rules(lambda g, out, x: g * out * digamma(x))

gammaln: Final = SpecialFunction("gammaln", "ln |Gamma(x)|")
gammaln.rules(lambda g, out, x: g * digamma(x))

loggamma: Final = SpecialFunction("loggamma", "ln Gamma(x)")
loggamma.rules(lambda g, out, x: g * digamma(x))

gammasgn: Final = SpecialFunction("gammasgn", "sign of Gamma(x)")
gammasgn.rules(lambda g, out, x: where(False, g, 0.0))


def _rgamma_slope(out: Any, x: Any) -> Any:
    """The slope of 1 / Gamma(x), by reflection (DLMF 5.5.3) where x may be a zero of it: there digamma has a pole."""
    left = x < 0.5
    y = where(left, x, 0.0)
    turned = gamma(1.0 - y) * (cos(math.pi * y) - digamma(1.0 - y) * sin(math.pi * y) / math.pi)
    return where(left, turned, -out * digamma(where(left, 1.0, x)))


rgamma: Final = SpecialFunction("rgamma", "1 / Gamma(x)")
rgamma.rules(lambda g, out, x: g * _rgamma_slope(out, x))

poch: Final = SpecialFunction("poch", "Gamma(z + m) / Gamma(z)")
poch.rules(
    lambda g, out, z, m: g * out * (digamma(z + m) - digamma(z)),
    lambda g, out, z, m: g * out * digamma(z + m),
)

# -------------------------------------------------------------------------------- incomplete gamma


def gamma_density(a: Any, x: Any) -> Any:
    """The density at x of the gamma distribution with shape a (DLMF 8.8.13)."""
    return exp(xlogy(a - 1.0, x) - x - gammaln(a))


gammainc: Final = SpecialFunction("gammainc", "P(a, x), the regularized lower incomplete gamma function")
gammainc.rules(None, lambda g, out, a, x: g * gamma_density(a, x))

gammaincc: Final = SpecialFunction("gammaincc", "1 - P(a, x)")
gammaincc.rules(None, lambda g, out, a, x: -g * gamma_density(a, x))

gammaincinv: Final = SpecialFunction("gammaincinv", "x with P(a, x) = y")
gammaincinv.rules(None, lambda g, out, a, y: g / gamma_density(a, out))

gammainccinv: Final = SpecialFunction("gammainccinv", "x with 1 - P(a, x) = y")
gammainccinv.rules(None, lambda g, out, a, y: -g / gamma_density(a, out))

# -------------------------------------------------------------------------------------------- beta

beta: Final = SpecialFunction("beta", "Gamma(a) Gamma(b) / Gamma(a + b)")
beta.rules(
    lambda g, out, a, b: g * out * (digamma(a) - digamma(a + b)),
    lambda g, out, a, b: g * out * (digamma(b) - digamma(a + b)),
)

betaln: Final = SpecialFunction("betaln", "ln |beta(a, b)|")
betaln.rules(
    lambda g, out, a, b: g * (digamma(a) - digamma(a + b)),
    lambda g, out, a, b: g * (digamma(b) - digamma(a + b)),
)


def _binom_slope_k(out: Any, n: Any, k: Any) -> Any:
    """The slope in k; where the binomial coefficient is 0, a pole of digamma stands against a zero."""
    rest = n - k
    zero = out == 0
    safe_k, safe_rest = where(zero, 1.0, k), where(zero, 1.0, rest)
    at_zero = gamma(n + 1.0) * (
        _rgamma_slope(rgamma(k + 1.0), k + 1.0) * rgamma(rest + 1.0)
        - rgamma(k + 1.0) * _rgamma_slope(rgamma(rest + 1.0), rest + 1.0)
    )
    return where(zero, at_zero, out * (digamma(safe_rest + 1.0) - digamma(safe_k + 1.0)))


def _binom_slope_n(out: Any, n: Any, k: Any) -> Any:
    rest = n - k
    zero = out == 0
    at_zero = gamma(n + 1.0) * rgamma(k + 1.0) * _rgamma_slope(rgamma(rest + 1.0), rest + 1.0)
    return where(zero, at_zero, out * (digamma(n + 1.0) - digamma(where(zero, 1.0, rest) + 1.0)))


binom: Final = SpecialFunction("binom", "Gamma(n + 1) / (Gamma(k + 1) Gamma(n - k + 1))")
binom.rules(
    lambda g, out, n, k: g * _binom_slope_n(out, n, k),
    lambda g, out, n, k: g * _binom_slope_k(out, n, k),
)

# --------------------------------------------------------------------------------- incomplete beta


def beta_density(a: Any, b: Any, x: Any) -> Any:
    """The density at x of the beta distribution (DLMF 8.17.1)."""
    return exp(xlogy(a - 1.0, x) + xlog1py(b - 1.0, -x) - betaln(a, b))


betainc: Final = SpecialFunction("betainc", "I_x(a, b), the regularized incomplete beta function")
betainc.rules(None, None, lambda g, out, a, b, x: g * beta_density(a, b, x))

betaincc: Final = SpecialFunction("betaincc", "1 - I_x(a, b)")
betaincc.rules(None, None, lambda g, out, a, b, x: -g * beta_density(a, b, x))

betaincinv: Final = SpecialFunction("betaincinv", "x with I_x(a, b) = y")
betaincinv.rules(None, None, lambda g, out, a, b, y: g / beta_density(a, b, out))

betainccinv: Final = SpecialFunction("betainccinv", "x with 1 - I_x(a, b) = y")
betainccinv.rules(None, None, lambda g, out, a, b, y: -g / beta_density(a, b, out))

# ------------------------------------------------------------------------- zeta, Lambert's W, and others

zeta: Final = SpecialFunction("zeta", "sum of 1 / (q + k) ** x over k = 0, 1, 2, ...", special.zeta)
zeta.rules(None, lambda g, out, x, q: -g * x * zeta(x + 1.0, q))  # DLMF 25.11.17


def _log1p_ratio(u: Any) -> Any:
    """log(1 + u) / u, and its series near 0 (DLMF 4.6.1), whose derivatives lose no digits."""
    near = absolute(u) < 0.1
    v = where(near, u, 0.0)
    series: Any = 1.0 / 17.0
    for k in range(16, 0, -1):
        series = 1.0 / k - v * series
    far = where(near, 1.0, u)
    return where(near, series, log1p(far) / far)


spence: Final = SpecialFunction("spence", "integral of ln(t) / (1 - t) from 1 to z")
spence.rules(lambda g, out, z: -g * _log1p_ratio(z - 1.0))


def _lambertw(z: Any, k: Any, tol: Any) -> Any:
    result = special.lambertw(z, k, tol)
    return result.astype(np.complex64) if getattr(z, "dtype", None) in (np.float32, np.complex64) else result


lambertw: Final = SpecialFunction("lambertw", "w with w e ** w = z, on the branch k", _lambertw)
lambertw.direct, lambertw.scalar = _lambertw, lambda z, k, tol: _real(special.lambertw(z, int(k), tol))
lambertw.rules(lambda g, out, z, k, tol: g * exp(-out) / (1.0 + out), None, None)  # DLMF 4.13.4


def _real(w: Any) -> float:
    """A Value is one real number: NaN where the function is complex."""
    return float(w.real) if w.imag == 0 else math.nan


wrightomega: Final = SpecialFunction("wrightomega", "w with w + ln(w) = z")
wrightomega.rules(lambda g, out, z: g * out / (1.0 + out))
