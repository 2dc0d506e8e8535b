"""Convolutional layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from ...autograd import Tensor, conv2d, conv_transpose2d
from ...common.argument_checks import checked_count
from ...common.rng import Seed, default_rng
from .. import init
from ..module import Array, Entries, Module, Parameter, savable
from .arguments import (
    Pair,
    as_input,
    channels_of_group,
    check_channels,
    check_pair,
    check_window,
    checked_groups,
    short,
    weight_and_bias,
)

__all__ = ["Conv2d", "ConvTranspose2d"]


@savable
class Conv2d(Module):
    """Slide a window over images; every output channel is a weighted sum of what the window sees.

    Images are channels-last, ``(batch, height, width, channels)``.

    Parameters
    ----------
    in_channels, out_channels : int
        Numbers of channels.
    kernel_size : int or (int, int)
        Height and width of the window, in pixels.
    stride : int or (int, int), default 1
        Step of the window.
    padding : int, (int, int), "same" or "valid", default 0
        Pixels of zeros added on each side; "same" (only with stride 1) keeps the size, "valid" is 0.
    dilation : int or (int, int), default 1
        Distance between the pixels that the window looks at.
    groups : int, default 1
        The channels are split into so many groups, and each group of output channels sees one group of input channels;
        ``groups=in_channels`` is a depthwise convolution.
    bias : bool, default True
        Whether to add a bias to each output channel.
    weight_init, bias_init : callable
        First values; see :mod:`seegrad.nn.init`.
    seed : int or numpy.random.Generator, optional
        For the first values.

    Attributes
    ----------
    weight : Parameter, shape (kh, kw, in_channels / groups, out_channels)
        As Keras's; PyTorch's has (out, in / groups, kh, kw).
    bias : Parameter, shape (out_channels,), or None

    Examples
    --------
    >>> sg.nn.Conv2d(1, 8, 3)(np.zeros((2, 28, 28, 1), np.float32)).shape
    (2, 26, 26, 8)
    """

    bias: Parameter | None

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int] = 1,
        padding: int | tuple[int, int] | Literal["same", "valid"] = 0,
        dilation: int | tuple[int, int] = 1,
        groups: int = 1,
        bias: bool = True,
        *,
        weight_init: init.Initializer = init.glorot_uniform,
        bias_init: init.Initializer = init.zeros,
        seed: Seed = None,
    ) -> None:
        self.in_channels: int = checked_count("Conv2d: in_channels", in_channels)
        self.out_channels: int = checked_count("Conv2d: out_channels", out_channels)
        self.groups: int = checked_groups("Conv2d", groups, in_channels, out_channels)
        self.kernel_size: Pair = check_pair("Conv2d", "kernel_size", kernel_size)
        self.stride: Pair = check_pair("Conv2d", "stride", stride)
        self.dilation: Pair = check_pair("Conv2d", "dilation", dilation)
        self.padding: tuple[int, int] | Literal["same"]
        if padding == "same":
            if self.stride != (1, 1):
                raise ValueError(f'Conv2d: padding="same" needs stride 1, got {stride}; give the padding in pixels')
            self.padding = "same"
        else:
            self.padding = check_pair("Conv2d", "padding", 0 if padding == "valid" else padding, least=0)
        generator = default_rng(seed)
        shape = (*self.kernel_size, self.in_channels // self.groups, self.out_channels)
        self.weight: Parameter = Parameter(weight_init(shape, seed=generator))
        self.bias = Parameter(bias_init((self.out_channels,), seed=generator)) if bias else None

    def forward(self, x: Tensor | Array) -> Tensor:
        """Map (N, H, W, in_channels) to (N, OH, OW, out_channels)."""
        x = as_input(self, x, self.weight.dtype)
        check_channels(self, x.shape, self.in_channels)
        if self.padding != "same":
            check_window(self, x.shape, self.kernel_size, self.padding, self.dilation)
        result: Tensor = conv2d(x, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups)
        return result

    def extra_repr(self) -> str:
        """Return the arguments that are not the default."""
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={short(self.kernel_size)}"
        return text + _options(self, "stride", "padding", "dilation", "groups")

    def _argument(self, name: str) -> Any:
        return self.bias is not None if name == "bias" else super()._argument(name)

    @classmethod
    def _saved_arrays(cls, arguments: Mapping[str, Any]) -> Entries:
        channels = (channels_of_group(arguments), arguments["out_channels"])
        return _saved_arrays(arguments, channels)


@savable
class ConvTranspose2d(Module):
    """Spread every pixel over a window: the adjoint of a convolution, which makes images larger.

    Parameters
    ----------
    in_channels, out_channels : int
        Numbers of channels.
    kernel_size : int or (int, int)
        Height and width of the window, in pixels.
    stride : int or (int, int), default 1
        Distance between the windows of neighbouring pixels.
    padding : int or (int, int), default 0
        Pixels cut off on each side of the result.
    output_padding : int or (int, int), default 0
        Rows and columns added at the bottom and right; less than the stride.
    dilation : int or (int, int), default 1
        Distance between the pixels of a window.
    bias : bool, default True
        Whether to add a bias to each output channel.
    weight_init, bias_init : callable
        First values; see :mod:`seegrad.nn.init`.
    seed : int or numpy.random.Generator, optional
        For the first values.

    Attributes
    ----------
    weight : Parameter, shape (kh, kw, out_channels, in_channels)
        As Keras's; the weight of the convolution whose adjoint this is.
    bias : Parameter, shape (out_channels,), or None

    Examples
    --------
    >>> sg.nn.ConvTranspose2d(8, 1, 2, stride=2)(np.zeros((2, 7, 7, 8), np.float32)).shape
    (2, 14, 14, 1)
    """

    bias: Parameter | None

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int] = 1,
        padding: int | tuple[int, int] = 0,
        output_padding: int | tuple[int, int] = 0,
        dilation: int | tuple[int, int] = 1,
        bias: bool = True,
        *,
        weight_init: init.Initializer = init.glorot_uniform,
        bias_init: init.Initializer = init.zeros,
        seed: Seed = None,
    ) -> None:
        name = "ConvTranspose2d"
        _check_bias(name, bias)
        self.in_channels: int = checked_count(f"{name}: in_channels", in_channels)
        self.out_channels: int = checked_count(f"{name}: out_channels", out_channels)
        self.kernel_size: Pair = check_pair(name, "kernel_size", kernel_size)
        self.stride: Pair = check_pair(name, "stride", stride)
        self.padding: Pair = check_pair(name, "padding", padding, least=0)
        self.output_padding: Pair = check_pair(name, "output_padding", output_padding, least=0)
        self.dilation: Pair = check_pair(name, "dilation", dilation)
        if any(extra >= step for extra, step in zip(self.output_padding, self.stride, strict=True)):
            raise ValueError(f"{name}: output_padding {output_padding} must be less than the stride {stride}")
        generator = default_rng(seed)
        shape = (*self.kernel_size, self.out_channels, self.in_channels)
        self.weight: Parameter = Parameter(weight_init(shape, seed=generator))
        self.bias = Parameter(bias_init((self.out_channels,), seed=generator)) if bias else None

    def forward(self, x: Tensor | Array) -> Tensor:
        """Map (N, H, W, in_channels) to (N, OH, OW, out_channels)."""
        x = as_input(self, x, self.weight.dtype)
        check_channels(self, x.shape, self.in_channels)
        result: Tensor = conv_transpose2d(
            x, self.weight, self.bias, self.stride, self.padding, self.output_padding, self.dilation
        )
        return result

    def extra_repr(self) -> str:
        """Return the arguments that are not the default."""
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={short(self.kernel_size)}"
        return text + _options(self, "stride", "padding", "output_padding", "dilation")

    def _argument(self, name: str) -> Any:
        return self.bias is not None if name == "bias" else super()._argument(name)

    @classmethod
    def _saved_arrays(cls, arguments: Mapping[str, Any]) -> Entries:
        return _saved_arrays(arguments, (arguments["out_channels"], arguments["in_channels"]))


def _check_bias(layer: str, bias: Any) -> None:
    """Refuse what is a number of groups in PyTorch's order of arguments."""
    if bias not in (True, False):
        raise TypeError(f"{layer}: bias must be True or False, got {bias!r}. It has no groups; see docs/differences.md")


def _options(layer: Conv2d | ConvTranspose2d, *names: str) -> str:
    """Return the text of those options of a layer that are not the default."""
    text = ""
    for name in names:
        value = getattr(layer, name)
        if value not in ((0, 0) if "padding" in name else (1, 1), 1):
            text += f", {name}={short(value)}" if isinstance(value, tuple) else f", {name}={value!r}"
    return text if layer.bias is not None else text + ", bias=False"


def _saved_arrays(arguments: Mapping[str, Any], channels: tuple[Any, Any]) -> Entries:
    size = arguments["kernel_size"]
    window = tuple(size) if isinstance(size, list) else (size, size)
    return weight_and_bias((*window, *channels), (arguments["out_channels"],) if arguments["bias"] else None)
