"""What each operation becomes in the interpreter's tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ....common import opcodes as op
from ...core.op import Op
from ...ops.indexing import is_basic
from ...ops.shaping import reduced_axes
from ..program import Instruction, Ref, refs_in
from .lowering import Lowering, Refused
from .places import (
    DOUBLES,
    SINGLES,
    TRUTH,
    WHOLE,
    Place,
    bank_of,
    broadcast_strides,
    dense_strides,
    loops,
    size_of,
    view_of,
)

#: The most elements for which a function of math is quicker here than by a call of NumPy, and the most products.
MOST_OF_FUNCTION, MOST_PRODUCTS = 512, 20_000

FLOATS = (DOUBLES, SINGLES)


def static(instruction: Instruction) -> Any:
    """Return the parameters, which must not depend on data."""
    if any(True for _ in refs_in(instruction.params)):
        raise Refused
    return instruction.params


def float_result(low: Lowering, instruction: Instruction) -> Place:
    """Return a place for a result that is made of floats."""
    out = low.result(instruction)
    if out.bank not in FLOATS:
        raise Refused
    return out


# ------------------------------------------------------------------------------------------- elementwise


def elementwise(low: Lowering, instruction: Instruction, may_wait: bool = True) -> None:
    """Lower an elementwise operation; a product that only a sum reads waits for it."""
    name, (number,) = instruction.operation.name, instruction.results
    code, variable = op.ELEMENTWISE[name], low.program.variables[number]
    if variable.dtype == np.int64:
        count_limit(low, instruction)
        return
    if size_of(variable.shape) == 1 and bank_of(variable.dtype) == DOUBLES:
        if name == "multiply" and may_wait and number in low.summands:
            places = [low.operand(x) for x in instruction.arguments]
            if all(place.bank == DOUBLES for place in places):
                low.waiting[number] = instruction
                return
        if name == "add" and sum_with_product(low, instruction):
            return
    out = float_result(low, instruction)
    if code > op.LAST_LINE and size_of(out.shape) > MOST_OF_FUNCTION:
        raise Refused
    low.elementwise(code, out, *[low.operand(x, out.bank) for x in instruction.arguments])


def sum_with_product(low: Lowering, instruction: Instruction) -> bool:
    """Lower a sum and a product that waits for it, if there is one, to one instruction."""
    for x, other in (instruction.arguments, instruction.arguments[::-1]):
        if x.__class__ is Ref and x.number in low.waiting:
            c = low.operand(other, DOUBLES)
            product = low.waiting.pop(x.number)
            a, b = (low.operand(v) for v in product.arguments)
            low.multiply_add(low.result(instruction), a, b, c)
            low.done(product)
            return True
    return False


def count_limit(low: Lowering, instruction: Instruction) -> None:
    """Lower the maximum or minimum of counts, which are kept as floats."""
    counts = [x.number in low.counts if x.__class__ is Ref else x.__class__ is int for x in instruction.arguments]
    constant = [x.__class__ is Ref and low.is_small_count(x.number) for x in instruction.arguments]
    if instruction.operation.name not in ("maximum", "minimum") or not all(a or b for a, b in zip(counts, constant)):
        raise Refused
    operands = [low.operand(x, DOUBLES) for x in instruction.arguments]
    low.elementwise(op.ELEMENTWISE[instruction.operation.name], count_result(low, instruction), *operands)


def count_result(low: Lowering, instruction: Instruction) -> Place:
    """Return a place for a result that counts."""
    (number,) = instruction.results
    place = low.allocate(low.program.variables[number].shape, DOUBLES)
    low.name(number, place)
    low.counts.add(number)
    return place


def where(low: Lowering, instruction: Instruction) -> None:
    """Lower a choice."""
    out = float_result(low, instruction)
    x, y = (low.operand(v, out.bank) for v in instruction.arguments)
    low.elementwise(op.WHERE, out, x, y, condition=low.operand(instruction.params["condition"], TRUTH))


def comparison(low: Lowering, instruction: Instruction) -> None:
    """Lower a comparison of floats, or of truth values as the numbers 1 and 0."""
    banks = {bank for x in instruction.arguments if (bank := exact_bank(low, x)) is not None}
    if not banks <= {*FLOATS, TRUTH} or instruction.params:
        raise Refused
    bank = SINGLES if SINGLES in banks and DOUBLES not in banks else DOUBLES
    operands = [low.operand(x, bank) for x in instruction.arguments]
    out = low.result(instruction)
    if out.bank != TRUTH:
        raise Refused
    name = instruction.operation.name.strip("_")
    low.elementwise(op.COMPARISONS[_SIGNS.get(name, name)], out, *operands)


_SIGNS = {"lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal", "eq": "equal", "ne": "not_equal"}


def exact_bank(low: Lowering, x: Any) -> int | None:
    """Return the flat array of an argument; None for Python's numbers, which take on the dtype of what they meet."""
    if x.__class__ is Ref:
        if x.number in low.counts:
            return DOUBLES
        dtype = low.program.variables[x.number].dtype
        bank = None if dtype is None else bank_of(dtype)
        if dtype is not None and bank is None:
            raise Refused
        return bank
    return None if isinstance(x, (float, int)) and not isinstance(x, np.generic) else bank_of(np.asarray(x).dtype)


