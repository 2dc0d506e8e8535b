"""A program: what a function computes, as a list of instructions in static single assignment.

Every variable is defined once: it is given, it is a constant, or one instruction computes it. So an instruction reads
like a line of mathematics, and whoever changes a program knows where each number comes from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

#: So many instructions of each stage a program shows by itself.
LINES = 40


class Variable(NamedTuple):
    """What is known of a variable before its numbers are.

    Attributes
    ----------
    shape : tuple of int
    dtype : dtype or None
        None for a Python float, which takes on the dtype of what it meets, and for an object that is no array.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any] | None

    def __eq__(self, other: object) -> bool:
        """Compare; NumPy says that no dtype is equal to float64."""
        return isinstance(other, Variable) and tuple.__eq__((*self, self.dtype is None), (*other, other.dtype is None))

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return tuple.__hash__(self)

    @classmethod
    def of(cls, data: Any) -> Variable:
        """Describe an array, a number or an object."""
        if data.__class__ is float:
            return NUMBER
        return cls(np.shape(data), data.dtype) if hasattr(data, "dtype") else cls((), None)


#: A Python float.
NUMBER = Variable((), None)


@dataclass(frozen=True, slots=True)
class Ref:
    """The place of a variable among the arguments of an instruction."""

    number: int


@dataclass(eq=False, slots=True)
class Instruction:
    """One operation, what it reads, and the variables that it defines.

    Attributes
    ----------
    operation : Op or PlainFunction
        Has a ``name``, and ``compute(*data, **params)`` for plain data.
    arguments : tuple
        One for each input. A :class:`Ref` stands for a variable; all else is static.
    params : mapping
        The static parameters. Refs in it, also inside of tuples, lists, dicts and slices, stand for what was computed
        from data: the winners of a pool, a condition.
    results : tuple of int
        The variables that it defines: several if the operation returns a tuple.
    """

    operation: Any
    arguments: tuple[Any, ...]
    params: Mapping[str, Any]
    results: tuple[int, ...]
    _reads: tuple[int, ...] | None = field(default=None, init=False, repr=False)

    def reads(self) -> tuple[int, ...]:
        """Return the numbers of the variables that it reads, in order."""
        if self._reads is None:
            self._reads = tuple(refs_in((self.arguments, self.params) if self.params else self.arguments))
        return self._reads


@dataclass(eq=False)
class Stage:
    """A part of a program that runs in one go: forward, or backward on what forward has left.

    Attributes
    ----------
    inputs, outputs : tuple of int
        The variables that are given when it begins, and those that are handed out when it ends.
    instructions : list of Instruction
        In the order in which they run.
    """

    inputs: tuple[int, ...]
    instructions: list[Instruction]
    outputs: tuple[int, ...]


@dataclass(eq=False, repr=False)
class Program:
    """Variables by number, constants, and the stages.

    ``print(program)`` shows it as a page of mathematics.

    Attributes
    ----------
    variables : list of Variable
    constants : dict of int to array or number
        The variables that never change.
    stages : list of Stage
        A later one reads what the earlier ones have computed.
    origin : RecordedCall or None
        The recording that it was made for, which knows the names of what is given, what must hold, and what is done
        after each run.
    """

    variables: list[Variable]
    constants: dict[int, Any]
    stages: list[Stage] = field(default_factory=list)
    origin: Any = None

    @property
    def instructions(self) -> list[Instruction]:
        """The instructions of all stages, in order."""
        return [i for stage in self.stages for i in stage.instructions]

    def text(self, limit: int | None = None) -> str:
        """Return the program as a page of mathematics.

        Parameters
        ----------
        limit : int, optional
            About how many instructions of each stage are shown: what repeats itself comes once, and of what is still
            longer the middle is left out. None shows everything.
        """
        from ..inspect.programs.program_page import page

        return page(self, limit)

    def draw(self, **options: Any) -> Any:
        """Draw the program; the options are those of ``draw_program`` in ``inspect/programs/draw_program.py``."""
        from ..inspect.programs.draw_program import draw_program

        return draw_program(self, **options)

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return self.text(LINES)

    def _repr_html_(self) -> str:
        from ..inspect.programs.program_page import page_as_html

        return page_as_html(self, LINES)


def spread(computed: Any) -> tuple[Any, ...]:
    """Return the results of an operation as a tuple, which it returns itself if it has several, or may have."""
    return computed if isinstance(computed, tuple) else (computed,)


def refs_in(x: Any) -> Iterator[int]:
    """Yield the numbers of the variables in nested arguments."""
    if x.__class__ is Ref:
        yield x.number
    elif isinstance(x, (tuple, list)):
        for item in x:
            yield from refs_in(item)
    elif isinstance(x, Mapping):
        for item in x.values():
            yield from refs_in(item)
    elif isinstance(x, slice):
        yield from refs_in((x.start, x.stop, x.step))


def with_data(x: Any, values: Any) -> Any:
    """Return nested arguments with the data of variables in the place of Refs; ``values`` has them by number."""
    kind = x.__class__
    if kind is Ref:
        return values[x.number]
    if isinstance(x, (tuple, list)):
        items = [with_data(item, values) for item in x]
        return kind(*items) if hasattr(x, "_fields") else kind(items)
    if isinstance(x, Mapping):
        return {key: with_data(item, values) for key, item in x.items()}
    if kind is slice:
        return slice(*[with_data(end, values) for end in (x.start, x.stop, x.step)])
    return x
