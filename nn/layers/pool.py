"""Pooling layers: fewer pixels, the same channels."""

from __future__ import annotations

from ...autograd import Tensor, avg_pool2d, max_pool2d
from ...common.argument_checks import checked_count
from ..functional import adaptive_avg_pool2d
from ..layer_errors import LayerShapeError
from ..module import Array, Module, savable
from .arguments import Pair, as_input, check_pair, check_window, short

__all__ = ["AdaptiveAvgPool2d", "AvgPool2d", "GlobalAvgPool2d", "MaxPool2d"]


class _Pool2d(Module):
    """A window that slides over images, channel by channel."""

    def __init__(
        self,
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int] | None = None,
        padding: int | tuple[int, int] = 0,
    ) -> None:
        name = type(self).__name__
        self.kernel_size: Pair = check_pair(name, "kernel_size", kernel_size)
        self.stride: Pair = self.kernel_size if stride is None else check_pair(name, "stride", stride)
        self.padding: Pair = check_pair(name, "padding", padding, least=0)
        if any(2 * p > k for p, k in zip(self.padding, self.kernel_size, strict=True)):
            raise ValueError(
                f"{name}: padding {short(self.padding)} must be at most half the kernel_size "
                f"{short(self.kernel_size)}, or some windows would see nothing but padding"
            )

    def forward(self, x: Tensor | Array) -> Tensor:
        """Map (N, H, W, C) to (N, OH, OW, C)."""
        x = as_input(self, x)
        check_window(self, x.shape, self.kernel_size, self.padding)
        result: Tensor = self.function(x)
        return result

    def function(self, x: Tensor) -> Tensor:
        """Pool images that fit."""
        raise NotImplementedError

    def extra_repr(self) -> str:
        """Return the arguments that are not the default."""
        text = short(self.kernel_size)
        if self.stride != self.kernel_size:
            text += f", stride={short(self.stride)}"
        return text if self.padding == (0, 0) else text + f", padding={short(self.padding)}"


@savable
class MaxPool2d(_Pool2d):
    """The largest value in each window, for each channel.

    Parameters
    ----------
    kernel_size : int or (int, int)
        Height and width of the window, in pixels.
    stride : int or (int, int), optional
        Step of the window; by default its size, so that windows do not overlap.
    padding : int or (int, int), default 0
        Pixels added on each side, which never win; at most half the window.

    Examples
    --------
    >>> sg.nn.MaxPool2d(2)(np.zeros((2, 5, 5, 8), np.float32)).shape
    (2, 2, 2, 8)
    """

    def function(self, x: Tensor) -> Tensor:
        """Pool images that fit."""
        return max_pool2d(x, self.kernel_size, self.stride, self.padding)


@savable
class AvgPool2d(_Pool2d):
    """The mean of each window, for each channel.

    Parameters
    ----------
    kernel_size : int or (int, int)
        Height and width of the window, in pixels.
    stride : int or (int, int), optional
        Step of the window; by default its size, so that windows do not overlap.
    padding : int or (int, int), default 0
        Pixels of zeros added on each side, which count in the mean; at most half the window.

    Examples
    --------
    >>> sg.nn.AvgPool2d(2)(np.zeros((2, 5, 5, 8), np.float32)).shape
    (2, 2, 2, 8)
    """

    def function(self, x: Tensor) -> Tensor:
        """Pool images that fit."""
        return avg_pool2d(x, self.kernel_size, self.stride, self.padding)


@savable
class GlobalAvgPool2d(Module):
    """The mean of each channel: ``(N, H, W, C)`` becomes ``(N, C)``, whatever the images' size.

    Examples
    --------
    >>> sg.nn.GlobalAvgPool2d()(np.zeros((2, 7, 5, 64), np.float32)).shape
    (2, 64)
    """

    def forward(self, x: Tensor | Array) -> Tensor:
        """Map (N, H, W, C) to (N, C)."""
        x = as_input(self, x)
        if x.ndim != 4 or 0 in x.shape[1:3]:
            raise LayerShapeError(
                self, f"got an input of shape {x.shape}, expected (batch, height, width, channels), not without pixels"
            )
        result: Tensor = x.mean(axis=(1, 2))
        return result


@savable
class AdaptiveAvgPool2d(Module):
    """Average images down to a given height and width, whatever their size, for each channel.

    Row ``i`` of ``n`` is the mean of the rows from ``floor(i * height / n)`` to before
    ``ceil((i + 1) * height / n)``; columns likewise.

    Parameters
    ----------
    output_size : int, None, or a pair of them
        Height and width of the result; None keeps that of the images.

    Examples
    --------
    >>> sg.nn.AdaptiveAvgPool2d(2)(np.zeros((2, 7, 5, 8), np.float32)).shape
    (2, 2, 2, 8)
    """

    def __init__(self, output_size: int | tuple[int | None, int | None] | None) -> None:
        sizes = output_size if isinstance(output_size, tuple | list) else (output_size, output_size)
        if len(sizes) != 2:
            raise ValueError(
                f"AdaptiveAvgPool2d: output_size must be one number or a pair (height, width), got {output_size!r}"
            )
        high, wide = (None if n is None else checked_count("AdaptiveAvgPool2d: output_size", n) for n in sizes)
        self.output_size: tuple[int | None, int | None] = (high, wide)

    def forward(self, x: Tensor | Array) -> Tensor:
        """Map (N, H, W, C) to (N, OH, OW, C)."""
        x = as_input(self, x)
        if x.ndim != 4 or 0 in x.shape[1:3]:
            raise LayerShapeError(
                self, f"got an input of shape {x.shape}, expected (batch, height, width, channels), not without pixels"
            )
        return adaptive_avg_pool2d(x, self.output_size)

    def extra_repr(self) -> str:
        """Return the size."""
        high, wide = self.output_size
        return f"{high}" if high == wide else f"{self.output_size}"
