"""Curves of neural networks and their slopes, one pass over each line of float32; compiled by Numba."""

from __future__ import annotations

import numpy as np

from .compiled import ZERO, array, compiled, given, inlined
from .compiled_exp import ONE, exp_below
from .normal_tail import BEYOND, DENSITY, ERF, ROOT2, STEP, TAIL

_STEP, _DENSITY, _BEYOND, _HALF = (np.float32(c) for c in (STEP, DENSITY, BEYOND, 0.5))
_T8, _T7, _T6, _T5, _T4, _T3, _T2, _T1, _T0 = (np.float32(c) for c in TAIL)
_E6, _E5, _E4, _E3, _E2, _E1, _E0 = (np.float32(c) for c in ERF)
_ROOT2, _TWO = np.float32(ROOT2), np.float32(2.0)


@inlined
def logistic(x):
    """Return ``1 / (1 + e ** -x)``."""
    e = exp_below(-abs(x))
    return (ONE if x >= ZERO else e) / (ONE + e)


@inlined
def tail_above(size):
    """Return the probability that a standard normal variable is above `size`, over its density there."""
    t = ONE / (ONE + _STEP * size)
    return (((((((_T8 * t + _T7) * t + _T6) * t + _T5) * t + _T4) * t + _T3) * t + _T2) * t + _T1) * t + _T0


@compiled(given(1), array(1))
def sigmoid(x, out):
    """Set `out` to the logistic function of `x`."""
    for i in range(x.size):
        out[i] = logistic(x[i])


@compiled(given(1), given(1), array(1))
def sigmoid_slope(g, y, out):
    """Set `out` to `g` times the slope of the logistic function where its value is `y`."""
    for i in range(y.size):
        out[i] = g[i] * y[i] * (ONE - y[i])


@compiled(given(1), given(1), array(1))
def tanh_slope(g, y, out):
    """Set `out` to `g` times the slope of the hyperbolic tangent where its value is `y`."""
    for i in range(y.size):
        out[i] = g[i] * (ONE - y[i] * y[i])


@compiled(given(1), array(1))
def silu(x, out):
    """Set `out` to `x` times its logistic function."""
    for i in range(x.size):
        out[i] = x[i] * logistic(x[i])


@compiled(given(1), given(1), array(1))
def silu_slope(g, x, out):
    """Set `out` to `g` times the slope of `silu` at `x`."""
    for i in range(x.size):
        y = logistic(x[i])
        out[i] = g[i] * (y * (ONE + x[i] * (ONE - y)))


@compiled(given(1), array(1))
def gelu(x, out):
    """Set `out` to `x` times the probability that a standard normal variable is below it."""
    for i in range(x.size):
        size = abs(x[i])
        size = _BEYOND if size > _BEYOND else size
        out[i] = (ZERO if x[i] < ZERO else x[i]) - size * (tail_above(size) * exp_below(-_HALF * size * size))


@compiled(given(1), given(1), array(1))
def gelu_slope(g, x, out):
    """Set `out` to `g` times the slope of `gelu` at `x`."""
    for i in range(x.size):
        gauss = exp_below(-_HALF * x[i] * x[i])
        tail = tail_above(abs(x[i])) * gauss
        out[i] = g[i] * ((tail if x[i] < ZERO else ONE - tail) + x[i] * gauss * _DENSITY)


@compiled(given(1), array(1))
def erf(x, out):
    """Set `out` to the error function of `x`."""
    for i in range(x.size):
        size = abs(x[i])
        bounded = _BEYOND if size > _BEYOND else size
        far = ONE - _TWO * (tail_above(_ROOT2 * bounded) * exp_below(-bounded * bounded))
        s = size * size
        near = size * ((((((_E6 * s + _E5) * s + _E4) * s + _E3) * s + _E2) * s + _E1) * s + _E0)
        result = near if size <= ONE else far
        out[i] = -result if x[i] < ZERO else result
