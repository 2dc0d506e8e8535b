"""A graph in which several operations that were computed in one pass are nodes of their own again."""

from __future__ import annotations

from typing import Any

from ...core.node import Constant, Node
from ...core.recording import record, recording
from .graph_reading import inputs_to_show, nodes_of


def unfused(root: Node) -> Node:
    """Return the root of a graph with a node for each operation that the user wrote.

    What is computed from a fused operation gets new nodes with the same numbers; everything else stays as it is. A
    graph without fused operations is returned itself.
    """
    nodes = nodes_of(root)
    if not any(node.op is not None and node.op.unfused for node in nodes):
        return root
    new: dict[Node, Any] = {}
    with recording():
        for node in nodes:
            if node.op is not None:
                inputs = inputs_to_show(node)
                if node.op.unfused or any(x in new for x in inputs):
                    new[node] = _renewed(node, tuple([new.get(x, x) for x in inputs]))
    result: Node = new[root]
    return result


def _renewed(node: Node, inputs: tuple[Node, ...]) -> Any:
    op = node.op
    if op.unfused:
        result = op.unfused(*[x._plain if isinstance(x, Constant) else x for x in inputs], **node.params)
    else:
        result = record(op, node._plain, inputs, node.params)
    result._grad = node._grad
    result.notes = dict(node.notes) if node.notes else None
    return result
