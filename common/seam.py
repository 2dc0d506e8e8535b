"""The seam between definitions and ``autograd/fast``: the places where something quicker may answer in their stead.

What is put there gives the same results as the definition, in every special value, or NotImplemented. It stands here,
since operations, layers and optimizers ask it. Single operations have their own places, ``Op.fast_forward`` and
``Op.fast_vjp``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from .elsewhere import arguments_fit, called_by_our_names

F = TypeVar("F", bound=Callable[..., Any])

#: Backward passes for special graphs, asked in order before the one in ``backward.py``: each gets its arguments, and a
#: table for what user-defined code answers. It gives pairs of node and gradient, or NotImplemented; then nothing has
#: happened, but that user-defined code may have been called, whose answers are in the table.
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


#: What answers in the place of operations, and of `interpretable` functions, while it is here: `vmap`, where a value
#: stands for a whole batch. Each gets the function, its inputs and its parameters, or NotImplemented is its answer.
interpreters: list[Callable[..., Any]] = []


def interpreted(function: Any, inputs: Sequence[Any], params: Any) -> Any:
    """Ask for what a call means: a result, or NotImplemented if it means what it says."""
    for interpret in tuple(interpreters):
        found = interpret(function, inputs, params)
        if found is not NotImplemented:
            return found
    return NotImplemented


def interpretable(function: F) -> F:
    """Let `interpreters` answer in the place of a function that is no operation but looks at data."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if interpreters and (found := interpreted(call, args, kwargs)) is not NotImplemented:
            return found
        try:
            return function(*args, **kwargs)
        except TypeError:  # as `takes_other_names`, without another call
            if arguments_fit(function, args, kwargs):
                raise
        return called_by_our_names(function, args, kwargs)

    return call  # type: ignore[return-value]


#: Whether `layer_runs` are passed over.
_layer_by_layer = ContextVar("layer_by_layer", default=False)


@contextmanager
def layer_by_layer() -> Iterator[None]:
    """Call every layer by itself inside this block, so that a graph has nodes for each one."""
    token = _layer_by_layer.set(True)
    try:
        yield
    finally:
        _layer_by_layer.reset(token)


def run_layers(layers: Sequence[Any], place: int, x: Any) -> Any:
    """Ask for a run of the layers that begin at a place: the output and their number, or NotImplemented."""
    if not (_layer_by_layer.get() or interpreters):
        for run in layer_runs:
            computed = run(layers, place, x)
            if computed is not NotImplemented:
                return computed
    return NotImplemented
