"""Losses between vectors: the cosine of pairs that should point the same way, or should not."""

from __future__ import annotations

from ...autograd import Tensor, maximum, sqrt, where
from ...autograd.core.node import data_of
from ...common.elsewhere import takes_other_names
from ..module import TensorLike
from .loss import Loss, LossReduction, reduce
from .loss_inputs import check_signs, prediction, target_like

__all__ = ["CosineEmbeddingLoss"]


@takes_other_names
def cosine_embedding_loss(
    x1: TensorLike, x2: TensorLike, target: TensorLike, margin: float = 0.0, reduction: LossReduction = "mean"
) -> Tensor:
    """Compute a loss of the cosine between pairs of vectors that should point the same way, or should not.

    Parameters
    ----------
    x1, x2 : Tensor or array_like, shape (N, D) or (D,)
        The vectors.
    target : array_like, shape (N,) or ()
        1 for pairs that should point the same way: the loss is 1 - cos. -1 for pairs that should not: the loss is
        max(0, cos - margin).
    margin : float, default 0
        From -1 to 1.
    reduction : {"mean", "sum", "none"}
        Mean over pairs, sum, or one loss for each.
    """
    name = "cosine_embedding_loss"
    if not -1 <= margin <= 1:
        raise ValueError(f"{name}: margin must be from -1 to 1, got {margin}")
    x1, x2 = prediction(name, x1), prediction(name, x2)
    signs = data_of(target_like(x1, target))
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


class CosineEmbeddingLoss(Loss):
    """Loss of the cosine between vectors. See :func:`~seegrad.nn.functional.cosine_embedding_loss`.

    Parameters
    ----------
    margin : float, default 0
        The cosine below which the loss of a pair with target -1 is 0.
    reduction : {"mean", "sum", "none"}
        Mean over pairs, sum, or one loss for each.
    """

    def __init__(self, margin: float = 0.0, reduction: LossReduction = "mean") -> None:
        super().__init__(reduction)
        self.margin = margin

    def forward(self, x1: TensorLike, x2: TensorLike, target: TensorLike) -> Tensor:
        """Compare pairs of vectors (N, D) with targets 1 (same direction) or -1."""
        return cosine_embedding_loss(x1, x2, target, self.margin, self.reduction)
