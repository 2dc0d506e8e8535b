"""A computation and its backward pass as a list of small steps, each with its formula and its numbers."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from ...core.node import Constant, Node
from . import graph_reading as graph
from .formula import atom, formula, forward_text
from .picture import Arrow, Box, Picture
from .readable import describe, heat, printable, short, small_array, sparkline
from .recorded_graph import RecordedGraph

NO_GRADIENT = "not yet"

#: Arrays of up to so many elements are given to the page in full.
_FULL_UP_TO = 64
_LONGEST_TITLE = 28

#: Constants of up to so many elements are written as their numbers.
_SPELLED_OUT = 6


@dataclass
class Step:
    """One step of the player.

    Attributes
    ----------
    phase : str
        ``"start"``, ``"forward"``, ``"backward"`` or ``"end"``.
    text : str
        The formula of this step, with numbers.
    note : str
        An explanation in a sentence.
    node : str
        The key of the node that is computed, or whose rule is applied.
    edges : list of str
        The keys of the edges along which something is propagated.
    values : list of str
        The keys of the nodes whose values are shown from this step on.
    grads : dict
        Gradients that change: by node, ``(text to show, all numbers)``.
    """

    phase: str
    text: str
    note: str = ""
    node: str = ""
    edges: list[str] = field(default_factory=list)
    values: list[str] = field(default_factory=list)
    grads: dict[str, tuple[str, str]] = field(default_factory=dict)


class Story:
    """All that the player shows of a graph: the picture, and its steps.

    Parameters
    ----------
    recorded : RecordedGraph
        The graph.
    """

    def __init__(self, recorded: RecordedGraph) -> None:
        self.root = recorded.root
        self.nodes = graph.nodes_of(recorded.root)
        self.keys = {node: f"n{i}" for i, node in enumerate(self.nodes)}
        self.names = _names(self.nodes, recorded)
        self.edges = {
            (node, i): f"e{k}"
            for k, (node, i) in enumerate(
                (node, i) for node in self.nodes if node.op is not None for i in range(len(graph.inputs_to_show(node)))
            )
        }
        self.roles = recorded.roles
        self.steps = [self._start(), *self._forward(), *self._backward()]

    # -------------------------------------------------------------------------------------------- picture

    def picture(self, widest: bool) -> Picture:
        """Return the boxes and arrows with the final gradients, or with the widest text that each box will hold."""
        gradients = {node: NO_GRADIENT if node.requires_grad else "" for node in self.nodes}
        for step in self.steps:
            for key, (text, _) in step.grads.items():
                node = self.nodes[int(key[1:])]
                gradients[node] = max(gradients[node], text, key=len) if widest else text
        boxes = [
            Box(
                self.keys[node],
                self.roles.get(node, graph.kind_of(node)),
                name=self.title(node),
                lines=_value_lines(node),
                gradient=[gradients[node]] if gradients[node] else [],
                heat=heat(node._plain),
                spark=sparkline(node._plain),
                is_root=node is self.root,
            )
            for node in self.nodes
        ]
        arrows = [Arrow(self.keys[graph.inputs_to_show(node)[i]], self.keys[node]) for node, i in self.edges]
        return Picture(boxes, arrows)

    def title(self, node: Node) -> str:
        """Return a node's name and the expression that computes it."""
        if isinstance(node, Constant) and 1 <= np.size(node._plain) <= _SPELLED_OUT:
            return ""
        if node.op is None:
            return self.names[node]
        text = f"{self.names[node]} = {self._computed(node)}"
        return text if len(text) <= _LONGEST_TITLE else f"{self.names[node]} = {node.op.symbol}"

    def page_data(self) -> dict[str, Any]:
        """Return nodes and steps as plain data for the page."""
        nodes = [
            {
                "key": self.keys[node],
                "title": self.title(node),
                "lines": _value_lines(node),
                "value": _numbers(node._plain),
                "tracked": node.requires_grad,
                "given": node.op is None,
            }
            for node in self.nodes
        ]
        return {"title": self.names[self.root], "nodes": nodes, "steps": [asdict(step) for step in self.steps]}

    # ---------------------------------------------------------------------------------------------- steps

    def _start(self) -> Step:
        given = [self.keys[node] for node in self.nodes if node.op is None]
        lost = [f" {self.names[x]}: {x.notes['lost']}." for x in self.nodes if x.notes and "lost" in x.notes]
        note = "".join(["Nothing is computed yet.", *lost[:3]])
        return Step("start", "given: " + self._list_of_inputs(), note, values=given)

    def _list_of_inputs(self) -> str:
        leaves = [node for node in self.nodes if node.op is None and not isinstance(node, Constant)]
        shown = [f"{self.names[node]} = {small_array(node._plain)}" for node in leaves[:6]]
        return ", ".join(shown + (["…"] if len(leaves) > 6 else []))

    def _forward(self) -> list[Step]:
        return [
            Step(
                "forward",
                _chain([self.names[node], self._computed(node), self._computed(node, True), small_array(node._plain)]),
                "Forward: the gradients come later." if node is not self.root else "Forward: this is the result.",
                self.keys[node],
                [self.edges[node, i] for i in range(len(graph.inputs_to_show(node)))],
                [self.keys[node]],
            )
            for node in self.nodes
            if node.op is not None
        ]

    def _computed(self, node: Node, with_numbers: bool = False) -> str:
        if node.op is None or (with_numbers and not _is_small(node)):
            return ""
        inputs = graph.inputs_to_show(node)
        names = tuple(small_array(x._plain) if with_numbers else self.names[x] for x in inputs)
        return forward_text(node.op, names, node.params)

    def _backward(self) -> list[Step]:
        root = self.root
        if not root.requires_grad:
            return [Step("end", "nothing here requires gradients", "There is no backward pass.")]
        first = graph.root_gradient(root)
        steps = [
            Step(
                "backward",
                f"{self.slope(root)} = {small_array(first)}",
                "The backward pass begins at the result, whose derivative with respect to itself is 1."
                if np.size(first) == 1
                else "The backward pass begins: these are gradients of the sum of all elements of the result.",
                self.keys[root],
                grads={self.keys[root]: _shown(first)},
            )
        ]
        back = graph.backward_pass(root)
        so_far: dict[Node, Any] = {root: first}
        propagated: set[Node] = set()
        for node, i, gradient in back.arrivals:
            if node not in propagated:
                propagated.add(node)
                steps += self._replaced(node, so_far, back.gradients)
            steps.append(self._arrival(node, i, gradient, so_far))
        leaves = [x for x in self.nodes if x.op is None and x in so_far]
        for x in leaves:
            steps += self._replaced(x, so_far, back.gradients)
        found = ", ".join(f"{self.slope(x)} = {small_array(so_far[x])}" for x in leaves[:6])
        steps.append(Step("end", found + (", …" if len(leaves) > 6 else ""), "Done: all gradients are accumulated."))
        return steps

    def _replaced(self, x: Node, so_far: dict[Node, Any], gradients: dict[Node, Any]) -> list[Step]:
        """Return the step in which a hook replaced the gradient of a node, if one did."""
        before, now = so_far[x], gradients[x]
        if np.array_equal(before, now, equal_nan=True):
            return []
        so_far[x] = now
        note = f"A hook replaced the gradient of {self.names[x]}; {small_array(before)} had been accumulated."
        key = self.keys[x]
        return [Step("backward", f"{self.slope(x)} = {small_array(now)}", note, key, grads={key: _shown(now)})]

    def _arrival(self, node: Node, i: int, gradient: Any, so_far: dict[Node, Any]) -> Step:
        """Return the step of one edge: its rule, and what it adds to the gradient of its input."""
        x = graph.inputs_to_show(node)[i]
        before = so_far.get(x)
        now = so_far[x] = gradient if before is None else before + gradient
        parts = [*self._rule(node, i, so_far[node], gradient), small_array(gradient)]
        if before is None:
            text, note = f"{self.slope(x)} = {_chain(parts)}", ""
        else:
            text = f"{self.slope(x)} += {_chain(parts)}"
            total = f"{small_array(before)} + {_closed(small_array(gradient))} = {small_array(now)}"
            note = f"Paths join at {self.names[x]}, and their gradients accumulate: "
            note += f"{self.slope(x)} = {total}" if np.size(now) <= 6 else f"{self.slope(x)} is their sum."
        return Step("backward", text, note, self.keys[node], [self.edges[node, i]], [], {self.keys[x]: _shown(now)})

    def _rule(self, node: Node, i: int, g: Any, gradient: Any) -> list[str]:
        """Return the rule of an edge with names and, if there are few numbers, with these substituted."""
        op, inputs = node.op, graph.inputs_to_show(node)
        if op is None:
            return []
        factor = getattr(op, "factors", None)
        if factor is not None:  # an element of an array operation
            times = "" if factor[i] == 1.0 else f" * {short(factor[i])}"
            return [self.slope(node) + times, short(g) + times]
        data = (g, node._plain, *[x._plain for x in inputs])
        found = formula(op, i, g, node._plain, data[2:], node.params, gradient)
        if found is None:
            return []
        texts = [found.text([self.slope(node), *[atom(self.names[x]) for x in (node, *inputs)]])]
        few = all(np.ndim(v) == 0 for v in data) or (op.elementwise and _is_small(node))
        if few and found.takes_numbers:
            texts.append(found.text([*map(small_array, data)]))
        return texts

    def slope(self, node: Node) -> str:
        """Return how the derivative of the result with respect to a node is written."""
        return f"d{_atom(self.names[self.root])}/d{_atom(self.names[node])}"


