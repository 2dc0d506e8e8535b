"""The names by which a function finds parameters, nodes and arrays: ``model.0.weight``, ``self.scale``."""

from __future__ import annotations

import functools
import sys
from collections import deque
from collections.abc import Iterator
from itertools import islice
from types import FunctionType, MethodType
from typing import Any

import numpy as np

from ...core.node import Node

_PACKAGE = __name__.partition(".")[0]
_LIBRARIES = {*sys.stdlib_module_names, _PACKAGE, "numpy"} - {"__main__"}

#: So many objects are looked at: a name is a service to readers, not worth a walk through all of memory.
_MOST = 100_000


def found_names(function: Any) -> dict[Any, str]:
    """Return the names of what a function can reach, the shortest way to each.

    Parameters
    ----------
    function : callable
        A function, a method, a module, or what wraps one of them.

    Returns
    -------
    dict
        From the identity of a node or array to its name; a buffer of a module is under the identity of the module and
        its own name, since the array may be replaced.
    """
    names: dict[Any, str] = {}
    seen: set[int] = set()
    waiting: deque[tuple[str, Any]] = deque([("model" if _is_module(function) else "", function)])
    while waiting and len(seen) < _MOST:
        name, x = waiting.popleft()
        if id(x) in seen:
            continue
        seen.add(id(x))
        if isinstance(x, (Node, np.ndarray)):
            names.setdefault(id(x), name)
        elif _is_module(x):
            _name_contents(name, x, names)
        else:
            waiting.extend(islice(_parts(name, x), _MOST))
    return names


def _is_module(x: Any) -> bool:
    return hasattr(type(x), "named_modules") and hasattr(type(x), "named_parameters")


def _name_contents(name: str, module: Any, names: dict[Any, str]) -> None:
    for path, parameter in module.named_parameters():
        names.setdefault(id(parameter), _joined(name, path))
    for path, part in module.named_modules():
        for buffer in part._buffer_names:
            names.setdefault((id(part), buffer), _joined(_joined(name, path), buffer))


def _joined(name: str, path: str) -> str:
    return f"{name}.{path}" if name and path else name or path


def _parts(name: str, x: Any) -> Iterator[tuple[str, Any]]:
    """Yield what an object holds, with names."""
    if isinstance(x, (list, tuple, deque)):
        fields = getattr(x, "_fields", None)
        for i, item in enumerate(x):
            yield (f"{name}.{fields[i]}" if fields else f"{name}[{i}]"), item
    elif isinstance(x, dict):
        for key, item in x.items():
            yield f"{name}[{key!r}]", item
    elif isinstance(x, functools.partial):
        yield "", x.func
        yield "args", x.args
        yield "", x.keywords
    elif isinstance(x, MethodType):
        yield "self", x.__self__
        yield "", x.__func__
    elif isinstance(x, FunctionType):
        yield from _names_in(x)
    elif str(type(x).__module__).partition(".")[0] not in _LIBRARIES:
        for attribute, item in _attributes(x):
            yield _joined(name, attribute), item
    elif callable(x) and not isinstance(x, type):  # a derivative, a compiled function: what it was made from
        for attribute in ("f", "function", "__wrapped__"):
            if attribute in getattr(x, "__dict__", ()):
                yield "", vars(x)[attribute]


def _attributes(x: Any) -> Iterator[tuple[str, Any]]:
    yield from getattr(x, "__dict__", {}).items()
    for owner in type(x).__mro__:
        slots = getattr(owner, "__slots__", ())
        for slot in (slots,) if isinstance(slots, str) else slots:
            yield slot, getattr(x, slot, None)


def _names_in(f: FunctionType) -> Iterator[tuple[str, Any]]:
    """Yield the variables around a function, its defaults, and the globals that it names."""
    for name, cell in zip(f.__code__.co_freevars, f.__closure__ or ()):
        try:
            yield ("self" if name == "__class__" else name), cell.cell_contents
        except ValueError:  # it has no content yet
            continue
    arguments = f.__code__.co_varnames[: f.__code__.co_argcount]
    yield from zip(reversed(arguments), reversed(f.__defaults__ or ()))
    yield from (f.__kwdefaults__ or {}).items()
    for name in _globals_in(f.__code__):
        if name in f.__globals__:
            yield name, f.__globals__[name]


def _globals_in(code: Any) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if hasattr(constant, "co_names"):
            yield from _globals_in(constant)
