"""Activations as modules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...autograd import (
    Tensor,
    abs,
    elu,
    gelu,
    leaky_relu,
    log_softmax,
    relu,
    sigmoid,
    silu,
    softmax,
    softplus,
    tanh,
    where,
)
from ...autograd.ops.elementwise import at_least, at_most
from ...common.argument_checks import checked_count
from ..layer_errors import LayerShapeError
from ..module import Array, Entries, Module, Parameter, savable
from .arguments import as_input

__all__ = [
    "ELU",
    "GELU",
    "Hardtanh",
    "Identity",
    "LeakyReLU",
    "LogSigmoid",
    "LogSoftmax",
    "Mish",
    "PReLU",
    "ReLU",
    "ReLU6",
    "SELU",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Softsign",
    "Tanh",
]


class Activation(Module):
    """The base of activations, which map an array of floats to one of the same shape."""

    def forward(self, x: Tensor | Array) -> Tensor:
        """Apply it."""
        result: Tensor = self.function(as_input(self, x))
        return result

    def function(self, x: Tensor) -> Tensor:
        """Compute it; every activation defines its own."""
        raise NotImplementedError(f"{type(self).__name__} has no function(); write one")


@savable
class ReLU(Activation):
    """max(x, 0); its derivative at 0 is taken as 0."""

    def function(self, x: Tensor) -> Tensor:
        """Compute it elementwise."""
        return relu(x)


@savable
class Sigmoid(Activation):
    """1 / (1 + e**-x), without overflow."""

    def function(self, x: Tensor) -> Tensor:
        """Compute it elementwise."""
        return sigmoid(x)


@savable
class Tanh(Activation):
    """tanh(x)."""

    def function(self, x: Tensor) -> Tensor:
        """Compute it elementwise."""
        return tanh(x)


@savable
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

    def function(self, x: Tensor) -> Tensor:
        """Compute it along the axis."""
        return softmax(x, axis=self.axis)

    def extra_repr(self) -> str:
        """Return the axis unless it is the last."""
        return "" if self.axis == -1 else f"axis={self.axis}"


@savable
class LogSoftmax(Softmax):
    """log(softmax(x)) along an axis, computed so that nothing overflows.

    Parameters
    ----------
    axis : int, default -1
        The classes' axis.
    """

    def function(self, x: Tensor) -> Tensor:
        """Compute it along the axis."""
        return log_softmax(x, axis=self.axis)


@savable
class Identity(Activation):
    """x itself."""

    def function(self, x: Tensor) -> Tensor:
        """Return it."""
        return x


@savable
class LeakyReLU(Activation):
    """x for positive x, negative_slope * x for the others.

    Parameters
    ----------
    negative_slope : float, default 0.01
        Keras's default is 0.3.
    """

    def __init__(self, negative_slope: float = 0.01) -> None:
        self.negative_slope: float = float(negative_slope)

    def function(self, x: Tensor) -> Tensor:
        """Compute it elementwise."""
        return leaky_relu(x, self.negative_slope)

    def extra_repr(self) -> str:
        """Return the slope."""
        return f"{self.negative_slope:g}"


@savable
class PReLU(Activation):
    """A leaky ReLU that learns its slope.

    Parameters
    ----------
    num_parameters : int, default 1
        1, or the number of channels (the last axis) to learn a slope for each.
    init : float, default 0.25
        First value of the slopes.

    Attributes
    ----------
    weight : Parameter, shape (num_parameters,)
    """

    _first_values = Module._first_values | {"init"}

    def __init__(self, num_parameters: int = 1, init: float = 0.25) -> None:
        self.weight: Parameter = Parameter(
            np.full(checked_count("PReLU: num_parameters", num_parameters), init, np.float32)
        )

    def forward(self, x: Tensor | Array) -> Tensor:
        """Apply it."""
        x = as_input(self, x, self.weight.dtype)
        if self.weight.size > 1 and x.shape[-1:] != self.weight.shape:
            raise LayerShapeError(self, f"got an input of shape {x.shape}, expected (..., {self.weight.size})")
        result: Tensor = where(x.data > 0, x, self.weight * x)
        return result

    def extra_repr(self) -> str:
        """Return the number of slopes."""
        return str(self.weight.size)

    def _argument(self, name: str) -> Any:
        return self.weight.size if name == "num_parameters" else super()._argument(name)

    @classmethod
    def _saved_arrays(cls, arguments: Mapping[str, Any]) -> Entries:
        return {"weight": ((arguments["num_parameters"],), "f")}


@savable
class ELU(Activation):
    """x for positive x, alpha * (e**x - 1) for the others.

    Parameters
    ----------
    alpha : float, default 1
        The limit for large negative x is -alpha.
    """

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha: float = float(alpha)

    def function(self, x: Tensor) -> Tensor:
        """Compute it elementwise."""
        return elu(x, self.alpha)

    def extra_repr(self) -> str:
        """Return alpha."""
        return f"{self.alpha:g}"


@savable
class SELU(Activation):
    """The ELU whose two constants keep zero mean and unit variance from layer to layer.

    G. Klambauer et al., "Self-normalizing neural networks" (2017), equation 14.
    """

    def function(self, x: Tensor) -> Tensor:
        """Compute it elementwise."""
        return 1.0507009873554805 * elu(x, 1.6732632423543772)


@savable
class GELU(Activation):
    """x times the probability that a standard normal variable is less than x.

    D. Hendrycks and K. Gimpel, "Gaussian error linear units" (2016).

    Parameters
    ----------
    approximate : {"none", "tanh"}
        "tanh" for the paper's approximation, x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x**3))).
    """

    def __init__(self, approximate: str = "none") -> None:
        if approximate not in ("none", "tanh"):
            raise ValueError(f'GELU: approximate must be "none" or "tanh", got {approximate!r}')
        self.approximate = approximate

    def function(self, x: Tensor) -> Tensor:
        """Compute it elementwise."""
        if self.approximate == "none":
            return gelu(x)
        return 0.5 * x * (1.0 + tanh((2.0 / np.pi) ** 0.5 * (x + 0.044715 * x * x * x)))

    def extra_repr(self) -> str:
        """Return the approximation, if it is one."""
        return "" if self.approximate == "none" else f"approximate={self.approximate!r}"


@savable
class SiLU(Activation):
    """x * sigmoid(x), also called swish."""

    def function(self, x: Tensor) -> Tensor:
        """Compute it elementwise."""
        return silu(x)


@savable
class Mish(Activation):
    """x * tanh(softplus(x)). D. Misra, "Mish: a self regularized non-monotonic activation function" (2019)."""

    def function(self, x: Tensor) -> Tensor:
        """Compute it elementwise."""
        return x * tanh(softplus(x))


@savable
class Softplus(Activation):
    """log(1 + e**(beta x)) / beta, a smooth ReLU, without overflow.

    Parameters
    ----------
    beta : float, default 1
        The sharpness of the bend. PyTorch's further argument ``threshold`` has no use here.
    """

    def __init__(self, beta: float = 1.0) -> None:
        if not beta > 0:
            raise ValueError(f"Softplus: beta must be greater than 0, got {beta}")
        self.beta: float = float(beta)

    def function(self, x: Tensor) -> Tensor:
        """Compute it elementwise."""
        return softplus(x) if self.beta == 1.0 else softplus(x * self.beta) * (1.0 / self.beta)

    def extra_repr(self) -> str:
        """Return beta unless it is 1."""
        return "" if self.beta == 1.0 else f"beta={self.beta:g}"


@savable
class Softsign(Activation):
    """``x / (1 + |x|)``."""

    def function(self, x: Tensor) -> Tensor:
        """Compute it elementwise."""
        return x / (1.0 + abs(x))


@savable
class LogSigmoid(Activation):
    """log(sigmoid(x)), without overflow."""

    def function(self, x: Tensor) -> Tensor:
        """Compute it elementwise."""
        return -softplus(-x)


@savable
class Hardtanh(Activation):
    """x, limited to an interval; the gradient is 0 outside of it and at its ends.

    Parameters
    ----------
    min_val, max_val : float, default -1 and 1
        The limits.
    """

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0) -> None:
        if not min_val < max_val:
            raise ValueError(f"Hardtanh: min_val = {min_val} must be less than max_val = {max_val}")
        self.min_val: float = float(min_val)
        self.max_val: float = float(max_val)

    def function(self, x: Tensor) -> Tensor:
        """Compute it elementwise."""
        return at_most(self.max_val, at_least(self.min_val, x))

    def extra_repr(self) -> str:
        """Return the limits."""
        return f"{self.min_val:g}, {self.max_val:g}"


@savable
class ReLU6(Activation):
    """min(max(x, 0), 6); the gradient is 0 at 0 and at 6."""

    def function(self, x: Tensor) -> Tensor:
        """Compute it elementwise."""
        return at_most(6.0, at_least(0.0, x))