def logic(low: Lowering, instruction: Instruction) -> None:
    """Lower an operation on truth values."""
    if instruction.params:
        raise Refused
    operands = [low.operand(x) for x in instruction.arguments]
    out = low.result(instruction)
    if any(p.bank != TRUTH for p in (out, *operands)):
        raise Refused
    name = instruction.operation.name.strip("_")
    low.elementwise(op.LOGIC[_LOGIC.get(name, name)], out, *operands)


_LOGIC = {"and": "logical_and", "or": "logical_or", "xor": "logical_xor", "invert": "logical_not"}
_LOGIC |= {f"r{name}": _LOGIC[name] for name in ("and", "or", "xor")}
_LOGIC |= {f"bitwise_{name}": _LOGIC[name] for name in ("and", "or", "xor")} | {"bitwise_not": "logical_not"}


# ------------------------------------------------------------------------------------------------- views


def view(low: Lowering, instruction: Instruction) -> None:
    """Lower an operation that only looks at elements in another way: it needs no row."""
    params, (number,) = static(instruction), instruction.results
    place, variable = low.operand(instruction.arguments[0]), low.program.variables[number]
    if place.bank != bank_of(variable.dtype) or not size_of(variable.shape):
        raise Refused
    if place.storage.outside and number in low.kept_outside:
        raise Refused  # what is handed out is a view of what was given
    if instruction.operation.name == "getitem":
        index = params["index"]
        if not is_basic(index):
            gather(low, instruction)
            return
        parts = index if isinstance(index, tuple) else (index,)
        params = {"index": parts if ... in parts else (*parts, ...)}
    found = view_of(place, lambda x: instruction.operation.forward(x, **params))
    if found is None:
        found = low.result(instruction)
        low.copy(found._replace(shape=place.shape, strides=dense_strides(place.shape)), place)
    else:
        low.name(number, found)


def same(low: Lowering, instruction: Instruction) -> None:
    """Lower an operation that changes nothing, or only the dtype."""
    (number,) = instruction.results
    variable = low.program.variables[number]
    place, bank = low.operand(instruction.arguments[0]), bank_of(variable.dtype)
    if bank is None or size_of(place.shape) != size_of(variable.shape):
        raise Refused
    if place.storage.outside and number in low.kept_outside:
        raise Refused
    if bank == place.bank:
        shape = variable.shape
        low.name(number, place if place.shape == shape else place._replace(shape=(), strides=()))
        return
    out = low.result(instruction)
    low.elementwise(op.ELEMENTWISE["positive"], out, low.converted(place, bank))


# -------------------------------------------------------------------------------------------- reductions


def reduce(low: Lowering, code: int, out: Place, x: Place, axes: tuple[int, ...]) -> None:
    """Add the row of a reduction; `out` has the kept axes in order, with or without those of length 1."""
    kept = [i for i in range(len(x.shape)) if i not in axes]
    first = [(tuple([t[i] for i in kept]), tuple([t[i] for i in axes])) for t in (x.shape, x.strides)]
    (shape, over), (strides, steps) = first
    kept_loops, (_, kept_steps) = loops(shape, [dense_strides(shape), strides])
    lengths, (over_steps,) = loops(over, [steps])
    if len(kept_loops) > 2 or len(lengths) > 2:
        y = low.dense(x._replace(shape=shape + over, strides=strides + steps))
        n = len(kept)
        kept_loops, (kept_steps,) = loops(shape, [y.strides[:n]])
        lengths, (over_steps,) = loops(over, [y.strides[n:]])
        x = y
    row: list[int] = []
    for some, moves in ((kept_loops, kept_steps), (lengths, over_steps)):
        pad = 2 - len(some)
        row += [1] * pad + some + [0] * pad + moves
    low.emit(op.SINGLES if x.bank == SINGLES else op.DOUBLES, code, out.start, x.start, *row)


