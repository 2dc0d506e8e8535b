"""A program as a page of mathematics: what is given, every instruction on a line, what comes out and what must hold."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from html import escape
from typing import Any, NamedTuple

import numpy as np

from ....common.function_name import function_name
from ...compile.program import Instruction, Program
from ..draw.readable import small_array, statistics
from .instruction_text import instruction_text, result_names, result_types, type_text
from .recorded_facts import conditions_of, effects_of, gradients_of, returned_text, root_name
from .repetition import repetitions
from .stage_parts import inner_instructions, is_backward
from .variable_names import VariableNames

#: Shapes stand in this column at the latest; a longer line pushes its own further to the right.
_COLUMN = 72

#: Arrays of so many numbers are written out.
_WRITTEN_OUT = 6


class Line(NamedTuple):
    """One line: how far it is indented, what it says, dtype and shape, and whether it is a heading."""

    depth: int
    text: str
    type: str = ""
    heading: bool = False


def page(program: Program, limit: int | None = None) -> str:
    """Return a program as text.

    Parameters
    ----------
    program : Program
    limit : int, optional
        About how many instructions of a stage are shown: what repeats itself comes once, and of what is still longer
        the middle is left out. None shows everything.
    """
    return "\n".join(left + kind for left, kind, _ in _aligned(page_lines(program, limit)))


def page_as_html(program: Program, limit: int | None = None) -> str:
    """Return the page as a notebook shows it: headings are bold, shapes pale."""
    lines = []
    for left, kind, heading in _aligned(page_lines(program, limit)):
        text = escape(left) + (f'<span style="opacity:.6">{escape(kind)}</span>' if kind else "")
        lines.append(f"<b>{text}</b>" if heading else text)
    return '<pre style="line-height:1.3">' + "\n".join(lines) + "</pre>"


def _aligned(lines: Iterable[Line]) -> list[tuple[str, str, bool]]:
    """Return each line in two parts, the second of which begins in the same column everywhere."""
    written = [("    " * line.depth + line.text, line) for line in lines]
    fitting = [len(text) for text, line in written if line.type and len(text) <= _COLUMN]
    column = max(fitting, default=0)
    return [(f"{text:<{column}}   " if line.type else text, line.type, line.heading) for text, line in written]


def page_lines(program: Program, limit: int | None) -> Iterator[Line]:
    """Yield the lines of a page."""
    names, recorded = VariableNames(program), program.origin
    lengths = [len(stage.instructions) for stage in program.stages]
    title = "program" if recorded is None else f"program of {function_name(recorded.notes.f)}"
    yield Line(0, f"{title}: {counted(sum(lengths), 'instruction')}", heading=True)
    backward = {n for stage in program.stages[1:] for n in stage.inputs}
    given = [n for stage in program.stages[:1] for n in stage.inputs if n not in backward]
    yield from _listed("given", [Line(1, names[n], type_text(program.variables[n])) for n in given], limit)
    constants = [Line(1, constant_text(n, names), _constant_type(n, program)) for n in names.shown_constants]
    yield from _listed("constants", constants, limit)
    read = {n for stage in program.stages for n in stage.outputs}
    read.update(n for i in program.instructions for n in i.reads())
    for k, stage in enumerate(program.stages):
        if k and not stage.outputs:
            continue
        yield Line(0, "")
        yield Line(0, _stage_title(program, names, k), heading=True)
        yield from _instructions(program, k, names, read, limit)
        yield from _end_of_stage(program, names, k, limit)
    if recorded is not None:
        effects = effects_of(recorded, program, names)
        yield from _listed("then", [Line(1, _set(text, n, names)) for text, n in effects], limit)


def _set(text: str, number: int | None, names: VariableNames) -> str:
    return text if number is None else f"{text} = {names[number]}"


def _constant_type(number: int, program: Program) -> str:
    return "complex" if isinstance(program.constants[number], complex) else type_text(program.variables[number])


def constant_text(number: int, names: VariableNames) -> str:
    """Return a constant by its name and its numbers, or those that describe it."""
    value = names.program.constants[number]
    if isinstance(value, complex):
        return f"{names[number]} = {value!r}"
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "biufc":
        return f"{names[number]} = {type(value).__name__}"
    text = small_array(value) if value.size <= _WRITTEN_OUT else ", ".join(statistics(value))
    return f"{names[number]} = {text}"


def _stage_title(program: Program, names: VariableNames, k: int) -> str:
    if k == 0:
        return "backward" if _begins_backward(program, k) else "forward"
    given = ", ".join(f"{names[n]}: {type_text(program.variables[n])}" for n in program.stages[k].inputs)
    root = "" if program.origin is None else f" of {root_name(program.origin, program, names, k)}"
    return f"backward{root}, given {given}" if given else f"backward{root}"


def _begins_backward(program: Program, k: int) -> bool:
    instructions = program.stages[k].instructions
    return bool(k) if not instructions else is_backward(program, k, instructions[0])


def _end_of_stage(program: Program, names: VariableNames, k: int, limit: int | None) -> Iterator[Line]:
    """Yield what a stage hands out, and what must hold for it."""
    recorded, stage = program.origin, program.stages[k]
    if recorded is None:
        yield from _listed("gives", [Line(1, names[n]) for n in stage.outputs], limit)
        return
    if k == 0:
        yield from _listed("returns", [Line(1, returned_text(recorded, program, names))], limit)
    else:
        gradients = gradients_of(recorded, program, names, k)
        yield from _listed("gives", [Line(1, f"gradient of {name}: {names[n]}") for name, n in gradients], limit)
    conditions = conditions_of(recorded, program, names, k)
    yield from _listed("as long as", [Line(1, f"{names[n]} {text}", line) for n, text, line in conditions], limit)


def _listed(heading: str, lines: list[Line], limit: int | None) -> Iterator[Line]:
    """Yield a heading with lines below it, nothing if there are none; a long list is cut if there is a limit."""
    if lines:
        yield Line(0, heading, heading=True)
        kept = len(lines) if limit is None else max(limit // 3, 3)
        yield from lines[:kept]
        if len(lines) > kept:
            yield Line(1, f"… {len(lines) - kept:,} more")


def counted(n: int, what: str) -> str:
    """Return a number with what is counted: ``1 instruction``, ``2,704 instructions``."""
    return f"{n:,} {what}{'' if n == 1 else 's'}"


# ------------------------------------------------------------------------------------------- instructions


def _instructions(
    program: Program, k: int, names: VariableNames, read: Container[int], limit: int | None
) -> Iterator[Line]:
    """Yield the lines of the instructions of a stage."""
    instructions = program.stages[k].instructions
    if not instructions:
        yield Line(1, "nothing is computed")
    backward = _begins_backward(program, k)
    for part in folded(program, instructions, limit):
        if isinstance(part, str):
            yield Line(1, part)
            continue
        if is_backward(program, k, part) != backward:
            backward = not backward
            yield Line(0, "backward" if backward else "forward", heading=True)
        yield from _lines_of(program, part, names, read)


def _lines_of(program: Program, instruction: Instruction, names: Any, read: Container[int]) -> Iterator[Line]:
    """Yield the line of an instruction, and those of the instructions inside of a group."""
    inner = inner_instructions(instruction)
    left = result_names(instruction, names, read)
    if len(inner) == 1:
        yield Line(1, f"{left} = {instruction_text(inner[0], names, program)}", result_types(program, inner[0]))
        return
    yield Line(1, f"{left} = together, block after block", result_types(program, instruction))
    for i in inner:
        yield Line(2, f"{names[i.results[0]]} = {instruction_text(i, names, program)}", result_types(program, i))


def folded(program: Program, instructions: Sequence[Instruction], limit: int | None) -> Iterator[Instruction | str]:
    """Yield the instructions that a page shows, and what it says in the place of others.

    What repeats itself is shown once; of what is longer than ``limit`` still, the middle is left out.
    """
    if limit is None or len(instructions) <= limit:
        yield from instructions
        return
    parts: list[Instruction | str] = []
    counts: list[int] = []
    begin = 0
    for found in repetitions(program, instructions):
        first = instructions[begin : found.start + found.length]
        again = f"⋮ the same {counted(found.length, 'instruction')} {counted(found.turns - 1, 'time')} more"
        parts += [*first, f"{again}, on what came before"]
        counts += [*[1] * len(first), found.length * (found.turns - 1)]
        begin = found.stop
    parts += instructions[begin:]
    counts += [1] * (len(instructions) - begin)
    head, tail = (limit * 2) // 3, limit // 3
    if len(parts) <= limit + 1:
        yield from parts
        return
    yield from parts[:head]
    yield f"⋮ {counted(sum(counts[head:-tail]), 'instruction')} more"
    yield from parts[-tail:]
