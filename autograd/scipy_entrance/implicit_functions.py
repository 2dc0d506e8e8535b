"""Solutions of equations as functions of their parameters, by the implicit function theorem.

Where ``residual(x, p) = 0``, the derivative of x by p is ``-(d residual / dx)^-1 (d residual / dp)``. So a gradient g
of the solution becomes ``-(d residual / dx)^-T g``, a cotangent of the residual, which is propagated to the parameters
as usual. The solution itself is a node in this, so second and higher derivatives follow.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from ..core.node import Node, data_of
from ..core.op import Op, Rule
from ..core.recording import record
from ..ops.inverses import solve
from ..ops.shaping import reshape
from .matrix_input import transpose_of
from .parametrized import Parametrized


class _Solution(Op):
    """The solution of equations, computed by a solver."""

    portable = False

    def __init__(self, residual: Parametrized, failure: str | None) -> None:
        self._describe(lambda *params: None, residual.name, residual.name)
        self.user_defined = True
        self.residual = residual
        self.failure = failure

    def rules_for(self, inputs: tuple[Node, ...]) -> tuple[Rule, ...]:
        """Return one rule per parameter; they share the equations that are solved."""
        shared: list[Any] = []

        def rule(g: Any, out: Any, *params: Any, index: int) -> Any:
            if not shared:
                shared.append(self._gradients(g, out, params))
            return shared[0][index]

        return tuple(functools.partial(rule, index=i) for i in range(len(inputs)))

    def _gradients(self, g: Any, out: Any, params: Any) -> Any:
        recorded, n = isinstance(out, Node), out.size
        matrix = reshape(self.residual.rows([out], params, recorded)[1][0], (n, n))
        self._check(data_of(matrix), data_of(out))
        try:
            cotangent = -reshape(solve(transpose_of(matrix), reshape(g, (n,))), out.shape)
        except np.linalg.LinAlgError:
            raise np.linalg.LinAlgError(
                f"{self.name}: the equations have a singular Jacobian at the solution, which therefore is no "
                "differentiable function of the parameters"
            ) from None
        return self.residual.pull([out], params, cotangent, recorded)[1][1:]

    def _check(self, matrix: Any, x: Any) -> None:
        """Raise RuntimeError if the solver failed, and another step from where it ended shows that it did."""
        if self.failure is None or not x.size:
            return
        residual = np.reshape(self.residual.plain(x), (-1,))
        try:
            step = np.max(np.abs(np.linalg.solve(matrix, residual)))
        except np.linalg.LinAlgError:
            step = np.inf
        if not step <= np.finfo(float).eps ** 0.5 * max(1.0, float(np.max(np.abs(x)))):
            raise RuntimeError(
                f"{self.name} did not find a solution, so there is no derivative of it: "
                + " ".join(self.failure.split())
            )


def solution(residual: Parametrized, x: Any, failure: str | None = None) -> Any:
    """Return the solution of equations as a node that depends on their parameters; an array if there are none.

    Parameters
    ----------
    residual : Parametrized
        As many equations as the solution has elements. It was asked to :meth:`~Parametrized.find` its parameters.
    x : ndarray
        The solution.
    failure : str, optional
        What the solver says of its failure; then derivatives are refused unless the solution is one nevertheless.
    """
    if not residual.nodes:
        return x
    return record(_Solution(residual, failure), np.array(x, dtype=float), tuple(residual.nodes))
