"""The summary of a model: its layers, their output shapes and their numbers of parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..autograd import Tensor
from .evaluation import evaluating, observed
from .module import Module
from .summary_table import LayerSummary, Summary

__all__ = ["summary"]


def summary(model: Module, input_shape: Sequence[int], dtype: npt.DTypeLike | None = None) -> Summary:
    """Run a model on zeros and list its layers in the order in which they are called.

    Parameters
    ----------
    model : Module
        The model; it is not changed.
    input_shape : sequence of int
        Shape of one example, without the batch: ``(28, 28, 1)`` for a digit.
    dtype : dtype, optional
        The dtype of the example; by default integers if the model has an :class:`~seegrad.nn.Embedding`, else float32.

    Returns
    -------
    Summary
        A table when printed.

    Raises
    ------
    ValueError, TypeError
        If the model does not accept such an input; the message names the layer.

    Examples
    --------
    >>> print(sg.nn.summary(sg.nn.Sequential(sg.nn.Linear(4, 3), sg.nn.ReLU()), (4,)))
    layer            output shape   parameters
    ------------------------------------------
    0 Linear(4, 3)   (n, 3)                 15
    1 ReLU()         (n, 3)                  0
    ------------------------------------------
    all layers                              15
    """
    layers: list[LayerSummary] = []
    counted: set[int] = set()
    paths = {id(module): path for path, module in model.named_modules()}

    def note(module: Module, _inputs: tuple[Any, ...], output: Any) -> None:
        own = _own_parameters(module, counted)
        if own or next(module.children(), None) is None:
            first = output[0] if isinstance(output, tuple) and output else output  # of attention and recurrent layers
            shape = first.shape[1:] if isinstance(first, Tensor) else ()
            text = f"{type(module).__name__}({module.extra_repr()})"
            layers.append(LayerSummary(f"{paths[id(module)]} {text}".strip(), tuple(shape), own))

    with observed([(module, note) for module in model.modules()]), evaluating(model):
        model(np.zeros((2, *input_shape), _dtype(model) if dtype is None else dtype))  # one has no variance
    parameters = list(model.parameters())
    trainable = sum(parameter.size for parameter in parameters if parameter.requires_grad)
    return Summary(tuple(layers), sum(parameter.size for parameter in parameters), trainable)


def _dtype(model: Module) -> npt.DTypeLike:
    """Return the dtype of a model's inputs: tables of vectors are looked up by integers."""
    return np.float32 if vocabulary_size(model) is None else np.int64


def vocabulary_size(model: Module) -> int | None:
    """Return below which number a model looks vectors up, that of its smallest table; None if it has none."""
    return min((m.num_embeddings for m in model.modules() if hasattr(m, "num_embeddings")), default=None)


def _own_parameters(module: Module, counted: set[int]) -> int:
    """Count the elements of the parameters of this module itself that no row has counted yet."""
    inside = {id(parameter) for child in module.children() for parameter in child.parameters()}
    own = [p for p in module.parameters() if id(p) not in inside and id(p) not in counted]
    counted.update(id(parameter) for parameter in own)
    return sum(parameter.size for parameter in own)
