"""Minima of functions, differentiable with respect to the parameters of the functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.optimize

from ..core.node import data_of
from ..ops.elementwise import where
from ..ops.reductions import sum
from ..ops.shaping import operand, reshape
from ..transforms import grad
from ..whole_derivatives import hessian
from .implicit_functions import solution
from .parametrized import Parametrized, plain_numbers
from .root_finding import plain_jacobian

__all__ = ["least_squares", "minimize"]

_WITHOUT_GRADIENT = ("nelder-mead", "powell", "cobyla", "cobyqa")
_WITH_HESSIAN = ("newton-cg", "dogleg", "trust-ncg", "trust-krylov", "trust-exact")


def _one(value: Any) -> Any:
    """Return a node or an array of one element as a number."""
    value = operand(value)
    return reshape(value, ()) if value.shape else value


def stationary(name: str, fun: Callable[..., Any], args: Any, x: Any, fixed: Any) -> Parametrized:
    """Return the equations of a minimum: the gradient is 0, or the element is that of ``x`` where it is ``fixed``."""

    def equations(y: Any, *args: Any) -> Any:
        slopes = grad(lambda z: _one(fun(z, *args)))(y)
        return where(fixed, y - x, slopes) if np.any(fixed) else slopes

    return Parametrized(name, equations, args)


def at_bounds(x: Any, bounds: Any) -> Any:
    """Return which elements are at a bound, or all False."""
    return np.zeros(np.shape(x), bool) if bounds is None else (x <= bounds.lb) | (x >= bounds.ub)


def bounds_of(pair: Any) -> Any:
    """Return a pair of lower and upper bounds as bounds of SciPy."""
    return pair if isinstance(pair, scipy.optimize.Bounds) else scipy.optimize.Bounds(*pair)


def _bounds_of_pairs(pairs: Any) -> Any:
    """Return a sequence of lower and upper bounds of single elements, or None, as bounds of SciPy."""
    if pairs is None or isinstance(pairs, scipy.optimize.Bounds):
        return pairs
    pairs = [(-np.inf if low is None else low, np.inf if high is None else high) for low, high in pairs]
    return scipy.optimize.Bounds(*np.array(pairs, dtype=float).reshape(-1, 2).T)


def minimize(
    fun: Callable[..., Any],
    x0: Any,
    args: Any = (),
    method: Any = None,
    jac: Any = None,
    hess: Any = None,
    hessp: Any = None,
    bounds: Any = None,
    constraints: Any = (),
    tol: float | None = None,
    callback: Any = None,
    options: Any = None,
) -> Any:
    """Minimize a function by :func:`scipy.optimize.minimize`; the minimum is differentiable with respect to ``args``.

    The derivative is that of the implicit function theorem for ``d fun / dx = 0``, to any order. It needs the Hessian
    of ``fun`` at the minimum, a dense matrix, which must be regular. An element at one of its bounds stays there: its
    derivative is 0. The error of a derivative is of the order of that of the minimum, so choose ``tol`` small.

    Parameters
    ----------
    fun : callable
        ``fun(x, *args)`` returns one number. The solver calls it with plain arrays, derivatives call it with Tensors.
        Nodes that it uses besides ``args`` are differentiated too.
    x0 : array_like
        Where the solver begins; the minimum does not depend on it.
    args : tuple
        Numbers, arrays, Tensors, Values, and nested dicts, lists and tuples of them.
    method : str or callable, optional
        The solver.
    jac : callable, bool or str, optional
        The gradient for the solver; True: ``fun`` returns a pair of the value and the gradient. Default:
        :func:`seegrad.grad`, for the solvers that use one; False, ``"2-point"``: SciPy's finite differences.
    hess, hessp : callable, optional
        The Hessian for the solver. Default: :func:`seegrad.hessian`, for the solvers that need one.
    bounds : sequence or scipy.optimize.Bounds, optional
        Constant bounds of each element.
    constraints : optional
        As SciPy's. A minimum under constraints has no derivative here.
    tol, callback, options
        As SciPy's.

    Returns
    -------
    scipy.optimize.OptimizeResult
        SciPy's, where ``x`` and ``fun`` are Tensors if a parameter requires gradients. If the solver failed,
        ``success`` is False; a derivative of such an ``x`` raises RuntimeError with the solver's message, unless a step
        of Newton's method shows that it is a minimum nevertheless.

    Raises
    ------
    TypeError
        If there are constraints, and a parameter requires gradients.
    numpy.linalg.LinAlgError
        From the backward pass, if the Hessian is singular.

    Examples
    --------
    >>> from seegrad.scipy import optimize
    >>> c = sg.tensor([1.0, 3.0], requires_grad=True)
    >>> found = optimize.minimize(lambda x, c: ((x - c**2) ** 2).sum(), np.zeros(2), args=(c,))
    >>> found.x.sum().backward()
    >>> c.grad.round(4)
    array([2., 6.])
    """
    if jac is True:
        pair = fun
        fun, jac = (lambda x, *args: pair(x, *args)[0]), (lambda x, *args: pair(x, *args)[1])
    function = Parametrized("minimize", fun, args)
    named = method.lower() if isinstance(method, str) else method
    if callable(jac):
        jac = _called("minimize", jac, args)
    elif jac is None and named not in _WITHOUT_GRADIENT:
        jac = plain_numbers(grad(lambda x: _one(fun(x, *function.plain_args))))
    if callable(hess):
        hess = _called("minimize", hess, args)
    elif hess is None and hessp is None and named in _WITH_HESSIAN:
        hess = plain_numbers(hessian(lambda x: _one(fun(x, *function.plain_args))))
    if callable(hessp):
        hessp = _called("minimize", hessp, args)
    result = scipy.optimize.minimize(
        lambda x: float(np.reshape(function.plain(x), ())),
        *(data_of(x0), (), method, jac, hess, hessp, bounds, constraints, tol, callback, options),
    )
    equations = stationary("minimize", fun, args, result.x, at_bounds(result.x, _bounds_of_pairs(bounds)))
    equations.find(result.x)
    if equations.nodes and constraints != () and constraints != []:
        raise TypeError(
            "minimize: a minimum under constraints has no derivative here. Leave the constraints out, use bounds, or "
            "pass plain numbers (t.data) in args"
        )
    result["x"] = solution(equations, result.x, None if result.success else result.message)
    if equations.nodes:
        result["fun"] = _one(fun(result.x, *function.args))
    return result


def _called(name: str, function: Callable[..., Any], args: Any) -> Callable[..., Any]:
    """Return a function of plain numbers, with its arguments."""
    return Parametrized(name, function, args).plain


def least_squares(
    fun: Callable[..., Any],
    x0: Any,
    jac: Any = None,
    bounds: Any = (-np.inf, np.inf),
    method: str = "trf",
    *,
    loss: Any = "linear",
    args: Any = (),
    **options: Any,
) -> Any:
    """Minimize a sum of squares by :func:`scipy.optimize.least_squares`, differentiable with respect to ``args``.

    The derivative is that of :func:`minimize`, for half the sum of squares.

    Parameters
    ----------
    fun : callable
        ``fun(x, *args)`` returns the numbers whose squares are added, as an array or a list.
    x0 : array_like
        Where the solver begins; the minimum does not depend on it.
    jac : callable or str, optional
        The Jacobian of ``fun`` for the solver. Default: :func:`seegrad.jacobian`.
    bounds : tuple or scipy.optimize.Bounds
        Constant bounds. An element at one of them stays there.
    method : str
        The solver.
    loss : str
        Others than ``"linear"`` have no derivative here.
    args : tuple
        As for :func:`minimize`.
    **options
        As SciPy's.

    Returns
    -------
    scipy.optimize.OptimizeResult
        SciPy's, where ``x``, ``fun`` and ``cost`` are Tensors if a parameter requires gradients.

    Raises
    ------
    TypeError
        If ``loss`` is another, and a parameter requires gradients.

    Examples
    --------
    >>> from seegrad.scipy import optimize
    >>> y = sg.tensor([1.0, 3.0, 5.0], requires_grad=True)
    >>> t = np.arange(3.0)
    >>> line = optimize.least_squares(lambda x, y: x[0] + x[1] * t - y, np.zeros(2), args=(y,))
    >>> line.x[1].backward()
    >>> y.grad.round(4) + 0.0
    array([-0.5,  0. ,  0.5])
    """
    function = Parametrized("least_squares", fun, args)
    jac = plain_jacobian(function) if jac is None else _called("least_squares", jac, args) if callable(jac) else jac
    result = scipy.optimize.least_squares(
        lambda x: np.asarray(function.plain(x), dtype=float), data_of(x0), jac, bounds, method, loss=loss, **options
    )
    squares = lambda x, *args: 0.5 * sum(operand(fun(x, *args)) ** 2)  # noqa: E731
    equations = stationary("least_squares", squares, args, result.x, at_bounds(result.x, bounds_of(bounds)))
    equations.find(result.x)
    if equations.nodes:
        if loss != "linear":
            raise TypeError("least_squares: only a minimum with loss='linear' has a derivative here")
        result["x"] = solution(equations, result.x, None if result.success else result.message)
        result["fun"] = operand(fun(result.x, *function.args))
        result["cost"] = 0.5 * sum(result.fun**2)
    return result
