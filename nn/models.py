"""Networks that are ready to train."""

from __future__ import annotations

from ..common.rng import Seed, default_rng
from .layers.activations import ReLU
from .layers.containers import Sequential
from .layers.conv import Conv2d
from .layers.dropout import Dropout
from .layers.flatten import Flatten
from .layers.linear import Linear
from .layers.norm import BatchNorm2d
from .layers.pool import MaxPool2d
from .module import Module


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


def mnist_deep_cnn(seed: Seed = None) -> Sequential:
    """Build a deeper network for the same images: five convolutions, each with batch normalisation.

    It maps images ``(N, 28, 28, 1)`` to logits ``(N, 10)`` and has 280,106 parameters, most of them in the last
    convolution, where an image is 3 x 3 and they cost little time. Pooling comes before normalisation and ReLU,
    which leaves a quarter of the elements to them.

    Parameters
    ----------
    seed : int or numpy.random.Generator, optional
        For the first values of the parameters, and for dropout.

    Examples
    --------
    >>> sg.nn.models.mnist_deep_cnn()(np.zeros((2, 28, 28, 1), np.float32)).shape
    (2, 10)
    """
    generator = default_rng(seed)

    def block(channels_in: int, channels_out: int, kernel: int, *pooling: Module) -> list[Module]:
        convolution = Conv2d(channels_in, channels_out, kernel, bias=False, seed=generator)
        return [convolution, *pooling, BatchNorm2d(channels_out), ReLU()]

    return Sequential(
        *block(1, 32, 5, MaxPool2d(2)),  # 28 -> 24 -> 12 pixels high and wide
        *block(32, 64, 3),  # 10
        *block(64, 64, 3),  # 8
        *block(64, 96, 3, MaxPool2d(2)),  # 6 -> 3
        *block(96, 192, 3),  # 1
        Flatten(),
        Dropout(0.2, seed=None if seed is None else generator),
        Linear(192, 10, seed=generator),
    )


def __dir__() -> list[str]:
    return [name for name, thing in globals().items() if getattr(thing, "__module__", None) == __name__]
