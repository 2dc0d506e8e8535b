"""Measures of a classifier: accuracy, the confusion matrix, and the precision, recall and F1 of each class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..common.argument_checks import checked_count
from ..common.html_table import html_table, side_by_side
from ..common.plain_data import as_array

__all__ = [
    "ClassificationReport",
    "accuracy",
    "balanced_class_weights",
    "classification_report",
    "confusion_matrix",
    "top_k_accuracy",
]

Labels = npt.NDArray[np.intp]

_TITLES = ("class", "precision", "recall", "f1", "examples")

#: A notebook shows the confusions of up to so many classes.
_SHOWN_CONFUSIONS = 12


def accuracy(predicted: npt.ArrayLike, target: npt.ArrayLike) -> float:
    """Return the share of examples that are classified correctly.

    Parameters
    ----------
    predicted : array_like, shape (n, classes) or (n,)
        Scores (logits or probabilities), of which the largest is the prediction, or predicted labels.
    target : array_like, shape (n,)
        The true labels.

    Raises
    ------
    TypeError, ValueError
        If the targets are not labels, or the shapes do not fit.

    Examples
    --------
    >>> sg.nn.accuracy([[0.9, 0.1], [0.4, 0.6]], [0, 0])
    0.5
    """
    guesses, labels, _ = _labels("accuracy", predicted, target)
    return float(np.mean(guesses == labels))


def top_k_accuracy(scores: npt.ArrayLike, target: npt.ArrayLike, k: int = 5) -> float:
    """Return the share of examples whose true class is among the k classes with the largest scores.

    Parameters
    ----------
    scores : array_like, shape (n, classes)
        Logits or probabilities. Of equal scores, the lower class comes first.
    target : array_like, shape (n,)
        The true labels.
    k : int, default 5
        From 1 to the number of classes.

    Raises
    ------
    TypeError, ValueError
        If an argument does not fit.

    Examples
    --------
    >>> sg.nn.top_k_accuracy([[0.5, 0.3, 0.2], [0.5, 0.3, 0.2]], [1, 2], k=2)
    0.5
    """
    rows = as_array(scores)
    if rows.ndim != 2:
        raise ValueError(f"top_k_accuracy: scores must have shape (n, classes), got {rows.shape}")
    _, labels, classes = _labels("top_k_accuracy", rows, target)
    if checked_count("top_k_accuracy: k", k) > classes:
        raise ValueError(f"top_k_accuracy: k must be at most the {classes} classes, got {k}")
    own = rows[np.arange(len(rows)), labels][:, np.newaxis]
    earlier = np.arange(classes) < labels[:, np.newaxis]
    before = np.count_nonzero((rows > own) | ((rows == own) & earlier), axis=1)
    return float(np.mean(before < k))


def confusion_matrix(predicted: npt.ArrayLike, target: npt.ArrayLike, classes: int | None = None) -> Labels:
    """Count the examples of each true class by predicted class.

    Parameters
    ----------
    predicted : array_like, shape (n, classes) or (n,)
        Scores, or predicted labels.
    target : array_like, shape (n,)
        The true labels.
    classes : int, optional
        The number of classes; by default that of the scores, or the largest label plus 1.

    Returns
    -------
    numpy.ndarray of int, shape (classes, classes)
        Row i, column j: the number of examples of class i that were predicted as j.

    Raises
    ------
    TypeError, ValueError
        If an argument does not fit.

    Examples
    --------
    >>> sg.nn.confusion_matrix([0, 1, 1, 1], [0, 0, 1, 1])
    array([[1, 1],
           [0, 2]])
    """
    guesses, labels, found = _labels("confusion_matrix", predicted, target)
    count = found if classes is None else checked_count("confusion_matrix: classes", classes)
    if count < found:
        raise ValueError(f"confusion_matrix: classes={count}, but there are labels or scores for {found}")
    return np.bincount(labels * count + guesses, minlength=count * count).reshape(count, count)


@dataclass(frozen=True, eq=False)
class ClassificationReport:
    """What :func:`classification_report` returns; ``print`` it to see a table.

    Attributes
    ----------
    precision, recall, f1 : numpy.ndarray, shape (classes,)
        Precision, the share of predictions of the class that are correct; recall, the share of its examples that are
        predicted correctly; their harmonic mean.
    support : numpy.ndarray of int, shape (classes,)
        The number of examples of each class.
    accuracy, macro_precision, macro_recall, macro_f1 : float
        The share of correct predictions; unweighted means over the classes that occur.
    confusion : numpy.ndarray of int, shape (classes, classes)
        See :func:`confusion_matrix`.
    """

    precision: npt.NDArray[np.float64]
    recall: npt.NDArray[np.float64]
    f1: npt.NDArray[np.float64]
    support: Labels
    accuracy: float
    macro_precision: float
    macro_recall: float
    macro_f1: float
    confusion: Labels

    def _rows(self) -> list[tuple[str, ...]]:
        classes = [*map(str, range(len(self.support))), "mean"]
        macro = (self.macro_precision, self.macro_recall, self.macro_f1)
        measures = [*zip(self.precision, self.recall, self.f1), macro]
        examples = [*self.support, self.support.sum()]
        return [(name, *(f"{m:.4f}" for m in each), f"{n:,}") for name, each, n in zip(classes, measures, examples)]

    def _repr_html_(self) -> str:
        table = html_table(self._rows(), _TITLES, f"accuracy {self.accuracy:.4f}")
        if len(self.confusion) > _SHOWN_CONFUSIONS:
            return table
        confusions = [(i, *row) for i, row in enumerate(self.confusion)]
        classes = [str(i) for i in range(len(self.confusion))]
        return side_by_side([table, html_table(confusions, ["true", *classes], "columns: predicted")])

    def __str__(self) -> str:
        rows = [_TITLES, *self._rows()]
        lines = ["  ".join(f"{cell:>{width}}" for cell, width in zip(row, (8, 9, 6, 6, 8))) for row in rows]
        return "\n".join([*lines, f"accuracy {self.accuracy:.4f}"])

    __repr__ = __str__


def classification_report(
    predicted: npt.ArrayLike, target: npt.ArrayLike, classes: int | None = None
) -> ClassificationReport:
    """Measure precision, recall and F1 of every class, and their means.

    A quotient 0 / 0, such as the precision of a class that was never predicted, counts as 0.

    Parameters
    ----------
    predicted : array_like, shape (n, classes) or (n,)
        Scores, such as ``trainer.predict(x)``, or predicted labels.
    target : array_like, shape (n,)
        The true labels.
    classes : int, optional
        The number of classes; by default that of the scores, or the largest label plus 1.

    Raises
    ------
    TypeError, ValueError
        If an argument does not fit.

    Examples
    --------
    >>> report = sg.nn.classification_report([0, 1, 1, 1], [0, 0, 1, 1])
    >>> report.recall
    array([0.5, 1. ])
    >>> report.macro_recall
    0.75
    """
    confusion = confusion_matrix(predicted, target, classes)
    right = confusion.diagonal()
    support, called = confusion.sum(axis=1), confusion.sum(axis=0)
    precision, recall = _share(right, called), _share(right, support)
    f1 = _share(2 * right, support + called)
    occurring = (support + called) > 0
    return ClassificationReport(
        precision,
        recall,
        f1,
        support,
        float(right.sum() / support.sum()),
        float(precision[occurring].mean()),
        float(recall[occurring].mean()),
        float(f1[occurring].mean()),
        confusion,
    )


def balanced_class_weights(labels: npt.ArrayLike, classes: int | None = None) -> npt.NDArray[np.float32]:
    """Return weights for ``CrossEntropyLoss(weight=...)`` that give every class the same total weight.

    The weight of class i is n / (classes * examples of i); a class without examples gets 0.

    Parameters
    ----------
    labels : array_like, shape (n,)
        The labels of the training set.
    classes : int, optional
        The number of classes; by default the largest label plus 1.

    Examples
    --------
    >>> sg.nn.balanced_class_weights([0, 0, 0, 1])
    array([0.6666667, 2.       ], dtype=float32)
    """
    found = _integers("balanced_class_weights", "labels", labels)
    counts = np.bincount(found, minlength=0 if classes is None else checked_count("classes", classes))
    if classes is not None and len(counts) > classes:
        raise ValueError(f"balanced_class_weights: label {found.max()} is out of range for {classes} classes")
    return (len(found) * _share(np.ones_like(counts), len(counts) * counts)).astype(np.float32)


def _share(part: Labels, whole: Labels) -> npt.NDArray[np.float64]:
    return np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)


def _labels(name: str, predicted: npt.ArrayLike, target: npt.ArrayLike) -> tuple[Labels, Labels, int]:
    """Return the predicted labels, the true labels, and the number of classes in them or in the scores."""
    labels = _integers(name, "target", target)
    answers = as_array(predicted)
    if answers.shape[:1] != labels.shape or answers.ndim not in (1, 2):
        raise ValueError(
            f"{name}: predicted must have shape ({len(labels)}, classes) or ({len(labels)},) as there are "
            f"{len(labels)} targets, got {answers.shape}"
        )
    if answers.ndim == 1:
        guesses = _integers(name, "predicted", answers)
        return guesses, labels, int(max(guesses.max(), labels.max())) + 1
    classes = answers.shape[1]
    if classes == 0 or labels.max() >= classes:
        raise ValueError(f"{name}: target {labels.max()} is out of range for scores of {classes} classes")
    if np.isnan(answers).any():
        raise ValueError(f"{name}: example {int(np.isnan(answers).any(axis=1).argmax())} has NaN among its scores")
    return answers.argmax(axis=1), labels, classes


def _integers(name: str, what: str, values: npt.ArrayLike) -> Labels:
    array = as_array(values)
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"{name}: {what} must be a row of labels, one for each example, got shape {array.shape}")
    if array.dtype.kind not in "iu":
        raise TypeError(f"{name}: {what} must be integer labels, got {array.dtype}")
    if array.min() < 0:
        raise ValueError(f"{name}: {what} has the label {array.min()}; labels are 0 or more")
    return array.astype(np.intp)
