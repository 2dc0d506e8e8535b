"""Warnings of probabilities that are given to a loss that takes scores or logarithms."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ...autograd import Tensor
from ...autograd.ops.questions import asked
from ...common.warning import warn

Array = npt.NDArray[Any]


#: Operations that return the values of their first input, or nearly so.
_VALUE_PRESERVING = {
    *("reshape", "transpose", "getitem", "squeeze", "identity", "astype"),
    *("minimum", "maximum", "at_least", "at_most"),
}
#: The largest number of such operations to follow back.
_MOST_STEPS_BACK = 6


def warn_of_softmax(name: str, x: Tensor) -> None:
    """Warn if predictions that should be scores are the output of a softmax, or are of a single class.

    Warns
    -----
    SeegradWarning
        If they are the output of a softmax, or of a division or exponential and their rows are probabilities; or if
        there is one class.
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


@asked
def _are_probabilities(rows: Array) -> bool:
    if rows.ndim == 0 or rows.size == 0 or not (rows >= 0).all():
        return False
    return bool((np.abs(rows.sum(axis=-1) - 1.0) < 1e-3).all())


def warn_of_sigmoid(name: str, x: Tensor) -> None:
    """Warn if predictions that should be scores are the output of a sigmoid."""
    if _maker(x) == "sigmoid":
        warn(
            f"{name}: the predictions are probabilities already, made by a sigmoid. This loss takes scores and does "
            "the sigmoid itself: leave it out of the model, or use BCELoss"
        )


def _maker(x: Tensor) -> str | None:
    """Return the name of the operation that computed the values of x, past those that only pass them on."""
    node: Any = x
    for _ in range(_MOST_STEPS_BACK):
        if node.op is None:
            return None
        name: str = node.op.name
        if name not in _VALUE_PRESERVING:
            return name
        node = node.inputs[0]
    return None
