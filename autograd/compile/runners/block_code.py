"""A group as Python source: one call for each operation, which computes a block of it.

For ``tanh(x) * y + 1`` that is::

    def block(a0, a1, o0, t0):
        f0(a0, t0)
        f1(t0, a1, t0)
        f2(t0, c0, o0)

``a`` are the inputs, ``o`` the outputs, ``t`` the memory for what lies between; ``p`` are the parts of sums.
"""

from __future__ import annotations

from collections import Counter
from math import prod
from typing import Any, NamedTuple

import numpy as np

from ...ops.shaping import reduced_axes, sum_of_rows
from ..elementwise_group import ElementwiseGroup, adds_up, is_slope
from ..program import Instruction, Ref, refs_in
from .block_functions import block_function


class Sum(NamedTuple):
    """A sum that ends a group.

    Attributes
    ----------
    variable : int
        What it defines.
    axes : tuple of int
        What it adds up.
    divisor : int
        By what the sum is divided: the number of elements of a mean.
    as_array : bool
        Whether a single number is an array without axes.
    """

    variable: int
    axes: tuple[int, ...]
    divisor: int
    as_array: bool


def add_up(x: Any, axes: tuple[int, ...]) -> Any:
    """Return the sum of a block, with a rounding error that hardly grows with its length."""
    if axes == tuple(range(x.ndim - len(axes), x.ndim)):
        return np.add.reduce(x, axes, keepdims=True)
    for axis in axes:
        x = sum_of_rows(x, axis, None)
    return x


class BlockCode:
    """The function that computes a block, and what it has to be given.

    Attributes
    ----------
    source : str
    function : callable
    whole : list of bool
        For each input whether a block of it has to be whole where all elements are the same, too: a sum reads it.
    arrays : list of int
        The outputs that have the shape of the group, in the order of the arguments ``o``.
    temporaries : list of dtype
        Of the arguments ``t``.
    sums : list of Sum
        In the order in which their parts are returned; the arguments ``s`` are their axes.
    cost : int
        How long an element takes, in multiplications.
    """

    def __init__(self, group: ElementwiseGroup) -> None:
        self.group = group
        self.sums: list[Sum] = [self._sum(i) for i in group.instructions if adds_up(i)]
        summed = {s.variable for s in self.sums}
        whole = {x for i in group.instructions if adds_up(i) or is_slope(i) for x in i.arguments}
        self.whole: list[bool] = [Ref(n) in whole for n in group.inputs]
        self.arrays: list[int] = [n for n in group.outputs if n not in summed]
        self.temporaries: list[np.dtype[Any]] = []
        self.cost: int = 0
        self._names = {number: f"a{k}" for k, number in enumerate(group.inputs)}
        self._places = {number: f"o{k}" for k, number in enumerate(self.arrays)}
        self._free: list[int] = []
        self._globals: dict[str, Any] = {"add_up": add_up, "copyto": np.copyto, "__builtins__": {}}
        self._left = Counter(n for i in group.instructions for n in set(i.reads()))
        lines = [line for i in group.instructions for line in self._lines(i)]
        parameters = [*self._names_of("a", group.inputs), *self._names_of("o", self.arrays)]
        parameters += [*self._names_of("t", self.temporaries), *self._names_of("s", self.sums)]
        parts = "".join(f"p{k}, " for k in range(len(self.sums)))
        self.source: str = "\n    ".join([f"def block({', '.join(parameters)}):", *lines, f"return ({parts})"])
        exec(compile(self.source, f"<{group.name}>", "exec"), self._globals)
        self.function: Any = self._globals["block"]

    def _names_of(self, letter: str, things: Any) -> list[str]:
        return [f"{letter}{k}" for k in range(len(things))]

    def _sum(self, instruction: Instruction) -> Sum:
        """Describe a sum."""
        shape, params = self.group.shape, instruction.params
        if instruction.operation.name == "sum_to":
            new = len(shape) - len(params["shape"])
            kept = (1,) * new + tuple(params["shape"])
            axes = tuple([k for k, (n, m) in enumerate(zip(shape, kept)) if k < new or n != m])
        else:
            axes = reduced_axes(params["axis"], len(shape))
        name = instruction.operation.name
        divisor = prod([shape[axis] for axis in axes]) if name == "mean" else 1
        return Sum(instruction.results[0], axes, divisor, name == "sum_to")

    # ----------------------------------------------------------------------------------------- one line

    def _lines(self, instruction: Instruction) -> list[str]:
        """Return the lines for an instruction."""
        (result,) = instruction.results
        if adds_up(instruction):
            k = [s.variable for s in self.sums].index(result)
            argument = self._text(instruction.arguments[0])
            self.cost += 1
            self._let_go(instruction)
            return [f"p{k} = add_up({argument}, s{k})"]
        dtype = self.group.variables[result].dtype
        assert dtype is not None
        found = block_function(instruction, dtype)
        self.cost += found.cost
        condition = (instruction.params["condition"],) if "condition" in instruction.params else ()
        inputs = [self._text(x) for x in (*condition, *instruction.arguments)]
        function = self._constant(found.compute, "f")
        if found.in_place:
            self._let_go(instruction)
        scratch = [self._take(dtype) for _ in range(found.scratch)]
        if found.writes:
            out = self._places.get(result) or f"t{self._take(dtype)}"
            lines = [f"{function}({', '.join([*inputs, out, *[f't{k}' for k in scratch]])})"]
            self._names[result] = out
        else:
            self._names[result] = f"r{result}"
            lines = [f"r{result} = {function}({', '.join(inputs)})"]
            if result in self._places:
                lines.append(f"copyto({self._places[result]}, r{result})")
        if not found.in_place:
            self._let_go(instruction)
        self._free += scratch
        return lines

    def _text(self, x: Any) -> str:
        """Return what stands for an argument."""
        return self._names[x.number] if x.__class__ is Ref else self._constant(x, "c")

    def _constant(self, x: Any, letter: str) -> str:
        name = f"{letter}{len(self._globals)}"
        self._globals[name] = x
        return name

    # ------------------------------------------------------------------------------------------- memory

    def _take(self, dtype: Any) -> int:
        """Return the number of a temporary that is free."""
        for k in self._free:
            if self.temporaries[k] == dtype:
                self._free.remove(k)
                return k
        self.temporaries.append(dtype)
        return len(self.temporaries) - 1

    def _let_go(self, instruction: Instruction) -> None:
        """Free the temporaries that nobody reads any more."""
        for number in set(refs_in((instruction.arguments, instruction.params))):
            self._left[number] -= 1
            name = self._names[number]
            if not self._left[number] and name[0] == "t":
                self._free.append(int(name[1:]))
