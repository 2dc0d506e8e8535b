"""Plot the curves of a training while it runs."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from time import perf_counter
from typing import Any

from ....common.atomic_file import prepare_file
from ...plots.training_plots import plot_curves
from ..training_state import Run
from .callback import Callback

__all__ = ["LiveCurves"]

# Drawing takes at most this share of the time.
SHARE_OF_TIME = 0.05


class LiveCurves(Callback):
    """Plot loss and accuracy while ``fit`` runs: in a notebook below the cell, and to a file if ``path`` is given.

    It needs matplotlib, and in a notebook IPython.

    Parameters
    ----------
    path : path, optional
        A PNG file; it is replaced at each update.
    seconds : float, default 2
        The least time between two updates within an epoch.
    """

    every_rank = False

    def __init__(self, path: str | os.PathLike[str] | None = None, seconds: float = 2.0) -> None:
        self.path = path
        self.seconds: float = float(seconds)
        self._handle: Any = None
        self._running: list[tuple[float, float]] = []
        self._smooth = 0.0
        self._next = 0.0

    def on_train_begin(self, run: Run) -> None:
        """Begin a new figure, and check that its file can be written."""
        if self.path is not None:
            prepare_file(self.path)
        self._handle, self._running = None, []
        self._next = perf_counter() + self.seconds

    def on_step_end(self, run: Run) -> None:
        """Add the loss, smoothed over about ten batches, and draw if the time between updates is over."""
        self._smooth = 0.9 * self._smooth + 0.1 * run.loss if self._running else run.loss
        self._running.append((run.epoch - 1 + run.step / run.steps_per_epoch, self._smooth))
        if perf_counter() >= self._next:
            self._draw(run)

    def on_epoch_end(self, run: Run) -> None:
        """Draw the curves with the epoch that has ended."""
        self._draw(run)

    def _draw(self, run: Run) -> None:
        begin = perf_counter()
        in_notebook = "ipykernel" in sys.modules
        if in_notebook or self.path is not None:
            # More than some hundred points cannot be told apart in a figure.
            thinned = self._running[:: max(1, len(self._running) // 500)]
            figure = plot_curves(run.history, self.path, thinned)
            if in_notebook:
                self._show(figure)
        end = perf_counter()
        self._next = end + max(self.seconds, (end - begin) / SHARE_OF_TIME)

    def _show(self, figure: Any) -> None:
        ipython: Any = import_module("IPython.display")
        image = ipython.Image(data=figure.png(), format="png")
        if self._handle is None:
            self._handle = ipython.display(image, display_id=True)
        else:
            self._handle.update(image)
