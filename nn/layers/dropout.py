"""Dropout of single values and of whole channels."""

from __future__ import annotations

import numpy as np

from ...autograd import Tensor
from ...common.argument_checks import checked_fraction
from ...common.rng import Seed, default_rng
from ..functional import dropout, dropout2d
from ..layer_errors import LayerShapeError
from ..module import Array, Module, savable
from .arguments import as_input

__all__ = ["Dropout", "Dropout2d"]


@savable
class Dropout(Module):
    """While training, set each value to 0 with probability ``p`` and scale the others by 1 / (1 - p).

    The mean stays as it is; after ``eval()`` the layer does nothing.
    N. Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting" (2014).

    Parameters
    ----------
    p : float, default 0.5
        Probability of each value to be dropped, from 0 to 1.
    seed : int or numpy.random.Generator, optional
        Starts this layer's own generator; without it the library's default one is used.

    Attributes
    ----------
    generator : numpy.random.Generator or None
        The layer's own generator, if it has one; a checkpoint has to hold its state.

    Examples
    --------
    >>> layer = sg.nn.Dropout(0.5)
    >>> layer.eval()(np.ones(3, np.float32)).numpy()
    array([1., 1., 1.], dtype=float32)
    """

    def __init__(self, p: float = 0.5, *, seed: Seed = None) -> None:
        self.p: float = checked_fraction(f"{type(self).__name__}: p", p)
        self.generator: np.random.Generator | None = None if seed is None else default_rng(seed)

    def forward(self, x: Tensor | Array) -> Tensor:
        """Drop values if training."""
        return dropout(as_input(self, x), self.p, self.training, seed=self.generator)

    def extra_repr(self) -> str:
        """Return the probability."""
        return f"{self.p:g}"


@savable
class Dropout2d(Dropout):
    """While training, set each channel of each image to 0 with probability ``p`` and scale the others by 1 / (1 - p).

    Neighbouring pixels of a channel tell nearly the same, so dropping single pixels changes little. Images are
    channels-last, ``(batch, height, width, channels)``; sequences ``(batch, length, channels)`` are welcome, too.
    J. Tompson et al., "Efficient object localization using convolutional networks" (2015).

    Parameters
    ----------
    p : float, default 0.5
        Probability of each channel to be dropped, from 0 to 1.
    seed : int or numpy.random.Generator, optional
        Starts this layer's own generator; without it the library's default one is used.

    Attributes
    ----------
    generator : numpy.random.Generator or None
        The layer's own generator, if it has one; a checkpoint has to hold its state.

    Examples
    --------
    >>> dropped = sg.nn.Dropout2d(0.5, seed=0)(np.ones((1, 2, 2, 3), np.float32))
    >>> bool((dropped.data == dropped.data[:, :1, :1]).all())
    True
    """

    def forward(self, x: Tensor | Array) -> Tensor:
        """Drop channels if training."""
        x = as_input(self, x)
        if x.ndim < 3:
            raise LayerShapeError(self, f"got an input of shape {x.shape}, expected (batch, height, width, channels)")
        return dropout2d(x, self.p, self.training, seed=self.generator)
