"""Batch normalisation in a few passes over memory that is used again, and its three gradients at once."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.node import Node
from ..core.seam import quicker
from ..ops import normalization
from . import kernels


def _normalized_channels(x: Any, weight: Any, bias: Any, eps: float, moments: Any) -> Any:
    if type(x) is np.ndarray and _suits(x):
        return kernels.batch_norm(x, weight, bias, eps, moments)
    return NotImplemented


def _suits(x: Any) -> bool:
    """Whether the kernels take such images."""
    return x.ndim == 4 and x.size > 0 and x.dtype.char in "fd"


def _vjp(g: Any, node: Node, inputs: tuple[Node, ...]) -> Any:
    """What the three rules of the operation say."""
    x, weight, _ = inputs
    if type(g) is not np.ndarray or not _suits(x._plain):
        return NotImplemented
    center, spread = node.params["moments"]
    return kernels.batch_norm_gradients(g, x._plain, weight._plain, center, spread, node.params["eps"])


def install() -> None:
    """Install both."""
    quicker["normalized_channels"] = _normalized_channels
    normalization._batch_norm.fast_vjp = _vjp