def reduction(code: int) -> Any:
    """Return how to lower a reduction of floats."""

    def lower(low: Lowering, instruction: Instruction) -> None:
        x = low.operand(instruction.arguments[0])
        if x.bank == TRUTH and instruction.operation.name == "sum":
            x, out = low.converted(x, DOUBLES), count_result(low, instruction)
        else:
            out = float_result(low, instruction)
        if x.bank != out.bank:
            raise Refused
        axes = reduced_axes(static(instruction)["axis"], len(x.shape))
        reduce(low, code, out, x, axes)
        if instruction.operation.name == "mean":
            count = low.fixed(size_of(x.shape) / size_of(out.shape), out.bank)
            low.elementwise(op.ELEMENTWISE["divide"], out, out, count)

    return lower


def sum_to(low: Lowering, instruction: Instruction) -> None:
    """Lower the sum over what broadcasting has repeated."""
    x, out = low.operand(instruction.arguments[0]), float_result(low, instruction)
    new = len(x.shape) - len(out.shape)
    axes = [i for i in range(len(x.shape)) if i < new or (out.shape[i - new] == 1 != x.shape[i])]
    if x.bank != out.bank:
        raise Refused
    reduce(low, op.SUM, out, x, tuple(axes))


def any_or_all(low: Lowering, instruction: Instruction) -> None:
    """Lower the question whether any or all of some truth values hold."""
    params = static(instruction)
    x, out = low.operand(instruction.arguments[0]), low.result(instruction)
    if len(instruction.arguments) != 1 or not params.keys() <= {"axis", "keepdims"} or {x.bank, out.bank} != {TRUTH}:
        raise Refused
    code = op.ANY if instruction.operation.name == "any" else op.ALL
    reduce(low, code, out, x, reduced_axes(params.get("axis"), len(x.shape)))


def all_finite(low: Lowering, instruction: Instruction) -> None:
    """Lower the question whether all elements of all arguments are finite, whose answer is a bool of Python."""
    answer: Place | None = None
    for argument in instruction.arguments:
        x = low.operand(argument)
        if x.bank not in FLOATS:
            raise Refused
        finite = low.scratch(x.shape, TRUTH)
        low.elementwise(op.ISFINITE, finite, x)
        all_of_it = low.scratch((), TRUTH)
        reduce(low, op.ALL, all_of_it, finite, tuple(range(len(x.shape))))
        if answer is None:
            answer = low.allocate((), TRUTH)
            reduce(low, op.ALL, answer, all_of_it, ())
        else:
            low.elementwise(op.AND, answer, answer, all_of_it)
    if answer is None:
        raise Refused
    low.name(instruction.results[0], answer)


class Rows:
    """The steps of a function along one axis, each a row of the table.

    Parameters
    ----------
    low : Lowering
    x : Place
    axes : tuple of int
    """

    def __init__(self, low: Lowering, x: Place, axes: tuple[int, ...]) -> None:
        self.low = low
        self.x = x
        self.axes = axes
        self.kept: tuple[int, ...] = tuple([1 if i in axes else n for i, n in enumerate(x.shape)])

    def over(self, code: int, x: Place) -> Place:
        """Return a reduction, whose axes stay with length 1."""
        out = self.low.scratch(self.kept, self.x.bank)
        reduce(self.low, code, out, x, self.axes)
        return out

    def of(self, name: str, *operands: Place | float) -> Place:
        """Return an elementwise operation."""
        places = [p if isinstance(p, Place) else self.low.fixed(p, self.x.bank) for p in operands]
        shape = self.x.shape if any(p.shape == self.x.shape for p in places) else self.kept
        out = self.low.scratch(shape, self.x.bank)
        self.low.elementwise(op.ELEMENTWISE[name], out, *places)
        return out

    def write(self, name: str, out: Place, *operands: Place) -> None:
        """Compute the result."""
        self.low.elementwise(op.ELEMENTWISE[name], out, *operands)


