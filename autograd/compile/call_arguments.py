"""The arguments of a call, taken apart: the numbers and arrays that may differ from call to call, and all the rest."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from ..core.node import Node
from ..core.recording import is_recording
from .reach import Reach


class CallArguments:
    """Positional and named arguments, in nested lists, tuples and dicts.

    Attributes
    ----------
    content : (tuple, dict)
        The arguments as they were given.
    leaves : list
        What may differ: floats, arrays, nodes.
    key : list
        All the rest: structure, dtypes, shapes, integers, texts, other objects, and whether a graph is recorded. Calls
        with equal keys compute the same operations, if nothing that the function asks of the numbers has another
        answer.
    reach : list of Reach
        What other objects among the arguments hold; alive as long as the key.
    refusal : str or None
        Why a call with such arguments cannot be a program.
    """

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.content: tuple[tuple[Any, ...], dict[str, Any]] = args, kwargs
        self.leaves: list[Any] = []
        self.key: list[Any] = [is_recording()]
        self.reach: list[Reach] = []
        self._first: dict[int, int] = {}  # of a node, where it was given first
        self.refusal: str | None = None
        self._take_apart(args)
        self._take_apart(kwargs)

    def _take_apart(self, x: Any) -> None:
        kind = x.__class__
        if is_leaf(x):
            self.leaves.append(x)
            self.key.append(self._kind_of(x))
        elif isinstance(x, (list, tuple)):
            self.key += [kind, len(x)]
            for item in x:
                self._take_apart(item)
        elif kind is dict:
            self.key += [kind, *x]
            for item in x.values():
                self._take_apart(item)
        elif hasattr(x, "__array__") and not isinstance(x, (np.generic, Node)):
            self.refusal = f"an argument is a {kind.__name__}, which is no plain array"
        else:
            self.reach.append(Reach(x))
            self.key += self.reach[-1].tokens

    def _kind_of(self, x: Any) -> Any:
        """Describe a leaf; a node that is given twice is the same variable."""
        if x.__class__ is float:
            return float
        if not isinstance(x, Node):
            return x.__class__, x.shape, x.dtype
        data = x._plain
        first = self._first.setdefault(id(x), len(self.leaves))
        return x.__class__, np.shape(data), getattr(data, "dtype", float), x._tracked, first

    def replaced(self, leaves: Iterable[Any]) -> Any:
        """Return the arguments with other leaves."""
        rest = iter(leaves)
        args, kwargs = (map_structure(lambda x: next(rest) if is_leaf(x) else x, part) for part in self.content)
        return args, kwargs

    def same_again(self) -> bool:
        """Return whether all but the numbers is as it was when the call began."""
        return CallArguments(*self.content).key == self.key

    def __repr__(self) -> str:
        return f"{len(self.leaves)} numbers and arrays"


def is_leaf(x: Any) -> bool:
    """Return whether an argument is data, which may differ from call to call."""
    kind = x.__class__
    if kind is float or isinstance(x, Node):
        return True
    return x.dtype.kind in "fiubc" if kind is np.ndarray else isinstance(x, np.inexact)


def map_structure(function: Callable[[Any], Any], x: Any) -> Any:
    """Apply a function to everything in nested lists, tuples and dicts that is none of these."""
    if x.__class__ is dict:
        return {key: map_structure(function, value) for key, value in x.items()}
    if isinstance(x, (list, tuple)):
        items = [map_structure(function, item) for item in x]
        return type(x)(*items) if hasattr(x, "_fields") else type(x)(items)
    return function(x)


def leaves_of(x: Any) -> list[Any]:
    """Return everything in nested lists, tuples and dicts that is none of these, in order."""
    found: list[Any] = []
    map_structure(found.append, x)
    return found


def same_objects(some: list[Any], others: list[Any]) -> bool:
    """Return whether two lists hold the same objects."""
    return len(some) == len(others) and all(map(operator.is_, some, others))


def paired(one: Any, other: Any) -> Iterator[tuple[Any, Any]]:
    """Yield the lists and dicts of one structure with those in the same places of another one."""
    if isinstance(one, (list, tuple, dict)):
        if not isinstance(one, tuple):
            yield one, other
        for key in one if isinstance(one, dict) else range(len(one)):
            yield from paired(one[key], other[key])


def put_back(containers: Iterable[tuple[Any, Any]], plain: Callable[[Any], Any]) -> None:
    """Give lists and dicts the content of those that stood in their places."""
    containers = list(containers)
    owners = {id(made): original for original, made in containers}
    for original, made in containers:
        if isinstance(original, list):
            original[:] = [owners[id(x)] if id(x) in owners else plain(x) for x in made]
        else:
            items = [(key, owners[id(x)] if id(x) in owners else plain(x)) for key, x in made.items()]
            original.clear()
            original.update(items)
