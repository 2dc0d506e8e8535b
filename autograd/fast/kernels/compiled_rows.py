"""Softmax and layer normalisation, and their gradients, row by row of float32; compiled by Numba."""

from __future__ import annotations

import numpy as np

from .compiled import FLOAT, INT, ZERO, array, compiled, given, summing
from .compiled_exp import ONE, exp_below

_FLOOR = np.finfo(np.float32).min
_BLOCK = 1 << 11  # elements that stay in the first cache


@summing
def total(x):
    """Return the sum of a line."""
    result = ZERO
    for i in range(x.size):
        result += x[i]
    return result


@summing
def dot(x, y):
    """Return the sum of the products of two lines."""
    result = ZERO
    for i in range(x.size):
        result += x[i] * y[i]
    return result


@summing
def highest(x):
    """Return the largest element of a line that is no NaN, or the lowest finite number."""
    result = _FLOOR
    for i in range(x.size):
        result = x[i] if x[i] > result else result
    return result


@summing
def at_least_one(x):
    """Return 1 for what is less; NaN stays."""
    return ONE if x < ONE else x


@compiled(given(2), array(2))
def softmax(x, out):
    """Set each row of `out` to the softmax of a row of `x`.

    The exponentials of a block of rows are one loop: vector instructions take many elements at once, and a row of
    attention has few.
    """
    step = max(1, _BLOCK // max(1, x.shape[1]))
    for start in range(0, x.shape[0], step):
        stop = min(start + step, x.shape[0])
        for r in range(start, stop):
            row, result = x[r], out[r]
            top = highest(row)
            for i in range(row.size):
                result[i] = row[i] - top
        line = out[start:stop].reshape(-1)
        for i in range(line.size):
            line[i] = exp_below(line[i])
        for r in range(start, stop):
            result = out[r]
            share = ONE / at_least_one(total(result))
            for i in range(result.size):
                result[i] *= share


@compiled(given(2), given(2), array(2))
def softmax_gradient(g, y, out):
    """Set `out` to the gradient of what softmax has turned into `y`."""
    for r in range(y.shape[0]):
        gradient, row, result = g[r], y[r], out[r]
        mean = dot(gradient, row)
        for i in range(row.size):
            result[i] = row[i] * (gradient[i] - mean)


@compiled(given(2), array(2))
def log_softmax(x, out):
    """Set each row of `out` to the logarithm of the softmax of a row of `x`."""
    for r in range(x.shape[0]):
        row, result = x[r], out[r]
        top = highest(row)
        for i in range(row.size):
            result[i] = exp_below(row[i] - top)
        size = np.log(at_least_one(total(result)))
        for i in range(row.size):
            result[i] = (row[i] - top) - size


@compiled(given(2), given(2), array(2))
def log_softmax_gradient(g, y, out):
    """Set `out` to the gradient of what log_softmax has turned into `y`."""
    for r in range(y.shape[0]):
        gradient, row, result = g[r], y[r], out[r]
        size = total(gradient)
        for i in range(row.size):
            result[i] = gradient[i] - exp_below(row[i]) * size


@compiled(given(2), given(1), given(1), FLOAT, array(2))
def layer_norm(x, weight, bias, eps, out):
    """Set each row of `out` to a row of `x` with mean 0 and variance 1, scaled and shifted."""
    n = np.float32(x.shape[1])
    for r in range(x.shape[0]):
        row, result = x[r], out[r]
        mean = total(row) / n
        for i in range(row.size):
            result[i] = row[i] - mean
        scale = ONE / np.sqrt(dot(result, result) / n + eps)
        for i in range(row.size):
            result[i] = result[i] * scale * weight[i] + bias[i]


@compiled(given(2), given(2), given(1), FLOAT, array(2), array(2))
def layer_norm_gradients(g, x, weight, eps, out, sums):
    """Set `out` to the gradient of `x`, and add those of weight and bias to the two rows of `sums`."""
    n = np.float32(x.shape[1])
    apart, scaled = np.empty(x.shape[1], np.float32), np.empty(x.shape[1], np.float32)
    to_weight, to_bias = sums[0], sums[1]
    for r in range(x.shape[0]):
        gradient, row, result = g[r], x[r], out[r]
        mean = total(row) / n
        for i in range(row.size):
            apart[i] = row[i] - mean
        scale = ONE / np.sqrt(dot(apart, apart) / n + eps)
        for i in range(row.size):
            apart[i] *= scale
            to_weight[i] += gradient[i] * apart[i]
            to_bias[i] += gradient[i]
            scaled[i] = gradient[i] * weight[i]
        middle, slope = total(scaled) / n, dot(scaled, apart) / n
        for i in range(row.size):
            result[i] = (scaled[i] - middle - apart[i] * slope) * scale


@compiled(given(2), given(1, INT), array(2))
def add_rows(x, places, out):
    """Add each row of `x` to a row of `out`; places may be counted from the end."""
    for r in range(x.shape[0]):
        place = places[r]
        row, target = x[r], out[place + out.shape[0] if place < 0 else place]
        for i in range(row.size):
            target[i] += row[i]
