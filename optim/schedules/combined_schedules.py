"""Schedules made of other schedules: several at once, or one after the other."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from operator import attrgetter

from ..optimizer import Optimizer
from .schedule import Schedule

__all__ = ["ChainedScheduler", "SequentialLR"]


class ChainedScheduler(Schedule):
    """Several schedules at once: each one's result is the next one's base, so factors multiply.

    Parameters
    ----------
    schedulers : sequence of Schedule
        Made for the same optimizer. Only the chain's own ``step()`` is called.
    """

    def __init__(self, schedulers: Sequence[Schedule]) -> None:
        self.schedulers: list[Schedule] = _parts(self, schedulers)
        super().__init__(self.schedulers[0].optimizer)

    def begin(self, base_lrs: Sequence[float]) -> None:
        """Begin with the learning rates that were there before the parts were made."""
        super().begin(_before(self.schedulers))

    def rate(self, base: float, step: int) -> float:
        """Apply all of them."""
        for schedule in self.schedulers:
            base = schedule.rate(base, step)
        return base


class SequentialLR(Schedule):
    """One schedule after the other, each beginning with its own step 0.

    Parameters
    ----------
    optimizer : Optimizer
        Whose learning rates to set.
    schedulers : sequence of Schedule
        Made for the same optimizer. Only the sequence's own ``step()`` is called.
    milestones : sequence of int
        Steps at which the second, third, ... schedule begins.

    Examples
    --------
    >>> optimizer = sg.optim.SGD([sg.tensor([1.0])], lr=1.0)
    >>> warm_up = sg.optim.LinearLR(optimizer, 0.5, total_iters=2)
    >>> schedule = sg.optim.SequentialLR(optimizer, [warm_up, sg.optim.ExponentialLR(optimizer, 0.5)], [2])
    >>> for _ in range(5):
    ...     print(optimizer.param_groups[0]["lr"], end=" ")
    ...     schedule.step()
    0.5 0.75 1.0 0.5 0.25
    """

    def __init__(self, optimizer: Optimizer, schedulers: Sequence[Schedule], milestones: Sequence[int]) -> None:
        self.schedulers: list[Schedule] = _parts(self, schedulers, optimizer)
        self.milestones: list[int] = list(milestones)
        if len(self.milestones) != len(self.schedulers) - 1 or self.milestones != sorted(set(self.milestones)):
            raise ValueError(
                f"SequentialLR: {len(self.schedulers)} schedules need {len(self.schedulers) - 1} milestones, each "
                f"greater than the one before, got {self.milestones}"
            )
        super().__init__(optimizer)

    def begin(self, base_lrs: Sequence[float]) -> None:
        """Begin with the learning rates that were there before the parts were made."""
        super().begin(_before(self.schedulers))

    def rate(self, base: float, step: int) -> float:
        """Apply the schedule that is active at this step."""
        active = bisect_right(self.milestones, step)
        return self.schedulers[active].rate(base, step - (self.milestones[active - 1] if active else 0))

    def follow(self, lr: float, before: float, after: float) -> float:
        """Let the active schedule change the rate; where the next one begins, change it by their ratio."""
        active = bisect_right(self.milestones, self.steps)
        if active != bisect_right(self.milestones, self.steps - 1):
            return super().follow(lr, before, after)
        return self.schedulers[active].follow(lr, before, after)


def _before(parts: Sequence[Schedule]) -> list[float]:
    """Return the learning rates that the optimizer had before the first of these schedules was made."""
    return min(parts, key=attrgetter("number")).base_lrs


def _parts(whole: Schedule, schedulers: Sequence[Schedule], optimizer: Optimizer | None = None) -> list[Schedule]:
    """Check the schedules of which another one is made, and mark them as its parts."""
    name, members = type(whole).__name__, list(schedulers)
    if not members:
        raise ValueError(f"{name}: got no schedules")
    for member in members:
        if not isinstance(member, Schedule):
            raise TypeError(f"{name}: {type(member).__name__} is not a schedule that can be part of another one")
        if type(member)._set is not Schedule._set:
            raise TypeError(f"{name}: {type(member).__name__} sets more than the learning rate and has to stand alone")
        if member.optimizer is not (optimizer or members[0].optimizer):
            raise ValueError(f"{name}: all schedules must be made for the same optimizer")
    for member in members:
        member.part_of = name
    return members
