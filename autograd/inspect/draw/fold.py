"""Fold nodes of the same role into one, and keep those nearest to the result, to make a large graph readable."""

from __future__ import annotations

import re
from collections import deque

import numpy as np

from ...core.node import Node
from .graph_reading import inputs_to_show, kind_of

#: Operations whose operands play the same role.
_ORDERLESS = ("add", "stack", "concatenate")


def group_by_role(nodes: list[Node]) -> list[list[Node]]:
    """Group the nodes that are computed by the same operation and read by the same roles.

    All neurons of a layer, all examples of a batch and all terms of a sum play one role, in whatever order the loops
    computed them; a chain of additions counts as one sum. In a graph without repetition every group is a single node.

    Parameters
    ----------
    nodes : list of Node
        Each after its inputs.

    Returns
    -------
    list of list of Node
        Each group after those that flow into it.
    """
    readers: dict[Node, set[tuple[int, int]]] = {node: set() for node in nodes}
    reading_ops: dict[Node, list[Node]] = {node: [] for node in nodes}
    numbers: dict[object, int] = {}
    groups: dict[int, list[Node]] = {}
    for node in reversed(nodes):
        role = _role(node, readers[node], reading_ops[node], numbers)
        groups.setdefault(role, []).append(node)
        if node.op is None:
            continue
        orderless = node.op.name in _ORDERLESS
        for i, x in enumerate(inputs_to_show(node)):
            readers[x].add((role, 0 if orderless else i))
            reading_ops[x].append(node)
    # A role's number is larger than those of the roles that read it.
    return [groups[role][::-1] for role in sorted(groups, reverse=True)]


def _role(node: Node, readers: set[tuple[int, int]], reading: list[Node], numbers: dict[object, int]) -> int:
    name = node.op.name if node.op is not None else kind_of(node)
    if name == "add" and len(reading) == 1 and reading[0].op is not None and reading[0].op.name == "add":
        return next(iter(readers))[0]  # one more term of the same sum
    label = re.sub(r"\d+", "#", node.label)
    return numbers.setdefault((name, np.shape(node._plain), label, frozenset(readers)), len(numbers))


def nearest(groups: list[list[Node]], most: int) -> tuple[list[list[Node]], int]:
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
            for x in inputs_to_show(node) if node.op is not None else ():
                if home[x] not in kept and len(kept) < most:
                    kept.add(home[x])
                    queue.append(home[x])
    return [groups[i] for i in sorted(kept)], sum(len(g) for i, g in enumerate(groups) if i not in kept)
