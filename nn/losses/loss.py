"""The base of all loss modules, and the reduction of the losses of all elements to one number."""

from __future__ import annotations

from typing import Any, Literal

from ...autograd import Tensor
from ...common.argument_repr import changed_arguments
from ..module import Module

LossReduction = Literal["mean", "sum", "none"]


class Loss(Module):
    """Base of all loss modules; ``reduction`` says how the losses of all elements become one number."""

    reductions: tuple[str, ...] = ("mean", "sum", "none")

    def __init__(self, reduction: str = "mean") -> None:
        if reduction not in self.reductions:
            names = ", ".join(f'"{name}"' for name in self.reductions)
            raise ValueError(f"{type(self).__name__}: reduction must be one of {names}, got {reduction!r}")
        self.reduction: Any = reduction

    def extra_repr(self) -> str:
        """Return the arguments that are not the defaults."""
        return changed_arguments(self)


def reduce(name: str, values: Tensor, reduction: str) -> Tensor:
    """Reduce the losses of all elements to their mean or sum, or leave them as they are ("none")."""
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f'{name}: reduction must be "mean", "sum" or "none", got {reduction!r}')
    if reduction == "mean" and values.size == 0:
        raise ValueError(f"{name}: the mean over nothing is not defined; the batch is empty")
    result: Tensor = {"mean": values.mean, "sum": values.sum, "none": lambda: values}[reduction]()
    return result
