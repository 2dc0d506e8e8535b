"""Recurrent networks over whole sequences: a step for each element, in several layers and both directions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from ...autograd import Tensor, concatenate, stack
from ...common.argument_checks import checked_count, checked_fraction
from ...common.rng import Seed, default_rng
from .. import init
from ..functional import dropout, linear
from ..layer_errors import LayerShapeError
from ..module import Array, Entries, Module, Parameter, savable
from .arguments import as_input
from .recurrent_cells import GATES, STATES, Nonlinearity, State, check_nonlinearity, check_state, step_of

__all__ = ["GRU", "LSTM", "RNN"]


def _names(num_layers: int, bidirectional: bool) -> Iterator[tuple[int, str]]:
    """Iterate over the ends of the names of parameters, PyTorch's, each with the number of its layer."""
    for layer in range(num_layers):
        yield layer, f"_l{layer}"
        if bidirectional:
            yield layer, f"_l{layer}_reverse"


class _Recurrent(Module):
    """Layers of steps: each layer goes through what the one before it gives, forwards and perhaps backwards."""

    kind: ClassVar[str]
    nonlinearity: Nonlinearity = "tanh"

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = True,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        weight_init: init.Initializer = init.glorot_uniform,
        bias_init: init.Initializer = init.zeros,
        seed: Seed = None,
    ) -> None:
        self.input_size: int = checked_count(f"{self.kind}: input_size", input_size)
        self.hidden_size: int = checked_count(f"{self.kind}: hidden_size", hidden_size)
        self.num_layers: int = checked_count(f"{self.kind}: num_layers", num_layers)
        self.bias: bool = bool(bias)
        self.batch_first: bool = bool(batch_first)
        self.dropout: float = checked_fraction(f"{self.kind}: dropout", dropout)
        self.bidirectional: bool = bool(bidirectional)
        rng = default_rng(seed)
        for name, (shape, _) in self._saved_arrays(vars(self)).items():
            first_values = bias_init if name.startswith("bias") else weight_init
            setattr(self, name, Parameter(first_values(shape, seed=rng)))
        self.generator: np.random.Generator | None = None if seed is None else rng

    def _run(self, x: Tensor | Array, state: Any) -> tuple[Tensor, State]:
        """Return the outputs of the last layer, and the last state of each layer and direction."""
        x = as_input(self, x, vars(self)["weight_ih_l0"].dtype)
        time, batch = (1, 0) if self.batch_first else (0, 1)
        if x.ndim != 3 or x.shape[2] != self.input_size or not x.shape[time]:
            order = "batch, length" if self.batch_first else "length, batch"
            hint = "; for a single sequence use x[np.newaxis]" if x.ndim == 2 and self.batch_first else ""
            raise LayerShapeError(
                self, f"got an input of shape {x.shape}, expected ({order}, {self.input_size}), not without steps{hint}"
            )
        ways = self.num_layers * (1 + self.bidirectional)
        first = check_state(self, state, STATES[self.kind], (ways, x.shape[batch], self.hidden_size), x.dtype)
        steps = [x[:, t] if self.batch_first else x[t] for t in range(x.shape[time])]
        last: list[State] = []
        for layer in range(self.num_layers):
            steps = [self._dropped(step) for step in steps] if layer else steps
            ahead = self._through(steps, f"_l{layer}", tuple(part[len(last)] for part in first), last)
            if self.bidirectional:
                begin = tuple(part[len(last)] for part in first)
                back = self._through(steps[::-1], f"_l{layer}_reverse", begin, last)[::-1]
                ahead = [concatenate(both, axis=-1) for both in zip(ahead, back)]
            steps = ahead
        return stack(steps, axis=time), tuple(stack(parts) for parts in zip(*last))

    def _through(self, steps: Sequence[Tensor], name: str, state: State, last: list[State]) -> list[Tensor]:
        """Go through the steps with the weights of a layer; append the last state, and return all hidden ones."""
        own = vars(self)
        of_input, of_state = own[f"weight_ih{name}"], own[f"weight_hh{name}"]
        bias_ih, bias_hh = own.get(f"bias_ih{name}"), own.get(f"bias_hh{name}")
        advance = step_of(self.kind, self.nonlinearity)
        outputs = []
        for x in steps:
            state = advance(linear(x, of_input, bias_ih), linear(state[0], of_state, bias_hh), state)
            outputs.append(state[0])
        last.append(state)
        return outputs

    def _dropped(self, x: Tensor) -> Tensor:
        return dropout(x, self.dropout, self.training, seed=self.generator)

    def extra_repr(self) -> str:
        """Return the sizes, and the arguments that are not the default."""
        text = f"{self.input_size}, {self.hidden_size}"
        text += f", num_layers={self.num_layers}" if self.num_layers > 1 else ""
        text += f", nonlinearity={self.nonlinearity!r}" if self.nonlinearity != "tanh" else ""
        text += ("" if self.bias else ", bias=False") + ("" if self.batch_first else ", batch_first=False")
        text += f", dropout={self.dropout:g}" if self.dropout else ""
        return text + (", bidirectional=True" if self.bidirectional else "")

    @classmethod
    def _saved_arrays(cls, arguments: Mapping[str, Any]) -> Entries:
        width, columns = arguments["hidden_size"], GATES[cls.kind] * arguments["hidden_size"]
        entries: Entries = {}
        for layer, name in _names(arguments["num_layers"], arguments["bidirectional"]):
            rows = width * (1 + arguments["bidirectional"]) if layer else arguments["input_size"]
            entries |= {f"weight_ih{name}": ((rows, columns), "f"), f"weight_hh{name}": ((width, columns), "f")}
            if arguments["bias"]:
                entries |= {f"bias_ih{name}": ((columns,), "f"), f"bias_hh{name}": ((columns,), "f")}
        return entries


