"""Compute once what is computed twice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..program import Instruction, Program, Ref
from .rewriting import always, exposed, reading, with_stages

#: Operations for which the order of inputs does not matter.
COMMUTATIVE = {"add", "multiply"}
#: Bytes of constants that are compared by their numbers.
SMALL = 1 << 10


def without_repetitions(program: Program) -> Program:
    """Return a program in which each expression is computed once.

    A later stage also reads what the first has computed, but not what another one has: that may not have run. Two
    results that leave the program stay two: whoever writes to one of them must not change the other.
    """
    places: dict[int, Any] = {}
    forward: dict[Any, tuple[int, ...]] = {}
    outside = exposed(program)
    for number, value in program.constants.items():
        kept = forward.setdefault(_constant_key(value), (number,))
        if kept != (number,) and number not in outside:
            places[number] = Ref(kept[0])
    lists = []
    for place, stage in enumerate(program.stages):
        own = {} if place else forward
        kept_here = []
        for old in stage.instructions:
            instruction = reading(old, places)
            earlier = None if always(instruction) else _earlier(instruction, forward, own)
            if earlier is None or all(not outside.isdisjoint(found) for found in (earlier, instruction.results)):
                kept_here.append(instruction)
            else:
                places.update(zip(instruction.results, map(Ref, earlier)))
        lists.append(kept_here)
    return _handing_out(with_stages(program, lists), places)


def _earlier(instruction: Instruction, forward: dict[Any, Any], own: dict[Any, Any]) -> tuple[int, ...] | None:
    """Return the results of an equal instruction, None if this is the first; then note it in ``own``."""
    key = _key(instruction)
    earlier: tuple[int, ...] = forward.get(key) or own.setdefault(key, instruction.results)
    return None if earlier == instruction.results else earlier


def _handing_out(program: Program, places: Mapping[int, Ref]) -> Program:
    """Name the outputs anew."""
    for stage in program.stages:
        stage.outputs = tuple([places[n].number if n in places else n for n in stage.outputs])
    return program


def _key(instruction: Instruction) -> Any:
    commutes = instruction.operation.name in COMMUTATIVE
    numbers = [x.number for x in instruction.arguments if x.__class__ is Ref]
    if not instruction.params and len(numbers) == len(instruction.arguments):
        return id(instruction.operation), tuple(sorted(numbers) if commutes else numbers)
    arguments = [_key_of(x) for x in instruction.arguments]
    if commutes:
        arguments.sort(key=repr)
    return id(instruction.operation), tuple(arguments), _key_of(instruction.params)


def _key_of(x: Any) -> Any:
    """Return what is equal for equal arguments: 0.0, -0.0, 0 and False are four different ones."""
    if x.__class__ is Ref:
        return x
    if isinstance(x, (tuple, list)):
        return type(x), tuple([_key_of(item) for item in x])
    if isinstance(x, Mapping):
        return tuple([(name, _key_of(x[name])) for name in sorted(x)])
    if isinstance(x, slice):
        return slice, _key_of(x.start), _key_of(x.stop), _key_of(x.step)
    if x is None or isinstance(x, (str, type, np.dtype)):
        return x
    return _constant_key(x)


def _constant_key(x: Any) -> Any:
    if isinstance(x, (bool, int, float)):
        return type(x), repr(x)
    if isinstance(x, (np.ndarray, np.generic)) and x.nbytes <= SMALL and not x.dtype.hasobject:
        return type(x), x.dtype.str, x.shape, x.tobytes()
    return type(x), id(x)
