"""Stochastic gradient descent."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from .flat import FlatParameters
from .optimizer import Group, Optimizer, Parameters

__all__ = ["SGD"]


class SGD(Optimizer):
    """Step against the gradient, perhaps with momentum.

    With gradient g, parameter p, velocity v (PyTorch's formulas)::

        g = g + weight_decay * p
        v = momentum * v + (1 - dampening) * g        (v = g in the first step)
        p = p - lr * v                                with Nesterov: p - lr * (g + momentum * v)

    Keras puts the learning rate into the velocity, ``v = momentum * v - lr * g; p = p + v``, which is the same
    as long as ``lr`` does not change.

    Parameters
    ----------
    params : iterable of Tensor, or of dict
        Parameters, or groups of them; see :class:`~seegrad.optim.Optimizer`.
    lr : float, default 1e-3
        Learning rate.
    momentum : float, default 0
        Share of the velocity that is kept.
    dampening : float, default 0
        Share of the gradient that does not enter the velocity.
    weight_decay : float, default 0
        Strength of the pull towards 0, added to the gradient.
    nesterov : bool, default False
        Look one step ahead (needs momentum, and no dampening).
    maximize : bool, default False
        Whether to go up.

    Raises
    ------
    ValueError
        If a setting is not valid.

    Examples
    --------
    >>> theta = sg.tensor([1.0], requires_grad=True)
    >>> optimizer = sg.optim.SGD([theta], lr=0.1, momentum=0.9)
    >>> theta.grad = np.array([-1.0])
    >>> optimizer.step()
    >>> theta.data
    array([1.1])
    """

    nonnegative: ClassVar[tuple[str, ...]] = ("lr", "momentum", "weight_decay")

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "momentum": momentum,
                "dampening": dampening,
                "weight_decay": weight_decay,
                "nesterov": nesterov,
                "maximize": maximize,
            },
        )

    def validate(self, group: Group) -> None:
        """Check the settings."""
        super().validate(group)
        if group["nesterov"] and (group["momentum"] == 0 or group["dampening"] != 0):
            raise ValueError(
                f"SGD: nesterov needs momentum > 0 and dampening = 0, got momentum={group['momentum']!r}, "
                f"dampening={group['dampening']!r}"
            )

    def memory(self, group: Group) -> dict[str, float]:
        """Remember the velocity, if there is momentum."""
        return {"momentum_buffer": 0.0} if group["momentum"] else {}

    def update(self, flat: FlatParameters, where: slice, step: int, group: Group) -> None:
        """Apply the formula."""
        p, g = flat.values[where], flat.gradients[where]
        momentum = group["momentum"]
        if group["weight_decay"]:
            g += group["weight_decay"] * p
        if momentum:
            v = flat.state["momentum_buffer"][where]
            if step == 1:
                v[...] = g
            else:
                v *= momentum
                v += g if group["dampening"] == 0 else (1.0 - group["dampening"]) * g
            if group["nesterov"]:
                g += momentum * v
            else:
                g = v
        p -= np.multiply(g, group["lr"])
