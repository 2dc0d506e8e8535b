"""Calls without nodes: they are SciPy's own, with all that SciPy takes."""

from __future__ import annotations

import functools
from collections.abc import Callable
from importlib import import_module
from typing import Any, TypeVar

from ...common.plain_data import holds_nodes
from ..core.node import Node

F = TypeVar("F", bound=Callable[..., Any])


def scipys_of_plain(module: str) -> Callable[[F], F]:
    """Let the function of the same name in a module of SciPy answer calls with plain arguments alone."""

    def decorate(function: F) -> F:
        theirs = getattr(import_module(f"scipy.{module}"), function.__name__)

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            if any(map(_has_nodes, args)) or any(map(_has_nodes, kwargs.values())):
                return function(*args, **kwargs)
            return theirs(*args, **kwargs)

        return call  # type: ignore[return-value]

    return decorate


def _has_nodes(x: Any) -> bool:
    return isinstance(x, Node) or (isinstance(x, (list, tuple)) and holds_nodes(x))
