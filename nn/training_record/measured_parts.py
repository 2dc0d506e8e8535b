"""The parts of a model of which histograms are made: the parameters of its layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ...autograd import Tensor, Value
from ..module import Module
from .histogram import FEW

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class MeasuredPart:
    """Numbers that are trained: an array, or several single numbers.

    Attributes
    ----------
    layer : str
        The layer that they belong to, such as ``"0 Linear"``.
    name : str
        Such as ``"weight"``.
    shape : tuple of int
        Of the array; empty for single numbers.
    values : callable
        Returns the numbers.
    gradient : callable
        Returns their gradients, or None where there are none.
    """

    layer: str
    name: str
    shape: tuple[int, ...]
    values: Callable[[], Array]
    gradient: Callable[[], Array | None]


def parts_of(model: Any) -> list[MeasuredPart]:
    """Return the parts of a model.

    Parameters
    ----------
    model : Module, network of Values, or sequence of Value and Tensor
        A network of Values has ``parameters()``, and perhaps ``layers`` that have some, too.

    Raises
    ------
    TypeError
        If it is none of these.
    ValueError
        If there is nothing that is trained.
    """
    if isinstance(model, Module):
        parts = _parts_of_module(model)
    elif callable(getattr(model, "parameters", None)):
        layers = getattr(model, "layers", None)
        groups = {f"layer {i}": layer for i, layer in enumerate(layers)} if layers else {type(model).__name__: model}
        parts = [part for name, group in groups.items() for part in _parts_of_nodes(list(group.parameters()), name)]
    elif isinstance(model, Sequence) and not isinstance(model, str):
        parts = _parts_of_nodes(model, "parameters")
    else:
        raise TypeError(
            "TrainingRecord: expected a model or a list of Values and Tensors, such as model.parameters(), got "
            f"{type(model).__name__}"
        )
    if not parts:
        raise ValueError("TrainingRecord: there is nothing that is trained")
    return parts


def layer_name(path: str, module: Module) -> str:
    """Return how a layer is called: its path in the model, and its class."""
    return f"{path} {type(module).__name__}".strip()


def _parts_of_module(model: Module) -> list[MeasuredPart]:
    modules = dict(model.named_modules())
    parts = []
    for path, parameter in model.named_parameters():
        home, _, name = path.rpartition(".")
        layer = layer_name(home, modules[home]) if home in modules else home
        parts.append(_part_of_tensor(layer, name, parameter))
    return parts


def _part_of_tensor(layer: str, name: str, parameter: Tensor) -> MeasuredPart:
    def gradient() -> Array | None:
        return None if parameter.grad is None else np.asarray(parameter.grad)

    return MeasuredPart(layer, name, parameter.shape, lambda: parameter.data, gradient)


def _parts_of_nodes(nodes: Sequence[Any], layer: str) -> list[MeasuredPart]:
    """Return one part for each array, and one for all single numbers together."""
    numbers = [node for node in nodes if isinstance(node, Value)]
    others = [node for node in nodes if not isinstance(node, Value)]
    for node in others:
        if not isinstance(node, Tensor):
            raise TypeError(f"TrainingRecord: expected Values and Tensors, got {type(node).__name__}")
    parts = [_part_of_tensor(layer, node.label or f"tensor {i}", node) for i, node in enumerate(others)]
    if numbers:
        few = len(numbers) <= FEW and all(node.label for node in numbers)
        name = ", ".join(node.label for node in numbers) if few else f"{len(numbers)} numbers"
        parts.append(
            MeasuredPart(
                layer,
                name,
                (),
                lambda: np.array([node.data for node in numbers]),
                lambda: np.array([float(node.grad) for node in numbers]),
            )
        )
    return parts
