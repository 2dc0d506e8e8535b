"""Adam and AdamW."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from ..common.seam import replaceable
from .flat import FlatParameters
from .optimizer import Array, Group, Optimizer, Parameters

__all__ = ["Adam", "AdamW"]


@replaceable
def adam_step(
    where: slice,
    values: Array,
    gradients: Array,
    means: Array,
    squares: Array,
    beta1: float,
    beta2: float,
    scale: float,
    eps: float,
    rate: float,
) -> None:
    """Update a part of vectors of parameters, their gradients and the running means of these and of their squares.

    Roots of the squares are multiplied by ``scale``, and steps by ``rate``: that corrects the means for their start at
    0. The gradients are written over.
    """
    p, g, m, v = values[where], gradients[where], means[where], squares[where]
    m *= beta1
    m += (work := (1.0 - beta1) * g)
    v *= beta2
    np.multiply(1.0 - beta2, g, out=work)  # first, as in PyTorch: the square alone overflows sooner
    g *= work
    v += g
    np.sqrt(v, out=work)
    work *= scale
    work += eps
    np.divide(m, work, out=work)
    work *= rate
    p -= work


def update_means(m: Array, v: Array, g: Array, beta1: float, beta2: float) -> None:
    """Update the running means of a gradient and of its square."""
    m *= beta1
    m += (1.0 - beta1) * g
    v *= beta2
    v += (1.0 - beta2) * g * g


def amsgrad_step(
    where: slice,
    values: Array,
    gradients: Array,
    means: Array,
    squares: Array,
    maxima: Array,
    beta1: float,
    beta2: float,
    scale: float,
    eps: float,
    rate: float,
) -> None:
    """Update parameters as `adam_step` does, but divide by the largest mean of squares that there has been."""
    p, g, m, v, largest = (vector[where] for vector in (values, gradients, means, squares, maxima))
    update_means(m, v, g, beta1, beta2)
    np.maximum(largest, v, out=largest)
    p -= rate * (m / (np.sqrt(largest) * scale + eps))


class Adam(Optimizer):
    """Step by running means of the gradient and of its square.

    With gradient g, parameter p, step number t (PyTorch's formulas)::

        g = g + weight_decay * p
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        p = p - lr / (1 - beta1**t) * m / (sqrt(v) / sqrt(1 - beta2**t) + eps)

    Keras adds ``eps`` (1e-7 there) to sqrt(v) before the correction by 1 - beta2**t.
    D. Kingma and J. Ba, "Adam: a method for stochastic optimization" (2015).

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
    amsgrad : bool, default False
        Whether v in the last line is the largest that there has been.
        S. Reddi et al., "On the convergence of Adam and beyond" (2018).
    maximize : bool, default False
        Whether to go up.
    decoupled_weight_decay : bool, default False
        Whether the weight decay acts on the parameter instead, as in :class:`AdamW`.

    Raises
    ------
    ValueError
        If a setting is not valid.

    Examples
    --------
    >>> w = sg.tensor([1.0, -2.0], requires_grad=True)
    >>> optimizer = sg.optim.Adam([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.data.round(6)
    array([ 0.9, -1.9])
    """

    nonnegative: ClassVar[tuple[str, ...]] = ("lr", "eps", "weight_decay")

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        decoupled_weight_decay: bool = False,
    ) -> None:
        settings = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad}
        flags = {"maximize": maximize, "decoupled_weight_decay": decoupled_weight_decay}
        super().__init__(params, {**settings, **flags})

    def validate(self, group: Group) -> None:
        """Check the settings."""
        super().validate(group)
        self.check_betas(group)

    def memory(self, group: Group) -> dict[str, float]:
        """Remember the two running means, and the largest of the second one if that is used."""
        means = {"exp_avg": 0.0, "exp_avg_sq": 0.0}
        return {**means, "max_exp_avg_sq": 0.0} if group["amsgrad"] else means

    def decay(self, p: Array, g: Array, group: Group) -> None:
        """Apply the weight decay: to the gradient, or to the parameter."""
        if not group["weight_decay"]:
            return
        if group["decoupled_weight_decay"]:
            p *= 1.0 - group["lr"] * group["weight_decay"]
        else:
            g += group["weight_decay"] * p

    def update(self, flat: FlatParameters, where: slice, step: int, group: Group) -> None:
        """Apply the formula."""
        self.decay(flat.values[where], flat.gradients[where], group)
        beta1, beta2, eps, lr = map(float, (*group["betas"], group["eps"], group["lr"]))
        scale, rate = 1.0 / math.sqrt(1.0 - beta2**step), lr / (1.0 - beta1**step)
        vectors = flat.values, flat.gradients, flat.state["exp_avg"], flat.state["exp_avg_sq"]
        if group["amsgrad"]:
            amsgrad_step(where, *vectors, flat.state["max_exp_avg_sq"], beta1, beta2, scale, eps, rate)
        else:
            adam_step(where, *vectors, beta1, beta2, scale, eps, rate)


class AdamW(Adam):
    """Adam whose weight decay acts on the parameter itself: ``p = p - lr * weight_decay * p`` before each step.

    I. Loshchilov and F. Hutter, "Decoupled weight decay regularization" (2019).

    Parameters
    ----------
    params, lr, betas, eps
        As for :class:`Adam`.
    weight_decay : float, default 1e-2
        Strength of the pull towards 0, as a share of ``lr``.
    amsgrad, maximize
        As for :class:`Adam`.
    """

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, maximize=maximize, decoupled_weight_decay=True)
