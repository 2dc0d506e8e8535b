"""Dropout."""

from __future__ import annotations

from typing import Any

from ...autograd import Tensor
from ...common.argument_checks import checked_fraction
from ...common.rng import Seed, default_rng
from ..functional import dropout
from ..module import Module, savable
from .arguments import as_input

__all__ = ["Dropout"]


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
        self.p = checked_fraction("Dropout: p", p)
        self.generator = None if seed is None else default_rng(seed)

    def forward(self, x: Any) -> Tensor:
        """Drop values if training."""
        return dropout(as_input(self, x), self.p, self.training, seed=self.generator)

    def extra_repr(self) -> str:
        """Return the probability."""
        return f"{self.p:g}"
