"""What all losses share: checks of predictions and targets, and the reduction to one number."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ...autograd import Tensor
from ...autograd.tensor import as_numbers
from ...common.warning import warn
from ..module import as_tensor

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
    return as_numbers(target).astype(x.dtype, copy=False)


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


#: Operations whose results are the numbers that went in first, or nearly so.
_PASSING = {
    *("reshape", "transpose", "getitem", "squeeze", "identity", "astype"),
    *("minimum", "maximum", "at_least", "at_most"),
}
#: How far back to look for what made the numbers.
_FARTHEST = 6


def warn_of_softmax(name: str, x: Tensor) -> None:
    """Warn if predictions that should be scores of classes have been through a softmax, or are of a single class.

    Warns
    -----
    SeegradWarning
        If a softmax made them, or a division or exponential whose rows are probabilities; or if there is one class.
    """
    if x.shape[-1:] == (1,):
        warn(
            f"{name}: the predictions, of shape {x.shape}, have one class only, whose probability is always 1: the "
            "loss is 0 and nothing is learned. Use two outputs, or BCEWithLogitsLoss"
        )
    maker = _maker(x)
    if maker == "softmax" or (maker in ("divide", "exp") and _are_probabilities(x.data)):
        warn(
            f"{name}: the predictions are probabilities already, made by a softmax. This loss takes scores and does "
            "the softmax itself: leave it out of the model, or use NLLLoss on the logarithm (log_softmax)"
        )


def warn_of_probabilities(name: str, x: Tensor) -> None:
    """Warn if predictions that should be logarithms of probabilities are probabilities."""
    if _are_probabilities(x.data):
        warn(
            f"{name}: the predictions are probabilities. This loss takes their logarithms: use log_softmax instead of "
            "softmax, or CrossEntropyLoss on the scores"
        )


def _are_probabilities(rows: Array) -> bool:
    if rows.ndim == 0 or rows.size == 0 or not (rows >= 0).all():
        return False
    return bool((np.abs(rows.sum(axis=-1) - 1.0) < 1e-3).all())


def warn_of_sigmoid(name: str, x: Tensor) -> None:
    """Warn if predictions that should be scores have been through a sigmoid."""
    if _maker(x) == "sigmoid":
        warn(
            f"{name}: the predictions are probabilities already, made by a sigmoid. This loss takes scores and does "
            "the sigmoid itself: leave it out of the model, or use BCELoss"
        )


def _maker(x: Tensor) -> str | None:
    """Name the operation that computed the numbers of x, past those that only pass them on."""
    node: Any = x
    for _ in range(_FARTHEST):
        if node.op is None:
            return None
        name: str = node.op.name
        if name not in _PASSING:
            return name
        node = node.inputs[0]
    return None


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
