"""Write the history to a CSV file."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path

from ....common.atomic_file import prepare_file, write_atomically
from ..training_state import Run
from .callback import Callback

__all__ = ["CSVLogger"]


class CSVLogger(Callback):
    """Write a CSV file with a row for every epoch: its number, then all measures of the history.

    The whole file is written after each epoch, so that it agrees with the history, also after resuming.

    Parameters
    ----------
    path : path
        The file.

    Examples
    --------
    >>> x, y = np.eye(3, dtype=np.float32), np.arange(3)
    >>> trainer = sg.nn.Trainer(sg.nn.Sequential(sg.nn.Linear(3, 3)), "adam", "cross_entropy")
    >>> history = trainer.fit(x, y, epochs=2, callbacks=sg.nn.CSVLogger("log.csv"))
    >>> with open("log.csv") as file:
    ...     print(file.readline().strip())
    epoch,loss,accuracy
    """

    every_rank = False

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path: Path = Path(path)

    def on_train_begin(self, run: Run) -> None:
        """Check that the file can be written, and remove a half-written file of a killed training."""
        prepare_file(self.path)

    def on_epoch_end(self, run: Run) -> None:
        """Write the file."""
        table = io.StringIO(newline="")
        names = list(dict.fromkeys(name for record in run.history for name in record))
        writer = csv.DictWriter(table, ["epoch", *names], lineterminator="\n")
        writer.writeheader()
        writer.writerows({"epoch": number, **record} for number, record in enumerate(run.history, 1))
        write_atomically(self.path, table.getvalue().encode())
