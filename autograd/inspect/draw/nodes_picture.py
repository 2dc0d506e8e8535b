"""The picture of a graph of nodes: what stands in each box and on each arrow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from ...core.node import Node
from . import graph_reading as graph
from .fold import group_by_role, nearest
from .formula import atom, formula
from .picture import Arrow, Box, Kind, Picture
from .readable import describe, exact, heat, short, sparkline, statistics

MORE = "more"
_LONGEST_RULE = 40


def picture_of_nodes(
    root: Node,
    show: str,
    max_nodes: int,
    fold: bool | None,
    names: Mapping[Node, str],
    roles: Mapping[Node, Kind],
) -> Picture:
    """Describe the graph from which ``root`` was computed.

    Parameters
    ----------
    root : Node
        The result.
    show : str
        ``"values"``, ``"grads"`` or ``"chain"``.
    max_nodes : int
        The largest number of boxes.
    fold : bool or None
        Whether to draw nodes of the same role as one; None: only if there are more than ``max_nodes``.
    names, roles : mapping
        Names and kinds that replace those of the nodes themselves.
    """
    nodes = graph.nodes_of(root)
    groups = [[node] for node in nodes]
    folded = fold if fold is not None else len(nodes) > max_nodes
    if folded:
        groups = group_by_role(nodes)
    notes = []
    if len(groups) < len(nodes):
        notes.append(f"{len(nodes):,} nodes drawn as {len(groups):,} roles; fold=False draws each by itself")
    kept, missing = nearest(groups, max_nodes)
    back = graph.BackwardPass(graph.stored_gradients(nodes), []) if show == "values" else graph.backward_pass(root)
    gradients = back.gradients
    notes += _gradient_notes(root, show, gradients)
    if missing:
        notes.append(
            f"{missing:,} nodes further from the result are left out; max_nodes={max_nodes} draws more or less"
        )
    describer = _Describer(root, gradients, names, roles)
    picture = Picture([describer.box(f"n{i}", group) for i, group in enumerate(kept)], [], notes)
    if missing:
        picture.boxes.insert(0, Box(MORE, "more", f"… {missing:,} more nodes"))
    home = {node: f"n{i}" for i, group in enumerate(kept) for node in group}
    picture.arrows = _arrows(kept, home, _Labels(nodes, back, names) if show == "chain" else None)
    return picture


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

    def __init__(
        self, root: Node, gradients: Mapping[Node, Any], names: Mapping[Node, str], roles: Mapping[Node, Kind]
    ) -> None:
        self.root, self.gradients, self.names, self.roles = root, gradients, names, roles

    def box(self, key: str, group: list[Node]) -> Box:
        node = group[-1]
        box = Box(
            key,
            self.roles.get(node, graph.kind_of(node)),
            name=self.names.get(node, node.label),
            op=node.op.symbol if node.op is not None else "",
            is_root=any(x is self.root for x in group),
        )
        if len(group) > 1:
            labels = {x.label for x in group}
            what = node.op.title if node.op is not None else box.kind
            box.name, box.op = f"{box.name if box.name and len(labels) == 1 else what} × {len(group):,}", ""
        if len(group) == 1 or box.is_root:
            self._describe_one(box, self.root if box.is_root else node)
        else:
            self._describe_many(box, group)
        return box

    def _describe_one(self, box: Box, node: Node) -> None:
        box.lines = describe(node._plain)
        box.heat = heat(node._plain, kernel=box.kind == "parameter")
        box.spark = sparkline(node._plain)
        box.exact = exact(node._plain)
        gradient = self.gradients.get(node)
        if gradient is not None:
            many = np.size(gradient) != 1
            box.gradient = statistics(np.asarray(gradient)) if many else [short(gradient)]
            box.exact += f"{', ' if box.exact else ''}grad {exact(gradient)}" if not many else ""

    def _describe_many(self, box: Box, group: list[Node]) -> None:
        gradients = [self.gradients[node] for node in group if node in self.gradients]
        if all(isinstance(node._plain, float) for node in group):
            data = np.array([node._plain for node in group])
            box.heat, box.spark = heat(data), sparkline(data)
            box.lines = statistics(data)
        else:
            box.lines = [f"{len(group):,} of {describe(group[-1]._plain)[0]}"]
        if gradients:
            box.gradient = statistics(np.concatenate([np.ravel(g) for g in gradients]))


def _arrows(kept: list[list[Node]], home: Mapping[Node, str], labels: _Labels | None) -> list[Arrow]:
    arrows = []
    for group in kept:
        counted: Counter[str] = Counter()
        for node in group:
            for i, x in enumerate(graph.inputs_to_show(node) if node.op is not None else ()):
                tail = home.get(x, MORE)
                if len(group) == 1 and tail != MORE:
                    arrows.append(Arrow(tail, home[node], *(labels.of(node, i) if labels is not None else ())))
                elif tail != home[node]:
                    counted[tail] += 1
        arrows += [Arrow(tail, home[group[-1]], f"× {n:,}" if n > 1 else "") for tail, n in counted.items()]
    return arrows


class _Labels:
    """The labels of the edges: factors of the chain rule, or rules.

    Parameters
    ----------
    nodes : list of Node
        All nodes of the graph.
    back : BackwardPass
        The backward pass through them.
    names : mapping
        Names that replace those of the nodes themselves.
    """

    def __init__(self, nodes: list[Node], back: graph.BackwardPass, names: Mapping[Node, str]) -> None:
        self.back = back
        self.names = {node: names.get(node, node.label) for node in nodes}
        self.taken = set(self.names.values())
        self.slope = "g" if "g" not in self.taken else "grad"
        self.arrivals = {(node, i): gradient for node, i, gradient in back.arrivals}

    def of(self, node: Node, index: int) -> tuple[str, str]:
        """Return the factor of the chain rule on an edge, short and in full; the rule if it is not a factor."""
        op, x = node.op, graph.inputs_to_show(node)[index]
        if op is None or not x.requires_grad:
            return "", ""
        factor = graph.local_derivative(node, index)
        if factor is None:
            text = self._rule(node, index)
            return text, text
        array = np.asarray(factor, dtype=np.float64)
        if not array.size:
            return "", ""
        summed = _summed_axes(np.shape(node._plain), np.shape(x._plain))
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


def _summed_axes(shape: tuple[int, ...], own: tuple[int, ...]) -> str:
    """Return in words the axes over which gradients are summed because an input was broadcast along them."""
    new = len(shape) - len(own)
    axes = [i for i, n in enumerate(shape) if i < new or (own[i - new] == 1 != n)]
    if not axes:
        return ""
    return f"\nsum over {'axis' if len(axes) == 1 else 'axes'} {', '.join(map(str, axes))}"
