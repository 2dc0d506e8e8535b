"""Normalisation of each example by its root mean square."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...autograd import Tensor
from ...common.argument_checks import checked_count
from ..functional import rms_norm
from ..layer_errors import LayerShapeError
from ..module import Array, Entries, Module, Parameter, savable
from .arguments import as_input, weight_and_bias

__all__ = ["RMSNorm"]


@savable
class RMSNorm(Module):
    """Divide each example by the root of its mean square over its last axes, then scale it.

    Layer normalisation without the mean and the shift.
    B. Zhang and R. Sennrich, "Root mean square layer normalization" (2019).

    Parameters
    ----------
    normalized_shape : int or sequence of int
        Lengths of the last axes.
    eps : float, optional
        Added to the mean square; by default the machine epsilon of the dtype, as in PyTorch.
    elementwise_affine : bool, default True
        Whether to learn a scale for each element.

    Attributes
    ----------
    weight : Parameter, shape normalized_shape, or None
        Scale; 1 at first.

    Examples
    --------
    >>> sg.nn.RMSNorm(2)(np.float32([[3.0, 4.0]])).data.round(3)
    array([[0.849, 1.131]], dtype=float32)
    """

    def __init__(
        self, normalized_shape: int | Sequence[int], eps: float | None = None, elementwise_affine: bool = True
    ) -> None:
        sizes = [normalized_shape] if isinstance(normalized_shape, int | np.integer) else list(normalized_shape)
        if not sizes:
            raise ValueError("RMSNorm: normalized_shape must have at least one axis")
        self.normalized_shape: tuple[int, ...] = tuple(
            checked_count("RMSNorm: normalized_shape", size) for size in sizes
        )
        if eps is not None and not eps >= 0:
            raise ValueError(f"RMSNorm: eps must be at least 0, got {eps}")
        self.eps: float | None = None if eps is None else float(eps)
        self.weight: Parameter | None = (
            Parameter(np.ones(self.normalized_shape, np.float32)) if elementwise_affine else None
        )

    def forward(self, x: Tensor | Array) -> Tensor:
        """Map ``(..., *normalized_shape)`` to the same shape."""
        x = as_input(self, x, None if self.weight is None else self.weight.dtype)
        if x.shape[-len(self.normalized_shape) :] != self.normalized_shape:
            expected = ", ".join(map(str, self.normalized_shape))
            raise LayerShapeError(self, f"got an input of shape {x.shape}, expected (..., {expected})")
        return rms_norm(x, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        """Return the shape, and the arguments that are not the default."""
        shape = self.normalized_shape
        text = str(shape[0] if len(shape) == 1 else shape) + (f", eps={self.eps}" if self.eps is not None else "")
        return text if self.weight is not None else text + ", elementwise_affine=False"

    def _argument(self, name: str) -> Any:
        return self.weight is not None if name == "elementwise_affine" else super()._argument(name)

    @classmethod
    def _saved_arrays(cls, arguments: Mapping[str, Any]) -> Entries:
        size = arguments["normalized_shape"]
        shape = tuple(size) if isinstance(size, list) else (size,)
        return weight_and_bias(shape, None) if arguments["elementwise_affine"] else {}
