"""What a stage consists of: single instructions inside of groups, and the parts that are a backward pass."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from ...compile.program import Instruction, Program


def inner_instructions(instruction: Instruction) -> Sequence[Instruction]:
    """Return the instructions of a group, or the instruction alone."""
    found: Sequence[Instruction] = getattr(instruction.operation, "instructions", None) or (instruction,)
    return found


def is_backward(program: Program, stage: int, instruction: Instruction) -> bool:
    """Whether an instruction was traced during a backward pass: in a stage of its own, or inside of the function."""
    if stage:
        return True
    ranges = program.origin.notes.backward if program.origin is not None else []
    if not ranges:
        return False
    number = inner_instructions(instruction)[0].results[0]
    place = bisect_right(ranges, (number, len(program.variables))) - 1
    return place >= 0 and number < ranges[place][1]
