"""Fold nodes of the same role into one, and keep those nearest to the result, to make a large graph readable."""

from __future__ import annotations

import re
from collections import deque

import numpy as np

from ...core.node import Node
from .gathered import GatheredGraph, kind_of_term
from .graph_reading import kind_of

#: Operations whose operands play the same role, besides sums.
_ORDERLESS = ("stack", "concatenate")


def group_by_role(graph: GatheredGraph) -> list[list[Node]]:
    """Group the nodes that are computed by the same operation and read by the same roles.

    All neurons of a layer, all examples of a batch and all terms of a sum play one role, in whatever order the loops
    computed them. In a graph without repetition every group is a single node.

    Parameters
    ----------
    graph : GatheredGraph
        The graph.

    Returns
    -------
    list of list of Node
        Each group after those that flow into it.
    """
    readers: dict[Node, set[tuple[int, int]]] = {node: set() for node in graph.nodes}
    numbers: dict[object, int] = {}
    groups: dict[int, list[Node]] = {}
    for node in reversed(graph.nodes):
        role = _role(node, readers[node], numbers)
        groups.setdefault(role, []).append(node)
        is_sum = kind_of_term(node) == "+"
        for i, x in enumerate(graph.inputs(node)):
            readers[x.node].add((role, x.sign if is_sum else 0 if node.op.name in _ORDERLESS else i))
    # A role's number is larger than those of the roles that read it.
    return [groups[role][::-1] for role in sorted(groups, reverse=True)]


def _role(node: Node, readers: set[tuple[int, int]], numbers: dict[object, int]) -> int:
    name = node.op.name if node.op is not None else kind_of(node)
    label = re.sub(r"\d+", "#", node.label)
    return numbers.setdefault((name, np.shape(node._plain), label, frozenset(readers)), len(numbers))


def nearest(groups: list[list[Node]], most: int, graph: GatheredGraph) -> tuple[list[list[Node]], int]:
    """Keep the groups closest to the result, which is in the last one.

    Returns
    -------
    list of list of Node
        At most ``most`` groups, in the same order.
    int
        How many nodes were left out.
    """
    if len(groups) <= most:
        return groups, 0
    home = {node: i for i, group in enumerate(groups) for node in group}
    kept = {len(groups) - 1}
    queue = deque(kept)
    while queue and len(kept) < most:
        for node in groups[queue.popleft()]:
            for x in graph.inputs(node):
                if home[x.node] not in kept and len(kept) < most:
                    kept.add(home[x.node])
                    queue.append(home[x.node])
    return [groups[i] for i in sorted(kept)], sum(len(g) for i, g in enumerate(groups) if i not in kept)
