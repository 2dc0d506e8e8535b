"""Compute once what is always the same."""

from __future__ import annotations

from typing import Any

from ....common.quiet import quiet
from ..program import Instruction, Program, spread, with_data
from .rewriting import always, exposed, with_stages

#: Bytes of a result from which on it is computed anew each time: memory that is read costs as much as some arithmetic.
LARGEST = 1 << 20


def with_constants_folded(program: Program) -> Program:
    """Return a program in which what is computed from constants alone is a constant itself.

    What leaves the program is computed each time, since whoever gets it may write to it.
    """
    constants, outside = dict(program.constants), exposed(program)
    lists: list[list[Instruction]] = []
    for stage in program.stages:
        kept = []
        for instruction in stage.instructions:
            found = None if always(instruction) else _value(instruction, constants)
            if found is None or not outside.isdisjoint(instruction.results):
                kept.append(instruction)
            else:
                constants.update(zip(instruction.results, found))
        lists.append(kept)
    folded = with_stages(program, lists)
    folded.constants = constants
    return folded


def _value(instruction: Instruction, constants: dict[int, Any]) -> tuple[Any, ...] | None:
    """Return the results of an instruction that reads constants only; None if they are not to be kept."""
    for number in instruction.reads():
        if number not in constants:
            return None
    arguments, params = with_data(instruction.arguments, constants), with_data(instruction.params, constants)
    try:
        with quiet():
            computed = instruction.operation.compute(*arguments, **params)
    except Exception:  # it fails at each run, too, where the caller sees it
        return None
    results = spread(computed)
    if sum(getattr(x, "nbytes", 0) for x in results) > LARGEST:
        return None
    return results
