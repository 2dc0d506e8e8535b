"""The continuous distributions: their forms for location 0 and scale 1, inside of their support."""

from __future__ import annotations

import math
from typing import Any, Final

from ..ops.elementwise import absolute, arctan2, exp, expm1, log, log1p, tan, where
from . import special_gamma as gammas
from . import special_probabilities as probabilities
from . import special_transformations as transformations
from .distributions import Continuous

LOG_SQRT_2PI = 0.5 * math.log(2.0 * math.pi)


class Normal(Continuous):
    """The normal distribution."""

    def _logpdf(self, x: Any) -> Any:
        return -0.5 * x * x - LOG_SQRT_2PI

    def _cdf(self, x: Any) -> Any:
        return transformations.ndtr(x)

    def _sf(self, x: Any) -> Any:
        return transformations.ndtr(-x)

    def _logcdf(self, x: Any) -> Any:
        return transformations.log_ndtr(x)

    def _logsf(self, x: Any) -> Any:
        return transformations.log_ndtr(-x)

    def _ppf(self, q: Any) -> Any:
        return transformations.ndtri(q)

    def _isf(self, q: Any) -> Any:
        return -transformations.ndtri(q)


class StudentT(Continuous):
    """Student's t."""

    def _logpdf(self, x: Any, df: Any) -> Any:
        normal = df == math.inf
        df = where(normal, 1.0, df)
        constant = log(gammas.poch(0.5 * df, 0.5)) - 0.5 * (log(df) + math.log(math.pi))
        form = constant - 0.5 * (df + 1.0) * log1p(x * x / df)
        return where(normal, -0.5 * x * x - LOG_SQRT_2PI, form)

    def _cdf(self, x: Any, df: Any) -> Any:
        return probabilities.stdtr(df, x)

    def _sf(self, x: Any, df: Any) -> Any:
        return probabilities.stdtr(df, -x)

    def _ppf(self, q: Any, df: Any) -> Any:
        return probabilities.stdtrit(df, q)

    def _isf(self, q: Any, df: Any) -> Any:
        return -probabilities.stdtrit(df, q)


class Beta(Continuous):
    """The beta distribution."""

    low: float = 0.0
    high: float = 1.0

    def _logpdf(self, x: Any, a: Any, b: Any) -> Any:
        return transformations.xlog1py(b - 1.0, -x) + transformations.xlogy(a - 1.0, x) - gammas.betaln(a, b)

    def _cdf(self, x: Any, a: Any, b: Any) -> Any:
        return gammas.betainc(a, b, x)

    def _sf(self, x: Any, a: Any, b: Any) -> Any:
        return gammas.betaincc(a, b, x)

    def _ppf(self, q: Any, a: Any, b: Any) -> Any:
        return gammas.betaincinv(a, b, q)

    def _isf(self, q: Any, a: Any, b: Any) -> Any:
        return gammas.betainccinv(a, b, q)


class Gamma(Continuous):
    """The gamma distribution."""

    low: float = 0.0

    def _logpdf(self, x: Any, a: Any) -> Any:
        return transformations.xlogy(a - 1.0, x) - x - gammas.gammaln(a)

    def _cdf(self, x: Any, a: Any) -> Any:
        return gammas.gammainc(a, x)

    def _sf(self, x: Any, a: Any) -> Any:
        return gammas.gammaincc(a, x)

    def _ppf(self, q: Any, a: Any) -> Any:
        return gammas.gammaincinv(a, q)

    def _isf(self, q: Any, a: Any) -> Any:
        return gammas.gammainccinv(a, q)


class ChiSquare(Continuous):
    """The chi-square distribution."""

    low: float = 0.0

    def _logpdf(self, x: Any, df: Any) -> Any:
        half = 0.5 * df
        return transformations.xlogy(half - 1.0, x) - 0.5 * x - gammas.gammaln(half) - math.log(2.0) * half

    def _cdf(self, x: Any, df: Any) -> Any:
        return probabilities.chdtr(df, x)

    def _sf(self, x: Any, df: Any) -> Any:
        return probabilities.chdtrc(df, x)

    def _ppf(self, q: Any, df: Any) -> Any:
        return 2.0 * gammas.gammaincinv(0.5 * df, q)

    def _isf(self, q: Any, df: Any) -> Any:
        return probabilities.chdtri(df, q)


