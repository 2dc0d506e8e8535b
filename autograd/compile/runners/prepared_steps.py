"""Consecutive instructions as one Python function: a line for each, with everything prepared.

For ``y = (x @ w + b).sum()`` that is::

    def step(values):
        v0 = values[0]
        v3 = f0(v0, c0)
        v4 = f1(v3, c1)
        del v3
        v5 = f2(v4, None, None, None, False)
        values[5] = v5

A variable is forgotten as soon as nobody reads it any more: its memory serves for one of the next results.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import Any

import numpy as np

from ...core.op import PlainFunction
from ..program import Instruction, Program, Ref, refs_in, spread
from .block_runner import BlockRunner
from .direct_calls import direct_call

Step = Callable[[MutableMapping[int, Any]], None]


def prepared_step(instructions: Sequence[Instruction], program: Program, kept: set[int], spent: set[int]) -> Step:
    """Return a function that computes instructions on the data of variables; to be called inside of ``quiet()``.

    Parameters
    ----------
    instructions : sequence of Instruction
        In order.
    program : Program
        To which they belong.
    kept : set of int
        The results that somebody else reads: later steps, later stages, or who gets the outputs.
    spent : set of int
        What others have computed and only these instructions still read. It is taken out of ``values``.

    Returns
    -------
    callable
        ``step(values)`` reads data of variables from ``values``, by number, and writes those of ``kept`` there.
    """
    return StepCode(instructions, program, kept, spent).function


class StepCode:
    """The Python source of a step; the parameters are those of :func:`prepared_step`.

    Attributes
    ----------
    source : str
    function : callable
    """

    def __init__(self, instructions: Sequence[Instruction], program: Program, kept: set[int], spent: set[int]) -> None:
        self.program = program
        self.kept = kept
        self.spent = spent
        self.names: dict[str, Any] = {"spread": spread}
        self.known: set[int] = set()
        self.left: Counter[int] = Counter(n for i in instructions for n in set(i.reads()))
        lines = [line for i in instructions for line in self._lines(i)]
        self.source: str = "\n    ".join(["def step(values):", *lines, "return None"])
        exec(compile(self.source, "<step of a program>", "exec"), self.names)
        self.function: Step = self.names["step"]

    def _lines(self, instruction: Instruction) -> list[str]:
        """Return the lines for an instruction: read what is new, compute, forget."""
        reads = dict.fromkeys(instruction.reads())
        lines = [self._load(n) for n in reads if n not in self.known and n not in self.program.constants]
        function, arguments, params = direct_call(instruction, self.program)
        texts = [self._text(x) for x in arguments] + [f"{name}={self._text(x)}" for name, x in params.items()]
        results = [f"v{n}" for n in instruction.results]
        targets, call = ", ".join(results), f"{self._constant(function, 'f')}({', '.join(texts)})"
        if isinstance(function, BlockRunner):
            targets += ","
        elif isinstance(instruction.operation, PlainFunction) and not isinstance(function, np.ufunc):
            targets, call = f"{targets},", f"spread({call})"
        lines.append(f"{targets} = {call}")
        lines += [f"values[{n}] = v{n}" for n in instruction.results if n in self.kept]
        self.known.update(instruction.results)
        gone = [n for n in reads if self._is_last(n)]
        gone += [n for n in instruction.results if not self.left[n]]
        lines += [f"del {', '.join(f'v{n}' for n in gone)}"] * bool(gone)
        self.known.difference_update(gone)
        return lines

    def _load(self, number: int) -> str:
        self.known.add(number)
        return f"v{number} = " + (f"values.pop({number})" if number in self.spent else f"values[{number}]")

    def _is_last(self, number: int) -> bool:
        self.left[number] -= 1
        return not self.left[number] and number not in self.program.constants

    def _text(self, x: Any) -> str:
        """Return what stands for nested arguments."""
        kind = x.__class__
        if kind is Ref:
            constants = self.program.constants
            return self._constant(constants[x.number], "c") if x.number in constants else f"v{x.number}"
        if x is None or kind in (bool, int):
            return repr(x)
        if not any(True for _ in refs_in(x)):
            return self._constant(x, "c")
        if kind is slice:
            return f"slice({self._text(x.start)}, {self._text(x.stop)}, {self._text(x.step)})"
        if isinstance(x, Mapping):
            return "{" + ", ".join(f"{name!r}: {self._text(item)}" for name, item in x.items()) + "}"
        items = "".join(f"{self._text(item)}, " for item in x)
        if hasattr(x, "_fields"):
            return f"{self._constant(kind, 'k')}({items})"
        return f"({items})" if kind is tuple else f"{self._constant(kind, 'k')}(({items}))"

    def _constant(self, x: Any, letter: str) -> str:
        name = f"{letter}{len(self.names)}"
        self.names[name] = x
        return name
