"""The walk back: from a result to where it began, handing gradients on by the operations' rules."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from heapq import heappop, heappush
from operator import attrgetter
from typing import Any

import numpy as np

from .graph import Node, on_gradient
from .operation import Op

_by_number = attrgetter("number")


def inputs_of(node: Node) -> tuple[Node, ...]:
    """Return the inputs as they were when ``node`` read them.

    A node that was updated since (``t[i] = v``) leads to its own earlier version; a leaf that was
    overwritten has none.

    Raises
    ------
    RuntimeError
        If an input's data was changed in place after ``node`` was recorded.
    """
    number, inputs = node.number, node.inputs
    for x in inputs:
        if x.number > number:
            return tuple([_version_before(x, node) for x in inputs])
    return inputs


def _version_before(x: Node, reader: Node) -> Node:
    current = x
    while current.number > reader.number:
        if current.op is None or not current.op.updates:
            name = f" {x.label!r}" if x.label else ""
            raise RuntimeError(
                f"the data of an input{name} of {reader.op.name if reader.op else 'a leaf'!r} was changed in place "
                "after it was read, so its derivative can no longer be computed; run the forward pass again"
            )
        current = current.inputs[0]
    return current


def point_to_versions(node: Node) -> None:
    """After an in-place update, let the trail of what was written lead to the versions of ``node`` it read.

    The trail may have read ``node`` itself; left as it was, the updated node would lead back to itself.
    """
    versions = {node}
    current = node
    while current.op is not None and current.op.updates:
        current = current.inputs[0]
        versions.add(current)
    todo = list(node.inputs[1:])
    seen = set(versions)
    while todo:
        reader = todo.pop()
        if reader in seen or reader.number <= current.number:
            continue
        seen.add(reader)
        reader.inputs = inputs_of(reader)
        todo.extend(reader.inputs)


def backward_order(root: Node, stop: frozenset[Node] = frozenset()) -> list[Node]:
    """Return the computed nodes that lead to ``root``, each before its inputs.

    Parameters
    ----------
    root : Node
        Where to begin.
    stop : frozenset of Node
        Nodes to treat as leaves. Nodes recorded before all of them cannot depend on them and are left out.

    Returns
    -------
    list of Node
        Only nodes that require gradients and have an operation.
    """
    floor = min([x.number for x in stop]) if stop else -1
    seen = {root}
    todo = [root]
    order = []
    while todo:
        node = todo.pop()
        if node.op is None or node.number < floor or node in stop:
            continue
        order.append(node)
        for x in inputs_of(node):
            if x._tracked and x not in seen:
                seen.add(x)
                todo.append(x)
    order.sort(key=_by_number, reverse=True)
    return order


def backprop(
    root: Node,
    seed: Any,
    *,
    create_graph: bool = False,
    keep: bool = False,
    stop: frozenset[Node] = frozenset(),
) -> dict[Node, Any]:
    """Walk back from ``root`` and return gradients, without touching any node.

    Parameters
    ----------
    root : Node
        The result that is differentiated.
    seed : number, array or Node
        The gradient of ``root`` itself, usually 1.
    create_graph : bool
        Record the walk, so that the gradients are nodes and can be differentiated again.
    keep : bool
        Return the gradients of computed nodes too, not only those of leaves.
    stop : frozenset of Node
        Nodes to treat as leaves.

    Returns
    -------
    dict
        Node to gradient: plain numbers and arrays, or nodes under ``create_graph``.
    """
    walk = Walk(root, seed, create_graph, keep, stop)
    table = walk.table
    for nodes, gradients in walk.kept:
        table.update(zip(nodes, gradients))
    table.pop(None, None)  # the empty places in windows
    return table


class Walk:
    """One walk back, from the newest node to the oldest.

    Every reader of a node is newer than the node, so in this order all of a node's gradients have arrived before
    their sum is handed on. Numbers follow each other closely. So a *window*, a list with one place per number,
    newest first, keeps the order without any sorting: a gradient is put in its node's place, and the places are
    visited one after another. What is older than the window waits in ``table``, and its numbers in a heap.

    Attributes
    ----------
    table : dict
        Node to gradient: of leaves, and of nodes older than the window.
    kept : list
        The windows that have been visited, as pairs of lists (nodes, gradients), if gradients are to be kept.
    """

    #: Places in the first window; the next is four times as long, to a limit, where nodes lie close.
    FIRST, LONGEST = 8, 8192

    #: NumPy's error state of this walk, once it is wanted.
    quiet: Any = None

    def __init__(
        self, root: Node, seed: Any, create_graph: bool, keep: bool, stop: frozenset[Node] = frozenset()
    ) -> None:
        self.create_graph, self.keep, self.stop = create_graph, keep, stop
        self.floor = min([x.number for x in stop]) if stop else -1
        self.table: dict[Any, Any] = {}
        self.kept: list[tuple[list[Any], list[Any]]] = []
        self.older: list[tuple[int, Node]] = []  # a heap of (-number, node)
        self.guarded = False
        self.top = root.number
        self.nodes: list[Any] = [root] + [None] * (self.FIRST - 1)
        self.gradients: list[Any] = [seed] + [None] * (self.FIRST - 1)
        try:
            self.visit()
            while self.older:
                self.next_window()
                self.visit()
        finally:
            if self.quiet is not None:
                self.quiet.__exit__(None, None, None)

    def next_window(self) -> None:
        """Begin a window at the newest node that waits."""
        older, last = self.older, len(self.nodes)
        near = self.top + older[0][0] < 2 * last
        size = min(4 * last, self.LONGEST) if near else self.FIRST  # an empty place costs time too
        self.top = top = -older[0][0]
        nodes: list[Any] = [None] * size
        gradients: list[Any] = [None] * size
        self.nodes, self.gradients = nodes, gradients
        while older and top + older[0][0] < size:
            minus_number, node = heappop(older)
            nodes[top + minus_number] = node
            gradients[top + minus_number] = self.table.pop(node)

    def send(self, x: Node, d: Any) -> None:
        """Let a gradient arrive at a node, wherever its place is."""
        place = self.top - x.number
        if place < len(self.nodes):
            if self.nodes[place] is None:
                self.nodes[place] = x
                self.gradients[place] = d
            else:
                self.gradients[place] = self.gradients[place] + d
        elif x in self.table:
            self.table[x] = self.table[x] + d
        else:
            self.table[x] = d
            if x.op is not None and x.number >= self.floor and x not in self.stop:
                heappush(self.older, (-x.number, x))

    def visit(self) -> None:
        """Hand on every gradient in the window, among them those that arrive meanwhile."""
        nodes, gradients, table, top, size = self.nodes, self.gradients, self.table, self.top, len(self.nodes)
        keep, send = self.keep, self.send
        plain_walk = not (self.create_graph or self.stop or on_gradient)
        if keep:
            self.kept.append((nodes, gradients))
        for node, g in zip(nodes, gradients):
            if node is None:
                continue
            op = node.op
            if op is None or not plain_walk or not op.flat or node.notes is not None or self.guarded:
                self.hand_on(node, g)
                continue
            # The usual case, written out twice: a call for each edge would cost as much as all the rest.
            x, y, number = node._x, node._y, node.number
            if x.number > number or (y is not None and y.number > number):
                self.hand_on(node, g)
                continue
            if not keep:
                gradients[top - number] = None  # it may be large
            if g.__class__ is not float and op.poles and self.quiet is None:
                self.hush()
            try:
                if y is None:
                    dx, dy = op.rule[0](g, node._data, x._data), None
                else:
                    rule_x, rule_y = op.rule
                    dx = rule_x(g, node._data, x._data, y._data) if x._tracked else None
                    dy = rule_y(g, node._data, x._data, y._data) if y._tracked else None
            except ArithmeticError:
                self.hand_on(node, g)
                continue
            if dx is not None:
                if dx.__class__ is not float:
                    dx = x.fit(dx)
                place = top - x.number
                if place >= size:
                    if x.op is None:
                        table[x] = table[x] + dx if x in table else dx
                    else:
                        send(x, dx)
                elif (arrived := gradients[place]) is None:
                    nodes[place], gradients[place] = x, dx
                else:
                    gradients[place] = arrived + dx
            if dy is not None:
                if dy.__class__ is not float:
                    dy = y.fit(dy)
                place = top - y.number
                if place >= size:
                    if y.op is None:
                        table[y] = table[y] + dy if y in table else dy
                    else:
                        send(y, dy)
                elif (arrived := gradients[place]) is None:
                    nodes[place], gradients[place] = y, dy
                else:
                    gradients[place] = arrived + dy

    def hand_on(self, node: Node, g: Any) -> None:
        """Hand a node's gradient on to its inputs: every case."""
        table, place = self.table, self.top - node.number
        op: Any = node.op
        if op is None or node in self.stop or node.number < self.floor:
            self.nodes[place] = self.gradients[place] = None
            table[node] = table[node] + g if node in table else g
            return
        retain = False
        if node.notes is not None:
            retain = "retain" in node.notes
            if "hooks" in node.notes:
                g = self.gradients[place] = run_hooks(node, g)
        if not self.keep:
            self.gradients[place] = None  # it may be large
            if retain:
                table[node] = g
        if op.masks:
            self.guarded = True
        if op.poles and self.quiet is None:
            self.hush()
        inputs = inputs_of(node)
        gradients = None if op.joint is None else op.joint(g, node)
        if gradients is not None:
            for x, d in zip(inputs, gradients):
                if x._tracked and d is not None:
                    for watch in on_gradient:
                        watch(node, x, d)
                    self.send(x, d)
            return
        if self.create_graph:
            args = (g, node, *[x if x._tracked else x._data for x in inputs])
        else:
            args = (g, node._data, *[x._data for x in inputs])
        params = node.params
        for x, rule in zip(inputs, op.rule or op.rules_for(inputs)):
            if x._tracked:
                try:
                    d = rule(*args, **params) if params else rule(*args)
                except ArithmeticError:  # a pole: IEEE has an answer where Python's floats raise
                    d = rule(*[np.float64(v) if type(v) is float else v for v in args], **params)
                if self.guarded and op.elementwise:
                    d = zero_where_masked(g, d)
                d = _fitted(x, d, op)
                if on_gradient:
                    for watch in on_gradient:
                        watch(node, x, d)
                self.send(x, d)

    def hush(self) -> None:
        """Let NumPy be quiet until the walk ends: an infinite derivative is an answer, not an accident."""
        self.quiet = np.errstate(all="ignore")
        self.quiet.__enter__()


