"""Normalisation at once."""

from __future__ import annotations

from typing import Any

import numpy as np

import seegrad as sg

from .case import case, real


def batch_norm(x: Any, weight: Any, bias: Any, eps: float) -> Any:
    """Step by step."""
    axes = tuple(range(x.ndim - 1))
    return (x - x.mean(axes)) / np.sqrt(x.var(axes) + eps) * weight + bias


CASES = [
    case(
        f"batch_norm[{shape} {eps}]",
        lambda x, weight, bias, eps=eps: sg.batch_norm(x, weight, bias, eps)[0],
        lambda x, weight, bias, eps=eps: batch_norm(x, weight, bias, eps),
        real(*shape),
        real(shape[-1]),
        real(shape[-1]),
    )
    for shape in ((3, 2, 4, 2), (2, 1, 1, 3), (1, 3, 3, 1), (5, 2), (2, 3, 2))
    for eps in (1e-3, 0.3)
]
