"""An instruction as a line of mathematics: ``a * b``, ``sum(d, axis=0)``, ``x[1:]``, ``f32[64, 10]``."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from typing import Any

import numpy as np

from ...compile.program import Instruction, Program, Ref, Variable
from ...core.op import Op
from ..draw.formula import atom, forward_text
from ..draw.literals import is_static
from ..draw.operation_words import WITH_SIGNS
from ..draw.readable import small_array

#: Functions without a derivative that mathematics writes between their two arguments.
SIGNS = {
    **{"less": "<", "less_equal": "<=", "greater": ">", "greater_equal": ">=", "equal": "==", "not_equal": "!="},
    **{"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="},
    **{"and": "&", "or": "|", "xor": "^", "lshift": "<<", "rshift": ">>"},
}

#: Operations whose inputs are written as one list.
_LISTS = ("concatenate", "stack")
_LONGEST_PARAMETER = 40


def instruction_text(instruction: Instruction, names: Mapping[int, str] | Any, program: Program) -> str:
    """Return what an instruction computes; a shape that the result has is left out, since it stands beside it.

    Parameters
    ----------
    instruction : Instruction
    names : mapping
        From the number of a variable to its name.
    program : Program
    """
    operation = instruction.operation
    inputs = [static_text(x, names) for x in instruction.arguments]
    params = instruction.params
    if len(inputs) == 2 and not params and operation.name in SIGNS:
        return f" {SIGNS[operation.name]} ".join(map(atom, inputs))
    if not isinstance(operation, Op):
        given = [f"{key}={static_text(value, names)}" for key, value in params.items() if not _all_wanted(key, value)]
        return f"{operation.name}({', '.join([*inputs, *given])})"
    if WITH_SIGNS.fullmatch(getattr(operation, "formula", operation.symbol)):
        return forward_text(operation, tuple(inputs), params)
    if operation.name == "where":
        return f"where({', '.join([static_text(params['condition'], names), *inputs])})"
    if operation.name == "getitem":
        return f"{atom(inputs[0])}[{index_text(params['index'], names)}]"
    if operation.name == "transpose" and params["axes"] in (None, (1, 0)):
        return f"{atom(inputs[0])}.T"
    if operation.name in _LISTS:
        inputs = [f"[{', '.join(inputs)}]"]
    shape = program.variables[instruction.results[0]].shape
    told = {key: value for key, value in params.items() if key != "shape" or value != shape}
    given = [f"{key}={_param_text(key, value, names)}" for key, value in told.items() if _told(operation, key, value)]
    return f"{operation.title}({', '.join([*inputs, *given])})"


class _Dots(dict[int, str]):
    """Names of constants; every other variable is a dot."""

    def __missing__(self, number: int) -> str:
        return "·"


def dotted_text(instruction: Instruction, names: Any, program: Program) -> str:
    """Return what an instruction computes with dots in the place of variables; constants keep their numbers."""
    constants = {n: names[n] for n in instruction.reads() if n in program.constants and not program.variables[n].shape}
    return re.sub(r"(?<!\w)\(·\)", "·", instruction_text(instruction, _Dots(constants), program))


def _all_wanted(key: str, value: Any) -> bool:
    return key == "wanted" and all(value)


def _told(op: Op, key: str, value: Any) -> bool:
    """Whether a parameter has another value than by default."""
    default = op.defaults.get(key, op)
    return not (value is default or (is_static(value) and value.__class__ is default.__class__ and value == default))


def _param_text(key: str, value: Any, names: Any) -> str:
    return f"[{index_text(value, names)}]" if key == "index" else static_text(value, names)


def static_text(x: Any, names: Any) -> str:
    """Return an argument or parameter: the name of a variable, or a value, in few characters."""
    if x.__class__ is Ref:
        return str(names[x.number])
    if isinstance(x, slice):
        return f"slice({', '.join(static_text(end, names) for end in (x.start, x.stop, x.step))})"
    if isinstance(x, (tuple, list)):
        left, right = "()" if isinstance(x, tuple) else "[]"
        items = [static_text(item, names) for item in x]
        return _cut(f"{left}{', '.join(items)}{',' if len(items) == 1 and left == '(' else ''}{right}", "…")
    if isinstance(x, Mapping):
        return _cut("{" + ", ".join(f"{key}: {static_text(value, names)}" for key, value in x.items()) + "}", "…")
    if isinstance(x, np.ndarray):
        return small_array(x) if 0 < x.size <= 4 else type_text(Variable.of(x))
    if isinstance(x, (type, np.dtype)):
        return np.dtype(x).name if isinstance(x, np.dtype) or issubclass(x, np.generic) else x.__name__
    if isinstance(x, np.generic):
        return str(x)
    if callable(x) and hasattr(x, "__name__"):
        return str(x.__name__)
    return _cut(repr(x), type(x).__name__)


def _cut(text: str, instead: str) -> str:
    return text if len(text) <= _LONGEST_PARAMETER else instead


def index_text(index: Any, names: Any) -> str:
    """Return an index as it is written between brackets."""
    if isinstance(index, tuple) and index:
        return ", ".join(index_text(part, names) for part in index)
    if isinstance(index, slice):
        start, stop, step = ("" if x is None else static_text(x, names) for x in (index.start, index.stop, index.step))
        return f"{start}:{stop}:{step}" if step else f"{start}:{stop}"
    return "..." if index is ... else static_text(index, names)


def type_text(variable: Variable) -> str:
    """Return dtype and shape of a variable: ``f32[64, 10]``, ``i64[3]``, ``f64`` for a single number of NumPy."""
    if variable.dtype is None:
        return "float"
    kind, size = variable.dtype.kind, variable.dtype.itemsize * 8
    name = f"{kind}{size}" if kind in "fiuc" else variable.dtype.name
    return name + (f"[{', '.join(map(str, variable.shape))}]" if variable.shape else "")


def result_types(program: Program, instruction: Instruction) -> str:
    """Return dtype and shape of what an instruction computes; nothing of an object that is no array."""
    numbers = isinstance(instruction.operation, Op) or hasattr(instruction.operation, "instructions")
    found = [program.variables[number] for number in instruction.results]
    texts = [type_text(v) if numbers or v.dtype is not None else "" for v in found]
    return ", ".join(text or "·" for text in texts) if any(texts) else ""


def result_names(instruction: Instruction, names: Any, read: Container[int]) -> str:
    """Return the left side of an instruction; a result that nobody reads is ``_``, if there are others."""
    several = len(instruction.results) > 1
    return ", ".join(names[n] if not several or n in read else "_" for n in instruction.results)
