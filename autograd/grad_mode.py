"""Whether a graph is recorded, and where derivatives stop: ``enable_grad``, ``set_grad_enabled``, ``stop_gradient``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from ..common.inside import inside
from .batched import Batched
from .core.node import data_of
from .core.recording import Block, innermost, innermost_open, open_blocks
from .nested import map_leaves
from .tensor import Tensor
from .value import Value

F = TypeVar("F", bound=Callable[..., Any])
S = TypeVar("S")


class enable_grad:  # noqa: N801 (reads as the statement it is)
    """Leave a graph, also inside of a :class:`no_grad` block: a context manager and a decorator.

    Examples
    --------
    >>> x = sg.tensor([1.0, 2.0], requires_grad=True)
    >>> with sg.no_grad():
    ...     with sg.enable_grad():
    ...         y = x * 2
    >>> y.requires_grad
    True
    """

    def __init__(self) -> None:
        self._around: list[Block | None] = []

    def __enter__(self) -> None:
        self._around.append(innermost.get())
        innermost.set(None)

    def __exit__(self, *exc: object) -> None:
        innermost.set(self._around.pop())

    def __repr__(self) -> str:
        return "enable_grad()"

    def __call__(self, function: F) -> F:
        """Decorate ``function`` so that it runs inside a block of its own."""
        return inside(enable_grad, function)


class set_grad_enabled:  # noqa: N801 (reads as the statement it is)
    """Let computations leave a graph from here on, or not: in this thread or task.

    As a context manager, until the end of the block; as a decorator, while the function runs.

    Parameters
    ----------
    mode : bool
        Whether there is to be a graph.

    Examples
    --------
    >>> x = sg.tensor([1.0, 2.0], requires_grad=True)
    >>> training = False
    >>> with sg.set_grad_enabled(training):
    ...     y = x * 2
    >>> y.requires_grad
    False
    """

    def __init__(self, mode: bool) -> None:
        self.mode: bool = bool(mode)
        self._around: Block | None = innermost_open()
        self._replaced: Block | None = None
        if isinstance(self._around, _Mode):  # one at a time: those that stay open slow all computing
            self._replaced = self._around
            _close(self._replaced)
        self._block: Block | None = None
        if self.mode:
            innermost.set(None)
        else:
            self._block = _Mode(self._around if self._replaced is None else self._replaced.around)
            _open(self._block)

    def __enter__(self) -> None:
        """Do nothing: the mode is set."""

    def __exit__(self, *exc: object) -> None:
        if self._block is not None:
            _close(self._block)
        if self._replaced is not None:
            _open(self._replaced)
        innermost.set(self._around)

    def __repr__(self) -> str:
        return f"set_grad_enabled({self.mode})"

    def __call__(self, function: F) -> F:
        """Decorate ``function`` so that it runs in this mode; here, the mode stays as it was."""
        self.__exit__()
        return inside(lambda: set_grad_enabled(self.mode), function)


class _Mode(Block):
    """A mode that was set, until another one is."""

    __slots__ = ()


def _open(block: Block) -> None:
    open_blocks.append(block)
    innermost.set(block)
    block.over = False


def _close(block: Block) -> None:
    block.over = True
    if block in open_blocks:
        open_blocks.remove(block)


def stop_gradient(x: S) -> S:
    """Return the same numbers, through which no gradient flows: to a derivative, they are constants.

    Parameters
    ----------
    x : Tensor, Value, array, number or structure
        Of nested dicts, lists and tuples, every leaf.

    Examples
    --------
    >>> sg.grad(lambda x: x * sg.stop_gradient(x))(3.0)
    3.0
    """
    return map_leaves(_stopped, x)  # type: ignore[no-any-return]


def _stopped(x: Any) -> Any:
    if isinstance(x, Batched):
        return Batched(x.level, _stopped(x.stack))
    if isinstance(x, Tensor):
        return x._cut_off("stop_gradient()")
    return Value(data_of(x)) if isinstance(x, Value) else x
