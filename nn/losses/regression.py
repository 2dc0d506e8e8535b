"""Losses between predicted numbers and wanted ones."""

from __future__ import annotations

from typing import Any, Literal

from ...autograd import Tensor, abs, clip, maximum, sqrt, where
from .loss_inputs import check_signs, matching, prediction, reduce, target_like, values_of

Reduction = Literal["mean", "sum", "none"]


def mse_loss(x: Any, target: Any, reduction: Reduction | Literal["half_mean"] = "mean") -> Tensor:
    """Squared error, ``(x - target)**2``.

    Parameters
    ----------
    x, target : Tensor or array_like
        Of the same shape.
    reduction : {"mean", "sum", "none", "half_mean"}
        "half_mean" is sum / (2 n), whose gradient is the plain error / n.

    Raises
    ------
    ValueError
        If the shapes differ, also where NumPy would broadcast them.

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


def l1_loss(x: Any, target: Any, reduction: Reduction = "mean") -> Tensor:
    """Absolute error, ``|x - target|``; its derivative where they are equal is taken as 0."""
    x, target = matching("l1_loss", x, target)
    return reduce("l1_loss", abs(x - target), reduction)


def huber_loss(x: Any, target: Any, delta: float = 1.0, reduction: Reduction = "mean") -> Tensor:
    """Squared error near 0, absolute error beyond ``delta``, smoothly joined.

    With d = |x - target|: d**2 / 2 up to ``delta``, delta * (d - delta / 2) beyond.
    """
    if not delta > 0:
        raise ValueError(f"huber_loss: delta must be greater than 0, got {delta}")
    x, target = matching("huber_loss", x, target)
    return reduce("huber_loss", _huber(x - target, delta), reduction)


def smooth_l1_loss(x: Any, target: Any, beta: float = 1.0, reduction: Reduction = "mean") -> Tensor:
    """Absolute error, rounded off within ``beta`` of 0: the Huber loss divided by ``beta``."""
    if not beta >= 0:
        raise ValueError(f"smooth_l1_loss: beta must be at least 0, got {beta}")
    x, target = matching("smooth_l1_loss", x, target)
    values = abs(x - target) if beta == 0 else _huber(x - target, beta) * (1.0 / beta)
    return reduce("smooth_l1_loss", values, reduction)


def _huber(difference: Tensor, delta: float) -> Tensor:
    # A choice, not a sum of both parts, whose gradients would cancel; a square without |x|, for its second derivative.
    distance, near = abs(difference), clip(difference, -delta, delta)
    result: Tensor = where(distance < delta, 0.5 * near * near, delta * (distance - 0.5 * delta))
    return result


def cosine_embedding_loss(x1: Any, x2: Any, target: Any, margin: float = 0.0, reduction: Reduction = "mean") -> Tensor:
    """Loss on the angle between pairs of vectors that should be alike or not.

    Parameters
    ----------
    x1, x2 : Tensor or array_like, shape (N, D) or (D,)
        The vectors.
    target : array_like, shape (N,) or ()
        1 for pairs that should point the same way: the loss is 1 - cos. -1 for pairs that should not:
        max(0, cos - margin).
    margin : float, default 0
        From -1 to 1.
    reduction : {"mean", "sum", "none"}
        As everywhere.
    """
    name = "cosine_embedding_loss"
    if not -1 <= margin <= 1:
        raise ValueError(f"{name}: margin must be from -1 to 1, got {margin}")
    x1, x2 = prediction(name, x1), prediction(name, x2)
    signs = values_of(target_like(x1, target))
    if x1.shape != x2.shape or x1.ndim not in (1, 2) or signs.shape != x1.shape[:-1]:
        raise ValueError(
            f"{name}: takes vectors (N, D) and (N, D) and targets (N,), or (D,), (D,) and (); got "
            f"{x1.shape}, {x2.shape} and {signs.shape}"
        )
    check_signs(name, signs)
    tiny = 1e-12  # as in PyTorch: keeps the length of a zero vector from being 0
    lengths = sqrt(((x1 * x1).sum(axis=-1) + tiny) * ((x2 * x2).sum(axis=-1) + tiny))
    cosine = (x1 * x2).sum(axis=-1) / lengths
    return reduce(name, where(signs > 0, 1.0 - cosine, maximum(cosine - margin, 0.0)), reduction)
