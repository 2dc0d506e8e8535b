"""Lion."""

from __future__ import annotations

import numpy as np

from .flat import FlatParameters
from .optimizer import Group, Optimizer, Parameters

__all__ = ["Lion"]


class Lion(Optimizer):
    """Step by the sign of a mean of gradients: every number changes by the learning rate.

    With gradient g, parameter p::

        p = p - lr * weight_decay * p
        p = p - lr * sign(beta1 * m + (1 - beta1) * g)
        m = beta2 * m + (1 - beta2) * g

    Learning rates are 3 to 10 times smaller than Adam's, weight decays as many times larger.
    X. Chen et al., "Symbolic discovery of optimization algorithms" (2023), algorithm 2.

    Parameters
    ----------
    params : iterable of Tensor, or of dict
        Parameters, or groups of them; see :class:`~seegrad.optim.Optimizer`.
    lr : float, default 1e-4
        Learning rate.
    betas : (float, float), default (0.9, 0.99)
        Shares of the running mean in the step, and in the running mean itself.
    weight_decay : float, default 0
        Strength of the pull towards 0, as a share of ``lr``.
    maximize : bool, default False
        Whether to go up.

    Raises
    ------
    ValueError
        If a setting is not valid.

    Examples
    --------
    >>> w = sg.tensor([1.0, -2.0], requires_grad=True)
    >>> optimizer = sg.optim.Lion([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.data
    array([ 0.9, -1.9])
    """

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-4,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "weight_decay": weight_decay, "maximize": maximize})

    def validate(self, group: Group) -> None:
        """Check the settings."""
        super().validate(group)
        self.check_betas(group)

    def memory(self, group: Group) -> dict[str, float]:
        """Remember the running mean."""
        return {"exp_avg": 0.0}

    def update(self, flat: FlatParameters, where: slice, step: int, group: Group) -> None:
        """Apply the formula."""
        p, g, m = flat.values[where], flat.gradients[where], flat.state["exp_avg"][where]
        beta1, beta2 = group["betas"]
        if group["weight_decay"]:
            p *= 1.0 - group["lr"] * group["weight_decay"]
        p -= group["lr"] * np.sign(beta1 * m + (1.0 - beta1) * g)
        m *= beta2
        m += (1.0 - beta2) * g
