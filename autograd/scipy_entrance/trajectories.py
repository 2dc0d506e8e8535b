"""Solutions of initial value problems as functions of the initial value, the times, and the parameters.

``dy/dt = f(t, y, p)`` is solved by SciPy. Two ways lead to derivatives. Both solve another initial value problem, by
the same solver with the same tolerances; so that has derivatives in its turn, to any order.

- Forward sensitivity: the derivatives ``S`` of y by k numbers follow ``dS/dt = (df/dy) S + df/dp``, together with y.
- The adjoint method (Pontryagin 1962; Chen et al. 2018, "Neural ordinary differential equations"): the gradient ``a``
  of y follows ``da/dt = -(df/dy)^T a`` backward in time, together with y and the integral of ``(df/dp)^T a``. It begins
  anew at each time at which y is wanted, from the y of the solution, so that errors of y do not grow on the way back.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...common.seam import interpretable
from ..core.node import Node, data_of
from ..core.op import Op, Rule
from ..core.recording import is_recording, record
from ..ops.products import einsum, matmul
from ..ops.reductions import sum
from ..ops.shaping import concatenate, operand, reshape, stack
from .parametrized import Parametrized

#: Up to how many numbers forward sensitivity is chosen for.
FEW = 10

#: Solves ``solver(f, y0, t0, times, extra)`` for plain numbers; ``extra`` numbers follow those of the problem in y.
Solver = Callable[[Callable[[Any, Any], Any], Any, float, Any, int], Any]


class Trajectory(Op):
    """The solution of an initial value problem at some times: shape ``(times, n)``."""

    portable = False

    def __init__(
        self, right_side: Parametrized, solver: Solver, method: str | None, failure: str | None = None
    ) -> None:
        self._describe(lambda *inputs: None, right_side.name, right_side.name)
        self.user_defined = True
        self.right_side = right_side
        self.solver = solver
        self.method = method
        self.failure = failure

    def rules_for(self, inputs: tuple[Node, ...]) -> tuple[Rule, ...]:
        """Return one rule per input: of the initial value, the initial time, the times, and the parameters."""
        if self.failure is not None:
            raise RuntimeError(f"{self.name} failed, so there is no derivative of its result: {self.failure}")
        wanted = tuple([x.requires_grad for x in inputs])
        shared: list[Any] = []

        def rule(g: Any, out: Any, *values: Any, index: int) -> Any:
            if not shared:
                find = self._forward if self._is_forward(wanted, values) else interpretable(self._backward)
                shared.append(find(g, out, wanted, *values))
            return shared[0][index]

        return tuple(functools.partial(rule, index=i) for i in range(len(inputs)))

    def _is_forward(self, wanted: Sequence[bool], values: Sequence[Any]) -> bool:
        if self.method is not None:
            return self.method == "forward"
        y0, t0, _, *params = wanted
        numbers = [np.size(v) for v, w in zip(values[3:], params) if w]
        return y0 * np.size(values[0]) + t0 + math.fsum(numbers) <= FEW

    def _slope(self, t: Any, y: Any, params: Sequence[Any], record: bool) -> Any:
        """Return dy/dt."""
        out = self.right_side.evaluated([t, y], params)[0]
        return reshape(out if record else data_of(out), y.shape)

    def _by_times(self, g: Any, out: Any, times: Any, params: Sequence[Any], record: bool) -> Any:
        """Return the gradient of the times."""
        found = [sum(g[i] * self._slope(times[i], out[i], params, record)) for i in range(len(times))]
        return stack([operand(x) for x in found]) if found else np.zeros(0)

    # ------------------------------------------------------------------------------------ adjoint method

    def _backward(self, g: Any, out: Any, wanted: Sequence[bool], y0: Any, t0: Any, times: Any, *params: Any) -> Any:
        record, n = isinstance(out, Node), out.shape[1]
        units = [_units(p) for p in params]
        sizes = [unit.size for unit in units]
        size = float(np.max(np.abs(data_of(g)), initial=0.0))
        size = size if np.isfinite(size) and size > 0 else 1.0  # so that absolute tolerances mean something
        a, totals = np.zeros(n), np.zeros(int(math.fsum(sizes)))
        adjoint = Parametrized(self.name, self._adjoint(n, units, record), tuple(params[: len(self.right_side.given)]))
        for i in reversed(range(len(times))):
            a = a + g[i] * (1.0 / size)
            earlier = times[i - 1] if i else t0
            if data_of(earlier) != data_of(times[i]):
                start = concatenate([out[i], a, np.zeros(totals.shape)])
                end = trajectory(adjoint, self.solver, self.method, start, times[i], stack([operand(earlier)]), extra=n)
                a, totals = end[0, n : 2 * n], totals + end[0, 2 * n :]
        ends = np.cumsum(sizes, dtype=int)
        by_params = [
            reshape(totals[end - unit.size : end] * (size / unit), np.shape(p))
            for end, unit, p in zip(ends, units, params)
        ]
        by_times = self._by_times(g, out, times, params, record) if wanted[2] else None
        by_start = -sum(a * self._slope(t0, y0, params, record)) * size if wanted[1] else None
        return [a * size, by_start, by_times, *by_params]

    def _adjoint(self, n: int, units: Sequence[Any], recorded: bool) -> Callable[..., Any]:
        """Return the right side for y, the gradient of y, and the gradients of all parameters in their units."""

        def slopes(t: Any, z: Any, *given: Any) -> Any:
            record = recorded and is_recording()
            slope, (_, by_y, *rest) = self.right_side.pull([t, z[:n]], given, z[n : 2 * n], record)
            parts = [-reshape(by_y, (-1,)), *[-reshape(x, (-1,)) * unit for x, unit in zip(rest, units)]]
            slope = reshape(slope if record else data_of(slope), (n,))
            return concatenate([slope, *parts])

        return slopes

    # ------------------------------------------------------------------------------- forward sensitivity

    def _forward(self, g: Any, out: Any, wanted: Sequence[bool], y0: Any, t0: Any, times: Any, *params: Any) -> Any:
        record, n = isinstance(out, Node), out.shape[1]
        if not (wanted[0] or wanted[1] or params):
            return [None, None, self._by_times(g, out, times, params, record)]
        units = [_units(p) for p in params]
        columns = [np.zeros((n, unit.size)) for unit in units]
        starts = [np.eye(n) * _units(y0)] if wanted[0] else []
        if wanted[1]:
            starts.append(reshape(-self._slope(t0, y0, params, record), (n, 1)))
        before = int(math.fsum([x.shape[1] for x in starts]))
        start = concatenate([*starts, *columns], 1)
        k = start.shape[1]
        sensitivity = Parametrized(
            self.name, self._sensitivity(n, k, before, units, record), tuple(params[: len(self.right_side.given)])
        )
        start = concatenate([y0, reshape(start, (-1,))])
        path = trajectory(sensitivity, self.solver, self.method, start, t0, times, extra=n)
        total = einsum("in,ink->k", g, reshape(path[:, n:], (len(times), n, k)))
        found: list[Any] = []
        place = 0
        for x, unit in ((y0, _units(y0)), (t0, np.ones(1))):
            is_wanted = wanted[len(found)]
            found.append(reshape(total[place : place + unit.size] / unit, np.shape(x)) if is_wanted else None)
            place += unit.size if is_wanted else 0
        found.append(self._by_times(g, out, times, params, record) if wanted[2] else None)
        for x, unit in zip(params, units):
            found.append(reshape(total[place : place + unit.size] / unit, np.shape(x)))
            place += unit.size
        return found

    def _sensitivity(self, n: int, k: int, before: int, units: Sequence[Any], recorded: bool) -> Callable[..., Any]:
        """Return the right side for y and its derivatives by k numbers, in units of these numbers.

        The parameters' columns follow those ``before`` them.
        """

        def slopes(t: Any, z: Any, *given: Any) -> Any:
            record = recorded and is_recording()
            slope, (_, by_y, *rest) = self.right_side.rows([t, z[:n]], given, record)
            direct = [np.zeros((n, before)), *[reshape(x, (n, -1)) * unit for x, unit in zip(rest, units)]]
            change = matmul(reshape(by_y, (n, n)), reshape(z[n:], (n, k))) + concatenate(direct, 1)
            return concatenate([slope if record else data_of(slope), reshape(change, (-1,))])

        return slopes


def _units(x: Any) -> Any:
    """Return the sizes of numbers, as units in which derivatives by them are computed: of the size of y, then."""
    sizes = np.abs(np.reshape(np.asarray(data_of(x), dtype=float), (-1,)))
    return np.where(sizes > 0, sizes, 1.0)


def trajectory(
    right_side: Parametrized,
    solver: Solver,
    method: str | None,
    y0: Any,
    t0: Any,
    times: Any,
    extra: int = 0,
    found: Any = None,
    failure: str | None = None,
) -> Any:
    """Return the solution of an initial value problem at some times; a node if something of it is one.

    Parameters
    ----------
    right_side : Parametrized
        ``f(t, y, *args)``.
    solver : callable
        Solves it for plain numbers.
    method : ``"adjoint"``, ``"forward"`` or None
        How derivatives are computed; None: forward for up to `FEW` numbers.
    y0, t0, times : array or node
        The initial value, a vector; the initial time, a number; the times, a vector.
    extra : int
        The length of the y of the user's problem, if this is one for derivatives of it; else 0.
    found : ndarray, optional
        The solution, if it is known.
    failure : str, optional
        What the solver says of its failure; then derivatives are refused.
    """
    plain_y0 = np.array(data_of(y0), dtype=float)
    right_side.find(float(data_of(t0)), plain_y0)
    if found is None:
        found = solver(right_side.plain, plain_y0, float(data_of(t0)), np.asarray(data_of(times), dtype=float), extra)
    inputs = (y0, t0, times, *right_side.nodes)
    if not any(isinstance(x, Node) and x.requires_grad for x in inputs):
        return found
    return record(Trajectory(right_side, solver, method, failure), found, inputs)
