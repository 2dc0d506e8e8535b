"""The nodes of a graph in the order of a backward pass."""

from __future__ import annotations

from operator import attrgetter

from .core.backward import inputs_of, is_inner, oldest_of
from .core.node import Node


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
    oldest = oldest_of(stop)
    seen = {root}
    todo = [root]
    order = []
    while todo:
        node = todo.pop()
        if is_inner(node, stop, oldest):
            order.append(node)
            for x in inputs_of(node):
                if x._tracked and x not in seen:
                    seen.add(x)
                    todo.append(x)
    order.sort(key=attrgetter("number"), reverse=True)
    return order


def without_detours(root: Node, variable: Node) -> frozenset[Node]:
    """Return where a backward pass may stop if only the gradient of one variable is wanted.

    That is at the variable, and at the nodes that do not depend on it.
    """
    only = frozenset([variable])
    dependent, stop = {variable}, [variable]
    for node in reversed(backward_order(root, only)):
        if dependent.isdisjoint(inputs_of(node)):
            stop.append(node)
        else:
            dependent.add(node)
    return frozenset(stop)
