"""Losses as objects: their options are set once, then they are called with predictions and targets.

The computations, and what each option means, are in :mod:`seegrad.nn.functional`.
"""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from ...autograd import Tensor
from .. import functional
from ..layers.arguments import check_fraction
from ..module import Module


class Loss(Module):
    """What all losses share: ``reduction``, the way from one loss for each element to one number."""

    reductions: tuple[str, ...] = ("mean", "sum", "none")

    def __init__(self, reduction: str = "mean") -> None:
        if reduction not in self.reductions:
            names = ", ".join(f'"{name}"' for name in self.reductions)
            raise ValueError(f"{type(self).__name__}: reduction must be one of {names}, got {reduction!r}")
        self.reduction: Any = reduction

    def extra_repr(self) -> str:
        """Return the reduction unless it is the mean."""
        return "" if self.reduction == "mean" else f"reduction={self.reduction!r}"


class CrossEntropyLoss(Loss):
    """Cross-entropy of logits and integer labels, or rows of probabilities.

    See :func:`~seegrad.nn.functional.cross_entropy`.

    Parameters
    ----------
    weight : array_like, shape (C,), optional
        Weight of each class.
    ignore_index : int, optional
        A label that counts as "no label".
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
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(reduction)
        self.weight, self.ignore_index = weight, ignore_index
        self.label_smoothing = check_fraction("CrossEntropyLoss", "label_smoothing", label_smoothing)

    def forward(self, logits: Any, target: Any) -> Tensor:
        """Compare logits (..., C) with labels (...) or rows (..., C)."""
        return functional.cross_entropy(
            logits, target, self.weight, self.ignore_index, self.reduction, self.label_smoothing
        )


class NLLLoss(Loss):
    """Minus the log-probability of the true class; see :func:`~seegrad.nn.functional.nll_loss`.

    Parameters
    ----------
    weight : array_like, shape (C,), optional
        Weight of each class.
    ignore_index : int, optional
        A label that counts as "no label".
    reduction : {"mean", "sum", "none"}
        Mean over rows, sum, or one loss for each row.
    """

    def __init__(
        self, weight: npt.ArrayLike | None = None, ignore_index: int | None = None, reduction: str = "mean"
    ) -> None:
        super().__init__(reduction)
        self.weight, self.ignore_index = weight, ignore_index

    def forward(self, log_probabilities: Any, target: Any) -> Tensor:
        """Compare log-probabilities (..., C) with labels (...)."""
        return functional.nll_loss(log_probabilities, target, self.weight, self.ignore_index, self.reduction)


class BCELoss(Loss):
    """Binary cross-entropy of probabilities; see :func:`~seegrad.nn.functional.binary_cross_entropy`.

    Parameters
    ----------
    weight : array_like, optional
        Weight of each element; broadcast.
    reduction : {"mean", "sum", "none"}
        Mean over all elements, sum, or one loss for each.
    """

    def __init__(self, weight: npt.ArrayLike | None = None, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.weight = weight

    def forward(self, p: Any, target: Any) -> Tensor:
        """Compare probabilities with answers from 0 to 1."""
        return functional.binary_cross_entropy(p, target, self.weight, self.reduction)


class BCEWithLogitsLoss(Loss):
    """Binary cross-entropy of scores; see :func:`~seegrad.nn.functional.binary_cross_entropy_with_logits`.

    Parameters
    ----------
    weight, pos_weight : array_like, optional
        Weight of each element, and of the answer 1 in particular; broadcast.
    reduction : {"mean", "sum", "none"}
        Mean over all elements, sum, or one loss for each.
    """

    def __init__(
        self,
        weight: npt.ArrayLike | None = None,
        reduction: str = "mean",
        pos_weight: npt.ArrayLike | None = None,
    ) -> None:
        super().__init__(reduction)
        self.weight, self.pos_weight = weight, pos_weight

    def forward(self, logits: Any, target: Any) -> Tensor:
        """Compare scores with answers from 0 to 1."""
        return functional.binary_cross_entropy_with_logits(logits, target, self.weight, self.reduction, self.pos_weight)


class MSELoss(Loss):
    """Squared error; see :func:`~seegrad.nn.functional.mse_loss`.

    Parameters
    ----------
    reduction : {"mean", "sum", "none", "half_mean"}
        "half_mean" is sum / (2 n).
    """

    reductions = ("mean", "sum", "none", "half_mean")

    def forward(self, x: Any, target: Any) -> Tensor:
        """Compare arrays of the same shape."""
        return functional.mse_loss(x, target, self.reduction)


class L1Loss(Loss):
    """Absolute error; see :func:`~seegrad.nn.functional.l1_loss`.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}
        Mean over all elements, sum, or one loss for each.
    """

    def forward(self, x: Any, target: Any) -> Tensor:
        """Compare arrays of the same shape."""
        return functional.l1_loss(x, target, self.reduction)


class HuberLoss(Loss):
    """Squared error near 0, absolute error beyond ``delta``; see :func:`~seegrad.nn.functional.huber_loss`.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}
        Mean over all elements, sum, or one loss for each.
    delta : float, default 1
        Where the one becomes the other.
    """

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction)
        self.delta = delta

    def forward(self, x: Any, target: Any) -> Tensor:
        """Compare arrays of the same shape."""
        return functional.huber_loss(x, target, self.delta, self.reduction)


class SmoothL1Loss(Loss):
    """The Huber loss divided by ``beta``; see :func:`~seegrad.nn.functional.smooth_l1_loss`.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}
        Mean over all elements, sum, or one loss for each.
    beta : float, default 1
        Where squared error becomes absolute error; 0 is the absolute error everywhere.
    """

    def __init__(self, reduction: str = "mean", beta: float = 1.0) -> None:
        super().__init__(reduction)
        self.beta = beta

    def forward(self, x: Any, target: Any) -> Tensor:
        """Compare arrays of the same shape."""
        return functional.smooth_l1_loss(x, target, self.beta, self.reduction)


class KLDivLoss(Loss):
    """Kullback-Leibler divergence; see :func:`~seegrad.nn.functional.kl_div`.

    Parameters
    ----------
    reduction : {"mean", "batchmean", "sum", "none"}
        "batchmean", sum / N, is the divergence of the definition.
    log_target : bool, default False
        Whether targets are logarithms, too.
    """

    reductions = ("mean", "batchmean", "sum", "none")

    def __init__(self, reduction: str = "mean", log_target: bool = False) -> None:
        super().__init__(reduction)
        self.log_target = log_target

    def forward(self, log_q: Any, target: Any) -> Tensor:
        """Compare log-probabilities with probabilities."""
        return functional.kl_div(log_q, target, self.reduction, self.log_target)


class HingeLoss(Loss):
    """``max(0, margin - y * score)`` for answers of -1 or 1; see :func:`~seegrad.nn.functional.hinge_loss`.

    Parameters
    ----------
    margin : float, default 1
        How clearly an answer has to be right to cost nothing.
    reduction : {"mean", "sum", "none"}
        Mean over all elements, sum, or one loss for each.
    """

    def __init__(self, margin: float = 1.0, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.margin = margin

    def forward(self, scores: Any, target: Any) -> Tensor:
        """Compare scores with answers of -1 or 1."""
        return functional.hinge_loss(scores, target, self.margin, self.reduction)


class CosineEmbeddingLoss(Loss):
    """Loss on the angle between vectors; see :func:`~seegrad.nn.functional.cosine_embedding_loss`.

    Parameters
    ----------
    margin : float, default 0
        Cosine below which two vectors count as not alike.
    reduction : {"mean", "sum", "none"}
        Mean over pairs, sum, or one loss for each.
    """

    def __init__(self, margin: float = 0.0, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.margin = margin

    def forward(self, x1: Any, x2: Any, target: Any) -> Tensor:
        """Compare pairs of vectors (N, D); the target says which should be alike (1) or not (-1)."""
        return functional.cosine_embedding_loss(x1, x2, target, self.margin, self.reduction)
