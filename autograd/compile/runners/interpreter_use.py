"""The compiled interpreter of small arrays, where ``autograd/fast`` brings it."""

from __future__ import annotations

from collections.abc import Callable

from ....common.seam import replaceable

#: Runs parts of tables: addresses of the three tables and of the four flat arrays, the first and the last part.
Interpret = Callable[[int, int, int, int, int, int, int, int, int], None]


@replaceable
def compiled_interpreter() -> Interpret | None:
    """Return the interpreter, if it is there already; what needs it does without it till then."""
    return None
