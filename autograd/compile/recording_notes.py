"""What only the readers of a program want to know: the names of arguments, the labels of results."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

from .call_arguments import CallArguments, is_leaf


class RecordingNotes:
    """What is noted about a recording for those who read its program.

    Parameters
    ----------
    f : callable
        The function that was recorded.
    arguments : CallArguments
    trace : Trace

    Attributes
    ----------
    arguments : list of str
        A name for each leaf of the arguments, such as ``x``, ``batch[0]``, ``weights['b']``.
    labels : dict of int to str
        The labels of nodes that the function computed, by variable.
    backward : list of (int, int)
        The variables that backward passes inside of the function made: the first, and the one after the last.
    """

    def __init__(self, f: Callable[..., Any], arguments: CallArguments, trace: Any) -> None:
        self.f = f
        self.arguments: list[str] = list(_argument_names(f, *arguments.content))
        self.labels: dict[int, str] = trace.labels()
        self.backward: list[tuple[int, int]] = sorted(trace.pulled_back)


def _argument_names(f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Iterator[str]:
    for name, x in [*zip(_positional(f, len(args)), args), *kwargs.items()]:
        yield from _leaf_names(name, x)


def _positional(f: Callable[..., Any], count: int) -> list[str]:
    """Return what a function calls its first arguments."""
    try:
        parameters = inspect.signature(getattr(f, "forward", f)).parameters.values()
    except (TypeError, ValueError):
        return [f"x{i}" for i in range(count)]
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    rest = next((p.name for p in parameters if p.kind is p.VAR_POSITIONAL), "x")
    return [*names[:count], *[f"{rest}[{i}]" for i in range(count - len(names))]]


def _leaf_names(name: str, x: Any) -> Iterator[str]:
    if is_leaf(x):
        yield name
    elif isinstance(x, (list, tuple)):
        fields = getattr(x, "_fields", None)
        for i, item in enumerate(x):
            yield from _leaf_names(f"{name}.{fields[i]}" if fields else f"{name}[{i}]", item)
    elif x.__class__ is dict:
        for key, item in x.items():
            yield from _leaf_names(f"{name}[{key!r}]", item)
