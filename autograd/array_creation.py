"""New arrays: of nested lists of nodes, filled with a number, like another one.

They are Tensors without gradients of their own, so that it is recorded what is written to them.
"""

from __future__ import annotations

import functools
from typing import Any, Literal, SupportsIndex, overload

import numpy as np

from ..common.plain_data import holds_nodes
from .batched import Batched, open_levels
from .core.node import Node
from .ops import assembling, shaping
from .tensor import Tensor

# fmt: off
__all__ = [
    "arange", "array", "asarray", "empty", "empty_like", "eye", "full", "full_like", "identity", "linspace", "ones",
    "ones_like", "zeros", "zeros_like",
]
# fmt: on


def array(data: Any, dtype: Any = None, copy: bool | None = True, order: str = "K", ndmin: int = 0) -> Tensor:
    """Return an array of nested lists of numbers and nodes, as :func:`numpy.array`: a Tensor.

    Parameters
    ----------
    data : array_like, Tensor or Value
        Numbers, nodes, and nested lists and tuples of them.
    dtype : dtype, optional
        Default: that of the nodes; of numbers alone as in NumPy.
    copy : bool or None
        False and None return a Tensor itself, if it has the dtype.
    order : str
        How a copy lies in memory; NumPy's names.
    ndmin : int
        Axes of length 1 are put before the others until there are so many.

    Examples
    --------
    >>> import seegrad.numpy as np
    >>> sg.grad(lambda x: np.sum(np.array([x[0], x[1] ** 2])))(np.array([3.0, 5.0]))
    array([ 1., 10.])
    """
    result: Any
    if isinstance(data, (list, tuple)) and holds_nodes(data):
        result = shaping.array_of(data)
    elif isinstance(data, Node):
        result = data if not copy and isinstance(data, Tensor) else shaping.stack([data])[0]
        if isinstance(data, Tensor) and copy:
            result = shaping.copy(data, "K" if order in ("A", "K") else order)  # type: ignore[call-overload]  # may raise
    else:
        return _tensor(np.array(data, dtype=dtype, order=order, ndmin=ndmin))  # type: ignore[call-overload]
    if dtype is not None and result.dtype != np.dtype(dtype):
        result = result.astype(dtype)
    missing = ndmin - result.ndim
    return shaping.expand_dims(result, tuple(range(missing))) if missing > 0 else result


def asarray(
    data: Any, dtype: Any = None, order: str = "K", *, copy: bool | None = None, device: str | None = None
) -> Tensor:
    """Return :func:`array`, without a copy where none is needed."""
    _check_device(device)
    return array(data, dtype, copy, order)


def zeros(shape: Any, dtype: Any = float, order: str = "C", *, device: str | None = None) -> Tensor:
    """Return a Tensor of zeros, which may be written to."""
    _check_device(device)
    return _to_be_written(np.zeros(shape, dtype, order))  # type: ignore[call-overload]


def ones(shape: Any, dtype: Any = None, order: str = "C", *, device: str | None = None) -> Tensor:
    """Return a Tensor of ones, which may be written to."""
    _check_device(device)
    return _to_be_written(np.ones(shape, dtype, order))  # type: ignore[call-overload]


def empty(shape: Any, dtype: Any = float, order: str = "C", *, device: str | None = None) -> Tensor:
    """Return a Tensor whose numbers are not set, which may be written to."""
    _check_device(device)
    return _to_be_written(np.empty(shape, dtype, order))  # type: ignore[call-overload]


def full(shape: Any, fill_value: Any, dtype: Any = None, order: str = "C", *, device: str | None = None) -> Tensor:
    """Return a Tensor filled with a number, or with an array that is broadcast; gradients flow to it."""
    _check_device(device)
    fill_value = shaping.operand(fill_value)
    if isinstance(fill_value, Node):
        return _filled("full", fill_value, shape, np.dtype(_dtype_of(fill_value) if dtype is None else dtype))
    return _to_be_written(np.full(shape, fill_value, dtype, order))  # type: ignore[call-overload]


def arange(*args: Any, **kwargs: Any) -> Tensor:
    """Return the evenly spaced numbers of :func:`numpy.arange` as a Tensor."""
    return _tensor(np.arange(*args, **kwargs))


def eye(
    N: int, M: int | None = None, k: int = 0, dtype: Any = float, order: str = "C", *, device: str | None = None
) -> Tensor:
    """Return a matrix with ones on the ``k``-th diagonal, as a Tensor which may be written to."""
    _check_device(device)
    return _to_be_written(np.eye(N, M, k, dtype, order))  # type: ignore[call-overload]


def identity(n: int, dtype: Any = None) -> Tensor:
    """Return the identity matrix, as a Tensor which may be written to."""
    return eye(n, dtype=float if dtype is None else dtype)