class Exponential(Continuous):
    """The exponential distribution."""

    low: float = 0.0

    def _logpdf(self, x: Any) -> Any:
        return -x

    def _cdf(self, x: Any) -> Any:
        return -expm1(-x)

    def _sf(self, x: Any) -> Any:
        return exp(-x)

    def _logsf(self, x: Any) -> Any:
        return -x

    def _ppf(self, q: Any) -> Any:
        return -log1p(-q)

    def _isf(self, q: Any) -> Any:
        return -log(q)


class Laplace(Continuous):
    """The Laplace distribution."""

    def _logpdf(self, x: Any) -> Any:
        return -absolute(x) - math.log(2.0)

    def _cdf(self, x: Any) -> Any:
        half = 0.5 * exp(-absolute(x))
        return where(x > 0, 1.0 - half, half)

    def _sf(self, x: Any) -> Any:
        return self._cdf(-x)

    def _logcdf(self, x: Any) -> Any:
        return where(x > 0, log1p(-0.5 * exp(-absolute(x))), x - math.log(2.0))

    def _logsf(self, x: Any) -> Any:
        return self._logcdf(-x)

    def _ppf(self, q: Any) -> Any:
        return where(q > 0.5, -log(2.0 * (1.0 - q)), log(2.0 * q))

    def _isf(self, q: Any) -> Any:
        return -self._ppf(q)


class Logistic(Continuous):
    """The logistic distribution."""

    def _logpdf(self, x: Any) -> Any:
        return transformations.log_expit(x) + transformations.log_expit(-x)

    def _cdf(self, x: Any) -> Any:
        return transformations.expit(x)

    def _sf(self, x: Any) -> Any:
        return transformations.expit(-x)

    def _logcdf(self, x: Any) -> Any:
        return transformations.log_expit(x)

    def _logsf(self, x: Any) -> Any:
        return transformations.log_expit(-x)

    def _ppf(self, q: Any) -> Any:
        return transformations.logit(q)

    def _isf(self, q: Any) -> Any:
        return -transformations.logit(q)


class LogNormal(Continuous):
    """The distribution of a number whose logarithm is normal."""

    low: float = 0.0

    def _logpdf(self, x: Any, s: Any) -> Any:
        y = log(x)
        return -y * (y / (2.0 * s * s) + 1.0) - log(s) - LOG_SQRT_2PI

    def _cdf(self, x: Any, s: Any) -> Any:
        return transformations.ndtr(log(x) / s)

    def _sf(self, x: Any, s: Any) -> Any:
        return transformations.ndtr(-log(x) / s)

    def _logcdf(self, x: Any, s: Any) -> Any:
        return transformations.log_ndtr(log(x) / s)

    def _logsf(self, x: Any, s: Any) -> Any:
        return transformations.log_ndtr(-log(x) / s)

    def _ppf(self, q: Any, s: Any) -> Any:
        return exp(s * transformations.ndtri(q))

    def _isf(self, q: Any, s: Any) -> Any:
        return exp(-s * transformations.ndtri(q))


class Uniform(Continuous):
    """The uniform distribution, on the interval from ``loc`` to ``loc + scale``."""

    low: float = 0.0
    high: float = 1.0

    def _logpdf(self, x: Any) -> Any:
        return 0.0 * x

    def _cdf(self, x: Any) -> Any:
        return 1.0 * x

    def _ppf(self, q: Any) -> Any:
        return 1.0 * q


class Cauchy(Continuous):
    """The Cauchy distribution."""

    def _logpdf(self, x: Any) -> Any:
        far = absolute(x) > 1e8  # where 1 + x**2 is x**2, and may leave the range of numbers
        near_x = where(far, 0.0, x)
        return -math.log(math.pi) - where(far, 2.0 * log(absolute(x)), log1p(near_x * near_x))

    def _cdf(self, x: Any) -> Any:
        return arctan2(1.0, -x) / math.pi

    def _sf(self, x: Any) -> Any:
        return arctan2(1.0, x) / math.pi

    def _ppf(self, q: Any) -> Any:
        return -1.0 / tan(math.pi * q)

    def _isf(self, q: Any) -> Any:
        return 1.0 / tan(math.pi * q)


norm: Final = Normal("norm")
t: Final = StudentT("t")
beta: Final = Beta("beta")
gamma: Final = Gamma("gamma")
chi2: Final = ChiSquare("chi2")
expon: Final = Exponential("expon")
laplace: Final = Laplace("laplace")
logistic: Final = Logistic("logistic")
lognorm: Final = LogNormal("lognorm")
uniform: Final = Uniform("uniform")
cauchy: Final = Cauchy("cauchy")
