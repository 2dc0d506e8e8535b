"""Save the whole state of a training to one file, from which it can be resumed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ....common.argument_checks import checked_count
from ....common.atomic_file import keep_copy, prepare_file
from ...files.state_file import save_state
from ...files.weights import save_weights
from ..nonfinite import nonfinite_parameter
from ..training_state import Run
from .callback import Callback
from .monitor import Mode, Monitor

__all__ = ["Checkpoint"]


class Checkpoint(Callback):
    """Save everything that ``fit(..., resume=path)`` needs to reach exactly the same weights.

    The file holds the model, the optimizer, schedules and other callbacks, averages, random generators, the
    position in the data and the history: arrays and JSON in the safetensors format, never code. It is written after
    every epoch and after Ctrl-C, and replaced in one step, so that there is a complete file whenever the program is
    killed. The previous file is kept: beside ``run.safetensors`` as ``run.previous.safetensors``.

    Parameters
    ----------
    path : path
        The file, by custom ``something.safetensors``. Each training needs a file of its own.
    every : int, optional
        Write it also within epochs, after every so many batches (with the next update, if gradients are accumulated).
    best : path, optional
        A file for the weights alone (the averaged ones, if the trainer has an ``ema``) of the best epoch so far;
        :func:`load_weights` reads it.
    monitor : str, optional
        The measure that decides; by default ``val_loss``, without validation ``loss``.
    mode : {"min", "max"}, optional
        Whether smaller or larger is better; by default "min" for a name that ends in "loss", else "max".

    Raises
    ------
    OSError
        From ``fit``, if the file cannot be written; before the first step if that can be known.

    Examples
    --------
    >>> points = sg.data.ArrayDataset(np.eye(3, dtype=np.float32), np.array([0, 1, 2]))
    >>> model = sg.nn.Linear(3, 3)
    >>> trainer = sg.nn.Trainer(model, sg.optim.Adam(model.parameters()), sg.nn.CrossEntropyLoss())
    >>> save = sg.nn.Checkpoint("run.safetensors")
    >>> history = trainer.fit(points, epochs=2, callbacks=[save])
    >>> history = trainer.fit(points, epochs=5, callbacks=[save], resume="run.safetensors")
    >>> len(history)
    5
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        every: int | None = None,
        best: str | os.PathLike[str] | None = None,
        monitor: str | None = None,
        mode: Mode | None = None,
    ) -> None:
        self.path: Path = Path(path)
        self.previous: Path = self.path.with_name(f"{self.path.stem}.previous{self.path.suffix}")
        self.every: int | None = None if every is None else checked_count("Checkpoint: every", every)
        self.best: Path | None = None if best is None else Path(best)
        self._monitor = Monitor(monitor, mode, 0.0, "Checkpoint")
        self._due = False
        self._saved: tuple[int, int, int] | None = None

    def _arguments(self) -> Mapping[str, Any]:
        return {**vars(self), **self._monitor.arguments()}

    def on_train_begin(self, run: Run) -> None:
        """Check before the first epoch that everything can be saved."""
        self._monitor.begin(run)
        self._due, self._saved = False, _place(run)
        for path in (self.path, self.previous, self.best):
            if path is not None and run.ranks.first:
                prepare_file(path)
        run.state_dict()

    def on_step_end(self, run: Run) -> None:
        """Mark the file as due after ``every`` batches."""
        self._due = self._due or (self.every is not None and run.step % self.every == 0)

    def on_epoch_end(self, run: Run) -> None:
        """Mark the file as due, and save the weights if they are the best so far."""
        self._due = True
        if self.best is not None and self._monitor.look(run) and run.ranks.first:
            with run.trainer.averaged():
                save_weights(run.trainer.model, self.best)

    def on_settled(self, run: Run) -> None:
        """Write the file if it is due."""
        if self._due:
            self._save(run)

    def on_train_end(self, run: Run) -> None:
        """Write the file after Ctrl-C, if the step was completed."""
        # An error on one of several ranks ends the job, and the other ranks cannot send their parts.
        if not run.finished and run.settled and run.ranks.size == 1:
            self._save(run)

    def _save(self, run: Run) -> None:
        self._due = False
        # A state that is not finite would replace the last good one; the next loss reports it.
        if _place(run) != self._saved and nonfinite_parameter(run.trainer.model) is None:
            state = run.state_dict()
            if run.ranks.first:
                keep_copy(self.path, self.previous)
                save_state(state, self.path)
            self._saved = _place(run)

    def state_dict(self) -> dict[str, Any]:
        """Return the best value so far, if the best weights are saved."""
        return {} if self.best is None else self._monitor.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Load what :meth:`state_dict` returned."""
        self._monitor.load_state_dict(state)


def _place(run: Run) -> tuple[int, int, int]:
    return run.epoch, run.step, len(run.history)
