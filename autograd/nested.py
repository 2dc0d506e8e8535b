"""Nested structures of numbers and arrays: dicts, lists, tuples, dataclasses, and None, which holds nothing.

Parts of a dict come in the order of its keys, so that equal dicts have equal lists of leaves. A field of a dataclass
that is made with ``field(metadata={"static": True})`` is no part; it is kept as it is.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable
from typing import Any

IsLeaf = Callable[[Any], bool]


def map_leaves(function: Callable[..., Any], tree: Any, *others: Any, is_leaf: IsLeaf | None = None) -> Any:
    """Apply a function to every leaf of a structure, with what others have at the same place."""
    parts = parts_of(tree, is_leaf)
    if parts is None:
        return function(tree, *others)
    if others:
        rows = zip(parts, *[_parts_like(tree, other) for other in others])
        return rebuilt(tree, [map_leaves(function, *row, is_leaf=is_leaf) for row in rows])
    return rebuilt(tree, [map_leaves(function, part, is_leaf=is_leaf) for part in parts])


def leaves_of(tree: Any, is_leaf: IsLeaf | None = None) -> list[Any]:
    """Return the leaves in order."""
    parts = parts_of(tree, is_leaf)
    return [tree] if parts is None else [leaf for part in parts for leaf in leaves_of(part, is_leaf)]


def structure_of(tree: Any) -> Any:
    """Return what is equal for structures that differ in their leaves alone; a named tuple counts as a tuple."""
    parts = parts_of(tree)
    return None if parts is None else (*container_of(tree), [structure_of(part) for part in parts])


def parts_of(tree: Any, is_leaf: IsLeaf | None = None) -> list[Any] | None:
    """Return what a structure consists of; None for a leaf."""
    if is_leaf is not None and is_leaf(tree):
        return None
    if isinstance(tree, dict):
        return [tree[key] for key in _in_order(tree)]
    if isinstance(tree, (list, tuple)):
        return list(tree)
    if tree is None:
        return []
    fields = _fields(tree.__class__)
    return None if fields is None else [getattr(tree, name) for name in fields[0]]


def container_of(tree: Any) -> tuple[Any, ...]:
    """Return the kind of a structure, and the names of its parts and the static fields of a dataclass."""
    if isinstance(tree, dict):
        return (dict, tuple(_in_order(tree)))
    if isinstance(tree, (list, tuple)):
        return (list if isinstance(tree, list) else tuple, len(tree))
    fields = _fields(tree.__class__)
    return (None,) if fields is None else (type(tree), tuple([getattr(tree, name) for name in fields[1]]))


def rebuilt(tree: Any, parts: list[Any]) -> Any:
    """Return a structure of the same kind with other parts."""
    if isinstance(tree, dict):
        new = dict(zip(_in_order(tree), parts))
        if type(tree) is dict:
            return {key: new[key] for key in tree}
        filled = copy.copy(tree)
        filled.update(new)
        return filled
    if isinstance(tree, (list, tuple)):
        return type(tree)(*parts) if hasattr(tree, "_fields") else type(tree)(parts)
    if tree is None:
        return None
    filled = copy.copy(tree)
    for name, part in zip((_fields(tree.__class__) or ((), ()))[0], parts):
        object.__setattr__(filled, name, part)  # of a frozen dataclass, too
    return filled


def _in_order(tree: dict[Any, Any]) -> list[Any]:
    """Return the keys, sorted; in the order of the dict if they cannot be."""
    try:
        return sorted(tree)
    except TypeError:
        return list(tree)


@functools.cache
def _fields(kind: type) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """Return the names of the fields of a dataclass that are parts, and of those that are static; None for others."""
    if not hasattr(kind, "__dataclass_fields__"):
        return None
    import dataclasses  # which few users need

    fields = dataclasses.fields(kind)
    static = {f.name for f in fields if f.metadata.get("static")}
    return tuple([f.name for f in fields if f.name not in static]), tuple([f.name for f in fields if f.name in static])


def _parts_like(tree: Any, other: Any) -> list[Any]:
    """Return the parts of another structure, which is to be like ``tree``."""
    parts = parts_of(other)
    if parts is None or container_of(tree) != container_of(other):
        raise ValueError(f"the structures differ: {_described(tree)} and {_described(other)} are at the same place")
    return parts


def _described(tree: Any) -> str:
    kind = type(tree).__name__
    if isinstance(tree, dict):
        return f"a {kind} of {', '.join(map(repr, tree)) or 'nothing'}"
    return f"a {kind} of {len(tree)}" if isinstance(tree, (list, tuple)) else kind if tree is not None else "None"
