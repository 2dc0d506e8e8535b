"""A convolution that relu and a pool follow, and its gradients, where the images lie; for float32.

What `direct_convolution` says of weights and gradients that are not finite goes for these functions, too.
"""

from __future__ import annotations

from types import ModuleType
from typing import NamedTuple

import numpy as np

from . import numba_use, threads
from .direct_convolution import all_see_something, compiled_for, conv2d, finite_enough, packed, parts_of, sent_back
from .geometry import Array, in_logical_order, in_memory_order
from .pool_plan import PoolPlan
from .tap_tables import tables
from .workspace import allocate

MOST_TAPS = 16
"""Elements of a pool's window up to which there is a function compiled for it."""


class WholeBatch(NamedTuple):
    """What the images leave for the backward pass.

    Attributes
    ----------
    inputs
        (H, Cin, W, N).
    chosen
        (PH, Cout, PW, N). The winner of each window, as in `ImageShard`; without a pool, the result itself.
    """

    inputs: Array
    chosen: Array

    def winners(self) -> Array:
        """Return the number of each window's winner: (N, PH, PW, Cout)."""
        alone = self.chosen.dtype == np.float32
        return in_logical_order((self.chosen <= 0).view(np.uint8) if alone else self.chosen)


def forward(x: Array, w: Array, b: Array, plan: PoolPlan) -> tuple[Array, WholeBatch] | None:
    """Return the values (N, PH, PW, Cout), and what the backward pass needs."""
    x, rows, columns = in_logical_order(in_memory_order(x, x.dtype)), plan.rows, plan.line
    if not all_see_something(rows, columns):
        return None
    if plan.taps == 1:
        values = conv2d(x, w, rows, columns, b, 0.0)
        return None if values is None else (values, WholeBatch(_memory(x), _memory(values)))
    multiplications = len(x) * rows.windows * columns.windows * w.size
    work = compiled_for(x, w, multiplications)
    if plan.taps > MOST_TAPS or work is None or not finite_enough(w, rows, columns):
        return None
    values = allocate((plan.size[0], w.shape[3], plan.size[1], len(x)), np.float32)
    winners, parts = allocate(values.shape, np.uint8), parts_of(plan.size[0], w.shape[3], multiplications)
    given = (_memory(x), packed(work, w), np.ascontiguousarray(b), *tables(rows, columns, False), columns.kernel)
    strongest = _compiled("compiled_conv_relu_pool").forward(*plan.pool)

    def part(k: int) -> None:
        layer = allocate((plan.pool[0], w.shape[3], columns.windows, len(x)), np.float32)
        strongest(*given, parts[k], layer, values, winners)

    threads.run(len(parts), part)
    return in_logical_order(values), WholeBatch(_memory(x), winners)


def backward(
    g: Array, state: WholeBatch, w: Array, plan: PoolPlan, to_input: bool
) -> tuple[Array | None, Array, Array] | None:
    """Return the gradients with respect to `x`, if wanted, `w` and `b`, from `g` (N, PH, PW, Cout)."""
    rows, columns, where = plan.rows, plan.line, tables(plan.rows, plan.line, False)
    parts = parts_of(plan.size[0], w.shape[3], g.size * plan.taps * (w.size // w.shape[3]))
    weight_sums, bias_sums = (np.zeros((len(parts), *shape), np.float32) for shape in (w.shape, w.shape[3:]))
    work = _compiled("compiled_conv_relu_pool")
    size = (w.shape[3], columns.windows, len(g))
    layer = allocate((rows.windows, *size), np.float32) if to_input else None
    gradient, some = in_memory_order(g, np.float32), work.rows_together(columns.windows * len(g), plan.pool[0])
    send = work.backward(*plan.pool)

    def part(k: int) -> None:
        own = allocate((some * plan.pool[0], *size), np.float32) if layer is None else layer
        send(gradient, state.chosen, state.inputs, *where, parts[k], own, weight_sums[k], bias_sums[k])

    threads.run(len(parts), part)
    to_weights, to_bias = np.add.reduce(weight_sums, axis=0), np.add.reduce(bias_sums, axis=0)
    if not finite_enough(to_weights, rows, columns):
        return None
    dx = None
    if layer is not None:
        dx = in_logical_order(sent_back(_compiled("compiled_convolution"), layer, w, rows, columns))
    return dx, to_weights, to_bias


def _memory(x: Array) -> Array:
    return x.transpose(1, 3, 2, 0)


def _compiled(name: str) -> ModuleType:
    """Return compiled functions to end what they have begun."""
    found = numba_use.compiled(name, anyway=True)
    assert found is not None
    return found
