"""Telling a model where in a sequence each element stands: vectors that are added to the elements."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...autograd import Tensor
from ...common.argument_checks import checked_count
from ...common.rng import Seed
from .. import init
from ..layer_errors import LayerShapeError
from ..module import Array, Entries, Module, Parameter, savable
from .arguments import as_input

__all__ = ["LearnedPositions", "SinusoidalPositions"]


@savable
class SinusoidalPositions(Module):
    """Add a fixed vector to each element: sines and cosines of its position, of many wavelengths.

    Features ``2 i`` and ``2 i + 1`` of position ``p`` are the sine and cosine of ``p / 10000 ** (2 i / embed_dim)``. It
    has no parameters, and takes sequences of any length.
    A. Vaswani et al., "Attention is all you need" (2017).

    Parameters
    ----------
    embed_dim : int
        Number of features.

    Examples
    --------
    >>> sg.nn.SinusoidalPositions(4)(np.zeros((1, 2, 4), np.float32)).data[0].round(3)
    array([[0.   , 1.   , 0.   , 1.   ],
           [0.841, 0.54 , 0.01 , 1.   ]], dtype=float32)
    """

    def __init__(self, embed_dim: int) -> None:
        self.embed_dim: int = checked_count("SinusoidalPositions: embed_dim", embed_dim)

    def forward(self, x: Tensor | Array, start: int = 0) -> Tensor:
        """Map (batch, length, embed_dim) to the same shape; ``start`` is the position of the first element."""
        x = as_input(self, x)
        _check(self, x.shape, self.embed_dim)
        pairs = np.arange(self.embed_dim) // 2
        angles = np.outer(np.arange(start, start + x.shape[1]), 10000.0 ** (-2.0 * pairs / self.embed_dim))
        waves = np.where(np.arange(self.embed_dim) % 2, np.cos(angles), np.sin(angles))
        total: Tensor = x + waves.astype(x.dtype)
        return total

    def extra_repr(self) -> str:
        """Return the number of features."""
        return str(self.embed_dim)


@savable
class LearnedPositions(Module):
    """Add a learned vector to each element, one for each position.

    Parameters
    ----------
    max_length : int
        The number of positions.
    embed_dim : int
        Number of features.
    weight_init : callable
        First values, by default normal with a deviation of 0.02; see :mod:`seegrad.nn.init`.
    seed : int or numpy.random.Generator, optional
        For the first values.

    Attributes
    ----------
    weight : Parameter, shape (max_length, embed_dim)

    Examples
    --------
    >>> sg.nn.LearnedPositions(10, 4)(np.zeros((1, 3, 4), np.float32)).shape
    (1, 3, 4)
    """

    def __init__(
        self, max_length: int, embed_dim: int, *, weight_init: init.Initializer | None = None, seed: Seed = None
    ) -> None:
        self.max_length: int = checked_count("LearnedPositions: max_length", max_length)
        self.embed_dim: int = checked_count("LearnedPositions: embed_dim", embed_dim)
        shape = (self.max_length, self.embed_dim)
        values = init.normal(shape, std=0.02, seed=seed) if weight_init is None else weight_init(shape, seed=seed)
        self.weight: Parameter = Parameter(values)

    def forward(self, x: Tensor | Array, start: int = 0) -> Tensor:
        """Map (batch, length, embed_dim) to the same shape; ``start`` is the position of the first element."""
        x = as_input(self, x, self.weight.dtype)
        _check(self, x.shape, self.embed_dim)
        if start + x.shape[1] > self.max_length:
            raise LayerShapeError(
                self, f"got positions {start} to {start + x.shape[1] - 1}, but knows {self.max_length}, from 0"
            )
        total: Tensor = x + self.weight[start : start + x.shape[1]]
        return total

    def extra_repr(self) -> str:
        """Return the number of positions and of features."""
        return f"{self.max_length}, {self.embed_dim}"

    @classmethod
    def _saved_arrays(cls, arguments: Mapping[str, Any]) -> Entries:
        return {"weight": ((arguments["max_length"], arguments["embed_dim"]), "f")}


def _check(layer: Module, shape: tuple[int, ...], features: int) -> None:
    if len(shape) != 3 or shape[2] != features:
        raise LayerShapeError(layer, f"got an input of shape {shape}, expected (batch, length, {features})")
