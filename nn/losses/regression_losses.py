"""Losses between predicted numbers and the true ones."""

from __future__ import annotations

from typing import Literal

from ...autograd import Tensor, abs, clip, where
from ...common.elsewhere import takes_other_names
from ..module import TensorLike
from .loss import Loss, LossReduction, reduce
from .loss_inputs import matching

__all__ = ["HuberLoss", "L1Loss", "MSELoss", "SmoothL1Loss"]


@takes_other_names
def mse_loss(x: TensorLike, target: TensorLike, reduction: LossReduction | Literal["half_mean"] = "mean") -> Tensor:
    """Compute the squared error, ``(x - target)**2``.

    Parameters
    ----------
    x, target : Tensor or array_like
        Of the same shape.
    reduction : {"mean", "sum", "none", "half_mean"}
        "half_mean" is sum / (2 n), whose gradient is (x - target) / n.

    Raises
    ------
    ValueError
        If the shapes differ, even if NumPy would broadcast them.

    Examples
    --------
    >>> loss = sg.nn.functional.mse_loss(np.array([2.5, 3.2, 3.8]), [2.0, 3.0, 4.0])
    >>> round(loss.item(), 6)
    0.11
    """
    x, target = matching("mse_loss", x, target)
    difference = x - target
    squares = difference * difference
    if reduction == "half_mean":
        return reduce("mse_loss", squares * 0.5, "mean")
    return reduce("mse_loss", squares, reduction)


@takes_other_names
def l1_loss(x: TensorLike, target: TensorLike, reduction: LossReduction = "mean") -> Tensor:
    """Compute the absolute error, ``|x - target|``; its derivative is 0 where both are equal.

    Parameters
    ----------
    x, target : Tensor or array_like
        Of the same shape.
    reduction : {"mean", "sum", "none"}

    Examples
    --------
    >>> sg.nn.functional.l1_loss(np.array([2.0, 5.0]), [1.0, 3.0]).item()
    1.5
    """
    x, target = matching("l1_loss", x, target)
    return reduce("l1_loss", abs(x - target), reduction)


@takes_other_names
def huber_loss(x: TensorLike, target: TensorLike, delta: float = 1.0, reduction: LossReduction = "mean") -> Tensor:
    """Compute the Huber loss: for ``d = |x - target|``, ``d**2 / 2`` to ``delta``, else ``delta * (d - delta / 2)``.

    Parameters
    ----------
    x, target : Tensor or array_like
        Of the same shape.
    delta : float
        Up to where the error counts by its square.
    reduction : {"mean", "sum", "none"}

    Examples
    --------
    >>> sg.nn.functional.huber_loss(np.array([1.0, 5.0]), [0.0, 0.0], reduction="sum").item()
    5.0
    """
    if not delta > 0:
        raise ValueError(f"huber_loss: delta must be greater than 0, got {delta}")
    x, target = matching("huber_loss", x, target)
    return reduce("huber_loss", _huber(x - target, delta), reduction)


@takes_other_names
def smooth_l1_loss(x: TensorLike, target: TensorLike, beta: float = 1.0, reduction: LossReduction = "mean") -> Tensor:
    """Compute the Huber loss divided by ``beta``: the absolute error, smooth within ``beta`` of 0.

    Parameters
    ----------
    x, target : Tensor or array_like
        Of the same shape.
    beta : float
        Up to where it is smooth; 0 gives the absolute error.
    reduction : {"mean", "sum", "none"}

    Examples
    --------
    >>> sg.nn.functional.smooth_l1_loss(np.array([1.0, 5.0]), [0.0, 0.0], beta=2.0, reduction="sum").item()
    4.25
    """
    if not beta >= 0:
        raise ValueError(f"smooth_l1_loss: beta must be at least 0, got {beta}")
    x, target = matching("smooth_l1_loss", x, target)
    values = abs(x - target) if beta == 0 else _huber(x - target, beta) * (1.0 / beta)
    return reduce("smooth_l1_loss", values, reduction)


def _huber(difference: Tensor, delta: float) -> Tensor:
    # where() chooses one part; in a sum of both the gradients would cancel. The square is written without |x|, so that
    # its second derivative at 0 is right.
    distance, near = abs(difference), clip(difference, -delta, delta)
    result: Tensor = where(distance < delta, 0.5 * near * near, delta * (distance - 0.5 * delta))
    return result


class MSELoss(Loss):
    """Squared error. See :func:`~seegrad.nn.functional.mse_loss`.

    Parameters
    ----------
    reduction : {"mean", "sum", "none", "half_mean"}
        "half_mean" is sum / (2 n).

    Examples
    --------
    >>> sg.nn.MSELoss()(np.array([1.0, 3.0]), [0.0, 0.0]).item()
    5.0
    """

    reductions: tuple[str, ...] = ("mean", "sum", "none", "half_mean")

    def forward(self, x: TensorLike, target: TensorLike) -> Tensor:
        """Compare arrays of the same shape."""
        return mse_loss(x, target, self.reduction)


class L1Loss(Loss):
    """Absolute error. See :func:`~seegrad.nn.functional.l1_loss`.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}
        Mean over all elements, sum, or one loss for each.
    """

    def forward(self, x: TensorLike, target: TensorLike) -> Tensor:
        """Compare arrays of the same shape."""
        return l1_loss(x, target, self.reduction)


class HuberLoss(Loss):
    """Squared error near 0, absolute error beyond ``delta``. See :func:`~seegrad.nn.functional.huber_loss`.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}
        Mean over all elements, sum, or one loss for each.
    delta : float, default 1
        The distance at which one becomes the other.

    Examples
    --------
    >>> sg.nn.HuberLoss()(np.array([0.5, 3.0]), [0.0, 0.0]).item()
    1.3125
    """

    def __init__(self, reduction: LossReduction = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction)
        self.delta = delta

    def forward(self, x: TensorLike, target: TensorLike) -> Tensor:
        """Compare arrays of the same shape."""
        return huber_loss(x, target, self.delta, self.reduction)


class SmoothL1Loss(Loss):
    """The Huber loss divided by ``beta``. See :func:`~seegrad.nn.functional.smooth_l1_loss`.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}
        Mean over all elements, sum, or one loss for each.
    beta : float, default 1
        The distance at which the squared error becomes the absolute error; 0 means the absolute error everywhere.
    """

    def __init__(self, reduction: LossReduction = "mean", beta: float = 1.0) -> None:
        super().__init__(reduction)
        self.beta = beta

    def forward(self, x: TensorLike, target: TensorLike) -> Tensor:
        """Compare arrays of the same shape."""
        return smooth_l1_loss(x, target, self.beta, self.reduction)
