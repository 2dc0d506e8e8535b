"""Losses of two classes: cross-entropy from probabilities and from scores, and the hinge loss."""

from __future__ import annotations

import math
from typing import Any

import numpy.typing as npt

from ...autograd import Tensor, broadcast_to, log, maximum, softplus, where
from ...autograd.core.node import data_of
from ...autograd.tensor import as_numbers
from ...common.elsewhere import takes_other_names
from ...common.plain_data import real_numbers
from ..module import TensorLike
from .loss import Loss, LossReduction, reduce
from .loss_inputs import check_probabilities, check_signs, matching
from .misuse_warnings import warn_of_sigmoid

__all__ = ["BCELoss", "BCEWithLogitsLoss", "HingeLoss"]

Array = npt.NDArray[Any]


@takes_other_names
def binary_cross_entropy(
    p: TensorLike, target: TensorLike, weight: npt.ArrayLike | None = None, reduction: LossReduction = "mean"
) -> Tensor:
    """Compute the binary cross-entropy ``-(y log p + (1 - y) log(1 - p))`` of probabilities p.

    As in PyTorch, logarithms are clipped to at least -100, so that p = 0 and p = 1 give a finite loss; the derivative
    of a clipped logarithm is 0. For scores, :func:`binary_cross_entropy_with_logits` is more precise.

    Parameters
    ----------
    p : Tensor or array_like
        Probabilities, from 0 to 1.
    target : array_like, of the same shape
        Targets from 0 to 1.
    weight : array_like, optional
        Weight of each element; broadcast.
    reduction : {"mean", "sum", "none"}
        Mean over all elements, sum, or one loss for each.

    Examples
    --------
    >>> loss = sg.nn.functional.binary_cross_entropy(np.array([0.8, 0.2, 0.9]), [1, 0, 1])
    >>> round(loss.item(), 4)
    0.1839
    """
    name = "binary_cross_entropy"
    p, y = matching(name, p, target)
    check_probabilities(name, "probabilities", p.data)
    check_probabilities(name, "targets", data_of(y))
    values = -(y * _bounded_log(p) + (1.0 - y) * _bounded_log(1.0 - p))
    return reduce(name, _weighted(name, values, weight), reduction)


_LOG_FLOOR = -100.0


def _bounded_log(x: Tensor) -> Tensor:
    """Return log(x), clipped to at least -100, with derivative 0 where it is clipped."""
    floor = math.exp(_LOG_FLOOR)
    result: Tensor = where(x.data > floor, log(maximum(x, floor)), _LOG_FLOOR)
    return result


@takes_other_names
def binary_cross_entropy_with_logits(
    logits: TensorLike,
    target: TensorLike,
    weight: npt.ArrayLike | None = None,
    reduction: LossReduction = "mean",
    pos_weight: npt.ArrayLike | None = None,
) -> Tensor:
    """Compute the binary cross-entropy of sigmoid(logits), without overflow or loss of digits.

    Parameters
    ----------
    logits : Tensor or array_like
        Scores.
    target : array_like, of the same shape
        Targets from 0 to 1.
    weight, pos_weight : array_like, optional
        Weight of each element, and additional weight of the target 1; broadcast.
    reduction : {"mean", "sum", "none"}
        Mean over all elements, sum, or one loss for each.
    """
    name = "binary_cross_entropy_with_logits"
    x, y = matching(name, logits, target)
    warn_of_sigmoid(name, x)
    check_probabilities(name, "targets", data_of(y))
    # -log sigmoid(x) = softplus(-x). The sum of two terms loses no digits, softplus(x) - x * y would.
    yes = y if pos_weight is None else y * _elementwise_weight(name, x, pos_weight)
    values = yes * softplus(-x) + (1.0 - y) * softplus(x)
    return reduce(name, _weighted(name, values, weight), reduction)


def _weighted(name: str, values: Tensor, weight: npt.ArrayLike | None) -> Tensor:
    if weight is not None:
        values = values * _elementwise_weight(name, values, weight)
    return values


