"""Stop a training that no longer improves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ....common.argument_checks import checked_count
from ....common.state import check_state
from ..saved_kinds import check_same_kinds
from ..training_state import Run
from .callback import Callback
from .monitor import Mode, Monitor

__all__ = ["EarlyStopping"]


class EarlyStopping(Callback):
    """Stop when a measure has not improved for a number of epochs.

    Parameters
    ----------
    monitor : str, optional
        The measure of the history; by default ``val_loss``, without validation ``loss``.
    patience : int, default 5
        The number of epochs in a row without improvement after which the training ends.
    min_delta : float, default 0
        The smallest change that counts as an improvement.
    mode : {"min", "max"}, optional
        Whether smaller or larger is better; by default "min" for a name that ends in "loss", else "max".
    restore_best : bool, default False
        Whether to load the weights of the best epoch into the model when the training has finished.

    Attributes
    ----------
    best : float or None
        The best value so far.
    best_epoch : int
        The epoch that reached it.

    Examples
    --------
    >>> stop = sg.nn.EarlyStopping("val_accuracy", patience=3, restore_best=True)
    """

    def __init__(
        self,
        monitor: str | None = None,
        patience: int = 5,
        min_delta: float = 0.0,
        mode: Mode | None = None,
        restore_best: bool = False,
    ) -> None:
        self.patience: int = checked_count("EarlyStopping: patience", patience)
        self.restore_best = restore_best
        self._monitor = Monitor(monitor, mode, min_delta, "EarlyStopping")
        self._waited = 0
        self._kept: dict[str, Any] | None = None

    def _arguments(self) -> Mapping[str, Any]:
        return {**vars(self), **self._monitor.arguments()}

    @property
    def best(self) -> float | None:
        """The best value so far."""
        return self._monitor.best

    @property
    def best_epoch(self) -> int:
        """The epoch that reached it."""
        return self._monitor.best_epoch

    def on_train_begin(self, run: Run) -> None:
        """Reset the count of epochs, unless the training is resumed."""
        self._monitor.begin(run)
        if not run.resumed:
            self._waited, self._kept = 0, None

    def on_epoch_end(self, run: Run) -> None:
        """Compare the measure, and stop the training after ``patience`` epochs without improvement."""
        if self._monitor.look(run):
            self._waited = 0
            if self.restore_best:
                self._kept = {"model": run.trainer.model.state_dict()}
                if run.trainer.ema is not None:
                    self._kept["ema"] = run.trainer.ema.state_dict()
        else:
            self._waited += 1
            run.stop = run.stop or self._waited >= self.patience

    def on_train_end(self, run: Run) -> None:
        """Restore the best weights if ``restore_best`` is True and the training was not interrupted."""
        if run.finished and self._kept is not None:
            run.trainer.model.load_state_dict(self._kept["model"])
            if run.trainer.ema is not None:
                run.trainer.ema.load_state_dict(self._kept["ema"])

    def state_dict(self) -> dict[str, Any]:
        """Return the best value, the number of epochs since, and the weights to restore."""
        return {**self._monitor.state_dict(), "waited": self._waited, "kept": self._kept}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Load what :meth:`state_dict` returned."""
        check_same_kinds(self.state_dict(), state)
        waited, kept = state["waited"], state["kept"]
        if kept is not None and not (isinstance(kept, Mapping) and "model" in kept):
            raise ValueError("the weights to restore are not in it")
        self._monitor.load_state_dict(state)
        self._waited = waited
        self._kept = None if kept is None else dict(kept)

    def on_resume(self, run: Run) -> None:
        """Refuse weights to restore that do not fit this model."""
        if self._kept is None:
            return
        check_same_kinds(run.trainer.model.state_dict(), self._kept["model"])
        check_state(type(run.trainer.model).__name__, run.trainer.model.state_dict(), self._kept["model"], strict=True)
        if run.trainer.ema is not None:
            own, given = run.trainer.ema.state_dict(), self._kept.get("ema")
            if not isinstance(given, Mapping) or set(given) != set(own):
                raise ValueError("the averages to restore are not in it")
            check_same_kinds(own, given)
            check_state("EMA", own["state"], given["state"], strict=True)
