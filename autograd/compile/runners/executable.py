"""A program made ready to run: its stages cut into steps, each of which is run in the way that suits it.

Runs of instructions on small arrays are one step: the interpreter's. Everything else is computed by the operations
themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from ....common.quiet import quiet
from ..program import Program
from .interpreter_use import compiled_interpreter
from .stage_cutting import Cutting
from .stage_steps import PlainStep


class Executable:
    """A program whose stages are lists of steps.

    Threads may run it at the same time, and a run may begin while another one goes on: each has memory of its own.

    Parameters
    ----------
    program : Program
    steady : bool
        Whether all runs are to be computed in one way: without the compiled interpreter, which may come later.
    """

    def __init__(self, program: Program, steady: bool = False) -> None:
        self.program = program
        self.steady = steady
        self._cut()

    def _cut(self) -> None:
        interpret = None if self.steady else compiled_interpreter()
        self.cutting: Cutting = Cutting(self.program, interpret)
        self.interpret = interpret  # last: cutting may be interrupted

    def run(self) -> ExecutableRun:
        """Begin a run."""
        if not self.steady and self.interpret is None and compiled_interpreter() is not None:  # it is there by now
            self._cut()
        return ExecutableRun(self.cutting)


class ExecutableRun:
    """One run of a program, from stage to stage.

    Parameters
    ----------
    cutting : Cutting

    Attributes
    ----------
    values : dict
        The data of variables that lie in no memory of small arrays, by number.
    memory : SmallMemory
        The flat arrays; they go back when the run is deleted.
    """

    memory: Any = None  # until there is one: a KeyboardInterrupt may come first

    def __init__(self, cutting: Cutting) -> None:
        self.cutting = cutting
        self.values: dict[int, Any] = cutting.constants.copy()
        self.memory = cutting.take_memory()

    def __del__(self) -> None:
        if self.memory is not None:
            self.cutting.spare.append(self.memory)

    @property
    def program(self) -> Program:
        """The program that runs."""
        return self.cutting.program

    def stage(self, number: int, given: Sequence[Any], watch: Callable[[Any, Any], None] | None = None) -> list[Any]:
        """Run a stage.

        Parameters
        ----------
        number : int
            Which; the stages before it have run.
        given : sequence
            The data of its inputs: arrays and Python floats.
        watch : callable, optional
            Called in the place of each step with the step, and a function that takes it; in the place of instructions
            that are computed by their operations with one after the other.

        Returns
        -------
        list
            The data of its outputs. Nobody else writes to them.
        """
        stage = self.cutting.stages[number]
        stage.take(self, given)
        if stage.loud:
            with quiet():
                self._take(stage.steps, watch)
        else:
            self._take(stage.steps, watch)
        return stage.hand_out(self)

    def _take(self, steps: Sequence[Any], watch: Callable[[Any, Any], None] | None) -> None:
        """Take all steps of a stage."""
        for step in steps:
            if watch is None:
                step(self)
            elif step.__class__ is PlainStep:
                for instruction, function in step.one_by_one(self.cutting.program):
                    watch(instruction, partial(function, self.values))
            else:
                watch(step, partial(step, self))
