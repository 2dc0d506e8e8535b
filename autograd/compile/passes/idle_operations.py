"""Leave out operations that do nothing, and exchange some for others that cost less and give the same numbers.

Only what is exact: ``x + 0.0`` stays, since it makes 0.0 of -0.0, and ``0 * x`` stays, since x may be infinite.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ....common.plain_data import is_complex
from ...core.op import Op
from ..program import Instruction, Program, Ref, Variable
from .rewriting import exposed, reading, with_stages, writers

#: Numbers of a constant that are compared with each other.
FEW = 64

Rewrite = Callable[["Seen", Instruction], "Instruction | Ref | None"]


class Seen:
    """What is known of a program while it is read from the front.

    Attributes
    ----------
    program : Program
    writers : dict of int to Instruction
        What defines each variable, as it is now.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.writers: dict[int, Instruction] = writers(program)

    def variable(self, instruction: Instruction) -> Variable:
        """Return what is known of the only result of an instruction."""
        return self.program.variables[instruction.results[0]]

    def alike(self, x: Any, instruction: Instruction) -> Ref | None:
        """Return an argument, if it has the shape and dtype of the result."""
        fits = x.__class__ is Ref and self.program.variables[x.number] == self.variable(instruction)
        return x if fits else None

    def is_float(self, x: Any) -> bool:
        """Whether an argument is a variable of floating numbers."""
        dtype = self.program.variables[x.number].dtype if x.__class__ is Ref else np.dtype(bool)
        return dtype is None or dtype.kind == "f"

    def number(self, x: Any) -> Any:
        """Return the number that a static argument or a constant is, everywhere the same; None if it is none."""
        value = self.program.constants.get(x.number) if x.__class__ is Ref else x
        if value is None:
            return None
        if isinstance(value, np.ndarray) and value.size and _is_uniform(value):
            value = value.flat[0]
        return value if isinstance(value, (int, float, np.number)) else None

    def made_by(self, x: Any, name: str) -> Instruction | None:
        """Return the instruction that computed an argument, if it is this operation."""
        found = self.writers.get(x.number) if x.__class__ is Ref else None
        return found if found is not None and found.operation is Op.table[name] else None

    def instead(self, instruction: Instruction, name: str, *arguments: Any, **params: Any) -> Instruction:
        """Return an instruction with another operation and the same result."""
        return Instruction(Op.table[name], arguments, params, instruction.results)


def _is_uniform(x: Any) -> bool:
    """Whether all elements are the same: one number that is repeated, or a few numbers."""
    repeated = all(n == 1 or not stride for n, stride in zip(x.shape, x.strides))
    return repeated or (x.size <= FEW and bool((x == x.flat[0]).all()))


def is_number(value: Any, wanted: float) -> bool:
    """Whether a number is this one, with the sign of zero."""
    return value is not None and value == wanted and bool(np.signbit(value)) == bool(np.signbit(wanted))


def _same_form(seen: Seen, i: Instruction) -> Ref | None:
    return seen.alike(i.arguments[0], i)


def _reshape(seen: Seen, i: Instruction) -> Any:
    (x,) = i.arguments
    before = seen.made_by(x, "reshape")
    if seen.alike(x, i) is None and before is not None:
        return seen.instead(i, "reshape", before.arguments[0], shape=seen.variable(i).shape)
    return seen.alike(x, i)


def _transpose(seen: Seen, i: Instruction) -> Any:
    (x,), ndim = i.arguments, len(seen.variable(i).shape)
    axes, before = _axes(i.params["axes"], ndim), seen.made_by(x, "transpose")
    if axes == tuple(range(ndim)):
        return seen.alike(x, i)
    if before is None:
        return None
    first = _axes(before.params["axes"], ndim)
    return seen.instead(i, "transpose", before.arguments[0], axes=tuple([first[axis] for axis in axes]))


def _axes(axes: Any, ndim: int) -> tuple[int, ...]:
    return tuple(range(ndim))[::-1] if axes is None else tuple([int(axis) % ndim for axis in axes])


def _negative(seen: Seen, i: Instruction) -> Any:
    before = seen.made_by(i.arguments[0], "negative")
    return before and seen.alike(before.arguments[0], i)


