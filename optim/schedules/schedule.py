"""Learning rates that change over the steps, each as a formula of the step's number.

Make the optimizer, make the schedule, then call ``schedule.step()`` once after each ``optimizer.step()``, or once
after each epoch: a schedule counts its own steps and does not care which. Names, arguments and values are
PyTorch's.

Several schedules may step side by side, and a rate may be set by hand: a schedule that finds another rate than its own
goes on from the one that it finds, as PyTorch's chainable schedules do. Most change it by their own factor.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from operator import attrgetter
from typing import Any

from ..optimizer import Optimizer

__all__ = [
    "ChainedScheduler",
    "ConstantLR",
    "CosineAnnealingLR",
    "ExponentialLR",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "Schedule",
    "SequentialLR",
    "StepLR",
]


class Schedule:
    """What all schedules share. Write ``rate`` in a subclass.

    Parameters
    ----------
    optimizer : Optimizer
        Its groups' learning rates are changed from now on, starting from those that they have now. Groups that are
        added later are left alone.

    Attributes
    ----------
    steps : int
        How many steps were taken.
    base_lrs : list of float
        The groups' learning rates when the schedule was made.

    Examples
    --------
    >>> optimizer = sg.optim.SGD([sg.tensor([1.0])], lr=1.0)
    >>> one, other = sg.optim.ExponentialLR(optimizer, 0.5), sg.optim.StepLR(optimizer, 1, gamma=0.25)
    >>> one.step()
    >>> other.step()
    >>> optimizer.param_groups[0]["lr"]
    0.125
    """

    #: The combined schedule that this one is a part of, if it is: only that one steps then.
    part_of: str | None = None

    def __init__(self, optimizer: Optimizer) -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"{type(self).__name__}: expected an optimizer, got {type(optimizer).__name__}")
        self.optimizer = optimizer
        self.number = next(_numbers)
        self.begin([group["lr"] for group in optimizer.param_groups])

    def begin(self, base_lrs: Sequence[float]) -> None:
        """Set the learning rates of step 0."""
        self.steps = 0
        self.base_lrs = list(base_lrs)
        self.rates = self._formula()
        self._set(self.rates)

    def rate(self, base: float, step: int) -> float:
        """Return the learning rate at a step (from 0) for a group whose own one is ``base``."""
        raise NotImplementedError(f"{type(self).__name__} has no rate(); write one")

    def follow(self, lr: float, before: float, after: float) -> float:
        """Return the next rate of a group whose present one, ``lr``, was set by hand or by another schedule.

        Parameters
        ----------
        lr : float
            The rate that the group has.
        before, after : float
            What :meth:`rate` gives for the present and the next step.

        Returns
        -------
        float
            ``lr``, changed by the same factor; from 0 on, where there is none, by the same difference.
        """
        return lr * after / before if before else lr + after

    def step(self) -> None:
        """Go on to the next step.

        Raises
        ------
        RuntimeError
            If this schedule is part of another one, which is the one to step.
        """
        if self.part_of is not None:
            raise RuntimeError(
                f"{type(self).__name__}.step(): this schedule is part of a {self.part_of}, which steps it; call "
                f"step() of the {self.part_of} alone"
            )
        present = self.get_last_lr()
        before, self.steps = self.rates, self.steps + 1
        self.rates = self._formula()
        self._set(
            [
                after if lr == expected else self.follow(lr, expected, after)
                for lr, expected, after in zip(present, before, self.rates)
            ]
        )

    def _formula(self) -> list[float]:
        return [self.rate(base, self.steps) for base in self.base_lrs]

    def _set(self, lrs: Sequence[float]) -> None:
        for group, lr in zip(self.optimizer.param_groups, lrs):
            group["lr"] = lr

    def get_last_lr(self) -> list[float]:
        """Return each group's present learning rate."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        """Return what changes from step to step, as plain numbers and lists."""
        lrs = self.get_last_lr()[: len(self.base_lrs)]
        return {"steps": self.steps, "base_lrs": list(self.base_lrs), "rates": list(self.rates), "lrs": lrs}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what :meth:`state_dict` gave, and set the learning rates that there were then."""
        if set(state) != set(self.state_dict()):
            raise ValueError(f"this state does not fit {type(self).__name__}: it has {sorted(state)}")
        self.steps = state["steps"]
        self.base_lrs, self.rates = list(state["base_lrs"]), list(state["rates"])
        self._set(state["lrs"])


class LambdaLR(Schedule):
    """base * f(step) with a function of your own.

    Parameters
    ----------
    optimizer : Optimizer
        Whose learning rates to set.
    lr_lambda : callable
        Takes the step's number, from 0, and returns a factor.
    """

    def __init__(self, optimizer: Optimizer, lr_lambda: Callable[[int], float]) -> None:
        self.lr_lambda = lr_lambda
        super().__init__(optimizer)

    def rate(self, base: float, step: int) -> float:
        """Apply the function."""
        return base * self.lr_lambda(step)


class StepLR(Schedule):
    """base * gamma**(step // step_size): falls by a factor every so many steps.

    Parameters
    ----------
    optimizer : Optimizer
        Whose learning rates to set.
    step_size : int
        Steps between two falls.
    gamma : float, default 0.1
        The factor.

    Examples
    --------
    >>> optimizer = sg.optim.SGD([sg.tensor([1.0])], lr=1.0)
    >>> schedule = sg.optim.StepLR(optimizer, step_size=2)
    >>> for _ in range(3):
    ...     schedule.step()
    >>> optimizer.param_groups[0]["lr"]
    0.1
    """

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1) -> None:
        self.step_size = _count("StepLR", "step_size", step_size)
        self.gamma = gamma
        super().__init__(optimizer)

    def rate(self, base: float, step: int) -> float:
        """Apply the formula."""
        return base * self.gamma ** (step // self.step_size)


class MultiStepLR(Schedule):
    """base * gamma**(number of milestones reached).

    Parameters
    ----------
    optimizer : Optimizer
        Whose learning rates to set.
    milestones : sequence of int
        Steps at which the rate falls.
    gamma : float, default 0.1
        The factor.
    """

    def __init__(self, optimizer: Optimizer, milestones: Sequence[int], gamma: float = 0.1) -> None:
        self.milestones = sorted(milestones)
        self.gamma = gamma
        super().__init__(optimizer)

    def rate(self, base: float, step: int) -> float:
        """Apply the formula."""
        return base * self.gamma ** bisect_right(self.milestones, step)


class ExponentialLR(Schedule):
    """base * gamma**step.

    Parameters
    ----------
    optimizer : Optimizer
        Whose learning rates to set.
    gamma : float
        The factor from step to step.
    """

    def __init__(self, optimizer: Optimizer, gamma: float) -> None:
        self.gamma = gamma
        super().__init__(optimizer)

    def rate(self, base: float, step: int) -> float:
        """Apply the formula."""
        return float(base * self.gamma**step)


class CosineAnnealingLR(Schedule):
    """eta_min + (base - eta_min) * (1 + cos(pi * step / T_max)) / 2: down along half a cosine, then up again.

    Parameters
    ----------
    optimizer : Optimizer
        Whose learning rates to set.
    T_max : int
        Steps of the way down.
    eta_min : float, default 0
        The lowest rate.
    """

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0) -> None:
        self.T_max = _count("CosineAnnealingLR", "T_max", T_max)
        self.eta_min = eta_min
        super().__init__(optimizer)

    def rate(self, base: float, step: int) -> float:
        """Apply the formula."""
        return self.eta_min + (base - self.eta_min) * (1.0 + math.cos(math.pi * step / self.T_max)) / 2.0

    def follow(self, lr: float, before: float, after: float) -> float:
        """Change the part above ``eta_min`` by the same factor; a rate that is lower than that, as a whole.

        PyTorch changes the difference to ``eta_min`` in both cases, which makes negative rates of low ones.
        """
        low = self.eta_min if lr >= self.eta_min else 0.0
        return low + super().follow(lr - low, before - low, after - low)


class LinearLR(Schedule):
    """Warm-up: from base * start_factor to base * end_factor in equal steps, then constant.

    Parameters
    ----------
    optimizer : Optimizer
        Whose learning rates to set.
    start_factor, end_factor : float, default 1/3 and 1
        Factors at first and at last.
    total_iters : int, default 5
        Steps between them.
    """

    def __init__(
        self, optimizer: Optimizer, start_factor: float = 1 / 3, end_factor: float = 1.0, total_iters: int = 5
    ) -> None:
        self.start_factor, self.end_factor = start_factor, end_factor
        self.total_iters = _count("LinearLR", "total_iters", total_iters)
        super().__init__(optimizer)

    def rate(self, base: float, step: int) -> float:
        """Apply the formula."""
        share = min(step, self.total_iters) / self.total_iters
        return base * (self.start_factor + (self.end_factor - self.start_factor) * share)


class ConstantLR(Schedule):
    """base * factor for the first steps, then base.

    Parameters
    ----------
    optimizer : Optimizer
        Whose learning rates to set.
    factor : float, default 1/3
        The factor.
    total_iters : int, default 5
        For how many steps.
    """

    def __init__(self, optimizer: Optimizer, factor: float = 1 / 3, total_iters: int = 5) -> None:
        self.factor = factor
        self.total_iters = _count("ConstantLR", "total_iters", total_iters)
        super().__init__(optimizer)

    def rate(self, base: float, step: int) -> float:
        """Apply the formula."""
        return base * self.factor if step < self.total_iters else base


class ChainedScheduler(Schedule):
    """Several schedules at once: each one's result is the next one's base, so factors multiply.

    Parameters
    ----------
    schedulers : sequence of Schedule
        Made for the same optimizer. Only the chain's own ``step()`` is called.
    """

    def __init__(self, schedulers: Sequence[Schedule]) -> None:
        self.schedulers = _parts(self, schedulers)
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
        self.schedulers = _parts(self, schedulers, optimizer)
        self.milestones = list(milestones)
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
        """Apply the one whose turn it is."""
        turn = bisect_right(self.milestones, step)
        return self.schedulers[turn].rate(base, step - (self.milestones[turn - 1] if turn else 0))

    def follow(self, lr: float, before: float, after: float) -> float:
        """Let the one whose turn it is change the rate; between two of them it changes by their factor."""
        turn = bisect_right(self.milestones, self.steps)
        if turn != bisect_right(self.milestones, self.steps - 1):
            return super().follow(lr, before, after)
        return self.schedulers[turn].follow(lr, before, after)


#: Numbers the schedules in the order in which they are made.
_numbers = count()


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


def _count(schedule: str, name: str, value: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{schedule}: {name} must be an integer of at least 1, got {value!r}")
    return value
