"""Ready-made networks."""

from __future__ import annotations

from ..rng import Seed, default_rng
from .activation import ReLU
from .containers import Sequential
from .convolution import Conv2d
from .flatten import Flatten
from .linear import Linear
from .pooling import MaxPool2d


def mnist_cnn(seed: Seed = None) -> Sequential:
    """Build the network of the MNIST example: three convolutions and two linear layers.

    It maps images ``(N, 28, 28, 1)`` to logits ``(N, 10)`` and has 93,322 parameters: 320 + 18,496 + 36,928
    in the convolutions, 36,928 + 650 in the linear layers.

    Parameters
    ----------
    seed : int or numpy.random.Generator, optional
        For the first values of the parameters (Glorot uniform; zeros for biases).

    Examples
    --------
    >>> sum(p.size for p in sg.nn.models.mnist_cnn().parameters())
    93322
    """
    generator = default_rng(seed)
    return Sequential(
        Conv2d(1, 32, 3, seed=generator),
        ReLU(),
        MaxPool2d(2),
        Conv2d(32, 64, 3, seed=generator),
        ReLU(),
        MaxPool2d(2),
        Conv2d(64, 64, 3, seed=generator),
        ReLU(),
        Flatten(),
        Linear(576, 64, seed=generator),
        ReLU(),
        Linear(64, 10, seed=generator),
    )
