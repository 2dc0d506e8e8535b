"""Recording: how a computation leaves a graph."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from threading import get_ident
from typing import Any

import numpy as np

from ...common.plain_data import frozen, plain
from .node import NO_PARAMS, Constant, Node, clock, current_trace, kinds, look, on_look, on_record

_new = object.__new__


def record(op: Any, data: Any, inputs: tuple[Any, ...], params: Mapping[str, Any] = NO_PARAMS) -> Any:
    """Make the node that carries ``data``; it leads to its inputs if one of them requires gradients."""
    kind = data.__class__
    if isinstance(data, Node):  # a stand-in, in a trace
        return current_trace().record(op, data, inputs, params)
    if kind is not np.ndarray and kind is not float:
        data = np.asarray(data if isinstance(data, np.generic) else plain(data))
        kind = np.ndarray
    node: Node = _new(kinds[kind])
    node._plain, node._grad, node.notes, node.number = data, None, None, clock()
    tracked = constants = False
    for x in inputs:
        if not isinstance(x, Node):
            constants = True
        elif x._tracked:
            tracked = True
    if not (tracked and (not open_blocks or is_recording())):
        _without_graph(node, op, inputs, tracked)
        if on_record:
            _show(node, op, inputs, params)
        return node
    if kind is np.ndarray:
        data.setflags(False)  # not writeable: derivative rules may read it again
    if constants:
        inputs = tuple([x if isinstance(x, Node) else Constant(frozen(x)) for x in inputs])
    node.op, node.params, node._tracked = op, params, True
    node._x, node._y = inputs if len(inputs) == 2 else (inputs[0] if len(inputs) == 1 else inputs, None)
    if on_record:
        _show(node, op, inputs, params)
    return node


def _show(node: Node, op: Any, inputs: tuple[Any, ...], params: Mapping[str, Any]) -> None:
    """Let all who watch see a result."""
    for watch in tuple(on_record):  # another thread may end its own watch meanwhile: nobody is to be left out
        watch(node, op, inputs, params)


def _without_graph(node: Node, op: Any, inputs: tuple[Any, ...], tracked: bool) -> None:
    """Fill in a result that has no graph: note why, and let it share memory with none of its inputs."""
    node.op, node.inputs, node.params, node._tracked = None, (), NO_PARAMS, False
    lost = f"{op.title} was computed under no_grad" if tracked else None
    for x in inputs:
        if isinstance(x, Node):
            if tracked and on_look:
                look("computes under no_grad, so that a result lost its graph", x)
            if x.notes is not None:
                lost = x.notes.get("lost", lost)
            data = node._plain
            if data.__class__ is np.ndarray and data.base is not None and np.may_share_memory(data, x._plain):
                node._plain = data.copy(order="K")  # a write to one must not reach the other
    if lost is not None:
        node.notes = {"lost": lost}


class Block:
    """A ``no_grad`` block that was entered, with the one around it and the thread that entered it."""

    __slots__ = ("around", "over", "thread")

    def __init__(self, around: Block | None) -> None:
        self.around: Block | None = around
        self.thread: int = get_ident()
        self.over: bool = True  # it begins when all is noted


#: The innermost block that this thread or asynchronous task is inside; and all blocks that are open in any thread: as
#: long as there is none, nobody needs to ask further.
innermost: ContextVar[Block | None] = ContextVar("no_grad", default=None)
open_blocks: list[Block] = []


def innermost_open() -> Block | None:
    """Return the innermost block that is still open: one may have ended elsewhere, as that of a suspended generator."""
    block = innermost.get()
    while block is not None and block.over:
        block = block.around
    return block


def is_recording() -> bool:
    """Return whether operations on nodes leave a graph in this thread and task."""
    return not open_blocks or innermost_open() is None


@contextmanager
def recording() -> Generator[None, None, None]:
    """Leave a graph inside this block even if it stands in a ``no_grad`` block."""
    around = innermost.get()
    innermost.set(None)
    try:
        yield
    finally:
        innermost.set(around)
