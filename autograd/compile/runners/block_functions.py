"""How an elementwise operation computes a block: a function that writes its result into memory that is there already.

What is not here computes as always, and its result is new memory: a block is so small that this costs little.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ...ops import elementwise as ew
from ..elementwise_group import ufunc_of
from ..program import Instruction


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
_CHEAP = {np.add, np.subtract, np.multiply, np.negative, np.positive, np.square, np.absolute, np.divide}


def block_function(instruction: Instruction) -> BlockFunction:
    """Return how an instruction of a group computes a block."""
    operation, params = instruction.operation, instruction.params
    if operation in _OWN:
        return _OWN[operation]
    if operation.name == "astype":
        return BlockFunction(_cast)
    if isinstance(operation, ew.Elementwise):
        return _of_ufunc(operation.array) or BlockFunction(operation.array, writes=False, cost=8)
    found = _of_ufunc(ufunc_of(operation)) if not hasattr(operation, "rule") else None
    if found:
        return found
    static = {name: value for name, value in params.items() if name != "condition"}
    compute = np.where if operation.name == "where" else functools.partial(operation.forward, **static)
    return BlockFunction(compute, writes=False, cost=3 if operation.name == "where" else 20)


def _of_ufunc(ufunc: Any) -> BlockFunction | None:
    if not isinstance(ufunc, np.ufunc):
        return None

    def compute(*inputs_and_out: Any) -> None:
        ufunc(*inputs_and_out[:-1], out=inputs_and_out[-1])

    direct = ufunc not in (np.maximum, np.minimum)
    return BlockFunction(ufunc if direct else compute, cost=1 if ufunc in _CHEAP else 5)
