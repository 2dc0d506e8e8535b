"""What a step of a profile computes, in a few words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ...compile.program import Instruction, Program
from .instruction_text import dotted_text, instruction_text, result_names, result_types
from .stage_parts import inner_instructions
from .variable_names import VariableNames

#: So many operations of a step are named.
_NAMED = 4


def step_text(instructions: Sequence[Instruction], names: VariableNames, program: Program) -> str:
    """Return an instruction as a line of mathematics, and several by the operations that are most frequent."""
    inner = [x for i in instructions for x in inner_instructions(i)]
    if len(inner) == 1:
        left = result_names(inner[0], names, inner[0].results)
        return f"{left} = {instruction_text(inner[0], names, program)}"
    counts = Counter(getattr(x.operation, "title", x.operation.name) for x in inner)
    named = [title if n == 1 else f"{n:,} {title}" for title, n in counts.most_common(_NAMED)]
    others = len(inner) - sum(n for _, n in counts.most_common(_NAMED))
    told = ", ".join([*named, *([f"{others:,} others"] if others else [])])
    if len(instructions) == 1:
        return f"{result_names(instructions[0], names, instructions[0].results)} = {told}"
    return f"{len(inner):,} instructions: {told}"


def operation_text(instructions: Sequence[Instruction], names: VariableNames, program: Program) -> str:
    """Return what equal steps have in common: the line of mathematics with dots in the place of variables."""
    if len(instructions) > 1 or len(inner_instructions(instructions[0])) > 1:
        return step_text(instructions, names, program).rpartition(" = ")[2]
    return dotted_text(instructions[0], names, program)


def step_type(instructions: Sequence[Instruction], program: Program) -> str:
    """Return dtype and shape of the results of an instruction; nothing of several."""
    return result_types(program, instructions[0]) if len(instructions) == 1 else ""
