"""How an elementwise operation computes a block: a function that writes its result into memory that is there already.

What is not here computes as always, and its result is new memory: a block is so small that this costs little.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ...core.op import PlainFunction
from ...ops import elementwise as ew
from ..elementwise_group import ufunc_of
from ..program import Instruction
from .parts_and_memory import curve_into, slope_into


class BlockFunction(NamedTuple):
    """How to compute a block.

    Attributes
    ----------
    compute : callable
        Called with the inputs; then, if it ``writes``, with ``out`` and ``scratch`` blocks of the same kind.
    writes : bool
        Whether it writes to ``out``.
    scratch : int
        How many further blocks it needs.
    in_place : bool
        Whether ``out`` may be one of the inputs.
    cost : int
        How long it takes, in multiplications.
    """

    compute: Callable[..., Any]
    writes: bool = True
    scratch: int = 0
    in_place: bool = True
    cost: int = 1


def _cast(x: Any, out: Any) -> None:
    np.copyto(out, x, casting="unsafe")


def _extreme(ufunc: Any) -> BlockFunction:
    """A maximum or minimum: NumPy's own is three times slower if one side is a single number."""

    def compute(x: Any, y: Any, out: Any) -> None:
        for one, other in ((x, y), (y, x)):
            if np.ndim(other) == 0:
                np.copyto(out, other)
                ufunc(*((one, out) if one is x else (out, one)), out=out)
                return
        ufunc(x, y, out=out)

    return BlockFunction(compute, in_place=False)


def _relu(x: Any, out: Any) -> None:
    out.fill(0)
    np.maximum(x, out, out=out)


def _sigmoid(x: Any, out: Any, e: Any) -> None:
    """``exp(min(x, 0)) / (1 + exp(-|x|))``: no overflow on either side."""
    np.absolute(x, out=e)
    np.negative(e, out=e)
    np.exp(e, out=e)
    np.add(e, 1, out=e)
    out.fill(0)
    np.minimum(x, out, out=out)
    np.exp(out, out=out)
    np.divide(out, e, out=out)


def _silu(x: Any, out: Any, e: Any) -> None:
    _sigmoid(x, out, e)
    np.multiply(x, out, out=out)


def _softplus(x: Any, out: Any, e: Any) -> None:
    np.absolute(x, out=e)
    np.negative(e, out=e)
    np.exp(e, out=e)
    np.log1p(e, out=e)
    out.fill(0)
    np.maximum(x, out, out=out)
    np.add(out, e, out=out)


def _tanh_slope(g: Any, y: Any, x: Any, out: Any) -> None:
    np.multiply(y, y, out=out)
    np.subtract(1, out, out=out)
    np.multiply(g, out, out=out)


def _sigmoid_slope(g: Any, y: Any, x: Any, out: Any, rest: Any) -> None:
    np.subtract(1, y, out=rest)
    np.multiply(g, y, out=out)
    np.multiply(out, rest, out=out)


def _relu_slope(g: Any, y: Any, x: Any, out: Any) -> None:
    _where(np.not_equal(y, 0), g, 0.0, out)


def _where(condition: Any, x: Any, y: Any, out: Any) -> None:
    """``x`` where the condition holds, ``y`` elsewhere, by bits: NumPy's own branches at each element."""
    blocks = [v for v in (condition, x, y) if v.__class__ is np.ndarray and v.shape == out.shape]
    bits = _BITS.get(out.dtype.char)
    if bits is None or len(blocks) < 2 or blocks[0] is not condition or condition.dtype != bool:
        np.copyto(out, np.where(condition, x, y))
        return
    mask = np.negative(condition.view(np.int8)).astype(bits)
    if len(blocks) == 3 and x.dtype == y.dtype == out.dtype:
        other = np.bitwise_xor(x.view(bits), y.view(bits))
        np.bitwise_and(other, mask, out=other)
        np.bitwise_xor(other, y.view(bits), out=out.view(bits))
    elif blocks[1] is x and x.dtype == out.dtype and y.__class__ is float and y == 0 and math.copysign(1.0, y) > 0:
        np.bitwise_and(x.view(bits), mask, out=out.view(bits))
    else:
        np.copyto(out, np.where(condition, x, y))


_BITS = {"f": np.int32, "d": np.int64}

_SLOPES = {
    ew.relu: BlockFunction(_relu_slope, in_place=False, cost=5),
    ew.tanh: BlockFunction(_tanh_slope, in_place=False, cost=3),
    ew.sigmoid: BlockFunction(_sigmoid_slope, scratch=1, in_place=False, cost=3),
}
_OWN = {
    ew.relu: BlockFunction(_relu, in_place=False),
    ew.maximum: _extreme(np.maximum),
    ew.minimum: _extreme(np.minimum),
    ew.at_least: _extreme(np.maximum),
    ew.at_most: _extreme(np.minimum),
    ew.sigmoid: BlockFunction(_sigmoid, scratch=1, in_place=False, cost=8),
    ew.silu: BlockFunction(_silu, scratch=1, in_place=False, cost=9),
    ew.softplus: BlockFunction(_softplus, scratch=1, in_place=False, cost=8),
}
#: Curves that `curve_into` may compute in one pass, if they are of float32.
_CURVES = {ew.sigmoid, ew.silu}
_CHEAP = {np.add, np.subtract, np.multiply, np.negative, np.positive, np.square, np.absolute, np.divide}


def block_function(instruction: Instruction, dtype: np.dtype[Any]) -> BlockFunction:
    """Return how an instruction of a group, whose result has this dtype, computes a block."""
    operation, params = instruction.operation, instruction.params
    if operation in _OWN and not (dtype.char == "f" and operation in _CURVES):
        return _OWN[operation]
    if operation.name == "astype":
        return BlockFunction(_cast)
    if dtype.char == "d" and operation in (ew.sin, ew.cos):
        return _curve(operation)
    if isinstance(operation, ew.Elementwise):
        return _of_ufunc(operation.array) or _curve(operation)
    if isinstance(operation, PlainFunction):
        return _of_ufunc(ufunc_of(operation)) or _slope(operation.slope_of)
    if operation.name == "where":
        return BlockFunction(_where, in_place=False, cost=4)
    return BlockFunction(functools.partial(operation.forward, **params), writes=False, cost=20)


def _curve(op: Any) -> BlockFunction:
    def compute(*inputs_and_out: Any) -> None:
        if len(inputs_and_out) == 2:
            curve_into(inputs_and_out[1], op, inputs_and_out[0])
        else:
            np.copyto(inputs_and_out[-1], op.array(*inputs_and_out[:-1]))

    return BlockFunction(compute, in_place=False, cost=8)


def _slope(op: Any) -> BlockFunction:
    """Return how the slope of an operation, times a gradient, is computed."""

    def compute(g: Any, y: Any, x: Any, out: Any) -> None:
        slope_into(out, op, g, y, x)

    return _SLOPES.get(op) or BlockFunction(compute, in_place=False, cost=8)


def _of_ufunc(ufunc: Any) -> BlockFunction | None:
    if not isinstance(ufunc, np.ufunc):
        return None

    def compute(*inputs_and_out: Any) -> None:
        ufunc(*inputs_and_out[:-1], out=inputs_and_out[-1])

    direct = ufunc not in (np.maximum, np.minimum)
    return BlockFunction(ufunc if direct else compute, cost=1 if ufunc in _CHEAP else 5)
