"""``seegrad.scipy.stats``: distributions, whose densities and probabilities take nodes.

>>> from seegrad.scipy import stats
>>> mu, sigma = sg.Value(1.0), sg.Value(2.0)
>>> stats.norm.logpdf(2.0, loc=mu, scale=sigma).backward()
>>> mu.grad, sigma.grad
(0.25, -0.375)
"""

from __future__ import annotations

from .continuous_distributions import beta, cauchy, chi2, expon, gamma, laplace, logistic, lognorm, norm, t, uniform
from .discrete_distributions import bernoulli, binom, poisson
from .multivariate_distributions import dirichlet, multivariate_normal

__all__ = [
    "bernoulli",
    "beta",
    "binom",
    "cauchy",
    "chi2",
    "dirichlet",
    "expon",
    "gamma",
    "laplace",
    "logistic",
    "lognorm",
    "multivariate_normal",
    "norm",
    "poisson",
    "t",
    "uniform",
]
