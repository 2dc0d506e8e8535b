"""Checks of the arguments and the input of layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...autograd import Tensor
from ...common.argument_checks import checked_count
from ..layer_errors import LayerShapeError, LayerTypeError
from ..module import Entries, Module, Parameter, as_tensor

Pair = tuple[int, int]


def as_input(layer: Module, x: Any, dtype: np.dtype[Any] | None = None) -> Tensor:
    """Check that the input of a layer is an array of floats, and return it as a Tensor.

    Parameters
    ----------
    layer : Module
        Named in errors.
    x : Tensor or numpy.ndarray
        The input.
    dtype : numpy.dtype, optional
        The dtype of the parameters, which the input must have, too.

    Raises
    ------
    LayerTypeError
        If it is not an array, its dtype is wrong, or the bias has another dtype than the weight.
    """
    if not isinstance(x, Tensor | np.ndarray):
        raise LayerTypeError(layer, f"takes a Tensor or a NumPy array, got {type(x).__name__}")
    if dtype is None:
        if x.dtype.kind != "f":
            raise LayerTypeError(layer, f"takes floating-point numbers, got {x.dtype}; {_CONVERT}")
    elif x.dtype != dtype:
        raise LayerTypeError(
            layer,
            f"got an input of dtype {x.dtype}, but its parameters are {dtype}; use x.astype(np.{dtype})"
            + (f", or model.to(np.{x.dtype})" if x.dtype.kind == "f" else ""),
            x.dtype,
        )
    bias = vars(layer).get("bias")
    if dtype is not None and isinstance(bias, Parameter) and bias.dtype != dtype:
        raise LayerTypeError(
            layer,
            f"its bias is {bias.dtype}, but its weight is {dtype}; use model.to(np.{dtype}), or assign data of {dtype}",
        )
    return as_tensor(x)


_CONVERT = "use x.astype(np.float32)"


def check_channels(layer: Module, shape: tuple[int, ...], channels: int) -> None:
    """Check that a layer's input is ``(N, H, W, channels)``.

    Raises
    ------
    LayerShapeError
        Names what is wrong, and the fix for usual mistakes.
    """
    if len(shape) == 4 and shape[3] == channels:
        return
    hint = ""
    if len(shape) == 4 and shape[1] == channels:
        hint = "; it looks channels-first: use x.transpose(0, 2, 3, 1)"
    elif len(shape) == 3 and shape[2] == channels:
        hint = "; the batch axis is missing: for a single image use x[np.newaxis]"
    elif len(shape) == 3 and channels == 1:
        hint = "; the channel axis is missing: use x[..., np.newaxis]"
    elif len(shape) == 3 and shape[0] == channels:
        hint = "; for a single channels-first image use x.transpose(1, 2, 0)[np.newaxis]"
    elif len(shape) == 2 and channels == 1:
        hint = "; for a single image use x[np.newaxis, ..., np.newaxis]"
    raise LayerShapeError(layer, f"got an input of shape {shape}, expected (batch, height, width, {channels}){hint}")


def check_window(layer: Module, shape: tuple[int, ...], kernel: Pair, padding: Pair, dilation: Pair = (1, 1)) -> None:
    """Check that a layer's input is ``(N, H, W, C)`` and its window fits into the padded height and width.

    Raises
    ------
    LayerShapeError
        If not, with both sizes.
    """
    if len(shape) != 4:
        hint = "; for a single image use x[np.newaxis]" if len(shape) == 3 else ""
        raise LayerShapeError(layer, f"got an input of shape {shape}, expected (batch, height, width, channels){hint}")
    reach = (dilation[0] * (kernel[0] - 1) + 1, dilation[1] * (kernel[1] - 1) + 1)
    room = (shape[1] + 2 * padding[0], shape[2] + 2 * padding[1])
    if reach[0] > room[0] or reach[1] > room[1]:
        padded = f" (padded to {room[0]} x {room[1]})" if padding != (0, 0) else ""
        raise LayerShapeError(
            layer,
            f"its window of {reach[0]} x {reach[1]} does not fit into an input of shape {shape}{padded}; "
            "use a smaller kernel_size, more padding or a larger input",
        )


def check_last_axis(layer: Module, shape: tuple[int, ...], size: int, hint: str = "") -> None:
    """Check that a layer's input is ``(..., size)``."""
    if not shape or shape[-1] != size:
        raise LayerShapeError(layer, f"got an input of shape {shape}, expected (..., {size}){hint}")


def check_pair(layer: str, name: str, value: Any, least: int = 1) -> Pair:
    """Return an integer argument, or a pair (height, width) of them, as a pair."""
    if not isinstance(value, tuple | list):
        number = checked_count(f"{layer}: {name}", value, least)
        return number, number
    if len(value) != 2:
        raise ValueError(f"{layer}: {name} must be one integer or a pair (height, width), got {value!r}")
    high, wide = (checked_count(f"{layer}: {name}", size, least) for size in value)
    return high, wide


def checked_groups(layer: str, groups: Any, in_channels: int, out_channels: int) -> int:
    """Return the number of groups of a convolution, which divides the numbers of its channels."""
    count = checked_count(f"{layer}: groups", groups)
    if in_channels % count or out_channels % count:
        raise ValueError(
            f"{layer}: groups {count} must divide both in_channels {in_channels} and out_channels {out_channels}"
        )
    return count


def channels_of_group(arguments: Mapping[str, Any]) -> int:
    """Return how many input channels a kernel sees, from the arguments of a convolution as a file has them.

    Raises
    ------
    ValueError
        If the number of groups is not positive.
    """
    if arguments["groups"] < 1:
        raise ValueError(f"groups must be at least 1: {arguments['groups']}")
    channels: int = arguments["in_channels"] // arguments["groups"]
    return channels


def short(pair: Pair) -> str:
    """Return the text of a pair; equal numbers are written once."""
    return str(pair[0]) if pair[0] == pair[1] else str(pair)


def weight_and_bias(weight: tuple[int, ...], bias: tuple[int, ...] | None) -> Entries:
    """Return the usual entries of ``_saved_arrays`` from the shapes of weight and bias."""
    entries: Entries = {"weight": (weight, "f")}
    if bias is not None:
        entries["bias"] = (bias, "f")
    return entries
