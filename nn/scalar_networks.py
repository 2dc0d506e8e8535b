"""Networks of single numbers: neurons, layers and multilayer perceptrons of :class:`~seegrad.Value`.

They show how a network learns, number by number, and are small enough to be drawn. ``nn.Linear`` does the same for
arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from ..autograd import Value
from ..common.argument_checks import checked_count
from ..common.rng import Seed, default_rng

if TYPE_CHECKING:
    import numpy as np

__all__ = ["MLP", "Layer", "Neuron"]

Activation = Literal["tanh", "relu", "sigmoid", "linear"]
Number = Value | float

ACTIVATIONS: dict[str, Callable[[Value], Value]] = {
    "tanh": lambda x: x.tanh(),
    "relu": lambda x: x.relu(),
    "sigmoid": lambda x: x.sigmoid(),
    "linear": lambda x: x,
}


class Neuron:
    """One neuron: ``activation(w[0] * x[0] + w[1] * x[1] + b)``, with as many terms as inputs.

    Parameters
    ----------
    inputs : int
        How many numbers it takes.
    activation : {"tanh", "relu", "sigmoid", "linear"}
        What is done with the sum; "linear" leaves it as it is.
    seed : int, numpy.random.Generator or None
        Determines the first weights, which lie between -1 and 1. None means the library's default generator.

    Attributes
    ----------
    w : list of Value
        One weight for each input.
    b : Value
        The bias, 0 at first.

    Raises
    ------
    TypeError, ValueError
        If an argument is not usable.

    Examples
    --------
    >>> neuron = sg.nn.Neuron(2, seed=0)
    >>> neuron.w[0].data, neuron.w[1].data, neuron.b.data = 0.5, -1.0, 0.5
    >>> output = neuron([3.0, 2.0])
    >>> output.data
    0.0
    >>> output.backward()
    >>> [p.grad for p in neuron.parameters()]
    [3.0, 2.0, 1.0]
    """

    def __init__(self, inputs: int, activation: Activation = "tanh", seed: Seed = None) -> None:
        count = checked_count("Neuron: inputs", inputs)
        if activation not in ACTIVATIONS:
            raise ValueError(f"Neuron: activation must be one of {', '.join(ACTIVATIONS)}, got {activation!r}")
        self.activation: Activation = activation
        self.w: list[Value] = [Value(number) for number in default_rng(seed).uniform(-1.0, 1.0, count).tolist()]
        self.b: Value = Value(0.0)

    def __call__(self, x: Sequence[Number]) -> Value:
        """Compute the output of as many numbers or Values as there are weights."""
        if len(x) != len(self.w):
            raise ValueError(f"{self!r} takes {len(self.w)} numbers, got {len(x)}")
        total = self.b
        for weight, number in zip(self.w, x):
            total = total + weight * number
        return ACTIVATIONS[self.activation](total)

    def parameters(self) -> list[Value]:
        """Return the weights and the bias."""
        return [*self.w, self.b]

    def zero_grad(self) -> None:
        """Set the gradients of all parameters to 0."""
        _reset(self.parameters())

    def __repr__(self) -> str:
        return f"Neuron({len(self.w)}, {self.activation!r})"


class Layer:
    """A layer of neurons, which all see the same inputs.

    Parameters
    ----------
    inputs, outputs : int
        How many numbers it takes, and how many neurons it has.
    activation, seed
        As for :class:`Neuron`.

    Attributes
    ----------
    neurons : list of Neuron
        One for each output.

    Examples
    --------
    >>> layer = sg.nn.Layer(2, 3, "relu")
    >>> len(layer([1.0, -2.0])), len(layer.parameters())
    (3, 9)
    """

    def __init__(self, inputs: int, outputs: int, activation: Activation = "tanh", seed: Seed = None) -> None:
        rng = default_rng(seed)
        self.neurons: list[Neuron] = [
            Neuron(inputs, activation, rng) for _ in range(checked_count("Layer: outputs", outputs))
        ]

    def __call__(self, x: Sequence[Number]) -> list[Value]:
        """Compute the outputs of all neurons."""
        return [neuron(x) for neuron in self.neurons]

    def parameters(self) -> list[Value]:
        """Return the weights and biases of all neurons."""
        return [parameter for neuron in self.neurons for parameter in neuron.parameters()]

    def zero_grad(self) -> None:
        """Set the gradients of all parameters to 0."""
        _reset(self.parameters())

    def __repr__(self) -> str:
        first = self.neurons[0]
        return f"Layer({len(first.w)}, {len(self.neurons)}, {first.activation!r})"


class MLP:
    """A multilayer perceptron: layers of neurons, each of which takes the outputs of the one before.

    Parameters
    ----------
    inputs : int
        How many numbers it takes.
    outputs : sequence of int
        The number of neurons of each layer; the last is the number of outputs.
    activation : {"tanh", "relu", "sigmoid", "linear"}
        That of all neurons.
    last : {"tanh", "relu", "sigmoid", "linear"}, optional
        That of the last layer, if it has another: "linear" where the outputs are scores or any numbers.
    seed : int, numpy.random.Generator or None
        Determines the first weights.

    Attributes
    ----------
    layers : list of Layer
        In their order.

    Examples
    --------
    >>> xs, ys = [[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0]], [1.0, -1.0, -1.0]
    >>> model = sg.nn.MLP(3, [4, 4, 1], seed=0)
    >>> len(model.parameters())
    41
    >>> for step in range(50):
    ...     loss = sum((model(x) - y) ** 2 for x, y in zip(xs, ys))
    ...     model.zero_grad()
    ...     loss.backward()
    ...     for p in model.parameters():
    ...         p.data -= 0.1 * p.grad
    >>> [round(model(x).data) for x in xs]
    [1, -1, -1]
    """

    def __init__(
        self,
        inputs: int,
        outputs: Sequence[int],
        activation: Activation = "tanh",
        *,
        last: Activation | None = None,
        seed: Seed = None,
    ) -> None:
        if isinstance(outputs, int) or len(outputs) == 0:
            raise TypeError(f"MLP: outputs must list the neurons of each layer, such as [4, 4, 1], got {outputs!r}")
        rng: np.random.Generator = default_rng(seed)
        kinds = [*[activation] * (len(outputs) - 1), last or activation]
        sizes = pairwise([inputs, *outputs])
        self.layers: list[Layer] = [Layer(before, after, kind, rng) for (before, after), kind in zip(sizes, kinds)]

    def __call__(self, x: Sequence[Number]) -> Value | list[Value]:
        """Compute the outputs: a list, or the Value itself where there is one output."""
        outputs: Sequence[Number] = x
        for layer in self.layers:
            outputs = found = layer(outputs)
        return found[0] if len(found) == 1 else found

    def parameters(self) -> list[Value]:
        """Return the weights and biases of all neurons, layer by layer."""
        return [parameter for layer in self.layers for parameter in layer.parameters()]

    def zero_grad(self) -> None:
        """Set the gradients of all parameters to 0."""
        _reset(self.parameters())

    def __iter__(self) -> Iterator[Layer]:
        return iter(self.layers)

    def __repr__(self) -> str:
        first, final = self.layers[0].neurons[0], self.layers[-1].neurons[0]
        sizes = [len(layer.neurons) for layer in self.layers]
        last = "" if final.activation == first.activation else f", last={final.activation!r}"
        return f"MLP({len(first.w)}, {sizes}, {first.activation!r}{last})"


def _reset(parameters: list[Value]) -> None:
    for parameter in parameters:
        parameter.grad = 0.0
