"""Adding gradients to ``.grad``."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any

from ..common.fork import renewed
from .core.node import Node

#: Held while gradients are added, so that threads may share leaves; a signal handler or a destructor inside may take
#: it again.
_lock = threading.RLock()


@renewed
def _renew_lock() -> None:
    global _lock
    _lock = threading.RLock()


def accumulate(gradients: Iterable[tuple[Node, Any]]) -> None:
    """Add gradients to the ``.grad`` of their nodes."""
    with _lock:
        for node, g in gradients:
            if node._grad is not None:
                node._grad = node._grad + g  # in an array of its own: others may hold either of them
            else:
                node._grad = g if g.__class__ is float else node.own(g)