@savable
class RNN(_Recurrent):
    """A simple recurrent network: the steps of :class:`RNNCell` over sequences.

    Parameters
    ----------
    input_size, hidden_size : int
        Numbers of features of the inputs and of the states.
    num_layers : int, default 1
        Each further layer goes through the outputs of the one before it.
    nonlinearity : "tanh" or "relu", default "tanh"
    bias : bool, default True
        Whether to add the two biases.
    batch_first : bool, default True
        Whether inputs and outputs are ``(batch, length, features)``, as everywhere in this library; PyTorch's default
        is False: ``(length, batch, features)``. States are ``(layers, batch, hidden_size)`` in both cases.
    dropout : float, default 0.0
        Probability of each value between layers to be dropped while training.
    bidirectional : bool, default False
        Whether each layer also goes from the last element to the first. The outputs of both ways stand side by side.
    weight_init, bias_init : callable
        First values; see :mod:`seegrad.nn.init`.
    seed : int or numpy.random.Generator, optional
        For the first values; it also starts this layer's own generator for dropout.

    Attributes
    ----------
    weight_ih_l0, weight_hh_l0 : Parameter, shapes (input_size, hidden_size) and (hidden_size, hidden_size)
        Of the first layer; the others are ``_l1``, ..., those of the way back ``_l0_reverse``. Transposed with
        respect to PyTorch's.
    bias_ih_l0, bias_hh_l0 : Parameter, shape (hidden_size,)

    Examples
    --------
    >>> output, h = sg.nn.RNN(3, 5, num_layers=2)(np.ones((4, 7, 3), np.float32))
    >>> output.shape, h.shape
    ((4, 7, 5), (2, 4, 5))
    """

    kind = "RNN"

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: Nonlinearity = "tanh",
        bias: bool = True,
        batch_first: bool = True,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        weight_init: init.Initializer = init.glorot_uniform,
        bias_init: init.Initializer = init.zeros,
        seed: Seed = None,
    ) -> None:
        first: dict[str, Any] = {"weight_init": weight_init, "bias_init": bias_init, "seed": seed}
        super().__init__(input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, **first)
        self.nonlinearity: Nonlinearity = check_nonlinearity("RNN", nonlinearity)

    def forward(self, x: Tensor | Array, state: Tensor | Array | None = None) -> tuple[Tensor, Tensor]:
        """Go through sequences.

        Parameters
        ----------
        x : Tensor or ndarray, shape (batch, length, input_size)
            The sequences.
        state : Tensor or ndarray, shape (layers, batch, hidden_size), optional
            The first state of each layer (and direction, layer by layer), by default zeros.

        Returns
        -------
        output : Tensor, shape (batch, length, hidden_size)
            The states of the last layer; of both directions side by side.
        state : Tensor, shape (layers, batch, hidden_size)
            The last states.
        """
        output, (h,) = self._run(x, state)
        return output, h


