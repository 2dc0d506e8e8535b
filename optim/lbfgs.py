"""L-BFGS, which estimates the curvature from its last steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Literal

import numpy as np

from ..autograd import Tensor, stamp
from ..autograd.core.node import current_trace
from ..common.argument_checks import checked_count
from .line_search import Point, point_on_line, strong_wolfe
from .optimizer import Array, Group, Optimizer, Parameters

__all__ = ["LBFGS"]

#: Below this product of a step and the change of the gradient, a step tells nothing of the curvature.
CURVED = 1e-10


class LBFGS(Optimizer):
    """Step along the gradient divided by an estimate of the curvature: few steps for smooth functions without noise.

    Each ``step`` makes up to ``max_iter`` iterations, and calls a function that computes the loss and its gradient as
    often as it needs. Every call should use the same data: take all of it, not batches.
    J. Nocedal and S. Wright, "Numerical optimization" (2006), algorithm 7.5; the details are PyTorch's.

    Parameters
    ----------
    params : iterable of Tensor
        The parameters, of one dtype; there are no groups.
    lr : float, default 1.0
        Length of the steps, as a share of the estimated best one; with a line search, of the first one tried.
    max_iter : int, default 20
        Iterations in each ``step``.
    max_eval : int, optional
        After so many computations of the loss a ``step`` ends; by default 1.25 * max_iter.
    tolerance_grad : float, default 1e-7
        A ``step`` ends when no element of the gradient is larger.
    tolerance_change : float, default 1e-9
        A ``step`` ends when neither the loss nor a parameter changes by more.
    history_size : int, default 100
        How many steps the estimate is made from.
    line_search_fn : "strong_wolfe", optional
        Look for a good length of each step; by default it is ``lr``.

    Raises
    ------
    ValueError
        If a setting is not valid, or there are several groups or dtypes.

    Examples
    --------
    >>> w = sg.tensor([3.0, -2.0], requires_grad=True)
    >>> optimizer = sg.optim.LBFGS([w], line_search_fn="strong_wolfe")
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2  # Rosenbrock's function
    ...     loss.backward()
    ...     return loss
    >>> for _ in range(5):
    ...     loss = optimizer.step(closure)
    >>> w.data.round(4)
    array([1., 1.])
    """

    nonnegative: ClassVar[tuple[str, ...]] = ("lr", "tolerance_grad", "tolerance_change")

    def __init__(
        self,
        params: Parameters,
        lr: float = 1.0,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: Literal["strong_wolfe"] | None = None,
    ) -> None:
        settings = {"lr": lr, "max_iter": max_iter, "max_eval": max_eval, "history_size": history_size}
        tolerances = {"tolerance_grad": tolerance_grad, "tolerance_change": tolerance_change}
        super().__init__(params, {**settings, **tolerances, "line_search_fn": line_search_fn})
        if len(self.param_groups) != 1 or len({p.dtype for p in self.param_groups[0]["params"]}) != 1:
            raise ValueError("LBFGS: takes parameters of one dtype, without groups")
        self._steps: list[Array] = []  # the last steps, and how the gradient changed with each
        self._changes: list[Array] = []
        self._last: tuple[Array, Array] | None = None  # the last step, and the gradient before it

    def validate(self, group: Group) -> None:
        """Check the settings."""
        super().validate(group)
        for name in ("max_iter", "history_size") + (("max_eval",) if group["max_eval"] is not None else ()):
            checked_count(f"LBFGS: {name}", group[name])
        if group["line_search_fn"] not in (None, "strong_wolfe"):
            raise ValueError(f"LBFGS: line_search_fn must be None or 'strong_wolfe', got {group['line_search_fn']!r}")

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Make several iterations.

        Parameters
        ----------
        closure : callable
            Sets gradients to None, computes the loss, calls its ``backward()`` and returns it.

        Returns
        -------
        Tensor
            The loss of the first call.

        Raises
        ------
        TypeError
            If there is no closure.
        RuntimeError
            Inside a function that is being compiled: compile the closure instead.
        """
        if closure is None:
            raise TypeError("LBFGS.step: give a function that calls zero_grad() and backward(), and returns the loss")
        if current_trace() is not None:
            raise RuntimeError("LBFGS.step cannot be compiled, since its iterations depend on numbers: compile closure")
        group = self.param_groups[0]
        first = closure()
        point = Point(0.0, _number(first), self._gradient(), 0.0)
        evaluations, most = 1, group["max_eval"] or group["max_iter"] * 5 // 4
        for iteration in range(1, group["max_iter"] + 1):
            if not np.abs(point.gradient).max(initial=0.0) > group["tolerance_grad"]:
                break
            direction = self._direction(point.gradient)
            slope = float(np.dot(point.gradient, direction))
            if slope > -group["tolerance_change"]:
                break
            length = group["lr"] if self._last else group["lr"] * min(1.0, 1.0 / float(np.abs(point.gradient).sum()))
            before, is_last = point._replace(at=0.0, slope=slope), iteration == group["max_iter"]
            point, more = self._move(closure, before, direction, length, is_last, most - evaluations)
            self._last, evaluations = (direction * point.at, before.gradient), evaluations + more
            if evaluations >= most or is_last or self._is_still(before, point):
                break
        return first

    def _move(
        self, closure: Callable[[], Any], before: Point, direction: Array, length: float, is_last: bool, most: int
    ) -> tuple[Point, int]:
        """Go along a direction; return where that leads, and how often the loss was computed."""
        group, start = self.param_groups[0], self._values()

        def evaluate(at: float) -> Point:
            self._set_values(start + at * direction)
            loss = _number(closure())
            return point_on_line(at, loss, self._gradient(), direction)

        if group["line_search_fn"] is None:
            if not is_last:
                return evaluate(length), 1
            self._set_values(start + length * direction)
            return before._replace(at=length), 0
        longest = float(np.abs(direction).max())
        point, more = strong_wolfe(evaluate, before, length, longest, group["tolerance_change"], most)
        self._set_values(start + point.at * direction)
        return point, more

    def _is_still(self, before: Point, point: Point) -> bool:
        """Whether a step has changed next to nothing."""
        tolerance = self.param_groups[0]["tolerance_change"]
        moved = 0.0 if self._last is None else float(np.abs(self._last[0]).max())
        return moved <= tolerance or abs(point.loss - before.loss) < tolerance

    def _direction(self, gradient: Array) -> Array:
        """Return minus the gradient, divided by the estimated curvature: two loops over the last steps."""
        if self._last is not None:
            self._learn(self._last[0], gradient - self._last[1])
        pairs = [(s, y, 1.0 / np.dot(y, s)) for s, y in zip(self._steps, self._changes)]
        direction, shares = -gradient, []
        for s, y, factor in reversed(pairs):
            shares.append(factor * np.dot(s, direction))
            direction = direction - shares[-1] * y
        if pairs:
            s, y, factor = pairs[-1]
            direction = direction / (factor * np.dot(y, y))
        for (s, y, factor), share in zip(pairs, reversed(shares)):
            direction = direction + (share - factor * np.dot(y, direction)) * s
        return np.asarray(direction, gradient.dtype)

    def _learn(self, step: Array, change: Array) -> None:
        """Remember a step and the change of the gradient that it made."""
        if np.dot(change, step) > CURVED:
            keep = self.param_groups[0]["history_size"] - 1
            self._steps = [*self._steps[len(self._steps) - min(keep, len(self._steps)) :], step]
            self._changes = [*self._changes[len(self._changes) - min(keep, len(self._changes)) :], change]

    # Parameters as one vector -------------------------------------------------------------------------

    def _gradient(self) -> Array:
        parameters = self.param_groups[0]["params"]
        gradients = [np.zeros(p.shape, p.dtype) if p.grad is None else np.asarray(p.grad) for p in parameters]
        return np.concatenate([g.ravel() for g in gradients])

    def _values(self) -> Array:
        return np.concatenate([p.data.ravel() for p in self.param_groups[0]["params"]])

    def _set_values(self, values: Array) -> None:
        start = 0
        for p in self.param_groups[0]["params"]:
            if p.requires_grad:
                p.data = values[start : start + p.size].reshape(p.shape).astype(p.dtype)
                stamp(p)
            start += p.size

    # State --------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Return everything that the next steps depend on besides the parameters and their gradients; see Optimizer."""
        state = super().state_dict()
        values = self._values()
        last = self._last or (values[:0], values[:0])
        history = {"steps": self._steps, "changes": self._changes}
        state["state"] = {
            name: np.array(rows, values.dtype).reshape(len(rows), values.size) for name, rows in history.items()
        }
        return {**state, "state": {**state["state"], "last_step": last[0].copy(), "last_gradient": last[1].copy()}}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what :meth:`state_dict` gave, for the same parameters.

        Raises
        ------
        ValueError
            If it does not fit. The optimizer is unchanged.
        """
        known = {"steps", "changes", "last_step", "last_gradient"}
        if set(state) != {"param_groups", "state"} or set(state["state"]) != known:
            raise ValueError(f"this state does not fit the LBFGS: it has {sorted(state)}; nothing was loaded")
        self._check_groups(state["param_groups"])
        values = self._values()
        arrays = {name: np.array(array, values.dtype) for name, array in state["state"].items()}
        sizes = {array.shape[-1] for array in arrays.values() if array.size}
        if not sizes <= {values.size} or len(arrays["steps"]) != len(arrays["changes"]):
            raise ValueError(
                f"this state does not fit the LBFGS: it is of {sorted(sizes)} numbers, the parameters have "
                f"{values.size}; nothing was loaded"
            )
        given = state["param_groups"][0]
        self.param_groups[0].update({name: value for name, value in given.items() if name != "params"})
        self._steps, self._changes = list(arrays["steps"]), list(arrays["changes"])
        self._last = (arrays["last_step"], arrays["last_gradient"]) if arrays["last_step"].size else None


def _number(loss: Any) -> float:
    return float(loss.item() if isinstance(loss, Tensor) else loss)
