"""``sg.tree``: parameters in nested dicts, lists, tuples and dataclasses, as leaves in a list or as one vector.

>>> params = {"w": np.ones((2, 2)), "b": 0.5}
>>> sg.tree.map(lambda x: 2 * x, params)["b"]
1.0
>>> vector, unravel = sg.tree.ravel(params)
>>> vector
array([0.5, 1. , 1. , 1. , 1. ])
>>> unravel(vector + 1.0)["b"]
1.5

The transforms take such structures as they are; these functions are for what is written around them. They are those of
``jax.tree`` and ``jax.flatten_util``. The parts of a dict come in the order of its keys. None holds nothing.
"""

from __future__ import annotations

import builtins
import functools
import math
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..common.plain_data import is_complex
from .core.node import Node, data_of
from .nested import IsLeaf, container_of, leaves_of, map_leaves, parts_of
from .ops.complex_parts import real
from .ops.shaping import astype, concatenate, reshape
from .tensor import Tensor, as_numbers
from .value import Value

if TYPE_CHECKING:
    from .transform_types import Structure

__all__ = ["TreeStructure", "all", "flatten", "leaves", "map", "ravel", "reduce", "structure", "unflatten"]


def __dir__() -> list[str]:
    return __all__


class _Leaf:
    """Stands for a leaf."""

    def __repr__(self) -> str:
        return "*"


_LEAF = _Leaf()


class TreeStructure:
    """A nested structure without its leaves; what :func:`structure` and :func:`flatten` return.

    Structures are equal if their containers are, of the same types.

    Examples
    --------
    >>> found = sg.tree.structure({"w": [1.0, 2.0], "b": None})
    >>> found, found.num_leaves
    (TreeStructure({'w': [*, *], 'b': None}), 2)
    >>> found.unflatten([3.0, 4.0])
    {'w': [3.0, 4.0], 'b': None}
    """

    def __init__(self, tree: Any, is_leaf: IsLeaf | None = None) -> None:
        self._template: Any = map_leaves(lambda _: _LEAF, tree, is_leaf=is_leaf)

    @property
    def num_leaves(self) -> int:
        """How many leaves there are."""
        return len(leaves_of(self._template))

    def unflatten(self, leaves: Iterable[Any]) -> Any:
        """Return a structure with these leaves, in order; ValueError if their number is another."""
        given = list(leaves)
        if len(given) != self.num_leaves:
            raise ValueError(f"unflatten: {self!r} has {self.num_leaves} leaves, got {len(given)}")
        rest = iter(given)
        return map_leaves(lambda _: next(rest), self._template)

    def __eq__(self, other: object) -> bool:
        return _form(self._template) == _form(other._template) if isinstance(other, TreeStructure) else NotImplemented

    def __hash__(self) -> int:
        return hash(_form(self._template))

    def __repr__(self) -> str:
        return f"TreeStructure({self._template!r})"


def _form(tree: Any) -> Any:
    """Return what two structures are compared by."""
    parts = parts_of(tree)
    return None if parts is None else (type(tree), container_of(tree), tuple([_form(part) for part in parts]))


def map(f: Callable[..., Any], tree: Any, *rest: Any, is_leaf: IsLeaf | None = None) -> Any:
    """Apply a function to every leaf.

    Parameters
    ----------
    f : callable
        Takes a leaf of ``tree``, and what ``rest`` have at the same place.
    tree : structure
        Nested dicts, lists, tuples, dataclasses; anything else is a leaf, but None.
    *rest : structure
        Like ``tree``; they may have whole structures where it has leaves.
    is_leaf : callable, optional
        Tells of which structures to take as leaves.

    Returns
    -------
    structure
        Like ``tree``, of what ``f`` returns.

    Raises
    ------
    ValueError
        If one of ``rest`` has another structure.

    Examples
    --------
    >>> params, gradient = {"w": np.ones(2), "b": 1.0}, {"w": np.array([1.0, 2.0]), "b": 3.0}
    >>> sg.tree.map(lambda p, g: p - 0.1 * g, params, gradient)
    {'w': array([0.9, 0.8]), 'b': 0.7}
    """
    return map_leaves(f, tree, *rest, is_leaf=is_leaf)


def leaves(tree: Any, is_leaf: IsLeaf | None = None) -> list[Any]:
    """Return the leaves in a list.

    Parameters
    ----------
    tree : structure
    is_leaf : callable, optional
        As in :func:`map`.

    Examples
    --------
    >>> sg.tree.leaves({"w": (1.0, 2.0), "b": 3.0})
    [3.0, 1.0, 2.0]
    """
    return leaves_of(tree, is_leaf)


def structure(tree: Any, is_leaf: IsLeaf | None = None) -> TreeStructure:
    """Return the structure without the leaves.

    Parameters
    ----------
    tree : structure
    is_leaf : callable, optional
        As in :func:`map`.

    Examples
    --------
    >>> sg.tree.structure([1.0, {"a": 2.0}]) == sg.tree.structure([3.0, {"a": 4.0}])
    True
    """
    return TreeStructure(tree, is_leaf)


def flatten(tree: Any, is_leaf: IsLeaf | None = None) -> tuple[list[Any], TreeStructure]:
    """Return the leaves in a list, and the structure.

    Parameters
    ----------
    tree : structure
    is_leaf : callable, optional
        As in :func:`map`.

    Examples
    --------
    >>> leaves, structure = sg.tree.flatten({"w": (1.0, 2.0), "b": 3.0})
    >>> sg.tree.unflatten(structure, leaves)
    {'w': (1.0, 2.0), 'b': 3.0}
    """
    return leaves_of(tree, is_leaf), TreeStructure(tree, is_leaf)


