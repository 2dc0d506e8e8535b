"""The command ``seegrad evaluate``."""

from __future__ import annotations

import argparse
import json
from typing import Any

import numpy as np

from ..data import load_mnist
from ..nn import ClassificationReport, classification_report
from .options import add_data_dir, add_model, add_threads
from .printing import printable
from .results_folder import chosen_model
from .saved_model import class_names, load_saved, mean_probabilities


def add_evaluate(commands: Any) -> None:
    """Add the command to those of the command line."""
    evaluate = commands.add_parser(
        "evaluate",
        help="measure a model on the test images",
        description="Measure a model on the test images: accuracy, precision and recall of each class, and which "
        "classes were taken for which. Of several models, the mean of their probabilities is measured.",
    )
    add_model(evaluate, several=True)
    add_data_dir(evaluate)
    add_threads(evaluate)
    evaluate.add_argument("--json", action="store_true", help="print JSON")
    evaluate.set_defaults(run=_evaluate)


def _evaluate(chosen: argparse.Namespace) -> None:
    models = [load_saved(chosen_model(name)) for name in chosen.model or [None]]
    _, test = load_mnist(chosen.data_dir)
    found = mean_probabilities(models, test.x)
    report = classification_report(found, test.y, found.shape[1])
    names = class_names(models[0], found.shape[1])
    if chosen.json:
        print(json.dumps(_as_data(report, names), indent=2))
        return
    names = [printable(name) for name in names]
    width = max(8, *map(len, names))
    print(f"{'class':>{width}}  precision  recall      f1  examples")
    rows = zip(names, report.precision, report.recall, report.f1, report.support, strict=True)
    for name, precision, recall, f1, support in rows:
        print(f"{name:>{width}}  {precision:>9.4f}  {recall:>6.4f}  {f1:>6.4f}  {support:>8,}")
    print(f"\n{confusion_table(report.confusion, names)}\n")
    print(f"test accuracy {report.accuracy:.4f}   {int(np.trace(report.confusion)):,} of {len(test):,} images")


def confusion_table(confusion: Any, names: list[str]) -> str:
    """Write as text how many of each class (row) were taken for which (column); zeros are dots."""
    width = max(len("taken for"), *map(len, names)) + 1
    cell = max(5, *(len(name) for name in names), len(str(confusion.max()))) + 1
    lines = ["taken for".rjust(width) + "".join(name.rjust(cell) for name in names)]
    for name, row in zip(names, confusion, strict=True):
        lines.append(name.rjust(width) + "".join((str(count) if count else ".").rjust(cell) for count in row))
    return "\n".join(lines)


def _as_data(report: ClassificationReport, names: list[str]) -> dict[str, Any]:
    each = ("precision", "recall", "f1", "support")
    columns = {key: getattr(report, key).tolist() for key in each}
    return {
        "accuracy": report.accuracy,
        "classes": {name: {key: columns[key][i] for key in each} for i, name in enumerate(names)},
        "confusion": report.confusion.tolist(),
    }
