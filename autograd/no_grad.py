"""``no_grad``: compute without leaving a graph."""

from __future__ import annotations

from collections.abc import Callable
from threading import get_ident
from typing import Any, TypeVar

from ..common.fork import renewed
from ..common.inside import inside
from .core.recording import Block, innermost, innermost_open, open_blocks

F = TypeVar("F", bound=Callable[..., Any])


class no_grad:  # noqa: N801 (reads as the statement it is)
    """Compute without leaving a graph, in this thread or task: a context manager and a decorator.

    Blocks nest, end with an exception as well as without one, and do not touch other threads or asynchronous tasks
    (a task that is begun inside a block is inside, too, as long as the block is). A decorated generator or coroutine
    is paused only while its own code runs.

    Examples
    --------
    >>> x = sg.tensor([1.0, 2.0], requires_grad=True)
    >>> with sg.no_grad():
    ...     y = x * 2
    >>> y.requires_grad
    False
    """

    def __init__(self) -> None:
        self._entered: list[Block] = []

    def __enter__(self) -> None:
        block = Block(innermost_open())
        try:
            self._entered.append(block)
            open_blocks.append(block)
            innermost.set(block)
            block.over = False  # last: what can be interrupted comes before
        except BaseException:  # Ctrl-C: nobody will leave the block
            self._leave([block])
            raise

    def __exit__(self, *exc: object) -> None:
        left: list[Block] = []
        try:
            self._leave(left)
        finally:
            self._leave(left)  # again: Ctrl-C may have interrupted it

    def __del__(self) -> None:
        for block in getattr(self, "_entered", ()):  # Ctrl-C came before the first line of __exit__
            block.over = True
            if block in open_blocks:
                open_blocks.remove(block)

    def _leave(self, left: list[Block]) -> None:
        """Leave the block in the list, or the innermost of this guard, and note it there."""
        if not left:
            inner = innermost.get()  # unless it is left in another thread or task, or in another order, than entered
            left.append(inner if inner in self._entered else self._entered[-1])
        (block,) = left
        block.over = True
        for blocks in (self._entered, open_blocks):
            if block in blocks:
                blocks.remove(block)
        innermost.set(innermost_open())

    def __repr__(self) -> str:
        return "no_grad()"

    def __call__(self, function: F) -> F:
        """Decorate ``function`` so that it runs inside a block of its own."""
        return inside(no_grad, function)


@renewed
def _forget_blocks_of_other_threads() -> None:
    """Forget, after a fork, the blocks of threads that the child does not have: they would slow all computing."""
    kept = {block for block in open_blocks if block.thread == get_ident()}
    block = innermost.get()  # entered elsewhere, if another thread or task handed on its context
    while block is not None:
        kept.add(block)
        block = block.around
    open_blocks[:] = [block for block in open_blocks if block in kept]
