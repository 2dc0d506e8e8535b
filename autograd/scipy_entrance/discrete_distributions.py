"""The distributions of counts: their forms for location 0."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from ..ops.elementwise import where
from . import special_gamma as gammas
from . import special_probabilities as probabilities
from .distributions import Discrete
from .special_transformations import xlog1py, xlogy


class Poisson(Discrete):
    """Poisson's distribution."""

    def valid(self, mu: Any) -> Any:
        """Return where the mean is possible."""
        return mu >= 0

    def _logpmf(self, k: Any, mu: Any) -> Any:
        return xlogy(k, mu) - gammas.gammaln(k + 1.0) - mu

    def _cdf(self, k: Any, mu: Any) -> Any:
        return probabilities.pdtr(k, mu)

    def _sf(self, k: Any, mu: Any) -> Any:
        return probabilities.pdtrc(k, mu)


class Binomial(Discrete):
    """The number of successes in ``n`` trials."""

    def valid(self, n: Any, p: Any) -> Any:
        """Return where the number of trials and the probability of success are possible."""
        return (n >= 0) & (n == np.floor(n)) & (p >= 0) & (p <= 1)

    def highest(self, n: Any, p: Any) -> Any:
        """Return the number of trials."""
        return n

    def _logpmf(self, k: Any, n: Any, p: Any) -> Any:
        ways = gammas.gammaln(n + 1.0) - (gammas.gammaln(k + 1.0) + gammas.gammaln(n - k + 1.0))
        return ways + xlogy(k, p) + xlog1py(n - k, -p)

    def _cdf(self, k: Any, n: Any, p: Any) -> Any:
        return probabilities.bdtr(k, n, p)

    def _sf(self, k: Any, n: Any, p: Any) -> Any:
        return probabilities.bdtrc(k, n, p)


class Bernoulli(Discrete):
    """The number of successes in one trial."""

    def valid(self, p: Any) -> Any:
        """Return where the probability of success is possible."""
        return (p >= 0) & (p <= 1)

    def highest(self, p: Any) -> Any:
        """Return the number of trials."""
        return 1

    def _logpmf(self, k: Any, p: Any) -> Any:
        return xlogy(k, p) + xlog1py(1.0 - k, -p)

    def _cdf(self, k: Any, p: Any) -> Any:
        return where(k < 1, 1.0 - p, 1.0)

    def _sf(self, k: Any, p: Any) -> Any:
        return where(k < 1, p, 0.0)


poisson: Final = Poisson("poisson")
binom: Final = Binomial("binom")
bernoulli: Final = Bernoulli("bernoulli")
