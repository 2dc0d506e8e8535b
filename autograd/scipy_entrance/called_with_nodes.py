"""Functions of SciPy that compute with operations when they are called with nodes, and are SciPy's own otherwise."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from ...common.plain_data import holds_nodes
from ..core.node import Node

F = TypeVar("F", bound=Callable[..., Any])


def is_node(x: Any) -> bool:
    """Return whether something is a node, or a list that holds some."""
    return isinstance(x, Node) or (isinstance(x, (list, tuple)) and holds_nodes(x))


def with_nodes(scipys: Callable[..., Any]) -> Callable[[F], F]:
    """Let a function answer calls with nodes among the arguments; a function of SciPy answers all others.

    Parameters
    ----------
    scipys : callable
        The function of SciPy.
    """

    def decorate(function: F) -> F:
        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            if any(map(is_node, args)) or any(map(is_node, kwargs.values())):
                return function(*args, **kwargs)
            return scipys(*args, **kwargs)

        return call  # type: ignore[return-value]

    return decorate
