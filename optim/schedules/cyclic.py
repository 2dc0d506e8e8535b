"""Learning rates that go up and down again and again."""

from __future__ import annotations

import math
from typing import Literal

from ...common.argument_checks import checked_count
from ..optimizer import Optimizer
from .momentum_schedule import MomentumSchedule

__all__ = ["CyclicLR"]


class CyclicLR(MomentumSchedule):
    """Learning rate from base_lr up to max_lr and down again, in straight lines, over and over.

    Call ``step()`` after every batch. The groups' own learning rates are not used. The momentum goes the other way.
    L. Smith, "Cyclical learning rates for training neural networks" (2017).

    Parameters
    ----------
    optimizer : Optimizer
        Whose learning rates to set.
    base_lr, max_lr : float
        The lowest rate, and the highest one of the first cycle.
    step_size_up : int, default 2000
        Steps of the way up.
    step_size_down : int, optional
        Steps of the way down; by default as many.
    mode : "triangular", "triangular2" or "exp_range", default "triangular"
        Heights of the cycles: equal; each half of the one before; multiplied by ``gamma`` at each step.
    gamma : float, default 1.0
        The factor for ``"exp_range"``.
    cycle_momentum : bool, default True
        Whether to set the momentum (of Adam: the first of the ``betas``), too.
    base_momentum, max_momentum : float, default 0.8 and 0.9
        The momentum at the highest rate of the first cycle, and that at the lowest rate.

    Raises
    ------
    ValueError
        If a setting is not valid, or the optimizer has no momentum to set.

    Examples
    --------
    >>> optimizer = sg.optim.SGD([sg.tensor([1.0])], momentum=0.9)
    >>> schedule = sg.optim.CyclicLR(optimizer, 0.1, 0.3, step_size_up=2)
    >>> for _ in range(5):
    ...     print(round(optimizer.param_groups[0]["lr"], 3), end=" ")
    ...     schedule.step()
    0.1 0.2 0.3 0.2 0.1
    """

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: float,
        max_lr: float,
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: Literal["triangular", "triangular2", "exp_range"] = "triangular",
        gamma: float = 1.0,
        cycle_momentum: bool = True,
        base_momentum: float = 0.8,
        max_momentum: float = 0.9,
    ) -> None:
        if mode not in ("triangular", "triangular2", "exp_range"):
            raise ValueError(f"CyclicLR: mode must be 'triangular', 'triangular2' or 'exp_range', got {mode!r}")
        if not 0 <= base_lr <= max_lr < math.inf:
            raise ValueError(f"CyclicLR: expected 0 <= base_lr <= max_lr, got {base_lr!r} and {max_lr!r}")
        self.base_lr: float = float(base_lr)
        self.max_lr: float = float(max_lr)
        self.step_size_up: int = checked_count("CyclicLR: step_size_up", step_size_up)
        down = step_size_up if step_size_down is None else step_size_down
        self.step_size_down: int = checked_count("CyclicLR: step_size_down", down)
        self.mode: Literal["triangular", "triangular2", "exp_range"] = mode
        self.gamma: float = gamma
        self.base_momentum: float = base_momentum
        self.max_momentum: float = max_momentum
        super().__init__(optimizer, cycle_momentum)

    def rate(self, base: float, step: int) -> float:
        """Return the learning rate at a step."""
        return self.base_lr + (self.max_lr - self.base_lr) * self._height(step)

    def momentum(self, step: int) -> float:
        """Return the momentum at a step."""
        return self.max_momentum - (self.max_momentum - self.base_momentum) * self._height(step)

    def _height(self, step: int) -> float:
        """Return how high up a step is, from 0 to 1 in the first cycle."""
        cycle, place = divmod(step, self.step_size_up + self.step_size_down)
        if place <= self.step_size_up:
            share = place / self.step_size_up
        else:
            share = 1.0 - (place - self.step_size_up) / self.step_size_down
        if self.mode == "triangular":
            return share
        return share * (0.5**cycle if self.mode == "triangular2" else self.gamma**step)
