"""Compute a small graph of arrays once more with one ``Value`` for each number, to draw it at ``zoom="scalars"``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from ....common.plain_data import real_numbers
from ....common.quiet import quiet
from ...core.node import Constant, Node, annotate, clock, data_of, fill
from ...core.op import Op
from ...core.recording import recording
from ...ops.elementwise import add, multiply
from ...ops.shaping import stack
from ...value import Value
from .graph_reading import inputs_to_show, kind_of, nodes_of
from .picture import Kind
from .recorded_graph import RecordedGraph

#: The largest number of numbers that is drawn.
MAX_SCALARS = 400

Parts = npt.NDArray[Any]  # of Values, and of plain numbers for constants

#: Operations that only move elements, and so work on arrays of Values too.
_MOVING = (
    "reshape transpose expand_dims squeeze flip roll rot90 tril triu broadcast_to concatenate stack pad getitem setitem"
).split()
_PASSING = ("astype", "identity", "to_value")


class ScalarPart(Op):
    """One element of an array operation: a weighted sum of inputs, as far as derivatives are concerned.

    It is not in the table of operations. It stands in drawings for what a rule does to one number.
    """

    elementwise = True

    def __init__(self, op: Op, factors: list[float]) -> None:
        #: Whether the element itself is the sum of the inputs times the factors, whatever the numbers are.
        self.is_weighted_sum: bool = op.name in ("add", "sum", "mean", "cumsum", "window_sum")
        self.name: str = op.name
        self.symbol: str = op.symbol
        self.factors = factors
        self.rule: tuple[()] = ()
        self.variadic: bool = False
        self.variadic_rule: None = None
        self.defaults: dict[str, Any] = {}

    def rules_for(self, inputs: tuple[Node, ...]) -> tuple[Callable[..., Any], ...]:
        """Return one rule per input: the gradient times a number."""
        return tuple([_times(factor) for factor in self.factors])


def _times(factor: float) -> Callable[..., Any]:
    return lambda g, *values, **params: g * factor


def expand(recorded: RecordedGraph) -> RecordedGraph:
    """Return the graph with a Value for each number of its arrays.

    Parameters
    ----------
    recorded : RecordedGraph
        A graph. It is not changed.

    Returns
    -------
    RecordedGraph
        A new graph of Values with the same numbers, in double precision.

    Raises
    ------
    ValueError
        If there are more than ``MAX_SCALARS`` numbers.
    TypeError
        If some of them are complex.
    """
    nodes = nodes_of(recorded.root)
    count = sum(np.size(node._plain) for node in nodes)
    if count > MAX_SCALARS:
        raise ValueError(
            f"zoom='scalars' would draw {count:,} numbers, at most {MAX_SCALARS} can still be read: draw a smaller "
            "piece (fewer examples, a smaller layer), or use zoom='ops'"
        )
    for node in nodes:
        real_numbers("zoom='scalars'", node._plain)
    parts: dict[Node, Parts] = {}
    roles: dict[Node, Kind] = {}
    with recording():
        for node in nodes:
            if node.op is None:
                parts[node] = _leaf(node, recorded.names.get(node, node.label))
                if not isinstance(node, Constant):
                    kind = recorded.roles.get(node, kind_of(node))
                    roles.update((part, kind) for part in parts[node].flat)
            else:
                before = clock()
                parts[node] = _computed(node, [parts[x] for x in inputs_to_show(node)])
                _note_line(parts[node], node, before)
                if node.label:
                    _name(parts[node], node.label)
        found = parts[recorded.root]
        root = found.item() if found.size == 1 else stack(list(found.flat))
    return RecordedGraph(root if isinstance(root, Node) else Value(root), {}, roles)


def _note_line(parts: Parts, node: Node, before: int) -> None:
    """Note on what was recorded after ``before`` the line that computed its array."""
    line = (node.notes or {}).get("line")
    if line is not None:
        for part in parts.flat:
            if isinstance(part, Node) and part.op is not None and part.number > before:
                annotate(part, "line", line)


def _leaf(node: Node, name: str) -> Parts:
    data = np.asarray(node._plain, dtype=np.float64)
    result = np.empty(data.shape, dtype=object)
    gradient = None if node._grad is None else np.asarray(data_of(node._grad), dtype=np.float64)
    for index in np.ndindex(data.shape):
        number = float(data[index])
        if isinstance(node, Constant):
            result[index] = number
            continue
        place = f"[{','.join(map(str, index))}]" if index else ""
        value = Value(number, label=f"{name}{place}" if name else "")
        value.requires_grad = node.requires_grad
        if gradient is not None:
            value._grad = float(gradient[index])
        result[index] = value
    return result


def _computed(node: Node, inputs: list[Parts]) -> Parts:
    op = node.op
    shape = np.shape(node._plain)
    if op is None or op.name in _PASSING:
        return inputs[0].reshape(shape)
    if op.name in _MOVING:
        return _objects(op.forward(*inputs, **node.params), shape)
    if op.name == "matmul" and all(x.ndim <= 2 for x in inputs):
        return _products(inputs[0], inputs[1], op).reshape(shape)
    if op.elementwise and (op.name == "where" or not node.params):
        return _each(node, inputs, shape)
    return _by_derivative(node, inputs, shape)


def _objects(moved: Any, shape: tuple[int, ...]) -> Parts:
    """Return the result of an operation on arrays of objects as such an array, also if it is a single object."""
    if not isinstance(moved, np.ndarray):
        single = np.empty((), dtype=object)
        single[()] = moved
        moved = single
    return moved.astype(object).reshape(shape)


def _each(node: Node, inputs: list[Parts], shape: tuple[int, ...]) -> Parts:
    """Apply an elementwise operation to every element."""
    result = np.empty(shape, dtype=object)
    spread = [np.broadcast_to(x, shape) for x in inputs]
    params = {name: np.broadcast_to(value, shape) for name, value in node.params.items()}
    op = node.op
    for index in np.ndindex(shape):
        if op is not None:
            result[index] = op(*[x[index] for x in spread], **{k: bool(v[index]) for k, v in params.items()})
    return result


def _name(parts: Parts, name: str) -> None:
    """Label computed numbers with the name of their array and their index in it."""
    for index in np.ndindex(parts.shape):
        part = parts[index]
        if isinstance(part, Node) and not part.label:
            part.label = name + (f"[{','.join(map(str, index))}]" if index else "")


def _products(x: Parts, y: Parts, op: Op) -> Parts:
    """Multiply matrices as sums of products of numbers."""
    rows, columns = np.atleast_2d(x), (y if y.ndim == 2 else y[:, None])
    result = np.empty((rows.shape[0], columns.shape[1]), dtype=object)
    for i, j in np.ndindex(result.shape):
        terms = [multiply(a, b) for a, b in zip(rows[i], columns[:, j])]
        result[i, j] = terms[0] if len(terms) == 1 else _part(add, terms, [1.0] * len(terms), sum(map(_number, terms)))
    return result


def _by_derivative(node: Node, inputs: list[Parts], shape: tuple[int, ...]) -> Parts:
    """Connect each element of the result to the numbers with respect to which its derivative is not 0."""
    op = node.op
    sources = inputs_to_show(node)
    result = np.empty(shape, dtype=object)
    data = np.asarray(node._plain)
    for index in np.ndindex(shape):
        unit = np.zeros_like(data)
        unit[index] = 1.0
        terms: list[Any] = []
        factors: list[float] = []
        for x, part, rule in zip(sources, inputs, op.rules_for(sources) if op is not None else ()):
            if not x.requires_grad:
                continue
            with quiet():
                slopes = x.fit_gradient(rule(unit, data, *[s._plain for s in sources], **node.params))
            for term, slope in zip(part.flat, np.ravel(slopes)):
                if slope != 0:
                    terms.append(term)
                    factors.append(float(slope))
        result[index] = _part(op, terms, factors, float(data[index])) if op is not None else None
    return result


def _part(op: Op, terms: list[Any], factors: list[float], number: float) -> Value:
    """Return the node of one element of the result."""
    node = Value(number)
    inputs = tuple([x if isinstance(x, Node) else Constant(x) for x in terms])
    if any(x.requires_grad for x in inputs):
        fill(node, number, ScalarPart(op, factors), inputs, {}, True, node.number)
    return node


def _number(x: Any) -> float:
    return float(x._plain) if isinstance(x, Node) else float(x)
