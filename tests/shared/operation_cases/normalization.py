"""Normalisation at once."""

from __future__ import annotations

from typing import Any

import numpy as np

import seegrad as sg
from seegrad.autograd.core.op import Op

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


def layer_norm(x: Any, weight: Any, bias: Any, axes: int, eps: float) -> Any:
    """Step by step."""
    last = tuple(range(-axes, 0))
    return (x - x.mean(last, keepdims=True)) / np.sqrt(x.var(last, keepdims=True) + eps) * weight + bias


CASES += [
    case(
        f"layer_norm[{shape} {axes}]",
        lambda x, weight, bias, axes=axes: Op.table["layer_norm"](x, weight, bias, axes, 1e-3),
        lambda x, weight, bias, axes=axes: layer_norm(x, weight, bias, axes, 1e-3),
        real(*shape),
        real(*shape[-axes:]),
        real(*shape[-axes:]),
    )
    for shape, axes in (((3, 5), 1), ((2, 3, 4), 1), ((2, 3, 4), 2), ((4,), 1), ((3, 2), 2))
]
