"""What ``seegrad.numpy`` is made of: NumPy's functions and ``r_``, ``c_``, that take lists of nodes, too."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from ..common.plain_data import holds_nodes
from .array_creation import asarray
from .batched import Batched
from .core.node import Node
from .numpy_answers import ANSWERS
from .numpy_functions import FUNCTIONS
from .numpy_protocol import call_function
from .ops.indexing import take
from .ops.shaping import common_dtype, concatenate, operand, reshape
from .value import Value


class NumpyModule(ModuleType):
    """A module of NumPy, whose functions take lists of nodes."""

    def __init__(self, name: str, source: ModuleType) -> None:
        super().__init__(name, source.__doc__)
        self._source = source

    def __getattr__(self, name: str) -> Any:
        return found_in(self._source, name)

    def __dir__(self) -> list[str]:
        return dir(self._source)


@functools.cache
def found_in(source: ModuleType, name: str) -> Any:
    """Return what has a name in a module of NumPy; a function that takes nodes, as one that takes lists of them too.

    NumPy itself passes on calls with nodes among some arguments only: not with lists of them, nor as ``default=``.
    """
    found = getattr(source, name)
    is_function = callable(found) and not isinstance(found, (type, np.ufunc))
    return _of_lists_too(found) if is_function and (found in FUNCTIONS or found in ANSWERS) else found


def _of_lists_too(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if any(map(_has_nodes, args)) or any(map(_has_nodes, kwargs.values())):
            return _call(function, tuple(map(_as_tensor, args)), {name: _as_tensor(x) for name, x in kwargs.items()})
        return function(*args, **kwargs)

    return call


def _call(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call a function as NumPy does if it sees the nodes: what differs from example to example has the first say."""
    for x in (*args, *kwargs.values()):
        if isinstance(x, Batched):
            return x.__array_function__(function, (), args, kwargs)
    return call_function(function, args, kwargs)


def _has_nodes(x: Any) -> bool:
    return isinstance(x, Node) or (isinstance(x, (list, tuple)) and holds_nodes(x))


def _as_tensor(x: Any) -> Any:
    """Return a Value as a Tensor, which has a shape and a dtype; anything else as it is."""
    return asarray(x) if isinstance(x, Value) else x


class Joined:
    """``r_`` and ``c_``: what NumPy's do, of nodes too."""

    def __init__(self, numpys: Any) -> None:
        self._numpys = numpys

    def __getitem__(self, parts: Any) -> Any:
        """Join slices, numbers, arrays and nodes."""
        parts = parts if isinstance(parts, tuple) else (parts,)
        if not any(map(_has_nodes, parts)):
            return self._numpys[parts]
        # NumPy joins arrays of places, which tell where the elements of the result come from.
        dtype = common_dtype(parts)
        pool: list[Any] = []
        places: list[Any] = []
        count = 0
        for part in parts:
            if isinstance(part, str):  # says how to join
                places.append(part)
                continue
            if isinstance(part, slice):
                part = np.r_[part]
            part = np.asarray(part, dtype) if isinstance(part, (bool, int, float)) else operand(part)
            pool.append(reshape(part, (-1,)))
            places.append(np.arange(count, count + pool[-1].shape[0]).reshape(part.shape))
            count += pool[-1].shape[0]
        return take(concatenate(pool), self._numpys[tuple(places)])
