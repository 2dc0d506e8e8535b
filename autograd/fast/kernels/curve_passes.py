"""Curves of neural networks, and their slopes times a gradient, element by element; one pass each where there is Numba.

NumPy takes several passes for a curve. It takes them block by block, so that what one leaves is still in the cache of
a core when the next reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from . import numba_use, threads
from .geometry import Array
from .normal_tail import BEYOND, DENSITY, ERF, ROOT2, STEP, TAIL
from .workspace import allocate

BLOCK = 1 << 13
"""Elements of a block: a few blocks fit into the first cache of a core."""
SMALLEST_PART = 1 << 17
"""Elements in the smallest part of work worth handing to another thread."""


def curve(name: str, *arrays: Array) -> Array:
    """Return a curve of this name of float32 arrays of one shape: ``(x)``, or ``(g, ...)`` for a slope times ``g``."""
    flat = [np.ascontiguousarray(array).reshape(-1) for array in arrays]
    out = allocate(arrays[0].shape, np.float32)
    target = out.reshape(-1)

    def part(start: int, stop: int) -> None:
        curve_of_block(name, [array[start:stop] for array in flat], target[start:stop])

    if target.size < 2 * SMALLEST_PART:
        part(0, target.size)
    else:
        threads.share(target.size, target.size, SMALLEST_PART, part)
    return out


def curve_of_block(name: str, arrays: Sequence[Array], out: Array) -> None:
    """Write a curve of long lines of float32 to another one, in the calling thread."""
    compiled = numba_use.compiled("compiled_curves")
    compute = _block_by_block(PASSES[name]) if compiled is None else getattr(compiled, name)
    compute(*arrays, out)


def _block_by_block(passes: Callable[..., None]) -> Callable[..., None]:
    def compute(*arrays: Array) -> None:
        for start in range(0, arrays[0].size, BLOCK):
            passes(*[array[start : start + BLOCK] for array in arrays])

    return compute


def _sigmoid(x: Array, out: Array) -> None:
    e = _falling(x)
    np.add(e, 1, out=out)
    np.copyto(e, 1, where=x >= 0)
    np.divide(e, out, out=out)


def _falling(x: Array) -> Array:
    """Return ``e ** -|x|``."""
    e = np.abs(x)
    np.negative(e, out=e)
    return np.exp(e, out=e)  # type: ignore[no-any-return]


def _sigmoid_slope(g: Array, y: Array, out: Array) -> None:
    rest = np.subtract(1, y)
    np.multiply(g, y, out=out)
    out *= rest


def _tanh_slope(g: Array, y: Array, out: Array) -> None:
    np.multiply(y, y, out=out)
    np.subtract(1, out, out=out)
    out *= g


def _silu(x: Array, out: Array) -> None:
    _sigmoid(x, out)
    out *= x


def _silu_slope(g: Array, x: Array, out: Array) -> None:
    _sigmoid(x, out)
    rest = np.subtract(1, out)
    rest *= x
    rest += 1
    out *= rest
    out *= g


def _tail(x: Array) -> tuple[Array, Array, Array]:
    """Return ``|x|``, ``exp(-x**2 / 2)`` and how probable a standard normal variable above ``|x|`` is."""
    size = np.abs(x)
    np.minimum(size, BEYOND, out=size)
    gauss = np.multiply(size, size)
    gauss *= -0.5
    np.exp(gauss, out=gauss)
    t = np.multiply(size, STEP)
    t += 1
    np.reciprocal(t, out=t)
    tail = np.multiply(t, TAIL[0])
    for coefficient in TAIL[1:-1]:
        tail += coefficient
        tail *= t
    tail += TAIL[-1]
    tail *= gauss
    return size, gauss, tail


def _gelu(x: Array, out: Array) -> None:
    size, _, tail = _tail(x)
    tail *= size
    np.maximum(x, 0, out=out)
    out -= tail


def _gelu_slope(g: Array, x: Array, out: Array) -> None:
    _, gauss, tail = _tail(x)
    np.subtract(0.5, tail, out=tail)
    np.copysign(tail, x, out=out)
    out += 0.5
    gauss *= x
    gauss *= DENSITY
    out += gauss
    out *= g


def _erf(x: Array, out: Array) -> None:
    _, _, far = _tail(np.multiply(x, ROOT2))
    far *= -2
    far += 1
    np.copysign(far, x, out=far)
    square = np.minimum(np.abs(x), 1)
    square *= square
    near = np.multiply(square, ERF[0])
    for coefficient in ERF[1:-1]:
        near += coefficient
        near *= square
    near += ERF[-1]
    np.multiply(x, near, out=out)
    np.copyto(out, far, where=np.abs(x) > 1)


def in_blocks(function: Callable[[Array], Array], x: Array) -> Array:
    """Return a function of several passes of any array, taken block by block."""
    flat = np.ascontiguousarray(x).reshape(-1)
    out = allocate(x.shape, x.dtype)
    target = out.reshape(-1)

    def part(start: int, stop: int) -> None:
        for low in range(start, stop, BLOCK):
            block = slice(low, min(low + BLOCK, stop))
            target[block] = function(flat[block])

    threads.share(x.size, x.size, SMALLEST_PART, part)
    return out


PASSES: dict[str, Callable[..., None]] = {
    "sigmoid": _sigmoid,
    "sigmoid_slope": _sigmoid_slope,
    "tanh_slope": _tanh_slope,
    "silu": _silu,
    "silu_slope": _silu_slope,
    "gelu": _gelu,
    "gelu_slope": _gelu_slope,
    "erf": _erf,
}
