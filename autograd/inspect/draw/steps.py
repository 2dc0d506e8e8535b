"""A computation and its backward pass as a list of small steps, each with its formula and its numbers."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from ...core.node import Constant, Node
from . import graph_reading as graph
from .array_picture import grid, text_width
from .formula import atom, formula
from .gathered import GatheredGraph, Operand, kind_of_term
from .nodes_picture import describe_node, summed_axes
from .opened import numbers_of
from .operation_words import computed_text, in_own_words, title, written_text
from .picture import Arrow, Box, Kind, Picture
from .readable import describe, exact, extremes, number_text, printable, short, small_array
from .recorded_graph import RecordedGraph
from .rule_words import EdgeNumbers, explanation, short_rule_of
from .sentences import Sentence, joined, sentence
from .slots import chained, closed, filled, gated, negated, recorded_only, slot

NO_GRADIENT = "not yet"

#: Arrays of up to so many elements are given to the page in full.
_FULL_UP_TO = 64
_LONGEST_TITLE = 28

#: Operations that pass all of the gradient, half of it or nothing, as their inputs decide.
_GATES = ("relu", "maximum", "minimum", "fmax", "fmin", "at_least", "at_most")


#: A gradient: text to show, all numbers, picture.
Shown = tuple[str, str, Any]


@dataclass
class Gradient:
    """A gradient at some step: its source, as of :mod:`.slots`, and its number or array."""

    source: str
    data: Any


@dataclass
class Step:
    """One step of the player.

    Attributes
    ----------
    phase : str
        ``"start"``, ``"forward"``, ``"backward"`` or ``"end"``.
    text : str
        The formula of this step, with numbers.
    notes : list of Sentence
        What explains the step.
    node : str
        The key of the node that is computed, or whose rule is applied.
    edges : list of str
        The keys of the edges along which something is propagated.
    values : list of str
        The keys of the nodes whose values are shown from this step on.
    grads : dict
        Gradients that change: by node, ``(text to show, all numbers, picture)``, where the picture is a list of rows of
        numbers, the address of an image, or empty.
    target, formula : str
        What is computed, and by which formula, with names and without the numbers that follow from them.
    sources : dict
        Where the gradients that change come from: by node, a source as of :mod:`.slots`.
    """

    phase: str
    text: str
    notes: list[Sentence] = field(default_factory=list)
    node: str = ""
    edges: list[str] = field(default_factory=list)
    values: list[str] = field(default_factory=list)
    grads: dict[str, Shown] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    target: str = ""
    formula: str = ""

    @property
    def note(self) -> str:
        """The explanation in English."""
        return joined(self.notes)


def _with_numbers(step: Step, numbers: Mapping[str, Any]) -> Step:
    """Return a step with numbers in its slots."""
    text, formula = filled(step.text, numbers), filled(step.formula, numbers)
    return replace(step, text=text, formula=formula, notes=[x.filled(numbers) for x in step.notes])


class Story:
    """All that the player shows of a graph: the picture, and its steps.

    Parameters
    ----------
    recorded : RecordedGraph
        The graph.
    """

    def __init__(self, recorded: RecordedGraph) -> None:
        self.root: Node = recorded.root
        self.graph: GatheredGraph = GatheredGraph(recorded.root, recorded.names)
        self.nodes: list[Node] = self.graph.nodes
        self.keys: dict[Node, str] = {node: f"n{i}" for i, node in enumerate(self.nodes)}
        self.names: dict[Node, str] = _names(self.graph, recorded)
        self.edges: dict[tuple[Node, int], str] = {
            x.edge: f"e{k}" for k, x in enumerate(x for node in self.nodes for x in self.graph.inputs(node))
        }
        self.roles: dict[Node, Kind] = recorded.roles
        self.groups: dict[Node, tuple[str, ...]] = recorded.groups
        self.back: graph.BackwardPass = graph.backward_pass(recorded.root)
        self.arrivals: list[tuple[Node, Operand, Any]] = self._arrivals()
        self.numbers: dict[str, Any] = self._given_numbers()
        self.templates: list[Step] = [self._start(), *self._forward(), *self._backward()]
        self.steps: list[Step] = [_with_numbers(step, self.numbers) for step in self.templates]

    def _given_numbers(self) -> dict[str, Any]:
        """Return the values of the nodes and the local derivatives of the edges by their sources."""
        found = {f"v{self.keys[node][1:]}": node._plain for node in self.nodes}
        for node in self.nodes:
            for x in self.graph.inputs(node):
                factor = self.graph.local_derivative(node, x)
                if factor is not None:
                    found[f"f{self.edges[x.edge][1:]}"] = factor
        return found

    # -------------------------------------------------------------------------------------------- picture

    def picture(self, widest: bool) -> Picture:
        """Return the boxes and arrows with the final gradients, or with the widest text that each box will hold."""
        shown = {node: NO_GRADIENT if node.requires_grad else "" for node in self.nodes}
        for step in self.steps:
            for key, (text, *_) in step.grads.items():
                node = self.nodes[int(key[1:])]
                shown[node] = max(shown[node], text, key=len) if widest else text
        boxes = []
        for node in self.nodes:
            kind = self.roles.get(node, graph.kind_of(node))
            box = Box(self.keys[node], kind, name=self.title(node), is_root=node is self.root)
            box.group = self.groups.get(node, ())
            operands = [x.node for x in self.graph.operands(node)]
            box.inside = numbers_of(node, operands, self.back.gradients, self.names.__getitem__)
            describe_node(box, node, self.back.gradients.get(node))
            numbers = box.gradient_grid and box.gradient_grid.numbers
            for picture in filter(None, (box.grid, box.gradient_grid) if widest else ()):
                picture.narrowest = text_width("-0.0001")
            if widest and numbers:
                box.gradient = [NO_GRADIENT]
            elif not numbers:
                box.gradient = [shown[node]] if shown[node] else []
            boxes.append(box)
        arrows = [Arrow(self.keys[x.node], self.keys[node]) for node in self.nodes for x in self.graph.inputs(node)]
        return Picture(boxes, arrows)

    def title(self, node: Node) -> str:
        """Return a node's name and the expression that computes it, or its operation in words."""
        if node.op is None:
            return self.names[node]
        operands = self.graph.operands(node)
        names = [number_text(x.node._plain) if x.inside else self.names[x.node] for x in operands]
        words = title(self.graph, node, self.names.__getitem__)
        text = f"{self.names[node]} = {written_text(node, operands, names)}"
        in_words = len(text) > _LONGEST_TITLE or in_own_words(node)
        return f"{self.names[node]} = {words}" if in_words else text

    def page_data(self) -> dict[str, Any]:
        """Return nodes, edges and steps as plain data for the page.

        Each node has the number that is shown and all digits; each edge has its local derivative, if that is a number.
        """
        nodes = [
            {
                "key": self.keys[node],
                "name": self.names[node],
                "slope": self.slope(node),
                "title": self.title(node),
                "lines": describe(node._plain),
                "value": _numbers(node._plain),
                "tracked": node.requires_grad,
                "given": node.op is None,
                "line": _line(node),
                "hooked": "hooks" in (node.notes or {}),
            }
            for node in self.nodes
        ]
        arrives = {x.edge: gradient for _, x, gradient in self.arrivals}
        edges = [self._page_edge(node, x, arrives.get(x.edge)) for node in self.nodes for x in self.graph.inputs(node)]
        return {
            "title": self.names[self.root],
            "root": self.keys[self.root],
            "nodes": nodes,
            "edges": edges,
            "steps": [asdict(step) for step in self.steps],
        }

    def _factor(self, node: Node, x: Operand, arrived: Any) -> str:
        """Return the local derivative of an edge, with all digits; empty where it is no number."""
        if not x.node.requires_grad:
            return ""
        factor = self.graph.local_derivative(node, x)
        if factor is None and np.size(x.node._plain) == 1:
            if np.size(node._plain) == 1:
                factor = graph.derivative_of_number(*x.edge)
            elif node is self.root:  # what is played is the sum of its elements
                factor = arrived
        return exact(factor) if factor is not None else ""

    def _page_edge(self, node: Node, x: Operand, arrived: Any) -> dict[str, Any]:
        between_numbers = np.size(x.node._plain) == 1 and (np.size(node._plain) == 1 or node is self.root)
        return {
            "key": self.edges[x.edge],
            "tail": self.keys[x.node],
            "head": self.keys[node],
            "factor": self._factor(node, x, arrived),
            "number": between_numbers,
            "flows": arrived is not None,
            "arrives": small_array(arrived) if arrived is not None else "",
        }

    # ---------------------------------------------------------------------------------------------- steps

    def _start(self) -> Step:
        given = [self.keys[node] for node in self.nodes if node.op is None]
        lost = [x for x in self.nodes if x.notes and "lost" in x.notes]
        notes = [sentence("no graph", x=self.names[x], op=(x.notes or {})["lost"].split()[0]) for x in lost[:3]]
        return Step("start", "given: " + self._list_of_inputs(), [sentence("not computed"), *notes], values=given)

    def _list_of_inputs(self) -> str:
        leaves = [node for node in self.nodes if node.op is None and not isinstance(node, Constant)]
        shown = [f"{self.names[node]} = {self.value(node)}" for node in leaves[:6]]
        return ", ".join(shown + (["…"] if len(leaves) > 6 else []))

    def _forward(self) -> list[Step]:
        return [
            Step(
                "forward",
                chained([self.names[node], self._computed(node), self._computed(node, True), self.value(node)]),
                [sentence("computed" if node is not self.root else "result")],
                self.keys[node],
                [self.edges[x.edge] for x in self.graph.inputs(node)],
                [self.keys[node]],
                target=f"{self.names[node]} =",
                formula=self._computed(node),
            )
            for node in self.nodes
            if node.op is not None
        ]

    def _computed(self, node: Node, with_numbers: bool = False) -> str:
        operands = self.graph.operands(node)
        if with_numbers and not _is_small(node, operands):
            return ""
        names = [self.value(x.node) if with_numbers else self.names[x.node] for x in operands]
        return computed_text(node, operands, names)

    def _backward(self) -> list[Step]:
        root = self.root
        if not root.requires_grad:
            return [Step("end", "nothing here requires gradients", [sentence("no backward")])]
        first = graph.root_gradient(root)
        steps = [
            Step(
                "backward",
                f"{self.slope(root)} = {self._number(f'g{self.keys[root][1:]}', first)}",
                [sentence("begins" if np.size(first) == 1 else "begins with array")],
                self.keys[root],
                grads={self.keys[root]: _shown(root, first)},
                sources={self.keys[root]: f"g{self.keys[root][1:]}"},
                target=f"{self.slope(root)} =",
            )
        ]
        so_far: dict[Node, Gradient] = {root: Gradient(f"g{self.keys[root][1:]}", first)}
        propagated: set[Node] = set()
        for node, x, gradient in self.arrivals:
            if node not in propagated:
                propagated.add(node)
                steps += self._replaced(node, so_far)
            steps.append(self._arrival(node, x, gradient, so_far))
        leaves = [x for x in self.nodes if x.op is None and x in so_far]
        for leaf in leaves:
            steps += self._replaced(leaf, so_far)
        found = ", ".join(f"{self.slope(x)} = {slot(so_far[x].source)}" for x in leaves[:6])
        steps.append(Step("end", found + (", …" if len(leaves) > 6 else ""), [sentence("done")]))
        return steps

    def _arrivals(self) -> list[tuple[Node, Operand, Any]]:
        """Return what each edge adds to the gradient of its input, one drawn node after the other."""
        reader = {x.edge: (node, x) for node in self.nodes for x in self.graph.inputs(node)}
        found = [(*reader[node, i], gradient) for node, i, gradient in self.back.arrivals if (node, i) in reader]
        place = {node: i for i, node in enumerate(self.nodes)}
        return sorted(found, key=lambda arrival: -place[arrival[0]])

    def _replaced(self, x: Node, so_far: dict[Node, Gradient]) -> list[Step]:
        """Return the step in which a hook replaced the gradient of a node, if one did."""
        before, now, key = so_far[x], self.back.gradients[x], self.keys[x]
        so_far[x] = Gradient(before.source, now)
        if "hooks" not in (x.notes or {}) or np.array_equal(before.data, now, equal_nan=True):
            return []
        text = f"{self.slope(x)} = {self._number(f'h{key[1:]}', now)}"
        so_far[x] = Gradient(f"h{key[1:]}", now)
        kind = "hook" if np.size(now) <= 6 else "hook on array"
        notes = [sentence(kind, x=self.names[x], before=slot(before.source))]
        return [Step("backward", text, notes, key, grads={key: _shown(x, now)}, sources={key: f"h{key[1:]}"})]

    def _arrival(self, node: Node, operand: Operand, gradient: Any, so_far: dict[Node, Gradient]) -> Step:
        """Return the step of one edge: its rule, and what it adds to the gradient of its input."""
        x, edge = operand.node, self.edges[operand.edge]
        before, added = so_far.get(x), self._number(f"a{edge[1:]}", gradient)
        now = gradient if before is None else before.data + gradient
        so_far[x] = Gradient(f"s{edge[1:]}", now)
        rule = self._rule(node, operand, so_far[node], gradient)
        axes = summed_axes(np.shape(node._plain), np.shape(x._plain)) if node.op.elementwise else []
        numbers = EdgeNumbers(so_far[node].source, f"f{edge[1:]}", f"a{edge[1:]}", self.value, gradient)
        notes = explanation(node, operand, self.graph, self.names.__getitem__, numbers, axes)
        total = self._number(f"s{edge[1:]}", now)
        if before is not None:
            words = {"before": slot(before.source), "added": closed(added), "total": total}
            kind = "join" if np.size(now) <= 6 else "join of arrays"
            notes.append(sentence(kind, x=self.names[x], slope=self.slope(x), **words))
        target = f"{self.slope(x)} {'=' if before is None else '+='}"
        return Step(
            "backward",
            f"{target} {chained([*rule, added])}",
            notes,
            self.keys[node],
            [edge],
            grads={self.keys[x]: _shown(x, now)},
            sources={self.keys[x]: so_far[x].source},
            target=target,
            formula="".join(rule[:1]),
        )

    def value(self, node: Node) -> str:
        """Return the slot of the value of a node; a constant inside an operation is written as it is."""
        return slot(f"v{self.keys[node][1:]}") if node in self.keys else small_array(node._plain)

    def _number(self, source: str, data: Any) -> str:
        """Return the slot of a number, and note the number."""
        self.numbers[source] = data
        return slot(source)

    def _rule(self, node: Node, x: Operand, gradient_of_node: Gradient, gradient: Any) -> list[str]:
        """Return the rule of an edge with names and, if there are few numbers, with these substituted."""
        kind, op, g = kind_of_term(node), node.op, gradient_of_node.data
        if kind:
            return self._rule_of_term(node, x, kind, gradient_of_node)
        factor = getattr(op, "factors", None)
        if factor is not None:  # an element of an array operation
            times = f" * {short(factor[x.edge[1]])}"
            return [self.slope(node) + times, slot(gradient_of_node.source, "short") + times]
        words = short_rule_of(*x.edge, self.slope(node))
        if words:
            return [words]
        inputs = graph.inputs_to_show(node)
        data = (g, node._plain, *[y._plain for y in inputs])
        found = formula(op, x.edge[1], g, node._plain, data[2:], node.params, gradient)
        if found is None:
            return []
        axes = summed_axes(np.shape(node._plain), np.shape(x.node._plain))
        if found.decided and op.name in _GATES and not axes:
            return self._rule_of_gate(node, x, gradient_of_node, few=_is_small(node, self.graph.operands(node)))
        texts = [found.text([self.slope(node), *[atom(self.names[y]) for y in (node, *inputs)]])]
        few = all(np.ndim(v) == 0 for v in data) or (op.elementwise and _is_small(node, self.graph.operands(node)))
        if few and found.takes_numbers:
            texts.append(found.text([slot(gradient_of_node.source), *map(self.value, (node, *inputs))]))
        return [*map(recorded_only, texts)] if found.decided else texts

    def _rule_of_gate(self, node: Node, x: Operand, g: Gradient, few: bool) -> list[str]:
        """Return the rule of a gate, which passes all of the gradient, half of it, or nothing."""
        source, number = f"f{self.edges[x.edge][1:]}", slot(g.source)
        slopes = self.slope(node), number
        return [gated(source, ("0.0", f"0.5 * {slope}", slope)) for slope in slopes[: 2 if few else 1]]

    def _rule_of_term(self, node: Node, x: Operand, kind: str, g: Gradient) -> list[str]:
        """Return the rule of a term of a sum, or of a factor of a product."""
        operands = self.graph.operands(node)
        others = [y for y in operands if y is not x] if kind == "*" else []
        sign = "-" if x.sign < 0 else ""
        texts = [" * ".join([sign + self.slope(node), *[atom(self.names[y.node]) for y in others]])]
        axes = summed_axes(np.shape(node._plain), np.shape(x.node._plain))
        if not axes and _is_small(node, operands):
            shown = negated(slot(g.source)) if sign else slot(g.source)
            texts.append(" * ".join([shown, *[self.value(y.node) for y in others]]))
        return [_summed(text, axes, node, x.node, atom(self.names[x.node])) for text in texts]

    def slope(self, node: Node) -> str:
        """Return how the derivative of the result with respect to a node is written."""
        return f"d{_atom(self.names[self.root])}/d{_atom(self.names[node])}"


