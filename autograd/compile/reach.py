"""What a function can reach by name besides its arguments, to notice when any of it has been replaced."""

from __future__ import annotations

import functools
import itertools
import operator
import sys
from collections import deque
from collections.abc import Iterator
from types import CodeType, FunctionType, MethodType, ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from ..core.node import Node
from ..core.op import Op

_PACKAGE = __name__.partition(".")[0]
#: Packages whose objects are taken as constant: they are not the user's code.
# pytest writes calls of its own into the assertions of tests.
_LIBRARIES = {*sys.stdlib_module_names, _PACKAGE, "numpy", "scipy", "_pytest"} - {"__main__"}
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
    generators : list of Generator
        The generators of modules.
    links : Links
        Where all of it was found.
    """

    def __init__(self, root: Any) -> None:
        self.tokens: list[Any] = []
        self.nodes: list[Node] = []
        self.arrays: list[Any] = []
        self.buffers: list[tuple[Any, str]] = []
        self.generators: list[np.random.Generator] = []
        self.kept: list[Any] = []  # alive as long as the tokens, so that no identity is used again
        self.links: Links = Links()
        self.seen: set[int] = set()
        self.visit(root)

    def same_as(self, root: Any) -> bool:
        """Return whether ``root``, from which this began, reaches the same as it did."""
        return self.links.hold() or self.tokens == Reach(root).tokens

    def visit(self, x: Any) -> None:
        """Add everything that ``x`` holds."""
        tokens = self.tokens
        kind = x.__class__
        if kind in _SIMPLE:
            tokens.append(kind)
            tokens.append(x)
        elif isinstance(x, Node):
            self.nodes.append(x)
            tokens.append(id(x) if x._tracked else -id(x))
            if x._plain.__class__ is float:
                self.links.numbers[x._tracked].append(x)
            else:
                self.links.nodes.append((x, x._tracked, *_form(x._plain)))
                tokens.append(_form(x._plain))
        elif id(x) not in self.seen and not isinstance(x, ModuleType):
            self.seen.add(id(x))
            self._visit_object(x)

    def _visit_object(self, x: Any) -> None:
        tokens = self.tokens
        if isinstance(x, (list, tuple, set, frozenset, deque)):
            if not isinstance(x, tuple):
                self.links.sequences.append((x, tuple(x)))
            tokens.append(len(x))
            for item in x:
                self.visit(item)
        elif isinstance(x, dict):
            self._visit_items(x)
        elif isinstance(x, (np.ndarray, np.generic)):
            self._visit_array(x)
        elif isinstance(x, np.random.Generator):
            tokens.append(str(x.bit_generator.state))
            self.links.certain = False
        elif isinstance(x, Iterator) and type(x).__module__ in ("builtins", "itertools"):
            self._visit_iterator(x)
        else:
            self.kept.append(x)
            tokens.append(id(x))
            if not _is_own(x):
                self._visit_parts(x)
            elif "__wrapped__" in getattr(x, "__dict__", ()):  # a derivative, a compiled function
                self.visit(vars(x)["__wrapped__"])
            elif _is_called(x) and hasattr(x, "__dict__") and not isinstance(x, (Op, type)):
                self._visit_attributes(x)  # a module, a loss; optimizers and the like are constant

    def _visit_items(self, mapping: Any) -> None:
        """Add the items of a dictionary."""
        self.links.sizes.append((mapping, len(mapping)))
        for key, item in list(mapping.items()):
            self.links.items.append((mapping, key, item))
            self.tokens.append(key)
            self.visit(item)

    def _visit_attributes(self, x: Any) -> None:
        """Add the attributes of an object; buffers of modules are read anew at every call."""
        attributes = vars(x)
        self.links.sizes.append((attributes, len(attributes)))
        for name, item in list(attributes.items()):
            self.tokens.append(name)
            if name in getattr(x, "_buffer_names", ()):
                self.buffers.append((x, name))
                self.links.buffers.append((attributes, name, item.shape, item.dtype))
                self.tokens.append((item.shape, item.dtype))
                continue
            self.links.items.append((attributes, name, item))
            if isinstance(item, np.random.Generator) and _is_own(x):
                self.tokens.append(id(item))  # a layer draws from it at every call
                self.generators.append(item)
            else:
                self.visit(item)

    def _visit_array(self, x: Any) -> None:
        self.tokens.append((x.shape, x.dtype))
        if x.nbytes <= SMALL_ARRAY or x.dtype.hasobject:
            content = x.tobytes()
            self.tokens.append(content)
            self.links.arrays.append((x, content))
        else:
            self.kept.append(x)
            self.tokens.append(id(x))
            self.arrays.append(x)

    def _visit_iterator(self, x: Any) -> None:
        """Add where an iterator is; where it does not tell, nothing reaches the same twice."""
        self.links.certain = False
        self.kept.append(x)
        try:
            state = repr(x) if isinstance(x, itertools.count) else x.__reduce__()
        except TypeError:  # a generator
            self.tokens.append(object())
            return
        self.kept.append(state)
        self._visit_all(id(x), state)

    def _visit_parts(self, x: Any) -> None:
        """Add what an object of the user holds."""
        if "__wrapped__" in getattr(x, "__dict__", ()):
            self.visit(vars(x)["__wrapped__"])
        if isinstance(x, functools.partial):
            self._visit_all(x.func, x.args, x.keywords)
        elif isinstance(x, MethodType):
            self._visit_all(x.__self__, x.__func__)
        elif isinstance(x, FunctionType):
            if not _is_of_library(x.__module__):
                self._visit_function(x)
        elif isinstance(x, type):
            if not _is_of_library(x.__module__):
                self._visit_items(vars(x))
                self._visit_all(*x.__bases__)
        elif isinstance(x, SimpleNamespace):
            self._visit_attributes(x)
        elif not _is_of_library(type(x).__module__):
            self.visit(type(x))
            if hasattr(x, "__dict__"):
                self._visit_attributes(x)
            slots = [slot for owner in type(x).__mro__ for slot in getattr(owner, "__slots__", ())]
            self.links.certain = self.links.certain and not slots
            self._visit_all(*(getattr(x, slot, None) for slot in slots))
        elif isinstance(x, (property, staticmethod, classmethod)):
            self._visit_all(getattr(x, "fget", None), getattr(x, "__func__", None))

    def _visit_all(self, *parts: Any) -> None:
        for part in parts:
            self.visit(part)

    def _visit_function(self, f: FunctionType) -> None:
        """Add the defaults of a function, the variables around it, and the globals that it names."""
        self.links.functions.append((f, f.__code__, f.__defaults__, f.__kwdefaults__))
        self._visit_all(f.__code__, *(f.__defaults__ or ()))
        self._visit_items(f.__kwdefaults__ or {})
        for cell in f.__closure__ or ():
            try:
                content = cell.cell_contents
            except ValueError:
                content = "a name that has no content yet"
                self.links.certain = False
            else:
                self.links.cells.append((cell, content))
            self.visit(content)
        names = _names(f.__code__)
        for name in names:
            if name in f.__globals__:
                x = f.__globals__[name]
                self._visit_named(f.__globals__, name, x)
                if isinstance(x, ModuleType) and not _is_of_library(x.__name__):
                    for attribute in names:
                        if attribute in vars(x):
                            self._visit_named(vars(x), attribute, vars(x)[attribute])

    def _visit_named(self, names: Any, name: str, x: Any) -> None:
        self.links.items.append((names, name, x))
        self.visit(x)


class Links:
    """Where things were found: if the same objects are still there, nothing has been replaced.

    Attributes
    ----------
    certain : bool
        Whether the lists below name every place.
    items : list of (mapping, key, object)
    sizes : list of (mapping, int)
    sequences : list of (sequence, tuple)
        Lists and sets, and what was in them.
    cells : list of (cell, object)
    functions : list of (function, code, defaults, dict)
    arrays : list of (ndarray, bytes)
    numbers : (list of Node, list of Node)
        Those of single numbers without and with gradients.
    nodes : list of (Node, bool, shape, dtype)
    buffers : list of (mapping, key, shape, dtype)
    """

    def __init__(self) -> None:
        self.certain = True
        self.items: list[tuple[Any, Any, Any]] = []
        self.sizes: list[tuple[Any, int]] = []
        self.sequences: list[tuple[Any, tuple[Any, ...]]] = []
        self.cells: list[tuple[Any, Any]] = []
        self.functions: list[tuple[Any, ...]] = []
        self.arrays: list[tuple[Any, bytes]] = []
        self.numbers: tuple[list[Node], list[Node]] = [], []
        self.nodes: list[tuple[Node, bool, Any, Any]] = []
        self.buffers: list[tuple[Any, str, Any, Any]] = []

    def hold(self) -> bool:
        """Return whether everything is certainly where it was; False if something may not be."""
        if not self.certain:
            return False
        for mapping, key, x in self.items:
            if mapping.get(key, self) is not x:
                return False
        for mapping, size in self.sizes:
            if len(mapping) != size:
                return False
        for cell, x in self.cells:
            if cell.cell_contents is not x:
                return False
        return self._contents_hold()

    def _contents_hold(self) -> bool:
        return (
            all(len(x) == len(items) and all(map(operator.is_, x, items)) for x, items in self.sequences)
            and all(
                all(map(operator.is_, (f.__code__, f.__defaults__, f.__kwdefaults__), parts))
                for f, *parts in self.functions
            )
            and all(map(_is_tracked, self.numbers[1]))
            and not any(map(_is_tracked, self.numbers[0]))
            and all(x._tracked is tracked and _form(x._plain) == (*form,) for x, tracked, *form in self.nodes)
            and all(_form(mapping[name]) == (*form,) for mapping, name, *form in self.buffers)
            and all(x.tobytes() == content for x, content in self.arrays)
        )


_is_tracked = operator.attrgetter("_tracked")


def _form(data: Any) -> Any:
    """Return shape and dtype of an array; those of a number."""
    return (data.shape, data.dtype) if data.__class__ is np.ndarray else (np.shape(data), getattr(data, "dtype", None))


def _is_own(x: Any) -> bool:
    """Return whether an object belongs to this package."""
    module: Any = type(x).__module__  # a descriptor where a class in C has none of its own
    return isinstance(module, str) and module.partition(".")[0] == _PACKAGE


def _is_called(x: Any) -> bool:
    """Return whether a user calls an object of this package or its methods to compute something."""
    return callable(x) or hasattr(x, "holds_parameters")


def _is_of_library(module: Any) -> bool:
    return isinstance(module, str) and module.partition(".")[0] in _LIBRARIES


@functools.lru_cache(maxsize=1000)
def _names(code: CodeType) -> tuple[str, ...]:
    """Return the global names and the attributes that some code uses, in nested functions too."""
    names = list(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names += _names(constant)
    return tuple(dict.fromkeys(names))
