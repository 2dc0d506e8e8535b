"""Muon, an optimizer of matrices."""

from __future__ import annotations

import math
from typing import ClassVar, Literal

import numpy as np

from .flat import FlatParameters
from .optimizer import Array, Group, Optimizer, Parameters

__all__ = ["Muon"]

#: Of the polynomial a x + b x**3 + c x**5, which brings singular values near to 1 in a few steps.
COEFFICIENTS = (3.4445, -4.7750, 2.0315)


def nearly_orthogonal(matrix: Array, steps: int, eps: float) -> Array:
    """Return a matrix with the same singular vectors, whose singular values are about 1 (0.7 to 1.2).

    Parameters
    ----------
    matrix : ndarray, shape (n, m)
        Any matrix.
    steps : int
        How often the polynomial is applied.
    eps : float
        The least that the matrix is divided by at first.
    """
    a, b, c = COEFFICIENTS
    wide = matrix.T if matrix.shape[0] > matrix.shape[1] else matrix
    x = wide / max(float(np.linalg.norm(wide)), eps)
    for _ in range(steps):
        square = x @ x.T
        x = a * x + (b * square + c * square @ square) @ x
    return np.asarray(x.T if wide is not matrix else x, matrix.dtype)


class Muon(Optimizer):
    """Step by a running mean of the gradient, a matrix whose singular values are all made about 1.

    With gradient G, parameter W, both matrices (inputs, outputs)::

        M = momentum * M + (1 - momentum) * G
        U = nearly_orthogonal((1 - momentum) * G + momentum * M)      without nesterov: of M
        W = W - lr * weight_decay * W
        W = W - lr * sqrt(max(1, outputs / inputs)) * U

    It is for the matrices inside a network: give embeddings, the last layer, biases and scales to another optimizer.
    The formulas are those of ``torch.optim.Muon``, which computes U in bfloat16.
    K. Jordan et al., "Muon: an optimizer for hidden layers in neural networks" (2024).

    Parameters
    ----------
    params : iterable of Tensor, or of dict
        Matrices, or groups of them; see :class:`~seegrad.optim.Optimizer`.
    lr : float, default 1e-3
        Learning rate.
    weight_decay : float, default 0.1
        Strength of the pull towards 0, as a share of ``lr``.
    momentum : float, default 0.95
        Share that the running mean keeps at each step.
    nesterov : bool, default True
        Look one step ahead.
    eps : float, default 1e-7
        Keeps a division finite.
    ns_steps : int, default 5
        How often the polynomial is applied.
    adjust_lr_fn : "original" or "match_rms_adamw", default "original"
        The latter multiplies by ``0.2 * sqrt(max(inputs, outputs))`` instead: then learning rates and weight decays
        that suit AdamW suit here, too.
    maximize : bool, default False
        Whether to go up.

    Raises
    ------
    ValueError
        If a setting is not valid, or a parameter is no matrix.

    Examples
    --------
    >>> w = sg.tensor([[3.0, 0.0], [0.0, 0.1]], requires_grad=True)
    >>> optimizer = sg.optim.Muon([w], lr=0.1, weight_decay=0.0)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> bool((w.data.diagonal() < [2.95, 0.05]).all())
    True
    """

    nonnegative: ClassVar[tuple[str, ...]] = ("lr", "weight_decay", "eps")
    whole: ClassVar[bool] = True

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        eps: float = 1e-7,
        ns_steps: int = 5,
        adjust_lr_fn: Literal["original", "match_rms_adamw"] = "original",
        *,
        maximize: bool = False,
    ) -> None:
        means = {"momentum": momentum, "nesterov": nesterov, "eps": eps, "ns_steps": ns_steps}
        settings = {"lr": lr, "weight_decay": weight_decay, **means, "adjust_lr_fn": adjust_lr_fn}
        super().__init__(params, {**settings, "maximize": maximize})

    def validate(self, group: Group) -> None:
        """Check the settings, and that all parameters are matrices."""
        super().validate(group)
        self.check_below_one("momentum", group["momentum"])
        if group["adjust_lr_fn"] not in ("original", "match_rms_adamw"):
            raise ValueError(f"Muon: adjust_lr_fn must be 'original' or 'match_rms_adamw': {group['adjust_lr_fn']!r}")
        for p in group["params"]:
            if not isinstance(p, int) and p.ndim != 2:  # a state has numbers for the parameters
                raise ValueError(
                    f"Muon: takes matrices, got a parameter{f' ({p.label})' if p.label else ''} of shape {p.shape}; "
                    "give the others to optim.AdamW"
                )

    def memory(self, group: Group) -> dict[str, float]:
        """Remember the running mean."""
        return {"momentum_buffer": 0.0}

    def update(self, flat: FlatParameters, where: slice, step: int, group: Group) -> None:
        """Apply the formula to one matrix."""
        rows, columns = shape = flat.shape_at(where)
        p, g, m = flat.values[where], flat.gradients[where], flat.state["momentum_buffer"][where]
        momentum = group["momentum"]
        m *= momentum
        m += (1.0 - momentum) * g
        mean = (1.0 - momentum) * g + momentum * m if group["nesterov"] else m
        direction = nearly_orthogonal(mean.reshape(shape), group["ns_steps"], group["eps"]).ravel()
        if group["adjust_lr_fn"] == "original":
            factor = math.sqrt(max(1.0, columns / rows)) if rows else 1.0
        else:
            factor = 0.2 * math.sqrt(max(rows, columns))
        p *= 1.0 - group["lr"] * group["weight_decay"]
        p -= group["lr"] * factor * direction
