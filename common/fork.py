"""Renewing locks and other state of threads in a forked child.

A fork copies the memory of all threads, but only the calling thread goes on. A lock that another thread held would stay
locked for ever, its work would stay half done, and helper threads are gone. So every module that keeps a lock, or
state of work in progress, registers a function that renews it; a test finds modules that do not.
"""

from __future__ import annotations

import os
from collections.abc import Callable

#: The functions that a child calls, by the name of their module.
renewals: dict[str, Callable[[], None]] = {}


def renewed(function: Callable[[], None]) -> Callable[[], None]:
    """Decorate the function that renews the locks and the state of its module in a forked child."""
    renewals[function.__module__] = function
    return function


def _renew() -> None:
    for renew in renewals.values():
        renew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)
