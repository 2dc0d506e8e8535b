"""Run a group of elementwise operations block after block, on all threads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ....common.quiet import quiet
from ...ops.shaping import wide_sum
from ..elementwise_group import ElementwiseGroup
from .block_code import BlockCode, Sum
from .block_plan import BlockPlan, layout_of
from .parts_and_memory import new_memory, share_work

#: Bytes of a block of one array; more, and the C library takes fresh memory from the system for each result.
BLOCK_BYTES = 1 << 16
#: Bytes of all blocks that are in use at a time: they stay in the second cache of a core.
CACHE_BYTES = 1 << 20
#: Elements of the smallest block: below, calls of NumPy cost more than what they compute.
SMALLEST_BLOCK = 1 << 11
#: Multiplications in the smallest part of work worth handing to another thread.
SMALLEST_PART = 1 << 19
#: How many ways to lie in memory are remembered.
MOST_PLANS = 16


class BlockRunner:
    """Computes what a group computes, to rounding; callable from several threads at a time.

    Parameters
    ----------
    group : ElementwiseGroup
    """

    def __init__(self, group: ElementwiseGroup) -> None:
        self.group, self.code = group, BlockCode(group)
        self.plans: dict[Any, BlockPlan] = {}
        at_once = [group.variables[n].dtype for n in (*group.inputs, *group.outputs)] + self.code.temporaries
        sizes = [dtype.itemsize for dtype in at_once if dtype is not None]
        self.block = max(SMALLEST_BLOCK, min(BLOCK_BYTES // max(sizes), CACHE_BYTES // sum(sizes)))

    def __call__(self, *data: Any) -> tuple[Any, ...]:
        """Return the outputs, in order."""
        ndim = len(self.group.shape)
        layouts = tuple([layout_of(x, ndim, whole) for x, whole in zip(data, self.code.added_up)])
        plan = self.plans.get(layouts)
        if plan is None:
            plan = BlockPlan(self.group.shape, layouts, [s.axes for s in self.code.sums], self.block)
            if len(self.plans) >= MOST_PLANS:
                self.plans.clear()
            self.plans[layouts] = plan
        arrays = [plan.empty(self.group.variables[n].dtype, new_memory) for n in self.code.arrays]
        views = [plan.view(x, layout) for x, layout in zip(data, layouts)] + [joined for _, joined in arrays]
        with quiet():
            parts = self._blocks(plan, views)
            sums = [self._total(plan, k, [p[k] for p in parts]) for k in range(len(self.code.sums))]
        found = dict(zip(self.code.arrays, [array for array, _ in arrays]))
        found.update(zip([s.variable for s in self.code.sums], sums))
        return tuple([found[number] for number in self.group.outputs])

    def _blocks(self, plan: BlockPlan, views: Sequence[Any]) -> list[Any]:
        """Compute all blocks; return the parts of the sums."""
        cuts, function = plan.cuts, self.code.function
        full_at = [*plan.full_at, *[(True,) * len(plan.lengths)] * len(self.code.arrays)]
        parts: list[Any] = [None] * len(cuts)

        def run(low: int, high: int) -> None:
            memory = [new_memory((max(plan.sizes),), dtype) for dtype in self.code.temporaries]
            shape = None
            for k in range(low, high):
                if plan.shapes[k] != shape:
                    shape = plan.shapes[k]
                    size = plan.sizes[k]
                    temporaries = [m[:size].reshape(shape) for m in memory]
                blocks = [_block(x, cuts[k], full) for x, full in zip(views, full_at)]
                parts[k] = function(*blocks, *temporaries, *plan.summed)

        share_work(len(cuts), float(np.prod(self.group.shape)) * self.code.cost, SMALLEST_PART, run)
        return parts

    def _total(self, plan: BlockPlan, number: int, parts: list[Any]) -> Any:
        """Return a sum of which each block has given a part."""
        s: Sum = self.code.sums[number]
        gathered: dict[Any, list[Any]] = {}
        for place, part in zip(plan.places[number], parts):
            gathered.setdefault(place, []).append(part)
        lengths = [1 if k in plan.summed[number] else n for k, n in enumerate(plan.lengths)]
        total = np.empty(lengths, parts[0].dtype)
        for place, found in gathered.items():
            total[tuple([slice(*ends) for ends in place])] = (
                found[0] if len(found) == 1 else wide_sum(np.stack(found), 0)
            )
        if s.divisor != 1:
            total = total / s.divisor
        total = plan.unjoined(total, number).reshape(self.group.variables[s.variable].shape)
        return total if s.as_array else total[()]


def _block(x: Any, cut: tuple[slice, ...], full: tuple[bool, ...]) -> Any:
    """Return what a block reads of an argument."""
    if x.__class__ is not np.ndarray or not x.ndim:
        return x
    if all(full[: len(cut)]):
        return x[cut]
    return x[tuple([s if f else slice(None) for s, f in zip(cut, full)])]
