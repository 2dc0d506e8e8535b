"""Normalisation of each example over groups of its channels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...autograd import Tensor
from ...common.argument_checks import checked_count
from ..functional import group_norm
from ..layer_errors import LayerShapeError
from ..module import Array, Entries, Module, Parameter, savable
from .arguments import as_input, weight_and_bias

__all__ = ["GroupNorm"]


@savable
class GroupNorm(Module):
    """Normalise each example over its positions and each group of channels; the same in training and evaluation.

    One group is all of an example; as many groups as channels are instance normalisation. Unlike batch normalisation
    it does not depend on the other examples, so it works with small batches.
    Y. Wu and K. He, "Group normalization" (2018).

    Parameters
    ----------
    num_groups : int
        Number of groups of neighbouring channels; divides ``num_channels``.
    num_channels : int
        Number of channels, the last axis of the input.
    eps : float, default 1e-5
        Added to the variance.
    affine : bool, default True
        Whether to learn a scale and a shift for each channel.

    Attributes
    ----------
    weight, bias : Parameter, shape (num_channels,), or None
        Scale and shift; 1 and 0 at first.

    Examples
    --------
    >>> sg.nn.GroupNorm(2, 8)(np.ones((3, 5, 5, 8), np.float32)).shape
    (3, 5, 5, 8)
    """

    def __init__(self, num_groups: int, num_channels: int, eps: float = 1e-5, affine: bool = True) -> None:
        self.num_groups: int = checked_count("GroupNorm: num_groups", num_groups)
        self.num_channels: int = checked_count("GroupNorm: num_channels", num_channels)
        if num_channels % num_groups:
            raise ValueError(f"GroupNorm: num_groups {num_groups} must divide num_channels {num_channels}")
        if not eps >= 0:
            raise ValueError(f"GroupNorm: eps must be at least 0, got {eps}")
        self.eps: float = float(eps)
        self.weight: Parameter | None = Parameter(np.ones(num_channels, np.float32)) if affine else None
        self.bias: Parameter | None = Parameter(np.zeros(num_channels, np.float32)) if affine else None

    def forward(self, x: Tensor | Array) -> Tensor:
        """Map (N, ..., num_channels) to the same shape."""
        x = as_input(self, x, None if self.weight is None else self.weight.dtype)
        if x.ndim < 2 or x.shape[-1] != self.num_channels:
            raise LayerShapeError(self, f"got an input of shape {x.shape}, expected (batch, ..., {self.num_channels})")
        return group_norm(x, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """Return the numbers of groups and channels, and the arguments that are not the default."""
        text = f"{self.num_groups}, {self.num_channels}" + (f", eps={self.eps}" if self.eps != 1e-5 else "")
        return text if self.weight is not None else text + ", affine=False"

    def _argument(self, name: str) -> Any:
        return self.weight is not None if name == "affine" else super()._argument(name)

    @classmethod
    def _saved_arrays(cls, arguments: Mapping[str, Any]) -> Entries:
        channels = (arguments["num_channels"],)
        return weight_and_bias(channels, channels) if arguments["affine"] else {}
