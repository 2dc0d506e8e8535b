"""Leave out what nobody reads."""

from __future__ import annotations

from ..program import Instruction, Program
from .rewriting import always, with_stages


def without_dead_code(program: Program) -> Program:
    """Return a program without the instructions and constants that nobody reads.

    What draws random numbers stays: whoever draws next would get others.
    """
    wanted = {number for stage in program.stages for number in stage.outputs}
    lists: list[list[Instruction]] = []
    for stage in reversed(program.stages):
        kept = []
        for instruction in reversed(stage.instructions):
            if always(instruction) or not wanted.isdisjoint(instruction.results):
                wanted.update(instruction.reads())
                kept.append(instruction)
        lists.append(kept[::-1])
    left = with_stages(program, lists[::-1])
    left.constants = {number: value for number, value in program.constants.items() if number in wanted}
    return left
