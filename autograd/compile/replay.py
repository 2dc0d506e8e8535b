"""A scalar graph as a handful of NumPy operations: what :func:`seegrad.compile` replays.

Nodes of equal depth do not depend on each other. So all the products of one depth, say, can be computed as one
product of two arrays, gathered from the results so far: thousands of scalar nodes become one NumPy call. The
way back is the same read backwards, with the same derivative rules, given arrays instead of numbers.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from ..core.node import Node
from ..core.op import Op
from ..ops.elementwise import Elementwise, add

Array = npt.NDArray[Any]


class NotReplayable(Exception):  # noqa: N818 (a reason, not a failure)
    """Why a recorded graph cannot be replayed."""


class Gather:
    """Picks elements of an array, and adds those that belong together.

    Parameters
    ----------
    segments : sequence of sequences of int
        For each result, which elements to add up; none is empty.
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
            # The axis to add along comes first: so NumPy adds whole rows.
            flat = np.ascontiguousarray(flat.reshape(len(segments), -1).T)
            self.index = flat[0] if self.single else flat
        else:
            self.index, self.offsets = flat, np.cumsum([0, *lengths[:-1]])

    def __call__(self, source: Array) -> Array:
        """Pick, and add."""
        if self.run:
            return source[self.slice]
        picked = source.take(self.index)
        if self.single:
            return picked
        return picked.sum(axis=0) if self.offsets is None else np.add.reduceat(picked, self.offsets)


class Group:
    """Nodes of one depth and operation, which lie side by side in the array of results.

    Attributes
    ----------
    op : Op
        ``add`` stands for sums of any number of terms.
    place : slice
        Where the results are.
    sources : list of Gather
        Where the inputs are, one for each position; of a sum, a single one that adds.
    arriving : Gather or None
        Where the gradients that arrive are, in the array of gradients; None if none is wanted.
    leaving : list of (int, slice)
        For each position that wants a gradient, where it is put.
    """

    __slots__ = ("arriving", "leaving", "op", "place", "sources")

    def __init__(self, op: Elementwise, place: slice, sources: list[Gather]) -> None:
        self.op, self.place, self.sources = op, place, sources
        self.arriving: Gather | None = None
        self.leaving: list[tuple[int, slice]] = []

    def forward(self, values: Array) -> None:
        """Compute the results from earlier ones."""
        if self.op is add:
            values[self.place] = self.sources[0](values)
        else:
            values[self.place] = self.op.array(*[source(values) for source in self.sources])

    def backward(self, values: Array, gradients: Array) -> None:
        """Hand the gradients that have arrived on to the inputs."""
        if self.arriving is None:
            return
        g = gradients[self.place] = self.arriving(gradients)
        if self.leaving:
            inputs = [source(values) for source in self.sources]
            for position, place in self.leaving:
                gradients[place] = self.op.rule[position](g, values[self.place], *inputs)


class Plan:
    """A recorded scalar graph, ready to be replayed.

    Parameters
    ----------
    root : Value
        The result.
    variables : list of Value
        What is given anew each time, in order.
    wanted : list of bool
        Which of these want gradients.
    watched : iterable of Node
        Further nodes that are wanted (the operands of comparisons).
        All other leaves are taken as constants.

    Attributes
    ----------
    groups : list of Group
        In order of depth.
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
        self.spare: list[tuple[Array, Array]] = []  # buffers of runs that are over
        self.root_place = self.index[self.root]
        del self.root

    def _group(self, key: Any, nodes: list[tuple[Node, Any]]) -> Group:
        """Give nodes their places, and find out where their inputs are."""
        op, index = key[1], self.index
        begin = len(index)
        for k, (node, _) in enumerate(nodes):
            index[node] = begin + k
        terms = [[index[x] for x in inputs] for _, inputs in nodes]
        sources = [Gather(terms)] if op is add else [Gather([[t[k]] for t in terms]) for k in range(len(terms[0]))]
        return Group(op, slice(begin, begin + len(nodes)), sources)

    def _connect(self, members: Any, wants: dict[Node, bool], variables: list[Node]) -> None:
        """Lay out the array of gradients: of every node first, then of every edge, then the seed."""
        arriving: dict[Node, list[int]] = {}
        edge = len(self.index)
        for group, (_, nodes) in zip(self.groups, members):
            if not wants.get(nodes[0][0]):
                continue
            if group.op is add:  # the derivative of a sum is passed on as it is
                for node, inputs in nodes:
                    for x in inputs:
                        if wants.get(x):
                            arriving.setdefault(x, []).append(self.index[node])
                continue
            for position in range(len(nodes[0][1])):
                if wants.get(nodes[0][1][position]):
                    group.leaving.append((position, slice(edge, edge + len(nodes))))
                    for k, (_, inputs) in enumerate(nodes):
                        arriving.setdefault(inputs[position], []).append(edge + k)
                    edge += len(nodes)
        self.seed_place = edge
        arriving.setdefault(self.root, []).append(edge)
        for group, (_, nodes) in zip(self.groups, members):
            if wants.get(nodes[0][0]):
                group.arriving = Gather([arriving[node] for node, _ in nodes])
        reached = [i for i, x in enumerate(variables) if wants.get(x) and x in arriving]
        self.reached = reached
        self.arriving = Gather([arriving[variables[i]] for i in reached]) if reached else None

    # -------------------------------------------------------------------------------------------- running

    def forward(self, given: list[float]) -> Run:
        """Compute all results from the variables' numbers."""
        run = Run(self)
        values = run.values
        values[: self.size] = given
        with np.errstate(all="ignore"):
            for group in self.groups:
                group.forward(values)
        return run


