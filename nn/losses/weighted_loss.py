"""The loss of a batch whose examples have weights."""

from __future__ import annotations

import copy
import functools
import inspect
from collections.abc import Callable
from typing import Any

from ...autograd import Tensor
from ..module import Module
from .loss import reduce
from .loss_inputs import target_like

LossFunction = Callable[..., Any]

#: What the reductions to one number do to the losses of a batch, before they are summed or their mean is taken.
REDUCTIONS: dict[str, tuple[str, Callable[[Tensor], Tensor]]] = {
    "mean": ("mean", lambda values: values),
    "half_mean": ("mean", lambda values: values * 0.5),
    "sum": ("sum", lambda values: values),
    "batchmean": ("sum", lambda values: values * (1.0 / values.shape[0])),
}


def weighted_loss(loss: LossFunction, output: Any, target: Any, weights: Any) -> Tensor:
    """Compute the loss of a batch of n examples with weights, as Keras does: ``(w[0] * l[0] + w[1] * l[1] + ...) / n``.

    The sum is divided by the number of examples, not by the sum of the weights: an example of weight 2 counts as two
    in the gradient, and weights that are all 1 change nothing. Other reductions than the mean weigh the same losses.

    Parameters
    ----------
    loss : callable
        A loss of this package, or one of the user with an attribute or a parameter ``reduction``.
    output : Tensor, shape (n, ...)
        The predictions.
    target : array_like, shape (n, ...)
        The targets.
    weights : array_like, shape (n,)
        One weight for each example; or for each place of an example, in the shape of the losses.

    Raises
    ------
    TypeError
        If the loss cannot give the losses of single examples.
    ValueError
        If it has weights of its own, or the shapes do not fit.

    Examples
    --------
    >>> from seegrad.nn.losses.weighted_loss import weighted_loss
    >>> weighted_loss(sg.nn.MSELoss(), sg.tensor([1.0, 2.0]), np.zeros(2), np.array([3.0, 1.0])).item()
    3.5
    """
    single, reduction = losses_of_examples(loss)
    values = single(output, target)
    weights = target_like(values, weights)
    if weights.shape != values.shape[: weights.ndim]:
        raise ValueError(
            f"the weights of examples have shape {weights.shape}, but the losses of the batch {values.shape}; give one "
            "weight for each example"
        )
    weights = weights.reshape((*weights.shape, *(1,) * (values.ndim - weights.ndim)))
    name, scaled = REDUCTIONS[reduction]
    return reduce("weighted_loss", scaled(values * weights), name)


def losses_of_examples(loss: LossFunction) -> tuple[LossFunction, str]:
    """Return the loss without its reduction, and the reduction.

    Raises
    ------
    TypeError, ValueError
        As for :func:`weighted_loss`.
    """
    options = _options(loss)
    reduction = options.get("reduction")
    if reduction not in REDUCTIONS:
        raise TypeError(
            "weights of examples or classes need a loss of each example, which this one does not give: "
            f"{loss!r:.80}; use a loss of nn such as nn.CrossEntropyLoss(), or give yours an argument "
            'reduction="mean" that may be "none"'
        )
    if "ignore_index" in options and (options.get("weight") is not None or options["ignore_index"] is not None):
        raise ValueError(
            "weights of examples or classes do not go together with weight= and ignore_index= of the loss, whose mean "
            f"is another one: leave them out of {loss!r:.80}, and give ignored examples the weight 0"
        )
    if not isinstance(loss, Module):
        return functools.partial(loss, reduction="none"), reduction
    single = copy.copy(loss)
    single.reduction = "none"
    return single, reduction


def _options(loss: LossFunction) -> dict[str, Any]:
    """Return the settings of a loss: the attributes of a module, the defaults of a function."""
    if isinstance(loss, Module):
        return vars(loss)
    try:
        parameters = inspect.signature(loss).parameters.values()
    except (TypeError, ValueError):
        return {}
    return {parameter.name: parameter.default for parameter in parameters}
