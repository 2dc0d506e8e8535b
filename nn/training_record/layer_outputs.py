"""What the layers of a model give for some examples, and which of their units are dead."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from ...autograd import Tensor
from ..evaluation import evaluating, observed
from ..layers.activations import ReLU
from ..layers.dropout import Dropout
from ..layers.flatten import Flatten
from ..module import Module
from .measured_parts import layer_name

Array = npt.NDArray[Any]


def layer_outputs(model: Module, x: Array) -> dict[str, Array]:
    """Return the outputs of the innermost layers, by name, in evaluation mode.

    Flatten and Dropout are left out: they give what they are given.

    Parameters
    ----------
    model : Module
        The model; unchanged.
    x : ndarray, shape (n, ...)
        Examples.
    """
    found: dict[str, Array] = {}
    names = {id(module): layer_name(path, module) for path, module in model.named_modules()}

    def note(module: Module, _inputs: tuple[Any, ...], output: Any) -> None:
        if isinstance(output, Tensor) and output.ndim > 0:
            found[names[id(module)]] = output.data

    inner = [m for m in model.modules() if next(m.children(), None) is None and not isinstance(m, Flatten | Dropout)]
    with observed([(module, note) for module in inner]), evaluating(model):
        model(x)
    return found


def relu_names(model: Module) -> set[str]:
    """Return the names of the layers that are ReLU, whose units can be dead."""
    return {layer_name(path, module) for path, module in model.named_modules() if isinstance(module, ReLU)}


def dead_units(output: Array) -> tuple[int, int]:
    """Return how many units give 0 for all examples, and how many there are.

    A unit is a number of a vector, or a channel of an image: an index of the last axis.

    Examples
    --------
    >>> from seegrad.nn.training_record.layer_outputs import dead_units
    >>> dead_units(np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 2.0]]))
    (1, 3)
    """
    by_unit = output.reshape(-1, output.shape[-1])
    return int((by_unit == 0).all(axis=0).sum()), int(output.shape[-1])