class Run:
    """The numbers of one replay; its buffers are lent by the plan and go back when nobody needs them."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        try:
            self.values, self.gradients = plan.spare.pop()
        except IndexError:
            self.values, self.gradients = plan.template.copy(), np.empty(plan.seed_place + 1)

    def __del__(self) -> None:
        if len(self.plan.spare) < 2:
            self.plan.spare.append((self.values, self.gradients))

    @property
    def result(self) -> float:
        """The number at the root."""
        return float(self.values[self.plan.root_place])

    def backward(self, seed: float) -> list[float | None]:
        """Return the gradient of each variable; None where none arrives."""
        plan, gradients = self.plan, self.gradients
        found: list[float | None] = [None] * plan.size
        gradients[plan.seed_place] = seed
        with np.errstate(all="ignore"):
            for group in reversed(plan.groups):
                group.backward(self.values, gradients)
            if plan.arriving is not None:
                for i, g in zip(plan.reached, plan.arriving(gradients).tolist()):
                    found[i] = g
        return found


# ---------------------------------------------------------------------------------------------- recording


def chosen_input(node: Node) -> Node:
    """What a ``where`` of scalars passes on: the condition is guarded, so it is as good as a constant."""
    return node.inputs[0 if node.params["condition"] else 1]


def resolve(x: Node) -> Node:
    """Follow ``where`` to what it chose."""
    while x.op is Op.table["where"]:
        x = chosen_input(x)
    return x


def _collect(roots: list[Node], variables: set[Node]) -> tuple[list[Node], list[Node]]:
    """Return the computed nodes in order of recording, and the constants."""
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
            raise NotReplayable(f"it uses {x.op.name}, which is not an operation on single numbers")
        computed[x] = None
        todo.extend(x.inputs)
    order = sorted((x for x in computed if x.op is not Op.table["where"]), key=lambda x: x.number)
    return order, list(constants)


def _by_depth(
    order: list[Node], root: Node, watched: set[Node], wants: dict[Node, bool]
) -> list[tuple[Any, list[tuple[Node, Any]]]]:
    """Sort nodes into groups of equal depth, operation and need for gradients; sums of sums become one."""
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
                continue  # its reader takes over its terms
        depth[node] = level = 1 + max([depth.get(x, 0) for x in terms])
        if node in active:
            wants[node] = any(wants.get(x, False) for x in terms)
        needs = (wants.get(node, False), *([wants.get(x, False) for x in terms] if node.op is not add else []))
        groups.setdefault((level, node.op, needs), []).append((node, terms))
    return sorted(groups.items(), key=lambda item: item[0][0])


def _joined(terms: list[Node], inputs: dict[Node, list[Node]], depth: dict[Node, int]) -> list[Node]:
    """The terms of a sum, in place of those that are sums of their own and wait to be taken over."""
    x, y = [inputs[t] if t.op is add and t in inputs and t not in depth else [t] for t in terms]
    if len(x) < len(y):
        x, y = y, x
    x.extend(y)  # the longer list grows, so that a long chain costs no more than its length
    return x
