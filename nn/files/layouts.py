"""Convert weights to and from the layouts of PyTorch and Keras, as NumPy arrays; neither has to be installed.

Images are channels-last here and in Keras, channels-first in PyTorch. So the axes of kernels are permuted, and also the
inputs of a Linear behind a Flatten: their order is (height, width, channel) here and (channel, height, width) in
PyTorch, and the rows of the weight are permuted in the same way. The recorded graph of one forward pass shows which
layers these are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ...autograd import Tensor
from ...autograd.core.node import Node
from ...autograd.core.recording import recording
from ...common.plain_data import as_array
from ..evaluation import evaluating, observed
from ..layers.activations import PReLU
from ..layers.attention import MultiheadAttention
from ..layers.conv import Conv2d, ConvTranspose2d
from ..layers.conv1d import Conv1d
from ..layers.embedding import Embedding
from ..layers.flatten import Flatten
from ..layers.linear import Linear
from ..layers.norm import BatchNorm1d, BatchNorm2d, LayerNorm
from ..layers.recurrent import GRU, LSTM, RNN
from ..layers.recurrent_cells import GRUCell, LSTMCell, RNNCell
from ..module import Module

__all__ = ["from_keras_weights", "from_torch_state_dict", "to_keras_weights", "to_torch_state_dict"]

Array = npt.NDArray[Any]
ImageShape = tuple[int, int, int]

#: Layers all of whose matrices are transposed in PyTorch.
TRANSPOSED = (Linear, MultiheadAttention, RNN, LSTM, GRU, RNNCell, LSTMCell, GRUCell)

#: Operations whose outputs do not belong to single pixels and channels of an image.
MIXING = {
    *("matmul", "einsum", "conv2d", "conv2d_with_bias", "conv2d_relu_max_pool2d", "conv2d_input_gradient"),
    *("sum", "mean", "var", "std", "max", "min", "prod", "logsumexp"),
}


def to_torch_state_dict(model: Module, input_shape: Sequence[int] | None = None) -> dict[str, Array]:
    """Return the weights of a model in the layout of PyTorch's ``load_state_dict`` for the same architecture.

    Parameters
    ----------
    model : Module
        The model; its names are those of PyTorch (``0.weight``, ``3.running_mean``, ...).
    input_shape : sequence of int, optional
        Shape of one example, ``(height, width, channels)``; needed if the model flattens images, unless it is in the
        model's ``info``.

    Returns
    -------
    dict of str to numpy.ndarray
        ``{name: torch.from_numpy(array)}`` is the state dict. Linear: ``(out, in)``; Conv2d: ``(out, in, kh, kw)``;
        ConvTranspose2d: ``(in, out, kh, kw)``; Conv1d: ``(out, in, k)``; the weights of attention and recurrent layers
        are transposed. Other parameters of your own classes stay as they are.

    Raises
    ------
    ValueError
        If the model flattens images and the shape of the input is not known, or the order of a layer's inputs cannot
        be determined.

    Examples
    --------
    >>> model = sg.nn.models.mnist_cnn()
    >>> state = sg.nn.to_torch_state_dict(model, input_shape=(28, 28, 1))
    >>> state["0.weight"].shape, state["9.weight"].shape
    ((32, 1, 3, 3), (64, 576))
    """
    flattened = _flattened(model, input_shape)
    state = model.state_dict()
    for name, array, module, kind in _arrays(model, state):
        state[name] = np.array(_to_torch(array, module, kind, flattened.get(id(module))), order="C")
    return state


def from_torch_state_dict(
    model: Module, state: Mapping[str, npt.ArrayLike], input_shape: Sequence[int] | None = None
) -> None:
    """Load the weights of a PyTorch model of the same architecture.

    Parameters
    ----------
    model : Module
        Gets the weights.
    state : mapping of str to array_like
        ``{name: value.numpy() for name, value in torch_model.state_dict().items()}``.
    input_shape : sequence of int, optional
        As for :func:`to_torch_state_dict`: ``(height, width, channels)``.

    Raises
    ------
    ValueError
        If the arrays do not fit; the message lists all that do not, and the model is unchanged. Also as
        :func:`to_torch_state_dict`.
    """
    flattened = _flattened(model, input_shape)
    own = model.state_dict()
    given = {name: as_array(value) for name, value in state.items()}
    for name, array, module, kind in _arrays(model, own):
        if name not in given:
            continue
        there = _to_torch(array, module, kind, flattened.get(id(module))).shape
        if given[name].shape != there:
            raise ValueError(f"{name} of {module!r} has shape {there} in PyTorch's layout, given {given[name].shape}")
        given[name] = _from_torch(given[name], array.shape, module, kind, flattened.get(id(module)))
    model.load_state_dict(given)


def torch_layout_hint(model: Module, state: Mapping[str, Array], source: str = "state") -> str:
    """Return a hint if a state in PyTorch's layout must be converted before it is loaded; otherwise an empty text.

    Parameters
    ----------
    model : Module
        The model that the weights are for.
    state : mapping of str to numpy.ndarray
        The weights.
    source : str
        The expression by which the user gets the weights, for the hint.
    """
    moved = [
        name
        for name, array, module, kind in _arrays(model, model.state_dict())
        if name in state and _to_torch(array, module, kind, None) is not array
    ]
    if not moved:
        return ""
    names = ", ".join(moved[:3]) + (", ..." if len(moved) > 3 else "")
    return (
        f"the weights are PyTorch's, where the axes of {names} have another order; they do not mean the same here. "
        f"Write nn.from_torch_state_dict(model, {source})"
    )


def to_keras_weights(model: Module) -> list[Array]:
    """Return the weights of a model as a list for Keras's ``set_weights`` with the same layers in the same order.

    The layout is the same. Keras has an order instead of names: layer by layer, weight before bias, scale and shift
    before moving mean and moving variance.

    Notes
    -----
    Keras's defaults differ: BatchNormalization has ``epsilon=1e-3``, and its momentum is 1 minus ours.
    """
    state = model.state_dict()
    return [state[name] for name in _keras_names(model)]


def from_keras_weights(model: Module, weights: Sequence[npt.ArrayLike]) -> None:
    """Load the list of ``get_weights()`` of a Keras model with the same layers in the same order.

    Raises
    ------
    ValueError
        If the number of arrays or their shapes do not fit the model; it is unchanged then.
    """
    names = _keras_names(model)
    if len(weights) != len(names):
        raise ValueError(f"the model has {len(names)} arrays ({', '.join(names[:4])}, ...), given {len(weights)}")
    state = model.state_dict()
    state.update((name, as_array(value)) for name, value in zip(names, weights, strict=True))
    model.load_state_dict(state)


def _keras_names(model: Module) -> list[str]:
    """Return the names of all arrays, layer by layer, but those of the counts of batches, which Keras does not have."""
    names: list[str] = []
    known = model.state_dict()
    for path, module in model.named_modules():
        own = [*vars(module)]
        names += [full for name in own if (full := f"{path}.{name}" if path else name) in known]
    return [name for name in names if not name.endswith("num_batches_tracked")]


def _arrays(model: Module, state: Mapping[str, Array]) -> list[tuple[str, Array, Module, str]]:
    """Return the path, array, module and attribute name of each array of the model."""
    modules = dict(model.named_modules())
    found = []
    for name, array in state.items():
        path, _, kind = name.rpartition(".")
        found.append((name, array, modules[path], kind))
    return found


def _to_torch(array: Array, module: Module, kind: str, shape: ImageShape | None) -> Array:
    if isinstance(module, Conv2d | ConvTranspose2d) and kind == "weight":
        return array.transpose(3, 2, 0, 1)
    if isinstance(module, Conv1d) and kind == "weight":
        return array.transpose(2, 1, 0)
    if isinstance(module, LayerNorm) and array.ndim == 3:
        return array.transpose(2, 0, 1)
    if shape is not None and array.ndim and (kind != "bias" or not isinstance(module, Linear)):
        # (H * W * C, ...) -> (C * H * W, ...)
        array = np.moveaxis(array.reshape(*shape, *array.shape[1:]), 2, 0).reshape(array.shape)
    return array.T if isinstance(module, TRANSPOSED) and array.ndim == 2 else array


def _from_torch(array: Array, shape: tuple[int, ...], module: Module, kind: str, image: ImageShape | None) -> Array:
    """Invert :func:`_to_torch`: convert the positions 0, 1, ... and put each value back to its position."""
    places = _to_torch(np.arange(array.size).reshape(shape), module, kind, image)
    back = np.empty(array.size, array.dtype)
    back[places.ravel()] = array.ravel()
    return back.reshape(shape)


def _flattened(model: Module, input_shape: Sequence[int] | None) -> dict[int, ImageShape]:
    """Return the shape of the images whose flattened pixels a layer takes, by the id of the layer."""
    layers = [m for m in model.modules() if isinstance(m, Linear | BatchNorm1d | LayerNorm | PReLU)]
    if input_shape is None and model.info is not None:
        input_shape = model.info.input_shape
    if input_shape is None:
        images = Conv1d | Conv2d | ConvTranspose2d | BatchNorm2d | Flatten
        if not layers or not any(isinstance(m, images) for m in model.modules()):
            return {}
        raise ValueError(
            "give input_shape=(height, width, channels), or (length, channels): flattened images and sequences are "
            "ordered differently"
        )
    found: dict[int, ImageShape] = {}

    def note(module: Module, inputs: tuple[Any, ...], _output: Any) -> None:
        shape = _image_behind(inputs[0], module) if isinstance(inputs[0], Tensor) else None
        if shape is not None and found.setdefault(id(module), shape) != shape:
            raise ValueError(f"{module!r} is used with flattened images of shapes {found[id(module)]} and {shape}")

    with observed([(layer, note) for layer in layers]), evaluating(model):
        _run(model, input_shape)
    return found


def _run(model: Module, input_shape: Sequence[int]) -> None:
    kinds = {type(module) for module in model.modules()}
    if Embedding in kinds:  # the inputs are indices
        if Conv1d in kinds:
            with recording():
                model(np.zeros((2, *input_shape), np.int64))
        return
    dtype = next((parameter.dtype for parameter in model.parameters()), np.dtype(np.float32))
    with recording():  # two examples, since batch normalisation needs a variance
        model(Tensor(np.zeros((2, *input_shape), dtype), requires_grad=True))


def _image_behind(x: Tensor, module: Module) -> ImageShape | None:
    """Follow a layer's input back to a reshape from images ``(N, H, W, C)`` to rows ``(N, H * W * C)``, if any."""
    found: set[ImageShape] = set()
    followed = True
    todo: list[Node] = [x]
    seen: set[int] = set()
    while todo:
        node = todo.pop()
        if id(node) in seen or node.op is None or node.op.name in MIXING:
            continue
        seen.add(id(node))
        before = node.inputs[0]
        if node.op.name == "reshape" and len(before._plain.shape) == 4 and len(node._plain.shape) == 2:
            n, height, width, channels = before._plain.shape
            if node._plain.shape[0] == n:
                if not _channels_first(before, module):
                    found.add((height, width, channels))
                continue
        elif node.op.name == "reshape" and _is_of_conv1d(before) and len(node._plain.shape) == 2:
            found.add((1, *before._plain.shape[1:]))
            continue
        elif not node.op.elementwise and node.op.name not in ("identity", "batch_norm", "layer_norm"):
            followed = False
        todo += [part for part in node.inputs if part._tracked]
    shapes = {shape for shape in found if shape[0] * shape[1] > 1 and shape[2] > 1}
    if not shapes:
        return None
    if len(found) > 1 or not followed:
        raise ValueError(
            f"{module!r}: its inputs are flattened images and something else, so PyTorch's order of them is not known"
        )
    return shapes.pop()


