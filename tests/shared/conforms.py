"""``assert_type`` for files of users that are run: what a type checker says of a thing holds of the thing itself."""

from __future__ import annotations

import collections.abc
import types
import typing
from typing import Any, Literal, Union

import numpy as np


def assert_type(thing: Any, kind: Any) -> Any:
    """Compare a thing with its type, where a type can be looked up at run time."""
    assert conforms(thing, kind), f"{type(thing).__name__} {thing!r:.200} is not {kind}"
    return thing


def conforms(thing: Any, kind: Any) -> bool:
    """Tell whether a thing is of a type, also inside of containers."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if kind is Any:
        return True
    if kind is None:
        return thing is None
    if origin in (Union, types.UnionType):
        return any(conforms(thing, part) for part in arguments)
    if origin is Literal:
        return thing in arguments
    if origin is collections.abc.Callable:
        return callable(thing)
    if origin is tuple:
        if arguments[-1:] == (...,):
            arguments = arguments[:1] * len(thing)
        return isinstance(thing, tuple) and len(thing) == len(arguments) and all(map(conforms, thing, arguments))
    if origin is np.ndarray:
        wanted = typing.get_args(arguments[1])[0]
        return isinstance(thing, np.ndarray) and (wanted is Any or issubclass(thing.dtype.type, wanted))
    if origin is None:
        return isinstance(thing, (int, float) if kind is float else kind)
    if not isinstance(thing, origin):
        return False
    if issubclass(origin, collections.abc.Mapping):
        return all(conforms(key, arguments[0]) and conforms(value, arguments[1]) for key, value in thing.items())
    if issubclass(origin, (list, set, frozenset)):
        return all(conforms(item, arguments[0]) for item in thing)
    return True
