"""Limits on gradients, applied between ``backward()`` and ``step()``."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from ..autograd import Tensor
from ..autograd.side_effect import side_effect
from ..common.elsewhere import takes_other_names
from ..common.warning import warn

__all__ = ["clip_grad_norm_", "clip_grad_value_"]

Array = npt.NDArray[Any]


@side_effect
@takes_other_names
def clip_grad_norm_(
    parameters: Iterable[Tensor] | Tensor,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
) -> float:
    """Scale all gradients by one factor so that their joint norm is at most ``max_norm``.

    As in PyTorch the factor is min(1, max_norm / (norm + 1e-6)).

    Parameters
    ----------
    parameters : iterable of Tensor, or Tensor
        Those without a gradient are passed over.
    max_norm : float
        The limit.
    norm_type : float, default 2
        2 for the Euclidean norm, ``math.inf`` for the largest absolute value, or any p > 0.
    error_if_nonfinite : bool, default False
        Raise an error for a norm that is NaN or infinite.

    Returns
    -------
    float
        The norm before; NaN or inf if the gradients are not finite, which are then left as they are, so that
        what is wrong can be found.

    Raises
    ------
    ValueError
        If ``max_norm`` is negative or NaN, or, with ``error_if_nonfinite``, if the norm is not finite.

    Examples
    --------
    >>> x = sg.tensor([3.0, 4.0], requires_grad=True)
    >>> (x * x / 2).sum().backward()
    >>> sg.optim.clip_grad_norm_([x], 1.0)
    5.0
    >>> x.grad.round(3)
    array([0.6, 0.8])
    """
    if not max_norm >= 0:
        raise ValueError(f"clip_grad_norm_: max_norm must be at least 0, got {max_norm}")
    if not norm_type > 0:
        raise ValueError(f"clip_grad_norm_: norm_type must be greater than 0, got {norm_type}")
    gradients = _with_gradient(parameters)
    norm = _norm([_plain(p) for p in gradients], float(norm_type))
    if not math.isfinite(norm):
        if error_if_nonfinite:
            bad = next(p for p in gradients if not np.isfinite(_plain(p)).all())
            raise ValueError(
                f"clip_grad_norm_: the norm of the gradients is {norm}; the first one that is not finite belongs to "
                f"the parameter {bad.label!r} of shape {bad.shape}"
            )
        return norm
    factor = max_norm / (norm + 1e-6)
    if factor < 1.0:
        for p in gradients:
            p.grad = _plain(p) * factor
    return norm


@side_effect
@takes_other_names
def clip_grad_value_(parameters: Iterable[Tensor] | Tensor, clip_value: float) -> float:
    """Bring each element of the gradients into [-clip_value, clip_value]; NaN stays NaN.

    Parameters
    ----------
    parameters : iterable of Tensor, or Tensor
        Those without a gradient are passed over.
    clip_value : float
        The limit.

    Returns
    -------
    float
        The largest absolute value before; NaN if there is one.
    """
    if not clip_value >= 0:
        raise ValueError(f"clip_grad_value_: clip_value must be at least 0, got {clip_value}")
    gradients = _with_gradient(parameters)
    largest = _norm([_plain(p) for p in gradients], math.inf)
    if not largest <= clip_value:
        for p in gradients:
            p.grad = np.clip(_plain(p), -clip_value, clip_value)
    return largest


def _with_gradient(parameters: Iterable[Tensor] | Tensor) -> list[Tensor]:
    """Return the parameters that have a gradient, each once; warn of an iterator that was used up."""
    given = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    if not given and isinstance(parameters, Iterator):
        warn(
            "the iterator of parameters is used up, so that no gradient is limited; call model.parameters() again for "
            "each use, or keep list(model.parameters())"
        )
    return list({id(p): p for p in given if p.grad is not None}.values())


def _plain(p: Tensor) -> Array:
    gradient = p.grad
    return gradient.data if isinstance(gradient, Tensor) else gradient


def _norm(gradients: list[Array], order: float) -> float:
    """Return the joint norm in float64, scaled by the largest element so that nothing overflows or underflows."""
    largest = float(np.max([float(np.max(np.abs(g), initial=0.0)) for g in gradients], initial=0.0))
    if largest == 0.0 or not math.isfinite(largest) or order == math.inf:
        return largest
    total = 0.0
    for g in gradients:
        shares = np.ravel(np.abs(np.divide(g, largest, dtype=np.float64)))
        total += float(shares @ shares) if order == 2.0 else float(np.sum(shares**order))
    return largest * float(total ** (1.0 / order))