def _add(seen: Seen, i: Instruction) -> Any:
    x, y = i.arguments
    for a, b in ((x, y), (y, x)):
        if is_number(seen.number(b), -0.0) and seen.alike(a, i):
            return a
    for a, b in ((x, y), (y, x)):
        before = seen.made_by(b, "negative")
        if before is not None and seen.is_float(b):
            return seen.instead(i, "subtract", a, before.arguments[0])
    return None


def _subtract(seen: Seen, i: Instruction) -> Any:
    x, y = i.arguments
    if is_number(seen.number(y), 0.0):
        return seen.alike(x, i)
    before = seen.made_by(y, "negative")
    return seen.instead(i, "add", x, before.arguments[0]) if before is not None and seen.is_float(y) else None


def _multiply(seen: Seen, i: Instruction) -> Any:
    x, y = i.arguments
    for a, b in ((x, y), (y, x)):
        value = seen.number(b)
        if is_number(value, 1.0) and seen.alike(a, i):
            return a
        if is_number(value, -1.0) and seen.alike(a, i):
            return seen.instead(i, "negative", a)
    return None


def _divide(seen: Seen, i: Instruction) -> Any:
    return seen.alike(i.arguments[0], i) if is_number(seen.number(i.arguments[1]), 1.0) else None


def _power(seen: Seen, i: Instruction) -> Any:
    x, exponent = i.arguments[0], seen.number(i.arguments[1])
    if exponent not in _POWERS or not seen.is_float(x) or seen.alike(x, i) is None:
        return None
    name = _POWERS[exponent]
    return seen.instead(i, name, x) if name else x


_POWERS = {1.0: "", 2.0: "square", -1.0: "reciprocal"}


def _where(seen: Seen, i: Instruction) -> Any:
    (x, y), condition = i.arguments, i.params["condition"]
    condition = seen.program.constants.get(condition.number) if condition.__class__ is Ref else condition
    if x.__class__ is y.__class__ is Ref and x == y:
        return seen.alike(x, i)
    if isinstance(condition, (bool, np.bool_)):
        return seen.alike(x if condition else y, i)
    return None


#: What may be done about an operation: a variable that can stand for its result, another instruction, or nothing.
REWRITES: Mapping[str, Rewrite] = {
    **dict.fromkeys(["identity", "positive", "broadcast_to", "sum_to", "astype", "squeeze"], _same_form),
    "reshape": _reshape,
    "transpose": _transpose,
    "negative": _negative,
    "add": _add,
    "subtract": _subtract,
    "multiply": _multiply,
    "divide": _divide,
    "power": _power,
    "where": _where,
}


_ARITHMETIC = (_add, _subtract, _multiply, _divide, _power)


def without_idle_operations(program: Program) -> Program:
    """Return a program without what does nothing: ``x * 1``, ``-(-x)``, two transposes that cancel, casts to the same.

    What leaves the program stays a result of its own, with memory of its own.
    """
    seen, outside = Seen(program), exposed(program)
    places: dict[int, Any] = {}
    lists = []
    for stage in program.stages:
        kept = []
        for old in stage.instructions:
            instruction = reading(old, places)
            found = _rewritten(seen, instruction)
            if found.__class__ is Ref and outside.isdisjoint(instruction.results):
                places[instruction.results[0]] = found
                continue
            if isinstance(found, Instruction) and outside.isdisjoint(instruction.results):
                instruction = found
            seen.writers[instruction.results[0]] = instruction
            kept.append(instruction)
        lists.append(kept)
    return with_stages(program, lists)


def _rewritten(seen: Seen, instruction: Instruction) -> Instruction | Ref | None:
    name = instruction.operation.name
    if instruction.operation is not Op.table.get(name) or len(instruction.results) != 1:
        return None
    rewrite = REWRITES.get(name)
    if rewrite in _ARITHMETIC and is_complex(seen.variable(instruction)):
        return None  # NumPy multiplies by 1 + 0i, and 0 * inf is NaN
    return rewrite(seen, instruction) if rewrite else None
