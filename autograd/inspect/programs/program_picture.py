"""The picture of a program: a box for each instruction, forward downwards and backward upwards beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from ...compile.program import Instruction, Program
from ...core.node import Node
from ..draw.picture import Arrow, Box, Picture
from ..draw.readable import shortened
from .instruction_text import dotted_text, instruction_text, result_types, type_text
from .program_page import constant_text, counted
from .recorded_facts import conditions_of, effects_of, gradients_of, returned_variables, root_name
from .repetition import repetitions
from .stage_parts import inner_instructions, is_backward
from .variable_names import VariableNames

#: A longer line of mathematics is drawn with dots in the place of what arrows lead to.
_LONGEST, _LONGEST_DOTTED = 26, 44

#: So many conditions and effects are told below the drawing.
_NOTES = 6


class Drawn(NamedTuple):
    """An instruction that gets a box.

    Attributes
    ----------
    instruction : Instruction
    groups : tuple of str
        The clusters around it, outermost first.
    backward : bool
        Whether it belongs to a backward pass.
    """

    instruction: Instruction
    groups: tuple[str, ...]
    backward: bool


@dataclass
class LeftOut:
    """A stretch of instructions for which one box stands."""

    instructions: list[Instruction]


def picture_of_program(program: Program, max_nodes: int, fold: bool | None = None) -> Picture:
    """Describe the drawing of a program.

    Parameters
    ----------
    program : Program
    max_nodes : int
        The largest number of instructions, and of given variables, that are drawn.
    fold : bool, optional
        Draw one turn of a loop for all; by default only in programs of more than ``max_nodes`` instructions.
    """
    return _Drawer(program, max_nodes, fold).picture()


class _Drawer:
    """Collects boxes and arrows."""

    def __init__(self, program: Program, max_nodes: int, fold: bool | None) -> None:
        self.program, self.most = program, max_nodes
        size = sum(len(inner_instructions(i)) for i in program.instructions)
        self.fold = size > max_nodes if fold is None else fold
        self.names = VariableNames(program)
        self.two_ways = any(is_backward(program, k, i) for k, s in enumerate(program.stages) for i in s.instructions)
        self.boxes: list[Box] = []
        self.arrows: dict[tuple[str, str], Arrow] = {}
        self.home: dict[int, str] = {}
        self.same: dict[int, int] = {}  # for a variable of a later turn, that of the turn that is drawn
        self.backward: set[str] = set()
        self.notes: list[str] = []
        self.told: dict[int, list[str]] = {}  # what a result is for, by variable
        self.roots: set[int] = set()

    def picture(self) -> Picture:
        """Return the finished picture."""
        self._tell_results()
        stages = [list(self._stage(k)) for k in range(len(self.program.stages))]
        share = max(self.most // max(len(stages), 1), 2)
        short = [list(self._shortened(items, share)) for items in stages]
        self.roots = {self.same.get(n, n) for n in self.roots}
        read = {n for items in short for item in items for n in _reads(item)}
        self._add_given(read)
        for items in short:
            for item in items:
                self._add(item)
        self._tell_conditions()
        return Picture(self.boxes, list(self.arrows.values()), self.notes)

    # ------------------------------------------------------------------------------------ what is drawn

    def _stage(self, k: int) -> Iterator[Drawn]:
        """Yield the instructions of a stage that get a box, one turn for all of a loop."""
        instructions = self.program.stages[k].instructions
        begin = 0
        for found in repetitions(self.program, instructions) if self.fold else []:
            yield from self._drawn(k, instructions[begin : found.start], ())
            first = instructions[found.start : found.start + found.length]
            yield from self._drawn(k, first, (f"{found.turns:,} times, one after the other",))
            for i in range(found.start + found.length, found.stop):
                like = instructions[found.start + (i - found.start) % found.length]
                self._same(instructions[i], like)
            begin = found.stop
        yield from self._drawn(k, instructions[begin:], ())

    def _same(self, instruction: Instruction, like: Instruction) -> None:
        """Let the box of one instruction stand for another of a later turn, too."""
        for one, other in zip(inner_instructions(instruction), inner_instructions(like)):
            self.same.update(zip(one.results, other.results))

    def _drawn(self, k: int, instructions: Iterable[Instruction], around: tuple[str, ...]) -> Iterator[Drawn]:
        for i in instructions:
            backward = is_backward(self.program, k, i)
            groups = (*self._part(k, backward), *around)
            inner = inner_instructions(i)
            if len(inner) > 1:
                groups = (*groups, f"together, block after block ({self.names[i.results[0]]})")
            yield from (Drawn(x, groups, backward) for x in inner)

    def _part(self, k: int, backward: bool) -> tuple[str, ...]:
        if k:
            return (f"backward of {self._root(k)}",)
        if backward:
            return ("backward",)
        return ("forward",) if self.two_ways else ()

    def _root(self, k: int) -> str:
        origin = self.program.origin
        return f"stage {k}" if origin is None else root_name(origin, self.program, self.names, k)

    def _shortened(self, items: list[Drawn], most: int) -> Iterator[Drawn | LeftOut]:
        """Leave out the middle of a long stage."""
        if len(items) <= most:
            yield from items
            return
        head, tail = most - most // 2, most // 2
        yield from items[:head]
        yield LeftOut([item.instruction for item in items[head : len(items) - tail]])
        yield from items[len(items) - tail :]

    # ---------------------------------------------------------------------------------- boxes and arrows

    def _key(self, number: int) -> str:
        return f"v{number}"

    def _add_given(self, read: set[int]) -> None:
        """Add boxes for what is given and for constants, as far as they are read."""
        given = [n for stage in self.program.stages for n in stage.inputs if n in read or n in self.roots]
        constants = [n for n in self.names.shown_constants if n in read]
        kinds = self._kinds_of_given()
        self.backward.update(self._key(n) for stage in self.program.stages[1:] for n in stage.inputs)
        for n in given[: self.most]:
            self._add_box([n], Box(self._key(n), kinds.get(n, "input"), self.names[n]), [self._type(n)])
        for n in constants[: self.most]:
            text = constant_text(n, self.names).partition(" = ")[2]
            self._add_box([n], Box(self._key(n), "constant", self.names[n]), [self._type(n), text])
        more = given[self.most :] + constants[self.most :]
        if more:
            self.boxes.append(Box("more_given", "more", f"… {len(more):,} more given"))
            self.home.update(dict.fromkeys(more, "more_given"))

    def _kinds_of_given(self) -> dict[int, Any]:
        """Tell parameters, which get gradients, and other things that are read anew at each call, from arguments."""
        origin = self.program.origin
        if origin is None:
            return {}
        inputs = self.program.stages[0].inputs[len(origin.notes.arguments) :]
        return {
            n: "parameter" if isinstance(x, Node) and x.requires_grad else "constant"
            for n, x in zip(inputs, origin.captured)
        }

    def _type(self, number: int) -> str:
        return type_text(self.program.variables[number])

    def _add_box(self, numbers: Iterable[int], box: Box, lines: list[str]) -> None:
        for n in numbers:
            self.home[n] = box.key
            lines += self.told.get(n, [])
            box.is_root = box.is_root or n in self.roots
        box.lines = [*filter(None, lines)]
        self.boxes.append(box)

    def _add(self, item: Drawn | LeftOut) -> None:
        """Add the box of an instruction, or of what is left out, with the arrows that lead to it."""
        if isinstance(item, LeftOut):
            key = f"more{len(self.boxes)}"
            self.boxes.append(Box(key, "more", f"… {counted(len(item.instructions), 'instruction')} more"))
            self.home.update((n, key) for i in item.instructions for n in i.results)
            self._lead(key, (n for i in item.instructions for n in i.reads()))
            return
        i = item.instruction
        key = self._key(i.results[0])
        box = Box(key, "gradient" if item.backward else "result", op=self._text(i), group=item.groups)
        box.name = ", ".join(self.names[n] for n in i.results)
        box.value_in_full = instruction_text(i, self.names, self.program)
        if item.backward:
            self.backward.add(key)
        self._add_box(i.results, box, [result_types(self.program, i)])
        self._lead(key, i.reads())

    def _text(self, i: Instruction) -> str:
        """Return what is computed, with dots in the place of variables where their names are long."""
        text = instruction_text(i, self.names, self.program)
        if len(text) <= _LONGEST:
            return text
        return shortened(dotted_text(i, self.names, self.program), _LONGEST_DOTTED)

    def _lead(self, key: str, read: Iterable[int]) -> None:
        """Add arrows to a box; those of a backward pass go upwards."""
        for n in read:
            tail = self.home.get(self.same.get(n, n))
            if tail is not None and tail != key:
                self.arrows.setdefault((tail, key), Arrow(tail, key, back={tail, key} <= self.backward))

    # ------------------------------------------------------------------------------------ what is told

    def _tell_results(self) -> None:
        """Note what is returned, and what becomes of other results."""
        origin, program = self.program.origin, self.program
        if origin is None:
            self.roots = {n for stage in program.stages for n in stage.outputs}
            return
        self.roots = set(returned_variables(origin, program))
        for k in range(1, len(program.stages)):
            for name, number in gradients_of(origin, program, self.names, k):
                self.told.setdefault(number, []).append(f"gradient of {name}")
        effects = list(effects_of(origin, program, self.names))
        for text, place in effects:
            if place is not None:
                self.told.setdefault(place, []).append(f"becomes {text}")
        calls = [text for text, place in effects if place is None]
        self.notes += [f"then {text}" for text in calls[:_NOTES]]

    def _tell_conditions(self) -> None:
        origin = self.program.origin
        if origin is None:
            return
        found = [
            f"as long as {self.names[n]} {text}{f'   ({line})' if line else ''}"
            for k in range(len(self.program.stages))
            for n, text, line in conditions_of(origin, self.program, self.names, k)
        ]
        self.notes += found[:_NOTES]
        if len(found) > _NOTES:
            self.notes.append(f"and {counted(len(found) - _NOTES, 'condition')} more")


def _reads(item: Drawn | LeftOut) -> Iterator[int]:
    for i in item.instructions if isinstance(item, LeftOut) else [item.instruction]:
        yield from i.reads()
