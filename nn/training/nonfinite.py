"""NaN and infinity in training: find the first value that is not finite, and restore the last good weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from ...autograd import Tensor, no_grad
from ...common.quiet import quiet
from ..evaluation import observed
from ..module import Module

__all__ = ["NonFiniteError"]

Array = npt.NDArray[Any]


class NonFiniteError(FloatingPointError):
    """Training was stopped because the loss or a parameter became NaN or infinite.

    Attributes
    ----------
    epoch, step : int
        Where it happened, counted from 1.
    culprit : str
        The first non-finite parameter or activation, by name.
    """

    def __init__(self, what: str, epoch: int, step: int, culprit: str) -> None:
        super().__init__(
            f"{what} in epoch {epoch}, step {step}; the first non-finite values: {culprit}. The model has "
            "its last good weights again. A smaller learning rate often helps"
        )
        self.epoch = epoch
        self.step = step
        self.culprit = culprit


class GoodWeights:
    """A copy of a model's parameters and buffers from the last step whose loss was finite.

    Parameters
    ----------
    model : Module
        The model; must keep its structure.
    """

    def __init__(self, model: Module) -> None:
        self._model = model
        self._parameters = dict(model.named_parameters())
        self._has_buffers = next(model.buffers(), None) is not None
        self._copies = model.state_dict()

    def keep(self) -> None:
        """Copy the present state, in place, since it is done in every step."""
        for name, parameter in self._parameters.items():
            np.copyto(self._copies[name], parameter.data)
        if self._has_buffers:
            for name, buffer in self._model.named_buffers():
                np.copyto(self._copies[name], buffer)

    def restore(self) -> None:
        """Load the last good state into the model."""
        self._model.load_state_dict(self._copies)


def nonfinite_parameter(model: Module) -> str | None:
    """Name the first parameter that holds NaN or infinity, or return None."""
    for name, parameter in model.named_parameters():
        bad = _describe(parameter.data)
        if bad:
            return f"parameter {name} ({bad})"
    return None


def first_nonfinite(model: Module, x: Array) -> str:
    """Run a batch through a model once more and name the first array that is not finite.

    Parameters
    ----------
    model : Module
        The model, in the mode in which it failed. Buffers may change.
    x : numpy.ndarray, shape (n, ...)
        The batch.

    Returns
    -------
    str
        Names the input, a parameter, a layer's output, or the loss if all of those are finite.
    """
    bad_input = _describe(x)
    if bad_input:
        return f"the batch itself ({bad_input})"
    found: list[str] = []

    def watch(path: str) -> Callable[[Module, tuple[Any, ...], Any], None]:
        def look(module: Module, _inputs: tuple[Any, ...], output: Any) -> None:
            if not found:
                found.extend(_look_at(path, module, output))

        return look

    with observed([(module, watch(path)) for path, module in model.named_modules()]), no_grad(), quiet():
        model(x)
    return found[0] if found else "the loss itself (parameters and activations are finite)"


def _look_at(path: str, module: Module, output: Any) -> list[str]:
    """Describe the first array that is not finite among a module's parameters and its output."""
    for name, parameter in module.named_parameters(path):
        bad = _describe(parameter.data)
        if bad:
            return [f"parameter {name} ({bad})"]
    bad = _describe(output.data) if isinstance(output, Tensor) else None
    return [f"the output of {f'{path} '.lstrip()}{type(module).__name__} ({bad})"] if bad else []


def _describe(array: Array) -> str | None:
    if array.dtype.kind != "f" or np.isfinite(array).all():
        return None
    nan, infinite = np.count_nonzero(np.isnan(array)), np.count_nonzero(np.isinf(array))
    counts = [f"{count:,} {word}" for count, word in ((nan, "NaN"), (infinite, "infinite")) if count]
    return f"{' and '.join(counts)} of {array.size:,} values"
