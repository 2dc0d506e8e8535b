"""The graph of a node, or of a function or model that is run once."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ....common.evaluation_mode import evaluation_mode
from ....common.seam import layer_by_layer
from ...core.node import Node
from ...core.recording import recording
from ...tensor import Tensor, tensor
from ...value import Value
from ..users_line import lines_noted
from .graph_reading import nodes_of
from .module_calls import calls_of, modules_around
from .parameter_paths import is_module, parameter_paths, paths_in
from .picture import Kind
from .unfused import unfused


@dataclass
class RecordedGraph:
    """A result, with names and kinds of nodes that replace their own, and with the modules around what is computed."""

    root: Node
    names: dict[Node, str] = field(default_factory=dict)
    roles: dict[Node, Kind] = field(default_factory=dict)
    groups: dict[Node, tuple[str, ...]] = field(default_factory=dict)


def recorded_graph(what: Any, args: Sequence[Any], input_shape: Sequence[int] | None) -> RecordedGraph:
    """Return the graph of a node, or of a function or model called with ``args``.

    Raises
    ------
    TypeError
        If it is neither a node nor something that returns one.
    """
    if isinstance(what, Node):
        if args:
            raise TypeError("draw(node) takes no arguments for it: the node has been computed already")
        root = unfused(what)
        return RecordedGraph(root, parameter_paths(nodes_of(root)))
    if not callable(what):
        raise TypeError(
            f"cannot draw {type(what).__name__}: expected a Value, a Tensor, a module, or a function that returns one"
        )
    if is_module(what):
        inputs = example_inputs(args, input_shape)
        with evaluation_mode(what), layer_by_layer(), recording(), calls_of(what) as calls, lines_noted():
            result = what(*inputs)
        # Of attention and recurrent layers, which have several results, the first is drawn.
        root = _checked(result[0] if isinstance(result, tuple) and result else result, what)
        groups = {node: modules_around(node.number, calls) for node in nodes_of(root) if node.op is not None}
        recorded = RecordedGraph(root, paths_in(what), groups=groups)
    else:
        inputs = [as_leaf(x) for x in args]
        with recording():
            with lines_noted():
                result = _checked(what(*inputs), what)
            root = unfused(result)
        recorded = RecordedGraph(root, parameter_paths(nodes_of(root)))
    for x, name in zip(inputs, _argument_names(what, len(inputs))):
        if isinstance(x, Node) and x.op is None:
            recorded.roles[x] = "input"
            if not x.label:
                recorded.names[x] = name
    return recorded


def _checked(result: Any, what: Any) -> Node:
    if isinstance(result, Node):
        return result
    name = getattr(what, "__name__", type(what).__name__)
    raise TypeError(
        f"{name} returned {type(result).__name__}, expected a Value or a Tensor. Does it compute with plain data, or "
        "without arguments? Give them after it: draw(f, 2.0, 3.0)"
    )


def as_leaf(x: Any) -> Any:
    """Return a number or an array as a node that requires gradients; all else as it is."""
    if isinstance(x, (Node, bool, str)):
        return x
    if isinstance(x, (float, int)):
        return Value(x)
    if isinstance(x, (np.ndarray, np.generic)):
        return tensor(x, requires_grad=x.dtype.kind == "f")
    return x


def example_inputs(args: Sequence[Any], input_shape: Sequence[int] | None) -> list[Any]:
    """Return the arguments of a model: the given ones, or normal random numbers of a shape.

    Floats require gradients, so that everything that is computed from them is recorded.
    """
    if not args:
        if input_shape is None:
            raise ValueError("to draw a model give it an input: draw(model, x), or input_shape=(1, 28, 28, 1)")
        args = [np.random.default_rng(0).standard_normal(tuple(input_shape)).astype(np.float32)]
    elif input_shape is not None:
        raise ValueError("give either an input or input_shape, not both")
    arrays = [x if isinstance(x, Tensor) and x.requires_grad else getattr(x, "data", x) for x in args]
    return [x if isinstance(x, Node) else as_leaf(np.asarray(x)) for x in arrays]


def _argument_names(what: Callable[..., Any], count: int) -> list[str]:
    try:
        names = list(inspect.signature(getattr(what, "forward", what)).parameters)
    except (TypeError, ValueError):
        names = []
    return (names + [f"x{i}" for i in range(len(names), count)])[:count]
