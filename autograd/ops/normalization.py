"""Batch and layer normalisation, each as one operation.

Its value takes a few steps, its derivatives are written out: mean and variance depend on the input, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from ...common.plain_data import real_numbers
from ...common.seam import interpretable, replaceable
from ..core.node import Node, data_of
from ..core.op import Op, PlainFunction
from ..core.recording import is_recording, record
from .elementwise import add, sqrt
from .reductions import mean, sum, var
from .shaping import ndim_of, operand, repeat_to_match

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..core.call_types import Operand, Tensor

__all__ = ["batch_norm"]


@Op
def _batch_norm(x: Any, weight: Any, bias: Any, /, eps: float, moments: Any) -> Any:
    """Give each channel mean 0 and variance 1, then scale and shift it."""
    center, spread = moments
    return normalize(x, center, np.sqrt(spread + eps), weight, bias)


def normalize(x: Any, center: Any, divisor: Any, weight: Any, bias: Any) -> Any:
    """``(x - center) / divisor * weight + bias``, step by step; `weight` and `bias` may be None."""
    scale = 1.0 / divisor
    if weight is not None:
        scale = scale * weight
    result = (x - center) * scale
    return result if bias is None else result + bias


def axes_of(x: Any) -> tuple[int, ...]:
    """Return the axes over which a channel extends."""
    return tuple(range(ndim_of(x) - 1))


def deviation(x: Any, eps: float) -> Any:
    """What each channel is divided by."""
    return sqrt(var(x, axes_of(x)) + eps)


def standardized(x: Any, eps: float) -> Any:
    """`x` with mean 0 and variance 1 in each channel."""
    return (x - mean(x, axes_of(x))) / deviation(x, eps)


_batch_norm.rules(
    lambda g, out, x, weight, bias, eps, moments: (
        (g - mean(g, axes_of(g)) - standardized(x, eps) * mean(g * standardized(x, eps), axes_of(g)))
        * (weight / deviation(x, eps))
    ),
    lambda g, out, x, weight, bias, eps, moments: sum(g * standardized(x, eps), axes_of(g)),
    lambda g, out, x, weight, bias, eps, moments: sum(g, axes_of(g)),
)


@PlainFunction
@replaceable
def normalized_channels(x: Any, weight: Any, bias: Any, eps: float, moments: Any) -> tuple[Any, Any, Any]:
    """Return ``x`` (N, ..., C) normalised by moments, or by its own if these are None, and the moments (C,)."""
    center, spread = (mean(x, axes_of(x)), var(x, axes_of(x))) if moments is None else moments
    return normalize(x, center, np.sqrt(spread + eps), weight, bias), center, spread


@overload
def batch_norm(
    x: Tensor,
    weight: Operand | None = None,
    bias: Operand | None = None,
    eps: float = 1e-5,
    moments: tuple[NDArray[Any], NDArray[Any]] | None = None,
) -> tuple[Tensor, NDArray[Any], NDArray[Any]]: ...
@overload
def batch_norm(
    x: Operand,
    weight: Operand | None = None,
    bias: Operand | None = None,
    eps: float = 1e-5,
    moments: tuple[NDArray[Any], NDArray[Any]] | None = None,
) -> tuple[Any, NDArray[Any], NDArray[Any]]: ...
@interpretable
def batch_norm(x: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5, moments: Any = None) -> Any:
    """Compute ``(x - mean) / sqrt(var + eps) * weight + bias``, by default with each channel's own mean and variance.

    With its own it is one operation. With given ones it is elementwise arithmetic, and recorded as such.

    Parameters
    ----------
    x : array_like or Tensor
        Shape ``(batch, ..., channels)``, of floats; not empty, unless ``moments`` are given.
    weight, bias : array_like or Tensor, optional
        Scale and shift, shape ``(channels,)``, of the same dtype; 1 and 0 by default.
    eps : float
        Added to the variance.
    moments : (ndarray, ndarray), optional
        Mean and variance to use instead, shape ``(channels,)``; constants for the derivatives.

    Returns
    -------
    out : Tensor or ndarray
        The shape of ``x``. Derivatives flow through mean and variance, too.
    mean, var : ndarray
        Shape ``(channels,)``, those that were used; no derivative flows through these copies.

    Raises
    ------
    ValueError
        If shapes or dtypes do not fit, or ``x`` is empty.

    Examples
    --------
    >>> x = np.array([1.0, 3.0]).reshape(2, 1, 1, 1)
    >>> out, mean, var = sg.batch_norm(x, np.ones(1), np.zeros(1), eps=0.0)
    >>> out.ravel(), mean, var
    (array([-1.,  1.]), array([2.]), array([1.]))
    """
    x = operand(x)
    if x.ndim < 2 or not (x.size or moments):
        raise ValueError(f"batch_norm: expected (batch, ..., channels), not empty, got shape {x.shape}")
    weight = np.ones(x.shape[-1:], x.dtype) if weight is None else operand(weight)
    bias = np.zeros(x.shape[-1:], x.dtype) if bias is None else operand(bias)
    for name, array in (("weight", weight), ("bias", bias)):
        if array.shape != x.shape[-1:] or array.dtype != x.dtype:
            raise ValueError(
                f"batch_norm: a {name} of shape {array.shape} and dtype {array.dtype} does not fit an input of shape "
                f"{x.shape} and dtype {x.dtype}; expected shape {x.shape[-1:]} and the same dtype"
            )
    images, w, b = data_of(x), data_of(weight), data_of(bias)
    nodes = [t for t in (x, weight, bias) if isinstance(t, Node)]
    tracked = is_recording() and any(t._tracked for t in nodes)
    if tracked and moments is not None:  # constants for the derivatives, other than the input's own
        center, spread = moments
        divisor = sqrt(add(spread, eps))  # operations, which a trace notices
        return normalize(x, center, divisor, weight, bias), center, spread
    out, center, spread = normalized_channels(images, w, b, eps, moments)
    if nodes:
        out = record(_batch_norm, out, (x, weight, bias), {"eps": eps, "moments": (center, spread)})
    return out, center, spread


def _last(x: Any, axes: int) -> tuple[int, ...]:
    """Return the last axes."""
    return tuple(range(ndim_of(x) - axes, ndim_of(x)))


def _row_deviation(x: Any, axes: int, eps: float) -> Any:
    """What each example is divided by."""
    return sqrt(var(x, _last(x, axes), keepdims=True) + eps)


def _standardized_rows(x: Any, axes: int, eps: float) -> Any:
    """`x` with mean 0 and variance 1 in each example."""
    return (x - mean(x, _last(x, axes), keepdims=True)) / _row_deviation(x, axes, eps)


@Op
def layer_norm(x: Any, weight: Any, bias: Any, /, axes: int, eps: float) -> Any:
    """Give each example mean 0 and variance 1 over its last axes, then scale and shift it.

    Parameters
    ----------
    x : array_like or Tensor
        Shape ``(..., *normalized)``.
    weight, bias : array_like or Tensor
        Scale and shift, shape ``normalized``.
    axes : int
        The number of axes to normalise over.
    eps : float
        Added to the variance.
    """
    return _standardized_rows(real_numbers("layer_norm", x), axes, eps) * weight + bias


def _to_examples(g: Any, x: Any, weight: Any, axes: int, eps: float) -> Any:
    h, scaled = _standardized_rows(x, axes, eps), g * weight
    over = _last(scaled, axes)
    apart = scaled - mean(scaled, over, keepdims=True) - h * mean(scaled * h, over, keepdims=True)
    return apart / _row_deviation(x, axes, eps)


layer_norm.rules(
    lambda g, out, x, weight, bias, axes, eps: _to_examples(g, x, weight, axes, eps),
    lambda g, out, x, weight, bias, axes, eps: g * _standardized_rows(x, axes, eps),
    lambda g, out, x, weight, bias, axes, eps: g,
)


def _lines_of_examples(taken: Any, x: Any, params: Mapping[str, Any]) -> Any:
    """An element of a result depends on its whole example, and on one element of scale and shift."""
    if x.shape != taken.shape:
        return taken
    axes = _last(taken, params["axes"])
    return repeat_to_match(sum(taken, axes, keepdims=True), x, axes, True)


layer_norm.lines = _lines_of_examples
