"""The passes of batch normalisation over lines of channels (H, C, W * N), and of relu; compiled, for float32."""

from __future__ import annotations

from .compiled import FLOAT, INT, ZERO, array, compiled, given

_SUMS = {"reassoc", "contract"}  # so that sums are made of vector instructions, too


@compiled(given(3), INT, INT, array(2), array(2), fastmath=_SUMS)
def line_moments(x, low, high, means, squares):
    """Set the mean of each line of some rows, and its sum of squares around that, while the line is in the cache."""
    for r in range(low, high):
        for c in range(x.shape[1]):
            line, total, around = x[r, c], ZERO, ZERO
            for i in range(line.size):
                total += line[i]
            mean = total / FLOAT(line.size)
            for i in range(line.size):
                around += (line[i] - mean) * (line[i] - mean)
            means[r, c], squares[r, c] = mean, around


@compiled(given(3), INT, INT, given(1), given(1), given(1), array(3))
def scale_and_shift(x, low, high, center, scale, bias, out):
    """Set some rows of `out` to ``(x - center) * scale + bias``."""
    for r in range(low, high):
        for c in range(x.shape[1]):
            line, target, middle, factor, shift = x[r, c], out[r, c], center[c], scale[c], bias[c]
            for i in range(line.size):
                target[i] = (line[i] - middle) * factor + shift


@compiled(given(3), given(3), INT, INT, given(1), array(2), array(2), fastmath=_SUMS)
def gradient_sums(g, x, low, high, center, sums, products):
    """Set the sum of each line of some rows of `g`, and of its product with ``x - center``."""
    for r in range(low, high):
        for c in range(x.shape[1]):
            line, other, middle, total, product = g[r, c], x[r, c], center[c], ZERO, ZERO
            for i in range(line.size):
                total += line[i]
                product += line[i] * (other[i] - middle)
            sums[r, c], products[r, c] = total, product


@compiled(given(3), given(3), INT, INT, given(1), given(1), given(1), given(1), array(3))
def combine(g, x, low, high, center, slope, level, scale, out):
    """Set some rows of `out` to ``(g - slope * (x - center) - level) * scale``."""
    for r in range(low, high):
        for c in range(x.shape[1]):
            line, other, target = g[r, c], x[r, c], out[r, c]
            middle, factor, shift, outer = center[c], slope[c], level[c], scale[c]
            for i in range(line.size):
                target[i] = (line[i] - factor * (other[i] - middle) - shift) * outer


@compiled(given(1), given(1), array(1))
def cut(g, values, out):
    """Set `out` to what relu, whose results are `values`, lets pass of a gradient."""
    for i in range(out.size):
        out[i] = ZERO if values[i] == ZERO else g[i]
