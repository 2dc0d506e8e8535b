"""Write the measures of a training, and histograms of weights and gradients, for TensorBoard."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from ..training_state import Run
from .callback import Callback

__all__ = ["TensorBoard"]


class TensorBoard(Callback):
    """Write what TensorBoard shows: every measure and the learning rate after each epoch, and histograms.

    ``tensorboard --logdir folder`` shows it, also while the training runs. Measures of the training are in the folder
    ``train`` and those of the validation, without their ``val_``, in ``validation``, so that both are curves of one
    chart. The learning rate is that with which the epoch begins; those of further parameter groups are numbered.

    A training that begins again, or is resumed, in the same folder replaces the epochs that it makes anew.

    It needs tensorboardX, which writes the files (``pip install 'seegrad[tensorboard]'``); TensorBoard itself may be
    somewhere else.

    Parameters
    ----------
    folder : path
        Where to write; one folder for each training, side by side, lets TensorBoard compare them.
    histograms : bool, default False
        Whether to write the distribution of each weight, and of its gradient in the last batch, after each epoch.

    Raises
    ------
    ImportError
        If tensorboardX is not installed.

    Examples
    --------
    >>> sg.nn.TensorBoard("runs/first", histograms=True)
    TensorBoard(folder='runs/first', histograms=True)
    """

    every_rank = False

    def __init__(self, folder: str | os.PathLike[str], histograms: bool = False) -> None:
        try:
            import tensorboardX  # noqa: F401 (is it there? Better now than after an epoch)
        except ImportError as error:
            raise ImportError("TensorBoard needs tensorboardX: pip install 'seegrad[tensorboard]'") from error
        self.folder: Path = Path(folder)
        self.histograms = histograms
        self._writers: dict[str, Any] = {}
        self._rates: list[float] = []

    def on_train_begin(self, run: Run) -> None:
        """Open the files; TensorBoard leaves out what earlier ones have of the epochs that follow."""
        from tensorboardX import SummaryWriter

        following = len(run.history) + 1
        for name in ("train", "validation") if run.validates else ("train",):
            # The suffix tells files apart that are begun in the same second.
            folder, suffix = str(self.folder / name), f".{following}"
            self._writers[name] = SummaryWriter(folder, purge_step=following, filename_suffix=suffix)

    def on_epoch_begin(self, run: Run) -> None:
        """Remember the learning rates."""
        self._rates = [group["lr"] for group in getattr(run.trainer.optimizer, "param_groups", ())]

    def on_epoch_end(self, run: Run) -> None:
        """Write the epoch."""
        train = self._writers["train"]
        for name, value in run.history[-1].items():
            writer = self._writers["validation"] if name.startswith("val_") else train
            writer.add_scalar(name.removeprefix("val_"), value, run.epoch)
        for i, rate in enumerate(self._rates):
            train.add_scalar(f"learning_rate/{i}" if i else "learning_rate", rate, run.epoch)
        if self.histograms:
            for name, parameter in run.trainer.model.named_parameters():
                self._histogram(f"weights/{name}", parameter.data, run.epoch)
                self._histogram(f"gradients/{name}", parameter.grad, run.epoch)
        for each in self._writers.values():
            each.flush()

    def on_train_end(self, run: Run) -> None:
        """Close the files, also after an error."""
        for writer in self._writers.values():
            writer.close()
        self._writers = {}

    def _histogram(self, name: str, values: Any, epoch: int) -> None:
        finite = np.asarray([] if values is None else values, np.float64)
        finite = finite[np.isfinite(finite)]
        if finite.size:
            self._writers["train"].add_histogram(name, finite, epoch)
