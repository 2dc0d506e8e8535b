"""What a training leaves in its folder, and what is said about it at the end."""

from __future__ import annotations

import json
import shlex
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from .. import nn
from ..common.atomic_file import prepare_file, write_atomically
from ..nn.plots.training_plots import plot_curves
from ..nn.training.trainer_protocols import TrainerLike
from .printing import printable
from .results_folder import CHECKPOINT, HISTORY, MODEL, is_found_by_itself
from .tasks import PREDICTIONS, Examples, Task

CURVES = "curves.png"
CONTENTS = {
    MODEL: "the network; seegrad.load() reads it, too",
    HISTORY: "loss and accuracy: of each epoch, of the test {noun}",
    CHECKPOINT: "what --resume goes on from",
    CURVES: "loss and accuracy by epoch, drawn",
    PREDICTIONS: "ten test images, and what the network takes them for",
}


class Results(nn.Callback):
    """Saves the model and its history after every epoch, so that an interrupted run loses at most one.

    Parameters
    ----------
    folder : Path
        Where to.
    recipe : str
        What was trained.
    task : Task
        What for.
    examples : Examples
        On what.
    best : EarlyStopping, optional
        It tells which epoch is the best; by default that is the last one.
    """

    every_rank = False

    def __init__(
        self, folder: Path, recipe: str, task: Task, examples: Examples, best: nn.EarlyStopping | None
    ) -> None:
        self.folder = folder
        self.recipe = recipe
        self.task = task
        self.examples = examples
        self.best = best

    @property
    def best_epoch(self) -> int:
        """The best epoch so far, 0 if there is none or every epoch replaces the one before it."""
        return 0 if self.best is None else self.best.best_epoch

    def on_train_begin(self, run: nn.Run) -> None:
        """Check before the first epoch that the files can be written."""
        for name in (MODEL, HISTORY):
            prepare_file(self.folder / name)

    def on_epoch_end(self, run: nn.Run) -> None:
        """Save the history, and the model if no earlier epoch was better."""
        if self.best_epoch in (0, run.epoch):
            self.save_model(run.trainer)
        self.save_history(run.trainer)

    def save_model(self, trainer: TrainerLike) -> None:
        """Write the model, with averaged weights if there are any."""
        with trainer.averaged():
            trainer.model.save(self.folder / MODEL, **self.examples.info)

    def save_history(self, trainer: TrainerLike, test: dict[str, float] | None = None) -> None:
        """Write the measures of the epochs and, at the end, of the test."""
        record: dict[str, Any] = {"recipe": self.recipe, "epochs": trainer.history.epochs, "test": test}
        if self.best_epoch:
            record["best_epoch"] = self.best_epoch
        write_atomically(self.folder / HISTORY, (json.dumps(record, indent=2) + "\n").encode())

    def finish(self, trainer: nn.Trainer) -> dict[str, float]:
        """Evaluate the trained model, write the results and say where they are; return what was measured."""
        result = trainer.evaluate(self.examples.test)
        self.save_model(trainer)
        self.save_history(trainer, result)
        self._show(trainer)
        if self.best_epoch:
            print(f"\nkept the weights of epoch {self.best_epoch}, which has the lowest loss in validation")
        print(f"\nresults are in {printable(self.folder)}:")
        for name in filter(lambda name: (self.folder / name).exists(), CONTENTS):
            print(f"  {name:<23}  {CONTENTS[name].format(noun=self.task.noun)}")
        print("next, try")
        for command in next_commands(self.folder, self.task):
            print(f"  {command}")
        print(f"test loss {result['loss']:.4f}   test accuracy {result['accuracy']:.4f}")
        return result

    def _show(self, trainer: nn.Trainer) -> None:
        pictures = [CURVES, *([self.task.picture] if self.task.picture else [])]
        drawable = find_spec("matplotlib") is not None
        if drawable:
            plot_curves(trainer.history, self.folder / CURVES)
        else:
            missing = "matplotlib is missing (pip install 'seegrad[plot]')"
            print(f"no {' and '.join(pictures)}: {missing}", file=sys.stderr)
        if drawable or not self.task.picture:
            self.task.show(trainer, self.examples, self.folder)


def next_commands(folder: Path, task: Task) -> list[str]:
    """Return two commands to try, ready to paste: they call this program as it was called now."""
    program = Path(sys.argv[0])
    if program.name == "seegrad":
        name = "seegrad" if shutil.which("seegrad") == str(program) else shlex.quote(str(program))
    else:
        name = f"{shlex.quote(sys.orig_argv[0])} -m seegrad"
    model = "" if is_found_by_itself(folder) else f" {shlex.quote(str(folder))}"
    commands = [command.partition(" ") for command in task.next_commands()]
    return [f"{name} {command}{model}{space}{options}" for command, space, options in commands]
