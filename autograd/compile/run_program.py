"""Run a program instruction by instruction: the definition of what every quicker way has to give."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from ...common.quiet import quiet
from .program import Instruction, Program, spread, with_data


class ProgramRun:
    """One run of a program: the data of its variables, from stage to stage.

    Parameters
    ----------
    program : Program
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.values: dict[int, Any] = dict(program.constants)

    def stage(self, number: int, given: Sequence[Any], watch: Callable[[Any, Any], None] | None = None) -> list[Any]:
        """Run a stage.

        Parameters
        ----------
        number : int
            Which; the stages before it have run.
        given : sequence
            The data of its inputs: arrays and Python floats.
        watch : callable, optional
            Called in the place of each step with the step, here an instruction, and a function that takes it. This is
            how a profile is made.

        Returns
        -------
        list
            The data of its outputs. Nobody else writes to them.
        """
        stage, values = self.program.stages[number], self.values
        values.update(zip(stage.inputs, given))
        with quiet():
            for instruction in stage.instructions:
                if watch is None:
                    self._compute(instruction)
                else:
                    watch(instruction, partial(self._compute, instruction))
        return [values[i] for i in stage.outputs]

    def _compute(self, instruction: Instruction) -> None:
        """Compute the results of an instruction."""
        values = self.values
        arguments = with_data(instruction.arguments, values)
        computed = instruction.operation.compute(*arguments, **with_data(instruction.params, values))
        values.update(zip(instruction.results, spread(computed)))
