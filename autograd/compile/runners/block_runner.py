"""Run a group of elementwise operations block after block, on all threads."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from ...ops.shaping import wide_sum
from ..elementwise_group import ElementwiseGroup
from .block_code import BlockCode, Sum
from .block_plan import BlockPlan
from .parts_and_memory import new_memory, share_work

#: Bytes of a block of one array: a call of NumPy takes some microseconds then.
BLOCK_BYTES = 1 << 17
#: Bytes of all blocks that are in use at a time: they stay in the second cache of a core.
CACHE_BYTES = 1 << 20
#: Elements of the smallest block: below, calls of NumPy cost more than what they compute.
SMALLEST_BLOCK = 1 << 11
#: Multiplications in the smallest part of work worth handing to another thread.
SMALLEST_PART = 1 << 19
#: How many ways to lie in memory are remembered.
MOST_PLANS = 16


class BlockRunner:
    """Computes what a group computes, to rounding; to be called inside of ``quiet()``, also by several threads.

    Parameters
    ----------
    group : ElementwiseGroup
    """

    def __init__(self, group: ElementwiseGroup) -> None:
        self.group = group
        self.code: BlockCode = BlockCode(group)
        self.plans: dict[Any, BlockPlan] = {}
        self.work: float = float(prod(group.shape)) * self.code.cost
        self.dtypes: list[np.dtype[Any] | None] = [group.variables[n].dtype for n in self.code.arrays]
        numbers = [*self.code.arrays, *[s.variable for s in self.code.sums]]
        self.order: list[int] = [numbers.index(n) for n in group.outputs]
        at_once = [group.variables[n].dtype for n in (*group.inputs, *group.outputs)] + self.code.temporaries
        sizes = [dtype.itemsize for dtype in at_once if dtype is not None]
        self.block: int = max(SMALLEST_BLOCK, min(BLOCK_BYTES // max(sizes), CACHE_BYTES // sum(sizes)))

    def __call__(self, *data: Any) -> tuple[Any, ...]:
        """Return the outputs, in order."""
        key = tuple([x.strides if x.__class__ is np.ndarray else None for x in data])
        plan = self.plans.get(key) or self._plan(key, data)
        arrays = [plan.empty(dtype, new_memory) for dtype in self.dtypes]
        views = [x if view is None else view(x) for x, view in zip(data, plan.views)] + [j for _, j in arrays]
        parts = self._blocks(plan, views)
        found = [array for array, _ in arrays]
        found += [self._total(plan, k, [p[k] for p in parts]) for k in range(len(self.code.sums))]
        return tuple([found[place] for place in self.order])

    def _plan(self, key: Any, data: Sequence[Any]) -> BlockPlan:
        """Return a new plan for arguments that lie in memory as these."""
        if len(self.plans) >= MOST_PLANS:
            self.plans.clear()
        sums = [s.axes for s in self.code.sums]
        plan = BlockPlan(self.group.shape, data, self.code.whole, sums, self.block, len(self.dtypes))
        self.plans[key] = plan
        return plan

    def _blocks(self, plan: BlockPlan, views: Sequence[Any]) -> list[Any]:
        """Compute all blocks; return the parts of the sums."""
        function, parts, places = self.code.function, [None] * len(plan.shapes), plan.places
        arguments = list(zip(views, plan.indices))

        def run(low: int, high: int) -> None:
            memory = [new_memory((plan.largest,), dtype) for dtype in self.code.temporaries]
            shape, temporaries = None, list[Any]()
            for k in range(low, high):
                if plan.shapes[k] != shape:
                    shape = plan.shapes[k]
                    temporaries = [m[: prod(shape)].reshape(shape) for m in memory]
                blocks = [x if index is None else x[index[k]] for x, index in arguments]
                parts[k] = function(*blocks, *temporaries, *places)

        if len(parts) > 1 and self.work >= 2 * SMALLEST_PART:
            share_work(len(parts), self.work, SMALLEST_PART, run)
        else:
            run(0, len(parts))
        return parts

    def _total(self, plan: BlockPlan, number: int, parts: list[Any]) -> Any:
        """Return a sum of which each block has given a part."""
        s: Sum = self.code.sums[number]
        total = plan.total(number, parts, wide_sum)
        if s.divisor != 1:
            total = total / s.divisor
        total = plan.unjoined(total, number).reshape(self.group.variables[s.variable].shape)
        return total if s.as_array else total[()]
