"""Losses between predicted scores or probabilities and the true classes."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ...autograd import Tensor, exp, log, log_softmax, maximum, softplus, where
from ...autograd.tensor import as_numbers
from ...common.plain_data import as_array
from ..layers.arguments import check_fraction
from .loss_inputs import (
    check_probabilities,
    check_signs,
    first,
    matching,
    prediction,
    reduce,
    target_like,
    values_of,
    warn_of_probabilities,
    warn_of_sigmoid,
    warn_of_softmax,
)

Array = npt.NDArray[Any]
Reduction = Literal["mean", "sum", "none"]


def cross_entropy(
    logits: Any,
    target: Any,
    weight: npt.ArrayLike | None = None,
    ignore_index: int | None = None,
    reduction: Reduction = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """Minus the logarithm of the probability that the softmax of ``logits`` gives the true class.

    Computed by log-sum-exp, so that no score, however large, overflows.

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
        A label that counts as "no label". PyTorch's default is -100; here nothing is ignored unasked.
    reduction : {"mean", "sum", "none"}
        Mean over all rows (that are not ignored), sum, or one loss for each row.
    label_smoothing : float, default 0
        Share of the target that is spread evenly over all classes.

    Raises
    ------
    TypeError
        If the labels are floats.
    ValueError
        If a label is out of range (names it), a row is not a distribution, or the shapes do not fit.

    Warns
    -----
    SeegradWarning
        If the scores have been through a softmax already, or are of a single class.

    Examples
    --------
    >>> loss = sg.nn.functional.cross_entropy(np.array([[1e4, 0.0, -1e4]]), [1])
    >>> loss.item()
    10000.0
    """
    name = "cross_entropy"
    logits = prediction(name, logits)
    warn_of_softmax(name, logits)
    smoothing = check_fraction(name, "label_smoothing", label_smoothing)
    weights = _class_weights(name, weight, logits)
    if np.shape(values_of(target)) == logits.shape and logits.ndim > 0:
        rows = target_like(logits, target)
        _check_rows(name, values_of(rows))
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


def nll_loss(
    log_probabilities: Any,
    target: Any,
    weight: npt.ArrayLike | None = None,
    ignore_index: int | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    """Minus the given log-probability of the true class; what :func:`cross_entropy` is after log_softmax.

    Parameters are those of :func:`cross_entropy`; targets are labels.
    """
    log_p = prediction("nll_loss", log_probabilities)
    warn_of_probabilities("nll_loss", log_p)
    weights = _class_weights("nll_loss", weight, log_p)
    labels = check_labels("nll_loss", target, log_p.shape, ignore_index)
    picked = _picked(log_p, labels, weights, ignore_index)
    return _reduce_rows("nll_loss", picked, labels, weights, ignore_index, reduction)


def check_labels(name: str, target: Any, shape: tuple[int, ...], ignore_index: int | None = None) -> Array:
    """Return labels as an integer array, having checked them against scores of this shape.

    Raises
    ------
    TypeError
        If they are not integers.
    ValueError
        If their shape does not fit or one is out of range.
    """
    labels = as_array(values_of(target))
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
    if labels.size and (labels.min() < 0 or labels.max() >= classes):
        bad = (labels < 0) | (labels >= classes)
        if ignore_index is not None:
            bad &= labels != ignore_index
        if bad.any():
            raise ValueError(
                f"{name}: label {labels[bad][0]} at index {first(bad)} is out of range; with {classes} classes "
                f"labels go from 0 to {classes - 1}"
            )
    return labels


def _check_rows(name: str, rows: Array) -> None:
    """Check that the last axis holds probabilities that sum to 1."""
    check_probabilities(name, "rows of targets", rows)
    sums = rows.sum(axis=-1)
    bad = np.abs(sums - 1.0) > 1e-3
    if bad.any():
        raise ValueError(
            f"{name}: each row of targets must sum to 1, but the row at index {first(np.atleast_1d(bad))} "
            f"sums to {sums[bad][0]}"
        )


def _class_weights(name: str, weight: npt.ArrayLike | None, scores: Tensor) -> Array | None:
    if weight is None:
        return None
    weights = as_numbers(weight).astype(scores.dtype, copy=False)
    if weights.shape != scores.shape[-1:]:
        raise ValueError(
            f"{name}: weight must have one number for each class, shape {scores.shape[-1:]}, got {weights.shape}"
        )
    if not (weights >= 0).all():
        raise ValueError(f"{name}: class weights must not be negative or NaN, got {weights}")
    return weights


def _picked(log_p: Tensor, labels: Array, weights: Array | None, ignore_index: int | None) -> Tensor:
    """Minus each row's log-probability of its label, weighted; 0 where ignored."""
    safe = labels if ignore_index is None else np.where(labels == ignore_index, 0, labels)
    rows: Tensor = -log_p[(*np.indices(safe.shape, sparse=True), safe)]
    if weights is not None:
        rows = rows * weights[safe]
    if ignore_index is not None:
        rows = where(labels != ignore_index, rows, 0.0)
    return rows


def _reduce_rows(
    name: str, rows: Tensor, labels: Array, weights: Array | None, ignore_index: int | None, reduction: str
) -> Tensor:
    """Reduce; the mean is over the labels that are not ignored, weighted by their classes' weights."""
    if reduction != "mean" or (weights is None and ignore_index is None):
        return reduce(name, rows, reduction)
    kept = labels if ignore_index is None else labels[labels != ignore_index]
    total = float(kept.size if weights is None else weights[kept].sum(dtype=np.float64))
    if total == 0.0:
        raise ValueError(f"{name}: the mean over nothing is not defined; every label is ignored or has weight 0")
    return reduce(name, rows * (1.0 / total), "sum")


