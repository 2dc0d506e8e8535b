"""Probabilities of the distributions of statistics, and their inverses: what they compute, and their derivatives.

A rule reads "given the gradient ``g`` of the result ``out``, the gradient of this input is ...", as in
``ops/elementwise.py``. The derivative of a probability is a density. Degrees of freedom and shapes have no derivative
in closed form.
"""

from __future__ import annotations

from typing import Any, Final

from scipy import special

from ..ops.elementwise import exp, floor, log
from .special_function import SpecialFunction, of_integers
from .special_gamma import beta_density, betaln, gamma_density, gammaln
from .special_transformations import xlog1py, xlogy

# ------------------------------------------------------------------------------------------- Student's t


def student_density(df: Any, t: Any) -> Any:
    """The density of Student's distribution."""
    return exp(xlog1py(-0.5 * (df + 1.0), t * t / df) - betaln(0.5 * df, 0.5) - 0.5 * log(df))


stdtr: Final = SpecialFunction("stdtr", "probability of Student's t below t")
stdtr.rules(None, lambda g, out, df, t: g * student_density(df, t))

stdtrit: Final = SpecialFunction("stdtrit", "t with stdtr(df, t) = p")
stdtrit.rules(None, lambda g, out, df, p: g / student_density(df, out))

# -------------------------------------------------------------------------------- chi-square, gamma, F

chdtr: Final = SpecialFunction("chdtr", "probability of chi-square below x")
chdtr.rules(None, lambda g, out, v, x: 0.5 * g * gamma_density(0.5 * v, 0.5 * x))

chdtrc: Final = SpecialFunction("chdtrc", "probability of chi-square above x")
chdtrc.rules(None, lambda g, out, v, x: -0.5 * g * gamma_density(0.5 * v, 0.5 * x))

chdtri: Final = SpecialFunction("chdtri", "x with chdtrc(v, x) = p")
chdtri.rules(None, lambda g, out, v, p: -2.0 * g / gamma_density(0.5 * v, 0.5 * out))

gdtr: Final = SpecialFunction("gdtr", "probability of a gamma variable of rate a and shape b below x")
gdtr.rules(
    lambda g, out, a, b, x: g * x * gamma_density(b, a * x),
    None,
    lambda g, out, a, b, x: g * a * gamma_density(b, a * x),
)

gdtrc: Final = SpecialFunction("gdtrc", "probability of a gamma variable of rate a and shape b above x")
gdtrc.rules(
    lambda g, out, a, b, x: -g * x * gamma_density(b, a * x),
    None,
    lambda g, out, a, b, x: -g * a * gamma_density(b, a * x),
)

gdtrix: Final = SpecialFunction("gdtrix", "x with gdtr(a, b, x) = p")
gdtrix.rules(
    lambda g, out, a, b, p: -g * out / a,
    None,
    lambda g, out, a, b, p: g / (a * gamma_density(b, a * out)),
)


def _f_density(m: Any, n: Any, x: Any) -> Any:
    """The density of the F distribution."""
    a, b = 0.5 * m, 0.5 * n
    return exp(a * log(m / n) + xlogy(a - 1.0, x) - xlog1py(a + b, m * x / n) - betaln(a, b))


fdtr: Final = SpecialFunction("fdtr", "probability of F below x")
fdtr.rules(None, None, lambda g, out, dfn, dfd, x: g * _f_density(dfn, dfd, x))

fdtrc: Final = SpecialFunction("fdtrc", "probability of F above x")
fdtrc.rules(None, None, lambda g, out, dfn, dfd, x: -g * _f_density(dfn, dfd, x))

fdtri: Final = SpecialFunction("fdtri", "x with fdtr(dfn, dfd, x) = p")
fdtri.rules(None, None, lambda g, out, dfn, dfd, p: g / _f_density(dfn, dfd, out))

# ------------------------------------------------------------------------------------ counts: sums to k


def _poisson(k: Any, m: Any) -> Any:
    return exp(xlogy(floor(k), m) - m - gammaln(floor(k) + 1.0))


pdtr: Final = SpecialFunction("pdtr", "probability of at most k by Poisson's distribution of mean m")
pdtr.rules(None, lambda g, out, k, m: -g * _poisson(k, m))

pdtrc: Final = SpecialFunction("pdtrc", "probability of more than k by Poisson's distribution of mean m")
pdtrc.rules(None, lambda g, out, k, m: g * _poisson(k, m))

bdtr: Final = SpecialFunction("bdtr", "probability of at most k successes in n trials", of_integers(special.bdtr, 1))
bdtr.rules(None, None, lambda g, out, k, n, p: -g * beta_density(floor(k) + 1.0, n - floor(k), p))

bdtrc: Final = SpecialFunction(
    "bdtrc", "probability of more than k successes in n trials", of_integers(special.bdtrc, 1)
)
bdtrc.rules(None, None, lambda g, out, k, n, p: g * beta_density(floor(k) + 1.0, n - floor(k), p))

nbdtr: Final = SpecialFunction("nbdtr", "probability of at most k failures before n successes")
nbdtr.rules(None, None, lambda g, out, k, n, p: g * beta_density(n, floor(k) + 1.0, p))

nbdtrc: Final = SpecialFunction("nbdtrc", "probability of more than k failures before n successes")
nbdtrc.rules(None, None, lambda g, out, k, n, p: -g * beta_density(n, floor(k) + 1.0, p))