def weights(low: Lowering, instruction: Instruction, axis: Any) -> tuple[Rows, Place, Place, Place, Place]:
    """Lower what a softmax is made of."""
    x, (number,) = low.operand(instruction.arguments[0]), instruction.results
    if x.bank not in FLOATS or x.bank != bank_of(low.program.variables[number].dtype):
        raise Refused
    rows = Rows(low, x, reduced_axes(axis, len(x.shape)))
    highest = rows.over(op.LARGEST, x)
    lowest = float(np.finfo(np.float32 if x.bank == SINGLES else np.float64).min)
    shifted = rows.of("subtract", x, rows.of("maximum", highest, lowest))
    exponentials = rows.of("exp", shifted)
    return rows, highest, shifted, exponentials, rows.over(op.SUM, exponentials)


def softmax(low: Lowering, instruction: Instruction) -> None:
    """Lower the softmax."""
    rows, _, _, exponentials, total = weights(low, instruction, static(instruction)["axis"])
    rows.write("divide", low.result(instruction), exponentials, rows.of("maximum", total, 1.0))


def log_softmax(low: Lowering, instruction: Instruction) -> None:
    """Lower the logarithm of the softmax."""
    rows, _, shifted, _, total = weights(low, instruction, static(instruction)["axis"])
    logarithm = rows.of("log", rows.of("maximum", total, 1.0))
    rows.write("subtract", low.result(instruction), shifted, logarithm)


# ------------------------------------------------------------------------------------- products and moves


def matmul(low: Lowering, instruction: Instruction) -> None:
    """Lower a product of matrices or vectors, or of as many as the leading axes say."""
    out = float_result(low, instruction)
    x, y = (low.operand(v, out.bank) for v in instruction.arguments)
    down, right = len(x.shape) > 1, len(y.shape) > 1
    leading = out.shape[: len(out.shape) - down - right]
    m, n, inner = x.shape[-2] if down else 1, y.shape[-1] if right else 1, x.shape[-1]
    lengths, steps = loops(leading, [broadcast_strides(_leading(p), leading) for p in (x, y)])
    if len(lengths) > 1 or size_of(leading) * m * n * inner > MOST_PRODUCTS:
        raise Refused
    count, next_x, next_y = [*lengths, *steps[0], *steps[1]] or (1, 0, 0)
    if n == 1 and down and x.strides[-2] == 1 and m > 1:  # as a row times a matrix
        x, y, m, n, next_x, next_y, down, right = y, x, 1, m, next_y, next_x, False, True
        x = x._replace(shape=x.shape[-2:-1] if len(x.shape) > 1 else x.shape, strides=(x.strides[-2:] + (0,))[:1])
        y = y._replace(strides=(y.strides[-1], y.strides[-2]))
    row = [m, inner, n, next_x, x.strides[-2] if down else 0, x.strides[-1]]
    row += [next_y, y.strides[-2] if right else y.strides[-1], y.strides[-1] if right else 0]
    kind = op.SINGLES if out.bank == SINGLES else op.DOUBLES
    low.emit(kind, op.MATMUL, out.start, x.start, y.start, count, *row)


def _leading(place: Place) -> Place:
    return place._replace(shape=place.shape[:-2], strides=place.strides[:-2])


def gather(low: Lowering, instruction: Instruction) -> None:
    """Lower an operation that picks elements by an index that is known; what comes from nowhere is 0."""
    params, out = static(instruction), float_result(low, instruction)
    if params.get("value"):
        raise Refused
    x = low.dense(low.operand(instruction.arguments[0], out.bank))
    counted = np.arange(1.0, size_of(x.shape) + 1).reshape(x.shape)
    picked = instruction.operation.forward(counted, **params).astype(np.int64) - 1
    index = low.fixed(picked.reshape(-1), WHOLE)
    _move(low, op.GATHER, out, x.start, index, picked.size)


def _move(low: Lowering, code: int, out: Place, start: int, index: Place, n: int, step: int = 1, size: int = 0) -> None:
    kind = op.SINGLES if out.bank == SINGLES else op.DOUBLES
    low.emit(kind, code, out.start, start, index.start, n, step, size)


