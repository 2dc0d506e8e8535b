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
from ..core.op import Op

_PACKAGE = __name__.partition(".")[0]
#: Packages whose objects are taken as constant: they are not the user's code.
_LIBRARIES = {*sys.stdlib_module_names, _PACKAGE, "numpy"} - {"__main__"}
_SIMPLE = (float, int, str, bytes, bool, complex, type(None))

#: Arrays of up to so many bytes are compared by their content; larger ones are the same as long as they are the same
#: object, and are read anew at every call.
SMALL_ARRAY = 4096


class Reach:
    """Everything that a function can reach: numbers, arrays, nodes, and the containers and modules that hold them.

    Attributes
    ----------
    tokens : list
        Numbers and texts as they are, small arrays as bytes, other objects by identity. Two equal lists mean that the
        function finds the same nodes and the same numbers. The data of the nodes and of large arrays may differ.
    nodes : list of Node
        The nodes that were found.
    arrays : list of ndarray
        The large arrays that were found.
    buffers : list of (object, str)
        The buffers of modules: objects and the names of their attributes.
    """

    def __init__(self, root: Any) -> None:
        self.tokens: list[Any] = []
        self.nodes: list[Node] = []
        self.arrays: list[Any] = []
        self.buffers: list[tuple[Any, str]] = []
        self.kept: list[Any] = []  # alive as long as the tokens, so that no identity is used again
        self.seen: set[int] = set()
        self.visit(root)

    def visit(self, x: Any) -> None:
        """Add everything that ``x`` holds."""
        tokens = self.tokens
        kind = x.__class__
        if kind in _SIMPLE:
            tokens.append(kind)
            tokens.append(x)
            return
        if isinstance(x, Node):
            self.nodes.append(x)
            data = x._plain
            tokens.append(id(x) if x._tracked else -id(x))
            if kind not in _NUMBERS:
                tokens.append((data.shape, data.dtype) if hasattr(data, "dtype") else float)
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
            self._visit_array(x)
        elif isinstance(x, np.random.Generator):
            tokens.append(str(x.bit_generator.state))
        else:
            self.kept.append(x)
            tokens.append(id(x))
            if type(x).__module__.partition(".")[0] == _PACKAGE:
                self._visit_own(x)
            else:
                for item in _parts(x):
                    self.visit(item)

    def _visit_array(self, x: Any) -> None:
        self.tokens.append((x.shape, x.dtype))
        if x.nbytes <= SMALL_ARRAY or x.dtype.hasobject:
            self.tokens.append(x.tobytes())
        else:
            self.kept.append(x)
            self.tokens.append(id(x))
            self.arrays.append(x)

    def _visit_own(self, x: Any) -> None:
        """Add what a module, a loss or a derivative of this package holds; optimizers and the like are constant."""
        if not callable(x) or isinstance(x, (Op, type)):
            return
        buffers = getattr(x, "_buffer_names", ())
        for name, item in list(vars(x).items()):
            self.tokens.append(name)
            if name in buffers:
                self.buffers.append((x, name))
                self.tokens.append((item.shape, item.dtype))
            elif isinstance(item, np.random.Generator):
                self.tokens.append(id(item))  # a layer draws from it at every call
                self.kept.append(item)
            else:
                self.visit(item)


#: Classes of nodes whose data is always one float.
_NUMBERS = {kind for kind in Node.__subclasses__() if getattr(kind, "ndim", None) == 0}


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
            yield from _parts_of_function(x)
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


def _parts_of_function(f: FunctionType) -> Iterator[Any]:
    """Yield the defaults of a function, the variables around it, and the globals that it names."""
    yield from f.__defaults__ or ()
    yield from (f.__kwdefaults__ or {}).values()
    for cell in f.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:
            yield "a name that has no content yet"
    names = _names(f.__code__)
    for name in names:
        if name in f.__globals__:
            x = f.__globals__[name]
            yield x
            if isinstance(x, ModuleType) and x.__name__.partition(".")[0] not in _LIBRARIES:
                yield from (vars(x)[attribute] for attribute in names if attribute in vars(x))


@functools.lru_cache(maxsize=1000)
def _names(code: CodeType) -> tuple[str, ...]:
    """Return the global names and the attributes that some code uses, in nested functions too."""
    names = list(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names += _names(constant)
    return tuple(names)