@overload
def linspace(
    start: Any,
    stop: Any,
    num: SupportsIndex = 50,
    endpoint: bool = True,
    *,
    retstep: Literal[True],
    dtype: Any = None,
    axis: int = 0,
    device: str | None = None,
) -> tuple[Tensor, Any]: ...
@overload
def linspace(
    start: Any,
    stop: Any,
    num: SupportsIndex = 50,
    endpoint: bool = True,
    retstep: Literal[False] = False,
    dtype: Any = None,
    axis: int = 0,
    *,
    device: str | None = None,
) -> Tensor: ...
def linspace(
    start: Any,
    stop: Any,
    num: SupportsIndex = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
    *,
    device: str | None = None,
) -> Any:
    """Return ``num`` numbers from ``start`` to ``stop``, as :func:`numpy.linspace`; gradients flow to the ends."""
    _check_device(device)
    start, stop = [array(x, copy=None) if isinstance(x, Node) else x for x in (start, stop)]  # a Value has no dtype
    result = assembling.linspace(start, stop, num, endpoint, retstep, dtype, axis)
    return (_tensor(result[0]), result[1]) if isinstance(result, tuple) else _tensor(result)


def zeros_like(
    x: Any,
    dtype: Any = None,
    order: str = "K",
    subok: bool = True,
    shape: Any = None,
    *,
    device: str | None = None,
) -> Tensor:
    """Return zeros in the shape and dtype of ``x``: a Tensor, which may be written to, like a Tensor."""
    _check_device(device)
    return _like(np.zeros_like, x, dtype, order, shape)


def ones_like(
    x: Any,
    dtype: Any = None,
    order: str = "K",
    subok: bool = True,
    shape: Any = None,
    *,
    device: str | None = None,
) -> Tensor:
    """Return ones in the shape and dtype of ``x``: a Tensor, which may be written to, like a Tensor."""
    _check_device(device)
    return _like(np.ones_like, x, dtype, order, shape)


def empty_like(
    x: Any,
    dtype: Any = None,
    order: str = "K",
    subok: bool = True,
    shape: Any = None,
    *,
    device: str | None = None,
) -> Tensor:
    """Return an array, whose numbers are not set, in the shape and dtype of ``x``: like a Tensor, a Tensor."""
    _check_device(device)
    return _like(np.empty_like, x, dtype, order, shape)


def full_like(
    x: Any,
    fill_value: Any,
    dtype: Any = None,
    order: str = "K",
    subok: bool = True,
    shape: Any = None,
    *,
    device: str | None = None,
) -> Tensor:
    """Return ``fill_value`` in the shape and dtype of ``x``; gradients flow to it."""
    _check_device(device)
    fill_value = shaping.operand(fill_value)
    if isinstance(fill_value, Node):
        like: Any = x if isinstance(x, Node) else shaping.operand(x)
        return _filled("full_like", fill_value, like.shape if shape is None else shape, np.dtype(dtype or like.dtype))
    return _like(functools.partial(np.full_like, fill_value=fill_value), x, dtype, order, shape)


def _check_device(device: str | None) -> None:
    """Raise ValueError for another device than the processor, as NumPy does."""
    if device not in (None, "cpu"):
        raise ValueError(f"arrays are on the CPU, there is no device {device!r}: leave it out, or write 'cpu'")


def _like(function: Any, x: Any, dtype: Any, order: str, shape: Any) -> Any:
    if isinstance(x, Batched):
        return function(x, dtype=dtype, order=order, shape=shape)
    options = {"dtype": dtype, "order": order, "shape": shape}
    if not isinstance(x, Node):
        return _to_be_written(function(shaping.operand(x), **options))
    result = function(x._plain, **options)  # shape and dtype are all that is needed
    return result if x.stands_for_data else _tensor(result)


def _filled(called: str, value: Any, shape: Any, dtype: np.dtype[Any]) -> Any:
    if dtype.kind not in "fc" and value.requires_grad:
        raise TypeError(f"{called}: the value's gradient would be lost in an array of dtype {dtype}; pass dtype=float")
    return shaping.copy(shaping.astype(shaping.broadcast_to(value, shape), dtype), "C")


def _dtype_of(x: Any) -> Any:
    """Return the dtype of a node; a Value is a float."""
    return getattr(x, "dtype", np.dtype(float))


def _tensor(result: Any) -> Any:
    """Return an array of numbers as a Tensor; arrays of other things, and Tensors, as they are."""
    is_number = not isinstance(result, Node) and result.dtype.kind in "biufc"
    return Tensor(result) if is_number else result


def _to_be_written(result: Any) -> Any:
    """Return a new array as a Tensor; under ``vmap``, as one that may be given other numbers for each example."""
    levels = open_levels()
    if not levels or result.dtype.kind not in "biufc":
        return _tensor(result)
    sizes = tuple([level.size for level in levels])
    result = Tensor(np.broadcast_to(result, (*sizes, *result.shape)).copy())
    for level in levels:
        result = Batched(level, result)
    return result
