"""Trace a function and run its program: what tests of traced operations share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from seegrad.autograd.compile.program import Program, Ref, Stage
from seegrad.autograd.compile.run_program import ProgramRun
from seegrad.autograd.compile.trace import Trace, data_now


class TracedProgram:
    """The program of a function, which gives lists of arrays.

    Parameters
    ----------
    f : callable
        Returns arrays, numbers or nodes, or a list or tuple of them.
    arrays : sequence
        The arguments of the trace.
    """

    def __init__(self, f: Callable[..., Any], arrays: Sequence[Any]) -> None:
        trace = self.trace = Trace()
        with trace:
            inputs = [trace.variable(x) for x in arrays]
            out = f(*[trace.stand_in(x, place) for x, place in zip(arrays, inputs)])
            results = out if isinstance(out, (list, tuple)) else [out]
            places = [trace.reference(x).number for x in results if trace.why_not is None]
        self.why_not = trace.why_not
        self.conditions = list(trace.conditions)
        asked = [c.variable for c in self.conditions]
        stage = Stage((*inputs, *trace.captured), trace.instructions, (*places, *asked))
        self.program = Program(trace.variables, trace.constants, [stage])
        self.number = len(places)

    def __call__(self, *arrays: Any) -> list[Any] | None:
        """Run the program; None if a condition does not hold."""
        found = [data_now(x) for x in self.trace.captured.values()]
        outputs = ProgramRun(self.program).stage(0, [*arrays, *found])
        answers = outputs[self.number :]
        if not all(np.array_equal(a, c.answer) for a, c in zip(answers, self.conditions)):
            return None
        return outputs[: self.number]

    def text(self) -> list[str]:
        """Return the instructions in a form that can be compared."""
        return [
            f"{i.results} = {i.operation.name} {_text(i.arguments)} {_text(dict(i.params))}"
            for i in self.program.instructions
        ]

    def same_as(self, other: TracedProgram) -> str | None:
        """Return how another program of the same function differs: a constant that depends on the data; or None."""
        mine, theirs = self.text(), other.text()
        if mine != theirs:
            pairs = [(a, b) for a, b in zip(mine, theirs) if a != b]
            return f"instructions differ: {pairs[:1]}, {len(mine)} and {len(theirs)}"
        for place, value in self.program.constants.items():
            if not np.array_equal(
                value, other.program.constants.get(place), equal_nan=np.asarray(value).dtype.kind == "f"
            ):
                return f"constant {place} differs: {value} and {other.program.constants.get(place)}"
        return None


def _text(x: Any) -> str:
    if isinstance(x, Ref):
        return f"v{x.number}"
    if isinstance(x, (tuple, list)):
        return f"{type(x).__name__}({', '.join(map(_text, x))})"
    if isinstance(x, dict):
        return "{" + ", ".join(f"{key}: {_text(value)}" for key, value in x.items()) + "}"
    return f"{type(x).__name__} {x!r}"
