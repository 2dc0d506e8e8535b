"""Show the progress of a training: a live bar, and one line per epoch."""

from __future__ import annotations

import sys
import threading
from time import perf_counter
from typing import Any

from ....common.fork import renewed
from ..training_state import Run
from .callback import Callback

__all__ = ["EpochLines", "ProgressBar"]

SECONDS_BETWEEN_UPDATES = 0.1
# Short enough for 80 columns; tqdm sets a comma before the measures.
FORMAT = "{desc} {percentage:3.0f}%|{bar}| {remaining} left, {rate_noinv_fmt}{postfix}"


def is_watched() -> bool:
    """Tell whether the output goes to a terminal or a notebook, where a live bar can be seen."""
    terminal = sys.stderr is not None and sys.stderr.isatty()  # None in a program without a console
    return terminal or "ipykernel" in sys.modules


def watchers(progress: bool | None, verbose: int | str | None) -> list[Callback]:
    """Return the callbacks that show the progress.

    Parameters
    ----------
    progress : bool, optional
        Whether to show it; by default where it is watched.
    verbose : {0, 1, 2, "auto"}, optional
        The same as Keras says it: nothing, a bar and lines, lines only, or where it is watched.

    Raises
    ------
    TypeError, ValueError
        If both are given, or it is none of these.
    """
    if verbose is None or verbose == "auto":
        return [ProgressBar(), EpochLines()] if (is_watched() if progress is None else progress) else []
    if progress is not None:
        raise TypeError("fit: give progress or verbose, which say the same")
    if verbose not in (0, 1, 2):
        raise ValueError(f"fit: verbose must be 0 (silent), 1 (a bar), 2 (a line per epoch) or 'auto', got {verbose!r}")
    return [*([ProgressBar()] if verbose == 1 else []), *([EpochLines()] if verbose else [])]


class ProgressBar(Callback):
    """A live bar for each epoch with loss, accuracy, images per second and the time left; removed after the epoch.

    It shows nothing outside of a terminal or a notebook, for example in a log file.
    """

    every_rank = False

    def __init__(self) -> None:
        self._bar: Any = None
        self._waiting = 0
        self._shown = 0.0

    def on_epoch_begin(self, run: Run) -> None:
        """Open the bar of the epoch."""
        if is_watched():
            from tqdm import tqdm

            # A notebook keeps what is shown: there the bar shares a stream with the lines of the epochs, which take its
            # place. A widget, or another stream, would leave an output of its own behind in every epoch.
            place = {"file": sys.stdout, "ncols": 88} if "ipykernel" in sys.modules else {"dynamic_ncols": True}
            title = f"epoch {run.epoch}/{run.epochs}"
            total, done = run.examples_per_epoch, run.step * run.loader.batch_size  # some, if the training goes on
            # on_step_end decides when the bar moves. tqdm alone would skip small steps after large ones, among them the
            # last step of an epoch.
            always = {"mininterval": 0, "miniters": 1}
            look = {"unit": " img", "bar_format": FORMAT, "leave": False}
            self._bar = tqdm(total=total, initial=done, desc=title, **look, **place, **always)

    def on_step_end(self, run: Run) -> None:
        """Move the bar, at most every tenth of a second and after the last step."""
        if self._bar is None:
            return
        self._waiting += run.examples
        now = perf_counter()
        if now - self._shown >= SECONDS_BETWEEN_UPDATES or run.step == run.steps_per_epoch:
            measures = ", ".join(f"{name} {value:.4f}" for name, value in run.metrics.results().items())
            self._bar.set_postfix_str(measures, refresh=False)
            self._bar.update(self._waiting)
            self._waiting, self._shown = 0, now

    def on_epoch_end(self, run: Run) -> None:
        """Remove the bar."""
        self.on_train_end(run)

    def on_train_end(self, run: Run) -> None:
        """Remove the bar, also after an error."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None
            self._waiting = 0


class EpochLines(Callback):
    """Print a line per epoch: ``epoch 1/5   loss 0.1712   accuracy 0.9478   val_loss 0.0534 ...``."""

    every_rank = False

    def on_epoch_end(self, run: Run) -> None:
        """Print the record of the epoch."""
        results = "   ".join(f"{name} {value:.4f}" for name, value in run.history[-1].items())
        print(f"epoch {run.epoch}/{run.epochs}   {results}", flush=True)


@renewed
def _renew_lock_of_bars() -> None:
    """Give bars a new lock: another thread of the parent, which is not here, may have held tqdm's."""
    loaded = sys.modules.get("tqdm")
    if loaded is not None:
        loaded.tqdm.set_lock(threading.RLock())