def _places(low: Lowering, shape: tuple[int, ...], index: Any) -> tuple[Place, tuple[int, ...]]:
    """Return the places of elements in an array of a shape, and the shape of what an index picks."""
    picked = np.arange(size_of(shape)).reshape(shape)[index]
    if not picked.size:
        raise Refused
    return low.fixed(picked.reshape(-1), WHOLE), picked.shape


def scatter_add(low: Lowering, instruction: Instruction) -> None:
    """Lower a sum into zeros, at an index that is known."""
    params, out = static(instruction), float_result(low, instruction)
    places, shape = _places(low, out.shape, params["index"])
    x = low.operand(instruction.arguments[0], out.bank)
    x = low.dense(x._replace(shape=shape, strides=broadcast_strides(x, shape)))
    n, size = size_of(shape), size_of(out.shape)
    if is_basic(params["index"]):
        _move(low, op.SCATTER_ADD, out, x.start, places, 0, 1, size)
        _move(low, op.SCATTER, out, x.start, places, n)
    else:
        _move(low, op.SCATTER_ADD, out, x.start, places, n, 1, size)


def setitem(low: Lowering, instruction: Instruction) -> None:
    """Lower a copy with values written at an index that is known."""
    params, out = static(instruction), float_result(low, instruction)
    x, value = (low.operand(v, out.bank) for v in instruction.arguments)
    places, shape = _places(low, out.shape, params["index"])
    if len(value.shape) > len(shape):
        extra = len(value.shape) - len(shape)
        value = value._replace(shape=value.shape[extra:], strides=value.strides[extra:])
    value = value._replace(shape=shape, strides=broadcast_strides(value, shape))
    low.copy(out, x)
    if any(value.strides):
        _move(low, op.SCATTER, out, low.dense(value).start, places, size_of(shape))
    else:
        _move(low, op.SCATTER, out, value.start, places, size_of(shape), 0)


def join(low: Lowering, instruction: Instruction) -> None:
    """Lower the joining of arrays along an axis: copies into parts of the result."""
    axis, out = static(instruction)["axis"], float_result(low, instruction)
    axis, stacked, start = axis % len(out.shape), instruction.operation.name == "stack", 0
    for v in instruction.arguments:
        x = low.operand(v, out.bank)
        end = start + (1 if stacked else x.shape[axis])
        index: Any = (slice(None),) * axis + (start if stacked else slice(start, end), ...)
        part = view_of(out, lambda a, index=index: a[index])
        assert part is not None
        low.copy(part, x)
        start = end


LOWERINGS: dict[str, Callable[..., None]] = dict.fromkeys(op.ELEMENTWISE, elementwise)
LOWERINGS |= dict.fromkeys("reshape transpose expand_dims squeeze broadcast_to flip rot90 getitem".split(), view)
LOWERINGS |= dict.fromkeys("positive identity to_value astype".split(), same)
LOWERINGS |= dict.fromkeys("roll tril triu pad".split(), gather)
LOWERINGS |= {"where": where, "sum_to": sum_to, "matmul": matmul, "softmax": softmax, "log_softmax": log_softmax}
LOWERINGS |= {"scatter_add": scatter_add, "setitem": setitem, "concatenate": join, "stack": join}
LOWERINGS |= {"sum": reduction(op.SUM), "mean": reduction(op.SUM), "prod": reduction(op.PRODUCT)}
LOWERINGS |= {"max": reduction(op.LARGEST), "min": reduction(op.SMALLEST)}

#: The same for functions whose results have no derivative.
PLAIN_LOWERINGS: dict[str, Callable[..., None]] = dict.fromkeys([*op.COMPARISONS, *_SIGNS], comparison)
PLAIN_LOWERINGS |= dict.fromkeys([*op.LOGIC, *_LOGIC], logic)
PLAIN_LOWERINGS |= {"any": any_or_all, "all": any_or_all, "all_finite": all_finite, "float": same}


def find_lowering(operation: Any) -> Callable[..., None] | None:
    """Return how to lower an operation, None if the interpreter does not know it."""
    if isinstance(operation, Op):
        return LOWERINGS.get(operation.name) if Op.table.get(operation.name) is operation else None
    return PLAIN_LOWERINGS.get(operation.name.strip("_"))
