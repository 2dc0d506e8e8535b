"""Adding gradients to ``.grad``."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any

from ..common.fork import renewed
from .core.node import Node
from .hooks import run_hooks

#: Held while gradients are added, so that threads may share leaves; a signal handler or a destructor inside may take
#: it again.
_lock = threading.RLock()


@renewed
def _renew_lock() -> None:
    global _lock
    _lock = threading.RLock()


def accumulate(gradients: Iterable[tuple[Node, Any]]) -> None:
    """Add gradients to the ``.grad`` of their nodes; those of leaves after their hooks."""
    arrays = []
    with _lock:
        for node, g in gradients:
            if g.__class__ is not float:
                arrays.append((node, g))
            else:
                node._grad = g if node._grad is None else node._grad + g
    arrays = [(x, run_hooks(x, g) if x.op is None and x.notes else g) for x, g in arrays]  # user-defined: no lock
    with _lock:
        for node, g in arrays:  # sums in arrays of their own: others may hold the terms
            node._grad = node.own(g) if node._grad is None else node._grad + g
