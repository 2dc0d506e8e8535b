"""The one-cycle schedule: the learning rate goes up, then far down; the momentum goes the other way."""

from __future__ import annotations

import math
from typing import Literal

from ...common.argument_checks import checked_count
from ..optimizer import Optimizer
from .momentum_schedule import MomentumSchedule

__all__ = ["OneCycleLR"]


class OneCycleLR(MomentumSchedule):
    """Learning rate from max_lr / div_factor up to max_lr, then down to max_lr / (div_factor * final_div_factor).

    Call ``step()`` after every batch. The groups' own learning rates are not used. After the last step the rate
    stays where it is.
    L. Smith and N. Topin, "Super-convergence" (2019).

    Parameters
    ----------
    optimizer : Optimizer
        Whose learning rates (and momenta) to set.
    max_lr : float
        The highest rate.
    total_steps : int, optional
        Steps of the whole cycle; or give both:
    epochs, steps_per_epoch : int, optional
        Whose product it is.
    pct_start : float, default 0.3
        Share of the way up.
    anneal_strategy : {"cos", "linear"}
        Along half a cosine, or a straight line.
    cycle_momentum : bool, default True
        Whether to move the momentum (Adam's first beta) from max_momentum to base_momentum and back.
    base_momentum, max_momentum : float, default 0.85 and 0.95
        Its limits.
    div_factor, final_div_factor : float, default 25 and 1e4
        How far below the highest rate the cycle begins, and how far below that it ends.
    three_phase : bool, default False
        Go down as fast as up, then far down in the steps that are left.

    Raises
    ------
    ValueError
        If an argument is not valid, or there is no momentum to cycle; in ``step()``, if somebody else has changed it.

    Examples
    --------
    >>> optimizer = sg.optim.SGD([sg.tensor([1.0])], lr=0.1)
    >>> schedule = sg.optim.OneCycleLR(optimizer, max_lr=1.0, total_steps=4)
    >>> for _ in range(3):
    ...     schedule.step()
    ...     print(round(optimizer.param_groups[0]["lr"], 3))
    0.812
    0.283
    0.0
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float,
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: Literal["cos", "linear"] = "cos",
        cycle_momentum: bool = True,
        base_momentum: float = 0.85,
        max_momentum: float = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
    ) -> None:
        self.total_steps: int = _total(total_steps, epochs, steps_per_epoch)
        if not 0.0 <= pct_start <= 1.0:
            raise ValueError(f"OneCycleLR: pct_start must be from 0 to 1, got {pct_start!r}")
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f'OneCycleLR: anneal_strategy must be "cos" or "linear", got {anneal_strategy!r}')
        if not 0 < max_lr < math.inf:
            raise ValueError(f"OneCycleLR: max_lr must be greater than 0, got {max_lr!r}")
        self.max_lr: float = max_lr
        self.pct_start: float = pct_start
        self.three_phase: bool = three_phase
        self.anneal_strategy = anneal_strategy
        start = max_lr / div_factor
        low, high = base_momentum, max_momentum
        top = pct_start * self.total_steps - 1.0
        end = self.total_steps - 1.0
        # Corners of the curve: (step, learning rate, momentum).
        self.corners: list[tuple[float, float, float]] = [(0.0, start, high), (top, max_lr, low)]
        if three_phase:
            self.corners.append((2.0 * top, start, high))
        self.corners.append((end, start / final_div_factor, high))
        super().__init__(optimizer, cycle_momentum)

    def rate(self, base: float, step: int) -> float:
        """Return the learning rate at a step."""
        return self._curve(step, 1)

    def momentum(self, step: int) -> float:
        """Return the momentum at a step."""
        return self._curve(step, 2)

    def _curve(self, step: int, which: int) -> float:
        """Interpolate between the two corners around a step."""
        at = min(float(step), self.corners[-1][0])
        i = next(i for i, corner in enumerate(self.corners) if i > 0 and at <= corner[0])
        left, right = self.corners[i - 1], self.corners[i]
        width = right[0] - left[0]
        share = (at - left[0]) / width if width else 1.0
        a, b = left[which], right[which]
        if self.anneal_strategy == "linear":
            return a + (b - a) * share
        return b + (a - b) * (1.0 + math.cos(math.pi * share)) / 2.0


def _total(total_steps: int | None, epochs: int | None, steps_per_epoch: int | None) -> int:
    """Return the number of steps, which is given in one of two ways."""
    if total_steps is None:
        if epochs is None or steps_per_epoch is None:
            raise ValueError("OneCycleLR: give total_steps, or both epochs and steps_per_epoch")
        total_steps = epochs * steps_per_epoch
    return checked_count("OneCycleLR: total_steps", total_steps)
