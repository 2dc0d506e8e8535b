"""Instructions on single numbers as a few NumPy operations, where nothing compiled is there to run them.

Instructions of equal depth do not depend on each other. So all products of one depth are computed as one product of two
arrays, whose elements are gathered from earlier results: thousands of instructions become one call of NumPy. A sum of
sums is one sum.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ...core.op import Op, PlainFunction
from ...ops.elementwise import Elementwise, add
from ..program import Instruction, Ref, Variable

#: Functions of plain data that are as good for arrays.
_PLAIN = {"less", "less_equal", "greater", "greater_equal", "equal", "not_equal", "lt", "le", "gt", "ge", "eq", "ne"}


class Gather:
    """Gathers elements of an array, and sums those of one segment.

    Parameters
    ----------
    segments : sequence of sequences of int
        For each result, the indices of the elements to sum; none is empty.
    """

    def __init__(self, segments: list[list[int]]) -> None:
        lengths = [len(s) for s in segments]
        flat = np.array([i for s in segments for i in s], dtype=np.intp)
        self.offsets: Any = None
        self.single: bool = max(lengths) == 1
        self.run: bool = self.single and bool((np.diff(flat) == 1).all())
        if self.run:
            self.slice: slice = slice(int(flat[0]), int(flat[-1]) + 1)
        elif min(lengths) == max(lengths):
            # (terms, results): with the terms first, NumPy adds whole rows.
            flat = np.ascontiguousarray(flat.reshape(len(segments), -1).T)
            self.index = flat[0] if self.single else flat
        else:
            self.index, self.offsets = flat, np.cumsum([0, *lengths[:-1]])

    def __call__(self, source: Any) -> Any:
        """Return the sums of the segments."""
        if self.run:
            return source[self.slice]
        picked = source.take(self.index)
        if self.single:
            return picked
        return picked.sum(axis=0) if self.offsets is None else np.add.reduceat(picked, self.offsets)


class NumberGroups:
    """Instructions on single numbers, in groups.

    Parameters
    ----------
    instructions : list of Instruction
        For each of them, :func:`is_on_numbers` holds.
    inside : mapping
        How often they read each variable.
    inner : set of int
        The variables that nobody else reads.
    place_of : callable
        Returns the place of an argument in the flat array.
    place_results : callable
        Takes the variables that a group defines, and returns the first of as many places side by side.
    """

    def __init__(
        self,
        instructions: Sequence[Instruction],
        inside: Mapping[int, int],
        inner: set[int],
        place_of: Callable[[Any], int],
        place_results: Callable[[list[int]], int],
    ) -> None:
        self.sums: dict[int, list[Any]] = {}  # terms of sums that are part of others
        self.levels: dict[int, int] = {}
        adding = {x.number for i in instructions if i.operation is add for x in i.arguments if x.__class__ is Ref}
        both = adding & inner
        self.joined: set[int] = {
            i.results[0]
            for i in instructions
            if i.operation is add and i.results[0] in both and inside[i.results[0]] == 1
        }
        groups: dict[Any, list[tuple[int, list[Any]]]] = {}
        for instruction in instructions:
            self._sort(instruction, groups)
        self.steps: list[tuple[Any, slice, Any]] = list(self._steps(groups, place_of, place_results))

    def _sort(self, instruction: Instruction, groups: dict[Any, Any]) -> None:
        """Put an instruction into its group; a sum that another one takes up leaves its terms to that."""
        (result,) = instruction.results
        terms = [*instruction.arguments, *[x for x in instruction.params.values() if x.__class__ is Ref]]
        if instruction.operation is add:
            terms = self._terms(terms)
            if result in self.joined:
                self.sums[result] = terms
                return
        level = 1 + max([self.levels.get(x.number, 0) for x in terms if x.__class__ is Ref], default=0)
        self.levels[result] = level
        static = tuple([(k, x) for k, x in instruction.params.items() if x.__class__ is not Ref])
        groups.setdefault((level, instruction.operation, static), []).append((result, terms))

    def _terms(self, terms: list[Any]) -> list[Any]:
        """Return the terms of a sum, with those that are sums themselves replaced by their terms."""
        x, y = [self.sums.pop(t.number, [t]) if t.__class__ is Ref else [t] for t in terms]
        if len(x) < len(y):
            x, y = y, x
        x.extend(y)  # the longer list grows, so that a long chain costs no more than its length
        return x

    def _steps(self, groups: dict[Any, Any], place_of: Any, place_results: Any) -> Iterator[tuple[Any, slice, Any]]:
        """Yield, for each group, its function, the places of its results and where its inputs come from."""
        for (_, operation, static), members in sorted(groups.items(), key=lambda item: item[0][0]):
            begin = place_results([result for result, _ in members])
            places = [[place_of(x) for x in terms] for _, terms in members]
            if operation is add:
                sources = [Gather(places)]
            else:
                sources = [Gather([[p[k]] for p in places]) for k in range(len(places[0]))]
            yield _function(operation, dict(static)), slice(begin, begin + len(members)), sources

    def run(self, values: Any) -> None:
        """Compute all results in the flat array."""
        for function, place, sources in self.steps:
            values[place] = function(*[source(values) for source in sources])


def _function(operation: Any, static: dict[str, Any]) -> Callable[..., Any]:
    """Return what computes an operation on arrays."""
    if operation is add:
        return _given
    if isinstance(operation, Elementwise):
        return operation.array
    if isinstance(operation, PlainFunction):
        return operation.compute  # type: ignore[no-any-return]
    if operation.name == "where":
        if "condition" in static:
            return lambda x, y: x if static["condition"] else y
        return lambda x, y, condition: np.where(condition != 0, x, y)
    return lambda *xs: operation.forward(*xs, **static)


def _given(x: Any) -> Any:
    return x


def is_on_numbers(instruction: Instruction, variables: Sequence[Variable]) -> bool:
    """Whether an instruction computes one number from single Python floats, or compares some."""
    operation = instruction.operation
    if len(instruction.results) != 1:
        return False
    shape, dtype = variables[instruction.results[0]]
    if shape or any(not _is_number(variables[n]) for n in instruction.reads()):
        return False
    if isinstance(operation, PlainFunction):
        return dtype == np.bool_ and operation.name.strip("_") in _PLAIN and not instruction.params
    known = isinstance(operation, Elementwise) or operation.name in ("where", "power_slope")
    return dtype is None and known and operation is Op.table.get(operation.name)


def _is_number(variable: Variable) -> bool:
    return not variable.shape and (variable.dtype is None or variable.dtype == np.bool_)
