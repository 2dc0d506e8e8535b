"""Watch one measure of a history: which one, and whether it has improved."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal

from ..saved_kinds import check_same_kinds
from ..training_state import Run

Mode = Literal["min", "max"]


class Monitor:
    """The best value of a measure so far.

    Parameters
    ----------
    name : str, optional
        The measure of the history; by default ``val_loss``, without validation ``loss``.
    mode : {"min", "max"}, optional
        Whether smaller or larger is better; by default "min" for a name that ends in "loss", else "max".
    min_delta : float, default 0
        The smallest change that counts as an improvement.
    owner : str
        The callback that uses it, for messages.

    Attributes
    ----------
    best : float or None
        The best value so far.
    best_epoch : int
        The epoch that reached it; 0 before the first.
    """

    def __init__(self, name: str | None, mode: Mode | None, min_delta: float, owner: str) -> None:
        if mode not in (None, "min", "max"):
            raise ValueError(f'{owner}: mode must be "min" or "max", got {mode!r}')
        if not 0 <= min_delta < math.inf:
            raise ValueError(f"{owner}: min_delta must be a number of at least 0, got {min_delta!r}")
        self.name = name
        self.mode = mode
        self.min_delta = min_delta
        self.owner = owner
        self.best: float | None = None
        self.best_epoch: int = 0

    def arguments(self) -> dict[str, Any]:
        """Return what the owner was made with, by the names of its arguments."""
        return {"monitor": self.name, "mode": self.mode, "min_delta": self.min_delta}

    def begin(self, run: Run) -> None:
        """Reset the best value, unless the run is resumed from a checkpoint.

        Raises
        ------
        ValueError
            If the measure is one of the validation, and there is no validation.
        """
        if self.name is not None and self.name.startswith("val_") and not run.validates:
            raise ValueError(f"{self.owner}: {self.name!r} needs a validation; pass fit(..., validation=...)")
        if not run.resumed:
            self.best, self.best_epoch = None, 0

    def look(self, run: Run) -> bool:
        """Tell whether the epoch that has just ended is the best so far, and record it if so.

        Raises
        ------
        ValueError
            If the history has no such measure.
        """
        name = self.name or ("val_loss" if run.validates else "loss")
        record = run.history[-1]
        if name not in record:
            raise ValueError(f"{self.owner}: no measure {name!r} in the history; it has {', '.join(record)}")
        value = record[name]
        falls = (self.mode or ("min" if name.endswith("loss") else "max")) == "min"
        gain = math.inf if self.best is None else (self.best - value if falls else value - self.best)
        # NaN is never an improvement, and every other value improves on NaN.
        better = not math.isnan(value) and (gain > self.min_delta or math.isnan(gain))
        if better:
            self.best, self.best_epoch = value, run.epoch
        return better

    def state_dict(self) -> dict[str, Any]:
        """Return the best value and its epoch."""
        return {"best": self.best, "best_epoch": self.best_epoch}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Load what :meth:`state_dict` returned."""
        check_same_kinds({"best": 0.0, "best_epoch": 0}, state)
        best, best_epoch = state["best"], int(state["best_epoch"])
        self.best, self.best_epoch = None if best is None else float(best), best_epoch
