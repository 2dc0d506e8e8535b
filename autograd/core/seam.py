"""What ``fast`` may add to the engine, besides ``Op.fast_forward`` and ``Op.fast_vjp``.

All of it gives the same results as the definition, in every special value, or NotImplemented.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

#: Backward passes for special graphs, asked in order before the one in ``backward.py``: each gets its arguments and
#: answers pairs of node and gradient, or NotImplemented; then nothing has happened.
backward_passes: list[Callable[..., Any]] = []

#: Runs of neighbouring layers in a ``Sequential``: each gets the layers, the place of the first and its input, and
#: answers the output and the number of layers that it has computed, or NotImplemented.
layer_runs: list[Callable[..., Any]] = []

#: Quicker versions of `replaceable` functions, by name; each may answer NotImplemented.
quicker: dict[str, Callable[..., Any]] = {}


def replaceable(function: F) -> F:
    """Let `quicker` answer in the place of a function of plain data that is no operation of its own.

    >>> @replaceable
    ... def double(x):
    ...     return x + x
    >>> quicker["double"] = lambda x: 2 * x if x > 0 else NotImplemented
    >>> double(3), double(-3)
    (6, -6)
    >>> del quicker["double"]
    """
    name = function.__name__

    @functools.wraps(function)
    def quickest(*args: Any, **kwargs: Any) -> Any:
        if name in quicker:
            result = quicker[name](*args, **kwargs)
            if result is not NotImplemented:
                return result
        return function(*args, **kwargs)

    return quickest  # type: ignore[return-value]
