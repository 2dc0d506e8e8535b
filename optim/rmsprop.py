"""RMSprop."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from .flat import FlatParameters
from .optimizer import Group, Optimizer, Parameters

__all__ = ["RMSprop"]


class RMSprop(Optimizer):
    """Step by the gradient, divided by the root of a running mean of its square.

    With gradient g, parameter p (PyTorch's formulas)::

        g = g + weight_decay * p
        v = alpha * v + (1 - alpha) * g**2
        d = sqrt(v) + eps                      centered: m = alpha * m + (1 - alpha) * g
                                                         d = sqrt(v - m**2) + eps
        p = p - lr * g / d                     momentum: b = momentum * b + g / d;  p = p - lr * b

    Keras's ``rho`` is alpha (0.9 there), its ``eps`` (1e-7) stands under the root.
    G. Hinton, lecture 6 of "Neural networks for machine learning" (2012); centered: A. Graves, "Generating
    sequences with recurrent neural networks" (2013).

    Parameters
    ----------
    params : iterable of Tensor, or of dict
        Parameters, or groups of them; see :class:`~seegrad.optim.Optimizer`.
    lr : float, default 1e-2
        Learning rate.
    alpha : float, default 0.99
        Share that the running mean keeps at each step.
    eps : float, default 1e-8
        Keeps the division finite.
    weight_decay : float, default 0
        Strength of the pull towards 0, added to the gradient.
    momentum : float, default 0
        Share of the velocity that is kept.
    centered : bool, default False
        Divide by the standard deviation of the gradient.
    maximize : bool, default False
        Whether to go up.

    Raises
    ------
    ValueError
        If a setting is not valid.
    """

    nonnegative: ClassVar[tuple[str, ...]] = ("lr", "eps", "weight_decay", "momentum")

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "alpha": alpha,
                "eps": eps,
                "weight_decay": weight_decay,
                "momentum": momentum,
                "centered": centered,
                "maximize": maximize,
            },
        )

    def validate(self, group: Group) -> None:
        """Check the settings."""
        super().validate(group)
        self.check_below_one("alpha", group["alpha"])

    def memory(self, group: Group) -> dict[str, float]:
        """Remember the running means and the velocity, as far as they are used."""
        used = {"square_avg": True, "grad_avg": group["centered"], "momentum_buffer": group["momentum"] > 0}
        return {name: 0.0 for name, wanted in used.items() if wanted}

    def update(self, flat: FlatParameters, where: slice, step: int, group: Group) -> None:
        """Apply the formula."""
        p, g = flat.values[where], flat.gradients[where]
        v, alpha = flat.state["square_avg"][where], group["alpha"]
        if group["weight_decay"]:
            g += group["weight_decay"] * p
        v *= alpha
        v += (1.0 - alpha) * g * g  # in this order, as in PyTorch: the square alone overflows sooner
        if group["centered"]:
            m = flat.state["grad_avg"][where]
            m *= alpha
            m += (1.0 - alpha) * g
            d = np.sqrt(v - m * m)
        else:
            d = np.sqrt(v)
        d += group["eps"]
        g /= d
        if group["momentum"]:
            b = flat.state["momentum_buffer"][where]
            b *= group["momentum"]
            b += g
            g = b
        p -= group["lr"] * g
