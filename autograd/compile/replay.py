"""A scalar graph as a few NumPy operations: what :func:`seegrad.compile` replays.

Nodes of equal depth do not depend on each other. So all products of one depth are computed as one product of two
arrays, whose elements are gathered from earlier results: thousands of scalar nodes become one NumPy call. The backward
pass goes through the same groups in reverse order, with the same derivative rules, applied to arrays.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from ...common.quiet import quiet
from ..core.node import Node
from ..core.op import Op
from ..ops.elementwise import Elementwise, add

Array = npt.NDArray[Any]


class NotReplayable(Exception):  # noqa: N818 (a reason, not a failure)
    """A recorded graph cannot be replayed; the message says why."""


class Gather:
    """Gathers elements of an array, and sums those of one segment.

    Parameters
    ----------
    segments : sequence of sequences of int
        For each result, the indices of the elements to sum; none is empty.
    """

    def __init__(self, segments: list[list[int]]) -> None:
        lengths = [len(s) for s in segments]
        flat = np.array([i for s in segments for i in s], dtype=np.intp)
        self.offsets: Array | None = None
        self.single = max(lengths) == 1
        self.run = self.single and bool((np.diff(flat) == 1).all())
        if self.run:
            self.slice = slice(int(flat[0]), int(flat[-1]) + 1)
        elif min(lengths) == max(lengths):
            # (terms, results): with the terms first, NumPy adds whole rows.
            flat = np.ascontiguousarray(flat.reshape(len(segments), -1).T)
            self.index = flat[0] if self.single else flat
        else:
            self.index, self.offsets = flat, np.cumsum([0, *lengths[:-1]])

    def __call__(self, source: Array) -> Array:
        """Return the sums of the segments."""
        if self.run:
            return source[self.slice]
        picked = source.take(self.index)
        if self.single:
            return picked
        return picked.sum(axis=0) if self.offsets is None else np.add.reduceat(picked, self.offsets)


class NodeGroup:
    """Nodes of one depth and operation, which lie side by side in the array of results.

    Attributes
    ----------
    op : Op
        The operation; ``add`` stands for sums of any number of terms.
    place : slice
        The places of the results.
    sources : list of Gather
        The inputs, one Gather for each position; a sum has a single one, which adds.
    incoming : Gather or None
        The gradients of the results, gathered from the array of gradients; None if they are not wanted.
    outgoing : list of (int, slice)
        The position of each input that wants a gradient, and the places of the gradients.
    """

    __slots__ = ("incoming", "outgoing", "op", "place", "sources")

    def __init__(self, op: Elementwise, place: slice, sources: list[Gather]) -> None:
        self.op, self.place, self.sources = op, place, sources
        self.incoming: Gather | None = None
        self.outgoing: list[tuple[int, slice]] = []

    def forward(self, values: Array) -> None:
        """Compute the results from earlier ones."""
        if self.op is add:
            values[self.place] = self.sources[0](values)
        else:
            values[self.place] = self.op.array(*[source(values) for source in self.sources])

    def backward(self, values: Array, gradients: Array) -> None:
        """Accumulate the gradients of the results, and propagate them to the inputs."""
        if self.incoming is None:
            return
        g = gradients[self.place] = self.incoming(gradients)
        if self.outgoing:
            inputs = [source(values) for source in self.sources]
            for position, place in self.outgoing:
                gradients[place] = self.op.rule[position](g, values[self.place], *inputs)


class ReplayPlan:
    """A recorded scalar graph, ready to be replayed.

    Parameters
    ----------
    root : Value
        The result.
    variables : list of Value
        The leaves whose numbers are given anew at each replay. All other leaves are constants.
    wanted : list of bool
        Which of the variables want gradients.
    watched : iterable of Node
        Further nodes whose values are wanted: the operands of comparisons.

    Attributes
    ----------
    groups : list of NodeGroup
        The groups, in order of depth.
    """

    def __init__(self, root: Node, variables: list[Node], wanted: list[bool], watched: Iterable[Node]) -> None:
        self.root, self.size = resolve(root), len(variables)
        watched = [resolve(x) for x in watched]
        order, constants = _collect([root, *watched], set(variables))
        self.index: dict[Node, int] = {x: i for i, x in enumerate([*variables, *constants])}
        wants = dict(zip(variables, wanted))
        members = _by_depth(order, self.root, set(watched), wants)
        self.groups = [self._group(key, nodes) for key, nodes in members]
        self._connect(members, wants, variables)
        self.template = np.zeros(len(self.index))
        self.template[self.size : self.size + len(constants)] = [x._plain for x in constants]
        self.spare: list[tuple[Array, Array]] = []  # buffers of runs that have ended
        self.root_place = self.index[self.root]
        del self.root

    def _group(self, key: Any, nodes: list[tuple[Node, Any]]) -> NodeGroup:
        """Assign places to nodes, and find the places of their inputs."""
        op, index = key[1], self.index
        begin = len(index)
        for k, (node, _) in enumerate(nodes):
            index[node] = begin + k
        terms = [[index[x] for x in inputs] for _, inputs in nodes]
        sources = [Gather(terms)] if op is add else [Gather([[t[k]] for t in terms]) for k in range(len(terms[0]))]
        return NodeGroup(op, slice(begin, begin + len(nodes)), sources)

    def _connect(self, members: Any, wants: dict[Node, bool], variables: list[Node]) -> None:
        """Lay out the array of gradients: those of all nodes, then those of all edges, then that of the result."""
        incoming: dict[Node, list[int]] = {}
        edge = len(self.index)
        for group, (_, nodes) in zip(self.groups, members):
            if not wants.get(nodes[0][0]):
                continue
            if group.op is add:  # a sum propagates its gradient unchanged
                for node, inputs in nodes:
                    for x in inputs:
                        if wants.get(x):
                            incoming.setdefault(x, []).append(self.index[node])
                continue
            for position in range(len(nodes[0][1])):
                if wants.get(nodes[0][1][position]):
                    group.outgoing.append((position, slice(edge, edge + len(nodes))))
                    for k, (_, inputs) in enumerate(nodes):
                        incoming.setdefault(inputs[position], []).append(edge + k)
                    edge += len(nodes)
        self.output_place = edge
        incoming.setdefault(self.root, []).append(edge)
        for group, (_, nodes) in zip(self.groups, members):
            if wants.get(nodes[0][0]):
                group.incoming = Gather([incoming[node] for node, _ in nodes])
        reached = [i for i, x in enumerate(variables) if wants.get(x) and x in incoming]
        self.reached = reached
        self.incoming = Gather([incoming[variables[i]] for i in reached]) if reached else None

    # -------------------------------------------------------------------------------------------- running

    def forward(self, given: list[float]) -> ReplayRun:
        """Compute all results from the variables' numbers."""
        run = ReplayRun(self)
        values = run.values
        values[: self.size] = given
        with quiet():
            for group in self.groups:
                group.forward(values)
        return run


