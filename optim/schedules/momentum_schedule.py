"""The base class of schedules that set the momentum, too."""

from __future__ import annotations

from collections.abc import Sequence

from ...autograd.side_effect import side_effect
from ..optimizer import Optimizer
from .schedule import Schedule


class MomentumSchedule(Schedule):
    """A schedule of learning rate and momentum. Write ``rate`` and ``momentum`` in a subclass.

    Parameters
    ----------
    optimizer : Optimizer
        Whose settings to set.
    cycle_momentum : bool
        Whether to set the momentum (of Adam: the first of the ``betas``).

    Raises
    ------
    ValueError
        If the optimizer has no momentum to set.
    """

    def __init__(self, optimizer: Optimizer, cycle_momentum: bool) -> None:
        name = type(self).__name__
        if cycle_momentum and not {"momentum", "betas"} & set(optimizer.defaults):
            raise ValueError(f"{name}: {type(optimizer).__name__} has no momentum; set cycle_momentum=False")
        self.cycle_momentum = cycle_momentum
        super().__init__(optimizer)

    def momentum(self, step: int) -> float:
        """Return the momentum at a step (from 0)."""
        raise NotImplementedError(f"{type(self).__name__} has no momentum(); write one")

    @side_effect
    def step(self) -> None:
        """Go on to the next step.

        Raises
        ------
        ValueError
            If the momentum is not the one that this schedule set.
        """
        expected = self.momentum(self.steps)
        found = next((m for m in self._momenta() if m != expected), None) if self.cycle_momentum else None
        if found is not None:
            raise ValueError(
                f"{type(self).__name__}: the optimizer's momentum is {found!r}, not {expected!r}, which this schedule "
                "set: somebody else has changed it. Make the schedule with cycle_momentum=False to set the momentum "
                "yourself"
            )
        super().step()

    def _momenta(self) -> list[float]:
        groups = self.optimizer.param_groups[: len(self.base_lrs)]
        return [group["betas"][0] if "betas" in group else group["momentum"] for group in groups]

    def _set(self, lrs: Sequence[float]) -> None:
        """Set learning rates and momenta."""
        super()._set(lrs)
        if self.cycle_momentum:
            momentum = self.momentum(self.steps)
            for group in self.optimizer.param_groups[: len(lrs)]:
                if "betas" in group:
                    group["betas"] = (momentum, *group["betas"][1:])
                else:
                    group["momentum"] = momentum
