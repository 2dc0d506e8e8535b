"""Elementwise selection at the speed of arithmetic: `numpy.where` and masked copies are several times slower."""

from __future__ import annotations

from typing import Any

import numpy as np

from .geometry import Array
from .workspace import allocate_like

_BITS: dict[int, np.dtype[Any]] = {2: np.dtype(np.uint16), 4: np.dtype(np.uint32), 8: np.dtype(np.uint64)}


def keep(x: Array, mask: Array, out: Array | None = None) -> Array:
    """Return `x` where `mask` is true and 0 elsewhere, also where `x` is infinite or NaN.

    Floats are multiplied by the mask as if their bits were integers: ``bits * 1`` is the float itself, ``bits * 0``
    is +0.0 whatever the bits were.

    >>> keep(np.array([1.0, np.nan, -np.inf]), np.array([True, False, True]))
    array([  1.,   0., -inf])
    """
    if out is None:
        out = allocate_like(x)
    bits = _BITS.get(x.dtype.itemsize)
    if bits is None or x.dtype.kind not in "fiu":
        out[...] = np.where(mask, x, x.dtype.type(0))
    else:
        np.multiply(x.view(bits), mask, out=out.view(bits))
    return out


def choose(x: Array, mask: Array, other: Any) -> Array:
    """Return `x` where `mask` is true and a number elsewhere; the mask may be repeated along leading axes of `x`.

    >>> choose(np.array([1.0, np.nan, 3.0]), np.array([True, False, True]), -np.inf)
    array([  1., -inf,   3.])
    """
    out = keep(x, mask)
    bits = np.asarray(other, x.dtype).view(_BITS[x.dtype.itemsize])
    if bits:
        chosen = out.view(bits.dtype)
        np.bitwise_or(chosen, np.multiply(~mask, bits), out=chosen)
    return out
