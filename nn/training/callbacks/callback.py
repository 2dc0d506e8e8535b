"""What happens beside the training: the moments at which your own code can look on and take part."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ..training_state import Run

__all__ = ["Callback"]


class Callback:
    """Base of what you pass to ``fit(callbacks=[...])``; override the moments that you need.

    One that remembers something between its moments, on which the training depends, gives it out in
    ``state_dict`` and takes it back in ``load_state_dict``; then a resumed training goes on exactly.

    Examples
    --------
    >>> class StopWhenGood(sg.nn.Callback):
    ...     def on_epoch_end(self, run):
    ...         run.stop = run.history[-1]["accuracy"] > 0.99

    Where several processes train together (:class:`seegrad.optim.DistributedOptimizer`), one that only writes or
    shows something sets ``every_rank = False``: then it is called on rank 0 alone.
    """

    every_rank: ClassVar[bool] = True

    def on_train_begin(self, run: Run) -> None:
        """Run before the first epoch, after a resumed state was loaded (``run.resumed``)."""

    def on_epoch_begin(self, run: Run) -> None:
        """Run before the first step of an epoch, and when a resumed training goes on within one."""

    def on_step_end(self, run: Run) -> None:
        """Run after each batch; ``run.updated`` tells whether the weights have changed with it."""

    def on_epoch_end(self, run: Run) -> None:
        """Run after validation; ``run.history[-1]`` is the epoch that has ended."""

    def on_settled(self, run: Run) -> None:
        """Run after an update or an epoch, when every callback is done with it: the state is complete here."""

    def on_train_end(self, run: Run) -> None:
        """Run at the end of the training, also when an error or Ctrl-C ended it (not ``run.finished``)."""

    def state_dict(self) -> dict[str, Any]:
        """Return what has to be in a checkpoint: numbers, texts, arrays, in lists and dicts."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what ``state_dict`` gave."""
        if state:
            raise ValueError(f"{type(self).__name__} has no state, but was given {sorted(state)}")

    def on_resume(self, run: Run) -> None:
        """Run after ``load_state_dict``, before anything else: raise ValueError if the state does not fit this run."""
