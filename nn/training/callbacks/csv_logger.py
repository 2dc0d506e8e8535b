"""Writing the history into a table that other programs read."""

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
    """Keep a CSV file with a row for every epoch: its number, then all measures of the history.

    The file is written anew after each epoch, so that it always agrees with the history, also after resuming.

    Parameters
    ----------
    path : path
        The file.
    """

    every_rank = False

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)

    def on_train_begin(self, run: Run) -> None:
        """Find out now if it cannot be written, and remove what a killed training has left half written."""
        prepare_file(self.path)

    def on_epoch_end(self, run: Run) -> None:
        """Write the file."""
        table = io.StringIO(newline="")
        names = list(dict.fromkeys(name for record in run.history for name in record))
        writer = csv.DictWriter(table, ["epoch", *names], lineterminator="\n")
        writer.writeheader()
        writer.writerows({"epoch": number, **record} for number, record in enumerate(run.history, 1))
        write_atomically(self.path, table.getvalue().encode())
