"""Adadelta."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from .flat import FlatParameters
from .optimizer import Group, Optimizer, Parameters

__all__ = ["Adadelta"]


class Adadelta(Optimizer):
    """Step by the gradient, scaled so that steps have the size of earlier steps: it needs no learning rate.

    With gradient g, parameter p (PyTorch's formulas)::

        g = g + weight_decay * p
        v = rho * v + (1 - rho) * g**2
        d = sqrt(u + eps) / sqrt(v + eps) * g
        u = rho * u + (1 - rho) * d**2
        p = p - lr * d

    M. Zeiler, "Adadelta: an adaptive learning rate method" (2012).

    Parameters
    ----------
    params : iterable of Tensor, or of dict
        Parameters, or groups of them; see :class:`~seegrad.optim.Optimizer`.
    lr : float, default 1.0
        What the steps are multiplied by.
    rho : float, default 0.9
        Share that the two running means keep at each step.
    eps : float, default 1e-6
        Keeps the division finite, and lets the first steps begin.
    weight_decay : float, default 0
        Strength of the pull towards 0, added to the gradient.
    maximize : bool, default False
        Whether to go up.

    Raises
    ------
    ValueError
        If a setting is not valid.
    """

    nonnegative: ClassVar[tuple[str, ...]] = ("lr", "eps", "weight_decay")

    def __init__(
        self,
        params: Parameters,
        lr: float = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        settings = {"lr": lr, "rho": rho, "eps": eps, "weight_decay": weight_decay, "maximize": maximize}
        super().__init__(params, settings)

    def validate(self, group: Group) -> None:
        """Check the settings."""
        super().validate(group)
        self.check_below_one("rho", group["rho"])

    def memory(self, group: Group) -> dict[str, float]:
        """Remember the two running means."""
        return {"square_avg": 0.0, "acc_delta": 0.0}

    def update(self, flat: FlatParameters, where: slice, step: int, group: Group) -> None:
        """Apply the formula."""
        p, g = flat.values[where], flat.gradients[where]
        v, u = flat.state["square_avg"][where], flat.state["acc_delta"][where]
        rho, eps = group["rho"], group["eps"]
        if group["weight_decay"]:
            g += group["weight_decay"] * p
        v *= rho
        v += (1.0 - rho) * g * g
        g *= np.sqrt(u + eps) / np.sqrt(v + eps)
        u *= rho
        u += (1.0 - rho) * g * g
        p -= group["lr"] * g