@savable
class GRU(_Recurrent):
    """Gated recurrent units: the steps of :class:`GRUCell` over sequences.

    Parameters
    ----------
    input_size, hidden_size : int
        Numbers of features of the inputs and of the states.
    num_layers : int, default 1
        Each further layer goes through the outputs of the one before it.
    bias : bool, default True
        Whether to add the two biases.
    batch_first : bool, default True
        Whether inputs and outputs are ``(batch, length, features)``, as everywhere in this library; PyTorch's default
        is False: ``(length, batch, features)``. States are ``(layers, batch, hidden_size)`` in both cases.
    dropout : float, default 0.0
        Probability of each value between layers to be dropped while training.
    bidirectional : bool, default False
        Whether each layer also goes from the last element to the first. The outputs of both ways stand side by side.
    weight_init, bias_init : callable
        First values; see :mod:`seegrad.nn.init`.
    seed : int or numpy.random.Generator, optional
        For the first values; it also starts this layer's own generator for dropout.

    Attributes
    ----------
    weight_ih_l0, weight_hh_l0 : Parameter, shapes (input_size, 3 * hidden_size) and (hidden_size, 3 * hidden_size)
        As those of :class:`GRUCell`, of the first layer; the others are ``_l1``, ..., those of the way back
        ``_l0_reverse``.
    bias_ih_l0, bias_hh_l0 : Parameter, shape (3 * hidden_size,)

    Examples
    --------
    >>> output, h = sg.nn.GRU(3, 5, bidirectional=True)(np.ones((4, 7, 3), np.float32))
    >>> output.shape, h.shape
    ((4, 7, 10), (2, 4, 5))
    """

    kind = "GRU"

    def forward(self, x: Tensor | Array, state: Tensor | Array | None = None) -> tuple[Tensor, Tensor]:
        """Go through sequences; inputs and outputs are those of :class:`RNN`."""
        output, (h,) = self._run(x, state)
        return output, h


@savable
class LSTM(_Recurrent):
    """Long short-term memory: the steps of :class:`LSTMCell` over sequences.

    Parameters
    ----------
    input_size, hidden_size : int
        Numbers of features of the inputs and of the states.
    num_layers : int, default 1
        Each further layer goes through the outputs of the one before it.
    bias : bool, default True
        Whether to add the two biases.
    batch_first : bool, default True
        Whether inputs and outputs are ``(batch, length, features)``, as everywhere in this library; PyTorch's default
        is False: ``(length, batch, features)``. States are ``(layers, batch, hidden_size)`` in both cases.
    dropout : float, default 0.0
        Probability of each value between layers to be dropped while training.
    bidirectional : bool, default False
        Whether each layer also goes from the last element to the first. The outputs of both ways stand side by side.
    weight_init, bias_init : callable
        First values; see :mod:`seegrad.nn.init`.
    seed : int or numpy.random.Generator, optional
        For the first values; it also starts this layer's own generator for dropout.

    Attributes
    ----------
    weight_ih_l0, weight_hh_l0 : Parameter, shapes (input_size, 4 * hidden_size) and (hidden_size, 4 * hidden_size)
        As those of :class:`LSTMCell`, of the first layer; the others are ``_l1``, ..., those of the way back
        ``_l0_reverse``.
    bias_ih_l0, bias_hh_l0 : Parameter, shape (4 * hidden_size,)

    Examples
    --------
    >>> output, (h, c) = sg.nn.LSTM(3, 5)(np.ones((4, 7, 3), np.float32))
    >>> output.shape, h.shape, c.shape
    ((4, 7, 5), (1, 4, 5), (1, 4, 5))
    """

    kind = "LSTM"

    def forward(
        self, x: Tensor | Array, state: tuple[Tensor | Array, Tensor | Array] | None = None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Go through sequences.

        Parameters
        ----------
        x : Tensor or ndarray, shape (batch, length, input_size)
            The sequences.
        state : pair of Tensor or ndarray, shape (layers, batch, hidden_size), optional
            The first ``(h, c)`` of each layer (and direction, layer by layer), by default zeros.

        Returns
        -------
        output : Tensor, shape (batch, length, hidden_size)
            The hidden states of the last layer; of both directions side by side.
        state : pair of Tensor, shape (layers, batch, hidden_size)
            The last ``(h, c)``.
        """
        output, (h, c) = self._run(x, state)
        return output, (h, c)
