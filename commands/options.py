"""Options that several commands have, and how numbers are read from them."""

from __future__ import annotations

import argparse
import math

MODEL_HELP = (
    "a file that seegrad train or model.save() wrote, or its folder (default: that of the last training in runs/)"
)


def add_model(parser: argparse.ArgumentParser, several: bool = False) -> None:
    """Let a command take the file of a model, or several, as its argument; ``--model`` means the same."""
    # An argument that is missing must not replace what the option has set.
    count = "*" if several else "?"
    parser.add_argument("model", metavar="MODEL", nargs=count, default=argparse.SUPPRESS, help=MODEL_HELP)
    parser.add_argument("--model", nargs=1 if several else None, help=argparse.SUPPRESS)


def add_input_shape(parser: argparse.ArgumentParser) -> None:
    """Let a command take the shape of one example."""
    parser.add_argument(
        "--input-shape",
        type=sizes,
        metavar="SIZES",
        help="shape of one example, such as 28,28,1 (default: what the file tells)",
    )


def add_data_dir(parser: argparse.ArgumentParser, words: bool = False) -> None:
    """Let a command take a folder with images, or, too, a file with words."""
    also = "; for names: a text file with a word on each line" if words else ""
    parser.add_argument(
        "--data-dir",
        metavar="DIR",
        help=f"folder with four IDX files named as MNIST's, gzipped or not{also} (default: what is included)",
    )


def add_threads(parser: argparse.ArgumentParser) -> None:
    """Let a command take the number of threads."""
    parser.add_argument(
        "--threads",
        type=at_least_1,
        metavar="N",
        help="how many threads to compute with (default: SEEGRAD_NUM_THREADS or OMP_NUM_THREADS of the environment, or "
        "a thread for each core, up to 4)",
    )


def sizes(text: str) -> tuple[int, ...]:
    """Read sizes that are divided by commas."""
    found = tuple(int(part) for part in text.split(","))
    if not all(size > 0 for size in found):
        raise ValueError
    return found


def at_least_0(text: str) -> int:
    """Read a whole number of at least 0."""
    return _at_least(0, text)


def at_least_1(text: str) -> int:
    """Read a whole number of at least 1."""
    return _at_least(1, text)


def _at_least(least: int, text: str) -> int:
    number = int(text)
    if number < least:
        raise argparse.ArgumentTypeError(f"must be at least {least}, got {text}")
    return number


def positive_number(text: str) -> float:
    """Read a finite number above 0."""
    number = float(text)
    if not (math.isfinite(number) and number > 0):
        raise argparse.ArgumentTypeError(f"must be a finite number above 0, got {text}")
    return number
