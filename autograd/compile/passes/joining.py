"""Write gradients of parts side by side, in the place of adding each to zeros and then adding these up.

An array that was cut along an axis gets, for each of its parts, zeros with the gradient of the part in its place, and
the sum of them: so does what gives queries, keys and values, or the gates of an LSTM, in one product.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ...core.op import Op, PlainFunction
from ..program import Instruction, Program, Ref
from ..runners.parts_and_memory import new_memory
from .rewriting import with_stages


class Stretch(NamedTuple):
    """Where an array is put into zeros: between two places of one axis."""

    axis: int
    start: int
    stop: int
    source: Ref


@PlainFunction
def side_by_side(*parts: Any, axis: int) -> Any:
    """Join arrays along an axis; -0.0 becomes 0.0, as it does when it is added to zeros."""
    shape = list(parts[0].shape)
    shape[axis] = sum([x.shape[axis] for x in parts])
    out = new_memory(shape, parts[0].dtype)
    start = 0
    for x in parts:
        stop = start + x.shape[axis]
        np.add(x, 0.0, out[(slice(None),) * axis + (slice(start, stop),)])
        start = stop
    return out


def with_parts_joined(program: Program) -> Program:
    """Return a program in which the sum of arrays that lie side by side in zeros is one array that is written once."""
    readers = Counter([n for i in program.instructions for n in i.reads()])
    readers.update([n for stage in program.stages for n in stage.outputs])
    lists = []
    for stage in program.stages:
        pieces: dict[int, tuple[list[Stretch], list[int]]] = {}  # its parts, and the places of what computes it
        found = dict(enumerate(stage.instructions))
        for place, instruction in enumerate(stage.instructions):
            together = _together(program, instruction, pieces, readers)
            if together is None:
                continue
            parts, places = together
            (number,) = instruction.results
            if _fill(parts, program.variables[number].shape):
                sources = [part.source for part in sorted(parts, key=lambda part: part.start)]
                found[place] = Instruction(side_by_side, tuple(sources), {"axis": parts[0].axis}, (number,))
                for earlier in places:
                    del found[earlier]
            else:
                pieces[number] = parts, [*places, place]
        lists.append(list(found.values()))
    return with_stages(program, lists)


def _together(program: Program, instruction: Instruction, pieces: Any, readers: Counter[int]) -> Any:
    """Return the parts that an instruction puts into zeros or adds up, and the places of what it needs no more."""
    if instruction.operation is Op.table["scatter_add"]:
        part = _part(program, instruction)
        return None if part is None else ([part], [])
    if instruction.operation is not Op.table["add"]:
        return None
    first, second = [_of_one_reader(x, pieces, readers) for x in instruction.arguments]
    if first is None or second is None:
        return None
    if len({program.variables[n] for n in (*instruction.reads(), *instruction.results)}) > 1:
        return None
    (parts, places), (others, more) = first, second
    if parts[0].axis != others[0].axis or not _apart([*parts, *others]):
        return None
    return [*parts, *others], [*places, *more]


def _of_one_reader(x: Any, pieces: Any, readers: Counter[int]) -> Any:
    return pieces.get(x.number) if x.__class__ is Ref and readers[x.number] == 1 else None


def _part(program: Program, instruction: Instruction) -> Stretch | None:
    """Return where an array is put, if all is known: between two places of one axis, the others being whole."""
    (x,), index, shape = instruction.arguments, instruction.params["index"], instruction.params["shape"]
    index = index if isinstance(index, tuple) else (index,)
    if x.__class__ is not Ref or not all(i.__class__ is slice and i.step in (None, 1) for i in index):
        return None
    dtype = program.variables[x.number].dtype
    if dtype is None or dtype.kind not in "fc" or dtype != program.variables[instruction.results[0]].dtype:
        return None
    if any(end is not None and end.__class__ is not int for i in index for end in (i.start, i.stop)):
        return None
    cut = [axis for axis, i in enumerate(index) if i.indices(shape[axis])[:2] != (0, shape[axis])]
    if len(cut) != 1:
        return None
    start, stop, _ = index[cut[0]].indices(shape[cut[0]])
    return Stretch(cut[0], start, stop, x) if start < stop else None


def _apart(parts: Sequence[Stretch]) -> bool:
    """Whether no two parts overlap."""
    ordered = sorted(parts, key=lambda part: part.start)
    return all(a.stop <= b.start for a, b in zip(ordered, ordered[1:]))


def _fill(parts: Sequence[Stretch], shape: tuple[int, ...]) -> bool:
    """Whether parts that do not overlap leave nothing of an axis."""
    return len(parts) > 1 and sum([part.stop - part.start for part in parts]) == shape[parts[0].axis]
