"""Read a graph without changing it: its nodes in order, their gradients, the local derivative of each edge."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

import numpy as np

from ....common.plain_data import is_complex
from ....common.quiet import quiet
from ...core.backward import backprop, inputs_of
from ...core.node import Constant, Node, data_of, on_gradient
from ...hooks import run_hooks
from ...tensor import Tensor
from .picture import Kind


def inputs_to_show(node: Node) -> tuple[Node, ...]:
    """Return a node's inputs as they were when it read them, or as they are now if those have been overwritten."""
    try:
        return inputs_of(node)
    except RuntimeError:
        return node.inputs


def nodes_of(root: Node) -> list[Node]:
    """Return all nodes from which ``root`` was computed, each after its inputs, ``root`` last."""
    seen = {root}
    computed, todo = [], [root]
    while todo:
        node = todo.pop()
        if node.op is not None:
            computed.append(node)
            for x in inputs_to_show(node):
                if x not in seen:
                    seen.add(x)
                    todo.append(x)
    computed.sort(key=lambda node: node.number)
    order: dict[Node, None] = {}
    for node in computed:
        for x in inputs_to_show(node):
            if x.op is None:
                order.setdefault(x)
        order.setdefault(node)
    return list(order) or [root]


def kind_of(node: Node) -> Kind:
    """Return the kind of a node; an array that requires gradients counts as a parameter."""
    if node.op is not None:
        return "result"
    if isinstance(node, Constant):
        return "constant"
    return "parameter" if isinstance(node, Tensor) and node.requires_grad else "input"


def stored_gradients(nodes: list[Node]) -> dict[Node, Any]:
    """Return the gradients that ``backward()`` has stored in the nodes."""
    return {node: data_of(node._grad) for node in nodes if node._grad is not None}


def root_gradient(root: Node) -> Any:
    """Return the gradient of a result with respect to itself; of an array, that of the sum of its elements."""
    return 1.0 if isinstance(root._plain, float) else np.ones_like(root._plain)


def all_gradients(root: Node) -> dict[Node, Any]:
    """Return the gradient of ``root`` with respect to every node, computed now; nothing is stored in the nodes."""
    if not root.requires_grad:
        return {}
    return _with_hooks_of_leaves(backprop(root, root_gradient(root), keep=True))


def _with_hooks_of_leaves(table: dict[Node, Any]) -> dict[Node, Any]:
    """Let the hooks of leaves replace gradients, as ``backward()`` does at its end."""
    for node, gradient in table.items():
        if node.op is None:
            table[node] = run_hooks(node, gradient)
    return table


def local_derivative(node: Node, index: int) -> Any:
    """Return the derivative of an elementwise operation of real numbers by one input; None for other operations.

    Returns
    -------
    float, ndarray or None
        The factor of the chain rule on this edge.
    """
    op = node.op
    inputs = inputs_to_show(node)
    if op is None or not op.elementwise or not inputs[index].requires_grad:
        return None
    rule = op.rules_for(inputs)[index]
    values = (root_gradient(node), node._plain, *[x._plain for x in inputs])
    with quiet():
        try:
            found = rule(*values, **node.params)
        except ArithmeticError:  # a pole of Python's floats
            found = rule(*[np.float64(v) for v in values], **node.params)
    return None if any(map(is_complex, (found, *values))) else found  # a conjugate is no factor


def derivative_of_number(node: Node, index: int) -> Any:
    """Return the derivative of a number by an input that is a number, for any operation of real numbers.

    Returns
    -------
    float or ndarray or None
        None if the rule gives none. The code of users is not called again.
    """
    if node.op.user_defined:
        return None
    inputs = inputs_to_show(node)
    values = (root_gradient(node), node._plain, *[x._plain for x in inputs])
    with quiet():
        found = node.op.rules_for(inputs)[index](*values, **node.params)
    return None if found is None or any(map(is_complex, (found, *values))) else inputs[index].fit_gradient(found)


@dataclass
class BackwardPass:
    """What a backward pass of the engine computed.

    Attributes
    ----------
    gradients : dict
        The gradient of each node at the end.
    arrivals : list of (Node, int, gradient)
        In the order of the pass: the reader, the position of the input, and what is propagated to that input.
    """

    gradients: dict[Node, Any]
    arrivals: list[tuple[Node, int, Any]]


def backward_pass(root: Node) -> BackwardPass:
    """Run a backward pass from ``root`` and note what each edge adds to the gradient of its input.

    Nothing is stored in the nodes.
    """
    arrivals: list[tuple[Node, int, Any]] = []
    waiting = {node: list(range(len(inputs_to_show(node)))) for node in nodes_of(root) if node.op is not None}
    me = threading.get_ident()

    def observe(node: Node, x: Node, gradient: Any) -> None:
        # A rule may run a backward pass through a graph of its own, and so may other threads.
        if node in waiting and threading.get_ident() == me:
            inputs = inputs_to_show(node)
            place = next(i for i in waiting[node] if inputs[i] is x)
            waiting[node].remove(place)
            arrivals.append((node, place, gradient))

    on_gradient.append(observe)
    try:
        return BackwardPass(all_gradients(root), arrivals)
    finally:
        on_gradient.remove(observe)
