"""What a forked child begins anew.

A fork copies the memory of all threads and goes on with one of them. A lock that another thread held would stay locked
for ever, work that it had begun would stay half done, and threads that should help are not there. So every module that
keeps a lock, or a note of what is under way, says here how to begin anew; a test finds those that do not.
"""

from __future__ import annotations

import os
from collections.abc import Callable

#: The functions that a child calls, by the name of the module that each belongs to.
renewals: dict[str, Callable[[], None]] = {}


def renewed(function: Callable[[], None]) -> Callable[[], None]:
    """Decorate the function that renews the locks and notes of its module in a forked child."""
    renewals[function.__module__] = function
    return function


def _renew() -> None:
    for renew in renewals.values():
        renew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)
