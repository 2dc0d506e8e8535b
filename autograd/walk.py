"""The walk back: from a result to where it began, handing gradients on by the operations' rules."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from heapq import heappop, heappush
from operator import attrgetter
from typing import Any

import numpy as np

from .graph import Node, Notes, on_gradient
from .operation import Op
from .scalar_walk import floor_of, walk_numbers

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
        memory = getattr(current, "_memory", None)
        if memory is None or memory.before is None:
            name = f" {x.label!r}" if x.label else ""
            raise RuntimeError(
                f"the data of an input{name} of {reader.op.name if reader.op else 'a leaf'!r} was changed in place "
                "after it was read, so its derivative can no longer be computed; run the forward pass again"
            )
        current = memory.before
    return current


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
    floor = floor_of(stop)
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
    found = walk_numbers(root, seed, stop) if seed.__class__ is float and not create_graph else None
    if found is None:
        return Walk(root, seed, create_graph, keep, stop).table
    floor = floor_of(stop)
    return {x: g for x, g in zip(*found) if keep or x.op is None or x in stop or x.number < floor}


class Walk:
    """One walk back, from the newest node to the oldest.

    Every reader of a node is newer than the node, so in this order all of a node's gradients have arrived before
    their sum is handed on.

    Attributes
    ----------
    table : dict
        Node to gradient: what has arrived so far.
    waiting : list
        The computed nodes that gradients have arrived at, as a heap of (-number, node): the newest comes first.
    guarded : bool
        Whether some operation ignored elements of its inputs, whose gradients must stay zero from there on.
    """

    #: NumPy's error state of this walk, once it is wanted.
    quiet: Any = None

    def __init__(
        self, root: Node, seed: Any, create_graph: bool, keep: bool, stop: frozenset[Node] = frozenset()
    ) -> None:
        self.create_graph, self.keep, self.stop = create_graph, keep, stop
        self.floor = floor_of(stop)
        self.table: dict[Node, Any] = {}
        self.waiting: list[tuple[int, Node]] = []
        self.guarded = False
        usual = not (create_graph or on_gradient)
        self.send(root, seed)
        waiting = self.waiting
        try:
            while waiting:
                node: Any = heappop(waiting)[1]
                if not (usual and node.op.flat and not self.guarded and self.hand_on_flat(node)):
                    self.hand_on(node)
        finally:
            if self.quiet is not None:
                self.quiet.__exit__(None, None, None)

    def send(self, x: Node, d: Any) -> None:
        """Let a gradient arrive at a node."""
        table = self.table
        if x in table:
            table[x] = table[x] + d
            return
        table[x] = d
        if x.op is not None and x.number >= self.floor and x not in self.stop:
            heappush(self.waiting, (-x.number, x))

    def hand_on_flat(self, node: Node) -> bool:
        """Hand on the gradient of one of the commonest operations; False if that takes more care."""
        op: Any = node.op
        y: Any = node._y
        x, params = node._x, node._told
        if params.__class__ is Notes or x.number > node.number or (y is not None and y.number > node.number):
            return False
        if op.poles and self.quiet is None:
            self.hush()
        g, out, rules = self.table[node], node._data, op.rule
        dx = dy = None
        try:
            if params:
                inputs = (x._data,) if y is None else (x._data, y._data)
                if x._tracked:
                    dx = x.fit(rules[0](g, out, *inputs, **params))
                if y is not None and y._tracked:
                    dy = y.fit(rules[1](g, out, *inputs, **params))
            elif y is None:
                dx = x.fit(rules[0](g, out, x._data))
            else:
                if x._tracked:
                    dx = x.fit(rules[0](g, out, x._data, y._data))
                if y._tracked:
                    dy = y.fit(rules[1](g, out, x._data, y._data))
        except (ArithmeticError, AttributeError, TypeError, ValueError):  # the careful way knows more
            return False
        if not self.keep:
            del self.table[node]  # it may be large
        if dx is not None:
            self.send(x, dx)
        if dy is not None:
            self.send(y, dy)
        return True

    def hand_on(self, node: Node) -> None:
        """Hand a node's gradient on to its inputs: every case."""
        op: Any = node.op
        g, params, keep = self.table[node], node._told, self.keep
        if params.__class__ is Notes:
            keep = keep or "retain" in params
            if "hooks" in params:
                g = self.table[node] = run_hooks(node, g)
            params = params.params
        if not keep:
            del self.table[node]
        if op.poles and self.quiet is None:
            self.hush()
        if op.masks:
            self.guarded = True
        inputs = inputs_of(node)
        gradients = None if op.joint is None else op.joint(g, node, inputs)
        if gradients is not None:
            for x, d in zip(inputs, gradients):
                if x._tracked and d is not None:
                    self.watch_and_send(node, x, d)
            return
        if self.create_graph:
            args = [g, node, *[x if x._tracked else x._data for x in inputs]]
        else:
            args = [g, node._data, *[x._data for x in inputs]]
        for x, rule in zip(inputs, op.rule or op.rules_for(inputs)):
            if not x._tracked:
                continue
            try:
                d = rule(*args, **params) if params else rule(*args)
            except ArithmeticError:  # a pole: IEEE has an answer where Python's floats raise
                d = rule(*[np.float64(v) if type(v) is float else v for v in args], **params)
            if self.guarded and op.elementwise:
                d = zero_where_masked(g, d)
            try:
                d = x.fit(d)
            except (TypeError, ValueError, AttributeError) as error:
                raise _misfit(op, d, x) from error
            self.watch_and_send(node, x, d)

    def watch_and_send(self, node: Node, x: Node, d: Any) -> None:
        """Show a gradient to those who want to know, then let it arrive."""
        for watch in on_gradient:
            watch(node, x, d)
        self.send(x, d)

    def hush(self) -> None:
        """Let NumPy be quiet until the walk ends: an infinite derivative is an answer, not an accident."""
        self.quiet = np.errstate(all="ignore")
        self.quiet.__enter__()


def _misfit(op: Op, d: Any, x: Node) -> ValueError:
    shape = "None" if d is None else f"shape {np.shape(getattr(d, '_data', d))}"
    return ValueError(f"the derivative rule of {op.name} gave {shape} for an input of shape {np.shape(x._data)}")


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


def accumulate(gradients: Iterable[tuple[Node, Any]]) -> None:
    """Add gradients to the ``.grad`` of their nodes."""
    with _accumulating:
        for node, g in gradients:
            if node._grad is not None:
                node._grad = node._grad + g  # in an array of its own: others may hold either of them
            else:
                node._grad = g if g.__class__ is float else node.own(g)
