"""What a function can reach by name besides its arguments, to notice when any of it has been replaced."""

from __future__ import annotations

import functools
import sys
from collections import deque
from collections.abc import Iterator
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from ..core.node import Node
from ..value import Value

#: Packages whose objects are taken as constant: they are not the user's code.
_LIBRARIES = {*sys.stdlib_module_names, __name__.partition(".")[0], "numpy"} - {"__main__"}
_SIMPLE = (float, int, str, bytes, bool, complex, type(None))


class Reach:
    """Everything that a function can reach: numbers, Values, and the containers that hold them.

    Attributes
    ----------
    tokens : list
        Numbers and texts as they are, arrays as bytes, other objects by identity. Two equal lists mean that the
        function finds the same Values and the same numbers. The numbers in the Values may differ.
    values : list of Value
        The Values that were found.
    """

    def __init__(self, root: Any) -> None:
        self.tokens: list[Any] = []
        self.values: list[Value] = []
        self.kept: list[Any] = []  # alive as long as the tokens, so that no identity is used again
        self.seen: set[int] = set()
        self.visit(root)

    def visit(self, x: Any) -> None:
        """Add everything that ``x`` holds."""
        tokens = self.tokens
        kind = x.__class__
        if kind is Value:
            self.values.append(x)
            tokens.append(id(x) if x._tracked else -id(x))
            return
        if kind in _SIMPLE:
            tokens.append(kind)
            tokens.append(x)
            return
        if id(x) in self.seen or isinstance(x, ModuleType):
            return
        self.seen.add(id(x))
        if isinstance(x, (list, tuple, set, frozenset, deque)):
            tokens.append(len(x))
            for item in x:
                self.visit(item)
        elif isinstance(x, dict):
            for key, item in x.items():
                tokens.append(key)
                self.visit(item)
        elif isinstance(x, (np.ndarray, np.generic)):
            tokens.append((x.shape, x.tobytes()))
        elif isinstance(x, np.random.Generator):
            tokens.append(str(x.bit_generator.state))
        elif isinstance(x, Node):
            tokens.append((id(x), x.number))  # the number changes when its data is set
        else:
            self.kept.append(x)
            tokens.append(id(x))
            for item in _parts(x):
                self.visit(item)


def _parts(x: Any) -> Iterator[Any]:
    """Yield what an object holds."""
    yield from [vars(x)["__wrapped__"]] if "__wrapped__" in getattr(x, "__dict__", ()) else []
    if isinstance(x, functools.partial):
        yield from (x.func, x.args, x.keywords)
    elif isinstance(x, MethodType):
        yield x.__self__
        yield x.__func__
    elif isinstance(x, FunctionType):
        if x.__module__ is None or x.__module__.partition(".")[0] not in _LIBRARIES:
            yield from x.__defaults__ or ()
            yield from (x.__kwdefaults__ or {}).values()
            for cell in x.__closure__ or ():
                try:
                    yield cell.cell_contents
                except ValueError:
                    yield "a name that has no content yet"
            yield from (x.__globals__.get(name) for name in _names(x.__code__) if name in x.__globals__)
    elif isinstance(x, type):
        if x.__module__.partition(".")[0] not in _LIBRARIES:
            yield from vars(x).values()
            yield from x.__bases__
    elif type(x).__module__.partition(".")[0] not in _LIBRARIES:
        yield type(x)
        yield from getattr(x, "__dict__", {}).values()
        for owner in type(x).__mro__:
            for slot in getattr(owner, "__slots__", ()):
                yield getattr(x, slot, None)
    elif isinstance(x, (property, staticmethod, classmethod)):
        yield from (part for part in (getattr(x, "fget", None), getattr(x, "__func__", None)) if part is not None)


def _names(code: CodeType) -> list[str]:
    """Return the global names that some code uses, in nested functions too."""
    names = list(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names += _names(constant)
    return names
