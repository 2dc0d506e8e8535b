"""What a traced function gets in the place of plain arrays and numbers: nodes that behave like them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.node import current_trace
from ..core.op import PlainFunction
from ..tensor import Tensor
from ..value import Value


class TracedArray(Tensor):
    """Stands for a plain array: what is computed from it is traced, and plain again for whoever calls the function.

    It has the methods and attributes of an array. Those that a Tensor lacks are instructions without a derivative.
    """

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or not hasattr(np.ndarray, name):
            raise AttributeError(f"an array has no attribute {name!r}")
        if not callable(getattr(np.ndarray, name)):
            return getattr(self._plain, name)  # flags, strides, itemsize: the same at every call
        return lambda *args, **kwargs: _method(name)(self, *args, **kwargs)


class TracedNumber(Value):
    """Stands for a plain float."""

    __slots__ = ()


_methods: dict[str, PlainFunction] = {}


def _method(name: str) -> PlainFunction:
    """Return a method of arrays as a function of plain data."""
    if name not in _methods:
        _methods[name] = PlainFunction(lambda x, *args, **kwargs: getattr(x, name)(*args, **kwargs), name)
    return _methods[name]


def _operator(name: str) -> Any:
    def operator(self: TracedArray, *others: Any) -> Any:
        return _method(name)(self, *others)

    return operator


for _name in ("and", "or", "xor", "rand", "ror", "rxor", "invert", "lshift", "rshift"):
    setattr(TracedArray, f"__{_name}__", _operator(f"__{_name}__"))


def plain_kind(node: Any) -> Any:
    """Return the class that stands for the plain data of a node, None if it is no number or array."""
    return TracedNumber if isinstance(node, Value) else TracedArray if isinstance(node, Tensor) else None


def in_trace() -> bool:
    """Whether this thread traces a function."""
    return current_trace() is not None
