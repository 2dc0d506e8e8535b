"""Mark functions that change something, such as the step of an optimizer."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from .core.node import current_trace

F = TypeVar("F", bound=Callable[..., Any])


def side_effect(function: F) -> F:
    """Let a compiled function that calls ``function`` call it again after each run of its program.

    It must not return what others compute with.
    """

    @functools.wraps(function)
    def changes(*args: Any, **kwargs: Any) -> Any:
        trace = current_trace()
        return function(*args, **kwargs) if trace is None else trace.effect(function, args, kwargs)

    return changes  # type: ignore[return-value]
