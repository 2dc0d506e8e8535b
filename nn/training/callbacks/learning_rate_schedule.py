"""Step a learning rate schedule during a training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from ....optim import ReduceLROnPlateau, Schedule
from ..saved_kinds import check_same_kinds
from ..training_state import Run
from .callback import Callback

__all__ = ["LearningRateSchedule"]


class LearningRateSchedule(Callback):
    """Step a schedule of :mod:`seegrad.optim` after every epoch or every update.

    Parameters
    ----------
    schedule : schedule of ``seegrad.optim``
        Made for the trainer's optimizer. ``ReduceLROnPlateau`` gets the measure ``monitor`` after every epoch.
    every : {"epoch", "step"}, default "epoch"
        "step" means after each update of the weights, as ``OneCycleLR`` needs it.
    monitor : str, optional
        The measure for ``ReduceLROnPlateau``; by default ``val_loss``, without validation ``loss``.

    Raises
    ------
    TypeError, ValueError
        If ``schedule`` is not a schedule, or ``every`` does not fit it.

    Examples
    --------
    >>> model = sg.nn.Linear(2, 2)
    >>> optimizer = sg.optim.SGD(model.parameters(), lr=0.1)
    >>> follow = sg.nn.LearningRateSchedule(sg.optim.StepLR(optimizer, step_size=10))
    """

    def __init__(
        self,
        schedule: Schedule | ReduceLROnPlateau,
        every: Literal["epoch", "step"] = "epoch",
        monitor: str | None = None,
    ) -> None:
        if not isinstance(schedule, Schedule | ReduceLROnPlateau):
            raise TypeError(f"LearningRateSchedule: expected a schedule of seegrad.optim, got {schedule!r:.80}")
        if every not in ("epoch", "step"):
            raise ValueError(f'LearningRateSchedule: every must be "epoch" or "step", got {every!r}')
        if isinstance(schedule, ReduceLROnPlateau) and every == "step":
            raise ValueError(
                "LearningRateSchedule: ReduceLROnPlateau follows a measure of the epochs; use every='epoch'"
            )
        self.schedule = schedule
        self.every = every
        self.monitor = monitor

    def on_train_begin(self, run: Run) -> None:
        """Refuse a schedule that was made for another optimizer."""
        own = run.trainer.optimizer
        # A schedule made for the optimizer inside a DistributedOptimizer changes the same groups.
        if self.schedule.optimizer not in (own, getattr(own, "optimizer", own)):
            raise ValueError("LearningRateSchedule: the schedule was made for another optimizer than the trainer's")

    def on_step_end(self, run: Run) -> None:
        """Step the schedule after an update, if ``every`` is "step"."""
        if self.every == "step" and run.updated and isinstance(self.schedule, Schedule):
            self.schedule.step()

    def on_epoch_end(self, run: Run) -> None:
        """Step the schedule after an epoch, if ``every`` is "epoch"."""
        if isinstance(self.schedule, ReduceLROnPlateau):
            name = self.monitor or ("val_loss" if run.validates else "loss")
            if name not in run.history[-1]:
                raise ValueError(
                    f"LearningRateSchedule: no measure {name!r} in the history; it has {', '.join(run.history[-1])}"
                )
            self.schedule.step(run.history[-1][name])
        elif self.every == "epoch":
            self.schedule.step()

    def state_dict(self) -> dict[str, Any]:
        """Return the state of the schedule."""
        return self.schedule.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Load what :meth:`state_dict` returned."""
        check_same_kinds(self.schedule.state_dict(), state)
        self.schedule.load_state_dict(state)
