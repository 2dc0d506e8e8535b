"""What happens beside the training: the moments at which your own code can look on, and what it sees."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .history import History
from .metrics import RunningMetrics

if TYPE_CHECKING:
    from .trainer import Trainer


@dataclass
class Run:
    """Where a call of :meth:`Trainer.fit` stands; every callback gets it.

    Attributes
    ----------
    trainer : Trainer
        Has the ``model``, the ``optimizer`` and the ``loss``.
    epochs, steps_per_epoch, examples_per_epoch : int
        How much there is to do.
    epoch, step : int
        The present epoch, and the step within it that was done last; both count from 1.
    examples : int
        How many the last batch had.
    metrics : RunningMetrics
        Loss and accuracy of the epoch so far.
    history : History
        The epochs that are done.
    stop : bool
        Set it to True to end the training after the present epoch.
    """

    trainer: Trainer
    epochs: int
    steps_per_epoch: int
    examples_per_epoch: int
    history: History
    epoch: int = 0
    step: int = 0
    examples: int = 0
    metrics: RunningMetrics = field(default_factory=RunningMetrics)
    stop: bool = False


class Callback:
    """Base of what you pass to ``fit(callbacks=[...])``; override the moments that you need.

    Examples
    --------
    >>> class StopWhenGood(sg.nn.Callback):
    ...     def on_epoch_end(self, run):
    ...         run.stop = run.history[-1]["accuracy"] > 0.99
    """

    def on_train_begin(self, run: Run) -> None:
        """Run before the first epoch."""

    def on_epoch_begin(self, run: Run) -> None:
        """Run before the first step of an epoch."""

    def on_step_end(self, run: Run) -> None:
        """Run after the weights have been updated."""

    def on_epoch_end(self, run: Run) -> None:
        """Run after validation; ``run.history[-1]`` is the epoch that has ended."""

    def on_train_end(self, run: Run) -> None:
        """Run at the end of the training, also when an error or Ctrl-C ended it."""
