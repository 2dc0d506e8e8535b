"""The passes, in the order in which they are applied."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..program import Program
from .common_subexpressions import without_repetitions
from .constant_folding import with_constants_folded
from .dead_code import without_dead_code
from .grouping import with_groups
from .idle_operations import without_idle_operations
from .joining import with_parts_joined

Pass = Callable[[Program], Program]

#: Each leaves something to the next: what is exchanged may become constant, and what is constant may be equal.
SIMPLIFYING: tuple[Pass, ...] = (
    without_dead_code,
    with_constants_folded,
    without_idle_operations,
    with_constants_folded,
    without_repetitions,
    without_idle_operations,
    without_dead_code,
)


#: What follows, for programs that are to run.
PASSES: tuple[Pass, ...] = (*SIMPLIFYING, with_parts_joined, with_groups)


def simplified(program: Program, passes: Sequence[Pass] = SIMPLIFYING) -> Program:
    """Return a program that gives the same with fewer instructions."""
    for simplify in passes:
        program = simplify(program)
    return program
