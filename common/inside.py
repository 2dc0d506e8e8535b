"""Functions, generators and coroutines that run inside a context manager."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from typing import Any, TypeVar, cast

F = TypeVar("F", bound=Callable[..., Any])


def inside(block: Callable[[], AbstractContextManager[Any]], function: F) -> F:
    """Return ``function`` so that its own code runs inside a block of its own.

    Parameters
    ----------
    block : callable
        Makes a context manager.
    function : callable
        A function, a generator or a coroutine function. While a generator is suspended, its block is left.

    Raises
    ------
    TypeError
        If it is an asynchronous generator.
    """

    @functools.wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        with block():
            return function(*args, **kwargs)

    @functools.wraps(function)
    def wrapped_generator(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        inner = function(*args, **kwargs)
        send: Callable[[], Any] = functools.partial(next, inner)
        while True:
            try:
                with block():
                    item = send()
            except StopIteration as stop:
                return stop.value
            try:
                send = functools.partial(inner.send, (yield item))
            except GeneratorExit:
                with block():
                    inner.close()
                raise
            except BaseException as error:
                send = functools.partial(inner.throw, error)

    @functools.wraps(function)
    async def wrapped_coroutine(*args: Any, **kwargs: Any) -> Any:
        with block():
            return await function(*args, **kwargs)

    if inspect.isasyncgenfunction(function):
        name = getattr(block, "__name__", "the block")
        raise TypeError(f"{name} cannot decorate an asynchronous generator; write `with {name}():` inside of it")
    if inspect.iscoroutinefunction(function):
        return cast(F, wrapped_coroutine)
    return cast(F, wrapped_generator if inspect.isgeneratorfunction(function) else wrapped)
