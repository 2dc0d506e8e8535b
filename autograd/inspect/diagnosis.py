"""When a gradient is missing, zero or not finite: find out where and why."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import numpy as np

from ...common.fork import renewed
from ..core.backward import backprop
from ..core.node import Constant, Node, annotate, data_of, on_gradient, on_record
from ..graph_order import backward_order
from ..value import Value

#: The blocks of ``detect_anomaly`` that this thread or asynchronous task is inside.
_inside: ContextVar[tuple[object, ...]] = ContextVar("detect_anomaly", default=())

#: How each block that is open, whoever is inside, is ended.
_ends: dict[object, Callable[[], None]] = {}

_HERE = str(Path(__file__).resolve().parents[1])


class AnomalyError(FloatingPointError):
    """The first operation that gave NaN or infinity."""


def _finite(x: Any) -> bool:
    return bool(np.all(np.isfinite(data_of(x))))


def _users_line() -> str:
    """Where the code outside of this package is."""
    import traceback  # here, since it takes a while

    for frame in reversed(traceback.extract_stack()):
        if not str(Path(frame.filename).resolve()).startswith(_HERE):
            return f"{frame.filename}, line {frame.lineno}: {frame.line}"
    return "an unknown line"


@contextmanager
def detect_anomaly() -> Iterator[None]:
    """Inside this block, the first operation that gives NaN or infinity raises, forward or backward.

    It costs time: every result and every gradient is looked at. It watches the thread or asynchronous task that it is
    in, and no other.

    Raises
    ------
    AnomalyError
        Names the operation, the shapes, and the line that recorded it.

    Examples
    --------
    >>> x = sg.tensor([0.0, 1.0], requires_grad=True)
    >>> with sg.detect_anomaly():
    ...     sg.sqrt(x).sum().backward()
    Traceback (most recent call last):
    ...
    seegrad.autograd.inspect.diagnosis.AnomalyError: the gradient of sqrt (inputs of shape (2,)) with respect to ...
    """
    block = object()

    def forward(node: Node) -> None:
        if block not in _inside.get():
            return
        annotate(node, "line", _users_line())
        if not _finite(node) and all(_finite(x) for x in node.inputs):
            raise AnomalyError(f"{_describe(node)} gave {_kinds(node._plain)} from finite inputs. {_line(node)}")

    def backward(node: Node, x: Node, gradient: Any) -> None:
        if block in _inside.get() and not _finite(gradient):
            which = f"{x.label!r} " if x.label else ""
            data = data_of(gradient)
            raise AnomalyError(
                f"the gradient of {_describe(node)} with respect to its input {which}of shape {np.shape(x._plain)} is "
                f"{_kinds(data)}. {_line(node)}"
            )

    def end() -> None:
        _inside.set(tuple(other for other in _inside.get() if other is not block))
        if forward in on_record:  # not if Ctrl-C came before
            on_record.remove(forward)
        if backward in on_gradient:
            on_gradient.remove(backward)
        _ends.pop(block, None)

    try:
        try:
            _ends[block] = end
            _inside.set((*_inside.get(), block))
            on_record.append(forward)
            on_gradient.append(backward)
            yield
        finally:
            end()
    finally:
        end()  # again: the first time may have been interrupted


@renewed
def _end_of_others() -> None:
    """End the blocks that the parent's other threads are inside: they would make all computing slow for ever."""
    for block, end in list(_ends.items()):
        if block not in _inside.get():
            end()


def _describe(node: Node) -> str:
    shapes = ", ".join(str(np.shape(x._plain)) for x in node.inputs)
    return f"{node.op.name if node.op else 'a leaf'} (inputs of shape {shapes})"


def _line(node: Node) -> str:
    return f"It was recorded at {node.notes['line']}" if node.notes and "line" in node.notes else ""


def _kinds(data: Any) -> str:
    nan, infinite = int(np.isnan(data).sum()), int(np.isinf(data).sum())
    parts = [f"{n} {name}" for n, name in ((nan, "NaN"), (infinite, "infinite")) if n]
    return f"{' and '.join(parts)} of {np.size(data)} elements" if parts else "finite"


# ------------------------------------------------------------------------------------------------- why


def why(x: Node, loss: Node | None = None) -> str:
    """Say in words why the gradient of ``x`` is None, zero, or not finite.

    Parameters
    ----------
    x : Tensor or Value
        Whose gradient is in question.
    loss : Tensor or Value, optional
        What was, or should be, differentiated. Without it only ``x`` itself can be looked at.

    Returns
    -------
    str
        One or more sentences.

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
        return f"{name} has no gradient: it was made without requires_grad=True."
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
            f"{name} has no gradient: the loss is a plain {type(loss).__name__}, so its trail was lost (by .item(), "
            ".data, float() or a function of NumPy)."
        )
    if not loss.requires_grad:
        lost = (loss.notes or {}).get("lost", "nothing that led to it requires gradients")
        return f"{name} has no gradient: the loss has no trail, because {lost}."
    table = backprop(loss, 1.0 if isinstance(loss, Value) else np.ones_like(loss._plain), keep=True)
    order = backward_order(loss)
    if x not in table:
        cut = [
            f"{_describe(node)} reads data whose trail was lost: {i.notes['lost']}"
            for node in order
            for i in node.inputs
            if i.notes and "lost" in i.notes
        ]
        reasons = "; ".join(cut[:3]) or "Nothing that the loss was computed from uses it"
        return f"There is no path from {name} to the loss. {reasons}."
    between = _consumers(x, order)
    return _judge(name, table[x], table, between)


def _consumers(x: Node, order: list[Node]) -> list[Node]:
    """The nodes on a path from ``x`` to the loss, nearest first."""
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
        verdict = f"The gradient of {name} has {_kinds(data)}."
        culprit = _first_not_finite(table or {}, between)
        return f"{verdict} {culprit}".strip()
    zeros = int((data == 0).sum())
    if zeros == data.size:
        found = " ".join(filter(None, (_stopper(node) for node in between)))
        return f"The gradient is zero everywhere. {found}".strip()
    if zeros:
        found = " ".join(filter(None, (_stopper(node) for node in between)))
        return f"The gradient is zero in {zeros} of {data.size} elements. {found}".strip()
    return f"The gradient of {name} is there: {data.size} finite elements, none of them zero."


def _first_not_finite(table: dict[Node, Any], between: list[Node]) -> str:
    for node in between:
        if not _finite(node):
            return f"On the way forward, {_describe(node)} gave {_kinds(node._plain)} first."
    for node in reversed(between):
        for i in node.inputs:
            if node.op and i in table and not _finite(table[i]) and (node not in table or _finite(table[node])):
                return f"On the way back it arises in {_describe(node)}. {_COINCIDING.get(node.op.name, '')}".strip()
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


def _stopper(node: Node) -> str:
    """How an operation stops or weakens what passes through it, if it does."""
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
