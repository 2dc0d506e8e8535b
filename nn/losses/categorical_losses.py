"""Losses of one class out of several: from scores, and from log-probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ...autograd import Tensor, log_softmax, where
from ...autograd.core.node import data_of
from ...autograd.core.op import PlainFunction
from ...autograd.ops.indexing import getitem
from ...autograd.ops.questions import asked
from ...autograd.tensor import as_numbers
from ...common.argument_checks import checked_fraction
from ...common.elsewhere import takes_other_names
from ...common.plain_data import as_array, real_numbers
from ...common.seam import interpretable
from ..module import TensorLike
from .loss import Loss, LossReduction, reduce
from .loss_inputs import check_probabilities, first_index, prediction, target_like
from .misuse_warnings import warn_of_probabilities, warn_of_softmax

__all__ = ["CrossEntropyLoss", "NLLLoss"]

Array = npt.NDArray[Any]


@takes_other_names
def cross_entropy(
    logits: TensorLike,
    target: TensorLike,
    weight: npt.ArrayLike | None = None,
    ignore_index: int | None = None,
    reduction: LossReduction = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """Compute the cross-entropy: minus the logarithm of the softmax probability of the true class.

    It is computed by log-sum-exp, so that large scores do not overflow.

    Parameters
    ----------
    logits : Tensor or array_like of float, shape (..., C)
        Scores of C classes, on the last axis; not probabilities.
    target : array_like
        Integer labels ``(...)`` from 0 to C - 1, or one row of C probabilities for each, ``(..., C)``:
        one-hot or soft.
    weight : array_like, shape (C,), optional
        Weight of each class. With labels the mean is then a weighted one, as in PyTorch.
    ignore_index : int, optional
        A label whose examples are left out. PyTorch's default is -100; here it is None.
    reduction : {"mean", "sum", "none"}
        Mean over all rows that are not ignored, sum, or one loss for each row.
    label_smoothing : float, default 0
        Share of the target that is spread evenly over all classes.

    Raises
    ------
    TypeError
        If the labels are floats.
    ValueError
        If a label is out of range, a row is not a distribution, or the shapes do not fit.

    Warns
    -----
    SeegradWarning
        If the scores are the output of a softmax, or are of a single class.

    Examples
    --------
    >>> loss = sg.nn.functional.cross_entropy(np.array([[1e4, 0.0, -1e4]]), [1])
    >>> loss.item()
    10000.0
    """
    name = "cross_entropy"
    logits = prediction(name, logits)
    warn_of_softmax(name, logits)
    smoothing = checked_fraction(f"{name}: label_smoothing", label_smoothing)
    weights = _class_weights(name, weight, logits)
    if np.shape(data_of(target)) == logits.shape and logits.ndim > 0:
        rows = target_like(logits, target)
        _check_rows(name, data_of(rows))
        if smoothing:
            rows = rows * (1.0 - smoothing) + smoothing / logits.shape[-1]
        if weights is not None:
            rows = rows * weights
        return reduce(name, -(log_softmax(logits, axis=-1) * rows).sum(axis=-1), reduction)
    labels = check_labels(name, target, logits.shape, ignore_index)
    log_p = log_softmax(logits, axis=-1)
    picked = _picked(log_p, labels, weights, ignore_index)
    if not smoothing:
        return _reduce_rows(name, picked, labels, weights, ignore_index, reduction)
    spread = -(log_p if weights is None else log_p * weights).sum(axis=-1)
    if ignore_index is not None:
        spread = where(labels != ignore_index, spread, 0.0)
    rows = picked * (1.0 - smoothing) + spread * (smoothing / logits.shape[-1])
    return _reduce_rows(name, rows, labels, weights, ignore_index, reduction)


@takes_other_names
def nll_loss(
    log_probabilities: TensorLike,
    target: TensorLike,
    weight: npt.ArrayLike | None = None,
    ignore_index: int | None = None,
    reduction: LossReduction = "mean",
) -> Tensor:
    """Compute minus the log-probability of the true class: :func:`cross_entropy` without its log_softmax.

    Parameters
    ----------
    log_probabilities : Tensor or array_like of float, shape (..., C)
        Log-probabilities of C classes, on the last axis.
    target : array_like of int, shape (...)
        Labels from 0 to C - 1.
    weight, ignore_index, reduction
        As for :func:`cross_entropy`.

    Raises
    ------
    TypeError, ValueError
        As for :func:`cross_entropy`.

    Warns
    -----
    SeegradWarning
        If the predictions are probabilities.
    """
    log_p = prediction("nll_loss", log_probabilities)
    warn_of_probabilities("nll_loss", log_p)
    weights = _class_weights("nll_loss", weight, log_p)
    labels = check_labels("nll_loss", target, log_p.shape, ignore_index)
    picked = _picked(log_p, labels, weights, ignore_index)
    return _reduce_rows("nll_loss", picked, labels, weights, ignore_index, reduction)


@interpretable
def check_labels(name: str, target: TensorLike, shape: tuple[int, ...], ignore_index: int | None = None) -> Array:
    """Return labels as an integer array, having checked that they fit scores of this shape.

    Raises
    ------
    TypeError
        If they are not integers.
    ValueError
        If their shape does not fit or one is out of range.
    """
    labels = as_array(data_of(target))
    if len(shape) == 0 or labels.shape != shape[:-1]:
        raise ValueError(
            f"{name}: for scores of shape {shape} the target must be labels of shape {shape[:-1]} or rows of "
            f"probabilities of shape {shape}, got shape {labels.shape}"
        )
    if labels.dtype.kind not in "iu":
        raise TypeError(
            f"{name}: labels must be integers, got {labels.dtype}; use y.astype(np.int64) if they are whole numbers"
        )
    classes = shape[-1]
    if not _are_in_range(labels, classes, ignore_index):
        bad = _out_of_range(labels, classes, ignore_index)
        raise ValueError(
            f"{name}: label {labels[bad][0]} at index {first_index(bad)} is out of range; with {classes} classes "
            f"labels go from 0 to {classes - 1}"
        )
    return labels


def _out_of_range(labels: Array, classes: int, ignore_index: int | None) -> Array:
    bad = (labels < 0) | (labels >= classes)
    return bad if ignore_index is None else bad & (labels != ignore_index)


@asked
def _are_in_range(labels: Array, classes: int, ignore_index: int | None) -> bool:
    if not labels.size or (labels.min() >= 0 and labels.max() < classes):
        return True
    return not _out_of_range(labels, classes, ignore_index).any()


@interpretable
def _check_rows(name: str, rows: Array) -> None:
    """Check that the last axis holds probabilities that sum to 1."""
    check_probabilities(name, "rows of targets", rows)
    if not _add_up(rows):
        sums = rows.sum(axis=-1)
        bad = np.abs(sums - 1.0) > 1e-3
        raise ValueError(
            f"{name}: each row of targets must sum to 1, but the row at index {first_index(np.atleast_1d(bad))} "
            f"sums to {sums[bad][0]}"
        )


@asked
def _add_up(rows: Array) -> bool:
    return not (np.abs(rows.sum(axis=-1) - 1.0) > 1e-3).any()


def _class_weights(name: str, weight: npt.ArrayLike | None, scores: Tensor) -> Array | None:
    if weight is None:
        return None
    weights = real_numbers(name, as_numbers(weight)).astype(scores.dtype, copy=False)
    if weights.shape != scores.shape[-1:]:
        raise ValueError(
            f"{name}: weight must have one number for each class, shape {scores.shape[-1:]}, got {weights.shape}"
        )
    if not _are_weights(weights):
        raise ValueError(f"{name}: class weights must not be negative or NaN, got {weights}")
    return weights


@asked
def _are_weights(weights: Array) -> bool:
    return bool((weights >= 0).all())


def _picked(log_p: Tensor, labels: Array, weights: Array | None, ignore_index: int | None) -> Tensor:
    """Return minus each row's log-probability of its label, weighted; 0 where ignored."""
    safe = labels if ignore_index is None else np.where(labels == ignore_index, 0, labels)
    rows: Tensor = -log_p[(*np.indices(safe.shape, sparse=True), safe)]
    if weights is not None:
        rows = rows * getitem(weights, safe)
    if ignore_index is not None:
        rows = where(labels != ignore_index, rows, 0.0)
    return rows


