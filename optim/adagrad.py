"""Adagrad."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from .flat import FlatParameters
from .optimizer import Group, Optimizer, Parameters

__all__ = ["Adagrad"]


class Adagrad(Optimizer):
    """Step by the gradient, divided by the root of the sum of its squares so far.

    With gradient g, parameter p, step number t (PyTorch's formulas)::

        g = g + weight_decay * p
        s = s + g**2
        p = p - lr / (1 + (t - 1) * lr_decay) * g / (sqrt(s) + eps)

    Keras starts with s = 0.1, and its ``eps`` (1e-7) stands under the root.
    J. Duchi, E. Hazan and Y. Singer, "Adaptive subgradient methods for online learning" (2011).

    Parameters
    ----------
    params : iterable of Tensor, or of dict
        Parameters, or groups of them; see :class:`~seegrad.optim.Optimizer`.
    lr : float, default 1e-2
        Learning rate.
    lr_decay : float, default 0
        How fast the learning rate falls with the number of steps.
    weight_decay : float, default 0
        Strength of the pull towards 0, added to the gradient.
    initial_accumulator_value : float, default 0
        What the sum of squares starts from.
    eps : float, default 1e-10
        Keeps the division finite.
    maximize : bool, default False
        Whether to go up.

    Raises
    ------
    ValueError
        If a setting is not valid.
    """

    nonnegative: ClassVar[tuple[str, ...]] = ("lr", "lr_decay", "weight_decay", "initial_accumulator_value", "eps")

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-2,
        lr_decay: float = 0.0,
        weight_decay: float = 0.0,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "lr_decay": lr_decay,
                "weight_decay": weight_decay,
                "initial_accumulator_value": initial_accumulator_value,
                "eps": eps,
                "maximize": maximize,
            },
        )

    def memory(self, group: Group) -> dict[str, float]:
        """Remember the sum of squares."""
        return {"sum": group["initial_accumulator_value"]}

    def update(self, flat: FlatParameters, where: slice, step: int, group: Group) -> None:
        """Apply the formula."""
        p, g, s = flat.values[where], flat.gradients[where], flat.state["sum"][where]
        if group["weight_decay"]:
            g += group["weight_decay"] * p
        s += g * g
        d = np.sqrt(s)
        d += group["eps"]
        g /= d
        p -= group["lr"] / (1.0 + (step - 1) * group["lr_decay"]) * g