def binary_cross_entropy(
    p: Any, target: Any, weight: npt.ArrayLike | None = None, reduction: Reduction = "mean"
) -> Tensor:
    """``-(y log p + (1 - y) log(1 - p))`` for probabilities p.

    As in PyTorch, logarithms are taken as at least -100, so that p = 0 and p = 1 give a finite loss; the
    derivative of a logarithm that was cut off is 0. From scores, :func:`binary_cross_entropy_with_logits` is
    more precise.

    Parameters
    ----------
    p : Tensor or array_like
        Probabilities, from 0 to 1.
    target : array_like, of the same shape
        True answers, from 0 to 1.
    weight : array_like, optional
        Weight of each element; broadcast.
    reduction : {"mean", "sum", "none"}
        As everywhere.

    Examples
    --------
    >>> loss = sg.nn.functional.binary_cross_entropy(np.array([0.8, 0.2, 0.9]), [1, 0, 1])
    >>> round(loss.item(), 4)
    0.1839
    """
    name = "binary_cross_entropy"
    p, y = matching(name, p, target)
    check_probabilities(name, "probabilities", p.data)
    check_probabilities(name, "targets", values_of(y))
    values = -(y * _bounded_log(p) + (1.0 - y) * _bounded_log(1.0 - p))
    return reduce(name, _weighted(name, values, weight), reduction)


_LOG_FLOOR = -100.0


def _bounded_log(x: Tensor) -> Tensor:
    """log(x), but at least -100, with derivative 0 where it is cut off."""
    floor = math.exp(_LOG_FLOOR)
    result: Tensor = where(x.data > floor, log(maximum(x, floor)), _LOG_FLOOR)
    return result


def binary_cross_entropy_with_logits(
    logits: Any,
    target: Any,
    weight: npt.ArrayLike | None = None,
    reduction: Reduction = "mean",
    pos_weight: npt.ArrayLike | None = None,
) -> Tensor:
    """Binary cross-entropy of sigmoid(logits), exact for every size of the scores.

    Parameters
    ----------
    logits : Tensor or array_like
        Scores.
    target : array_like, of the same shape
        True answers, from 0 to 1.
    weight, pos_weight : array_like, optional
        Weight of each element, and of the answer 1 in particular; broadcast.
    reduction : {"mean", "sum", "none"}
        As everywhere.
    """
    name = "binary_cross_entropy_with_logits"
    x, y = matching(name, logits, target)
    warn_of_sigmoid(name, x)
    check_probabilities(name, "targets", values_of(y))
    # -log sigmoid(x) = softplus(-x); two terms lose no digits, where softplus(x) - x * y would.
    yes = y if pos_weight is None else y * _elementwise_weight(name, x, pos_weight)
    values = yes * softplus(-x) + (1.0 - y) * softplus(x)
    return reduce(name, _weighted(name, values, weight), reduction)


def _weighted(name: str, values: Tensor, weight: npt.ArrayLike | None) -> Tensor:
    if weight is not None:
        values = values * _elementwise_weight(name, values, weight)
    return values


def _elementwise_weight(name: str, values: Tensor, weight: npt.ArrayLike) -> Array:
    weights = as_numbers(weight).astype(values.dtype, copy=False)
    try:
        return np.broadcast_to(weights, values.shape)
    except ValueError:
        raise ValueError(
            f"{name}: a weight of shape {weights.shape} does not broadcast to the prediction's {values.shape}"
        ) from None


def kl_div(
    log_q: Any,
    target: Any,
    reduction: Reduction | Literal["batchmean"] = "mean",
    log_target: bool = False,
) -> Tensor:
    """Kullback-Leibler divergence, elementwise ``p * (log p - log q)``; 0 where p is 0.

    Parameters
    ----------
    log_q : Tensor or array_like
        Logarithms of the predicted probabilities.
    target : Tensor or array_like, of the same shape
        True probabilities p, or their logarithms with ``log_target``.
    reduction : {"mean", "batchmean", "sum", "none"}
        "batchmean", sum / N, is the divergence of the definition; "mean" divides by the number of elements.
    log_target : bool, default False
        Whether ``target`` holds logarithms.
    """
    x, p = matching("kl_div", log_q, target)
    warn_of_probabilities("kl_div", x)
    if log_target:
        values = exp(p) * (p - x)
    else:
        positive = values_of(p) > 0
        if not (values_of(p) >= 0).all():
            raise ValueError("kl_div: target probabilities must not be negative or NaN")
        values = p * (log(where(positive, p, 1.0)) - x)
    if reduction == "batchmean":
        if x.ndim == 0 or x.shape[0] == 0:
            raise ValueError(f"kl_div: batchmean needs a batch, got shape {x.shape}")
        return reduce("kl_div", values * (1.0 / x.shape[0]), "sum")
    return reduce("kl_div", values, reduction)


def hinge_loss(scores: Any, target: Any, margin: float = 1.0, reduction: Reduction = "mean") -> Tensor:
    """``max(0, margin - y * score)`` for answers y of -1 or 1: the loss of support vector machines.

    The derivative where ``y * score`` is exactly ``margin`` is half the slope.
    """
    x, y = matching("hinge_loss", scores, target)
    check_signs("hinge_loss", values_of(y))
    return reduce("hinge_loss", maximum(margin - y * x, 0.0), reduction)
