"""A name for every variable of a program: those that its user knows, and letters for the rest."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from ...compile.program import Program
from ..draw.readable import exact, printable
from .known_names import KnownNames
from .stage_parts import inner_instructions

#: Programs of more nameless variables number them: ``v27``.
_LETTERS = "abcdfhijklmnopqrstuvwxyz"


class VariableNames:
    """The names of the variables of a program.

    Arguments are called as the function calls them, parameters and buffers by their path from the function, and
    results by the labels of their nodes. The gradient that a backward stage is given is ``g``. A constant that is one
    number is that number.

    Parameters
    ----------
    program : Program
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.names: dict[int, str] = {}
        self.taken: set[str] = set()
        self.shown_constants: list[int] = []
        self.known: KnownNames | None = None if program.origin is None else KnownNames(program.origin)
        for number, name in self.known.of_variables() if self.known is not None else ():
            self._give(number, name)
        for number, value in program.constants.items():
            self._name_constant(number, value)
        backward = program.stages[1:]
        for k, stage in enumerate(backward, 1):
            if len(stage.inputs) == 1:
                self._give(stage.inputs[0], "g" if len(backward) == 1 else f"g{k}")
        self._name_the_rest()

    def __getitem__(self, number: int) -> str:
        return self.names.get(number) or f"v{number}"

    def known_name(self, x: Any) -> str:
        """Return the name of a node or array that was given or found; empty if it has none."""
        return "" if self.known is None else self.known.of(x)

    def buffer_name(self, module: Any, name: str) -> str:
        """Return the name of a module's buffer."""
        return name if self.known is None else self.known.of_buffer(module, name)

    def _give(self, number: int, name: str) -> None:
        """Give a variable a name of its own."""
        if number in self.names or not name:
            return
        name = printable(name).replace("\n", " ")
        others = (f"{name}_{k}" for k in itertools.count(2))
        free = next(n for n in itertools.chain([name], others) if n not in self.taken)
        self.names[number] = free
        self.taken.add(free)

    def _name_constant(self, number: int, value: Any) -> None:
        if np.shape(value) == () and isinstance(value, (bool, int, float, np.generic, np.ndarray)):
            whole = isinstance(value, (bool, int)) or getattr(value, "dtype", np.dtype(float)).kind in "biu"
            self.names[number] = str(np.asarray(value)[()]) if whole else exact(value)
        else:
            self._give(number, f"c{len(self.shown_constants)}")
            self.shown_constants.append(number)

    def _name_the_rest(self) -> None:
        order: dict[int, None] = {}
        for stage in self.program.stages:
            order.update(dict.fromkeys(stage.inputs))
            for instruction in stage.instructions:
                for inner in inner_instructions(instruction):
                    order.update(dict.fromkeys(inner.results))
        nameless = [number for number in order if number not in self.names]
        letters = [x for x in _LETTERS if x not in self.taken]
        if len(nameless) <= len(letters):
            self.names.update(zip(nameless, letters))
        else:
            free = (name for k in itertools.count(1) if (name := f"v{k}") not in self.taken)
            self.names.update(zip(nameless, free))