def _is_of_conv1d(sequences: Node) -> bool:
    """Tell whether sequences (N, L, C) come from a Conv1d, whose channels PyTorch has first; others are the same there.

    A Conv1d computes images that are one pixel high, and then takes that axis away.
    """
    node, same_order = sequences, ("identity", "batch_norm", "layer_norm", "reshape")
    while node.op is not None and (node.op.elementwise or node.op.name in same_order):
        node = node.inputs[0]
    of_images = node.op is not None and node.op.name == "squeeze" and len(node.inputs[0]._plain.shape) == 4
    return of_images and node._plain.shape == sequences._plain.shape


def _channels_first(images: Node, module: Module) -> bool:
    """Tell whether images were transposed to PyTorch's order, ``(N, C, H, W)``, before they were flattened.

    Raises
    ------
    ValueError
        If their axes were transposed in another way.
    """
    todo: list[Node] = [images]
    seen: set[int] = set()
    while todo:
        node = todo.pop()
        if id(node) in seen or node.op is None:
            continue
        seen.add(id(node))
        if node.op.name == "transpose":
            if node.params["axes"] == (0, 3, 1, 2):
                return True
            if node.params["axes"] == (0, 2, 3, 1):
                continue  # from PyTorch's order to ours
            raise ValueError(
                f"{module!r}: its inputs are images whose axes were transposed before they were flattened, so "
                "PyTorch's order of them is not known"
            )
        if node.op.name not in MIXING:
            todo += [part for part in node.inputs if part._tracked]
    return False
