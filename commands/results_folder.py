"""The folder that a training writes its results into, and the model of the last one."""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import ExitStack
from itertools import count
from pathlib import Path

from ..common.atomic_file import make_writable_folder
from ..common.file_lock import locked_folder
from .printing import printable

RUNS = "runs"
MODEL, HISTORY, CHECKPOINT = "model.safetensors", "history.json", "checkpoint.safetensors"


def chosen_model(given: str | None) -> Path:
    """Return the file of a model: the given one, that in a given folder, or by default that of the last training.

    Raises
    ------
    FileNotFoundError
        If none is given and there was no training; says how to get a model.
    """
    if given is not None:
        return Path(given, MODEL) if Path(given).is_dir() else Path(given)
    models = sorted(Path(RUNS).glob(f"*/{MODEL}"), key=lambda path: path.stat().st_mtime)
    if not models:
        raise FileNotFoundError(
            f"there is no model in {RUNS}/; run seegrad train first, which writes one, or name a file"
        )
    print(f"model: {printable(models[-1])}", file=sys.stderr)
    return models[-1]


def is_found_by_itself(folder: Path) -> bool:
    """Tell whether `chosen_model` looks into a folder if nothing is given."""
    return folder.resolve().parent == Path(RUNS).resolve()


def results_folder(chosen: argparse.Namespace, default: Path, locks: ExitStack) -> Path:
    """Return the folder for the results, which no other training uses, and whose results may be replaced.

    Without ``--out`` it is the default one, or that with a number behind its name.

    Raises
    ------
    OSError
        If it cannot be written into, another training writes there, or it holds results.
    """
    folder = make_writable_folder(chosen.out or default)
    for number in count(2):
        free = locks.enter_context(locked_folder(folder))
        taken = _holds_results(folder, chosen.resume) and not chosen.overwrite
        if free and not taken:
            break
        if chosen.out or chosen.resume or chosen.overwrite:
            raise OSError(_occupied(folder) if taken else f"another training is writing into {folder}; give --out DIR")
        folder = make_writable_folder(f"{default}-{number}")
    return folder


def _holds_results(folder: Path, resume: bool) -> bool:
    """Tell whether a training would replace what another one has reached."""
    if (folder / CHECKPOINT).exists():
        return not resume
    try:
        return json.loads((folder / HISTORY).read_bytes())["test"] is not None
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return (folder / MODEL).exists()


def _occupied(folder: Path) -> str:
    go_on = "--resume goes on with it, " if (folder / CHECKPOINT).exists() else ""
    otherwise = "--overwrite replaces them, --out DIR writes into another folder"
    return f"{folder} holds the results of a training; {go_on}{otherwise}"
