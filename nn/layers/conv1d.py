"""The convolutional layer for sequences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from ...autograd import Tensor
from ...common.argument_checks import checked_count
from ...common.rng import Seed, default_rng
from .. import init
from ..functional import conv1d
from ..layer_errors import LayerShapeError
from ..module import Array, Entries, Module, Parameter, savable
from .arguments import as_input, channels_of_group, checked_groups, weight_and_bias

__all__ = ["Conv1d"]


@savable
class Conv1d(Module):
    """Slide a window over sequences; every output channel is a weighted sum of what the window sees.

    Sequences are channels-last, ``(batch, length, channels)``.

    Parameters
    ----------
    in_channels, out_channels : int
        Numbers of channels.
    kernel_size : int
        Length of the window.
    stride : int, default 1
        Step of the window.
    padding : int, "same" or "valid", default 0
        Zeros added at each end; "same" (only with stride 1) keeps the length, "valid" is 0.
    dilation : int, default 1
        Distance between the places that the window looks at.
    groups : int, default 1
        The channels are split into so many groups, and each group of output channels sees one group of input channels.
    bias : bool, default True
        Whether to add a bias to each output channel.
    weight_init, bias_init : callable
        First values; see :mod:`seegrad.nn.init`.
    seed : int or numpy.random.Generator, optional
        For the first values.

    Attributes
    ----------
    weight : Parameter, shape (kernel_size, in_channels / groups, out_channels)
        As Keras's; PyTorch's has (out, in / groups, kernel_size).
    bias : Parameter, shape (out_channels,), or None

    Examples
    --------
    >>> sg.nn.Conv1d(16, 8, 3, padding="same")(np.zeros((2, 100, 16), np.float32)).shape
    (2, 100, 8)
    """

    bias: Parameter | None

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int = 1,
        padding: int | Literal["same", "valid"] = 0,
        dilation: int = 1,
        groups: int = 1,
        bias: bool = True,
        *,
        weight_init: init.Initializer = init.glorot_uniform,
        bias_init: init.Initializer = init.zeros,
        seed: Seed = None,
    ) -> None:
        self.in_channels: int = checked_count("Conv1d: in_channels", in_channels)
        self.out_channels: int = checked_count("Conv1d: out_channels", out_channels)
        self.kernel_size: int = checked_count("Conv1d: kernel_size", kernel_size)
        self.stride: int = checked_count("Conv1d: stride", stride)
        self.dilation: int = checked_count("Conv1d: dilation", dilation)
        self.groups: int = checked_groups("Conv1d", groups, in_channels, out_channels)
        self.padding: int | Literal["same"]
        if padding == "same":
            if self.stride != 1:
                raise ValueError(f'Conv1d: padding="same" needs stride 1, got {stride}; give the padding as a number')
            self.padding = "same"
        else:
            self.padding = checked_count("Conv1d: padding", 0 if padding == "valid" else padding, 0)
        generator = default_rng(seed)
        shape = (self.kernel_size, self.in_channels // self.groups, self.out_channels)
        self.weight: Parameter = Parameter(weight_init(shape, seed=generator))
        self.bias = Parameter(bias_init((self.out_channels,), seed=generator)) if bias else None

    def forward(self, x: Tensor | Array) -> Tensor:
        """Map (N, L, in_channels) to (N, OL, out_channels)."""
        x = as_input(self, x, self.weight.dtype)
        if x.ndim != 3 or x.shape[2] != self.in_channels:
            looks_first = x.ndim == 3 and x.shape[1] == self.in_channels
            hint = "; it looks channels-first: use x.transpose(0, 2, 1)" if looks_first else ""
            raise LayerShapeError(
                self, f"got an input of shape {x.shape}, expected (batch, length, {self.in_channels}){hint}"
            )
        reach = self.dilation * (self.kernel_size - 1) + 1
        room = x.shape[1] + (reach - 1 if self.padding == "same" else 2 * self.padding)
        if reach > room:
            raise LayerShapeError(
                self,
                f"its window of {reach} does not fit into an input of shape {x.shape}; use a smaller kernel_size, more "
                "padding or longer sequences",
            )
        return conv1d(x, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups)

    def extra_repr(self) -> str:
        """Return the arguments that are not the default."""
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}"
        for name, default in (("stride", 1), ("padding", 0), ("dilation", 1), ("groups", 1)):
            if getattr(self, name) != default:
                text += f", {name}={getattr(self, name)!r}"
        return text if self.bias is not None else text + ", bias=False"

    def _argument(self, name: str) -> Any:
        return self.bias is not None if name == "bias" else super()._argument(name)

    @classmethod
    def _saved_arrays(cls, arguments: Mapping[str, Any]) -> Entries:
        out_channels = arguments["out_channels"]
        weight = (arguments["kernel_size"], channels_of_group(arguments), out_channels)
        return weight_and_bias(weight, (out_channels,) if arguments["bias"] else None)