def _elementwise_weight(name: str, values: Tensor, weight: npt.ArrayLike) -> Array:
    weights = real_numbers(name, as_numbers(weight)).astype(values.dtype, copy=False)
    try:
        return broadcast_to(weights, values.shape)  # type: ignore[no-any-return]
    except ValueError:
        raise ValueError(
            f"{name}: a weight of shape {weights.shape} does not broadcast to the prediction's {values.shape}"
        ) from None


@takes_other_names
def hinge_loss(
    scores: TensorLike, target: TensorLike, margin: float = 1.0, reduction: LossReduction = "mean"
) -> Tensor:
    """Compute ``max(0, margin - y * score)`` for targets y of -1 or 1: the loss of support vector machines.

    The derivative where ``y * score`` is exactly ``margin`` is half the slope.

    Parameters
    ----------
    scores : Tensor or array_like
        Scores.
    target : array_like, of the same shape
        Targets, -1 or 1.
    margin : float, default 1
        The value of ``y * score`` from which the loss is 0.
    reduction : {"mean", "sum", "none"}
        Mean over all elements, sum, or one loss for each.

    Raises
    ------
    ValueError
        If the shapes differ, or a target is neither -1 nor 1.
    """
    x, y = matching("hinge_loss", scores, target)
    check_signs("hinge_loss", data_of(y))
    return reduce("hinge_loss", maximum(margin - y * x, 0.0), reduction)


class BCELoss(Loss):
    """Binary cross-entropy of probabilities. See :func:`~seegrad.nn.functional.binary_cross_entropy`.

    Parameters
    ----------
    weight : array_like, optional
        Weight of each element; broadcast.
    reduction : {"mean", "sum", "none"}
        Mean over all elements, sum, or one loss for each.
    """

    def __init__(self, weight: npt.ArrayLike | None = None, reduction: LossReduction = "mean") -> None:
        super().__init__(reduction)
        self.weight = weight

    def forward(self, p: TensorLike, target: TensorLike) -> Tensor:
        """Compare probabilities with targets from 0 to 1."""
        return binary_cross_entropy(p, target, self.weight, self.reduction)


class BCEWithLogitsLoss(Loss):
    """Binary cross-entropy of scores. See :func:`~seegrad.nn.functional.binary_cross_entropy_with_logits`.

    Parameters
    ----------
    weight, pos_weight : array_like, optional
        Weight of each element, and additional weight of the target 1; broadcast.
    reduction : {"mean", "sum", "none"}
        Mean over all elements, sum, or one loss for each.

    Examples
    --------
    >>> sg.nn.BCEWithLogitsLoss()(np.array([0.0, 0.0]), [0.0, 1.0])
    tensor(0.69314718)
    """

    def __init__(
        self,
        weight: npt.ArrayLike | None = None,
        reduction: LossReduction = "mean",
        pos_weight: npt.ArrayLike | None = None,
    ) -> None:
        super().__init__(reduction)
        self.weight = weight
        self.pos_weight = pos_weight

    def forward(self, logits: TensorLike, target: TensorLike) -> Tensor:
        """Compare scores with targets from 0 to 1."""
        return binary_cross_entropy_with_logits(logits, target, self.weight, self.reduction, self.pos_weight)


class HingeLoss(Loss):
    """``max(0, margin - y * score)`` for targets y of -1 or 1. See :func:`~seegrad.nn.functional.hinge_loss`.

    Parameters
    ----------
    margin : float, default 1
        The value of ``y * score`` from which the loss is 0.
    reduction : {"mean", "sum", "none"}
        Mean over all elements, sum, or one loss for each.
    """

    def __init__(self, margin: float = 1.0, reduction: LossReduction = "mean") -> None:
        super().__init__(reduction)
        self.margin = margin

    def forward(self, scores: TensorLike, target: TensorLike) -> Tensor:
        """Compare scores with targets of -1 or 1."""
        return hinge_loss(scores, target, self.margin, self.reduction)
