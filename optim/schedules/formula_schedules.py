"""The schedules whose learning rate is one formula: steps, exponential, cosine, warm-up, a function of your own."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence

from ...common.argument_checks import checked_count
from ..optimizer import Optimizer
from .schedule import Schedule

__all__ = [
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "ExponentialLR",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "PolynomialLR",
    "StepLR",
]


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
        self.step_size: int = checked_count("StepLR: step_size", step_size)
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
        self.milestones: list[int] = sorted(milestones)
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

    Examples
    --------
    >>> optimizer = sg.optim.SGD([sg.tensor([1.0])], lr=1.0)
    >>> schedule = sg.optim.CosineAnnealingLR(optimizer, T_max=2)
    >>> schedule.step()
    >>> round(optimizer.param_groups[0]["lr"], 3)
    0.5
    """

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0) -> None:
        self.T_max: int = checked_count("CosineAnnealingLR: T_max", T_max)
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


class CosineAnnealingWarmRestarts(CosineAnnealingLR):
    """Learning rate down along half a cosine, then at once up to its first value, and down again.

    I. Loshchilov and F. Hutter, "SGDR: stochastic gradient descent with warm restarts" (2017).

    Parameters
    ----------
    optimizer : Optimizer
        Whose learning rates to set.
    T_0 : int
        Steps until the first restart.
    T_mult : int, default 1
        How many times longer each cycle is than the one before.
    eta_min : float, default 0
        The lowest rate.

    Examples
    --------
    >>> optimizer = sg.optim.SGD([sg.tensor([1.0])], lr=1.0)
    >>> schedule = sg.optim.CosineAnnealingWarmRestarts(optimizer, T_0=2)
    >>> for _ in range(4):
    ...     print(round(optimizer.param_groups[0]["lr"], 3), end=" ")
    ...     schedule.step()
    1.0 0.5 1.0 0.5
    """

    def __init__(self, optimizer: Optimizer, T_0: int, T_mult: int = 1, eta_min: float = 0.0) -> None:
        self.T_0: int = checked_count("CosineAnnealingWarmRestarts: T_0", T_0)
        self.T_mult: int = checked_count("CosineAnnealingWarmRestarts: T_mult", T_mult)
        super().__init__(optimizer, T_0, eta_min)

    def rate(self, base: float, step: int) -> float:
        """Apply the formula."""
        length = self.T_0
        if self.T_mult == 1:
            step %= length
        while step >= length:
            step, length = step - length, length * self.T_mult
        return self.eta_min + (base - self.eta_min) * (1.0 + math.cos(math.pi * step / length)) / 2.0


class PolynomialLR(Schedule):
    """Learning rate base * (1 - step / total_iters)**power, then 0.

    Parameters
    ----------
    optimizer : Optimizer
        Whose learning rates to set.
    total_iters : int, default 5
        Steps until it is 0.
    power : float, default 1.0
        The exponent; 1 is a straight line.

    Examples
    --------
    >>> optimizer = sg.optim.SGD([sg.tensor([1.0])], lr=1.0)
    >>> schedule = sg.optim.PolynomialLR(optimizer, total_iters=4)
    >>> schedule.step()
    >>> schedule.get_last_lr()
    [0.75]
    """

    def __init__(self, optimizer: Optimizer, total_iters: int = 5, power: float = 1.0) -> None:
        self.total_iters: int = checked_count("PolynomialLR: total_iters", total_iters)
        self.power = power
        super().__init__(optimizer)

    def rate(self, base: float, step: int) -> float:
        """Apply the formula."""
        return float(base * (1.0 - min(step, self.total_iters) / self.total_iters) ** self.power)


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

    Examples
    --------
    >>> optimizer = sg.optim.SGD([sg.tensor([1.0])], lr=1.0)
    >>> schedule = sg.optim.LinearLR(optimizer, start_factor=0.25, total_iters=3)
    >>> schedule.step()
    >>> schedule.get_last_lr()
    [0.5]
    """

    def __init__(
        self, optimizer: Optimizer, start_factor: float = 1 / 3, end_factor: float = 1.0, total_iters: int = 5
    ) -> None:
        self.start_factor = start_factor
        self.end_factor = end_factor
        self.total_iters: int = checked_count("LinearLR: total_iters", total_iters)
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
        self.total_iters: int = checked_count("ConstantLR: total_iters", total_iters)
        super().__init__(optimizer)

    def rate(self, base: float, step: int) -> float:
        """Apply the formula."""
        return base * self.factor if step < self.total_iters else base
