"""NAdam."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from .adam import Adam, update_means
from .flat import FlatParameters
from .optimizer import Group, Parameters

__all__ = ["NAdam"]


class NAdam(Adam):
    """Adam with Nesterov's momentum, whose share grows in the first steps.

    With gradient g, parameter p, step number t (PyTorch's formulas)::

        g = g + weight_decay * p
        c = beta1 * (1 - 0.96**(t * momentum_decay) / 2),   next: the same with t + 1
        P = P * c                                           1 before the first step
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        d = sqrt(v / (1 - beta2**t)) + eps
        p = p - lr * ((1 - c) / (1 - P) * g + next / (1 - P * next) * m) / d

    T. Dozat, "Incorporating Nesterov momentum into Adam" (2016).

    Parameters
    ----------
    params : iterable of Tensor, or of dict
        Parameters, or groups of them; see :class:`~seegrad.optim.Optimizer`.
    lr : float, default 2e-3
        Learning rate.
    betas : (float, float), default (0.9, 0.999)
        Shares that the two running means keep at each step.
    eps : float, default 1e-8
        Keeps the division finite.
    weight_decay : float, default 0
        Strength of the pull towards 0, added to the gradient.
    momentum_decay : float, default 4e-3
        How quickly the share of the momentum grows.
    maximize : bool, default False
        Whether to go up.
    decoupled_weight_decay : bool, default False
        Whether the weight decay acts on the parameter instead: ``p = p - lr * weight_decay * p`` before the step.

    Raises
    ------
    ValueError
        If a setting is not valid.
    """

    nonnegative: ClassVar[tuple[str, ...]] = ("lr", "eps", "weight_decay", "momentum_decay")

    def __init__(
        self,
        params: Parameters,
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum_decay: float = 4e-3,
        *,
        maximize: bool = False,
        decoupled_weight_decay: bool = False,
    ) -> None:
        settings = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "momentum_decay": momentum_decay,
        }
        flags = {"maximize": maximize, "decoupled_weight_decay": decoupled_weight_decay}
        super(Adam, self).__init__(params, {**settings, **flags})

    def memory(self, group: Group) -> dict[str, float]:
        """Remember the two running means, and the product of all shares of the momentum."""
        return {"exp_avg": 0.0, "exp_avg_sq": 0.0, "mu_product": 1.0}

    def update(self, flat: FlatParameters, where: slice, step: int, group: Group) -> None:
        """Apply the formula."""
        p, g = flat.values[where], flat.gradients[where]
        m, v, product = (flat.state[name][where] for name in ("exp_avg", "exp_avg_sq", "mu_product"))
        (beta1, beta2), decay = group["betas"], group["momentum_decay"]
        share, following = (beta1 * (1.0 - 0.5 * 0.96 ** (t * decay)) for t in (step, step + 1))
        self.decay(p, g, group)
        product *= share
        update_means(m, v, g, beta1, beta2)
        deviation = np.sqrt(v) / math.sqrt(1.0 - beta2**step) + group["eps"]
        p -= group["lr"] * (1.0 - share) / (1.0 - product) * g / deviation
        p -= group["lr"] * following / (1.0 - product * following) * m / deviation
