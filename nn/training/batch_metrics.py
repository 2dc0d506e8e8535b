"""The measures of one batch: how many examples are classified right, and what the user wants to see besides."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from ..classification_metrics import top_k_accuracy
from ..losses.binary_losses import BCELoss, BCEWithLogitsLoss, HingeLoss
from ..losses.categorical_losses import CrossEntropyLoss, NLLLoss
from .running_metrics import count_correct

Array = npt.NDArray[Any]
Metric = Callable[[Array, Array], float]
Metrics = Mapping[str, Metric] | Sequence[str | Metric] | str

#: The score above which an example is taken for class 1, by the loss that its single score is trained with.
THRESHOLDS: dict[type, float] = {BCELoss: 0.5, BCEWithLogitsLoss: 0.0, HingeLoss: 0.0}


def measured(
    metrics: Mapping[str, Metric], loss: Any, output: Array, target: Array
) -> tuple[int | None, int, dict[str, float]]:
    """Measure a batch.

    Returns
    -------
    correct : int or None
        How many of its examples are classified right; None where nothing is classified.
    examples : int
        How many there are: those that the loss takes the mean of.
    others : dict
        The metrics.

    Raises
    ------
    ValueError
        If the accuracy is asked for, and nothing is classified.
    """
    scores, labels = labelled(loss, output, target)
    correct = count_correct(scores, labels, THRESHOLDS.get(type(loss)))
    if correct is None and metrics.get("accuracy") is class_accuracy:
        class_accuracy(output, target)
    others = {n: float(metric(output, target)) for n, metric in metrics.items() if metric is not class_accuracy}
    return correct, len(labels), others


def labelled(loss: Any, output: Array, target: Array) -> tuple[Array, Array]:
    """Return the scores and labels that a loss takes the mean of, one in each row.

    That are those of every position, where a row has several, as in a sequence, but not those that the loss ignores.
    For losses without labels, all are returned as they are.
    """
    if not isinstance(loss, (CrossEntropyLoss, NLLLoss)) or target.shape != output.shape[:-1]:
        return output, target
    scores, labels = output.reshape(-1, output.shape[-1]), target.reshape(-1)
    if loss.ignore_index is None:
        return scores, labels
    kept = labels != loss.ignore_index
    return scores[kept], labels[kept]


def class_accuracy(output: Array, target: Array) -> float:
    """Return the share of rows whose largest score is that of the target's class."""
    correct = count_correct(output, target)
    if correct is None:
        raise ValueError(
            f"the accuracy needs classes: outputs (n, classes) and labels (n,), or one score and targets 0 and 1 with "
            f"BCEWithLogitsLoss; got outputs {output.shape} and targets of {target.dtype} {target.shape}"
        )
    return correct / len(output)


def binary_accuracy(output: Array, target: Array) -> float:
    """Return the share of probabilities on the right side of 0.5, for targets 0 and 1."""
    return float(np.mean((_alike("binary_accuracy", output, target) > 0.5) == (target > 0.5)))


def mean_squared_error(output: Array, target: Array) -> float:
    """Return the mean of the squared differences."""
    return float(np.mean((_alike("mse", output, target) - target) ** 2))


def mean_absolute_error(output: Array, target: Array) -> float:
    """Return the mean of the absolute differences."""
    return float(np.mean(np.abs(_alike("mae", output, target) - target)))


def _alike(name: str, output: Array, target: Array) -> Array:
    if output.shape != target.shape:
        raise ValueError(
            f"the metric {name} needs outputs and targets of the same shape, got {output.shape} and {target.shape}"
        )
    return output


#: The metrics that a name stands for; also names that Keras has for them.
BY_NAME: dict[str, Metric] = {
    "accuracy": class_accuracy,
    "categorical_accuracy": class_accuracy,
    "sparse_categorical_accuracy": class_accuracy,
    "binary_accuracy": binary_accuracy,
    "mse": mean_squared_error,
    "mae": mean_absolute_error,
    "mean_squared_error": mean_squared_error,
    "mean_absolute_error": mean_absolute_error,
}
#: "top_3" and the like.
TOP = re.compile(r"top_(\d+)(_accuracy|_categorical_accuracy)?")
NOT_MEANS = ("precision", "recall", "f1", "f1_score", "auc", "confusion_matrix")


def metrics_by_name(given: Metrics | None) -> dict[str, Metric]:
    """Return metrics as a dict of functions by name, whether they are given so or as a list of names and functions.

    Raises
    ------
    TypeError, ValueError
        If there is no such metric; the message says what to write.
    """
    if given is None:
        return {}
    if isinstance(given, Mapping):
        if not all(map(callable, given.values())):
            raise TypeError(
                'Trainer: a dict of metrics has functions, such as {"top_3": lambda output, target: ...}, got '
                f"{given!r:.80}; names stand in a list: metrics=['accuracy']"
            )
        return dict(given)
    entries = [given] if isinstance(given, str) else given
    if not isinstance(entries, Sequence):
        raise TypeError(
            "Trainer: metrics is a list of names such as ['accuracy', 'top_3'], or a dict of functions by name, got "
            f"{given!r:.80}"
        )
    return dict(map(_named, entries))


def _named(entry: Any) -> tuple[str, Metric]:
    if isinstance(entry, str):
        return _of_name(entry)
    name = getattr(entry, "__name__", "<lambda>")
    if not callable(entry) or isinstance(entry, type) or name == "<lambda>":
        raise TypeError(
            f"Trainer: metrics are names or functions metric(output, target), got {entry!r:.80}; give a function "
            'without a name one in a dict: metrics={"top_3": ...}'
        )
    return name, entry


def _of_name(name: str) -> tuple[str, Metric]:
    plain = "accuracy" if name.lower() == "acc" else name.lower()
    if plain in BY_NAME:
        metric = BY_NAME[plain]
        # The history's own accuracy is measured anyway; under any other name it is a metric of its own.
        return (plain, metric) if plain == "accuracy" or metric is not class_accuracy else (name, _categorical)
    if match := TOP.fullmatch(plain):
        return name, partial(top_k_accuracy, k=int(match[1]))
    if plain in NOT_MEANS:
        raise ValueError(
            f"Trainer: {name} is no mean over batches; print(nn.classification_report(trainer.predict(x), y)) shows it"
        )
    near = get_close_matches(plain, BY_NAME, 1)
    raise ValueError(
        f"Trainer: no metric is named {name!r}{f'; did you mean {near[0]!r}?' if near else '.'} There are "
        f"{', '.join(BY_NAME)} and top_3 (or another number); others are functions: "
        'metrics={"mine": lambda output, target: ...}'
    )


def _categorical(output: Array, target: Array) -> float:
    return class_accuracy(output, target)
