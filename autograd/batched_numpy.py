"""Functions of NumPy called under ``vmap``: those that are operations, and others that have no derivative."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from .batch_calls import call_plain, innermost, on_elements
from .batched import Batched
from .core.node import Node, inspected
from .nested import map_leaves
from .numpy_functions import CREATORS, FUNCTIONS, OTHER_UFUNCS, WRITERS
from .numpy_protocol import call_function, call_ufunc
from .ops.elementwise import Elementwise
from .ops.shaping import reduced_axes, reshape
from .scipy_ufuncs import is_scipys


def call_ufunc_on_batch(ufunc: Any, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Answer a ufunc that was called with a value that differs from example to example."""
    is_scipys(ufunc)  # then its operation is known
    if ufunc in Elementwise.by_ufunc or ufunc in OTHER_UFUNCS or kwargs.get("out") is not None:
        return call_ufunc(ufunc, method, inputs, kwargs)
    inputs = _plain(inputs)
    if method == "__call__" and ufunc.signature is None and not kwargs:
        return on_elements(ufunc, *inputs)
    return call_plain(getattr(ufunc, method), inputs, kwargs)


def call_function_on_batch(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Answer another function of NumPy that was called with a value that differs from example to example.

    One that is no operation is called for one example after the other; not if a gradient would be lost.
    """
    if function in _NEW_ARRAYS and not any(isinstance(x, Node) for x in (*args[1:], *kwargs.values())):
        return _like(function, *args, **kwargs)
    if function in _RULES:
        return _RULES[function](function, *_plain(args), **_plain(kwargs))
    if function in FUNCTIONS or function in CREATORS or function in WRITERS:
        return call_function(function, args, kwargs)
    if any(isinstance(x, Node) and x.requires_grad for x in (*args, *kwargs.values())) and function not in _ANSWERS:
        return call_function(function, args, kwargs)  # refuses
    return call_plain(function, _plain(args), _plain(kwargs))


def _plain(x: Any) -> Any:
    return map_leaves(lambda leaf: inspected(leaf), x)


# --------------------------------------------------------------------------------------- rules for whole batches


def _of_shape(function: Callable[..., Any], x: Any, *args: Any, **kwargs: Any) -> Any:
    """What follows from shape and dtype is the same for all examples."""
    return function(np.broadcast_to(np.zeros((), x.dtype), x.shape), *args, **kwargs)


def _like(function: Callable[..., Any], x: Any, *args: Any, **kwargs: Any) -> Any:
    """A new array that may be written to, with other numbers for each example."""
    if kwargs.get("shape") is not None or args[2:]:
        return _of_shape(function, x, *args, **kwargs)
    return Batched(x.level, function(x.stack, *args, **kwargs))


def _along(function: Callable[..., Any], x: Any, axis: Any = None, *args: Any, **kwargs: Any) -> Any:
    """A function that gives a number for each line along axes."""
    if args or kwargs.keys() - {"keepdims"} or not isinstance(x, Batched):
        return call_plain(function, (x, axis, *args), kwargs)
    axes = tuple([i + 1 for i in reduced_axes(axis, x.ndim)])
    if function in _ONE_AXIS:
        if axis is None and kwargs.get("keepdims") and x.ndim != 1:
            return call_plain(function, (x, axis), kwargs)
        rows = x.stack if len(axes) == 1 else reshape(x.stack, (x.level.size, x.size))
        return Batched(x.level, function(rows, axes[0] if len(axes) == 1 else 1, **kwargs))
    return Batched(x.level, function(x.stack, axes, **kwargs))


def _order(function: Callable[..., Any], x: Any, *args: Any, axis: Any = -1, **kwargs: Any) -> Any:
    """A function that gives an order of the elements along an axis."""
    if args or axis is None or not x.ndim or innermost(kwargs.values()) is not None:
        return call_plain(function, (x, *args), {"axis": axis, **kwargs} if not args else kwargs)
    return Batched(x.level, function(x.stack, axis=normalize_axis_index(axis, x.ndim) + 1, **kwargs))


def _close(function: Callable[..., Any], x: Any, y: Any, *args: Any, **kwargs: Any) -> Any:
    return on_elements(lambda a, b: function(a, b, *args, **kwargs), x, y)


_NEW_ARRAYS = (np.zeros_like, np.ones_like, np.empty_like, np.full_like)
_ONE_AXIS = (np.argmax, np.argmin)
_SHAPES = "shape ndim size can_cast iscomplexobj isrealobj min_scalar_type"
_RULES: dict[Any, Callable[..., Any]] = {
    **{getattr(np, name): _of_shape for name in _SHAPES.split()},
    **dict.fromkeys((np.argmax, np.argmin, np.any, np.all, np.count_nonzero), _along),
    np.argsort: _order,
    np.isclose: _close,
    np.result_type: lambda function, *xs: np.result_type(*[x.dtype if isinstance(x, Batched) else x for x in xs]),
    **dict.fromkeys((np.array_repr, np.array_str, np.array2string), lambda function, x, *args, **kwargs: repr(x)),
}

#: Functions whose results have no derivative, so that none is lost.
_ANSWERS = {np.searchsorted, np.argpartition, np.nonzero, np.flatnonzero, np.allclose, np.array_equal, np.digitize}
_ANSWERS |= {np.isin, np.shares_memory, np.may_share_memory}


def _array_ufunc(self: Batched, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
    return call_ufunc_on_batch(ufunc, method, inputs, kwargs)


def _array_function(self: Batched, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
    return call_function_on_batch(function, args, kwargs)


setattr(Batched, "__array_ufunc__", _array_ufunc)  # noqa: B010 (a plain assignment is no method to mypy)
setattr(Batched, "__array_function__", _array_function)  # noqa: B010
