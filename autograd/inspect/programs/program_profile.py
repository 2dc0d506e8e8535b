"""``step.profile(...)``: where the time of a compiled function goes, instruction by instruction."""

from __future__ import annotations

import gc
import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np

from ....common.function_name import function_name
from ...compile.call_arguments import CallArguments
from ...compile.drawn_numbers import DrawnNumbers
from ...compile.program import Instruction, Program
from ...compile.recorded_call import Miss
from ...ops.views import View
from .profile_table import Profile, ProfileRow
from .recorded_facts import effects_of
from .step_texts import operation_text, step_text, step_type
from .variable_names import VariableNames

#: Rounds are added until so many seconds have gone, at least and at most so many.
SECONDS, FEWEST, MOST = 0.3, 5, 200


def profile(compiled: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Profile:
    """Run the program of a compiled function some times, and measure.

    Its effects are not performed: no gradient, buffer or weight is changed. Only a call that was not recorded yet is
    made once, as always.

    Parameters
    ----------
    compiled : Compiled
    args, kwargs
        The arguments of a call.

    Raises
    ------
    RuntimeError
        If such calls run no program.
    """
    recorded = _recording_for(compiled, args, kwargs)
    if recorded is None:
        compiled(*args, **kwargs)
        recorded = _recording_for(compiled, args, kwargs)
    if recorded is None:
        raise RuntimeError(f"there is no program to profile: {compiled.why_not or compiled.why_recorded}")
    numbers = DrawnNumbers(recorded.generators)
    try:
        with _without_collector():
            return _Measurement(compiled, recorded, args, kwargs).result()
    finally:
        numbers.take_back()


@contextmanager
def _without_collector() -> Iterator[None]:
    """Let Python's garbage collector rest, as ``timeit`` does: its pauses fall on whatever runs at that moment."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _recording_for(compiled: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Return the recording that holds for a call, None if there is none; whether its conditions do is not asked."""
    arguments = CallArguments(args, kwargs)
    return next((r for r in compiled.kept if r.given(arguments, compiled.f).__class__ is not Miss), None)


class _Measurement:
    """The times of steps, round after round, and of what lies around them."""

    def __init__(self, compiled: Any, recorded: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.compiled, self.recorded, self.call = compiled, recorded, (args, kwargs)
        self.program: Program = recorded.begin().program
        self.names = VariableNames(self.program)
        self.steps: list[tuple[int, Any]] = []  # in the order in which they run: the stage, and the step
        self.times: list[list[float]] = []
        self.rounds = 0

    def result(self) -> Profile:
        """Measure, and return the table."""
        given = self.recorded.given(CallArguments(*self.call), self.compiled.f)
        cotangents = [_ones(self.program, stage.inputs) for stage in self.program.stages[1:]]
        wholes: list[float] = []
        begin = perf_counter()
        while self.rounds < FEWEST or (self.rounds < MOST and perf_counter() - begin < SECONDS):
            self.rounds += 1
            self._watched_round([given, *cotangents])
            start = perf_counter()
            run = self.recorded.begin()
            outputs = [run.stage(k, data) for k, data in enumerate([given, *cotangents])]
            wholes.append(perf_counter() - start)
        rows = [self._row(i, k, step) for i, (k, step) in enumerate(self.steps)]
        around = self._around(given, outputs[0])
        effects = effects_of(self.recorded, self.program, self.names)
        left_out = [text for text, _ in effects]
        return Profile(function_name(self.compiled.f), rows, min(wholes), around, left_out, self.rounds)

    def _watched_round(self, given: Sequence[Any]) -> None:
        """Run every stage once, and note how long each step takes."""
        times: list[float] = []
        first = not self.steps
        stage = 0

        def watch(step: Any, take: Callable[[], None]) -> None:
            start = perf_counter()
            take()
            times.append(perf_counter() - start)
            if first:
                self.steps.append((stage, step))

        run = self.recorded.begin()
        for stage, data in enumerate(given):  # noqa: B007 (read by watch)
            if "watch" in inspect.signature(run.stage).parameters:
                run.stage(stage, data, watch=watch)
            else:
                watch(_Whole(self.program.stages[stage].instructions), partial(run.stage, stage, data))
        self.times.append(times)

    def _row(self, i: int, stage: int, step: Any) -> ProfileRow:
        """Describe a step, with its time beyond what the clock itself takes."""
        instructions = _instructions(step)
        seconds = max(min(times[i] for times in self.times) - _clock_takes(), 0.0)
        return ProfileRow(
            step_text(instructions, self.names, self.program),
            operation_text(instructions, self.names, self.program),
            step_type(instructions, self.program),
            _runner(step, instructions),
            1,
            seconds,
            sum(bytes_of(x, self.program) for x in instructions),
            stage,
        )

    def _around(self, given: list[Any], outputs: list[Any]) -> list[tuple[str, float]]:
        """Measure what a call does besides running the program, without its effects."""
        recorded, f = self.recorded, self.compiled.f
        arguments = CallArguments(*self.call)
        arguing = _time_of(lambda: CallArguments(*self.call))
        finding = _time_of(lambda: recorded.given(arguments, f))
        checking = _time_of(lambda: recorded.forward.failed(outputs))
        return [
            ("take the arguments apart", arguing),
            ("see whether the program is still the right one, and gather what it reads", finding),
            ("check the conditions", checking),
        ]


class _Whole:
    """All instructions of a stage, where nothing can be measured by itself."""

    runner = "program"

    def __init__(self, instructions: Sequence[Instruction]) -> None:
        self.instructions = instructions


def _instructions(step: Any) -> Sequence[Instruction]:
    found: Sequence[Instruction] = (step,) if isinstance(step, Instruction) else step.instructions
    return found


def _runner(step: Any, instructions: Sequence[Instruction]) -> str:
    """Return what computes a step."""
    if hasattr(step, "runner"):
        return str(step.runner)
    return "block after block" if hasattr(instructions[0].operation, "instructions") else "operation"


def bytes_of(instruction: Instruction, program: Program) -> int:
    """Return how many bytes an instruction reads and writes; a view touches none."""
    if isinstance(instruction.operation, View):
        return 0
    return sum(_size(program, n) for n in {*instruction.reads(), *instruction.results})


def _size(program: Program, number: int) -> int:
    variable = program.variables[number]
    return 8 if variable.dtype is None else int(np.prod(variable.shape, dtype=np.int64)) * variable.dtype.itemsize


def _ones(program: Program, inputs: Iterable[int]) -> list[Any]:
    """Return a gradient of 1 for each element of what a backward stage is given."""
    variables = [program.variables[n] for n in inputs]
    return [1.0 if v.dtype is None else np.ones(v.shape, v.dtype) for v in variables]


def _time_of(function: Callable[[], Any]) -> float:
    """Return the shortest time of a call."""
    times = []
    for _ in range(30):
        start = perf_counter()
        function()
        times.append(perf_counter() - start)
    return min(times)


def _clock_takes() -> float:
    """Return how long looking at the clock takes."""
    times = [-(perf_counter() - perf_counter()) for _ in range(30)]
    return min(times)
