"""How many numbers one example becomes on its way through a model, worked out from shapes, without running it."""

from __future__ import annotations

import math
from collections.abc import Generator
from typing import Any

from ..gpt import GPT
from ..layers.attention import MultiheadAttention
from ..layers.containers import ModuleDict, ModuleList, Sequential
from ..layers.conv import Conv2d, ConvTranspose2d
from ..layers.conv1d import Conv1d
from ..layers.embedding import Embedding
from ..layers.flatten import Flatten
from ..layers.linear import Linear
from ..layers.pool import AdaptiveAvgPool2d, AvgPool2d, GlobalAvgPool2d, MaxPool2d
from ..layers.recurrent import GRU, LSTM, RNN
from ..layers.residual import Residual
from ..layers.transformer import TransformerEncoderLayer
from ..layers.upsample import Upsample
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
    if isinstance(layer, GPT):
        return _of_gpt(layer)
    if isinstance(layer, AdaptiveAvgPool2d | Upsample):
        return _resized(layer, shape)
    if shape is None:
        return None, 0
    if isinstance(layer, Conv1d):
        return _sequence(layer, shape)
    if isinstance(layer, MultiheadAttention | TransformerEncoderLayer):
        return _attention(layer, shape)
    if isinstance(layer, RNN | LSTM | GRU):
        shape = (*shape[:-1], layer.hidden_size * (1 + layer.bidirectional))
        return shape, 8 * layer.num_layers * math.prod(shape)  # with the gates of each step
    if isinstance(layer, Linear | Embedding):
        width = layer.out_features if isinstance(layer, Linear) else layer.embedding_dim
        shape = (*(shape[:-1] if isinstance(layer, Linear) else shape), width)
    elif isinstance(layer, Flatten):
        shape = (math.prod(shape),)
    elif isinstance(layer, GlobalAvgPool2d):
        shape = shape[-1:]
    return shape, math.prod(shape)


def _of_gpt(model: GPT) -> tuple[Shape, int]:
    """Return the shape of the scores of a longest sequence, and how many numbers all blocks make."""
    length = model.context_length
    _, each = _attention(model.blocks[0], (length, model.embed_dim))
    return (length, model.vocab_size), model.num_layers * each + length * model.vocab_size


def _attention(layer: Any, shape: tuple[int, ...]) -> tuple[Shape, int]:
    """Return the shape of a sequence, which stays, and how many numbers there are in weights and features."""
    length, heads = shape[0], layer.num_heads if isinstance(layer, MultiheadAttention) else layer.nhead
    features = 4 * shape[-1] + (0 if isinstance(layer, MultiheadAttention) else layer.dim_feedforward)
    return shape, length * (heads * length + features)


def _sequence(layer: Conv1d, shape: tuple[int, ...]) -> tuple[Shape, int]:
    """Return the shape of a convolved sequence, and how many numbers are in it and in its padded input."""
    span = (layer.kernel_size - 1) * layer.dilation
    around = shape[0] + (span if layer.padding == "same" else 2 * layer.padding)
    length = (around - span - 1) // layer.stride + 1
    if len(shape) != 2 or length < 1:
        return None, 0
    return (length, layer.out_channels), around * layer.in_channels + length * layer.out_channels


def _resized(layer: Any, shape: Shape) -> tuple[Shape, int]:
    """Return the shape of a resized image, and how many numbers are in it."""
    high, wide, channels = shape if shape is not None and len(shape) == 3 else (SIDE, SIDE, 1)
    wanted = layer.output_size if isinstance(layer, AdaptiveAvgPool2d) else layer.size
    if wanted is None:
        factors = layer.scale_factor if isinstance(layer.scale_factor, tuple) else (layer.scale_factor,) * 2
        size = [int(n * factor) for n, factor in zip((high, wide), factors)]
    else:
        wanted = wanted if isinstance(wanted, tuple) else (wanted, wanted)
        size = [n if given is None else given for n, given in zip((high, wide), wanted)]
    out = (*size, channels)
    return out if shape is not None else None, math.prod(out)


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
