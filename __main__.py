"""The command line: ``seegrad train``."""

from __future__ import annotations

import argparse
import json
import math
import signal
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from . import data, nn, optim
from .data import ArrayDataset
from .data.dataset import Source
from .nn.atomic_file import make_writable_folder, write_atomically
from .nn.plots import plot_curves, plot_predictions
from .rng import manual_seed

FAILED = 1
INTERRUPTED = 128 + signal.SIGINT


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        By default, those that the program was called with.

    Returns
    -------
    int
        The exit status: 0, 1 after an error, 130 after Ctrl-C. (Wrong options exit with 2.)
    """
    chosen = _parser().parse_args(arguments)
    try:
        chosen.run(chosen)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except (ValueError, TypeError, OSError, nn.NonFiniteError) as error:
        print(f"seegrad {chosen.command}: error: {error}", file=sys.stderr)
        return FAILED
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="seegrad", description="See the gradient: a small network, trained with nothing but NumPy."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    _add_train(commands)
    return parser


def _add_train(commands: Any) -> None:
    train = commands.add_parser(
        "train",
        help="train a convolutional network on MNIST",
        description="Train a convolutional network on MNIST and write weights.safetensors, history.json, "
        "curves.png and predictions.png.",
    )
    add = train.add_argument
    add(
        "--epochs",
        type=_positive_int,
        default=5,
        metavar="N",
        help="how often to go through all images (default: %(default)s)",
    )
    add("--batch-size", type=_positive_int, default=64, metavar="N", help="images per step (default: %(default)s)")
    add("--lr", type=_positive_float, default=1e-3, metavar="RATE", help="learning rate of Adam (default: %(default)s)")
    add("--seed", type=_seed, default=0, metavar="N", help="the same seed gives the same run (default: %(default)s)")
    add(
        "--validation",
        type=_share,
        default=2000,
        metavar="SHARE",
        help="training images to set aside for validation: a number, or a fraction below 1; 0 for none "
        "(default: %(default)s)",
    )
    add(
        "--data-dir",
        metavar="DIR",
        help="folder with four IDX files named as MNIST's, gzipped or not (default: the MNIST that is included)",
    )
    add("--out", default="runs/mnist", metavar="DIR", help="folder for the results (default: %(default)s)")
    train.set_defaults(run=_train)


def _positive_int(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, got {text}")
    return number


def _positive_float(text: str) -> float:
    number = float(text)
    if not (math.isfinite(number) and number > 0):
        raise argparse.ArgumentTypeError(f"must be a finite number above 0, got {text}")
    return number


def _seed(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"must be 0 or more, got {text}")
    return number


def _share(text: str) -> float:
    """Return a count as an int, a fraction as a float."""
    number = float(text)
    if not (number >= 0 and (number < 1 or number.is_integer())):
        raise argparse.ArgumentTypeError(f"must be a whole number, or a fraction below 1, got {text}")
    return number if 0 < number < 1 else int(number)


class _SaveEveryEpoch(nn.Callback):
    """Keeps the out folder up to date, so that whatever ends the run, at most an epoch is lost."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def on_epoch_end(self, run: nn.Run) -> None:
        _save(self.folder, run.trainer)


def _train(chosen: argparse.Namespace) -> None:
    # What can be wrong is found before the first step: the folder, then the data, then their shapes.
    folder = make_writable_folder(chosen.out)
    images, test = data.load_mnist(chosen.data_dir)
    train: Source = images
    validation: Source | None = None
    if chosen.validation:
        train, validation = data.train_val_split(images, chosen.validation, seed=chosen.seed)
    manual_seed(chosen.seed)
    model = nn.models.mnist_cnn()
    print(nn.summary(model, images.x.shape[1:]))
    held_out = len(validation) if validation else 0
    print(f"\n{len(train):,} images to train, {held_out:,} to validate, {len(test):,} to test\n")

    trainer = nn.Trainer(model, optim.Adam(model.parameters(), lr=chosen.lr), nn.CrossEntropyLoss())
    try:
        trainer.fit(
            train,
            epochs=chosen.epochs,
            batch_size=chosen.batch_size,
            validation=validation,
            callbacks=[_SaveEveryEpoch(folder)],
            seed=chosen.seed,
            progress=True,
        )
    except (KeyboardInterrupt, nn.NonFiniteError):
        _save(folder, trainer)
        print(f"the last good weights are in {folder}", file=sys.stderr)
        raise
    result = trainer.evaluate(test)
    _save(folder, trainer, result)
    _draw(folder, trainer, test)
    print(f"\nresults are in {folder}")
    print(f"test loss {result['loss']:.4f}   test accuracy {result['accuracy']:.4f}")


def _save(folder: Path, trainer: nn.Trainer, test: dict[str, float] | None = None) -> None:
    """Write the weights and what was measured so far."""
    nn.save_weights(trainer.model, folder / "weights.safetensors")
    record = {"epochs": trainer.history.epochs, "test": test}
    write_atomically(folder / "history.json", (json.dumps(record, indent=2) + "\n").encode())


def _draw(folder: Path, trainer: nn.Trainer, test: ArrayDataset, images: int = 10) -> None:
    if find_spec("matplotlib") is None:
        print("no curves.png and predictions.png: matplotlib is missing (pip install 'seegrad[plot]')", file=sys.stderr)
        return
    plot_curves(trainer.history, folder / "curves.png")
    some = test[:images]
    plot_predictions(some.x, some.y, trainer.predict(some.x), folder / "predictions.png")


if __name__ == "__main__":
    sys.exit(main())
