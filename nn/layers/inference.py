"""What a sequence of layers computes where nothing is recorded, without what surrounds the arithmetic.

A single image's arithmetic takes less time than the checks, the choice of kernels and the Tensors around it. All that
comes out the same for inputs of the same shape. So from the second input of a shape a :class:`Sequential` learns which
functions of arrays its layers amount to, and calls these as long as the layers are what they were. That, it asks at
every call: nobody has to tell it of a change.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from math import prod
from operator import is_, methodcaller
from types import NoneType
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ...autograd import Tensor, matmul
from ...autograd.core.node import annotate, data_of
from ...autograd.fast import kernels
from ...autograd.ops.convolution import padding_pairs, pair
from ...autograd.ops.elementwise import relu
from ..module import Module, Parameter
from . import activations as activation
from .activations import ReLU
from .conv import Conv2d, ConvTranspose2d
from .dropout import Dropout
from .flatten import Flatten
from .fusion import plain
from .linear import Linear
from .norm import BatchNorm1d, BatchNorm2d, LayerNorm
from .pool import AvgPool2d, GlobalAvgPool2d, MaxPool2d

Array = npt.NDArray[Any]
Pair = tuple[int, int]
#: A layer, shape and dtype of what it got, and the window of the pool that was computed in the same pass.
Call = tuple[Module, tuple[int, ...], np.dtype[Any], Pair | None]

#: Layers with functions of arrays that are quicker than a call, and those that these functions may include.
SHORT: frozenset[type[Module]] = frozenset({Conv2d, Flatten, Linear, MaxPool2d, ReLU})
#: Others that make a Tensor of a Tensor. Layers of one's own may do anything.
CALLED: frozenset[type[Module]] = frozenset(
    {AvgPool2d, BatchNorm1d, BatchNorm2d, ConvTranspose2d, Dropout, GlobalAvgPool2d, LayerNorm}
    | {kind for kind in vars(activation).values() if isinstance(kind, type) and issubclass(kind, activation.Activation)}
).difference(SHORT)
#: Types of attributes of the former: such values change only by being replaced, or are read at every call.
FIXED = frozenset({bool, float, int, str, tuple, NoneType, Parameter})


class State:
    """What layers are: all that decides what they compute, but for what their parameters hold."""

    def __init__(self, layers: Sequence[Module]) -> None:
        attributes = [vars(layer) for layer in layers]
        self.layers, self.kinds = list(layers), list(map(type, layers))
        self.names = list(chain.from_iterable(attributes))
        self.values = list(chain.from_iterable(map(dict.values, attributes)))
        self.parameters = [parameter for layer in layers for parameter in layer.parameters()]
        self.arrays = self._arrays()

    def is_that_of(self, layers: Sequence[Module]) -> bool:
        """Whether these are the same layers, still what they were, and nobody watches them."""
        attributes = list(map(vars, layers))
        return (
            len(layers) == len(self.layers)
            and all(map(is_, layers, self.layers))
            and all(map(is_, map(type, layers), self.kinds))
            and sum(map(len, attributes)) == len(self.names)
            and all(map(is_, chain.from_iterable(attributes), self.names))
            and all(map(is_, chain.from_iterable(map(dict.values, attributes)), self.values))
            and not any(layer._hooks for layer in layers)
            and self._arrays() == self.arrays
            and _forwards() == _FORWARDS
        )

    def _arrays(self) -> list[Any]:
        return [(parameter._plain.shape, parameter._plain.dtype, parameter._tracked) for parameter in self.parameters]


def _forwards() -> list[Any]:
    return [kind.forward for kind in SHORT]


_FORWARDS = _forwards()


class Step(NamedTuple):
    """A layer's function of arrays of a shape and dtype, and for others a call of it."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    function: Callable[[Array], Array]
    call: Callable[[Array], Array]


class Steps(NamedTuple):
    """What layers amount to as long as they are in a state, and why their result has no trail."""

    steps: list[Step]
    state: State
    lost: str | None

    def run(self, x: Any) -> Tensor:
        """Compute the result."""
        data = given = data_of(x)
        for shape, dtype, function, call in self.steps:
            data = function(data) if data.shape == shape and data.dtype == dtype else call(data)
        if data.base is not None and np.may_share_memory(data, given):
            data = data.copy(order="K")
        out = Tensor(data)
        if self.lost is not None:
            annotate(out, "lost", self.lost)
        return out


