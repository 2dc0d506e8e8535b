"""Activations as modules: what bends the straight lines between linear layers."""

from __future__ import annotations

from typing import Any

from ..autograd import Tensor, relu, sigmoid, softmax, tanh
from .checks import as_input
from .module import Module


class Activation(Module):
    """What all activations share: they take an array of floats of any shape and return one of the same shape."""

    def forward(self, x: Any) -> Tensor:
        """Apply it."""
        result: Tensor = self.function(as_input(self, x))
        return result

    def function(self, x: Tensor) -> Any:
        """Compute it; every activation writes its own."""
        raise NotImplementedError(f"{type(self).__name__} has no function(); write one")


class ReLU(Activation):
    """max(x, 0); its derivative at 0 is taken as 0."""

    def function(self, x: Tensor) -> Any:
        """Compute it elementwise."""
        return relu(x)


class Sigmoid(Activation):
    """1 / (1 + e**-x), without overflow."""

    def function(self, x: Tensor) -> Any:
        """Compute it elementwise."""
        return sigmoid(x)


class Tanh(Activation):
    """tanh(x)."""

    def function(self, x: Tensor) -> Any:
        """Compute it elementwise."""
        return tanh(x)


class Softmax(Activation):
    """e**x / sum(e**x) along an axis: probabilities from scores.

    :class:`~seegrad.nn.CrossEntropyLoss` takes the scores themselves (logits), so a network that is trained
    with it ends without a Softmax.

    Parameters
    ----------
    axis : int, default -1
        The classes' axis.
    """

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def function(self, x: Tensor) -> Any:
        """Compute it along the axis."""
        return softmax(x, axis=self.axis)

    def extra_repr(self) -> str:
        """Return the axis unless it is the last."""
        return "" if self.axis == -1 else f"axis={self.axis}"
