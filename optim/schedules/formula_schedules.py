"""The schedules whose learning rate is one formula: steps, exponential, cosine, warm-up, a function of your own."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence

from ...common.argument_checks import checked_count
from ..optimizer import Optimizer
from .schedule import Schedule

__all__ = ["ConstantLR", "CosineAnnealingLR", "ExponentialLR", "LambdaLR", "LinearLR", "MultiStepLR", "StepLR"]


class LambdaLR(Schedule):
    """Learning rate base * f(step), with a function of your own.

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
    """Learning rate base * gamma**(step // step_size), which falls by a factor every ``step_size`` steps.

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
        self.step_size = checked_count("StepLR: step_size", step_size)
        self.gamma = gamma
        super().__init__(optimizer)

    def rate(self, base: float, step: int) -> float:
        """Apply the formula."""
        return base * self.gamma ** (step // self.step_size)


class MultiStepLR(Schedule):
    """Learning rate base * gamma**(number of milestones reached).

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
    """Learning rate base * gamma**step.

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
    """Learning rate eta_min + (base - eta_min) * (1 + cos(pi * step / T_max)) / 2.

    It goes down along half a cosine, then up again.

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
        self.T_max = checked_count("CosineAnnealingLR: T_max", T_max)
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
        self.total_iters = checked_count("LinearLR: total_iters", total_iters)
        super().__init__(optimizer)

    def rate(self, base: float, step: int) -> float:
        """Apply the formula."""
        share = min(step, self.total_iters) / self.total_iters
        return base * (self.start_factor + (self.end_factor - self.start_factor) * share)


class ConstantLR(Schedule):
    """Learning rate base * factor for the first steps, then base.

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
        self.total_iters = checked_count("ConstantLR: total_iters", total_iters)
        super().__init__(optimizer)

    def rate(self, base: float, step: int) -> float:
        """Apply the formula."""
        return base * self.factor if step < self.total_iters else base
