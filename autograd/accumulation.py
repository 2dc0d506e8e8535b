"""Adding gradients to ``.grad``."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any

from ..common.fork import renewed
from .core.node import Node, current_trace, traces
from .hooks import run_hooks

#: Held while gradients are added, so that threads may share leaves; a signal handler or a destructor inside may take
#: it again.
_lock = threading.RLock()


@renewed
def _renew_lock() -> None:
    global _lock
    _lock = threading.RLock()


def accumulate(gradients: Iterable[tuple[Node, Any]]) -> None:
    """Add gradients to the ``.grad`` of their nodes; those of leaves after their hooks, if none of these raises."""
    if traces and (trace := current_trace()) is not None:
        trace.accumulate(gradients)
        return
    arrays = []
    with _lock:
        for node, g in gradients:
            if g.__class__ is float:
                node._grad = g if node._grad is None else node._grad + g
            else:
                arrays.append((node, g))
    if not arrays:
        return
    for place, (node, g) in enumerate(arrays):
        if node.notes and node.op is None:
            arrays[place] = node, run_hooks(node, g)  # outside of the lock, since it is user-defined
    with _lock:
        for node, g in arrays:  # in an array of its own: others may hold either term
            node._grad = node.own(g) if node._grad is None else node._grad + g
