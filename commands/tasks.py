"""What the recipes are for: reading digits, and writing names. Their examples, and what is shown of a trained model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from ..data import ArrayDataset, Vocabulary, load_mnist, load_names, next_token_rows, random_split
from ..nn import Trainer
from ..nn.plots.training_plots import plot_predictions
from .printing import printable
from .results_folder import RUNS
from .serve_command import missing_packages
from .write_command import BOUNDARY, written

PREDICTIONS = "predictions.png"
#: The share of the names that is kept for the test; which ones does not depend on the seed of a training.
TEST_NAMES = 0.1


class Examples(NamedTuple):
    """What a model is trained and tested on.

    Attributes
    ----------
    train, test : ArrayDataset
        The examples.
    sizes : dict
        Arguments of the recipe's model, so that it fits them.
    info : dict
        What is saved with the model: the shape of one example, the names of the classes.
    """

    train: ArrayDataset
    test: ArrayDataset
    sizes: dict[str, int]
    info: dict[str, Any]


@dataclass(frozen=True)
class Task:
    """A task of models.

    Attributes
    ----------
    folder : Path
        Where results are written, by default.
    noun : str
        What the examples are called.
    load : callable
        Loads the examples, from the path of ``--data-dir``, or those that are included.
    show : callable
        Shows what a trained model does: as text, or with matplotlib in a file of a folder.
    picture : str or None
        The name of that file.
    next_commands : callable
        Returns two commands to try next.
    classifies : bool
        Whether models give one class to each example.
    """

    folder: Path
    noun: str
    load: Callable[[str | None], Examples]
    show: Callable[[Trainer, Examples, Path], None]
    picture: str | None
    next_commands: Callable[[], tuple[str, str]]
    classifies: bool


def _digits(path: str | None) -> Examples:
    train, test = load_mnist(path)
    return Examples(train, test, {}, {"input_shape": (28, 28, 1), "class_names": "0123456789"})


def _plot_digits(trainer: Trainer, examples: Examples, folder: Path) -> None:
    some = examples.test[:10]
    plot_predictions(some.x, some.y, trainer.predict(some.x), folder / PREDICTIONS)


def _names(path: str | None) -> Examples:
    words = load_names(path)
    vocabulary = Vocabulary.of_characters(words, special=[BOUNDARY])
    length = max(map(len, words)) + 1
    train, test = (
        next_token_rows([vocabulary.encode(part[i]) for i in range(len(part))], length)
        for part in random_split(words, [1 - TEST_NAMES, TEST_NAMES], seed=0)
    )
    sizes = {"vocab_size": len(vocabulary), "context_length": length}
    return Examples(train, test, sizes, {"input_shape": (length,), "class_names": vocabulary.tokens})


def _print_names(trainer: Trainer, examples: Examples, folder: Path) -> None:
    with trainer.averaged():
        words = written(trainer.model, examples.info["class_names"], 10, seed=0)
    print("\nnew names: " + ", ".join(map(printable, words)))


DIGITS = Task(
    folder=Path(RUNS, "mnist"),
    noun="images",
    load=_digits,
    show=_plot_digits,
    picture=PREDICTIONS,
    next_commands=lambda: ("evaluate", "draw" if missing_packages() else "serve --open"),
    classifies=True,
)
NAMES = Task(
    folder=Path(RUNS, "names"),
    noun="names",
    load=_names,
    show=_print_names,
    picture=None,
    next_commands=lambda: ("write", "draw"),
    classifies=False,
)
#: The tasks by the recipes that are for them.
TASKS: Mapping[str, Task] = {"article": DIGITS, "best": DIGITS, "names": NAMES, "names-long": NAMES}