def _fitted(x: Node, d: Any, op: Op) -> Any:
    """A derivative in the form of the input that it belongs to."""
    try:
        return x.fit(d)
    except (TypeError, ValueError, AttributeError) as error:
        shape = "None" if d is None else f"shape {np.shape(getattr(d, '_data', d))}"
        raise ValueError(
            f"the derivative rule of {op.name} gave {shape} for an input of shape {np.shape(x._data)}"
        ) from error


def zero_where_masked(g: Any, d: Any) -> Any:
    """Keep a gradient of zero at zero even through an infinite derivative.

    0 * inf is NaN, but a branch that ``where`` did not take has no influence at all.
    """
    data = d._data if isinstance(d, Node) else d
    if np.isfinite(np.sum(data)):
        return d
    return Op.table["where"](0.0, d, condition=g == 0)


def run_hooks(node: Node, g: Any) -> Any:
    """Let the node's hooks see, and perhaps replace, its gradient."""
    for hook in list((node.notes or {})["hooks"].values()):
        replaced = hook(g)
        if replaced is not None:
            g = node.fit(replaced)
    return g


#: Held while gradients are added to ``.grad``, so that threads may share leaves.
_accumulating = threading.Lock()


def accumulate(gradients: Iterable[tuple[Node | None, Any]]) -> None:
    """Add gradients to the ``.grad`` of their nodes."""
    with _accumulating:
        for node, g in gradients:
            if node is None:
                continue
            if g.__class__ is not float:
                node.accumulate(g)
            elif node._grad is None:
                node._grad = g
            else:
                node._grad = node._grad + g