def _reduce_rows(
    name: str, rows: Tensor, labels: Array, weights: Array | None, ignore_index: int | None, reduction: str
) -> Tensor:
    """Reduce the rows; the mean is over the labels that are not ignored, weighted by the weights of their classes."""
    if reduction != "mean" or (weights is None and ignore_index is None):
        return reduce(name, rows, reduction)
    total = _total_weight(labels, weights, ignore_index)
    if _is_nothing(total):
        raise ValueError(f"{name}: the mean over nothing is not defined; every label is ignored or has weight 0")
    return reduce(name, rows * (1.0 / total), "sum")


@PlainFunction
def _total_weight(labels: Array, weights: Array | None, ignore_index: int | None) -> float:
    kept = labels if ignore_index is None else labels[labels != ignore_index]
    return float(kept.size if weights is None else weights[kept].sum(dtype=np.float64))


@asked
def _is_nothing(total: float) -> bool:
    return total == 0.0


class CrossEntropyLoss(Loss):
    """Cross-entropy of logits and integer labels, or rows of probabilities.

    See :func:`~seegrad.nn.functional.cross_entropy`.

    Parameters
    ----------
    weight : array_like, shape (C,), optional
        Weight of each class.
    ignore_index : int, optional
        A label whose examples are left out.
    reduction : {"mean", "sum", "none"}
        Mean over rows, sum, or one loss for each row.
    label_smoothing : float, default 0
        Share of the target that is spread evenly over all classes.

    Examples
    --------
    >>> loss = sg.nn.CrossEntropyLoss()
    >>> round(loss(np.zeros((4, 10)), [3, 1, 4, 1]).item(), 4)  # log 10
    2.3026
    """

    def __init__(
        self,
        weight: npt.ArrayLike | None = None,
        ignore_index: int | None = None,
        reduction: LossReduction = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(reduction)
        self.weight = weight
        self.ignore_index = ignore_index
        self.label_smoothing: float = checked_fraction("CrossEntropyLoss: label_smoothing", label_smoothing)

    def forward(self, logits: TensorLike, target: TensorLike) -> Tensor:
        """Compare logits (..., C) with labels (...) or rows (..., C)."""
        return cross_entropy(logits, target, self.weight, self.ignore_index, self.reduction, self.label_smoothing)


class NLLLoss(Loss):
    """Minus the log-probability of the true class. See :func:`~seegrad.nn.functional.nll_loss`.

    Parameters
    ----------
    weight : array_like, shape (C,), optional
        Weight of each class.
    ignore_index : int, optional
        A label whose examples are left out.
    reduction : {"mean", "sum", "none"}
        Mean over rows, sum, or one loss for each row.
    """

    def __init__(
        self, weight: npt.ArrayLike | None = None, ignore_index: int | None = None, reduction: LossReduction = "mean"
    ) -> None:
        super().__init__(reduction)
        self.weight = weight
        self.ignore_index = ignore_index

    def forward(self, log_probabilities: TensorLike, target: TensorLike) -> Tensor:
        """Compare log-probabilities (..., C) with labels (...)."""
        return nll_loss(log_probabilities, target, self.weight, self.ignore_index, self.reduction)
