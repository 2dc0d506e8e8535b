"""From images to rows of features."""

from __future__ import annotations

import math

from ...autograd import Tensor, reshape
from ..layer_errors import LayerShapeError
from ..module import Array, Module, savable
from .arguments import as_input

__all__ = ["Flatten"]


@savable
class Flatten(Module):
    """Join all axes but the first: ``(N, H, W, C)`` becomes ``(N, H * W * C)``.

    Examples
    --------
    >>> sg.nn.Flatten()(np.zeros((2, 3, 3, 64), np.float32)).shape
    (2, 576)
    """

    def forward(self, x: Tensor | Array) -> Tensor:
        """Map (N, ...) to (N, features)."""
        x = as_input(self, x)
        if x.ndim < 2:
            raise LayerShapeError(self, f"got an input of shape {x.shape}, expected (batch, ...)")
        result: Tensor = reshape(x, (x.shape[0], math.prod(x.shape[1:])))
        return result
