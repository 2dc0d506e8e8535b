"""Integrals of functions, by quadrature."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import scipy.integrate

from ..core.node import Node, data_of
from ..core.op import Op, Rule
from ..core.recording import is_recording, record
from ..ops.reductions import sum
from ..ops.shaping import concatenate, operand, reshape
from .parametrized import Parametrized

__all__ = ["quad"]


class _Integral(Op):
    """The integral of a function between two limits, by Leibniz's rule.

    The gradient of the parameters is an integral in its turn, of a vector, and so has derivatives itself.
    """

    portable = False

    def __init__(self, integrand: Parametrized, precision: tuple[float, float]) -> None:
        self._describe(lambda *inputs: None, "quad", "quad")
        self.user_defined = True
        self.integrand = integrand
        self.precision = precision

    def rules_for(self, inputs: tuple[Node, ...]) -> tuple[Rule, ...]:
        """Return one rule per input: of the limits, and of the parameters."""
        shared: list[Any] = []

        def at_limit(g: Any, out: Any, *values: Any, index: int) -> Any:
            value = self.integrand.evaluated([values[index]], values[2:])[0]
            value = reshape(value if isinstance(out, Node) else data_of(value), np.shape(data_of(out)))
            return sum(g * value) * (1.0 if index else -1.0)

        def of_parameter(g: Any, out: Any, a: Any, b: Any, *params: Any, index: int) -> Any:
            if not shared:
                shared.append(self._gradients(g, out, a, b, params))
            return shared[0][index]

        rules = [functools.partial(at_limit, index=i) for i in range(2)]
        return (*rules, *[functools.partial(of_parameter, index=i) for i in range(len(inputs) - 2)])

    def _gradients(self, g: Any, out: Any, a: Any, b: Any, params: Sequence[Any]) -> list[Any]:
        recorded, shape = isinstance(out, Node), np.shape(data_of(out))
        given = tuple(params[: len(self.integrand.given)])

        def slopes(x: Any, g: Any, *given: Any) -> Any:
            record = recorded and is_recording()
            value, (_, *found) = self.integrand.pull([x], given, reshape(g, np.shape(x) + shape), record)
            return concatenate([reshape(v, (-1,)) for v in found])

        total = integral(Parametrized("quad", slopes, (g, *given)), a, b, self.precision)
        ends = np.cumsum([np.size(data_of(p)) for p in params], dtype=int)
        return [reshape(total[e - np.size(data_of(p)) : e], np.shape(data_of(p))) for e, p in zip(ends, params)]


def integral(integrand: Parametrized, a: Any, b: Any, precision: tuple[float, float], found: Any = None) -> Any:
    """Return the integral of a function of one number, a number or a vector; a node if something of it is one.

    Parameters
    ----------
    integrand : Parametrized
    a, b : number or node
        The limits.
    precision : tuple of float
        The absolute and the relative error that are allowed.
    found : number, optional
        The integral, if it is known.
    """
    low, high = float(data_of(a)), float(data_of(b))
    integrand.find(_inside(low, high))
    if found is None:
        found, _ = scipy.integrate.quad_vec(integrand.plain, low, high, *precision)
    inputs = operand(a), operand(b), *integrand.nodes
    if not any(isinstance(x, Node) and x.requires_grad for x in inputs):
        return found
    return record(_Integral(integrand, precision), np.asarray(found, dtype=float), inputs)


def _inside(low: float, high: float) -> float:
    """Return a point between two limits."""
    if np.isfinite(low) and np.isfinite(high):
        return 0.5 * (low + high)
    return low + 1.0 if np.isfinite(low) else high - 1.0 if np.isfinite(high) else 0.0


def quad(
    func: Callable[..., Any],
    a: Any,
    b: Any,
    args: Any = (),
    full_output: int = 0,
    epsabs: float = 1.49e-8,
    epsrel: float = 1.49e-8,
    **options: Any,
) -> Any:
    """Integrate ``func(x, *args)`` from ``a`` to ``b`` by :func:`scipy.integrate.quad`, differentiably.

    It is differentiable with respect to the limits and to ``args``, to any order, by Leibniz's rule. The integrals of
    derivatives are computed by :func:`scipy.integrate.quad_vec`, with the same precision.

    Parameters
    ----------
    func : callable
        Returns a number. The solver calls it with plain numbers, derivatives call it with Tensors. Nodes that it uses
        besides ``args`` are differentiated too.
    a, b : float, Tensor or Value
        The limits; constant ones may be infinite.
    args : tuple
        Numbers, arrays, Tensors, Values, and nested dicts, lists and tuples of them.
    full_output, epsabs, epsrel, **options
        As SciPy's. An integral with ``weight``, ``points`` or ``complex_func`` has no derivative here.

    Returns
    -------
    tuple
        The integral, a Tensor if something requires gradients, and the error that SciPy estimates.

    Raises
    ------
    TypeError
        If one of those options is given, and something requires gradients.

    Examples
    --------
    >>> from seegrad.scipy import integrate
    >>> k = sg.tensor(2.0, requires_grad=True)
    >>> integrate.quad(lambda x, k: sg.exp(-k * x), 0.0, np.inf, args=(k,))[0].backward()  # 1 / k
    >>> k.grad.round(6)
    np.float64(-0.25)
    """
    integrand = Parametrized("quad", func, args)

    def value(x: float) -> Any:
        found = integrand.plain(x)
        return found if np.ndim(found) == 0 else np.reshape(found, ())

    low, high = float(data_of(a)), float(data_of(b))
    found, *others = scipy.integrate.quad(
        value, low, high, full_output=full_output, epsabs=epsabs, epsrel=epsrel, **options
    )
    if any(options.get(name) is not None and options[name] is not False for name in _NOT_DIFFERENTIATED):
        integrand.find(_inside(low, high))
        if integrand.nodes or any(isinstance(x, Node) and x.requires_grad for x in (a, b)):
            raise TypeError(f"quad: with {', '.join(_NOT_DIFFERENTIATED)} an integral has no derivative here")
        return (found, *others)
    return (integral(integrand, a, b, (epsabs, epsrel), found), *others)


_NOT_DIFFERENTIATED = ("weight", "points", "complex_func")
