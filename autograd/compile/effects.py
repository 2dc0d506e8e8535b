"""What a function changes besides computing its result: gradients, buffers of modules, the weights of an optimizer.

A program computes; what is to be changed with its results is done after each run, in the order in which the function
did it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

ONLY_ONCE = (
    "the result of a compiled function that changes parameters can be differentiated once: for higher derivatives, "
    "compile the computation without the step of the optimizer"
)


class Leaf(NamedTuple):
    """Stands for an argument: its place among the leaves."""

    place: int


def node_of(x: Any, leaves: Sequence[Any]) -> Any:
    """Return a node, or the argument that stands in its place in this call."""
    return leaves[x.place] if x.__class__ is Leaf else x


class SetGradient(NamedTuple):
    """``node.grad`` becomes what a variable holds; None if there is no variable."""

    node: Any
    variable: int | None

    def state(self, leaves: Sequence[Any]) -> Callable[[], None]:
        """Return a function that gives the node its present gradient back."""
        node = node_of(self.node, leaves)
        return functools.partial(setattr, node, "_grad", node._grad)

    def of_any_call(self, places: Mapping[Any, Leaf]) -> SetGradient:
        """Return it with an argument's place for a node that was an argument."""
        return self._replace(node=places.get(self.node, self.node))

    def perform(self, data: Any, leaves: Sequence[Any]) -> None:
        """Change the gradient."""
        node = node_of(self.node, leaves)
        node._grad = None if data is None else node.own(data)


class SetData(NamedTuple):
    """``node.data`` becomes what a variable holds."""

    node: Any
    variable: int | None

    def state(self, leaves: Sequence[Any]) -> Callable[[], None]:
        """Raise: what was computed with the data before cannot be computed again."""
        raise RuntimeError(ONLY_ONCE)

    def of_any_call(self, places: Mapping[Any, Leaf]) -> SetData:
        """Return it with an argument's place for a node that was an argument."""
        return self._replace(node=places.get(self.node, self.node))

    def perform(self, data: Any, leaves: Sequence[Any]) -> None:
        """Set the data."""
        node_of(self.node, leaves).data = data


class SetBuffer(NamedTuple):
    """A buffer of a module becomes what a variable holds."""

    module: Any
    name: str
    variable: int | None

    def state(self, leaves: Sequence[Any]) -> Callable[[], None]:
        """Return a function that gives the module its present buffer back."""
        return functools.partial(vars(self.module).__setitem__, self.name, vars(self.module)[self.name])

    def of_any_call(self, places: Mapping[Any, Leaf]) -> SetBuffer:
        """Return it with an argument's place for a node that was an argument."""
        return self

    def perform(self, data: Any, leaves: Sequence[Any]) -> None:
        """Replace the buffer."""
        vars(self.module)[self.name] = data


class CallEffect(NamedTuple):
    """A function is called that changes something, such as the step of an optimizer."""

    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    variable: int | None = None

    def state(self, leaves: Sequence[Any]) -> Callable[[], None]:
        """Raise: what was computed with the data before cannot be computed again."""
        raise RuntimeError(ONLY_ONCE)

    def of_any_call(self, places: Mapping[Any, Leaf]) -> CallEffect:
        """Return it with an argument's place for a node that was an argument."""
        return self

    def perform(self, data: Any, leaves: Sequence[Any]) -> None:
        """Call it."""
        self.function(*self.args, **self.kwargs)
