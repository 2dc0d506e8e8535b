"""The base of callbacks: code that is called at fixed moments of a training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ....common.argument_repr import ArgumentRepr
from ..training_state import Run

__all__ = ["Callback"]


class Callback(ArgumentRepr):
    """Base of what is passed to ``fit(callbacks=[...])``; override the methods that you need.

    A callback with a state on which the training depends returns it from ``state_dict`` and loads it in
    ``load_state_dict``; then a resumed training continues exactly.

    Examples
    --------
    >>> class StopWhenGood(sg.nn.Callback):
    ...     def on_epoch_end(self, run):
    ...         run.stop = run.history[-1]["accuracy"] > 0.99

    When several processes train together (:class:`seegrad.optim.DistributedOptimizer`), a callback that only writes or
    shows something sets ``every_rank = False``; then it is called on rank 0 alone.
    """

    every_rank: ClassVar[bool] = True

    def on_train_begin(self, run: Run) -> None:
        """Run before the first epoch, after a resumed state was loaded (``run.resumed``)."""

    def on_epoch_begin(self, run: Run) -> None:
        """Run before the first step of an epoch, and when a training is resumed within an epoch."""

    def on_step_end(self, run: Run) -> None:
        """Run after each batch; ``run.updated`` tells whether the weights were updated."""

    def on_epoch_end(self, run: Run) -> None:
        """Run after the validation; ``run.history[-1]`` is the record of the epoch."""

    def on_settled(self, run: Run) -> None:
        """Run after an update or an epoch, after all callbacks have seen it: here the state can be saved."""

    def on_train_end(self, run: Run) -> None:
        """Run at the end of the training, also after an error or Ctrl-C (then ``run.finished`` is False)."""

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint has to keep: numbers, texts and arrays, in lists and dicts."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Load what ``state_dict`` returned."""
        if state:
            raise ValueError(f"{type(self).__name__} has no state, but was given {sorted(state)}")

    def on_resume(self, run: Run) -> None:
        """Run directly after ``load_state_dict``; raise ValueError if the state does not fit this run."""
