"""A model as a list of layers with their numbers, which the page's own network runs."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..nn import (
    AvgPool2d,
    BatchNorm1d,
    BatchNorm2d,
    Conv2d,
    Dropout,
    Flatten,
    GlobalAvgPool2d,
    LeakyReLU,
    Linear,
    MaxPool2d,
    Module,
    ReLU,
    Sequential,
    Sigmoid,
    Tanh,
)
from ..nn.model_info import ModelInfo
from .predictor import IMAGE_SHAPE

__all__: list[str] = []

Shape = tuple[int, ...]
Layer = dict[str, Any]
Array = npt.NDArray[Any]


def network_program(model: Module) -> list[Layer]:
    """Return the layers of a model in the order of computation.

    Parameters
    ----------
    model : Module
        A layer of a known kind, or a ``Sequential`` of them. Its preprocessing is the first layer.

    Returns
    -------
    list of dict
        ``kind``, ``name``, ``shape`` of the output without the batch axis, ``shown``, whether the page shows it, and
        what the kind needs; ``arrays`` are in base64, as little-endian float32.

    Raises
    ------
    ValueError
        If a layer is of another kind, has hooks, or does not fit the image.
    """
    layers: list[Layer] = []
    shape: Shape = IMAGE_SHAPE
    scaler = (model.info or ModelInfo()).preprocessing
    if scaler is not None:
        # A scaler is affine, so two images tell all of it.
        zero, one = (scaler.transform(make((1, *IMAGE_SHAPE), np.float32))[0] for make in (np.zeros, np.ones))
        arrays = _packed(scale=np.ravel(one - zero), shift=np.ravel(zero))
        layers.append({"kind": "affine", "name": "preprocessing", "shape": shape, "shown": False, "arrays": arrays})
    for path, module in _in_order(model, ""):
        found = _KINDS[type(module)](module, shape)
        if found is None:  # it does nothing in evaluation mode, or changes the shape alone
            shape = (int(np.prod(shape)),) if isinstance(module, Flatten) else shape
            continue
        name = f"{path} {type(module).__name__}".strip()
        shape = tuple(found.get("shape", shape))
        layers.append({"name": name, "shown": True, **found, "shape": shape})
    if len(shape) != 1:
        raise ValueError(f"a classifier gives a row of scores for each image, this model gives shape {shape}")
    return layers


def _in_order(module: Module, path: str) -> Iterator[tuple[str, Module]]:
    """Yield the layers of nested Sequentials."""
    if module._hooks:
        raise ValueError(f"the layer {path or 'model'} has hooks, which a page cannot run; remove them")
    if type(module) is Sequential:
        for name, child in module.named_children():
            yield from _in_order(child, f"{path}.{name}" if path else name)
    elif type(module) in _KINDS:
        yield path, module
    else:
        known = ", ".join(["Sequential", *[kind.__name__ for kind in _KINDS]])
        raise ValueError(
            f"a page cannot run {type(module).__name__} ({path or 'the model'}): it knows {known}; "
            "seegrad export --onnx writes any model"
        )


def _packed(**arrays: Array | None) -> dict[str, str]:
    return {
        name: b64encode(np.ascontiguousarray(array, "<f4").tobytes()).decode()
        for name, array in arrays.items()
        if array is not None
    }


def _data(parameter: Any) -> Array | None:
    return None if parameter is None else np.asarray(parameter.data)


def _linear(layer: Linear, shape: Shape) -> Layer:
    inputs, outputs = layer.weight.shape
    if shape != (inputs,):
        raise ValueError(
            f"{layer!r} takes {inputs} numbers, got an image or vector of shape {shape}; is a Flatten missing?"
        )
    arrays = _packed(weight=layer.weight.data, bias=_data(layer.bias))
    return {"kind": "linear", "inputs": inputs, "outputs": outputs, "shape": (outputs,), "arrays": arrays}


def _conv(layer: Conv2d, shape: Shape) -> Layer:
    _check_image(layer, shape, layer.in_channels)
    span = [dilation * (k - 1) for k, dilation in zip(layer.kernel_size, layer.dilation)]
    # "same" adds the odd row and column at the end.
    padding = [each // 2 for each in span] if layer.padding == "same" else list(layer.padding)
    room = span if layer.padding == "same" else [2 * p for p in padding]
    size = [(n + r - s - 1) // step + 1 for n, r, s, step in zip(shape, room, span, layer.stride)]
    return {
        "kind": "conv",
        "from": shape,
        "shape": (*size, layer.out_channels),
        "kernel": layer.kernel_size,
        "stride": layer.stride,
        "padding": padding,
        "dilation": layer.dilation,
        "arrays": _packed(weight=layer.weight.data, bias=_data(layer.bias)),
    }


def _pool(kind: str) -> Callable[[Any, Shape], Layer]:
    def pool(layer: MaxPool2d | AvgPool2d, shape: Shape) -> Layer:
        _check_image(layer, shape)
        sides = zip(shape, layer.kernel_size, layer.stride, layer.padding)
        size = [(n + 2 * p - k) // step + 1 for n, k, step, p in sides]
        window = {"kernel": layer.kernel_size, "stride": layer.stride, "padding": layer.padding}
        return {"kind": kind, "from": shape, "shape": (*size, shape[2]), **window}

    return pool


def _global_pool(layer: GlobalAvgPool2d, shape: Shape) -> Layer:
    _check_image(layer, shape)
    window = {"kernel": shape[:2], "stride": (1, 1), "padding": (0, 0)}
    return {"kind": "average_pool", "from": shape, "shape": (shape[2],), **window}


def _check_image(layer: Module, shape: Shape, channels: int | None = None) -> None:
    if len(shape) != 3 or channels not in (None, shape[2]):
        raise ValueError(f"{layer!r} does not take an output of shape {shape}")


def _batch_norm(layer: Any, shape: Shape) -> Layer:
    if not layer.track_running_stats:
        raise ValueError(f"{layer!r} uses the statistics of its batch, which one image does not have")
    scale = 1 / np.sqrt(np.asarray(layer.running_var, np.float64) + layer.eps)
    shift = -np.asarray(layer.running_mean, np.float64) * scale
    if layer.weight is not None:
        scale, shift = scale * layer.weight.data, shift * layer.weight.data
    if layer.bias is not None:
        shift = shift + layer.bias.data
    return {"kind": "affine", "arrays": _packed(scale=scale, shift=shift)}


def _elementwise(kind: str) -> Callable[[Any, Shape], Layer]:
    return lambda _layer, _shape: {"kind": kind}


def _nothing(_layer: Module, _shape: Shape) -> None:
    return None


_KINDS: dict[type[Module], Callable[[Any, Shape], Layer | None]] = {
    Linear: _linear,
    Conv2d: _conv,
    MaxPool2d: _pool("max_pool"),
    AvgPool2d: _pool("average_pool"),
    GlobalAvgPool2d: _global_pool,
    BatchNorm1d: _batch_norm,
    BatchNorm2d: _batch_norm,
    ReLU: _elementwise("relu"),
    LeakyReLU: lambda layer, _shape: {"kind": "leaky_relu", "slope": layer.negative_slope},
    Tanh: _elementwise("tanh"),
    Sigmoid: _elementwise("sigmoid"),
    Flatten: _nothing,
    Dropout: _nothing,
}


def number_of_weights(model: Module) -> int:
    """Return how many numbers a model has."""
    return sum(parameter.size for parameter in model.parameters())


def class_names_of(model: Module, given: Sequence[str] | None, classes: int) -> list[str]:
    """Return the names of the classes: the given ones, those of the model's file, or the numbers.

    Raises
    ------
    ValueError
        If there is another number of names.
    """
    info = model.info or ModelInfo()
    names = list(given or info.class_names or [str(i) for i in range(classes)])
    if len(names) != classes:
        raise ValueError(f"the model has {classes} classes, but {len(names)} names were given")
    return names
