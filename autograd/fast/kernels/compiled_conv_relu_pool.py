"""A convolution that relu and a pool follow, and its gradients, row by row of the pool; for float32.

Each row goes through all the steps while it is in the cache.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from .compiled import BYTE, INT, ZERO, array, compiled, given, inlined, wins
from .compiled_convolution import LONG, add_weight_gradient, correlate, part, table

_SUMS = {"reassoc", "contract"}  # so that sums are made of vector instructions, too


@lru_cache(maxsize=64)
def forward(high: int, wide: int) -> Any:
    """Make the function for a window of the pool: its elements are compared side by side, in registers."""
    pool = high * wide

    @compiled(given(4), given(1), given(1), table, table, INT, part, array(4), array(4), array(4, BYTE))
    def strongest(x, w, bias, rows, runs, kernel_columns, part, layer, values, winners):
        # x (H, C, W, N) -> layer (ph, Cout, PW * pw, N), for one row of the pool's windows at a time -> values and
        # winners (PH, Cout, PW, N)
        low, high_row, first, last, base = part
        columns, images = values.shape[2:]
        zeros = np.zeros(layer.shape[1], np.float32)
        for row in range(low, high_row):
            top = row * high
            correlate(
                x, w, zeros, rows, runs, kernel_columns, np.float32(-np.inf), (top, top + high, first, last, top), layer
            )
            for c in range(first, last):
                for k in range(columns):
                    best, winner = values[row, c, k], winners[row, c, k]
                    for n in range(images):
                        largest, number = layer[0, c, k * wide, n], np.int32(0)
                        for tap in range(1, pool):
                            element = layer[tap // wide, c, k * wide + tap % wide, n]
                            later = wins(element, largest)
                            largest = element if later else largest
                            number = np.int32(tap) if later else number
                        largest += bias[c]
                        best[n] = ZERO if largest <= ZERO else largest
                        winner[n] = np.int32(pool) if largest <= ZERO else number

    return strongest


@lru_cache(maxsize=64)
def _spread(high: int, wide: int) -> Any:
    """Make what sends gradients back to the winners of a pool's window."""
    pool = high * wide

    @compiled(given(4), given(4, BYTE), part, array(4), array(1), fastmath=_SUMS)
    def spread(g, winners, part, layer, db):
        low, high_row, first, last, base = part
        for row in range(low, high_row):
            for c in range(first, last):
                for k in range(g.shape[2]):
                    line, winner = g[row, c, k], winners[row, c, k]
                    total = ZERO
                    for n in range(line.size):
                        total += line[n] if winner[n] < pool else ZERO
                    db[c] += total
                    for tap in range(pool):
                        target = layer[(row - base) * high + tap // wide, c, k * wide + tap % wide]
                        for n in range(line.size):
                            target[n] = line[n] if winner[n] == tap else ZERO

    return spread


@compiled(given(4), given(4), part, array(4), array(1), fastmath=_SUMS)
def _cut(g, values, part, layer, db):
    """Do the same without a pool: send gradients back to where relu has let something pass."""
    low, high, first, last, base = part
    for row in range(low, high):
        for c in range(first, last):
            for k in range(g.shape[2]):
                line, value, target = g[row, c, k], values[row, c, k], layer[row - base, c, k]
                total = ZERO
                for n in range(line.size):
                    passed = ZERO if value[n] <= ZERO else line[n]
                    target[n] = passed
                    total += passed
                db[c] += total


@inlined
def rows_together(line, high):
    """Return how many rows of a pool of this height are worth a call, where rows of the convolution are that long."""
    return max(1, LONG // (line * high))


@lru_cache(maxsize=64)
def backward(high: int, wide: int) -> Any:
    """Make the function for a window of the pool."""
    pool = high * wide
    send, kind = (_cut, given(4)) if pool == 1 else (_spread(high, wide), given(4, BYTE))

    @compiled(given(4), kind, given(4), table, table, part, array(4), array(4), array(1))
    def weight_gradients(g, chosen, x, rows, runs, part, layer, dw, db):
        # g (PH, Cout, PW, N) -> layer (OH, Cout, PW * pw, N), or as many of its rows as there are -> dw and db
        low, high_row, first, last, base = part
        whole = layer.shape[0] == g.shape[0] * high
        some = rows_together(layer.shape[2] * layer.shape[3], high)
        while low < high_row:
            end = min(low + some, high_row)
            start = 0 if whole else low
            send(g, chosen, (low, end, first, last, start), layer, db)
            add_weight_gradient(x, layer, rows, runs, (low * high, end * high, first, last, start * high), dw)
            low = end

    return weight_gradients
