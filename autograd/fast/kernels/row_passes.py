"""Softmax and layer normalisation of the rows of matrices, and their gradients; one pass each where there is Numba.

NumPy takes several passes. It takes them over some rows at a time, which stay in the cache of a core meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ....common.quiet import quiet
from . import numba_use, threads
from .geometry import Array
from .workspace import allocate

BLOCK = 1 << 14
"""Elements of the rows that are computed together."""
SMALLEST_PART = 1 << 17
"""Elements in the smallest part of work worth handing to another thread."""

Part = Callable[[slice, int], None]


def by_rows(name: str, *arrays: Array) -> Array:
    """Return a function of this name of rows (rows, n) of one shape, such as ``softmax`` of ``(x)``."""
    out = allocate(arrays[0].shape, arrays[0].dtype)
    compiled = _compiled(arrays[0])
    compute = PASSES[name] if compiled is None else getattr(compiled, name)
    _share(out, lambda rows, part: compute(*[array[rows] for array in arrays], out[rows]), compiled is None)
    return out


def layer_norm(x: Array, weight: Array, bias: Array, eps: float) -> Array:
    """Give each row of ``x`` (rows, n) mean 0 and variance 1, then scale it by ``weight`` (n,) and shift it."""
    out = allocate(x.shape, x.dtype)
    compiled = _compiled(x)
    if compiled is None:
        _share(out, lambda rows, part: _layer_norm(x[rows], weight, bias, eps, out[rows]), True)
    else:
        _share(out, lambda rows, part: compiled.layer_norm(x[rows], weight, bias, eps, out[rows]), False)
    return out


def layer_norm_gradients(g: Array, x: Array, weight: Array, eps: float) -> tuple[Array, Array, Array]:
    """Return the gradients of ``x`` (rows, n), weight and bias (n,) from that of the result, ``g`` (rows, n)."""
    out = allocate(x.shape, x.dtype)
    compiled = _compiled(x)
    compute = _layer_norm_gradients if compiled is None else compiled.layer_norm_gradients
    parts = len(_cuts(out))
    sums = np.zeros((parts, 2, x.shape[1]), x.dtype)  # of each part, since parts are computed at the same time
    _share(out, lambda rows, part: compute(g[rows], x[rows], weight, eps, out[rows], sums[part]), compiled is None)
    to_weight, to_bias = np.add.reduce(sums, axis=0)
    return out, to_weight, to_bias


def add_rows(x: Array, places: Array, count: int) -> Array | None:
    """Return zeros (count, n) to which the rows (rows, n) are added at places (rows,); None without Numba."""
    compiled = _compiled(x)
    if compiled is None:
        return None
    out = np.zeros((count, x.shape[1]), x.dtype)
    compiled.add_rows(x, places, out)
    return out


def _compiled(x: Array) -> Any:
    return numba_use.compiled("compiled_rows") if x.dtype == np.float32 else None


def _cuts(out: Array) -> list[tuple[int, int]]:
    return threads.bounds(len(out), threads.parts_for(out.size, SMALLEST_PART))


def _share(out: Array, compute: Part, in_blocks: bool) -> None:
    """Share the rows of a result among the team."""
    cuts = _cuts(out)
    step = max(1, BLOCK // out.shape[1]) if in_blocks else len(out)

    def part(k: int) -> None:
        low, high = cuts[k]
        for start in range(low, high, step):
            compute(slice(start, min(start + step, high)), k)

    threads.run(len(cuts), part) if len(cuts) > 1 else part(0)


def _below_highest(x: Array, out: Array) -> None:
    """Set `out` to ``x`` less the highest element of each row; -inf throughout a row stays."""
    highest = np.maximum.reduce(x, axis=1, keepdims=True)
    np.maximum(highest, np.finfo(x.dtype).min, out=highest)
    with quiet("over", "invalid"):  # -inf is the right difference, and NaN that of inf and inf
        np.subtract(x, highest, out=out)


def _softmax(x: Array, out: Array) -> None:
    _below_highest(x, out)
    np.exp(out, out=out)
    total = np.add.reduce(out, axis=1, keepdims=True)
    np.maximum(total, 1, out=total)
    out /= total


def _softmax_gradient(g: Array, y: Array, out: Array) -> None:
    shares = np.einsum("ij,ij->i", g, y)
    np.subtract(g, shares[:, None], out=out)
    out *= y


def _log_softmax(x: Array, out: Array) -> None:
    _below_highest(x, out)
    total = np.add.reduce(np.exp(out), axis=1, keepdims=True)
    np.log(np.maximum(total, 1, out=total), out=total)
    out -= total


def _log_softmax_gradient(g: Array, y: Array, out: Array) -> None:
    np.exp(y, out=out)
    out *= np.add.reduce(g, axis=1, keepdims=True)
    np.subtract(g, out, out=out)


def _standardize(x: Array, eps: float, out: Array) -> Array:
    """Set `out` to ``x`` with mean 0 and variance 1 in each row; return what its distances were multiplied by."""
    n = x.dtype.type(x.shape[1])
    np.subtract(x, np.add.reduce(x, axis=1, keepdims=True) / n, out=out)
    scale = 1 / np.sqrt(np.einsum("ij,ij->i", out, out)[:, None] / n + x.dtype.type(eps))
    out *= scale
    return scale


def _layer_norm(x: Array, weight: Array, bias: Array, eps: float, out: Array) -> None:
    _standardize(x, eps, out)
    out *= weight
    out += bias


def _layer_norm_gradients(g: Array, x: Array, weight: Array, eps: float, out: Array, sums: Array) -> None:
    n, h = x.dtype.type(x.shape[1]), np.empty_like(x)
    scale = _standardize(x, eps, h)
    ones = np.ones(len(x), x.dtype)
    sums[0] += np.matmul(ones, np.multiply(g, h, out=out))
    sums[1] += np.matmul(ones, g)
    np.multiply(g, weight, out=out)
    h *= (np.einsum("ij,ij->i", out, h) / n)[:, None]
    out -= np.add.reduce(out, axis=1, keepdims=True) / n
    out -= h
    out *= scale


PASSES: dict[str, Callable[..., None]] = {
    "softmax": _softmax,
    "softmax_gradient": _softmax_gradient,
    "log_softmax": _log_softmax,
    "log_softmax_gradient": _log_softmax_gradient,
}
