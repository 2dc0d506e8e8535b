"""Put elementwise operations on large arrays into groups that are computed block after block."""

from __future__ import annotations

import math
from collections import defaultdict
from heapq import heapify, heappop, heappush

from ...ops.views import View
from ..elementwise_group import ElementwiseGroup, acts_on_each_element, adds_up, is_ufunc
from ..program import Instruction, Program, Ref
from ..runners.block_functions import block_function
from .rewriting import always, with_stages

#: Multiplications from which on blocks pay: threads can share them, or they save more time than it takes to cut them.
LARGE = 1 << 21
#: How many of the latest groups of its shape an operation may join.
LOOKED_AT = 16
#: The fewest arrays that are not written to memory or read from it, thanks to a group.
FEWEST = 2
#: How many times as long it takes if the number of arrays does not matter.
MANY_TIMES = 8
#: The cost of an operation that alone is worth sharing among threads.
SLOW = 5
#: What is too small for a group of so many additions and multiplications is not looked at.
MOST_OPERATIONS = 64
#: Of what a group may consist: float16 is computed in float32 here and there, and stays alone.
KINDS = "?bBhHiIlLqQfd"


def with_groups(program: Program, large: int = LARGE) -> Program:
    """Return a program whose elementwise operations on large arrays are in groups, where they can be.

    Operations on arrays of one shape go together if they have an input in common, or one reads what the other
    computes, and if nothing outside lies between them. A group takes the time of at least ``large`` multiplications.
    """
    sizes = [math.prod(shape) for shape in {variable.shape for variable in program.variables}]
    if max(sizes, default=0) * MOST_OPERATIONS < large:
        return program
    stages = [_StageGroups(program, k, large) for k in range(len(program.stages))]
    return with_stages(program, [s.ordered() if s.groups else s.stage.instructions for s in stages])


#: Instructions of their own after which a group is not added to: what it waits for would leave the cache.
FAR = 4


class _Cluster:
    """Instructions that run together: an instruction alone, or a group.

    Attributes
    ----------
    shape : tuple of int or None
        None for what is no group.
    touched : set of int
        The variables of that shape that are read or computed.
    closed : set of int
        Sums: what they give is known when the group has ended.
    bit : int
        Of a group; 0 for an instruction alone.
    sources : set of int
        The places of clusters that compute what it reads.
    before : int
        The bits of the groups that have to run earlier.
    passed : int
        How many instructions of their own there were when something was added.
    """

    def __init__(self, place: int, shape: tuple[int, ...] | None, bit: int) -> None:
        self.place, self.shape, self.bit = place, shape, bit
        self.members: list[tuple[int, Instruction]] = []
        self.touched: set[int] = set()
        self.closed: set[int] = set()
        self.sources: set[int] = set()
        self.before = self.passed = 0


