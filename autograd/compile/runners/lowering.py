"""From instructions of a program to rows of the interpreter's tables.

What an instruction becomes is said in ``lowered_operations.py``, operation by operation. Here is what all of them
need: places for variables, for constants and for intermediate results; operands in the right dtype; rows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ....common import opcodes as op
from ..program import Instruction, Program, Ref
from .places import (
    DOUBLES,
    DTYPES,
    SINGLES,
    TRUTH,
    WHOLE,
    FlatMemory,
    Place,
    Shape,
    bank_of,
    broadcast_strides,
    dense_strides,
    is_dense,
    loops,
    size_of,
)

#: The most elements of an operand or a result.
MOST = 4096

#: Places of single numbers that fit beside the number of an instruction.
_MOST_PLACES = 1 << 23


class Refused(Exception):  # noqa: N818 (a reason, not a failure)
    """An instruction is not one for the interpreter."""


class Lowering:
    """Tables for the interpreter, and the places of variables.

    Parameters
    ----------
    program : Program
    readers : list of int
        How many instructions read each variable; more if it has to be kept.
    opaque : set of int
        Variables that may be something else than numbers.
    find : callable
        Returns how an operation is lowered, None if the interpreter does not know it.

    Attributes
    ----------
    places : dict of int to Place
    arrays, numbers, parts : list
        Rows of the tables, and the parts of a run: kind, first and last row.
    fills : list of (Place, array)
        The constants.
    imports : list of int
        Variables that were computed elsewhere, in the order in which they were asked for.
    """

    def __init__(
        self,
        program: Program,
        readers: list[int],
        opaque: set[int],
        find: Callable[[Any], Any],
    ) -> None:
        self.program = program
        self.readers = readers
        self.opaque = opaque
        self.find = find
        self.memory: FlatMemory = FlatMemory()
        self.places: dict[int, Place] = {}
        self.arrays: list[tuple[int, ...]] = []
        self.numbers: list[tuple[int, int, int, int]] = []
        self.parts: list[list[int]] = []
        self.fills: list[tuple[Place, Any]] = []
        self.imports: list[int] = []
        self._constants: dict[Any, Place] = {}
        self._scratch: list[Place] = []
        self.waiting: dict[int, Instruction] = {}  # products that become part of a sum
        self.summands: set[int] = set()  # what is read once, by a sum
        self.kept_outside: set[int] = set()  # what is handed out, or a base of it
        self.counts: set[int] = set()  # integers that are kept as floats
        self.boundary = 0  # the first part that may still grow

    # ------------------------------------------------------------------------------------------ places

    def allocate(self, shape: Shape, bank: int, fresh: bool = False) -> Place:
        """Return a place for an array in C order that nothing reads yet; a fresh one if it is filled beforehand."""
        storage = self.memory.new(bank, size_of(shape), fresh)
        return Place(bank, storage.start, shape, dense_strides(shape), storage)

    def scratch(self, shape: Shape, bank: int) -> Place:
        """Return a place for an intermediate result of one instruction."""
        place = self.allocate(shape, bank)
        self._scratch.append(place)
        return place

    def fixed(self, data: Any, bank: int) -> Place:
        """Return the place of constant data, which is filled once."""
        data = np.asarray(data, DTYPES[bank])
        key = bank, data.shape, data.tobytes()
        if key not in self._constants:
            place = self.allocate(data.shape, bank, fresh=True)
            place.storage.fixed = True
            self.fills.append((place, data))
            self._constants[key] = place
        return self._constants[key]

    def operand(self, x: Any, bank: int | None = None) -> Place:
        """Return the place of an argument, in a flat array if one is named."""
        if x.__class__ is Ref:
            number = x.number
            place = self.places.get(number)
            if place is None:
                if number in self.waiting:
                    self.settle(number)
                    place = self.places[number]
                elif number in self.program.constants:
                    return self._constant(self.program.constants[number], bank)
                else:
                    place = self._imported(number)
            return place if bank is None or bank == place.bank else self.converted(place, bank)
        return self._constant(x, bank)

    def _constant(self, x: Any, bank: int | None) -> Place:
        data = np.asarray(x)
        if data.size > MOST or not data.size:
            raise Refused
        own = bank_of(data.dtype)
        if bank is None:
            if own is None:
                raise Refused
            bank = own
        if data.dtype.kind not in "fbiu" or (bank in (TRUTH, WHOLE) and bank != own):
            raise Refused
        return self.fixed(data, bank)

    def _imported(self, number: int) -> Place:
        """Give a place to a variable that was computed elsewhere."""
        variable = self.program.variables[number]
        bank = bank_of(variable.dtype)
        if bank is None or not 0 < size_of(variable.shape) <= MOST or number in self.opaque:
            raise Refused
        place = self.allocate(variable.shape, bank, fresh=True)
        place.storage.outside = True
        self.name(number, place)
        self.imports.append(number)
        return place

    def name(self, number: int, place: Place) -> None:
        """Let a variable lie at a place."""
        self.places[number] = place
        place.storage.readers += 1

    def result(self, instruction: Instruction) -> Place:
        """Return a new place for the result of an instruction."""
        (number,) = instruction.results
        variable = self.program.variables[number]
        bank = bank_of(variable.dtype)
        if bank is None or not 0 < size_of(variable.shape) <= MOST:
            raise Refused
        place = self.allocate(variable.shape, bank)
        self.name(number, place)
        return place

    def read(self, number: int) -> None:
        """Note that one reader of a variable is done; when the last one is, its memory can be used again."""
        self.readers[number] -= 1
        if not self.readers[number] and number in self.places:
            storage = self.places[number].storage
            storage.readers -= 1
            if not storage.readers and not storage.fixed:
                self.memory.give_back(storage)

    def end(self) -> None:
        """Give intermediate results back after an instruction."""
        for place in self._scratch:
            self.memory.give_back(place.storage)
        self._scratch.clear()

    def is_small_count(self, number: int) -> bool:
        """Return whether a variable is a constant of integers that floats hold exactly."""
        data = self.program.constants.get(number)
        return data is not None and np.asarray(data).dtype.kind in "iu" and bool(np.all(np.abs(data) < 1 << 50))

    def export(self, number: int) -> Place:
        """Return the place of a variable that others look at; it keeps its memory."""
        if number in self.waiting:
            self.settle(number)
        place = self.places[number]
        place.storage.fixed = True
        return place

    # ------------------------------------------------------------------------------------ instructions

    def lower(self, instruction: Instruction) -> bool:
        """Add the rows of an instruction; False, and nothing has changed, if it is not one for the interpreter."""
        function = self.find(instruction.operation)
        if function is None or len(instruction.results) != 1:
            return False
        if self.waiting and instruction.operation.name != "add":
            for number in instruction.reads():
                if number in self.waiting:
                    self.settle(number)
        lengths = len(self.arrays), len(self.numbers), len(self.parts), len(self.imports)
        last = self.parts[-1][2] if self.parts else 0
        try:
            function(self, instruction)
        except Refused:
            self._forget(instruction, lengths, last)
            return False
        finally:
            self.end()
        return True

    def _forget(self, instruction: Instruction, lengths: tuple[int, ...], last: int) -> None:
        """Take back what was added for an instruction."""
        arrays, numbers, parts, imports = lengths
        del self.arrays[arrays:], self.numbers[numbers:], self.parts[parts:]
        if self.parts:
            self.parts[-1][2] = last
        for number in (*self.imports[imports:], *instruction.results):
            self.places.pop(number, None)
        del self.imports[imports:]

    def settle(self, number: int) -> None:
        """Add the rows of a product that has waited for a sum that it could be part of."""
        instruction = self.waiting.pop(number)
        self.find(instruction.operation)(self, instruction, False)
        self.done(instruction)

    def done(self, instruction: Instruction) -> None:
        """Note that an instruction has read what it reads."""
        if instruction.results[0] not in self.waiting:
            for number in instruction.reads():
                self.read(number)

    # -------------------------------------------------------------------------------------------- rows

    def emit(self, kind: int, *row: int) -> None:
        """Add a row for arrays."""
        self._part(kind, len(self.arrays))
        self.arrays.append(row + (0,) * (op.WIDTH - len(row)))

    def emit_number(self, code: int, out: int, a: int, b: int = 0, c: int = 0) -> None:
        """Add a row for single numbers."""
        self._part(op.NUMBERS, len(self.numbers))
        self.numbers.append((code | out << 8, a, b, c))

    def multiply_add(self, out: Place, a: Place, b: Place, c: Place) -> None:
        """Add the row of ``a * b + c`` for single numbers."""
        if out.start >= _MOST_PLACES:
            raise Refused
        self.emit_number(op.MULTIPLY_ADD, out.start, a.start, b.start, c.start)

    def _part(self, kind: int, row: int) -> None:
        parts = self.parts
        if len(parts) <= self.boundary or parts[-1][0] != kind:
            parts.append([kind, row, row])
        parts[-1][2] = row + 1

    def elementwise(self, code: int, out: Place, *operands: Place, condition: Place | None = None) -> None:
        """Add the row of an elementwise instruction, with one or two operands and perhaps a condition."""
        x, y = operands if len(operands) == 2 else (operands[0], operands[0])
        bank = x.bank if out.bank == TRUTH else out.bank
        one = len(out.shape) == 0 or size_of(out.shape) == 1
        if one and bank == DOUBLES and out.start < _MOST_PLACES:
            self.emit_number(code, out.start, x.start, y.start, condition.start if condition else 0)
            return
        used = [x, y, *([condition] if condition else ())]
        lengths, steps = self.two_loops(out.shape, used)
        row = [code, out.start, used[0].start, used[1].start, *lengths, *steps[0], *steps[1]]
        if condition:
            row += [used[2].start, *steps[2]]
        self.emit(op.SINGLES if bank == SINGLES else op.DOUBLES, *row)

    def two_loops(self, shape: Shape, used: list[Place]) -> tuple[list[int], list[list[int]]]:
        """Return two loops over all operands; those that need more are replaced by copies in C order."""
        lengths, steps = loops(shape, [dense_strides(shape), *[broadcast_strides(p, shape) for p in used]])
        if len(lengths) > 2:
            for i, place in enumerate(used):
                strides = broadcast_strides(place, shape)
                if strides != dense_strides(shape) and any(strides):
                    used[i] = self.dense(place._replace(shape=shape, strides=strides))
            lengths, steps = loops(shape, [dense_strides(shape), *[broadcast_strides(p, shape) for p in used]])
        pad = 2 - len(lengths)
        return [1] * pad + lengths, [[0] * pad + s for s in steps[1:]]

    def dense(self, place: Place) -> Place:
        """Return a place with the same elements side by side in C order."""
        if is_dense(place):
            return place._replace(strides=dense_strides(place.shape))
        out = self.scratch(place.shape, place.bank)
        self.copy(out, place)
        return out

    def copy(self, out: Place, place: Place) -> None:
        """Add a copy of elements from one order to another."""
        if place.bank not in (DOUBLES, SINGLES):
            raise Refused
        lengths, (to, from_) = loops(place.shape, [out.strides, place.strides])
        pad = 4 - len(lengths)
        if pad < 0:
            raise Refused
        kind = op.SINGLES if place.bank == SINGLES else op.DOUBLES
        ones, zeros = [1] * pad, [0] * pad
        self.emit(kind, op.COPY, out.start, place.start, *ones, *lengths, *zeros, *to, *zeros, *from_)

    def converted(self, place: Place, bank: int) -> Place:
        """Return a place with the same numbers in the dtype of another flat array."""
        if place.bank == bank:
            return place
        if bank not in (DOUBLES, SINGLES) or place.bank == WHOLE:
            raise Refused
        compact = place._replace(
            shape=tuple([1 if s == 0 else n for n, s in zip(place.shape, place.strides)])
        )  # repeated elements are converted once
        out = self.scratch(compact.shape, bank)
        if place.bank == TRUTH:
            self.elementwise(op.FROM_TRUTH, out, compact)
        else:
            used = [compact]
            lengths, (steps,) = self.two_loops(compact.shape, used)
            self.emit(op.NARROW if bank == SINGLES else op.WIDEN, 0, out.start, used[0].start, 0, *lengths, *steps)
        return out._replace(shape=place.shape, strides=broadcast_strides(out, place.shape))