# ----------------------------------------------------------------------------------------------- texts


def _names(drawn: GatheredGraph, recorded: RecordedGraph) -> dict[Node, str]:
    """Give every node a name of its own: its label, or v1, v2, ...; small constants are named by their numbers."""
    constants = [x.node for node in drawn.nodes for x in drawn.operands(node) if x.inside]
    names: dict[Node, str] = {node: _constant_text(node) for node in constants}
    nodes = drawn.nodes
    labels = {node: printable(recorded.names.get(node, node.label)).replace("\n", " ") for node in nodes}
    taken = set(labels.values())
    used: set[str] = set()
    counts: Counter[str] = Counter()
    for node in nodes:
        name = labels[node]
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


def _constant_text(node: Node) -> str:
    """Return a constant as its numbers."""
    matrix = np.size(node._plain) == 1 and np.ndim(node._plain) > 1  # a matrix product needs the axes
    return f"[[{short(node._plain)}]]" if matrix else small_array(node._plain)


def _summed(text: str, axes: list[int], node: Node, x: Node, name: str) -> str:
    """Return the sum that undoes broadcasting."""
    if not axes:
        return text
    new = np.ndim(node._plain) - np.ndim(x._plain)
    if 0 < new < len(axes):  # some axes are dropped, and others kept with length 1
        return f"sum_to({text}, {name}.shape)"
    axis = str(axes[0]) if len(axes) == 1 else str(tuple(axes))
    return f"sum({text}, axis={axis}{'' if new else ', keepdims=True'})"


