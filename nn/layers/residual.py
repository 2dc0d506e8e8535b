"""The residual connection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...autograd import Tensor
from ..layer_errors import LayerShapeError
from ..module import POSITIONAL, Array, Module, savable
from .arguments import as_input
from .containers import Sequential

__all__ = ["Residual"]


@savable
class Residual(Module):
    """``x + layers(x)``: the layers learn the difference to their input.

    K. He et al., "Deep residual learning for image recognition" (2016).

    Parameters
    ----------
    *layers : Module
        Applied one after the other; their result must have the shape of the sum.
    shortcut : Module, optional
        Applied to the input before it is added, for example a 1 x 1 convolution that changes the number of
        channels; without it the input is added as it is.

    Examples
    --------
    >>> block = sg.nn.Residual(sg.nn.Linear(4, 4), sg.nn.ReLU())
    >>> block(np.ones((2, 4), np.float32)).shape
    (2, 4)
    """

    def __init__(self, *layers: Module, shortcut: Module | None = None) -> None:
        self.layers: Sequential = Sequential(*layers)
        self.shortcut = shortcut

    def forward(self, x: Tensor | Array) -> Tensor:
        """Add the layers' result to their input."""
        x = as_input(self, x)
        result = self.layers(x)
        direct = x if self.shortcut is None else self.shortcut(x)
        if result.shape != direct.shape:
            raise LayerShapeError(
                self,
                f"cannot add its layers' result of shape {result.shape} to shape {direct.shape}; give a shortcut that "
                "changes the shape alike, such as nn.Conv2d(in_channels, out_channels, 1)",
            )
        total: Tensor = direct + result
        return total

    @classmethod
    def _saved_parts(cls, arguments: Mapping[str, Any]) -> list[tuple[str, Any]]:
        # Written first, built first, found first: the layers, then the shortcut.
        return [("layers", arguments.get(POSITIONAL, [])), ("shortcut", arguments["shortcut"])]
