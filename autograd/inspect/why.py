"""``why``: say in words why a gradient is missing, zero or not finite."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.backward import backprop
from ..core.node import Constant, Node, data_of
from ..graph_order import backward_order
from ..value import Value
from .anomaly import count_not_finite, describe_node, is_finite


def why(x: Node, loss: Node | None = None) -> str:
    """Say in words why the gradient of ``x`` is None, zero, or not finite.

    Parameters
    ----------
    x : Tensor or Value
        The node whose gradient is in question.
    loss : Tensor or Value, optional
        The result of which ``x`` should have a gradient. Without it, only ``x`` itself is examined.

    Returns
    -------
    str
        One or more sentences. Nothing is changed: the gradients are computed in a table of their own.

    Examples
    --------
    >>> x = sg.tensor([-1.0, -2.0], requires_grad=True)
    >>> print(sg.why(x, x.relu().sum()))
    The gradient is zero everywhere. relu: all 2 of its 2 units are at or below 0, so nothing passes (dead).
    """
    name = f"{x.label!r}" if x.label else f"this {type(x).__name__}"
    if not x.requires_grad:
        lost = (x.notes or {}).get("lost")
        if lost:
            return f"{name} has no gradient: {lost}."
        if not isinstance(x, Value) and x._plain.dtype.kind != "f":
            return f"{name} has no gradient: its data is {x._plain.dtype}, and only floating-point data can have one."
        return f"{name} has no gradient: it was made without requires_grad=True, or was frozen."
    if loss is None:
        if x._grad is None:
            kept = "" if x.op is None else "A computed tensor keeps its gradient only after retain_grad(). "
            return (
                f"{name} has no gradient yet: backward() was not called on anything that depends on it. {kept}"
                "Give the loss, sg.why(x, loss), to look for a path."
            )
        return _judge(name, x._grad, None, [])
    return _why_from(name, x, loss)


def _why_from(name: str, x: Node, loss: Any) -> str:
    if not isinstance(loss, Node):
        return (
            f"{name} has no gradient: the loss is a plain {type(loss).__name__}, so it has no graph (.item(), .data, "
            "float() or a function of NumPy returned a plain number)."
        )
    if not loss.requires_grad:
        lost = (loss.notes or {}).get("lost", "nothing that led to it requires gradients")
        return f"{name} has no gradient: the loss has no graph, because {lost}."
    table = backprop(loss, 1.0 if isinstance(loss, Value) else np.ones_like(loss._plain), keep=True)
    order = backward_order(loss)
    if x not in table:
        cut = [
            f"{describe_node(node)} reads data that has no graph: {i.notes['lost']}"
            for node in order
            for i in node.inputs
            if i.notes and "lost" in i.notes
        ]
        reasons = "; ".join(cut[:3]) or "Nothing that the loss was computed from uses it"
        return f"There is no path from {name} to the loss. {reasons}."
    between = _consumers(x, order)
    return _judge(name, table[x], table, between)


def _consumers(x: Node, order: list[Node]) -> list[Node]:
    """Return the nodes on the paths from ``x`` to the loss, nearest first."""
    reached = {x}
    found = []
    for node in reversed(order):
        if any(i in reached for i in node.inputs):
            reached.add(node)
            found.append(node)
    return found


def _judge(name: str, gradient: Any, table: dict[Node, Any] | None, between: list[Node]) -> str:
    data = np.asarray(data_of(gradient))
    if not np.all(np.isfinite(data)):
        verdict = f"The gradient of {name} has {count_not_finite(data)}."
        culprit = _first_not_finite(table or {}, between)
        return f"{verdict} {culprit}".strip()
    zeros = int((data == 0).sum())
    if not zeros and data.size:
        return f"The gradient of {name} is there: {_finite(data.size)}."
    where = "everywhere" if zeros == data.size else f"in {zeros} of {data.size} elements"
    return " ".join([f"The gradient is zero {where}.", *filter(None, (_obstacle(node) for node in between))])


def _finite(count: int) -> str:
    return f"{count} finite elements, none of them zero" if count != 1 else "a finite number that is not zero"


def _first_not_finite(table: dict[Node, Any], between: list[Node]) -> str:
    for node in between:
        if not is_finite(node):
            return f"In the forward pass, {describe_node(node)} gave {count_not_finite(node._plain)} first."
    for node in reversed(between):
        for i in node.inputs:
            if node.op and i in table and not is_finite(table[i]) and (node not in table or is_finite(table[node])):
                hint = _COINCIDING.get(node.op.name, "")
                return f"In the backward pass it arises in {describe_node(node)}. {hint}".strip()
    return ""


def _of_repeated(values: str, vectors: str, instead: str) -> str:
    return (
        f"Where {values} coincide (to rounding), {vectors} have no derivative, and that of a function of them cannot "
        f"be seen from them; {values} alone have one. Use {instead}."
    )


_COINCIDING = {
    "eigh": _of_repeated("eigenvalues", "eigenvectors", "sg.linalg.expm, logm or sqrtm for functions of a matrix"),
    "svd": _of_repeated("singular values", "singular vectors", "sg.linalg.polar for U @ Vh"),
}


def _obstacle(node: Node) -> str:
    """Return how an operation stops or weakens the gradient that passes through it; empty if it does not."""
    op = node.op.name if node.op else ""
    data = np.asarray(node._plain)
    if op == "relu":
        dead = int((data <= 0).sum())
        count = f"all {dead}" if dead == data.size else str(dead)
        return f"relu: {count} of its {data.size} units are at or below 0, so nothing passes (dead)." if dead else ""
    if op in ("sigmoid", "tanh"):
        low = 0.0 if op == "sigmoid" else -1.0
        saturated = int(((data - low < 1e-6) | (1.0 - data < 1e-6)).sum())
        return f"{op}: {saturated} of its {data.size} units are saturated (slope below 1e-6)." if saturated else ""
    if op in ("sign", "floor", "ceil", "rint", "trunc"):
        return f"{op} is flat between its steps: its derivative is 0."
    if op == "where":
        return "where: the elements that were not chosen (masked) get no gradient."
    if op == "multiply" and any(isinstance(i, Constant) and np.any(np.asarray(i._plain) == 0) for i in node.inputs):
        return "multiply: by a constant that contains zeros (a mask)."
    return ""