def unflatten(structure: TreeStructure, leaves: Iterable[Any]) -> Any:
    """Return a structure with other leaves.

    Parameters
    ----------
    structure : TreeStructure
        Of :func:`structure` or :func:`flatten`.
    leaves : iterable
        As many as it has, in order.

    Raises
    ------
    ValueError
        If there are fewer or more.

    Examples
    --------
    >>> sg.tree.unflatten(sg.tree.structure([0, (0, 0)]), "abc")
    ['a', ('b', 'c')]
    """
    return structure.unflatten(leaves)


def reduce(f: Callable[[Any, Any], Any], tree: Any, *initializer: Any, is_leaf: IsLeaf | None = None) -> Any:
    """Combine all leaves, two at a time, as ``functools.reduce``.

    Parameters
    ----------
    f : callable
        Takes what was combined so far, and a leaf.
    tree : structure
    *initializer
        At most one: what to begin with, and the result if there are no leaves.
    is_leaf : callable, optional
        As in :func:`map`.

    Examples
    --------
    >>> sg.tree.reduce(lambda total, x: total + np.sum(x**2), {"w": np.ones(3), "b": 2.0}, 0.0).item()
    7.0
    """
    return functools.reduce(f, leaves_of(tree, is_leaf), *initializer)


def all(tree: Any, is_leaf: IsLeaf | None = None) -> bool:
    """Return whether every leaf is true.

    Parameters
    ----------
    tree : structure
    is_leaf : callable, optional
        As in :func:`map`.

    Examples
    --------
    >>> sg.tree.all(sg.tree.map(lambda x: np.isfinite(x).all(), {"w": np.ones(3), "b": np.inf}))
    False
    """
    return builtins.all(leaves_of(tree, is_leaf))


# ------------------------------------------------------------------------------------------------ as one vector


def ravel(tree: Structure) -> tuple[Any, Callable[[Any], Structure]]:
    """Return all numbers of a structure in one vector, and the function that puts such a vector into the structure.

    Derivatives flow through both. So an optimizer of vectors minimizes a function of a structure.

    Parameters
    ----------
    tree : structure
        Numbers, arrays, Tensors and Values in nested dicts, lists, tuples and dataclasses.

    Returns
    -------
    vector : ndarray or Tensor
        Of the dtype that all numbers fit into; a Tensor if there is a Tensor or a Value among the leaves.
    unravel : callable
        Takes a vector of that length; gives the structure, with leaves of their shapes and floating dtypes. Integers
        become floats, Values become numbers. Of a Tensor it gives Tensors.

    Raises
    ------
    TypeError
        If a leaf is no number.
    ValueError
        When ``unravel`` is called, if the vector has another shape.

    Examples
    --------
    >>> vector, unravel = sg.tree.ravel({"w": np.ones((2, 2)), "b": 0.5})
    >>> sg.grad(lambda v: np.sum(unravel(v)["w"] ** 2))(vector)
    array([0., 2., 2., 2., 2.])
    """
    given, like = flatten(tree)
    numbers = [_numbers(x) for x in given]
    dtype = np.result_type(*[_kind_of(x) for x in given]) if given else np.dtype(float)
    vector = concatenate([astype(reshape(x, (-1,)), dtype) for x in numbers]) if given else np.zeros(0)
    ends = np.cumsum([math.prod(x.shape) for x in numbers], dtype=int).tolist()
    length = ends[-1] if ends else 0

    def unravel(vector: Any) -> Any:
        flat = vector if isinstance(vector, Tensor) else as_numbers(vector)
        if flat.shape != (length,):
            raise ValueError(f"unravel: expected a vector of {length} numbers, got shape {flat.shape}")
        starts = [0, *ends[:-1]]
        return like.unflatten([_in_form(flat[a:b], x, n.shape) for a, b, x, n in zip(starts, ends, given, numbers)])

    return vector, unravel


def _numbers(x: Any) -> Any:
    """Return a leaf as a Tensor or an array of numbers."""
    if isinstance(x, (bool, np.bool_, str, bytes)):
        raise TypeError(f"ravel: expected numbers and arrays as leaves, got {x!r}")
    if isinstance(x, Value):
        return reshape(x, ())
    return x if isinstance(x, Tensor) else as_numbers(x)


def _kind_of(x: Any) -> Any:
    """Return the floating dtype of a leaf; of a number of Python's, whose precision is that of the others, a number."""
    if isinstance(x, (int, float, Value)) and not isinstance(x, np.generic):
        return 1.0
    if isinstance(x, complex) and not isinstance(x, np.generic):
        return 1j
    dtype = np.asarray(data_of(x)).dtype
    return dtype if dtype.kind in "fc" else np.dtype(float)


def _in_form(part: Any, like: Any, shape: tuple[int, ...]) -> Any:
    """Return a part of a vector in the form of the leaf that it stands for."""
    kind = _kind_of(like)
    if is_complex(part) and not (kind.kind == "c" if isinstance(kind, np.dtype) else isinstance(kind, complex)):
        part = real(part)
    found = reshape(part, shape)
    if isinstance(kind, np.dtype):
        return found.astype(kind) if isinstance(found, Node) or not isinstance(like, np.generic) else kind.type(found)
    return found if isinstance(found, Node) else found.item()
