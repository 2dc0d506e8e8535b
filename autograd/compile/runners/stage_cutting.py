"""Cut the stages of a program into steps."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from functools import partial
from typing import Any

from ...core.op import PlainFunction
from ...ops.elementwise import add
from ..program import Instruction, Program, Ref, Stage
from .interpreter_tables import InterpreterTables
from .interpreter_use import Interpret
from .lowered_operations import find_lowering
from .lowering import Lowering
from .number_groups import NumberGroups, is_on_numbers
from .places import DOUBLES
from .prepared_steps import prepared_step
from .small_memory import SmallMemory
from .stage_steps import MANY, Output, PlainStep, SmallStep, StageSteps

#: How many runs' memory is kept for the next ones.
MOST_SPARE = 4

#: The fewest instructions on single numbers that are worth sorting into groups.
FEWEST_NUMBERS = 40

_KEPT = 1 << 40  # so many readers are never done


class Cutting:
    """The steps of all stages, and the memory that runs need.

    Parameters
    ----------
    program : Program
    interpret : callable or None
        The compiled interpreter.

    Attributes
    ----------
    spare : deque of SmallMemory
        Memory that runs have given back.
    """

    def __init__(self, program: Program, interpret: Interpret | None) -> None:
        self.program = program
        self.interpret = interpret
        self.left: list[int] = readers_of(program)
        self.low: Lowering = Lowering(program, self.left.copy(), opaque_variables(program), find_lowering)
        self.low.kept_outside = bases_of_outputs(program)
        self.tables: InterpreterTables = InterpreterTables(interpret)
        self.outside: set[int] = set(program.constants)
        self.stages: list[StageSteps] = []
        for number, stage in enumerate(program.stages):
            if number == 1:
                first = self.low.places.copy(), self.outside.copy()
            elif number > 1:  # it may run without those between
                self.low.places, self.outside = first[0].copy(), first[1].copy()
            self.stages.append(StageCutter(self, stage).steps)
        if interpret is not None:
            self.tables.finish(self.low)
        handed_out = {number for stage in program.stages for number in stage.outputs}
        self.constants: dict[int, Any] = {n: x for n, x in program.constants.items() if n in handed_out}
        self.spare: deque[SmallMemory] = deque(maxlen=MOST_SPARE)

    def take_memory(self) -> SmallMemory:
        """Return memory for a run."""
        try:
            return self.spare.pop()
        except IndexError:
            return SmallMemory(self.low.memory.sizes, self.low.fills)


class StageCutter:
    """Cuts one stage into steps.

    Attributes
    ----------
    segments : list of (SmallStep or None, list of Instruction)
        Runs of instructions: those of a step on small arrays, or those that are computed by their operations.
    """

    def __init__(self, cutting: Cutting, stage: Stage) -> None:
        self.cutting = cutting
        self.stage = stage
        self.low: Lowering = cutting.low
        self.program: Program = cutting.program
        self.left: list[int] = cutting.left
        self.outside: set[int] = cutting.outside
        self.steps: StageSteps = StageSteps()
        self.segments: list[tuple[SmallStep | None, list[Instruction]]] = []
        self.outside.update(stage.inputs)
        self.low.summands = summands(stage, self.left)
        self._take_floats()
        if cutting.interpret is None:
            self._without_interpreter()
        else:
            for instruction in stage.instructions:
                if self._lowered(instruction):
                    self.low.done(instruction)
                else:
                    self._plain(instruction)
        self._end()

    def _take_floats(self) -> None:
        """Copy many Python floats at once."""
        variables = self.program.variables
        floats = [(i, n) for i, n in enumerate(self.stage.inputs) if variables[n].dtype is None and self.left[n]]
        if len(floats) < MANY:
            return
        for _, number in floats:
            self._number_place(number)
        self.steps.take_floats([i for i, _ in floats], [self.low.places[n].start for _, n in floats])

    def _number_place(self, number: int) -> int:
        """Give a place of its own to a variable that is a single number."""
        place = self.low.allocate((), DOUBLES, fresh=True)
        place.storage.outside = number in self.outside
        self.low.name(number, place)
        return place.start

    # ---------------------------------------------------------------------------------- small or plain

    def _small(self) -> SmallStep:
        """Return the step on small arrays that instructions are added to."""
        if not self.segments or self.segments[-1][0] is None:
            self.segments.append((SmallStep(), []))
        return self.segments[-1][0]  # type: ignore[return-value]

    def _close(self) -> None:
        """End the step on small arrays."""
        first, last = self.low.boundary, len(self.low.parts)
        if last > first:
            self._small().compute = partial(self.cutting.tables.run, first, last)
            self.low.boundary = last

    def _lowered(self, instruction: Instruction) -> bool:
        """Let the interpreter compute an instruction, if it can."""
        before = len(self.low.imports)
        if not self.low.lower(instruction):
            return False
        step = self._small()
        step.instructions.append(instruction)
        step.imports += [(n, self.low.places[n]) for n in self.low.imports[before:]]
        return True

    def _plain(self, instruction: Instruction) -> None:
        """Let an instruction be computed by its operation."""
        self._show(instruction.reads())
        if not self.segments or self.segments[-1][0] is not None:
            self._close()
            self.segments.append((None, []))
        self.segments[-1][1].append(instruction)
        self.low.done(instruction)
        self.outside.update(instruction.results)

    def _show(self, numbers: Iterable[int]) -> None:
        """Let variables of the flat arrays be seen by others."""
        for number in numbers:
            if number in self.outside:
                continue
            place, step = self.low.export(number), self._last_small()
            step.exports.append(Output(number, place, self.program.variables[number].dtype))
            self.outside.add(number)

    def _last_small(self) -> SmallStep:
        """Return the latest step on small arrays; a new one if there is none, or if instructions wait for one."""
        if self.low.boundary == len(self.low.parts):
            for step, _ in reversed(self.segments):
                if step is not None:
                    return step
        return self._small()

    # ------------------------------------------------------------------------------ without interpreter

    def _without_interpreter(self) -> None:
        """Compute runs of many single numbers in groups, and all else by the operations."""
        numbers: list[Instruction] = []
        for instruction in self.stage.instructions:
            if is_on_numbers(instruction, self.program.variables):
                numbers.append(instruction)
                continue
            self._numbers(numbers)
            numbers = []
            self._plain(instruction)
        self._numbers(numbers)

    def _numbers(self, instructions: list[Instruction]) -> None:
        """Compute a run of instructions on single numbers."""
        if len(instructions) < FEWEST_NUMBERS:
            for instruction in instructions:
                self._plain(instruction)
            return
        step = SmallStep("groups of single numbers")
        step.instructions = instructions
        self.segments.append((step, instructions))
        inside = self._counted(instructions)
        inner = {n for i in instructions for n in i.results if inside[n] == self.left[n]}
        groups = NumberGroups(instructions, inside, inner, partial(self._place_in, step), self._places_for)
        step.compute = lambda memory: groups.run(memory.banks[DOUBLES])
        self.steps.loud = True

    def _place_in(self, step: SmallStep, x: Any) -> int:
        """Return the place of an argument."""
        if x.__class__ is not Ref or x.number in self.program.constants:
            return self.low.operand(x, DOUBLES).start
        if x.number not in self.low.places:
            self._number_place(x.number)
            step.imports.append((x.number, self.low.places[x.number]))
        return self.low.places[x.number].start

    def _places_for(self, numbers: list[int]) -> int:
        return [self._number_place(number) for number in numbers][0]

    # --------------------------------------------------------------------------------------- the end

    def _end(self) -> None:
        """Make the steps, now that it is known who reads what."""
        self.steps.expect([self._output(number) for number in self.stage.outputs])
        self._close()
        reads = [{n for n, _ in step.imports} if step else set(self._counted(i)) for step, i in self.segments]
        last = {n: k for k, numbers in enumerate(reads) for n in numbers}
        own = {n for i in self.stage.instructions for n in i.results} | set(self.stage.inputs)
        for k, (step, instructions) in enumerate(self.segments):
            gone = {n for n in reads[k] if last[n] == k and n in own and self.left[n] < _KEPT}
            if step is None:
                self.steps.loud = True
                self.steps.steps.append(self._plain_step(instructions, gone))
            else:
                step.drops = sorted(gone)
                self.steps.steps.append(step)
        used = set().union(*reads, self.stage.outputs)
        self.steps.given = [(i, n) for i, n in enumerate(self.stage.inputs) if n in used or self.left[n] >= _KEPT]

    def _output(self, number: int) -> Any:
        """Return how a variable is handed out."""
        if number in self.outside:
            return number
        if number in self.low.waiting:
            self._small()
        return Output(number, self.low.export(number), self.program.variables[number].dtype)

    def _counted(self, instructions: list[Instruction]) -> Counter[int]:
        """Return how often some instructions read each variable."""
        return Counter([n for i in instructions for n in i.reads()])

    def _plain_step(self, instructions: list[Instruction], gone: set[int]) -> PlainStep:
        """Return the step for instructions that are computed by their operations."""
        made = {n for i in instructions for n in i.results}
        inside = self._counted(instructions)
        kept = {n for n in made if inside[n] < self.left[n]}
        return PlainStep(instructions, prepared_step(instructions, self.program, kept, gone - made))


# ------------------------------------------------------------------------------------------ what is known first


def readers_of(program: Program) -> list[int]:
    """Return how often each variable is read; what another stage reads or what is handed out counts as kept."""
    home = [0] * len(program.variables)
    left = [0] * len(program.variables)
    for k, stage in enumerate(program.stages):
        for number in stage.inputs:
            home[number] = k
        for instruction in stage.instructions:
            for number in instruction.results:
                home[number] = k
            for number in instruction.reads():
                left[number] += 1 if home[number] == k else _KEPT
        for number in stage.outputs:
            left[number] += _KEPT
    return left


def opaque_variables(program: Program) -> set[int]:
    """Return the variables without a dtype that may be something else than Python floats."""
    found: set[int] = set()
    for instruction in program.instructions:
        unknown = isinstance(instruction.operation, PlainFunction) and find_lowering(instruction.operation) is None
        if unknown or len(instruction.results) > 1:
            found.update(n for n in instruction.results if program.variables[n].dtype is None)
    return found


def bases_of_outputs(program: Program) -> set[int]:
    """Return the outputs, and what they are views of."""
    found = {number for stage in program.stages for number in stage.outputs}
    for instruction in reversed(program.instructions):
        if not found.isdisjoint(instruction.results) and instruction.operation.name in _VIEWS:
            found.update(instruction.reads())
    return found


_VIEWS = {"reshape", "transpose", "expand_dims", "squeeze", "broadcast_to", "flip", "rot90", "getitem", "identity"}


def summands(stage: Stage, left: list[int]) -> set[int]:
    """Return the variables that nobody but one sum reads."""
    return {n for i in stage.instructions if i.operation is add for n in i.reads() if left[n] == 1}