class ReplayRun:
    """The numbers of one replay; its buffers belong to the plan, which gets them back when the run is deleted."""

    def __init__(self, plan: ReplayPlan) -> None:
        self.plan = plan
        try:
            self.values, self.gradients = plan.spare.pop()
        except IndexError:
            self.values, self.gradients = plan.template.copy(), np.empty(plan.output_place + 1)

    def __del__(self) -> None:
        if len(self.plan.spare) < 2:
            self.plan.spare.append((self.values, self.gradients))

    @property
    def result(self) -> float:
        """Return the value of the result."""
        return float(self.values[self.plan.root_place])

    def backward(self, grad_output: float) -> list[float | None]:
        """Return the gradient of each variable; None for those on which the result does not depend."""
        plan, gradients = self.plan, self.gradients
        found: list[float | None] = [None] * plan.size
        gradients[plan.output_place] = grad_output
        with quiet():
            for group in reversed(plan.groups):
                group.backward(self.values, gradients)
            if plan.incoming is not None:
                for i, g in zip(plan.reached, plan.incoming(gradients).tolist()):
                    found[i] = g
        return found


# ---------------------------------------------------------------------------------------------- recording


def chosen_input(node: Node) -> Node:
    """Return the operand that a ``where`` of scalars chose: comparisons are checked, so the condition is constant."""
    return node.inputs[0 if node.params["condition"] else 1]


def resolve(x: Node) -> Node:
    """Return what a chain of ``where`` chose; any other node itself."""
    while x.op is Op.table["where"]:
        x = chosen_input(x)
    return x


def _collect(roots: list[Node], variables: set[Node]) -> tuple[list[Node], list[Node]]:
    """Return the computed nodes in the order of recording, and the constants."""
    computed: dict[Node, None] = {}
    constants: dict[Node, None] = {}
    todo = list(roots)
    while todo:
        x = todo.pop()
        if x in computed or x in constants or x in variables:
            continue
        if x.op is None:
            constants[x] = None
            continue
        chosen = x.op is Op.table["where"] and isinstance(x.params["condition"], bool)
        if not chosen and (not isinstance(x.op, Elementwise) or x._plain.__class__ is not float):
            raise NotReplayable(f"it uses {x.op.title}, which is not an operation on single numbers")
        computed[x] = None
        todo.extend(x.inputs)
    order = sorted((x for x in computed if x.op is not Op.table["where"]), key=lambda x: x.number)
    return order, list(constants)


def _by_depth(
    order: list[Node], root: Node, watched: set[Node], wants: dict[Node, bool]
) -> list[tuple[Any, list[tuple[Node, Any]]]]:
    """Sort nodes into groups of equal depth, operation and need for gradients; a sum of sums becomes one sum."""
    inputs = {node: [resolve(x) for x in node.inputs] for node in order}
    readers: dict[Node, list[Node]] = {}
    for node in order:
        for x in inputs[node]:
            readers.setdefault(x, []).append(node)
    active = {root}
    for node in reversed(order):
        if node in active:
            active.update(inputs[node])
    depth: dict[Node, int] = {}
    groups: dict[Any, list[tuple[Node, Any]]] = {}
    for node in order:
        terms = inputs[node]
        if node.op is add:
            terms = inputs[node] = _joined(terms, inputs, depth)
            only = readers.get(node, ())
            if len(only) == 1 and only[0].op is add and node is not root and node not in watched:
                continue  # its terms become terms of its reader
        depth[node] = level = 1 + max([depth.get(x, 0) for x in terms])
        if node in active:
            wants[node] = any(wants.get(x, False) for x in terms)
        needs = (wants.get(node, False), *([wants.get(x, False) for x in terms] if node.op is not add else []))
        groups.setdefault((level, node.op, needs), []).append((node, terms))
    return sorted(groups.items(), key=lambda item: item[0][0])


def _joined(terms: list[Node], inputs: dict[Node, list[Node]], depth: dict[Node, int]) -> list[Node]:
    """Return the terms of a sum, with those that are sums themselves replaced by their terms."""
    x, y = [inputs[t] if t.op is add and t in inputs and t not in depth else [t] for t in terms]
    if len(x) < len(y):
        x, y = y, x
    x.extend(y)  # the longer list grows, so that a long chain costs no more than its length
    return x
