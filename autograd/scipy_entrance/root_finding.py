"""Roots of equations, differentiable with respect to the parameters of the equations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.optimize

from ..core.node import data_of
from ..ops.reductions import sum
from ..ops.shaping import operand, reshape
from ..transforms import grad
from ..whole_derivatives import jacobian
from .implicit_functions import solution
from .parametrized import Parametrized, plain_numbers

__all__ = ["brentq", "fixed_point", "root", "root_scalar"]

_WITH_JACOBIAN = ("hybr", "lm")


def root(
    fun: Callable[..., Any],
    x0: Any,
    args: Any = (),
    method: str = "hybr",
    jac: Any = None,
    tol: float | None = None,
    callback: Any = None,
    options: Any = None,
) -> Any:
    """Find a root of a system of equations by :func:`scipy.optimize.root`, differentiable with respect to ``args``.

    The derivative is that of the implicit function theorem, to any order. It needs the Jacobian of ``fun`` at the
    solution, a dense matrix, which must be regular. How the solver went does not matter, nor does ``x0``.

    Parameters
    ----------
    fun : callable
        ``fun(x, *args)`` returns as many numbers as ``x`` has, as an array or a list. The solver calls it with plain
        arrays, derivatives call it with Tensors. Nodes that it uses besides ``args`` are differentiated too.
    x0 : array_like
        Where the solver begins; it is flattened.
    args : tuple
        Numbers, arrays, Tensors, Values, and nested dicts, lists and tuples of them.
    method : str
        The solver.
    jac : callable or bool, optional
        ``jac(x, *args)`` for the solver, or True if ``fun`` returns a pair of the equations and their Jacobian.
        Default: :func:`seegrad.jacobian` for the solvers that use one; False: SciPy's finite differences.
    tol, callback, options
        As SciPy's.

    Returns
    -------
    scipy.optimize.OptimizeResult
        SciPy's, where ``x`` is a Tensor if a parameter requires gradients. If the solver failed, ``success`` is False;
        a derivative of such an ``x`` raises RuntimeError with the solver's message, unless a step of Newton's method
        shows that it is a solution nevertheless.

    Raises
    ------
    TypeError
        If ``fun`` is no function.
    numpy.linalg.LinAlgError
        From the backward pass, if the Jacobian is singular.

    Examples
    --------
    >>> from seegrad.scipy import optimize
    >>> a = sg.tensor(2.0, requires_grad=True)
    >>> x = optimize.root(lambda x, a: x**2 - a, 1.0, args=(a,)).x
    >>> x.sum().backward()
    >>> x.data.round(4), a.grad.round(4)  # the root, and 1 / (2 * root)
    (array([1.4142]), np.float64(0.3536))
    """
    if jac is True:
        pair = fun
        fun, jac = (lambda x, *args: pair(x, *args)[0]), (lambda x, *args: pair(x, *args)[1])
    equations = Parametrized("root", fun, args)
    slopes = jac
    if callable(jac):
        slopes = Parametrized("root", jac, args).plain
    elif jac is None and method in _WITH_JACOBIAN:
        slopes = plain_jacobian(equations)
    result = scipy.optimize.root(
        equations.plain, data_of(x0), method=method, jac=slopes, tol=tol, callback=callback, options=options
    )
    equations.find(result.x)
    result["x"] = solution(equations, result.x, None if result.success else result.message)
    return result


def plain_jacobian(function: Parametrized) -> Callable[..., Any]:
    """Return the Jacobian of a function of plain numbers with respect to its first variable, a matrix."""
    slopes = plain_numbers(jacobian(lambda x: reshape(operand(function.function(x, *function.plain_args)), (-1,))))
    return lambda x: np.reshape(slopes(x), (-1, np.size(x)))


def fixed_point(
    func: Callable[..., Any], x0: Any, args: Any = (), xtol: float = 1e-8, maxiter: int = 500, method: str = "del2"
) -> Any:
    """Find ``x`` with ``func(x, *args) = x`` by :func:`scipy.optimize.fixed_point`.

    It is differentiable with respect to ``args`` as :func:`root` is. The result is as precise as ``xtol``, and so is
    its derivative.

    Parameters
    ----------
    func : callable
        Returns numbers in the shape of ``x``.
    x0 : array_like
        Where the iteration begins.
    args : tuple
        As for :func:`root`.
    xtol, maxiter, method
        As SciPy's.

    Returns
    -------
    Tensor or ndarray
        The shape of ``x0``.

    Raises
    ------
    RuntimeError
        If the iteration does not converge.

    Examples
    --------
    >>> from seegrad.scipy import optimize
    >>> a = sg.tensor(2.0, requires_grad=True)
    >>> x = optimize.fixed_point(lambda x, a: (x + a / x) / 2, 1.0, args=(a,))
    >>> x.backward()
    >>> a.grad.round(4)
    np.float64(0.3536)
    """
    function = Parametrized("fixed_point", func, args)
    x = scipy.optimize.fixed_point(function.plain, data_of(x0), xtol=xtol, maxiter=maxiter, method=method)
    equations = Parametrized("fixed_point", lambda x, *args: x - operand(func(x, *args)), args)
    equations.find(x)
    return solution(equations, x)


def brentq(
    f: Callable[..., Any],
    a: float,
    b: float,
    args: Any = (),
    xtol: float = 2e-12,
    rtol: float = 4 * np.finfo(float).eps,
    maxiter: int = 100,
    full_output: bool = False,
    disp: bool = True,
) -> Any:
    """Find a root of a function of one number between two points, by :func:`scipy.optimize.brentq`.

    It is differentiable with respect to ``args`` as :func:`root` is.

    Parameters
    ----------
    f : callable
        ``f(x, *args)`` returns a number.
    a, b : float
        Where ``f`` has different signs; the root does not depend on them.
    args : tuple
        As for :func:`root`.
    xtol, rtol, maxiter, full_output, disp
        As SciPy's.

    Returns
    -------
    Tensor or float
        The root; with ``full_output`` a pair of it and SciPy's report, in which it is plain.

    Raises
    ------
    ValueError
        If the signs are equal.
    RuntimeError
        If the search does not converge, and ``disp``.

    Examples
    --------
    >>> from seegrad.scipy import optimize
    >>> sg.grad(lambda c: optimize.brentq(lambda x, c: x**3 - c, 0.0, 4.0, args=(c,)))(8.0)  # 1 / (3 x**2)
    0.08333333333333333
    """
    equation = Parametrized("brentq", f, args)
    found = scipy.optimize.brentq(
        lambda x: _one(equation.plain(x)),
        *(data_of(a), data_of(b)),
        xtol=xtol,
        rtol=rtol,
        maxiter=maxiter,
        full_output=True,
        disp=disp,
    )
    x = _root_of_number(equation, found[0], found[1])
    return (x, found[1]) if full_output else x


def root_scalar(f: Callable[..., Any], args: Any = (), method: str | None = None, **options: Any) -> Any:
    """Find a root of a function of one number, by :func:`scipy.optimize.root_scalar`.

    It is differentiable with respect to ``args`` as :func:`root` is. The methods ``"newton"`` and ``"halley"`` get
    derivatives from :func:`seegrad.grad` unless some are given.

    Parameters
    ----------
    f : callable
        ``f(x, *args)`` returns a number.
    args : tuple
        As for :func:`root`.
    method : str, optional
        The solver.
    **options
        ``bracket``, ``x0``, ``x1``, ``fprime``, ``fprime2``, ``xtol``, ``rtol``, ``maxiter``, ``options``, as SciPy's.

    Returns
    -------
    scipy.optimize.RootResults
        SciPy's, where ``root`` is a Tensor if a parameter requires gradients.

    Examples
    --------
    >>> from seegrad.scipy import optimize
    >>> sg.grad(lambda c: optimize.root_scalar(lambda x, c: x**2 - c, (c,), "newton", x0=1.0).root)(4.0)  # 1 / (2 x)
    0.25
    """
    equation = Parametrized("root_scalar", f, args)
    if method in ("newton", "halley") and not options.get("fprime"):
        slope = grad(lambda x: sum(operand(f(x, *equation.plain_args))))
        options["fprime"] = plain_numbers(slope)
        if method == "halley" and not options.get("fprime2"):
            options["fprime2"] = plain_numbers(grad(slope))
    found = scipy.optimize.root_scalar(lambda x: _one(equation.plain(x)), method=method, **options)
    found.root = _root_of_number(equation, found.root, found)
    return found


def _one(x: Any) -> float:
    return float(np.reshape(x, ()))


def _root_of_number(equation: Parametrized, x: float, report: Any) -> Any:
    equation.find(x)
    return solution(equation, x, None if report.converged else f"the solver ended with the flag {report.flag!r}")
