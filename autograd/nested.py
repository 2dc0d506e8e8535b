"""Nested dicts, lists and tuples of numbers and arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def map_leaves(function: Callable[..., Any], tree: Any, *others: Any) -> Any:
    """Apply a function to every leaf of nested dicts, lists and tuples, with the leaves of others at the same place."""
    if isinstance(tree, dict):
        return {key: map_leaves(function, value, *[other[key] for other in others]) for key, value in tree.items()}
    if isinstance(tree, (list, tuple)):
        items = [map_leaves(function, *parts) for parts in zip(tree, *others)]
        return type(tree)(*items) if hasattr(tree, "_fields") else type(tree)(items)
    return function(tree, *others)


def leaves_of(tree: Any) -> list[Any]:
    """Return the leaves in order."""
    found: list[Any] = []
    map_leaves(found.append, tree)
    return found


def structure_of(tree: Any) -> Any:
    """Return the same structure with None for every leaf."""
    return map_leaves(lambda _: None, tree)
