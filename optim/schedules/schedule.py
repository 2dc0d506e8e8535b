"""The base class of schedules: learning rates as a formula of the step's number.

Make the optimizer, make the schedule, then call ``schedule.step()`` once after each ``optimizer.step()``, or once
after each epoch: a schedule counts its own steps and does not care which. Names, arguments and values are
PyTorch's.

Several schedules may step side by side, and a rate may be set by hand: a schedule that finds another rate than its own
goes on from the one that it finds, as PyTorch's chainable schedules do. Most change it by their own factor.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

from ...autograd.side_effect import side_effect
from ...common.argument_repr import ArgumentRepr
from ...common.elsewhere import takes_other_names
from ..optimizer import Optimizer

__all__ = ["Schedule"]

#: Numbers the schedules in the order in which they are made.
_numbers = count()


class Schedule(ArgumentRepr):
    """Base class of schedules. Write ``rate`` in a subclass.

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

    #: The kind of the combined schedule that this one is part of; then only the combined one steps.
    part_of: str | None = None

    def __init__(self, optimizer: Optimizer) -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"{type(self).__name__}: expected an optimizer, got {type(optimizer).__name__}")
        self.optimizer = optimizer
        self.number: int = next(_numbers)
        self.begin([group["lr"] for group in optimizer.param_groups])

    def begin(self, base_lrs: Sequence[float]) -> None:
        """Set the learning rates of step 0."""
        self.steps: int = 0
        self.base_lrs: list[float] = [float(lr) for lr in base_lrs]
        self.rates: list[float] = self._formula()
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
            ``lr``, changed by the same factor; where ``before`` is 0, by the same difference.
        """
        return lr * after / before if before else lr + after

    @side_effect
    @takes_other_names
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
        return [float(self.rate(base, self.steps)) for base in self.base_lrs]

    def _set(self, lrs: Sequence[float]) -> None:
        for group, lr in zip(self.optimizer.param_groups, lrs):
            group["lr"] = lr

    def get_last_lr(self) -> list[float]:
        """Return each group's present learning rate."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        """Return what changes from step to step, as plain numbers and lists."""
        lrs = [float(lr) for lr in self.get_last_lr()[: len(self.base_lrs)]]
        return {"steps": self.steps, "base_lrs": list(self.base_lrs), "rates": list(self.rates), "lrs": lrs}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what :meth:`state_dict` gave, and set the learning rates that there were then."""
        if set(state) != set(self.state_dict()):
            raise ValueError(f"this state does not fit {type(self).__name__}: it has {sorted(state)}")
        self.steps = state["steps"]
        self.base_lrs, self.rates = ([float(lr) for lr in state[name]] for name in ("base_lrs", "rates"))
        self._set(state["lrs"])
