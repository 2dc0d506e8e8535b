"""How many numbers one example becomes on its way through a model, worked out from shapes, without running it."""

from __future__ import annotations

import math
from collections.abc import Generator
from typing import Any

from ..layers.containers import ModuleDict, ModuleList, Sequential
from ..layers.conv import Conv2d, ConvTranspose2d
from ..layers.embedding import Embedding
from ..layers.flatten import Flatten
from ..layers.linear import Linear
from ..layers.pool import AvgPool2d, GlobalAvgPool2d, MaxPool2d
from ..layers.residual import Residual
from ..module import Module
from .architecture import is_of_seegrad

#: Of one example, without the batch; None where only running the model would tell.
Shape = tuple[int, ...] | None
#: A layer's path, the layer, and how many numbers it makes of one example.
Step = tuple[str, Module, int]

MOST_IN_A_LAYER = 1 << 28  # 1 GiB of float32
MOST_IN_ALL = 1 << 31
MOST_IN_A_WINDOW = 1 << 16  # pixels, which are gone through one by one
SIDE = 28  # of the images that a layer is taken to see where its input is not known


def check_forward_sizes(model: Module, input_shape: Shape) -> None:
    """Refuse a model that would need an unreasonable amount of memory for one example.

    A few bytes of settings are enough to ask for it: a padding, a stride, a window. A layer in a module of one's own,
    or behind one that cannot take its input, is taken to see a small image.

    Parameters
    ----------
    model : Module
        The model.
    input_shape : tuple of int or None
        Of one example, if it is known.

    Raises
    ------
    ValueError
        Names the layer.
    """
    total = 0
    for path, layer, numbers in layer_sizes(model, input_shape, ""):
        total += numbers
        if numbers > MOST_IN_A_LAYER or total > MOST_IN_ALL:
            raise ValueError(
                f"{path or 'the model'} {type(layer).__name__}({layer.extra_repr()}) would make {numbers:,} numbers of "
                f"one example ({total:,} with the layers before it); at most {MOST_IN_A_LAYER:,} ({MOST_IN_ALL:,}) are "
                "accepted"
            )


def layer_sizes(module: Module, shape: Shape, path: str) -> Generator[Step, None, Shape]:
    """Go through the layers in the order of their use; return the shape of what comes out."""
    known = is_of_seegrad(type(module)) and not isinstance(module, ModuleDict)
    if type(module) is Residual:
        if module.shortcut is not None:
            yield from layer_sizes(module.shortcut, shape, f"{path}.shortcut".lstrip("."))
        shape = yield from layer_sizes(module.layers, shape, f"{path}.layers".lstrip("."))
    elif type(module) is Sequential:
        for name, child in module.named_children():
            shape = yield from layer_sizes(child, shape, f"{path}.{name}".lstrip("."))
    elif known and type(module) is not ModuleList:
        shape, numbers = _output(module, shape)
        yield path, module, numbers
    else:
        for name, child in module.named_children():
            yield from layer_sizes(child, None, f"{path}.{name}".lstrip("."))
        shape = None
    return shape


def _output(layer: Any, shape: Shape) -> tuple[Shape, int]:
    """Return the shape that a layer gives, by default that of its input, and how many numbers it makes on the way."""
    if isinstance(layer, Conv2d | ConvTranspose2d | AvgPool2d | MaxPool2d):
        return _image(layer, shape)
    if shape is None:
        return None, 0
    if isinstance(layer, Linear | Embedding):
        width = layer.out_features if isinstance(layer, Linear) else layer.embedding_dim
        shape = (*(shape[:-1] if isinstance(layer, Linear) else shape), width)
    elif isinstance(layer, Flatten):
        shape = (math.prod(shape),)
    elif isinstance(layer, GlobalAvgPool2d):
        shape = shape[-1:]
    return shape, math.prod(shape)


def _image(layer: Any, shape: Shape) -> tuple[Shape, int]:
    """Return the shape of a layer's image, and how many numbers are in it and in its padded input or uncut output."""
    if math.prod(layer.kernel_size) > MOST_IN_A_WINDOW:
        high, wide = layer.kernel_size
        raise ValueError(f"a {type(layer).__name__} has a window of {high:,} by {wide:,} pixels, which is too large")
    channels = (getattr(layer, "in_channels", None), getattr(layer, "out_channels", None))
    if shape is None:
        shape = (SIDE, SIDE, channels[0] or 1)
    if len(shape) != 3:
        return None, 0
    out, around = [], []
    for axis, (size, kernel, stride) in enumerate(zip(shape[:2], layer.kernel_size, layer.stride, strict=True)):
        span = (kernel - 1) * getattr(layer, "dilation", (1, 1))[axis]
        padding = span if layer.padding == "same" else 2 * layer.padding[axis]
        if isinstance(layer, ConvTranspose2d):
            around.append((size - 1) * stride + span + 1)
            out.append(around[-1] - padding + layer.output_padding[axis])
        else:
            around.append(size + padding)
            out.append((around[-1] - span - 1) // stride + 1)
    if min(out) < 1:
        return None, 0
    first, last = (count or shape[2] for count in channels)
    within = math.prod(around) * (last if isinstance(layer, ConvTranspose2d) else first)
    return (*out, last), within + math.prod(out) * last
