"""The calls of a model's modules while it runs: what was computed inside of which."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ...core.node import clock


@dataclass(eq=False)
class Call:
    """One call of a module: the module, its arguments and output, and the node numbers at its start and end."""

    module: Any
    path: str
    start: int
    end: int
    args: tuple[Any, ...]
    output: Any


@contextmanager
def calls_of(model: Any) -> Iterator[list[Call]]:
    """Note every call of every module inside this block."""
    calls: list[Call] = []
    observed = list(model.named_modules())
    for path, module in observed:
        module.__dict__["forward"] = _noting(module, path, module.forward, calls)
    try:
        yield calls
    finally:
        for _, module in observed:
            del module.__dict__["forward"]


def _noting(module: Any, path: str, forward: Callable[..., Any], calls: list[Call]) -> Callable[..., Any]:
    def noting(*args: Any, **kwargs: Any) -> Any:
        start = clock()
        output = forward(*args, **kwargs)
        calls.append(Call(module, path, start, clock(), (*args, *kwargs.values()), output))
        return output

    return noting


def modules_around(number: int, calls: Iterable[Call]) -> tuple[str, ...]:
    """Return the modules inside which the node of a number was computed, outermost first."""
    around = sorted((c for c in calls if c.start <= number <= c.end), key=lambda call: (call.start, -call.end))
    return tuple([f"{c.path} {type(c.module).__name__}" for c in around if c.path])
