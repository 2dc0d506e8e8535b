"""The steps of a stage on small arrays and single numbers, and what is given to a stage and handed out by it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..program import Instruction, Program
from .places import DOUBLES, TRUTH, Place
from .prepared_steps import Step, prepared_step
from .small_memory import SmallMemory

#: Number of Python floats from which they are copied all at once.
MANY = 8


class SmallStep:
    """A run of instructions on small arrays and single numbers.

    Attributes
    ----------
    instructions : list of Instruction
    runner : str
        What computes them.
    compute : callable
        Computes on the memory of a run.
    imports : list of (int, Place)
        Variables that are copied into the flat arrays first.
    exports : list of Output
        Those that other steps read.
    drops : list of int
        Variables that nobody reads afterwards.
    """

    def __init__(self, runner: str = "the interpreter of small arrays") -> None:
        self.instructions: list[Instruction] = []
        self.runner = runner
        self.compute: Callable[[SmallMemory], None] = _nothing
        self.imports: list[tuple[int, Place]] = []
        self.exports: list[Output] = []
        self.drops: list[int] = []

    def __call__(self, run: Any) -> None:
        """Copy in, compute, and let others see what they read."""
        memory, values = run.memory, run.values
        for number, place in self.imports:
            memory.view_of(number, place)[...] = values[number]
        self.compute(memory)
        for output in self.exports:
            values[output.number] = output.seen(memory)
        for number in self.drops:
            del values[number]


def _nothing(memory: SmallMemory) -> None:
    """Compute nothing: what others want to see is there already."""


class PlainStep:
    """Instructions that are computed by their operations.

    Parameters
    ----------
    instructions : list of Instruction
    function : callable
        Computes on the data of variables, by number.
    """

    runner = "operations"

    def __init__(self, instructions: list[Instruction], function: Callable[[Any], None]) -> None:
        self.instructions = instructions
        self.function = function
        self.single: list[tuple[Instruction, Step]] | None = None

    def __call__(self, run: Any) -> None:
        """Compute."""
        self.function(run.values)

    def one_by_one(self, program: Program) -> list[tuple[Instruction, Step]]:
        """Return each instruction with a function that computes it alone, for those who measure."""
        if self.single is None:
            self.single = [(i, prepared_step([i], program, set(i.results), set())) for i in self.instructions]
        return self.single


class Output(NamedTuple):
    """A variable of the flat arrays, as others see it.

    Attributes
    ----------
    number : int
    place : Place
    dtype : dtype or None
        None for a Python float or bool.
    """

    number: int
    place: Place
    dtype: Any

    def seen(self, memory: SmallMemory) -> Any:
        """Return the data; an array may look at the memory of the run."""
        place = self.place
        if not place.shape:
            data = memory.readable[place.bank][place.start]
            if self.dtype is None:
                return data.item()
            return data if data.dtype == self.dtype else data.astype(self.dtype)
        data = memory.view_of(self.number, place)
        return data if data.dtype == self.dtype else data.astype(self.dtype)

    def owned(self, memory: SmallMemory) -> Any:
        """Return the data in memory of its own."""
        data = self.seen(memory)
        return data.copy("K") if self.place.shape and memory.owns(data) else data


class StageSteps:
    """What is done in a stage: what is given is taken, the steps are made, results are handed out.

    Attributes
    ----------
    steps : list of step
    loud : bool
        Whether NumPy might warn.
    """

    def __init__(self) -> None:
        self.steps: list[Any] = []
        self.given: list[tuple[int, int]] = []
        self.floats: tuple[list[int], Any] | None = None
        self.outputs: list[Any] = []
        self.others: list[tuple[int, Any]] = []
        self.many: tuple[Any, Any] | None = None
        self.loud = False

    def take_floats(self, places: Sequence[int], where: Sequence[int]) -> None:
        """Let many Python floats be copied at once: their places among what is given, and in the flat array."""
        self.floats = list(places), _index(where)

    def expect(self, outputs: Sequence[Any]) -> None:
        """Say what is handed out: each an Output, or the number of a variable that others have computed."""
        self.outputs = list(outputs)
        many = [i for i, o in enumerate(outputs) if o.__class__ is Output and o.dtype is None and o.place.bank != TRUTH]
        many = [i for i in many if outputs[i].place.bank == DOUBLES]
        if len(many) >= MANY:
            self.many = _index(many), _index([outputs[i].place.start for i in many])
            for i in many:
                self.outputs[i] = None
        self.others = [(place, output) for place, output in enumerate(self.outputs) if output is not None]

    def take(self, run: Any, given: Sequence[Any]) -> None:
        """Take what is given."""
        values = run.values
        for place, number in self.given:
            values[number] = given[place]
        if self.floats is not None:
            places, where = self.floats
            run.memory.banks[DOUBLES][where] = [given[place] for place in places]

    def hand_out(self, run: Any) -> list[Any]:
        """Return the outputs, in memory of their own."""
        memory, values = run.memory, run.values
        found: list[Any] = [None] * len(self.outputs)
        if self.many is not None:
            places, where = self.many
            numbers = memory.banks[DOUBLES][where].tolist()
            if places.__class__ is slice:
                found[places] = numbers
            else:
                for place, number in zip(places.tolist(), numbers):
                    found[place] = number
        for place, output in self.others:
            if output.__class__ is Output:
                found[place] = output.owned(memory)
            else:
                data = values[output]
                found[place] = data.copy("K") if memory.owns(data) else data
        return found


def _index(places: Sequence[int]) -> Any:
    """Return a slice for places side by side, else an array of them."""
    if list(places) == list(range(places[0], places[0] + len(places))):
        return slice(places[0], places[0] + len(places))
    return np.array(places)