def _atom(name: str) -> str:
    return name if re.fullmatch(r"\w+(\[[\d,]+\])?", name) else f"({name})"


def _is_small(node: Node, operands: tuple[Operand, ...]) -> bool:
    return all(1 <= np.size(x._plain) <= 3 for x in (node, *[y.node for y in operands]))


def _shown(node: Node, gradient: Any) -> Shown:
    array = np.asarray(gradient)
    text = short(array) if array.size == 1 else extremes(array)[0]
    picture = grid(array, graph.kind_of(node), is_gradient=True)
    drawn = "" if picture is None else picture.numbers or picture.image()
    return text, _numbers(gradient), drawn


def _line(node: Node) -> dict[str, Any] | None:
    """Return the line of Python that computed a node, if it was noted."""
    line = (node.notes or {}).get("line")
    if line is None:
        return None
    in_cell = "ipykernel" in line.file or line.file.startswith("<")
    return {"file": "" if in_cell else os.path.basename(line.file), "number": line.number, "text": line.text}


def _numbers(data: Any) -> str:
    """Return all numbers in full, for programs that read the page; empty for large arrays."""
    if isinstance(data, (float, int)):
        return repr(float(data))
    return repr(np.asarray(data).tolist()) if np.size(data) <= _FULL_UP_TO else ""
