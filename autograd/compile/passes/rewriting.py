"""What all passes need: who reads a variable, what leaves the program, and other variables in the place of some."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ...core.op import Op
from ...ops.views import View
from ..program import Instruction, Program, Ref


def with_refs(x: Any, places: Mapping[int, Any]) -> Any:
    """Return nested arguments that refer to other variables; ``places`` says what stands for a number now."""
    kind = x.__class__
    if kind is Ref:
        return places.get(x.number, x)
    if isinstance(x, (tuple, list)):
        items = [with_refs(item, places) for item in x]
        if all(a is b for a, b in zip(items, x)):
            return x
        return kind(*items) if hasattr(x, "_fields") else kind(items)
    if isinstance(x, Mapping):
        return {key: with_refs(item, places) for key, item in x.items()} if x else x
    if kind is slice:
        return slice(*[with_refs(end, places) for end in (x.start, x.stop, x.step)])
    return x


def reading(instruction: Instruction, places: Mapping[int, Any]) -> Instruction:
    """Return an instruction that reads other variables; itself if it reads none of those in ``places``."""
    if not places or places.keys().isdisjoint(instruction.reads()):
        return instruction
    arguments, params = with_refs(instruction.arguments, places), with_refs(instruction.params, places)
    return replace(instruction, arguments=arguments, params=params)


def with_stages(program: Program, lists: Iterable[list[Instruction]]) -> Program:
    """Return a program with the same variables and other instructions, one list for each stage."""
    stages = [replace(stage, instructions=found) for stage, found in zip(program.stages, lists)]
    return replace(program, stages=stages)


def always(instruction: Instruction) -> bool:
    """Whether an instruction gives something else each time: it stays where it is."""
    return getattr(instruction.operation, "always", False)


def writers(program: Program) -> dict[int, Instruction]:
    """Return the instruction that defines each variable."""
    return {number: i for i in program.instructions for number in i.results}


def exposed(program: Program) -> set[int]:
    """Return the variables whose memory the outside may see: the outputs, and what they may be views of.

    Whoever calls a function may write to what it returns. So no two of these may become one, and none a constant.
    """
    found = {number for stage in program.stages for number in stage.outputs}
    for instruction in reversed(program.instructions):
        if not found.isdisjoint(instruction.results) and may_be_view(instruction):
            found.update(instruction.reads())
    return found


def may_be_view(instruction: Instruction) -> bool:
    """Whether a result may share memory with what the instruction reads."""
    operation = instruction.operation
    known = isinstance(operation, Op) and not isinstance(operation, View) and not operation.user_defined
    return not known or operation.name == "identity"
