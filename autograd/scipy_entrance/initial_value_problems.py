"""SciPy's solvers of ordinary differential equations, differentiable with respect to all that a problem consists of."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.integrate

from ...common.plain_data import real_numbers
from ..core.node import Node, data_of
from ..nested import leaves_of, map_leaves
from ..ops.shaping import concatenate, operand, reshape, stack, transpose
from .parametrized import Parametrized
from .trajectories import trajectory

__all__ = ["odeint", "solve_ivp"]


def _tolerances(atol: Any, n: int, extra: int) -> Any:
    """Return absolute tolerances for a longer y: those of single elements are continued with the smallest."""
    if atol is None or not extra or np.ndim(atol) == 0:
        return atol
    return np.concatenate([np.asarray(atol)[:extra], np.full(n - extra, np.min(atol))])


def _check_sensitivity(name: str, sensitivity: Any) -> None:
    if sensitivity not in (None, "adjoint", "forward"):
        raise ValueError(f'{name}: sensitivity is "adjoint", "forward" or None, got {sensitivity!r}')


def _requires_grad(*values: Any) -> bool:
    return any(isinstance(x, Node) and x.requires_grad for x in leaves_of(values))


def odeint(
    func: Callable[..., Any],
    y0: Any,
    t: Any,
    args: Any = (),
    Dfun: Any = None,
    *,
    tfirst: bool = False,
    full_output: bool = False,
    rtol: Any = None,
    atol: Any = None,
    sensitivity: str | None = None,
    **options: Any,
) -> Any:
    """Solve ``dy/dt = func(y, t, *args)`` by :func:`scipy.integrate.odeint`, differentiably.

    The solution is differentiable with respect to ``y0``, ``t`` and ``args``, to any order. Derivatives are solutions
    of other equations, by the same solver, and as precise as ``rtol`` and ``atol`` say. A ``func`` that jumps is fine
    as long as the times of its jumps do not depend on what is differentiated by.

    Parameters
    ----------
    func : callable
        ``func(y, t, *args)`` returns dy/dt, as an array or a list. The solver calls it with plain arrays, derivatives
        call it with Tensors. Nodes that it uses besides ``args``, such as weights of a network, are differentiated too.
    y0 : array_like or Tensor
        Shape ``(n,)``: y at the first time.
    t : array_like or Tensor
        Shape ``(m,)``: the times, in order.
    args : tuple
        Numbers, arrays, Tensors, Values, and nested dicts, lists and tuples of them.
    Dfun : callable, optional
        The Jacobian of ``func`` for the solver, ``Dfun(y, t, *args)``.
    tfirst : bool
        Whether ``func`` (and ``Dfun``) are called with ``t`` first.
    full_output : bool
        Whether to return SciPy's report, too.
    rtol, atol : float or array_like, optional
        The tolerances.
    sensitivity : ``"adjoint"``, ``"forward"`` or None
        How gradients are computed. Forward sensitivity solves n equations more for each number that is differentiated
        by, once. The adjoint method solves n equations more, and one for each parameter, backward from each time to the
        one before. Default: forward for up to 10 numbers.
    **options
        Others of SciPy's, for the solution itself. Of them, those of steps (``hmax``, ``hmin``, ``mxstep``, ``mxordn``,
        ``mxords``) are those of derivatives too.

    Returns
    -------
    Tensor or ndarray
        Shape ``(m, n)``, in float64; with ``full_output`` a pair of it and the report.

    Raises
    ------
    RuntimeError
        From the backward pass, if the equations of the derivatives could not be solved.

    Examples
    --------
    >>> from seegrad.scipy import integrate
    >>> k = sg.tensor(2.0, requires_grad=True)
    >>> y = integrate.odeint(lambda y, t, k: -k * y, [1.0], np.array([0.0, 0.5]), args=(k,))
    >>> y[-1, 0].backward()
    >>> k.grad.round(4)  # -t exp(-k t)
    np.float64(-0.1839)
    """
    _check_sensitivity("odeint", sensitivity)
    args = args if isinstance(args, tuple) else (args,)
    t, y0 = operand(t), operand(y0)
    f = func if tfirst else lambda t, y, *args: func(y, t, *args)
    right_side = Parametrized("odeint", f, args)
    step_options = {name: options[name] for name in _STEPS if name in options}

    def solver(f: Any, y0: Any, t0: float, times: Any, extra: int) -> Any:
        later = times if len(times) and times[0] == t0 else np.concatenate([[t0], times])
        tolerances = {"rtol": rtol, "atol": _tolerances(atol, len(y0), extra)}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", scipy.integrate.ODEintWarning)  # an error tells of the failure
            path, report = scipy.integrate.odeint(
                f, y0, later, tfirst=True, full_output=True, **tolerances, **step_options
            )
        if report["message"] != "Integration successful.":
            raise RuntimeError(f"odeint could not solve the equations of a derivative: {report['message']}")
        return path[len(later) - len(times) :]

    jacobian = Dfun and (lambda *xs: Dfun(*xs, *right_side.plain_args))
    found = scipy.integrate.odeint(
        right_side.plain,
        *(data_of(y0), data_of(t)),
        Dfun=jacobian if tfirst or not Dfun else lambda t, y: jacobian(y, t),
        tfirst=True,
        full_output=True,
        rtol=rtol,
        atol=atol,
        **options,
    )
    path, report = found
    failure = None if report["message"] == "Integration successful." else report["message"]
    y0 = reshape(y0, (-1,))
    real_numbers("odeint", y0)
    y = trajectory(right_side, solver, sensitivity, y0, t[0], t, found=path, failure=failure)
    return (y, report) if full_output else y


_STEPS = ("hmax", "hmin", "mxstep", "mxordn", "mxords")


def solve_ivp(
    fun: Callable[..., Any],
    t_span: Any,
    y0: Any,
    method: Any = "RK45",
    t_eval: Any = None,
    dense_output: bool = False,
    events: Any = None,
    vectorized: bool = False,
    args: Any = None,
    *,
    sensitivity: str | None = None,
    **options: Any,
) -> Any:
    """Solve ``dy/dt = fun(t, y, *args)`` by :func:`scipy.integrate.solve_ivp`, differentiably.

    The solution is differentiable with respect to ``y0``, ``t_span``, ``t_eval`` and ``args``, as that of
    :func:`odeint`. Without ``t_eval`` it is given at the times that the solver chose, which count as constants, except
    for the first and the last.

    Parameters
    ----------
    fun : callable
        ``fun(t, y, *args)`` returns dy/dt, as an array or a list. The solver calls it with plain arrays, derivatives
        call it with Tensors. Nodes that it uses besides ``args``, such as weights of a network, are differentiated too.
    t_span : pair of numbers or nodes
        The first and the last time.
    y0 : array_like or Tensor
        Shape ``(n,)``: y at the first time.
    method : str or class
        The solver.
    t_eval : array_like or Tensor, optional
        Shape ``(m,)``: the times at which y is wanted. Between its steps a solver interpolates, with an error that its
        tolerances do not control.
    dense_output, events : optional
        As SciPy's. A result with them has no derivative.
    vectorized : bool
        Whether the solver may call ``fun`` with several columns. Derivatives call it with one y.
    args : tuple, optional
        Numbers, arrays, Tensors, Values, and nested dicts, lists and tuples of them.
    sensitivity : ``"adjoint"``, ``"forward"`` or None
        How gradients are computed, as for :func:`odeint`. Default: forward for up to 10 numbers.
    **options
        SciPy's ``rtol``, ``atol``, ``max_step`` and others, for the solution itself; those three for derivatives too.

    Returns
    -------
    OdeResult
        SciPy's, where ``y``, of shape ``(n, m)``, is a Tensor if something requires gradients, and ``t`` if times do.
        If the solver failed, ``success`` is False, and a derivative of ``y`` raises RuntimeError with its message.

    Raises
    ------
    TypeError
        If ``dense_output`` or ``events`` are asked for, and something requires gradients; or y is complex.

    Examples
    --------
    >>> from seegrad.scipy import integrate
    >>> k = sg.tensor(2.0, requires_grad=True)
    >>> y = integrate.solve_ivp(lambda t, y, k: -k * y, (0.0, 0.5), [1.0], args=(k,), rtol=1e-8, atol=1e-10).y
    >>> y[0, -1].backward()
    >>> k.grad.round(4)  # -t exp(-k t)
    np.float64(-0.1839)
    """
    _check_sensitivity("solve_ivp", sensitivity)
    args = () if args is None else tuple(args)
    y0, span = operand(y0), [operand(x) for x in t_span]
    t_eval = None if t_eval is None else operand(t_eval)
    right_side = Parametrized("solve_ivp", fun, args)
    plain_options = {name: _with_args(value, right_side.plain_args) for name, value in options.items()}
    result = scipy.integrate.solve_ivp(
        right_side.plain,
        *([float(data_of(x)) for x in span], data_of(y0), method, map_leaves(data_of, t_eval), dense_output),
        *(None if events is None else [_event(e, right_side.plain_args) for e in _events(events)], vectorized),
        **plain_options,
    )
    kept = {name: options[name] for name in ("rtol", "max_step") if name in options}

    def solver(f: Any, y0: Any, t0: float, times: Any, extra: int) -> Any:
        if len(times) and times[-1] == t0:  # all of them, since they are in order
            return np.repeat(y0[None], len(times), 0)
        tolerance = {"atol": _tolerances(options["atol"], len(y0), extra)} if "atol" in options else {}
        span = t0, times[-1] if len(times) else t0
        found = scipy.integrate.solve_ivp(f, span, y0, method, times, **kept, **tolerance)
        if not found.success:
            raise RuntimeError(f"solve_ivp could not solve the equations of a derivative: {found.message}")
        return found.y.T

    times = _times(result.t, span, t_eval)
    if right_side.given or _requires_grad(y0, span, times):
        real_numbers("solve_ivp", y0)
    right_side.find(float(data_of(span[0])), data_of(y0))
    if not (_requires_grad(y0, span, times) or right_side.nodes):
        return result
    if dense_output or events is not None:
        raise TypeError(
            "solve_ivp: a result with dense_output or events has no derivative here. Ask for y at times in t_eval, or "
            "pass plain numbers (t.data)"
        )
    failure = None if result.success else result.message
    y = trajectory(right_side, solver, sensitivity, y0, span[0], times, found=result.y.T, failure=failure)
    result["y"] = transpose(y)
    if _requires_grad(times):
        result["t"] = times
    return result


def _times(found: Any, span: Any, t_eval: Any) -> Any:
    """Return the times of a solution, as nodes where they were given as nodes."""
    if t_eval is not None:
        return t_eval[: len(found)]
    if not _requires_grad(span) or len(found) < 2:
        return found
    return concatenate([stack([span[0]]), found[1:-1], stack([span[1]])])


def _with_args(option: Any, args: Any) -> Any:
    """Return an option of a solver; a Jacobian, which SciPy calls with the arguments, as a function without them."""
    return (lambda *xs: option(*xs, *args)) if callable(option) else option


def _events(events: Any) -> list[Any]:
    return [events] if callable(events) else list(events)


def _event(event: Callable[..., Any], args: Any) -> Callable[..., Any]:
    """Return an event as a function without further arguments."""

    def occurs(t: Any, y: Any) -> Any:
        return event(t, y, *args)

    for name in ("terminal", "direction"):
        if hasattr(event, name):
            setattr(occurs, name, getattr(event, name))
    return occurs