class _StageGroups:
    """The groups of one stage, found while its instructions are read in order."""

    def __init__(self, program: Program, stage: int, large: int) -> None:
        self.program, self.stage, self.large = program, program.stages[stage], large
        self.variables = program.variables
        self.clusters: dict[int, _Cluster] = {}
        self.home: dict[int, _Cluster] = {}  # by the variables that it computes
        self.by_shape: dict[tuple[int, ...], list[_Cluster]] = {}
        self.readers: dict[int, set[int]] = defaultdict(set)
        self.passed = self.groups = 0
        self.later = {n for s in program.stages for n in s.outputs}
        for other in program.stages[:stage] + program.stages[stage + 1 :]:
            self.later.update(n for i in other.instructions for n in i.reads())
        last_always: _Cluster | None = None
        shapes = [self._shape_of(instruction) for instruction in self.stage.instructions]
        if not any(shapes):
            return
        for position, (instruction, shape) in enumerate(zip(self.stage.instructions, shapes)):
            cluster = self._place(position, instruction, shape)
            if always(instruction):
                if last_always is not None:
                    self._order(last_always, cluster)
                last_always = cluster

    def _place(self, position: int, instruction: Instruction, shape: tuple[int, ...] | None) -> _Cluster:
        """Put an instruction into a group, or alone."""
        reads = [n for n in set(instruction.reads()) if self.variables[n].shape == shape]
        related = [
            c
            for c in reversed(self.by_shape.get(shape, [])[-LOOKED_AT:] if shape is not None else [])
            if self.passed - c.passed <= FAR and not c.touched.isdisjoint(reads) and self._may_join(c, instruction)
        ]
        if related:
            cluster = related[0]
            for other in related[1:]:
                if self._may_merge(cluster, other):
                    self._merge(cluster, other)
        else:
            cluster = _Cluster(position, shape, 0 if shape is None else 1 << self.groups)
            self.groups += shape is not None
            self.clusters[position] = cluster
            if shape is not None:
                self.by_shape.setdefault(shape, []).append(cluster)
            elif not isinstance(instruction.operation, View):
                self.passed += 1
        self._add(cluster, position, instruction, reads)
        return cluster

    def _shape_of(self, instruction: Instruction) -> tuple[int, ...] | None:
        """Return the shape of the group that an instruction may be in; None if it may be in none."""
        (result, *more) = instruction.results
        if more:
            return None
        if adds_up(instruction) and instruction.arguments[0].__class__ is Ref:
            return self._if_large(instruction.arguments[0].number, "fd")
        if acts_on_each_element(instruction) and all(self._suits(n) for n in instruction.reads()):
            return self._if_large(result, KINDS)
        return None

    def _suits(self, number: int) -> bool:
        dtype = self.variables[number].dtype
        return dtype is None or dtype.char in KINDS

    def _if_large(self, number: int, kinds: str) -> tuple[int, ...] | None:
        shape, dtype = self.variables[number]
        size = math.prod(shape)
        large = dtype is not None and dtype.char in kinds and size * MOST_OPERATIONS >= self.large
        return shape if large and size else None

    def _add(self, cluster: _Cluster, position: int, instruction: Instruction, reads: list[int]) -> None:
        cluster.members.append((position, instruction))
        cluster.passed = self.passed
        cluster.touched.update(reads)
        (cluster.closed if adds_up(instruction) else cluster.touched).update(instruction.results)
        for number in instruction.results:
            self.home[number] = cluster
        for number in instruction.reads():
            if number in self.home and self.home[number] is not cluster:
                self._order(self.home[number], cluster)

    def _order(self, first: _Cluster, then: _Cluster) -> None:
        """Note that one cluster runs before another, and before all that run after that."""
        then.sources.add(first.place)
        new = (first.before | first.bit) & ~then.before
        if not new:
            return
        then.before |= new
        if then.bit and len(then.members) > 1:
            for other in self.clusters.values():
                if other.before & then.bit:
                    other.before |= new

    def _may_join(self, cluster: _Cluster, instruction: Instruction) -> bool:
        """Whether nothing that an instruction reads has to run after the group, or at its end."""
        sources = [self.home[n] for n in instruction.reads() if n in self.home]
        waits = any(s is not cluster and s.before & cluster.bit for s in sources)
        return not waits and cluster.closed.isdisjoint(instruction.reads())

    def _may_merge(self, one: _Cluster, other: _Cluster) -> bool:
        """Whether nothing has to run between two groups, nor waits for sums of one of them."""
        for first, then in ((one, other), (other, one)):
            if any(not first.closed.isdisjoint(i.reads()) for _, i in then.members):
                return False
            between = [self.clusters[place] for place in then.sources - {first.place}]
            if any(c.before & first.bit for c in between):
                return False
        return True

    def _merge(self, cluster: _Cluster, other: _Cluster) -> None:
        """Move all of another group here."""
        cluster.members += other.members
        cluster.touched |= other.touched
        cluster.closed |= other.closed
        del self.clusters[other.place]
        self.by_shape[cluster.shape].remove(other)  # type: ignore[index]
        for _, i in other.members:
            self.home.update(dict.fromkeys(i.results, cluster))
        both = cluster.bit | other.bit
        cluster.before = (cluster.before | other.before) & ~both
        cluster.sources = (cluster.sources | other.sources) - {cluster.place, other.place}
        for c in self.clusters.values():
            if c is not cluster and c.before & both:
                c.before |= cluster.before | both
            if other.place in c.sources:
                c.sources = c.sources - {other.place} | {cluster.place}

    def ordered(self) -> list[Instruction]:
        """Return the instructions and groups, each after what it reads; else in the order in which they end."""
        for place, c in self.clusters.items():
            for number in [n for _, i in c.members for n in i.reads()]:
                self.readers[number].add(place)
        ends = {place: max(position for position, _ in c.members) for place, c in self.clusters.items()}
        waiting = {place: len(c.sources) for place, c in self.clusters.items()}
        followers: dict[int, list[int]] = defaultdict(list)
        for place, c in self.clusters.items():
            for source in c.sources:
                followers[source].append(place)
        heap = [(ends[place], place) for place, number in waiting.items() if not number]
        heapify(heap)
        found = []
        while heap:
            _, place = heappop(heap)
            found += self._instructions(self.clusters[place])
            for other in followers[place]:
                waiting[other] -= 1
                if not waiting[other]:
                    heappush(heap, (ends[other], other))
        assert not any(waiting.values()), "groups wait for each other"
        return found

    def _pays(self, group: ElementwiseGroup) -> bool:
        """Whether blocks are quicker than one operation after the other."""
        costs = [1 if adds_up(i) else self._cost(i) for i in group.instructions]
        time = math.prod(group.shape) * sum(costs)
        if len(costs) == 1:  # threads can share it
            return time >= 2 * self.large and costs[0] >= SLOW and is_ufunc(group.instructions[0].operation)
        alone = [n for i in group.instructions for n in (*dict.fromkeys(i.reads()), *i.results)]
        saved = self._arrays(alone, group.shape) - self._arrays([*group.inputs, *group.outputs], group.shape)
        return time >= self.large and (saved >= FEWEST or time >= MANY_TIMES * self.large)

    def _arrays(self, numbers: list[int], shape: tuple[int, ...]) -> int:
        return sum(self.variables[n].shape == shape for n in numbers)

    def _cost(self, instruction: Instruction) -> int:
        dtype = self.variables[instruction.results[0]].dtype
        return block_function(instruction, dtype).cost if dtype is not None else 0

    def _instructions(self, cluster: _Cluster) -> list[Instruction]:
        """Return the group as one instruction, if that pays."""
        members = [i for _, i in sorted(cluster.members, key=lambda member: member[0])]
        if cluster.shape is None:
            return members
        computed = [n for i in members for n in i.results]
        own = set(computed)
        inputs = tuple(dict.fromkeys(n for i in members for n in i.reads() if n not in own))
        outputs = tuple([n for n in computed if n in self.later or self.readers[n] - {cluster.place}])
        group = ElementwiseGroup(cluster.shape, members, inputs, outputs, self.variables)
        return [Instruction(group, tuple(map(Ref, inputs)), {}, outputs)] if self._pays(group) else members
