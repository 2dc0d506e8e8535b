"""Distributions of several variables."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from ..core.node import Node, data_of
from ..core.op import PlainFunction
from ..core.recording import is_recording
from ..ops import linalg
from ..ops.assembling import append
from ..ops.elementwise import exp, log, where
from ..ops.questions import asked
from ..ops.reductions import sum as sum_of
from ..ops.shaping import broadcast_to, expand_dims, moveaxis, operand, reshape
from .called_with_nodes import is_node
from .distributions import Distribution
from .special_gamma import gammaln
from .special_transformations import xlogy

LOG_2PI = math.log(2.0 * math.pi)


class MultivariateNormal(Distribution):
    """The normal distribution of several variables: ``pdf``, ``logpdf`` and ``entropy`` take nodes.

    Parameters of its methods, as in SciPy: ``mean``, of shape (dim,), 0 by default; ``cov``, a positive definite matrix
    of shape (dim, dim), the variances alone, or one variance; 1 by default. Arguments ``x`` have the shape (..., dim).
    With ``allow_singular=True``, ``cov`` may be a constant that is singular.
    """

    def pdf(self, x: Any, mean: Any = None, cov: Any = 1, allow_singular: bool = False) -> Any:
        """Return the density."""
        if not any(map(is_node, (x, mean, cov))):
            return self.scipys.pdf(x, mean, cov, allow_singular)
        return exp(self.logpdf(x, mean, cov, allow_singular))

    def logpdf(self, x: Any, mean: Any = None, cov: Any = 1, allow_singular: bool = False) -> Any:
        """Return the logarithm of the density."""
        if not any(map(is_node, (x, mean, cov))):
            return self.scipys.logpdf(x, mean, cov, allow_singular)
        x, mean, cov, dim = _fitting(operand(x), mean, cov)
        if x.ndim == 0:
            x = reshape(x, (1,))
        elif x.ndim == 1 and dim == 1:
            x = expand_dims(x, -1)
        if x.shape[-1] != dim:
            raise ValueError(f"multivariate_normal: x of shape {x.shape} does not fit {dim} variables")
        deviation = x if mean is None else x - mean
        if allow_singular:
            return _singular_logpdf(deviation, cov)
        logdet, square = _determinant_and_square(cov, deviation)
        return -0.5 * (dim * LOG_2PI + logdet + square)

    def entropy(self, mean: Any = None, cov: Any = 1) -> Any:
        """Return the differential entropy."""
        if not any(map(is_node, (mean, cov))):
            return self.scipys.entropy(mean, cov)
        x, _, cov, dim = _fitting(np.zeros(()), mean, cov)
        return 0.5 * (dim * (LOG_2PI + 1.0) + _determinant_and_square(cov, np.zeros(dim))[0])


def _fitting(x: Any, mean: Any, cov: Any) -> tuple[Any, Any, Any, int]:
    """Return the arguments as operands whose shapes fit, and the number of variables."""
    mean = None if mean is None else reshape(operand(mean), (-1,))
    if isinstance(cov, (int, float)):
        cov = np.asarray(cov, x.dtype if x.dtype.kind == "f" else float)
    cov = operand(cov)
    dim = mean.shape[0] if mean is not None else cov.shape[0] if cov.ndim else 1
    if cov.ndim > 2 or (cov.ndim and cov.shape != (dim,) * cov.ndim):
        raise ValueError(f"multivariate_normal: cov of shape {cov.shape} does not fit {dim} variables")
    return x, mean, cov, int(dim)


def _determinant_and_square(cov: Any, deviation: Any) -> tuple[Any, Any]:
    """Return the logarithm of the determinant of a covariance, and the squared distances that it measures."""
    dim = deviation.shape[-1]
    if cov.ndim < 2:
        variances = broadcast_to(cov, (dim,))
        return sum_of(log(variances)), sum_of(deviation * deviation / variances, -1)
    factor = linalg.cholesky(cov)
    white = linalg.solve(factor, reshape(moveaxis(deviation, -1, 0), (dim, -1)))
    logdet = 2.0 * sum_of(log(factor[np.arange(dim), np.arange(dim)]))
    return logdet, reshape(sum_of(white * white, 0), deviation.shape[:-1])


def _singular_logpdf(deviation: Any, cov: Any) -> Any:
    """Return the logarithm of the density on the subspace where it lives, -infinity outside of it."""
    if isinstance(cov, Node) and cov.requires_grad and is_recording():
        raise TypeError("multivariate_normal: with allow_singular=True there is no derivative by cov; pass cov.data")
    whitening, rest, limit, constant = _subspace(data_of(cov), deviation.shape[-1])
    white = deviation @ whitening
    inside = data_of(linalg.norm(deviation @ rest, axis=-1)) < limit
    return where(inside, constant - 0.5 * sum_of(white * white, -1), -math.inf)


@PlainFunction
def _subspace(cov: Any, dim: int) -> tuple[Any, Any, Any, Any]:
    """Return what whitens, the directions without variance, what counts as 0 in them, and the density's constant.

    The limits are those of SciPy.
    """
    values, vectors = np.linalg.eigh(cov if cov.ndim == 2 else np.diag(np.broadcast_to(cov, dim)))
    limit = (1e3 if values.dtype == np.float32 else 1e6) * np.finfo(values.dtype).eps * np.max(np.abs(values))
    if np.min(values) < -limit:
        raise ValueError("multivariate_normal: cov must have no negative eigenvalue")
    kept = values > limit
    constant = -0.5 * (np.sum(kept) * LOG_2PI + np.sum(np.log(values[kept])))
    return vectors[:, kept] / np.sqrt(values[kept]), vectors[:, ~kept], 1e3 * limit, values.dtype.type(constant)


class Dirichlet(Distribution):
    """A distribution of positive numbers that add up to 1: ``pdf`` and ``logpdf`` take nodes.

    Parameters of its methods, as in SciPy: ``x`` of shape (K,) or (K, N), or without its last row, which then is
    what is missing to 1; ``alpha``, of shape (K,), positive.
    """

    def pdf(self, x: Any, alpha: Any) -> Any:
        """Return the density."""
        if not any(map(is_node, (x, alpha))):
            return self.scipys.pdf(x, alpha)
        return exp(self.logpdf(x, alpha))

    def logpdf(self, x: Any, alpha: Any) -> Any:
        """Return the logarithm of the density."""
        if not any(map(is_node, (x, alpha))):
            return self.scipys.logpdf(x, alpha)
        x, alpha = operand(x), operand(alpha)
        if alpha.ndim != 1 or x.ndim not in (1, 2) or x.shape[0] not in (alpha.shape[0], alpha.shape[0] - 1):
            raise ValueError(f"dirichlet: x of shape {x.shape} does not fit alpha of shape {alpha.shape}")
        if x.shape[0] != alpha.shape[0]:
            x = append(x, 1.0 - sum_of(x, 0, keepdims=True), 0)
        if _is_outside(data_of(x), data_of(alpha)):
            raise ValueError("dirichlet: alpha must be positive; x not negative, positive where alpha < 1, of sum 1")
        normalization = gammaln(sum_of(alpha)) - sum_of(gammaln(alpha))
        exponents = alpha if x.ndim == 1 else expand_dims(alpha, -1)
        return normalization + sum_of(xlogy(exponents - 1.0, x), 0)


@asked
def _is_outside(x: Any, alpha: Any) -> bool:
    alpha = alpha.reshape(-1, *[1] * (x.ndim - 1))
    wrong = np.any(alpha <= 0) or np.any(x < 0) or np.any((x == 0) & (alpha < 1))
    return bool(wrong or np.any(np.abs(np.sum(x, 0) - 1.0) > max(1e-9, 10 * np.finfo(x.dtype).eps)))


multivariate_normal: Final = MultivariateNormal("multivariate_normal")
dirichlet: Final = Dirichlet("dirichlet")
