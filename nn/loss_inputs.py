"""What all losses share: checks of predictions and targets, and the reduction to one number."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..autograd import Tensor
from .module import as_tensor

Array = npt.NDArray[Any]


def prediction(name: str, x: Any) -> Tensor:
    """Return a loss's first input as a Tensor of floats."""
    x = as_tensor(x)
    if x.dtype.kind != "f":
        raise TypeError(f"{name}: predictions must be floating-point numbers, got {x.dtype}")
    return x


def target_like(x: Tensor, target: Any) -> Tensor | Array:
    """Return a target in the dtype of the prediction; one that requires gradients stays a Tensor."""
    if isinstance(target, Tensor):
        if target.requires_grad:
            return target
        target = target.data
    return np.asarray(target, dtype=x.dtype)


def matching(name: str, x: Any, target: Any) -> tuple[Tensor, Tensor | Array]:
    """Return prediction and target, having checked that their shapes are equal.

    Raises
    ------
    ValueError
        If not: broadcasting (4,) against (4, 1) would silently compare every pair.
    """
    x = prediction(name, x)
    target = target_like(x, target)
    if x.shape != target.shape:
        raise ValueError(
            f"{name}: prediction of shape {x.shape} and target of shape {target.shape} must have the same shape; "
            "reshape one of them"
        )
    return x, target


def values_of(x: Tensor | Array) -> Array:
    """Return the plain array."""
    return x.data if isinstance(x, Tensor) else x


def check_probabilities(name: str, what: str, values: Array) -> None:
    """Check that all values are from 0 to 1."""
    bad = ~((values >= 0) & (values <= 1))
    if bad.any():
        raise ValueError(f"{name}: {what} must be from 0 to 1, got {values[bad][0]} at index {first(bad)}")


def check_signs(name: str, values: Array) -> None:
    """Check that all targets are -1 or 1."""
    bad = (values != 1) & (values != -1)
    if bad.any():
        raise ValueError(f"{name}: targets must be -1 or 1, got {values[bad][0]} at index {first(bad)}")


def first(mask: Array) -> Any:
    """Index of the first True, as an int where one number will do."""
    index = tuple(int(i) for i in np.argwhere(mask)[0])
    return index[0] if len(index) == 1 else index


def reduce(name: str, values: Tensor, reduction: str) -> Tensor:
    """Turn the losses of all elements into the one that is asked for."""
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f'{name}: reduction must be "mean", "sum" or "none", got {reduction!r}')
    if reduction == "mean" and values.size == 0:
        raise ValueError(f"{name}: the mean over nothing is not defined; the batch is empty")
    result: Tensor = {"mean": values.mean, "sum": values.sum, "none": lambda: values}[reduction]()
    return result
