"""One step of recurrent networks: from an input and the state before it to the state after it.

A step gets what two linear functions make of the input and of the hidden state, and the state itself: a tuple of arrays
``(batch, hidden_size)`` whose first one is the hidden state, which is the output, too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Literal

import numpy as np

from ...autograd import Tensor, relu, sigmoid, split, tanh
from ...common.argument_checks import checked_count
from ...common.rng import Seed, default_rng
from .. import init
from ..functional import linear
from ..layer_errors import LayerShapeError
from ..module import Array, Entries, Module, Parameter, savable
from .arguments import as_input

__all__ = ["GRUCell", "LSTMCell", "RNNCell"]

State = tuple[Tensor, ...]
Step = Callable[[Tensor, Tensor, State], State]
Nonlinearity = Literal["tanh", "relu"]


def tanh_step(from_input: Tensor, from_state: Tensor, state: State) -> State:
    """Return ``tanh(W x + U h)``."""
    return (tanh(from_input + from_state),)


def relu_step(from_input: Tensor, from_state: Tensor, state: State) -> State:
    """Return ``relu(W x + U h)``."""
    return (relu(from_input + from_state),)


def lstm_step(from_input: Tensor, from_state: Tensor, state: State) -> State:
    """Forget some of the cell's memory, add some of the candidate, and show some of what is there.

    S. Hochreiter and J. Schmidhuber, "Long short-term memory" (1997); with the forget gate of F. Gers et al. (2000).
    """
    memory = state[1]
    add, forget, candidate, show = split(from_input + from_state, 4, axis=-1)
    memory = sigmoid(forget) * memory + sigmoid(add) * tanh(candidate)
    return sigmoid(show) * tanh(memory), memory


def gru_step(from_input: Tensor, from_state: Tensor, state: State) -> State:
    """Move from the state towards a candidate, for which some of the state is reset.

    K. Cho et al., "Learning phrase representations using RNN encoder-decoder" (2014); the reset gate multiplies what
    the linear function makes of the state, as in PyTorch and cuDNN.
    """
    reset_x, keep_x, candidate_x = split(from_input, 3, axis=-1)
    reset_h, keep_h, candidate_h = split(from_state, 3, axis=-1)
    keep = sigmoid(keep_x + keep_h)
    candidate = tanh(candidate_x + sigmoid(reset_x + reset_h) * candidate_h)
    return ((1.0 - keep) * candidate + keep * state[0],)


#: The number of gates, and of arrays in the state.
GATES = {"RNN": 1, "LSTM": 4, "GRU": 3}
STATES = {"RNN": 1, "LSTM": 2, "GRU": 1}


def step_of(kind: str, nonlinearity: str = "tanh") -> Step:
    """Return the step of a kind of network."""
    steps: dict[str, Step] = {"LSTM": lstm_step, "GRU": gru_step}
    return steps.get(kind, relu_step if nonlinearity == "relu" else tanh_step)


def check_nonlinearity(layer: str, nonlinearity: Any) -> Nonlinearity:
    """Return the name of a function of simple recurrent networks."""
    if nonlinearity not in ("tanh", "relu"):
        raise ValueError(f"{layer}: nonlinearity must be 'tanh' or 'relu', got {nonlinearity!r}")
    known: Nonlinearity = nonlinearity
    return known


def check_state(layer: Module, state: Any, count: int, shape: tuple[int, ...], dtype: Any) -> State:
    """Return a state as Tensors of a shape (..., batch, hidden_size): what was given, an array or a pair of them.

    If it is None, zeros for a single sequence, which broadcast: a recording of the layer then fits every batch.

    Raises
    ------
    LayerShapeError
        If it is not what the layer expects.
    """
    if state is None:
        return (Tensor(np.zeros((*shape[:-2], 1, shape[-1]), dtype)),) * count
    parts = state if isinstance(state, tuple | list) else (state,)
    if len(parts) != count or any(np.shape(part) != shape for part in parts):
        what = f"an array of shape {shape}" if count == 1 else f"a pair (h, c) of arrays of shape {shape}"
        got = ", ".join(str(np.shape(part)) for part in parts)
        raise LayerShapeError(layer, f"got a state of shape {got}, expected {what}")
    return tuple(as_input(layer, part, dtype) for part in parts)


class _Cell(Module):
    """A step with its two linear functions."""

    kind: ClassVar[str]
    nonlinearity: Nonlinearity = "tanh"
    bias_ih: Parameter | None
    bias_hh: Parameter | None

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        *,
        weight_init: init.Initializer = init.glorot_uniform,
        bias_init: init.Initializer = init.zeros,
        seed: Seed = None,
    ) -> None:
        name = type(self).__name__
        self.input_size: int = checked_count(f"{name}: input_size", input_size)
        self.hidden_size: int = checked_count(f"{name}: hidden_size", hidden_size)
        rng, columns = default_rng(seed), GATES[self.kind] * hidden_size
        self.weight_ih: Parameter = Parameter(weight_init((input_size, columns), seed=rng))
        self.weight_hh: Parameter = Parameter(weight_init((hidden_size, columns), seed=rng))
        self.bias_ih = Parameter(bias_init((columns,), seed=rng)) if bias else None
        self.bias_hh = Parameter(bias_init((columns,), seed=rng)) if bias else None

    def _next(self, x: Tensor | Array, state: Any) -> State:
        x = as_input(self, x, self.weight_ih.dtype)
        if x.ndim != 2 or x.shape[1] != self.input_size:
            raise LayerShapeError(self, f"got an input of shape {x.shape}, expected (batch, {self.input_size})")
        shape = (x.shape[0], self.hidden_size)
        before = check_state(self, state, STATES[self.kind], shape, self.weight_ih.dtype)
        from_input = linear(x, self.weight_ih, self.bias_ih)
        from_state = linear(before[0], self.weight_hh, self.bias_hh)
        return step_of(self.kind, self.nonlinearity)(from_input, from_state, before)

    def extra_repr(self) -> str:
        """Return the sizes, and the arguments that are not the default."""
        text = f"{self.input_size}, {self.hidden_size}" + ("" if self.bias_ih is not None else ", bias=False")
        return text + (f", nonlinearity={self.nonlinearity!r}" if self.nonlinearity != "tanh" else "")

    def _argument(self, name: str) -> Any:
        return self.bias_ih is not None if name == "bias" else super()._argument(name)

    @classmethod
    def _saved_arrays(cls, arguments: Mapping[str, Any]) -> Entries:
        rows, width, columns = arguments["input_size"], arguments["hidden_size"], GATES[cls.kind]
        entries: Entries = {"weight_ih": ((rows, columns * width), "f"), "weight_hh": ((width, columns * width), "f")}
        if arguments["bias"]:
            entries |= {"bias_ih": ((columns * width,), "f"), "bias_hh": ((columns * width,), "f")}
        return entries


@savable
class RNNCell(_Cell):
    """One step of a simple recurrent network: ``tanh(x @ weight_ih + bias_ih + h @ weight_hh + bias_hh)``.

    Parameters
    ----------
    input_size, hidden_size : int
        Numbers of features of the input and of the state.
    bias : bool, default True
        Whether to add the two biases.
    nonlinearity : "tanh" or "relu", default "tanh"
    weight_init, bias_init : callable
        First values; see :mod:`seegrad.nn.init`.
    seed : int or numpy.random.Generator, optional
        For the first values.

    Attributes
    ----------
    weight_ih, weight_hh : Parameter, shapes (input_size, hidden_size) and (hidden_size, hidden_size)
        Transposed with respect to PyTorch's.
    bias_ih, bias_hh : Parameter, shape (hidden_size,), or None

    Examples
    --------
    >>> cell, h = sg.nn.RNNCell(3, 5), None
    >>> for x in np.ones((4, 2, 3), np.float32):  # four steps of two sequences
    ...     h = cell(x, h)
    >>> h.shape
    (2, 5)
    """

    kind = "RNN"

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: Nonlinearity = "tanh",
        *,
        weight_init: init.Initializer = init.glorot_uniform,
        bias_init: init.Initializer = init.zeros,
        seed: Seed = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, weight_init=weight_init, bias_init=bias_init, seed=seed)
        self.nonlinearity: Nonlinearity = check_nonlinearity("RNNCell", nonlinearity)

    def forward(self, x: Tensor | Array, state: Tensor | Array | None = None) -> Tensor:
        """Map an input (batch, input_size) and a state (batch, hidden_size), by default zeros, to the next state."""
        return self._next(x, state)[0]


@savable
class GRUCell(_Cell):
    """One step of a gated recurrent unit: the state moves towards a candidate as far as a gate lets it.

    With ``r, z`` the reset and update gates, sigmoids of linear functions of input and state, and
    ``n = tanh(W x + b + r * (U h + d))``, the next state is ``(1 - z) * n + z * h``.
    K. Cho et al., "Learning phrase representations using RNN encoder-decoder" (2014).

    Parameters
    ----------
    input_size, hidden_size : int
        Numbers of features of the input and of the state.
    bias : bool, default True
        Whether to add the two biases.
    weight_init, bias_init : callable
        First values; see :mod:`seegrad.nn.init`.
    seed : int or numpy.random.Generator, optional
        For the first values.

    Attributes
    ----------
    weight_ih, weight_hh : Parameter, shapes (input_size, 3 * hidden_size) and (hidden_size, 3 * hidden_size)
        Of r, z and n side by side, in PyTorch's order; transposed with respect to PyTorch's.
    bias_ih, bias_hh : Parameter, shape (3 * hidden_size,), or None

    Examples
    --------
    >>> sg.nn.GRUCell(3, 5)(np.ones((2, 3), np.float32)).shape
    (2, 5)
    """

    kind = "GRU"

    def forward(self, x: Tensor | Array, state: Tensor | Array | None = None) -> Tensor:
        """Map an input (batch, input_size) and a state (batch, hidden_size), by default zeros, to the next state."""
        return self._next(x, state)[0]


@savable
class LSTMCell(_Cell):
    """One step of long short-term memory: gates say what its memory forgets, what is added, and what is shown.

    With ``i, f, g, o`` linear functions of input and state, the memory is ``c = sigmoid(f) * c + sigmoid(i) * tanh(g)``
    and the state ``h = sigmoid(o) * tanh(c)``.
    S. Hochreiter and J. Schmidhuber, "Long short-term memory" (1997).

    Parameters
    ----------
    input_size, hidden_size : int
        Numbers of features of the input and of the state.
    bias : bool, default True
        Whether to add the two biases.
    weight_init, bias_init : callable
        First values; see :mod:`seegrad.nn.init`.
    seed : int or numpy.random.Generator, optional
        For the first values.

    Attributes
    ----------
    weight_ih, weight_hh : Parameter, shapes (input_size, 4 * hidden_size) and (hidden_size, 4 * hidden_size)
        Of i, f, g and o side by side, in PyTorch's order; transposed with respect to PyTorch's.
    bias_ih, bias_hh : Parameter, shape (4 * hidden_size,), or None

    Examples
    --------
    >>> h, c = sg.nn.LSTMCell(3, 5)(np.ones((2, 3), np.float32))
    >>> h.shape, c.shape
    ((2, 5), (2, 5))
    """

    kind = "LSTM"

    def forward(
        self, x: Tensor | Array, state: tuple[Tensor | Array, Tensor | Array] | None = None
    ) -> tuple[Tensor, Tensor]:
        """Map an input (batch, input_size) and a state (h, c), by default zeros, to the next (h, c)."""
        h, c = self._next(x, state)
        return h, c
