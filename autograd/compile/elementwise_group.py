"""A group of elementwise operations on arrays of one shape, which are computed together, block after block.

An elementwise operation alone reads its inputs from main memory and writes its result there. In a group only what goes
in and what comes out does; all between stays in the cache.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...common.quiet import quiet
from ..core.op import Op, PlainFunction
from ..ops.elementwise import Elementwise
from .program import Instruction, Variable, spread, with_data

#: Methods of arrays that are functions of each element.
METHODS: dict[str, Any] = {
    "and": np.bitwise_and,
    "or": np.bitwise_or,
    "xor": np.bitwise_xor,
    "rand": np.bitwise_and,
    "ror": np.bitwise_or,
    "rxor": np.bitwise_xor,
    "invert": np.invert,
}
#: Ways to add up elements that may end a group.
CLOSING = ("sum", "mean", "sum_to")
#: Operations that have parameters and act on each element by itself.
WITH_PARAMS = ("where", "power_slope", "astype")


@dataclass(eq=False)
class ElementwiseGroup:
    """Elementwise operations on arrays of one shape, and sums of their results; an operation itself.

    Attributes
    ----------
    shape : tuple of int
        Of all that is computed, before it is added up.
    instructions : list of Instruction
        In order. Their numbers are those of the program.
    inputs, outputs : tuple of int
        The variables that are read and not computed here, and those that others read.
    variables : list of Variable
        Those of the program.
    """

    shape: tuple[int, ...]
    instructions: list[Instruction]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    variables: Sequence[Variable]

    @property
    def name(self) -> str:
        """What is in it: ``group of 2 multiply, tanh``."""
        counted = Counter(i.operation.name for i in self.instructions)
        return "group of " + ", ".join([name if n == 1 else f"{n} {name}" for name, n in counted.items()])

    def compute(self, *data: Any) -> Any:
        """Compute one operation after the other: the definition of what every quicker way has to give.

        Returns
        -------
        object or tuple
            The outputs; the only one by itself.
        """
        values = dict(zip(self.inputs, data))
        with quiet():
            for i in self.instructions:
                arguments, params = with_data(i.arguments, values), with_data(i.params, values)
                (values[i.results[0]],) = spread(i.operation.compute(*arguments, **params))
        found = tuple([values[number] for number in self.outputs])
        return found[0] if len(found) == 1 else found

    def __repr__(self) -> str:
        return f"<{self.name}>"


def acts_on_each_element(instruction: Instruction) -> bool:
    """Whether each element of the only result depends on the same elements of the arguments alone."""
    operation = instruction.operation
    if len(instruction.results) != 1:
        return False
    if isinstance(operation, Elementwise):
        return not operation.user_defined
    if isinstance(operation, PlainFunction):
        return is_slope(instruction) or (ufunc_of(operation) is not None and not instruction.params)
    return isinstance(operation, Op) and operation is Op.table.get(operation.name) and operation.name in WITH_PARAMS


def ufunc_of(operation: Any) -> Any:
    """Return the ufunc that a function of plain data is; None if it is none."""
    compute = operation.compute
    if isinstance(compute, np.ufunc):
        return compute if compute.nout == 1 else None
    return METHODS.get(operation.name.strip("_")) if getattr(compute, "__objclass__", None) is np.ndarray else None


def adds_up(instruction: Instruction) -> bool:
    """Whether an instruction is a sum that may end a group."""
    operation = instruction.operation
    return isinstance(operation, Op) and operation.name in CLOSING and operation is Op.table[operation.name]


def is_slope(instruction: Instruction) -> bool:
    """Whether an instruction multiplies a gradient by the slope of an elementwise operation: a quicker derivative."""
    return isinstance(instruction.operation, PlainFunction) and instruction.operation.slope_of is not None


def is_ufunc(operation: Any) -> bool:
    """Whether NumPy computes an operation in one go, in the calling thread."""
    return isinstance(operation, Elementwise) and isinstance(operation.array, np.ufunc)
