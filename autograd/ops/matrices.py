"""Small helpers for matrices, which are the last two axes of an array; further axes in front are batches."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...common.plain_data import is_complex
from .elementwise import conj
from .shaping import expand_dims, swapaxes


def transposed(x: Any) -> Any:
    """Return transposed matrices: ``(..., n, m)`` becomes ``(..., m, n)``."""
    return swapaxes(x, -1, -2)


def conjugated(x: Any) -> Any:
    """Return the conjugate of complex numbers; real ones as they are, at no cost."""
    return conj(x) if is_complex(x) else x


def adjoint(x: Any) -> Any:
    """Return transposed matrices, conjugated if they are complex."""
    return conjugated(transposed(x))


def diagonal_matrix(values: Any) -> Any:
    """Return matrices with the given diagonals: ``(..., n)`` becomes ``(..., n, n)``."""
    return expand_dims(values, -1) * np.eye(values.shape[-1], dtype=values.dtype)


def check_square(name: str, x: Any) -> None:
    """Raise ValueError unless the last two axes are equally long."""
    if x.ndim < 2 or x.shape[-1] != x.shape[-2]:
        raise ValueError(f"{name}: expected square matrices in the last two axes, got shape {x.shape}")
