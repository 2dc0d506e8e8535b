"""The folder that a training writes its results into."""

from __future__ import annotations

import argparse
import json
from contextlib import ExitStack
from itertools import count
from pathlib import Path

from ..common.atomic_file import make_writable_folder
from ..common.file_lock import locked_folder

DEFAULT_FOLDER = "runs/mnist"
MODEL, HISTORY, CHECKPOINT = "model.safetensors", "history.json", "checkpoint.safetensors"
DEFAULT_MODEL = f"{DEFAULT_FOLDER}/{MODEL}"


def results_folder(chosen: argparse.Namespace, locks: ExitStack) -> Path:
    """Return the folder for the results, which no other training uses, and whose results may be replaced.

    Raises
    ------
    OSError
        If it cannot be written into, another training writes there, or it holds results.
    """
    folder = make_writable_folder(chosen.out or DEFAULT_FOLDER)
    for number in count(2):
        free = locks.enter_context(locked_folder(folder))
        taken = _holds_results(folder, chosen.resume) and not chosen.overwrite
        if free and not taken:
            break
        if chosen.out or chosen.resume or chosen.overwrite:
            raise OSError(_occupied(folder) if taken else f"another training is writing into {folder}; give --out DIR")
        folder = make_writable_folder(f"{DEFAULT_FOLDER}-{number}")
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
