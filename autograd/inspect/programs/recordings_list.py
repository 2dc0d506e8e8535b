"""The state of a compiled function in a few lines: how often it ran, and for which arguments it has programs."""

from __future__ import annotations

import re
from typing import Any

from ....common.function_name import function_name
from .instruction_text import instruction_text, type_text
from .program_page import counted
from .recorded_facts import conditions_of, short_line
from .stage_parts import inner_instructions
from .variable_names import VariableNames

#: So many arguments, and so many conditions, of a recording are named.
_NAMED = 6


def recordings_text(compiled: Any) -> str:
    """Return what a compiled function has recorded, one recording per line, the last used first.

    Parameters
    ----------
    compiled : Compiled
    """
    lines = [f"compiled {function_name(compiled.f)}: {compiled.recordings} recorded, {compiled.replays} replayed"]
    if compiled.why_not:
        lines.append(f"not compiled: {short_line(compiled.why_not)}")
    elif compiled.recordings > 1:
        lines.append(f"recorded anew because {short_line(compiled.why_recorded)}")
    for recorded in compiled.kept:
        lines += _recording(recorded)
    return "\n".join(lines)


def _recording(recorded: Any) -> list[str]:
    program = recorded.begin().program
    names = VariableNames(program)
    given = program.stages[0].inputs[: len(recorded.notes.arguments)]
    arguments = [f"{names[n]}: {type_text(program.variables[n])}" for n in dict.fromkeys(given)]
    size = counted(len(program.instructions), "instruction")
    lines = [f"  {size} for ({_few(arguments)})"]
    writers = {n: x for i in program.instructions for x in inner_instructions(i) for n in x.results}
    for stage in range(len(program.stages)):
        found = []
        for n, text, line in conditions_of(recorded, program, names, stage):
            asked = instruction_text(writers[n], names, program) if n in writers else names[n]
            found.append(f"{_closed(asked)} {text}{f'   ({line})' if line else ''}")
        lines += [f"    as long as {text}" for text in found[:_NAMED]]
        lines += [f"    and {counted(len(found) - _NAMED, 'condition')} more"] if len(found) > _NAMED else []
    return lines


def _few(texts: list[str]) -> str:
    return ", ".join([*texts[:_NAMED], *(["…"] if len(texts) > _NAMED else [])])


def _closed(text: str) -> str:
    """Return a comparison in parentheses; a name or a call needs none."""
    return text if re.fullmatch(r"[\w.]+(\(.*\)|\[.*\])?", text) else f"({text})"
