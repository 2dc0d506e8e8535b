"""A function with parameters that a solver of SciPy calls: on plain numbers, and on nodes for derivatives.

Parameters are the nodes among its arguments, and those that the function finds by itself, such as weights of a model.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..batch_calls import batch_of
from ..batched import Batched, differs, open_batches, without_level
from ..core.backward import backprop
from ..core.node import Node, data_of
from ..core.recording import is_recording, recording
from ..graph_order import backward_order
from ..nested import leaves_of, map_leaves
from ..no_grad import no_grad
from ..ops.shaping import identity, operand, reshape
from ..tensor import Tensor
from ..value import Value


@contextmanager
def outside_batches() -> Generator[None, None, None]:
    """Compute what is the same for all examples, though it is needed inside of ``vmap`` or for a Jacobian.

    Otherwise, transforms would take a derivative for each example.
    """
    token = open_batches.set(())
    try:
        yield
    finally:
        open_batches.reset(token)


def plain_numbers(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function, such as a derivative, as one of plain numbers for a solver."""

    def call(*xs: Any) -> Any:
        with no_grad(), outside_batches():
            return np.asarray(data_of(operand(function(*xs))), dtype=float)

    return call


class Parametrized:
    """A function of some variables and ``args``.

    Parameters
    ----------
    name : str
        What to call the solver in messages.
    function : callable
        Called with the variables, then with ``args``. Returns numbers, an array, a node, or a list of them.
    args : tuple
        Further arguments: numbers, arrays, nodes, and nested dicts, lists and tuples of them.

    Attributes
    ----------
    nodes : list of Node
        The parameters that require gradients: ``given`` in ``args``, then ``found`` in the function. The latter are
        known after :meth:`find`.
    """

    def __init__(self, name: str, function: Callable[..., Any], args: Any) -> None:
        if not callable(function):
            raise TypeError(f"{name}: expected a function, got {type(function).__name__}")
        self.args: tuple[Any, ...] = args if isinstance(args, tuple) else (args,)
        if differs(self.args):
            raise TypeError(f"{name} cannot be called under sg.vmap: call it for one example after the other")
        self.name = name
        self.function = function
        self.plain_args: Any = map_leaves(data_of, self.args)
        leaves = dict.fromkeys(x for x in leaves_of(self.args) if isinstance(x, Node) and x.requires_grad)
        self.given: list[Node] = list(leaves) if is_recording() else []
        self.found: list[Node] = []

    @property
    def nodes(self) -> list[Node]:
        """The parameters that require gradients."""
        return [*self.given, *self.found]

    def plain(self, *xs: Any) -> Any:
        """Return the value of the function on plain variables."""
        with no_grad(), outside_batches():
            return map_leaves(data_of, self.function(*xs, *self.plain_args))

    def find(self, *xs: Any) -> None:
        """Find the parameters that the function has besides those it is given, by calling it on plain variables."""
        if is_recording():
            with outside_batches():
                self._find(*xs)

    def _find(self, *xs: Any) -> None:
        if not self.given:
            out = self.function(*xs, *self.plain_args)
            if not any(isinstance(x, Node) and x.requires_grad for x in leaves_of(out)):
                return
        given = [_leaf(x, x._plain) for x in self.given]
        variables = [Tensor(np.array(x, dtype=float), requires_grad=True) for x in xs]
        out = operand(self.on(variables, given))
        if isinstance(out, Node) and out.requires_grad:
            leaves = frozenset((*variables, *given))
            inside = backward_order(out, leaves)
            known = {*inside, *leaves}
            inputs = (x for node in inside for x in node.inputs)
            self.found = list(dict.fromkeys(x for x in inputs if x.requires_grad and x not in known))

    def on(self, xs: Sequence[Any], given: Sequence[Any]) -> Any:
        """Return the function of nodes, with others in the place of those that are given in ``args``."""
        places = dict(zip(self.given, given))
        args = map_leaves(lambda x: places.get(x, x) if isinstance(x, Node) else x, self.args)
        return self.function(*xs, *args)

    def entered(self, params: Sequence[Any]) -> list[Any]:
        """Return the parameters as nodes to compute with: new ones for those that are given, found ones themselves."""
        return [_leaf(x, v) for x, v in zip(self.given, params)]

    def evaluated(self, xs: Sequence[Any], params: Sequence[Any]) -> tuple[Any, list[Node]]:
        """Return the value of the function, and the variables and parameters as the nodes of which it was computed.

        Parameters
        ----------
        xs : sequence of arrays or nodes
            The variables.
        params : sequence of arrays or nodes
            The values of the parameters.
        """
        with recording(), outside_batches():
            variables = [identity(x) if isinstance(x, Node) else Tensor(x, requires_grad=True) for x in xs]
            given = self.entered(params)
            return operand(self.on(variables, given)), [*variables, *given, *self.found]

    def pull(self, xs: Sequence[Any], params: Sequence[Any], cotangent: Any, record: bool) -> tuple[Any, list[Any]]:
        """Return the value, and the gradients of the variables and then of the parameters, from a cotangent.

        Parameters
        ----------
        xs, params : sequence of arrays or nodes
            As for :meth:`evaluated`.
        cotangent : array or node
            The gradient of the value.
        record : bool
            Whether to record how the gradients are computed.
        """
        with recording():
            out, nodes = self.evaluated(xs, params)
            table: dict[Node, Any] = {}
            if isinstance(out, Node) and out.requires_grad:
                table = backprop(
                    out, out.fit_gradient(cotangent), create_graph=record, stop=frozenset(nodes), keep=True
                )
            return out, [table[x] if x in table else np.zeros(np.shape(x._plain)) for x in nodes]

    def rows(self, xs: Sequence[Any], params: Sequence[Any], record: bool) -> tuple[Any, list[Any]]:
        """Return the value as a vector, and its derivatives with respect to variables and parameters, row by row."""
        with recording():
            out, nodes = self.evaluated(xs, params)
            out = reshape(out, (-1,))
            n = out.size
            if not (isinstance(out, Node) and out.requires_grad and n):
                return out, [np.zeros((n, *np.shape(x._plain))) for x in nodes]
            with batch_of(n) as level:
                units = Batched(level, Tensor(np.eye(n)) if record else np.eye(n))
                table = backprop(out, out.fit_gradient(units), create_graph=record, stop=frozenset(nodes), keep=True)
                zeros = [np.zeros((n, *np.shape(x._plain))) for x in nodes]
                return out, [without_level(table[x], level) if x in table else z for x, z in zip(nodes, zeros)]


def _leaf(node: Node, value: Any) -> Any:
    """Return a node of the kind of a parameter, to compute with in its place."""
    if isinstance(value, Node):
        return identity(value)
    return Value(float(value)) if isinstance(node, Value) else Tensor(value, requires_grad=True)
