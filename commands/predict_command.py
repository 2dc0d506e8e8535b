"""The command ``seegrad predict``."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

import numpy as np

from ..autograd.resources import no_compiling
from ..data import prepare_digit, read_picture
from .options import MODEL_HELP, add_threads
from .printing import printable
from .results_folder import chosen_model
from .saved_model import class_names, load_saved, probabilities


def add_predict(commands: Any) -> None:
    """Add the command to those of the command line."""
    predict = commands.add_parser(
        "predict",
        help="tell which digits pictures show",
        description="Tell which digit each picture shows, how sure the model is, and its second guess. Pictures may "
        "be of any size and colour, dark on light or light on dark, with one digit each; they are brought into the "
        "form of MNIST's images first. Needs Pillow.",
    )
    predict.add_argument("pictures", nargs="+", metavar="PICTURE", help="an image file: PNG, JPEG, ...")
    predict.add_argument("--model", metavar="MODEL", help=MODEL_HELP)
    predict.add_argument("--json", action="store_true", help="print JSON, with the probabilities of all classes")
    add_threads(predict)
    predict.set_defaults(run=_predict)


def _predict(chosen: argparse.Namespace) -> None:
    model = load_saved(chosen_model(chosen.model))
    digits, names, failed = [], [], 0
    for name in chosen.pictures:
        try:
            digits.append(prepare_digit(read_picture(name)))
            names.append(name)
        except (ValueError, OSError) as error:
            failed += 1
            text = str(error) if name in str(error) else f"{name}: {error}"
            print(f"seegrad predict: error: {printable(text)}", file=sys.stderr)
    answers = _answers(model, np.stack(digits), names) if digits else []
    if chosen.json:
        print(json.dumps(answers, indent=2))
    else:
        for answer in answers:
            second = answer["runner_up"]
            line = (
                f"{answer['file']}: {answer['label']}   confidence {answer['confidence']:.4f}   "
                f"runner-up {second['label']} ({second['confidence']:.4f})"
            )
            print(printable(line))
    if failed:
        raise ValueError(f"{failed} of {len(chosen.pictures)} pictures could not be read")


def _answers(model: Any, digits: Any, names: list[str]) -> list[dict[str, Any]]:
    with no_compiling():  # importing Numba takes longer than classifying a few pictures
        found = probabilities(model, digits)
    if found.shape[1] < 2:
        raise ValueError("the model has a single output, so there is nothing to choose between")
    labels = class_names(model, found.shape[1])
    answers = []
    for name, row in zip(names, found, strict=True):
        first, second = np.argsort(-row, kind="stable")[:2]
        answers.append(
            {
                "file": name,
                "label": labels[first],
                "confidence": float(row[first]),
                "runner_up": {"label": labels[second], "confidence": float(row[second])},
                "probabilities": {label: float(p) for label, p in zip(labels, row, strict=True)},
            }
        )
    return answers
