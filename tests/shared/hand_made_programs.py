"""Programs written by hand, with the numbers on which they are tried."""

from __future__ import annotations

from typing import Any

import numpy as np

from seegrad.autograd.compile.program import Instruction, Program, Ref, Stage, Variable, with_data
from seegrad.autograd.compile.run_program import ProgramRun
from seegrad.common.quiet import quiet


class ProgramByHand:
    """A program that is written line by line, each computed at once, so that shapes and dtypes are known.

    >>> page = ProgramByHand()
    >>> x = page.given(np.ones(3))
    >>> page.end(page.call(sg.exp, x))
    >>> len(page.program.instructions)
    1
    """

    def __init__(self) -> None:
        self.values: dict[int, Any] = {}
        self.variables: list[Variable] = []
        self.constants: dict[int, Any] = {}
        self.stages: list[Stage] = []
        self._begin()

    def _begin(self) -> None:
        self._inputs: list[int] = []
        self._instructions: list[Instruction] = []

    def _new(self, data: Any) -> Ref:
        number = len(self.variables)
        self.variables.append(Variable.of(data))
        self.values[number] = data
        return Ref(number)

    def given(self, data: Any) -> Ref:
        """Add an input of the stage that is being written."""
        ref = self._new(data)
        self._inputs.append(ref.number)
        return ref

    def constant(self, data: Any) -> Ref:
        """Add a constant."""
        ref = self._new(data)
        self.constants[ref.number] = data
        return ref

    def call(self, operation: Any, *arguments: Any, **params: Any) -> Any:
        """Add an instruction; return the variable that it defines, or a tuple of them."""
        params = {**getattr(operation, "defaults", {}), **params}
        with quiet():
            computed = operation.compute(*with_data(arguments, self.values), **with_data(params, self.values))
        several = isinstance(computed, tuple)
        refs = tuple([self._new(data) for data in (computed if several else (computed,))])
        self._instructions.append(Instruction(operation, arguments, params, tuple([ref.number for ref in refs])))
        return refs if several else refs[0]

    def end(self, *outputs: Ref) -> None:
        """End the stage."""
        numbers = tuple([ref.number for ref in outputs])
        self.stages.append(Stage(tuple(self._inputs), self._instructions, numbers))
        self._begin()

    @property
    def program(self) -> Program:
        """The program as far as it is written."""
        return Program(list(self.variables), dict(self.constants), list(self.stages))

    def given_to(self, stage: int) -> list[Any]:
        """Return the numbers on which a stage was tried."""
        return [self.values[number] for number in self.stages[stage].inputs]


def results_of(program: Program, given: list[list[Any]], runner: Any = ProgramRun) -> list[Any]:
    """Run all stages; return all outputs."""
    run = runner(program)
    return [output for number, data in enumerate(given) for output in run.stage(number, data)]


def assert_same(program: Program, other: Program, given: list[list[Any]], tolerance: float = 0.0) -> None:
    """Two programs give the same: the same shapes and dtypes, special values in the same places, signs of zeros too."""
    for a, b in zip(results_of(program, given), results_of(other, given), strict=True):
        assert_equal_numbers(a, b, tolerance)


def assert_equal_numbers(a: Any, b: Any, tolerance: float = 0.0, signs: bool = True) -> None:
    """The same shape, dtype and kind, equal to rounding; special values in the same places, ``signs`` of zeros too."""
    assert type(a) is type(b)
    assert np.shape(a) == np.shape(b)
    x, y = np.asarray(a), np.asarray(b)
    assert x.dtype == y.dtype
    if not tolerance:
        np.testing.assert_array_equal(x, y)
    else:
        np.testing.assert_allclose(x, y, rtol=tolerance, atol=tolerance)
    if x.dtype.kind == "f" and signs:
        zeros = (x == 0) & (y == 0)
        np.testing.assert_array_equal(np.signbit(x[zeros]), np.signbit(y[zeros]))
