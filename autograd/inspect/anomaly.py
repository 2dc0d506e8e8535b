"""``detect_anomaly``: name the first operation whose result or gradient is NaN or infinite."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from ...common.fork import renewed
from ..batched import whole_of
from ..core.node import Node, annotate, data_of, on_gradient, on_record
from .users_line import users_line

#: The open ``detect_anomaly`` blocks of this thread or asynchronous task.
_inside: ContextVar[tuple[object, ...]] = ContextVar("detect_anomaly", default=())

#: The function that ends each open block, of any thread.
_ends: dict[object, Callable[[], None]] = {}


class AnomalyError(FloatingPointError):
    """An operation gave NaN or infinity, or its gradient did."""


def is_finite(x: Any) -> bool:
    """Return whether all elements of a node, an array or a number are finite."""
    return bool(np.all(np.isfinite(data_of(whole_of(x)))))


@contextmanager
def detect_anomaly() -> Iterator[None]:
    """Raise at the first operation that gives NaN or infinity, in the forward or in the backward pass.

    It takes time: every result and every gradient is checked. Only the thread or asynchronous task that opened the
    block is observed.

    Raises
    ------
    AnomalyError
        The message names the operation, the shapes, and the line that recorded it.

    Examples
    --------
    >>> x = sg.tensor([0.0, 1.0], requires_grad=True)
    >>> with sg.detect_anomaly():
    ...     sg.sqrt(x).sum().backward()
    Traceback (most recent call last):
    ...
    seegrad.autograd.inspect.anomaly.AnomalyError: the gradient of sqrt (inputs of shape (2,)) with respect to ...
    """
    block = object()

    def forward(node: Node, *_: Any) -> None:
        if node.op is None or block not in _inside.get():
            return
        line = users_line()
        if line is not None:
            annotate(node, "line", line)
        if not is_finite(node) and all(is_finite(x) for x in node.inputs):
            found = count_not_finite(node._plain)
            raise AnomalyError(f"{describe_node(node)} gave {found} from finite inputs. {_line(node)}")

    def backward(node: Node, x: Node, gradient: Any) -> None:
        if block in _inside.get() and not is_finite(gradient):
            which = f"{x.label!r} " if x.label else ""
            raise AnomalyError(
                f"the gradient of {describe_node(node)} with respect to its input {which}of shape "
                f"{np.shape(x._plain)} is {count_not_finite(data_of(whole_of(gradient)))}. {_line(node)}"
            )

    def end() -> None:
        _inside.set(tuple(other for other in _inside.get() if other is not block))
        if forward in on_record:  # a KeyboardInterrupt may have come before it was added
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
        end()  # again, because a KeyboardInterrupt may have stopped the first call


@renewed
def _end_blocks_of_other_threads() -> None:
    """End, after a fork, the blocks of the threads that the child does not have: they would slow all computing."""
    for block, end in list(_ends.items()):
        if block not in _inside.get():
            end()


def describe_node(node: Node) -> str:
    """Return the name of a node's operation and the shapes of its inputs."""
    shapes = ", ".join(str(np.shape(x._plain)) for x in node.inputs)
    return f"{node.op.title if node.op else 'a leaf'} (inputs of shape {shapes})"


def _line(node: Node) -> str:
    return f"It was recorded at {node.notes['line']}" if node.notes and "line" in node.notes else ""


def count_not_finite(data: Any) -> str:
    """Return how many elements are NaN and how many infinite, in words."""
    nan, infinite = int(np.isnan(data).sum()), int(np.isinf(data).sum())
    parts = [f"{n} {name}" for n, name in ((nan, "NaN"), (infinite, "infinite")) if n]
    return f"{' and '.join(parts)} of {np.size(data)} elements" if parts else "finite"
