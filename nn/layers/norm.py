"""Normalisation layers: zero mean and unit variance, then a learned scale and shift."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ...autograd import Tensor, batch_norm
from ...autograd.core.op import PlainFunction
from ...common.argument_checks import checked_count, checked_fraction
from ..functional import layer_norm
from ..layer_errors import LayerShapeError
from ..module import Array, Entries, Module, Parameter, savable
from .arguments import as_input, check_channels, weight_and_bias

__all__ = ["BatchNorm1d", "BatchNorm2d", "LayerNorm"]


@PlainFunction
def _one_more(count: Any) -> Any:
    return np.asarray(count + 1)


@PlainFunction
def _equal_share(count: Any) -> float:
    """Return the share of the newest among so many."""
    return 1.0 / float(count)


class _BatchNorm(Module):
    """Normalise each channel (the last axis) over all other axes.

    In training by the batch's own mean and (biased) variance; the running means of the mean and of the
    unbiased variance are kept, and used after ``eval()``. As in PyTorch, ``momentum`` is the share of the new:
    running = (1 - momentum) * running + momentum * batch. Keras's momentum is 1 minus that.
    """

    #: The numbers of axes that an input may have.
    axes: tuple[int, ...]
    running_mean: npt.NDArray[Any]
    running_var: npt.NDArray[Any]
    num_batches_tracked: npt.NDArray[Any]

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
    ) -> None:
        name = type(self).__name__
        self.num_features: int = checked_count(f"{name}: num_features", num_features)
        if not eps >= 0:
            raise ValueError(f"{name}: eps must be at least 0, got {eps}")
        self.eps: float = float(eps)
        self.momentum: float | None = None if momentum is None else checked_fraction(f"{name}: momentum", momentum)
        self.weight: Parameter | None = Parameter(np.ones(num_features, np.float32)) if affine else None
        self.bias: Parameter | None = Parameter(np.zeros(num_features, np.float32)) if affine else None
        self.track_running_stats = track_running_stats
        if track_running_stats:
            self.register_buffer("running_mean", np.zeros(num_features, np.float32))
            self.register_buffer("running_var", np.ones(num_features, np.float32))
            self.register_buffer("num_batches_tracked", np.array(0))

    def forward(self, x: Tensor | Array) -> Tensor:
        """Map (..., num_features) to the same shape."""
        x = as_input(self, x, self._dtype())
        self._check(x.shape)
        if self.training or not self.track_running_stats:
            count = math.prod(x.shape[:-1])
            if count < 2:
                raise LayerShapeError(
                    self,
                    f"got one value for each channel (shape {x.shape}), which has no variance; use larger batches in "
                    "training, for example DataLoader(..., drop_last=True), or eval() to predict",
                )
            result, mean, var = batch_norm(x, self.weight, self.bias, self.eps)
            if self.training and self.track_running_stats:
                self._follow(mean, var * (count / (count - 1)))
        else:
            result, _, _ = batch_norm(x, self.weight, self.bias, self.eps, (self.running_mean, self.running_var))
        normalized: Tensor = result
        return normalized

    def _dtype(self) -> np.dtype[Any] | None:
        if self.weight is not None:
            return self.weight.dtype
        return self.running_mean.dtype if self.track_running_stats else None

    def _check(self, shape: tuple[int, ...]) -> None:
        if len(shape) not in self.axes or shape[-1] != self.num_features:
            raise LayerShapeError(
                self,
                f"got an input of shape {shape}, expected (batch, {self.num_features}) or (batch, length, "
                f"{self.num_features})",
            )

    def _follow(self, mean: Any, var: Any) -> None:
        """Update the running statistics."""
        self.num_batches_tracked = _one_more(self.num_batches_tracked)
        share = _equal_share(self.num_batches_tracked) if self.momentum is None else self.momentum
        self.running_mean = (1.0 - share) * self.running_mean + share * mean
        self.running_var = (1.0 - share) * self.running_var + share * var

    def extra_repr(self) -> str:
        """Return the number of features, and the arguments that are not the default."""
        text = f"{self.num_features}"
        for name, default in (("eps", 1e-5), ("momentum", 0.1), ("track_running_stats", True)):
            if getattr(self, name) != default:
                text += f", {name}={getattr(self, name)}"
        return text if self.weight is not None else text + ", affine=False"

    def _argument(self, name: str) -> Any:
        return self.weight is not None if name == "affine" else super()._argument(name)

    @classmethod
    def _saved_arrays(cls, arguments: Mapping[str, Any]) -> Entries:
        channels = (arguments["num_features"],)
        entries = weight_and_bias(channels, channels) if arguments["affine"] else {}
        if arguments["track_running_stats"]:
            entries |= dict.fromkeys(("running_mean", "running_var"), (channels, "f"))
            entries["num_batches_tracked"] = ((), "i")
        return entries


@savable
class BatchNorm1d(_BatchNorm):
    """Batch normalisation of rows ``(N, C)`` or sequences ``(N, L, C)``, channel by channel.

    While training, each channel gets zero mean and unit variance over the batch; after ``eval()`` the running
    statistics are used instead, and nothing changes.
    S. Ioffe and C. Szegedy, "Batch normalization" (2015).

    Parameters
    ----------
    num_features : int
        Number of channels, C.
    eps : float, default 1e-5
        Added to the variance.
    momentum : float or None, default 0.1
        Share of each batch in the running statistics (Keras's is 1 minus this); None: all batches count alike.
    affine : bool, default True
        Whether to learn a scale and a shift for each channel.
    track_running_stats : bool, default True
        If False, the batch's own statistics are used after ``eval()``, too.

    Attributes
    ----------
    weight, bias : Parameter, shape (C,), or None
        Scale and shift; 1 and 0 at first.
    running_mean, running_var : ndarray, shape (C,)
        Buffers. The variance is the unbiased one, as in PyTorch.

    Examples
    --------
    >>> layer = sg.nn.BatchNorm1d(1)
    >>> layer(np.float32([[1.0], [3.0]])).data.round(3)
    array([[-1.],
           [ 1.]], dtype=float32)
    """

    axes: tuple[int, ...] = (2, 3)


@savable
class BatchNorm2d(_BatchNorm):
    """Batch normalisation of images ``(N, H, W, C)``, channel by channel; see :class:`BatchNorm1d`.

    Parameters
    ----------
    num_features : int
        Number of channels, C.
    eps : float, default 1e-5
        Added to the variance.
    momentum : float or None, default 0.1
        Share of each batch in the running statistics (Keras's is 1 minus this); None: all batches count alike.
    affine : bool, default True
        Whether to learn a scale and a shift for each channel.
    track_running_stats : bool, default True
        If False, the batch's own statistics are used after ``eval()``, too.

    Examples
    --------
    >>> sg.nn.BatchNorm2d(8)(np.ones((2, 5, 5, 8), np.float32)).shape
    (2, 5, 5, 8)
    """

    axes: tuple[int, ...] = (4,)

    def _check(self, shape: tuple[int, ...]) -> None:
        check_channels(self, shape, self.num_features)


@savable
class LayerNorm(Module):
    """Normalise each example by itself, over its last axes; the same in training and evaluation.

    J. Ba, J. Kiros and G. Hinton, "Layer normalization" (2016).

    Parameters
    ----------
    normalized_shape : int or sequence of int
        Lengths of the last axes.
    eps : float, default 1e-5
        Added to the variance.
    elementwise_affine : bool, default True
        Whether to learn a scale and a shift for each element.
    bias : bool, default True
        Whether the shift is among them.

    Attributes
    ----------
    weight, bias : Parameter, shape normalized_shape, or None
        Scale and shift; 1 and 0 at first.

    Examples
    --------
    >>> sg.nn.LayerNorm(64)(np.ones((2, 10, 64), np.float32)).shape
    (2, 10, 64)
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
    ) -> None:
        sizes = [normalized_shape] if isinstance(normalized_shape, int | np.integer) else list(normalized_shape)
        if not sizes:
            raise ValueError("LayerNorm: normalized_shape must have at least one axis")
        self.normalized_shape: tuple[int, ...] = tuple(
            checked_count("LayerNorm: normalized_shape", size) for size in sizes
        )
        if not eps >= 0:
            raise ValueError(f"LayerNorm: eps must be at least 0, got {eps}")
        self.eps: float = float(eps)
        self.weight: Parameter | None = (
            Parameter(np.ones(self.normalized_shape, np.float32)) if elementwise_affine else None
        )
        self.bias: Parameter | None = (
            Parameter(np.zeros(self.normalized_shape, np.float32)) if elementwise_affine and bias else None
        )

    def forward(self, x: Tensor | Array) -> Tensor:
        """Map ``(..., *normalized_shape)`` to the same shape."""
        x = as_input(self, x, None if self.weight is None else self.weight.dtype)
        if x.shape[-len(self.normalized_shape) :] != self.normalized_shape:
            expected = ", ".join(map(str, self.normalized_shape))
            raise LayerShapeError(self, f"got an input of shape {x.shape}, expected (..., {expected})")
        return layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """Return the shape, and the arguments that are not the default."""
        shape = self.normalized_shape
        text = str(shape[0] if len(shape) == 1 else shape)
        if self.eps != 1e-5:
            text += f", eps={self.eps}"
        if self.weight is None:
            return text + ", elementwise_affine=False"
        return text if self.bias is not None else text + ", bias=False"

    def _argument(self, name: str) -> Any:
        if name == "elementwise_affine":
            return self.weight is not None
        return self.bias is not None if name == "bias" else super()._argument(name)

    @classmethod
    def _saved_arrays(cls, arguments: Mapping[str, Any]) -> Entries:
        if not arguments["elementwise_affine"]:
            return {}
        size = arguments["normalized_shape"]
        shape = tuple(size) if isinstance(size, list) else (size,)
        return weight_and_bias(shape, shape if arguments["bias"] else None)