class Inference:
    """What is known of a sequence, by what inputs have in common: None for an input that was seen but once."""

    #: Kinds of inputs of which something is known.
    KEPT = 16

    def __init__(self) -> None:
        self.known: dict[Any, Steps | None] = {}

    def __reduce__(self) -> tuple[type[Inference], tuple[()]]:
        """Let copies begin anew."""
        return Inference, ()

    def run(self, layers: Sequence[Module], x: Any, key: Any) -> Tensor | None:
        """Compute what the layers do, if it is known; else return None."""
        steps = self.known.get(key)
        if steps is None:
            return None
        if steps.state.is_that_of(layers):
            return steps.run(x)
        self.known.pop(key, None)
        return None

    def state(self, layers: Sequence[Module], key: Any) -> State | None:
        """Return the state of the layers if it is worth learning from the coming calls what they amount to."""
        if not _suit(layers):
            return None
        if key in self.known:
            return State(layers)
        if len(self.known) >= self.KEPT:
            self.known.clear()
        self.known[key] = None
        return None

    def learn(self, layers: Sequence[Module], state: State, x: Any, key: Any, calls: Sequence[Call], out: Any) -> None:
        """Learn from calls that made `out` of `x`, unless a layer has been changed meanwhile."""
        meant = set(map(id, layers))
        unchanged = state.is_that_of(layers) and all(id(layer) in meant for layer, *_ in calls)
        if unchanged and out.__class__ is Tensor and not _share_memory(out._plain, data_of(x)):
            self.known[key] = Steps([_step(*call) for call in calls], state, (out.notes or {}).get("lost"))


def _share_memory(data: Array, given: Array) -> bool:
    return data is given or np.may_share_memory(data, given)


def _suit(layers: Sequence[Module]) -> bool:
    """Tell whether one can know what these layers do, and do it in less time."""
    kinds = set(map(type, layers))
    if kinds.isdisjoint(SHORT) or not kinds - SHORT <= CALLED:
        return False
    if not all(plain(layer, type(layer)) for layer in layers):
        return False
    short = [vars(layer) for layer in layers if type(layer) in SHORT]
    return all(type(value) in FIXED for own in short for name, value in own.items() if name != "_hooks")


def key_of(x: Any) -> Any:
    """Return what inputs have in common for which the same is computed; None for unusual ones."""
    if x.__class__ is not Tensor:
        return (x.shape, x.dtype) if x.__class__ is np.ndarray and x.ndim else None
    data, notes, lost = x._plain, x.notes, None
    if x.params or notes:
        lost = (notes or {}).get("lost")
        if lost is None or x.params or len(notes or ()) > 1:
            return None
    return (data.shape, data.dtype, x._tracked, lost) if data.__class__ is np.ndarray and data.ndim else None


def _step(layer: Module, shape: tuple[int, ...], dtype: np.dtype[Any], pool: Pair | None) -> Step:
    """Return what a layer computes from such arrays; a convolution with relu and a pool, if one is given."""

    def call(x: Array) -> Array:
        given = Tensor(x)
        made: Array = (layer(given, relu_pool=pool) if pool else layer(given))._plain
        return made

    function: Callable[[Array], Array] = call
    if isinstance(layer, Conv2d) and pool:
        function = _convolution(layer, shape, dtype, pool) or call
    elif isinstance(layer, Linear):
        function = _linear(layer.weight, layer.bias)
    elif isinstance(layer, ReLU):
        function = relu.array
    elif isinstance(layer, Flatten):
        function = methodcaller("reshape", (shape[0], prod(shape[1:])))
    return Step(shape, dtype, function, call)


def _convolution(
    layer: Conv2d, shape: tuple[int, ...], dtype: np.dtype[Any], pool: Pair
) -> Callable[[Array], Array] | None:
    """Return the kernel for a few images, if there are few."""
    weight, bias = layer.weight, layer.bias
    if bias is None or not kernels.one_pass_suits(shape, weight.shape, dtype):
        return None
    stride, dilation = pair(layer.stride, "stride"), pair(layer.dilation, "dilation")
    padding = padding_pairs(layer.padding, (weight.shape[0], weight.shape[1]), stride, dilation)
    few = kernels.one_pass_for_few(shape, weight.shape, dtype, pool, stride, padding, dilation)
    return None if few is None else lambda x: few(x, weight._plain, bias._plain)


def _linear(weight: Parameter, bias: Parameter | None) -> Callable[[Array], Array]:
    if bias is None:
        return lambda x: matmul.forward(x, weight._plain)
    return lambda x: matmul.forward(x, weight._plain) + bias._plain
