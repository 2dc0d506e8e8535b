"""What an operation does when nothing has to be asked any more: shapes, dtypes and parameters are known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from typing import Any

import numpy as np

from ...core.op import Op, PlainFunction
from ...ops.elementwise import Elementwise
from ...ops.indexing import Along
from ...ops.shaping import MANY, plain_axis
from ..elementwise_group import ElementwiseGroup
from ..program import Instruction, Program, Ref
from .block_runner import BlockRunner

Call = tuple[Callable[..., Any], tuple[Any, ...], Mapping[str, Any]]


def direct_call(instruction: Instruction, program: Program) -> Call:
    """Return a function, its arguments and parameters, which gives what the operation gives; Refs stand for data."""
    operation, arguments, params = instruction.operation, instruction.arguments, instruction.params
    if isinstance(operation, ElementwiseGroup):
        return BlockRunner(operation), arguments, params
    if isinstance(operation, PlainFunction):
        return operation.compute, arguments, params
    if not isinstance(operation, Op) or operation.user_defined:
        return operation.compute, arguments, params
    if operation.name in _DIRECT and operation is Op.table.get(operation.name) and _has_axes(arguments[0], program):
        found = _DIRECT[operation.name](instruction, program)
        if found is not None:
            return found
    if operation.fast_forward is not None:
        return operation.compute, arguments, params
    if isinstance(operation, Elementwise):
        is_array = program.variables[instruction.results[0]].dtype is not None
        return (operation.array if is_array else operation.compute), arguments, {}
    return operation.forward, arguments, params


def _has_axes(x: Any, program: Program) -> bool:
    """Whether an argument is an array with axes, and no number of NumPy, so that methods of arrays serve."""
    return x.__class__ is Ref and bool(program.variables[x.number].shape)


def _to_known_shape(instruction: Instruction, program: Program) -> Call:
    shape = program.variables[instruction.results[0]].shape
    return np.ndarray.reshape, (instruction.arguments[0], shape), {}


def _transpose(instruction: Instruction, program: Program) -> Call:
    axes = instruction.params["axes"]
    return np.ndarray.transpose, (instruction.arguments[0], axes), {}


def _getitem(instruction: Instruction, program: Program) -> Call | None:
    index = instruction.params["index"]
    if isinstance(index, Along):
        return None
    return np.ndarray.__getitem__, (instruction.arguments[0], index), {}


def _sum(instruction: Instruction, program: Program) -> Call | None:
    (x,), params = instruction.arguments, instruction.params
    axis = plain_axis(params["axis"])
    if _few_floats(x, program):
        return np.add.reduce, (x, axis, None, None, params["keepdims"]), {}
    return None


def _few_floats(x: Any, program: Program) -> bool:
    if x.__class__ is not Ref:
        return False
    shape, dtype = program.variables[x.number]
    return dtype is not None and dtype.char in "fd" and prod(shape) <= MANY


#: Of operations that do little but ask; the first argument is an array with axes.
_DIRECT: dict[str, Callable[[Instruction, Program], Call | None]] = {
    "reshape": _to_known_shape,
    "expand_dims": _to_known_shape,
    "squeeze": _to_known_shape,
    "transpose": _transpose,
    "getitem": _getitem,
    "sum": _sum,
}
