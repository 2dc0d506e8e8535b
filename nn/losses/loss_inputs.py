"""Checks of the inputs of losses: predictions and targets."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ...autograd import Tensor
from ...autograd.ops.questions import asked
from ...autograd.tensor import as_numbers
from ...common.plain_data import real_numbers
from ...common.seam import interpretable
from ..module import TensorLike, as_tensor

Array = npt.NDArray[Any]


def prediction(name: str, x: TensorLike) -> Tensor:
    """Return the predictions as a Tensor, having checked that they are floats."""
    x = as_tensor(x)
    if x.dtype.kind != "f":
        raise TypeError(f"{name}: predictions must be floating-point numbers, got {x.dtype}")
    return x


def target_like(x: Tensor, target: TensorLike) -> Tensor | Array:
    """Return a target in the dtype of the prediction; a target that requires gradients stays a Tensor."""
    real_numbers("a loss", target)
    if isinstance(target, Tensor):
        if target.requires_grad:
            return target
        target = target.data
    return real_numbers("a loss", as_numbers(target)).astype(x.dtype, copy=False)  # type: ignore[no-any-return]


def matching(name: str, x: TensorLike, target: TensorLike) -> tuple[Tensor, Any]:
    """Return prediction and target, having checked that their shapes are equal.

    Raises
    ------
    ValueError
        If they differ: broadcasting (4,) against (4, 1) would silently compare every pair.
    """
    x = prediction(name, x)
    target = target_like(x, target)
    if x.shape != target.shape:
        raise ValueError(
            f"{name}: prediction of shape {x.shape} and target of shape {target.shape} must have the same shape; "
            "reshape one of them"
        )
    return x, target


@asked
def _are_probabilities(values: Array) -> bool:
    return bool(((values >= 0) & (values <= 1)).all())


@asked
def _are_signs(values: Array) -> bool:
    return bool(((values == 1) | (values == -1)).all())


@interpretable
def check_probabilities(name: str, what: str, values: Array) -> None:
    """Check that all values are from 0 to 1."""
    if not _are_probabilities(values):
        bad = ~((values >= 0) & (values <= 1))
        raise ValueError(f"{name}: {what} must be from 0 to 1, got {values[bad][0]} at index {first_index(bad)}")


@interpretable
def check_signs(name: str, values: Array) -> None:
    """Check that all targets are -1 or 1."""
    if not _are_signs(values):
        bad = (values != 1) & (values != -1)
        raise ValueError(f"{name}: targets must be -1 or 1, got {values[bad][0]} at index {first_index(bad)}")


def first_index(mask: Array) -> Any:
    """Return the index of the first True: a tuple, or an int for one axis."""
    index = tuple(int(i) for i in np.argwhere(mask)[0])
    return index[0] if len(index) == 1 else index
