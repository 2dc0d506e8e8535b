"""The picture of a graph of nodes: what stands in each box and on each arrow."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from ....common.plain_data import is_complex
from ...core.node import Node
from . import graph_reading as graph
from .array_picture import Grid, grid, sparkline
from .fold import group_by_role, nearest
from .formula import atom, formula
from .gathered import GatheredGraph, Operand
from .operation_words import DOT, over_axes, title, written_text
from .picture import Arrow, Box, Picture
from .readable import describe, exact, extremes, in_full, short
from .recorded_graph import RecordedGraph
from .rule_words import short_rule_of

MORE = "more"
_LONGEST_RULE = 40

#: If something reads more than this, nodes of the same role are drawn as one.
_MOST_TERMS = 24

#: A box of up to so many nodes opens into them, in rows of a few.
_MOST_MEMBERS, _ROW = 60, 6

#: Returns what draws the parts of a node: its inputs, all gradients and the names of nodes are given.
Opener = Callable[[Node, Iterable[Node], Mapping[Node, Any], Callable[[Node], str]], Callable[[], Picture] | None]


def picture_of_nodes(
    recorded: RecordedGraph,
    show: str,
    max_nodes: int,
    fold: bool | None,
    opens: Opener | None = None,
) -> Picture:
    """Describe the graph from which a result was computed.

    Parameters
    ----------
    recorded : RecordedGraph
        The result, with names, kinds and modules of nodes.
    show : str
        ``"values"``, ``"grads"`` or ``"chain"``.
    max_nodes : int
        The largest number of boxes.
    fold : bool or None
        Whether to draw nodes of the same role as one; None: only if there are more than ``max_nodes``.
    opens : callable, optional
        Finds what a box opens into.
    """
    root, names = recorded.root, recorded.names
    drawn = GatheredGraph(root, names)
    groups = [[node] for node in drawn.nodes]
    folded = fold if fold is not None else len(drawn.nodes) > max_nodes or _reads_many(drawn)
    if folded:
        groups = group_by_role(drawn)
    notes = []
    if len(groups) < len(drawn.nodes):
        notes.append(f"{len(drawn.nodes):,} nodes drawn as {len(groups):,} roles; fold=False draws each by itself")
    kept, missing = nearest(groups, max_nodes, drawn)
    back, trouble = _backward_pass(root, show)
    notes += _gradient_notes(root, show, back.gradients) + trouble
    if missing:
        notes.append(
            f"{missing:,} nodes further from the result are left out; max_nodes={max_nodes} draws more or less"
        )
    describer = _Describer(drawn, back.gradients, recorded)
    picture = Picture([describer.box(f"n{i}", group) for i, group in enumerate(kept)], [], notes)
    if opens is not None:
        for box, group in zip(picture.boxes, kept):
            if len(group) == 1:
                operands = [x.node for x in drawn.operands(group[0])]
                box.inside = opens(group[0], operands, back.gradients, describer.name_of)
            elif len(group) <= _MOST_MEMBERS:
                box.inside = describer.members(group)
    if missing:
        picture.boxes.insert(0, Box(MORE, "more", f"… {missing:,} more nodes"))
    home = {node: f"n{i}" for i, group in enumerate(kept) for node in group}
    picture.arrows = _arrows(drawn, kept, home, _Labels(drawn, back, names) if show == "chain" else None)
    return picture


def _reads_many(drawn: GatheredGraph) -> bool:
    """Return whether something, such as a sum, reads more than can be drawn beside each other."""
    return any(len(drawn.inputs(node)) > _MOST_TERMS for node in drawn.nodes)


def _backward_pass(root: Node, show: str) -> tuple[graph.BackwardPass, list[str]]:
    """Return the gradients to show, and notes about them.

    Only leaves store gradients. If theirs are those of this result, the gradients between are shown as well.
    """
    if show != "values":
        return graph.backward_pass(root), []
    nodes = graph.nodes_of(root)
    stored = graph.stored_gradients(nodes)
    found = graph.BackwardPass(stored, [])
    complete = all(node in stored for node in nodes if node.requires_grad)
    if not stored or complete or any("hooks" in (node.notes or {}) for node in nodes):  # a hook is the user's code
        return found, []
    try:
        between = graph.all_gradients(root)
    except RuntimeError:  # an input was overwritten since
        return found, []
    if all(node in between and _equal(between[node], gradient) for node, gradient in stored.items()):
        return graph.BackwardPass({**between, **stored}, []), []
    return found, ["the stored gradients are not those of this result alone; show='grads' computes those, at all nodes"]


def _equal(one: Any, other: Any) -> bool:
    return np.shape(one) == np.shape(other) and np.allclose(one, other, rtol=1e-5, atol=1e-8, equal_nan=True)


def _gradient_notes(root: Node, show: str, gradients: Mapping[Node, Any]) -> list[str]:
    if not root.requires_grad:
        return ["nothing here requires gradients"]
    if not gradients:
        return ["no gradients yet: backward() has not run"]
    if show != "values" and np.size(root._plain) > 1:
        return ["gradients are those of the sum of all elements of the result"]
    return []


class _Describer:
    """Describes nodes, and groups of nodes, as boxes."""

    def __init__(self, drawn: GatheredGraph, gradients: Mapping[Node, Any], recorded: RecordedGraph) -> None:
        self.drawn, self.gradients, self.recorded = drawn, gradients, recorded

    def name_of(self, node: Node) -> str:
        """Return the name of a node; empty if it has none."""
        return self.recorded.names.get(node, node.label)

    def box(self, key: str, group: list[Node]) -> Box:
        node = group[-1]
        box = Box(
            key,
            self.recorded.roles.get(node, graph.kind_of(node)),
            name=self.name_of(node),
            op=title(self.drawn, node, self.name_of),
            group=self.recorded.groups.get(node, ()),
            is_root=any(x is self.drawn.root for x in group),
        )
        if any(x.inside for x in self.drawn.operands(node)):
            box.op_in_full = self._in_full(node)
        if len(group) > 1:
            what = _common_name(group) or (node.op.title if node.op is not None else box.kind)
            box.name, box.op = f"{what}, {len(group):,} nodes", ""
        if len(group) == 1 or box.is_root:
            describe_node(box, self.drawn.root if box.is_root else node, self.gradients.get(node))
        else:
            self._describe_many(box, group)
        return box

    def members(self, group: list[Node]) -> Callable[[], Picture]:
        """Return what draws the nodes of a group side by side, in rows; Graphviz puts the first row at the bottom."""
        boxes = [replace(self.box(f"n{i}", [node]), group=()) for i, node in enumerate(group)]
        rows = [boxes[i : i + _ROW] for i in range(0, len(boxes), _ROW)]
        arrows = [Arrow(one.key, next_one.key, hidden=True) for row in rows for one, next_one in zip(row, row[1:])]
        return lambda: Picture([box for row in rows[::-1] for box in row], arrows)

    def _in_full(self, node: Node) -> str:
        """Return an operation with all digits of its constants."""
        operands = self.drawn.operands(node)
        return written_text(
            node, operands, [in_full(x.node._plain) if x.inside else self.name_of(x.node) or DOT for x in operands]
        )

    def _describe_many(self, box: Box, group: list[Node]) -> None:
        gradients = [self.gradients[node] for node in group if node in self.gradients]
        if all(isinstance(node._plain, float) for node in group):
            data = np.array([node._plain for node in group])
            box.grid, box.spark = grid(data), sparkline(data)
            box.lines = _lines(data, box.grid)
        else:
            box.lines = [f"{len(group):,} of {describe(group[-1]._plain)[0]}"]
        if gradients:
            box.gradient = extremes(np.concatenate([np.ravel(g) for g in gradients]))


def _common_name(group: list[Node]) -> str:
    """Return the name of nodes that are called the same, or the first and last of names that differ in numbers only."""
    labels = [node.label for node in group]
    if len(set(labels)) == 1:
        return labels[0]
    return f"{labels[0]} … {labels[-1]}" if len({re.sub(r"\d+", "#", label) for label in labels}) == 1 else ""


def describe_node(box: Box, node: Node, gradient: Any) -> None:
    """Write the value of a node, and its gradient unless that is None, into a box."""
    data = node._plain
    box.grid, box.spark = grid(data, box.kind), sparkline(data)
    box.lines = describe(data) if box.grid is None or not box.grid.numbers else [box.grid.text]
    box.value_in_full = in_full(data)
    if gradient is None:
        return
    array = np.asarray(gradient)
    box.gradient_grid = grid(array, box.kind, is_gradient=True)
    box.gradient = _lines(array, box.gradient_grid)
    box.gradient_in_full = in_full(gradient)


def _lines(data: Any, picture: Grid | None) -> list[str]:
    """Return the numbers of an array without its dtype and shape."""
    if np.size(data) == 1:
        return [short(data)]
    return [picture.text] if picture is not None and picture.numbers else extremes(data)


def _arrows(
    drawn: GatheredGraph, kept: list[list[Node]], home: Mapping[Node, str], labels: _Labels | None
) -> list[Arrow]:
    arrows = []
    many = {home[group[-1]] for group in kept if len(group) > 1} | {MORE}
    for group in kept:
        counted: Counter[str] = Counter()
        for node in group:
            for x in drawn.inputs(node):
                tail = home.get(x.node, MORE)
                if not {tail, home[node]} & many:
                    arrows.append(Arrow(tail, home[node], *(labels.of(node, x) if labels is not None else ())))
                elif tail != home[node]:
                    counted[tail] += 1
        arrows += [Arrow(tail, home[group[-1]], f"{n:,} edges" if n > 1 else "") for tail, n in counted.items()]
    return arrows


class _Labels:
    """The labels of the edges: factors of the chain rule, or rules.

    Parameters
    ----------
    drawn : GatheredGraph
        The graph.
    back : BackwardPass
        The backward pass through it.
    names : mapping
        Names that replace those of the nodes themselves.
    """

    def __init__(self, drawn: GatheredGraph, back: graph.BackwardPass, names: Mapping[Node, str]) -> None:
        self.drawn, self.back = drawn, back
        self.names = {node: names.get(node, node.label) for node in drawn.nodes}
        self.taken = set(self.names.values())
        self.slope = "g" if "g" not in self.taken else "grad"
        self.arrivals = {(node, i): gradient for node, i, gradient in back.arrivals}

    def of(self, node: Node, x: Operand) -> tuple[str, str]:
        """Return the factor of the chain rule on an edge, short and in full; the rule if it is not a factor."""
        if not x.node.requires_grad:
            return "", ""
        factor = self.drawn.local_derivative(node, x)
        if factor is None:
            text = self._rule(*x.edge)
            return text, text
        array = np.asarray(factor)
        if not array.size:
            return "", ""
        axes = summed_axes(np.shape(node._plain), np.shape(x.node._plain))
        summed = f"\nsum {over_axes(axes, np.ndim(node._plain))}" if axes else ""
        if is_complex(array) and not np.all(array == array.flat[0]):
            return f"× {extremes(array)[0]}{summed}", ""
        low, high = array.min(), array.max()
        if np.array_equal(low, high, equal_nan=True):
            return f"× {short(low)}{summed}", f"× {exact(low)}{summed}"
        return f"× {short(low, 3)} … {short(high, 3)}{summed}", ""

    def _rule(self, node: Node, index: int) -> str:
        """Return the rule of an edge in terms of ``g`` and of labels; empty if it is long or has no expression."""
        op, inputs = node.op, graph.inputs_to_show(node)
        gradient = self.arrivals.get((node, index))
        if op is None or gradient is None:
            return ""
        short_rule = short_rule_of(node, index, self.slope)
        if short_rule:
            return short_rule
        g = self.back.gradients[node]
        found = formula(op, index, g, node._plain, [x._plain for x in inputs], node.params, gradient)
        if found is None:
            return ""
        names = [self._name(x, own) for x, own in zip((node, *inputs), found.own[1:])]
        text = found.text([self.slope, *names])
        return text if len(text) <= _LONGEST_RULE else ""

    def _name(self, x: Node, own: str) -> str:
        """Return a node's label; without one, its name in the rule, unless another node has that label."""
        label = self.names.get(x, "")
        if label:
            return atom(label)
        if own not in self.taken and own != "g":
            return own
        return f"{own}_" if x.op is None else f"({x.op.symbol})"


def summed_axes(shape: tuple[int, ...], own: tuple[int, ...]) -> list[int]:
    """Return the axes over which gradients are added up because an input was broadcast along them."""
    new = len(shape) - len(own)
    return [i for i, n in enumerate(shape) if i < new or (own[i - new] == 1 != n)]
