"""RAdam."""

from __future__ import annotations

import math

import numpy as np

from .adam import Adam, update_means
from .flat import FlatParameters
from .optimizer import Group, Parameters

__all__ = ["RAdam"]


class RAdam(Adam):
    """Adam that waits with its division until the mean of the squares is known well enough: no warm-up is needed.

    With gradient g, parameter p, step number t (PyTorch's formulas)::

        g = g + weight_decay * p
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        R = 2 / (1 - beta2) - 1
        r = R - 2 * t * beta2**t / (1 - beta2**t)           how many squares the mean is worth
        if r > 5: s = sqrt((r - 4) * (r - 2) * R / ((R - 4) * (R - 2) * r)) * sqrt(1 - beta2**t) / (sqrt(v) + eps)
        else:     s = 1
        p = p - lr * s * m / (1 - beta1**t)

    L. Liu et al., "On the variance of the adaptive learning rate and beyond" (2020).

    Parameters
    ----------
    params : iterable of Tensor, or of dict
        Parameters, or groups of them; see :class:`~seegrad.optim.Optimizer`.
    lr : float, default 1e-3
        Learning rate.
    betas : (float, float), default (0.9, 0.999)
        Shares that the two running means keep at each step.
    eps : float, default 1e-8
        Keeps the division finite.
    weight_decay : float, default 0
        Strength of the pull towards 0, added to the gradient.
    maximize : bool, default False
        Whether to go up.
    decoupled_weight_decay : bool, default False
        Whether the weight decay acts on the parameter instead: ``p = p - lr * weight_decay * p`` before the step.

    Raises
    ------
    ValueError
        If a setting is not valid.
    """

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
        decoupled_weight_decay: bool = False,
    ) -> None:
        settings = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        flags = {"maximize": maximize, "decoupled_weight_decay": decoupled_weight_decay}
        super(Adam, self).__init__(params, {**settings, **flags})

    def memory(self, group: Group) -> dict[str, float]:
        """Remember the two running means."""
        return {"exp_avg": 0.0, "exp_avg_sq": 0.0}

    def update(self, flat: FlatParameters, where: slice, step: int, group: Group) -> None:
        """Apply the formula."""
        p, g = flat.values[where], flat.gradients[where]
        m, v = flat.state["exp_avg"][where], flat.state["exp_avg_sq"][where]
        beta1, beta2 = group["betas"]
        self.decay(p, g, group)
        update_means(m, v, g, beta1, beta2)
        rate = group["lr"] / (1.0 - beta1**step)
        correction = 1.0 - beta2**step
        most = 2.0 / (1.0 - beta2) - 1.0
        worth = most - 2.0 * step * beta2**step / correction
        if worth > 5.0:
            share = (worth - 4.0) * (worth - 2.0) * most / ((most - 4.0) * (most - 2.0) * worth)
            p -= rate * math.sqrt(share * correction) * m / (np.sqrt(v) + group["eps"])
        else:
            p -= rate * m
