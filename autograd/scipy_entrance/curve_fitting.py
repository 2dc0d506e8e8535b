"""Parameters of a model that fits data, differentiable with respect to the data."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.optimize

from ..core.node import data_of
from ..nested import map_leaves
from ..ops.inverses import inv
from ..ops.products import matmul
from ..ops.reductions import sum
from ..ops.shaping import operand, reshape
from ..whole_derivatives import jacobian
from .implicit_functions import solution
from .matrix_input import transpose_of
from .minimization import at_bounds, bounds_of, stationary
from .parametrized import plain_numbers
from .structured_equations import cholesky, solve_triangular

__all__ = ["curve_fit"]


def curve_fit(
    f: Callable[..., Any],
    xdata: Any,
    ydata: Any,
    p0: Any = None,
    sigma: Any = None,
    absolute_sigma: bool = False,
    check_finite: bool | None = None,
    bounds: Any = (-np.inf, np.inf),
    method: str | None = None,
    jac: Any = None,
    *,
    full_output: bool = False,
    nan_policy: str | None = None,
    **kwargs: Any,
) -> Any:
    """Fit a model to data by :func:`scipy.optimize.curve_fit`, differentiable with respect to the data.

    Derivatives are those of :func:`least_squares`: with respect to ``xdata``, ``ydata`` and ``sigma``, and to nodes
    that the model uses besides its arguments.

    Parameters
    ----------
    f : callable
        ``f(xdata, *params)`` returns the numbers that the model has for ``ydata``. SciPy calls it with plain numbers,
        derivatives call it with Tensors.
    xdata, ydata : array_like or Tensor
        The data; ``ydata`` has shape ``(m,)``.
    p0 : array_like, optional
        Where the solver begins; default: ones, as many as ``f`` has parameters.
    sigma : array_like or Tensor, optional
        The standard deviations of ``ydata``, one or ``(m,)``, or their covariances, ``(m, m)``.
    absolute_sigma, check_finite, bounds, method, full_output, nan_policy, **kwargs
        As SciPy's. Bounds are constant; a parameter at one of them stays there.
    jac : callable, str or bool, optional
        The Jacobian ``jac(xdata, *params)`` for the solver. Default: :func:`seegrad.jacobian`; False: SciPy's finite
        differences.

    Returns
    -------
    tuple
        The parameters, and their estimated covariance: Tensors if the data, or the model, require gradients. Further
        parts of SciPy's answer (``full_output``) are plain.

    Raises
    ------
    RuntimeError
        If the solver does not converge.
    TypeError
        If ``nan_policy`` is given, and something requires gradients.

    Examples
    --------
    >>> from seegrad.scipy import optimize
    >>> t, y = np.arange(4.0), sg.tensor([1.0, 3.0, 5.0, 7.5], requires_grad=True)
    >>> params, covariance = optimize.curve_fit(lambda t, a, b: a + b * t, t, y)
    >>> params[1].backward()
    >>> y.grad.round(4)
    array([-0.3, -0.1,  0.1,  0.3])
    """
    xdata = operand(xdata) if isinstance(xdata, (list, tuple)) else xdata
    ydata, sigma = operand(ydata), None if sigma is None else operand(sigma)
    plain_x, plain_y, plain_sigma = (map_leaves(data_of, x) for x in (xdata, ydata, sigma))

    @functools.wraps(f)  # whose signature says how many parameters there are
    def model(x: Any, *params: Any) -> Any:
        return plain_numbers(f)(x, *params)

    def slopes(x: Any, *params: Any) -> Any:
        return plain_numbers(jacobian(lambda p: operand(f(x, *_apart(p)))))(np.array(params))

    found = scipy.optimize.curve_fit(
        model,
        *(plain_x, plain_y),
        p0=None if p0 is None else data_of(p0),
        sigma=plain_sigma,
        absolute_sigma=absolute_sigma,
        check_finite=check_finite,
        bounds=bounds,
        method=method,
        jac=slopes if jac is None else jac or None,
        full_output=full_output,
        nan_policy=nan_policy,
        **kwargs,
    )
    params, covariance, *others = found

    def errors(p: Any, x: Any, y: Any, sigma: Any) -> Any:
        return _weighted(operand(f(x, *_apart(p))) - y, sigma)

    squares = lambda p, *data: 0.5 * sum(errors(p, *data) ** 2)  # noqa: E731
    equations = stationary("curve_fit", squares, (xdata, ydata, sigma), params, at_bounds(params, bounds_of(bounds)))
    equations.find(params)
    if equations.nodes:
        if nan_policy is not None:
            raise TypeError("curve_fit: with nan_policy the fit has no derivative here; leave NaNs out of the data")
        params = solution(equations, params)
        if np.all(np.isfinite(covariance)):
            covariance = _covariance(lambda p: errors(p, xdata, ydata, sigma), params, absolute_sigma)
    return (params, covariance, *others)


def _apart(params: Any) -> list[Any]:
    """Return parameters one by one."""
    return [params[i] for i in range(params.shape[0])]


def _weighted(errors: Any, sigma: Any) -> Any:
    """Return errors relative to their standard deviations."""
    if sigma is None:
        return errors
    if sigma.ndim < 2:
        return errors / sigma
    return solve_triangular(cholesky(sigma, lower=True), errors, lower=True)


def _covariance(errors: Callable[[Any], Any], params: Any, absolute_sigma: bool) -> Any:
    """Return the estimated covariance of parameters, of errors that are relative to their standard deviations."""
    slopes = jacobian(lambda p: reshape(errors(p), (-1,)))(params)
    covariance = inv(matmul(transpose_of(slopes), slopes))
    if absolute_sigma:
        return covariance
    rows, columns = slopes.shape
    return covariance * (sum(errors(params) ** 2) / (rows - columns))
