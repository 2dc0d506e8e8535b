"""What functions of ``seegrad.scipy`` say about matrices that they cannot take."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ops.elementwise import conj, where
from ..ops.shaping import astype, operand, swapaxes


def matrix(name: str, x: Any, square: bool = True) -> Any:
    """Return a matrix of floating-point numbers; ValueError if it is not one, or a batch of several."""
    x = operand(x)
    if x.ndim != 2:
        raise ValueError(
            f"{name}: expected a matrix, got shape {x.shape}"
            + (". For a batch of matrices, write sg.vmap of a function of one" if x.ndim > 2 else "")
        )
    if square and x.shape[0] != x.shape[1]:
        raise ValueError(f"{name}: expected a square matrix, got shape {x.shape}")
    return floating(x)


def right_side(name: str, rows: int, b: Any) -> Any:
    """Return the right side of equations, a vector or columns, as floating-point numbers."""
    b = operand(b)
    if b.ndim not in (1, 2) or b.shape[0] != rows:
        raise ValueError(f"{name}: expected a right side of shape ({rows},) or ({rows}, k), got {b.shape}")
    return floating(b)


def floating(x: Any) -> Any:
    """Return numbers of a floating or complex dtype in which SciPy computes."""
    if x.dtype.kind in "fc" and x.dtype != np.float16:
        return x
    if x.dtype == np.float16:
        raise TypeError("SciPy's linear algebra does not compute in float16: use t.astype(np.float32)")
    return astype(x, np.dtype(float))


def transpose_of(x: Any, conjugate: bool = False) -> Any:
    """Return a transposed matrix, conjugated if that is wanted and it is complex."""
    x = swapaxes(x, -1, -2)
    return conj(x) if conjugate and x.dtype.kind == "c" else x


def only(mask: Any, x: Any) -> Any:
    """Return the elements of ``x`` that a mask names, and 0 for the others, whatever they are."""
    return where(mask, x, np.zeros((), x.dtype))
