"""Networks that are ready to train."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from ..common.elsewhere import names_of_module
from ..common.rng import Seed, default_rng
from .gpt import GPT
from .init import he_normal
from .layers.activations import GELU, ReLU, SiLU, Tanh
from .layers.containers import Sequential
from .layers.conv import Conv2d
from .layers.dropout import Dropout
from .layers.flatten import Flatten
from .layers.linear import Linear
from .layers.norm import BatchNorm2d
from .layers.pool import GlobalAvgPool2d, MaxPool2d
from .layers.residual import Residual
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


def mlp(
    sizes: Sequence[int],
    activation: Literal["relu", "gelu", "silu", "tanh"] = "relu",
    dropout: float = 0.0,
    seed: Seed = None,
) -> Sequential:
    """Build a multilayer perceptron: linear layers with a function between them.

    Parameters
    ----------
    sizes : sequence of int
        Numbers of inputs, of the features between layers, and of outputs: at least two.
    activation : "relu", "gelu", "silu" or "tanh", default "relu"
    dropout : float, default 0.0
        Probability of dropping a feature between layers while training.
    seed : int or numpy.random.Generator, optional
        For the first values of the parameters, and for dropout.

    Raises
    ------
    ValueError
        If there are fewer than two sizes, or the function is not known.

    Examples
    --------
    >>> sg.nn.models.mlp([784, 128, 10])
    Sequential(
      (0): Linear(784, 128)
      (1): ReLU()
      (2): Linear(128, 10)
    )
    """
    kinds: dict[str, type[Module]] = {"relu": ReLU, "gelu": GELU, "silu": SiLU, "tanh": Tanh}
    if len(sizes) < 2 or activation not in kinds:
        raise ValueError(
            f"mlp: expected at least two sizes and an activation of {', '.join(kinds)}, got {sizes!r}, {activation!r}"
        )
    generator = default_rng(seed)
    layers: list[Module] = []
    for rows, columns in pairwise(sizes):
        layers += [Linear(rows, columns, seed=generator), kinds[activation]()]
        if dropout:
            layers.append(Dropout(dropout, seed=None if seed is None else generator))
    return Sequential(*layers[: -1 - bool(dropout)])


def resnet(
    in_channels: int = 1, classes: int = 10, blocks: Sequence[int] = (2, 2, 2), width: int = 16, seed: Seed = None
) -> Sequential:
    """Build a residual network for small images: blocks of two convolutions, which are added to their input.

    K. He et al., "Deep residual learning for image recognition" (2016), section 4.2: ``blocks=(3, 3, 3)`` with three
    input channels is ResNet-20. Each stage but the first begins with half the height and width and twice the
    channels.

    Parameters
    ----------
    in_channels : int, default 1
        Number of channels of the images ``(N, height, width, in_channels)``.
    classes : int, default 10
        Number of outputs.
    blocks : sequence of int, default (2, 2, 2)
        Number of blocks in each stage.
    width : int, default 16
        Number of channels in the first stage.
    seed : int or numpy.random.Generator, optional
        For the first values of the parameters.

    Examples
    --------
    >>> sg.nn.models.resnet()(np.zeros((2, 28, 28, 1), np.float32)).shape
    (2, 10)
    """
    generator = default_rng(seed)

    def convolution(before: int, after: int, kernel: int, stride: int = 1) -> list[Module]:
        padding, init = kernel // 2, he_normal
        layer = Conv2d(before, after, kernel, stride, padding, bias=False, weight_init=init, seed=generator)
        return [layer, BatchNorm2d(after)]

    def block(before: int, after: int, stride: int) -> list[Module]:
        layers = [*convolution(before, after, 3, stride), ReLU(), *convolution(after, after, 3)]
        same = before == after and stride == 1
        shortcut = None if same else Sequential(*convolution(before, after, 1, stride))
        return [Residual(*layers, shortcut=shortcut), ReLU()]

    layers: list[Module] = [*convolution(in_channels, width, 3), ReLU()]
    channels = width
    for stage, count in enumerate(blocks):
        for number in range(count):
            layers += block(channels, width * 2**stage, 2 if stage and not number else 1)
            channels = width * 2**stage
    return Sequential(*layers, GlobalAvgPool2d(), Linear(channels, classes, seed=generator))


def gpt(
    vocab_size: int,
    context_length: int,
    embed_dim: int = 64,
    num_layers: int = 4,
    num_heads: int = 4,
    dropout: float = 0.0,
    positions: Literal["learned", "sinusoidal", "rotary"] = "learned",
    seed: Seed = None,
) -> GPT:
    """Build a small transformer that predicts the next token of sequences: :class:`seegrad.nn.GPT`.

    With 27 tokens and a context of 16 the defaults have 204,544 parameters.

    Parameters
    ----------
    vocab_size : int
        Number of tokens.
    context_length : int
        The longest sequence that it looks at.
    embed_dim, num_layers, num_heads : int
        Numbers of features, blocks, and attention heads in each block.
    dropout : float, default 0.0
        Probability of dropping while training.
    positions : "learned", "sinusoidal" or "rotary", default "learned"
        How the model knows positions.
    seed : int or numpy.random.Generator, optional
        For the first values of the parameters, and for dropout.

    Examples
    --------
    >>> model = sg.nn.models.gpt(27, 16)
    >>> sum(p.size for p in model.parameters())
    204544
    >>> model(np.zeros((2, 16), int)).shape
    (2, 16, 27)
    """
    return GPT(vocab_size, context_length, embed_dim, num_layers, num_heads, dropout, positions=positions, seed=seed)


def __dir__() -> list[str]:
    return [name for name, thing in globals().items() if getattr(thing, "__module__", None) == __name__]


if not TYPE_CHECKING:  # which flag names of other libraries
    __getattr__ = names_of_module(__name__)
