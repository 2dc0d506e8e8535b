"""Find what repeats itself in a list of instructions: the steps of a loop that ran while the function was traced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ...compile.program import Instruction, Program, Ref

#: Results that are read so many instructions later, or sooner, come from the same or the last turn of a loop.
_NEAR = 64

#: So many lengths of a turn are tried, the most frequent first.
_TRIED = 40

#: What repeats itself fewer times, or saves fewer lines, is not folded.
_FEWEST_TURNS, _FEWEST_SAVED = 3, 6


class Repeated(NamedTuple):
    """A stretch of a list in which the same instructions come again and again.

    Attributes
    ----------
    start : int
        Where the first turn begins.
    length : int
        The number of instructions of one turn.
    turns : int
        How often it comes.
    """

    start: int
    length: int
    turns: int

    @property
    def stop(self) -> int:
        """Where the last turn has ended."""
        return self.start + self.length * self.turns


def repetitions(program: Program, instructions: Sequence[Instruction]) -> list[Repeated]:
    """Return the stretches of a stage that repeat themselves, in order; they do not overlap.

    Two instructions are the same if they compute the same operation with the same parameters, give the same shape, and
    read what stands equally far before them. Of what is read from afar only the operation counts.
    """
    kinds, outlines = _kinds(program, instructions)
    found: list[Repeated] = []
    gaps = [(0, len(kinds))]
    while gaps:
        begin, end = gaps.pop()
        best = _longest(kinds[begin:end])
        if best is not None:
            best = _extended(best._replace(start=best.start + begin), outlines, begin, end)
            found.append(best)
            gaps += [(begin, best.start), (best.stop, end)]
    return sorted(found)


def _longest(kinds: npt.NDArray[np.int64]) -> Repeated | None:
    """Return the repetition that saves most lines, None if there is none worth folding."""
    best, saved = None, _FEWEST_SAVED - 1
    for length in _likely_lengths(kinds):
        same = np.flatnonzero(np.diff(np.concatenate([[0], kinds[length:] == kinds[:-length], [0]])))
        starts, stops = same[::2], same[1::2]
        if not len(starts):
            continue
        place = int(np.argmax(stops - starts))
        turns = int(stops[place] - starts[place]) // length + 1
        if turns >= _FEWEST_TURNS and (turns - 1) * length > saved:
            best, saved = Repeated(int(starts[place]), length, turns), (turns - 1) * length
    return best


def _extended(found: Repeated, outlines: npt.NDArray[np.int64], begin: int, end: int) -> Repeated:
    """Add a turn before and after, which may read something else: what was given, or the last results."""
    start, length, turns = found
    if start - length >= begin and np.array_equal(outlines[start - length : start], outlines[start : start + length]):
        start, turns = start - length, turns + 1
    stop = start + length * turns
    if stop + length <= end and np.array_equal(outlines[stop : stop + length], outlines[stop - length : stop]):
        turns += 1
    return Repeated(start, length, turns)


def _likely_lengths(kinds: npt.NDArray[np.int64]) -> list[int]:
    """Return the most frequent distances from an instruction to the next one that is the same, shorter ones first."""
    order = np.argsort(kinds, kind="stable")
    distances = np.diff(order)[np.diff(kinds[order]) == 0]
    lengths, counts = np.unique(distances, return_counts=True)
    return sorted(lengths[np.argsort(-counts, kind="stable")][:_TRIED].tolist())


def _kinds(
    program: Program, instructions: Sequence[Instruction]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return two numbers for each instruction: equal ones compute the same, of what stands at the same place or not."""
    places: dict[int, int] = {}
    numbers: dict[Any, int] = {}
    outline: dict[int, Any] = {}
    kinds = np.empty((2, len(instructions)), np.int64)
    for i, instruction in enumerate(instructions):
        shapes = tuple([program.variables[n] for n in instruction.results])
        static = _without_refs((instruction.arguments, instruction.params))
        own = (id(instruction.operation), shapes, static)
        read = tuple([_read(n, i, places, outline, program) for n in instruction.reads()])
        kinds[0, i] = numbers.setdefault((own, read), len(numbers))
        kinds[1, i] = numbers.setdefault(own, len(numbers))
        for place, number in enumerate(instruction.results):
            places[number], outline[number] = i, (kinds[1, i], place)
    return kinds[0], kinds[1]


def _read(number: int, i: int, places: dict[int, int], outline: dict[int, Any], program: Program) -> Any:
    """Tell what is read, apart from the turn of the loop."""
    if number in program.constants:
        value = program.constants[number]
        return ("constant", np.shape(value), _bytes(value)) if np.size(value) <= _NEAR else ("constant", number)
    place = places.get(number)
    if place is None:
        return "given", number
    return i - place if i - place <= _NEAR else outline[number]


def _bytes(value: Any) -> Any:
    return value.tobytes() if hasattr(value, "tobytes") else repr(value)


def _without_refs(x: Any) -> Any:
    """Return nested arguments as something that can be a key of a dictionary, without the variables in it."""
    if x.__class__ is Ref:
        return Ref
    if isinstance(x, (tuple, list)):
        return tuple(map(_without_refs, x))
    if isinstance(x, Mapping):
        return tuple([(key, _without_refs(value)) for key, value in x.items()])
    if isinstance(x, slice):
        return _without_refs((x.start, x.stop, x.step))
    if isinstance(x, np.ndarray):
        return x.shape, x.tobytes() if x.size <= _NEAR else id(x)
    return x if isinstance(x, (int, float, str, type(None))) else id(x)
