"""What all losses share: the base of their modules, and the reduction of one loss per element to one number."""

from __future__ import annotations

from typing import Any, Literal

from ...autograd import Tensor
from ..module import Module

Reduction = Literal["mean", "sum", "none"]


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


def reduce(name: str, values: Tensor, reduction: str) -> Tensor:
    """Turn the losses of all elements into the one that is asked for."""
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f'{name}: reduction must be "mean", "sum" or "none", got {reduction!r}')
    if reduction == "mean" and values.size == 0:
        raise ValueError(f"{name}: the mean over nothing is not defined; the batch is empty")
    result: Tensor = {"mean": values.mean, "sum": values.sum, "none": lambda: values}[reduction]()
    return result
