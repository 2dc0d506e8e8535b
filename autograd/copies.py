"""Copies and pickles of graphs, of any depth; what was shared stays shared."""

from __future__ import annotations

import copy
import sys
from operator import attrgetter
from typing import Any

from .core.backward import inputs_of
from .core.node import Constant, Node, annotate, clock, current_trace, fill, look, on_look, traces
from .ops.questions import carry

_by_number = attrgetter("number")


class Copies:
    """The methods of a node that ``copy`` and ``pickle`` call."""

    __slots__ = ()

    def __copy__(self: Any) -> Any:
        """Return a new node with the same data, operation and inputs."""
        if traces and current_trace() is not None:
            twin = shallow_copy(self)
            carry(twin, self)
            return twin
        look("copies a node", self)
        return shallow_copy(self)

    def __deepcopy__(self: Any, memo: dict[Any, Any]) -> Any:
        """Return a copy of this node and of all nodes from which it was computed."""
        look("copies a node", self)
        return deep_copy(self, memo)

    def __reduce_ex__(self: Any, protocol: Any) -> Any:
        """Return what pickle stores: of a computed node, its whole graph."""
        look("copies a node", self)
        return super().__reduce_ex__(protocol) if self.op is None else (graph_of, as_rows(self))

    def __setstate__(self: Any, state: Any) -> None:
        """Take the state of another node, with a number of its own."""
        attributes, slots = state if isinstance(state, tuple) else (state, {})
        if attributes:
            self.__dict__.update(attributes)
        for slot, content in slots.items():
            if slot != "_memory":  # a copy shares its memory with no other node
                setattr(self, slot, content)
        self.number: int = clock()


def shallow_copy(node: Any) -> Node:
    """Return a new node with the same data, operation and inputs.

    Raises
    ------
    RuntimeError
        If an input has been overwritten since.
    """
    twin = object.__new__(node.__class__)
    twin.__setstate__(object.__reduce_ex__(node, 2)[2])  # type: ignore[index]
    twin.inputs = inputs_of(node)  # as the node read them: the copy is newer
    if node.notes is not None:  # each node needs its own
        twin.notes = {key: copy.copy(value) for key, value in node.notes.items()}
    return twin


class _Copied:
    """All nodes that one call of ``copy.deepcopy`` has copied so far, with their copies."""

    def __init__(self) -> None:
        self.pairs: list[tuple[Node, Node]] = []
        self.newest = 0
        self.computed = False


def deep_copy(root: Node, memo: dict[Any, Any]) -> Node:
    """Copy ``root`` and all nodes from which it was computed.

    Parameters
    ----------
    root : Node
        The node to copy. Leaves are copied too: the copy has a graph of its own.
    memo : dict
        What ``copy.deepcopy`` has copied so far, by identity; the copies of this call are added.

    Returns
    -------
    Node

    Raises
    ------
    TypeError
        If the derivative of an operation in the graph uses more than its inputs.
    """
    copied = memo.setdefault("seegrad nodes", _Copied())
    found = sorted(_not_copied(root, memo), key=_by_number)
    for node in found:
        memo[id(node)] = object.__new__(node.__class__)
    for node in found:
        _fill(memo[id(node)], node, memo)
    _number(copied, [(node, memo[id(node)]) for node in found])
    if on_look:
        for node in found:
            look("deep-copies a node", node, memo[id(node)])
    return memo[id(root)]


def _not_copied(root: Node, memo: dict[Any, Any]) -> list[Node]:
    seen = {id(root)}
    todo, found = [root], []
    while todo:
        node = todo.pop()
        found.append(node)
        if node.op is not None and not node.op.portable:
            raise TypeError(
                f"a result of {node.op.name!r} (of sg.compile or sg.checkpoint) cannot be copied or pickled with its "
                "graph: its derivative calls a function that goes on to use the original nodes. Copy before it is "
                "computed, or copy t.detach()"
            )
        for x in _read(node):
            if id(x) not in seen and id(x) not in memo:
                seen.add(id(x))
                todo.append(x)
    return found


def _read(node: Node) -> tuple[Node, ...]:
    """Return the inputs as they were read, or as they are if overwritten since: then a backward pass raises."""
    try:
        return inputs_of(node)
    except RuntimeError:
        return node.inputs


def _fill(twin: Node, node: Node, memo: dict[Any, Any]) -> None:
    """Copy what a node holds."""
    twin.op = node.op
    twin.inputs = tuple([memo[id(x)] for x in _read(node)])
    twin._tracked, twin.params = node._tracked, node.params
    twin._plain = copy.deepcopy(node._plain, memo)
    if node.op is not None and hasattr(twin._plain, "setflags"):
        twin._plain.setflags(False)  # not writeable, as the data of a computed node
    twin._grad = copy.deepcopy(node._grad, memo)
    twin.notes = copy.deepcopy(node.notes, memo)
    if hasattr(node, "__dict__"):
        twin.__dict__.update(copy.deepcopy(node.__dict__, memo))


def _number(copied: _Copied, pairs: list[tuple[Node, Node]]) -> None:
    """Give the copies new numbers in the order of the originals, which tells which version of an input was read."""
    for node, twin in pairs:
        if isinstance(node, Constant):
            twin.number = 0
    pairs = [(node, twin) for node, twin in pairs if not isinstance(node, Constant)]
    if not pairs:
        return
    copied.pairs += pairs
    copied.computed = copied.computed or any(node.op is not None for node, _ in pairs)
    if copied.computed and pairs[0][0].number < copied.newest:
        pairs = copied.pairs = sorted(copied.pairs, key=lambda pair: pair[0].number)
    copied.newest = max(copied.newest, pairs[-1][0].number)
    for _, twin in pairs:
        twin.number = clock()


def as_rows(root: Node) -> tuple[list[Node], list[tuple[Any, ...]]]:
    """Return a graph in a form that pickle can take at any depth: its leaves, and a row for each computed node.

    A row holds class, data, operation, indices of the inputs, parameters and label. Hooks and gradients of computed
    nodes are left out. Leaves are the nodes themselves, so that pickle keeps what they share with others.
    """
    found = sorted(_not_copied(root, {}), key=_by_number)
    leaves = [node for node in found if node.op is None]
    computed = [node for node in found if node.op is not None]
    place = {id(node): i for i, node in enumerate([*leaves, *computed])}
    rows = [
        (type(node), node._plain, node.op, [place[id(x)] for x in inputs_of(node)], node.params, node.label)
        for node in computed
    ]
    return leaves, rows


def graph_of(leaves: list[Node], rows: list[tuple[Any, ...]]) -> Node:
    """Return the result of the graph that :func:`as_rows` took apart."""
    nodes = list(leaves)
    for kind, data, op, inputs, params, label in rows:
        node = object.__new__(kind)
        if hasattr(data, "setflags"):
            data.setflags(False)  # not writeable, as the data of a computed node
        fill(node, data, op, tuple([nodes[i] for i in inputs]), params, True, clock())
        if label:
            annotate(node, "label", label)
        nodes.append(node)
    return nodes[-1]


def global_name(x: Any) -> str | None:
    """Return the name under which a module holds ``x``, as it holds a decorated function; None if there is none."""
    name: str = vars(x).get("__qualname__", "")
    found: Any = sys.modules.get(vars(x).get("__module__", ""))
    for part in name.split("."):
        found = getattr(found, part, None)
    return name if found is x else None
