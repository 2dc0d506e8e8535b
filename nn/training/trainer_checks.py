"""Checks of what a trainer is given: its parts must be of the right kind, and belong to the same model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from ...autograd import Tensor
from ...common.warning import warn
from ..module import Module


def check_kinds(model: Any, optimizer: Any, loss: Any, ema: Any) -> None:
    """Refuse anything but a model, an optimizer, a loss and averages, such as the class of a loss; names may be given.

    Raises
    ------
    TypeError
        If an argument is of another kind; the message names it, and what to write.
    """
    if not isinstance(model, Module):
        raise TypeError(f"Trainer: the model must be an nn.Module, got {model!r:.80}")
    named = isinstance(optimizer, str)
    if not named and (isinstance(optimizer, type) or not callable(getattr(optimizer, "step", None))):
        raise TypeError(
            f"Trainer: expected an optimizer such as optim.Adam(model.parameters()), or its name, got {optimizer!r:.80}"
            f"{'; the order is Trainer(model, optimizer, loss)' if isinstance(optimizer, Module) else ''}"
        )
    if not isinstance(loss, str) and (not callable(loss) or (isinstance(loss, type) and issubclass(loss, Module))):
        raise TypeError(
            "Trainer: the loss must be callable as loss(output, target), such as nn.CrossEntropyLoss(), or a name, "
            f"got {loss!r:.80}"
        )
    if ema is not None and (isinstance(ema, type) or not callable(getattr(ema, "averaged", None))):
        raise TypeError(f"Trainer: ema must be averages such as optim.EMA(model.parameters()), got {ema!r:.80}")


def check_belongings(model: Module, optimizer: Any, loss: Any, ema: Any) -> None:
    """Refuse an optimizer or averages of another model; warn of parameters that were replaced.

    An optimizer may hold some of the model's parameters, and others besides them. One without ``param_groups`` is not
    checked.

    Raises
    ------
    ValueError
        If the optimizer or the averages hold none of the parameters of the model and the loss.

    Warns
    -----
    SeegradWarning
        If the optimizer holds other parameters in place of some of the model's.
    """
    named = dict(model.named_parameters())
    if isinstance(loss, Module):
        named.update((f"loss.{name}", parameter) for name, parameter in loss.named_parameters())
    known = {id(parameter) for parameter in named.values()}
    trainable = {name: parameter for name, parameter in named.items() if parameter.requires_grad}
    averaged = getattr(ema, "parameters", None)
    if isinstance(averaged, list) and known.isdisjoint(map(id, averaged)):
        raise ValueError(
            "Trainer: the averages (ema) are of none of the model's parameters; make them for this model: "
            "EMA(model.parameters())"
        )
    groups = getattr(optimizer, "param_groups", None)
    if groups is None or not trainable:
        return
    held = {id(parameter): parameter for group in groups for parameter in group["params"]}
    foreign = [parameter for key, parameter in held.items() if key not in known]
    if len(foreign) == len(held):
        raise ValueError(
            f"Trainer: the {type(optimizer).__name__} holds none of the model's parameters, so that training would "
            "change nothing. Was the model made anew after the optimizer? Make the optimizer again, with "
            "model.parameters() of this model"
        )
    _warn_of_replaced({name: p for name, p in trainable.items() if id(p) not in held}, foreign, optimizer)


def _warn_of_replaced(left_out: Mapping[str, Tensor], foreign: Sequence[Tensor], optimizer: Any) -> None:
    """Warn if foreign parameters match the left-out ones: the shapes of some, or the numbers of axes of all."""
    shapes = {parameter.shape for parameter in foreign}
    replaced = [name for name, parameter in left_out.items() if parameter.shape in shapes]
    if not replaced and not Counter(p.ndim for p in left_out.values()) - Counter(p.ndim for p in foreign):
        replaced = list(left_out)
    if replaced:
        warn(
            f"Trainer: the {type(optimizer).__name__} does not hold {', '.join(replaced)} of the model, which will not "
            "be trained, but others like them, which are not the model's. If layers were replaced after the optimizer "
            "was made, make it again"
        )
