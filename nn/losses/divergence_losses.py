"""The Kullback-Leibler divergence between distributions."""

from __future__ import annotations

from typing import Any, Literal

from ...autograd import Tensor, exp, log, where
from ...autograd.core.node import data_of
from ...autograd.ops.questions import asked
from ...common.elsewhere import takes_other_names
from ..module import TensorLike
from .loss import Loss, LossReduction, reduce
from .loss_inputs import matching
from .misuse_warnings import warn_of_probabilities

__all__ = ["KLDivLoss"]


@asked
def _is_never_negative(p: Any) -> bool:
    return bool((p >= 0).all())


@takes_other_names
def kl_div(
    log_q: TensorLike,
    target: TensorLike,
    reduction: LossReduction | Literal["batchmean"] = "mean",
    log_target: bool = False,
) -> Tensor:
    """Compute the Kullback-Leibler divergence, elementwise ``p * (log p - log q)``; 0 where p is 0.

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
        positive = data_of(p) > 0
        if not _is_never_negative(data_of(p)):
            raise ValueError("kl_div: target probabilities must not be negative or NaN")
        values = p * (log(where(positive, p, 1.0)) - x)
    if reduction == "batchmean":
        if x.ndim == 0 or x.shape[0] == 0:
            raise ValueError(f"kl_div: batchmean needs a batch, got shape {x.shape}")
        return reduce("kl_div", values * (1.0 / x.shape[0]), "sum")
    return reduce("kl_div", values, reduction)


class KLDivLoss(Loss):
    """Kullback-Leibler divergence. See :func:`~seegrad.nn.functional.kl_div`.

    Parameters
    ----------
    reduction : {"mean", "batchmean", "sum", "none"}
        "batchmean", sum / N, is the divergence of the definition.
    log_target : bool, default False
        Whether the targets are logarithms.
    """

    reductions: tuple[str, ...] = ("mean", "batchmean", "sum", "none")

    def __init__(self, reduction: LossReduction = "mean", log_target: bool = False) -> None:
        super().__init__(reduction)
        self.log_target = log_target

    def forward(self, log_q: TensorLike, target: TensorLike) -> Tensor:
        """Compare log-probabilities with probabilities."""
        return kl_div(log_q, target, self.reduction, self.log_target)
