"""What a recording knows beside its program, in words: what it returns, what must hold, what is set after each run."""

from __future__ import annotations

import linecache
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...compile.program import Program
from ...compile.recorded_call import Result, map_results
from .instruction_text import static_text
from .variable_names import VariableNames

_LINE = re.compile(r"\(line (\d+) of (.*)\)$")
_ATTRIBUTES = {"SetGradient": "grad", "SetData": "data"}


def returned_text(recorded: Any, program: Program, names: VariableNames) -> str:
    """Return what the function returns, in its nested structure."""

    def text(result: Result) -> Any:
        if result.kind == "given":
            return _Written(names[program.stages[0].inputs[result.place]])
        if result.kind == "held":
            return _Written(names.known_name(result.content) or type(result.content).__name__)
        if result.kind == "constant":
            return _Written(static_text(getattr(result.content, "_plain", result.content), names))
        return _Written(names[program.stages[0].outputs[result.place]])

    return repr(map_results(text, recorded.results))


def returned_variables(recorded: Any, program: Program) -> list[int]:
    """Return the variables that the function returns."""
    found: list[int] = []

    def look(result: Result) -> None:
        if result.kind == "given":
            found.append(program.stages[0].inputs[result.place])
        elif result.kind not in ("held", "constant"):
            found.append(program.stages[0].outputs[result.place])

    map_results(look, recorded.results)
    return found


class _Written(str):
    """A text that is shown without quotes inside of a structure."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def root_name(recorded: Any, program: Program, names: VariableNames, stage: int) -> str:
    """Return the name of the result whose gradient a backward stage pulls back."""
    found: list[str] = []

    def look(result: Result) -> None:
        if result.stage and recorded.backward[result.stage - 1].stage == stage:
            found.append(names[program.stages[0].outputs[result.place]])

    map_results(look, recorded.results)
    return found[0] if found else "a result"


def _plan_of(recorded: Any, stage: int) -> Any:
    """Return what a recording knows of a stage."""
    return next((plan for plan in recorded.backward if plan.stage == stage), recorded.forward)


def conditions_of(recorded: Any, program: Program, names: VariableNames, stage: int) -> Iterator[tuple[int, str, str]]:
    """Yield what must hold for a stage to be right: a variable, what it must be, and the line that asked."""
    for place, condition in _plan_of(recorded, stage).conditions:
        answer = condition.answer
        text = f"is {answer}" if isinstance(answer, bool) else f"== {static_text(answer, names)}"
        yield program.stages[stage].outputs[place], text, short_line(condition.line).strip()[1:-1]


def short_line(text: str) -> str:
    """Return a text that names a line of a file with what stands there, if it can be read, instead of the path."""
    found = _LINE.search(text)
    if found is None:
        return text
    number, file = int(found[1]), found[2]
    source = linecache.getline(file, number).strip()
    line = f"line {number}: {source}" if source else f"line {number} of {Path(file).name}"
    return f"{text[: found.start()]}({line})"


def gradients_of(recorded: Any, program: Program, names: VariableNames, stage: int) -> Iterator[tuple[str, int]]:
    """Yield the nodes that get a gradient from a backward stage, with the variable that it is."""
    for plan in recorded.backward:
        for node, place in zip(plan.sources, plan.gradients) if plan.stage == stage else ():
            yield names.known_name(node) or "a node", program.stages[stage].outputs[place]


def effects_of(recorded: Any, program: Program, names: VariableNames) -> Iterator[tuple[str, int | None]]:
    """Yield what is done after each run, in order: what is set, and the variable that it becomes, if it does."""
    for effect, place in recorded.effects:
        number = None if place is None else program.stages[0].outputs[place]
        if hasattr(effect, "function"):
            yield f"{_name_of_call(effect.function, effect.args)}()", None
            continue
        if hasattr(effect, "module"):
            text = names.buffer_name(effect.module, effect.name)
        else:
            text = f"{names.known_name(effect.node) or 'a node'}.{_ATTRIBUTES.get(type(effect).__name__, 'data')}"
        yield text if number is not None else f"{text} = None", number


def _name_of_call(function: Any, args: tuple[Any, ...]) -> str:
    """Return the name of a function, or of a method with the class of its object: ``Adam.step``."""
    name = getattr(function, "__name__", type(function).__name__)
    owner = getattr(function, "__self__", args[0] if args and hasattr(args[0], name) else None)
    return name if owner is None else f"{type(owner).__name__}.{name}"