# ----------------------------------------------------------------------------------------------- texts


def _names(nodes: list[Node], recorded: RecordedGraph) -> dict[Node, str]:
    """Give every node a name of its own: its label, or v1, v2, ...; small constants are named by their numbers."""
    names: dict[Node, str] = {}
    labels = {node: printable(recorded.names.get(node, node.label)).replace("\n", " ") for node in nodes}
    taken = set(labels.values())
    used: set[str] = set()
    counts: Counter[str] = Counter()
    for node in nodes:
        name = labels[node]
        if isinstance(node, Constant) and 1 <= np.size(node._plain) <= _SPELLED_OUT:
            matrix = np.size(node._plain) == 1 and np.ndim(node._plain) > 1  # a matrix product needs the axes
            names[node] = f"[[{short(node._plain)}]]" if matrix else small_array(node._plain)
            continue
        if not name and node is recorded.root and "out" not in taken:
            name = "out"
        while not name or name in used:
            stem = f"{labels[node]}_" if labels[node] else "c" if isinstance(node, Constant) else "v"
            counts[stem] += 1
            name = f"{stem}{counts[stem]}"
            if name in taken:
                name = ""
        used.add(name)
        names[node] = name
    return names


def _atom(name: str) -> str:
    return name if re.fullmatch(r"\w+(\[[\d,]+\])?", name) else f"({name})"


def _closed(number: str) -> str:
    return f"({number})" if number.startswith("-") else number


def _chain(parts: list[str]) -> str:
    """Join texts by equals signs, without empty texts and repetitions."""
    kept: list[str] = []
    for part in parts:
        if part and (not kept or part != kept[-1]):
            kept.append(part)
    return " = ".join(kept)


def _is_small(node: Node) -> bool:
    return all(1 <= np.size(x._plain) <= 3 for x in (node, *graph.inputs_to_show(node)))


def _value_lines(node: Node) -> list[str]:
    """Return the lines of a box; rounded, since the formulas beside it are too."""
    return [short(node._plain)] if np.size(node._plain) == 1 else describe(node._plain)


def _shown(gradient: Any) -> tuple[str, str]:
    array = np.asarray(gradient)
    return short(array) if array.size == 1 else describe(array)[1], _numbers(gradient)


def _numbers(data: Any) -> str:
    """Return all numbers in full, for programs that read the page; empty for large arrays."""
    if isinstance(data, (float, int)):
        return repr(float(data))
    return repr(np.asarray(data).tolist()) if np.size(data) <= _FULL_UP_TO else ""
