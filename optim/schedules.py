"""Learning rates that change over the steps, each as a formula of the step's number.

Make the optimizer, make the schedule, then call ``schedule.step()`` once after each ``optimizer.step()``, or once
after each epoch: a schedule counts its own steps and does not care which. Names, arguments and values are
PyTorch's.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .optimizer import Optimizer


class Schedule:
    """What all schedules share. Write ``rate`` in a subclass.

    Parameters
    ----------
    optimizer : Optimizer
        Its groups' learning rates are set from now on, starting from those that they have when the first schedule
        is made for it. Groups that are added later are left alone.
    """

    def __init__(self, optimizer: Optimizer) -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"{type(self).__name__}: expected an optimizer, got {type(optimizer).__name__}")
        self.optimizer = optimizer
        self.steps = 0
        if optimizer.initial_lrs is None:
            optimizer.initial_lrs = [group["lr"] for group in optimizer.param_groups]
        self.base_lrs = list(optimizer.initial_lrs)
        self.apply()

    def rate(self, base: float, step: int) -> float:
        """Return the learning rate at a step (from 0) for a group whose own one is ``base``."""
        raise NotImplementedError(f"{type(self).__name__} has no rate(); write one")

    def step(self) -> None:
        """Go on to the next step."""
        self.steps += 1
        self.apply()

    def apply(self) -> None:
        """Set the optimizer's learning rates to those of the present step."""
        for group, base in zip(self.optimizer.param_groups, self.base_lrs, strict=False):
            group["lr"] = self.rate(base, self.steps)

    def get_last_lr(self) -> list[float]:
        """Return each group's present learning rate."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        """Return what changes from step to step, as plain numbers and lists."""
        return {"steps": self.steps, "base_lrs": list(self.base_lrs)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what :meth:`state_dict` gave, and set the learning rates."""
        if set(state) != set(self.state_dict()):
            raise ValueError(f"this state does not fit {type(self).__name__}: it has {sorted(state)}")
        for name, value in state.items():
            setattr(self, name, list(value) if isinstance(value, list) else value)
        self.apply()


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
        self.schedulers = _same_optimizer("ChainedScheduler", schedulers)
        super().__init__(self.schedulers[0].optimizer)

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
        self.schedulers = _same_optimizer("SequentialLR", schedulers, optimizer)
        self.milestones = list(milestones)
        if len(self.milestones) != len(self.schedulers) - 1 or self.milestones != sorted(set(self.milestones)):
            raise ValueError(
                f"SequentialLR: {len(self.schedulers)} schedules need {len(self.schedulers) - 1} milestones, each "
                f"greater than the one before, got {self.milestones}"
            )
        super().__init__(optimizer)

    def rate(self, base: float, step: int) -> float:
        """Apply the one whose turn it is."""
        turn = bisect_right(self.milestones, step)
        return self.schedulers[turn].rate(base, step - (self.milestones[turn - 1] if turn else 0))


def _same_optimizer(name: str, schedulers: Sequence[Schedule], optimizer: Optimizer | None = None) -> list[Schedule]:
    members = list(schedulers)
    if not members:
        raise ValueError(f"{name}: got no schedules")
    for member in members:
        if not isinstance(member, Schedule):
            raise TypeError(f"{name}: {type(member).__name__} is not a schedule that can be part of another one")
        if type(member).apply is not Schedule.apply:
            raise TypeError(f"{name}: {type(member).__name__} sets more than the learning rate and has to stand alone")
        if member.optimizer is not (optimizer or members[0].optimizer):
            raise ValueError(f"{name}: all schedules must be made for the same optimizer")
    return members


def _count(schedule: str, name: str, value: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{schedule}: {name} must be an integer of at least 1, got {value!r}")
    return value
