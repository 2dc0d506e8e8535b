"""A learning rate that falls when a measure no longer gets better."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal

from ...autograd.side_effect import side_effect
from ...common.argument_repr import ArgumentRepr
from ...common.elsewhere import takes_other_names
from ..optimizer import Optimizer

__all__ = ["ReduceLROnPlateau"]


class ReduceLROnPlateau(ArgumentRepr):
    """Multiply the learning rates by ``factor`` when the measure has not improved for more than ``patience`` steps.

    Call ``step(measure)`` after each validation.

    Parameters
    ----------
    optimizer : Optimizer
        Whose learning rates to lower.
    mode : {"min", "max"}
        Whether smaller is better, as for a loss, or larger, as for an accuracy.
    factor : float, default 0.1
        Less than 1.
    patience : int, default 10
        Steps without improvement that are let pass.
    threshold : float, default 1e-4
        How much better counts as better.
    threshold_mode : {"rel", "abs"}
        Whether the threshold is a share of the best measure or a difference to it.
    cooldown : int, default 0
        Steps after a reduction that do not count.
    min_lr : float, default 0
        The lowest rate.
    eps : float, default 1e-8
        Reductions by no more than this are not made.

    Raises
    ------
    ValueError
        If an argument is not valid, or a measure is NaN.

    Examples
    --------
    >>> optimizer = sg.optim.SGD([sg.tensor([1.0])], lr=1.0)
    >>> schedule = sg.optim.ReduceLROnPlateau(optimizer, patience=1)
    >>> for loss in (0.5, 0.6, 0.6):
    ...     schedule.step(loss)
    >>> optimizer.param_groups[0]["lr"]
    0.1
    """

    def __init__(
        self,
        optimizer: Optimizer,
        mode: Literal["min", "max"] = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: Literal["rel", "abs"] = "rel",
        cooldown: int = 0,
        min_lr: float = 0.0,
        eps: float = 1e-8,
    ) -> None:
        if not 0.0 <= factor < 1.0:
            raise ValueError(f"ReduceLROnPlateau: factor must be at least 0 and less than 1, got {factor!r}")
        if mode not in ("min", "max"):
            raise ValueError(f'ReduceLROnPlateau: mode must be "min" or "max", got {mode!r}')
        if threshold_mode not in ("rel", "abs"):
            raise ValueError(f'ReduceLROnPlateau: threshold_mode must be "rel" or "abs", got {threshold_mode!r}')
        self.optimizer = optimizer
        self.mode = mode
        self.factor = factor
        self.patience = patience
        self.threshold = threshold
        self.threshold_mode = threshold_mode
        self.cooldown = cooldown
        self.min_lr = min_lr
        self.eps = eps
        self.best: float = math.inf if mode == "min" else -math.inf
        self.bad_steps: int = 0
        self.resting: int = 0

    @side_effect
    @takes_other_names
    def step(self, measure: float) -> None:
        """Take in the next measure, and lower the learning rates if it is time."""
        value = float(measure)
        if math.isnan(value):
            raise ValueError("ReduceLROnPlateau: the measure is NaN")
        if self._is_better(value):
            self.best = value
            self.bad_steps = 0
        else:
            self.bad_steps += 1
        if self.resting > 0:
            self.resting -= 1
            self.bad_steps = 0
        if self.bad_steps > self.patience:
            self._reduce()
            self.resting = self.cooldown
            self.bad_steps = 0

    def _is_better(self, value: float) -> bool:
        sign = -1.0 if self.mode == "min" else 1.0
        margin = 0.0
        if math.isfinite(self.best):
            margin = self.threshold * (self.best if self.threshold_mode == "rel" else 1.0)
        return sign * value > sign * self.best + margin

    def _reduce(self) -> None:
        for group in self.optimizer.param_groups:
            lower = max(group["lr"] * self.factor, self.min_lr)
            if group["lr"] - lower > self.eps:
                group["lr"] = lower

    def get_last_lr(self) -> list[float]:
        """Return each group's present learning rate."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        """Return what changes from step to step, as plain numbers."""
        return {"best": self.best, "bad_steps": self.bad_steps, "resting": self.resting}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what :meth:`state_dict` gave; the learning rates are in the optimizer's own state."""
        if set(state) != set(self.state_dict()):
            raise ValueError(f"this state does not fit ReduceLROnPlateau: it has {sorted(state)}")
        self.best, self.bad_steps, self.resting = float(state["best"]), int(state["bad_steps"]), int(state["resting"])
