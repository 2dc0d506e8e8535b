"""What a function changes besides computing its result: gradients, buffers of modules, the weights of an optimizer.

A program computes; what is to be changed with its results is done after each run, in the order in which the function
did it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
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


@dataclass(frozen=True)
class Effect:
    """Something that is done after each run: with the data of a variable, if there is one.

    Attributes
    ----------
    variable : int or None
    """

    variable: int | None

    def of_any_call(self, places: Mapping[Any, Leaf]) -> Effect:
        """Return it with an argument's place for a node that was an argument."""
        return self

    def state(self, leaves: Sequence[Any]) -> Callable[[], None]:
        """Return a function that undoes what comes.

        Raises
        ------
        RuntimeError
            If that cannot be: what was computed with the data before cannot be computed again.
        """
        raise RuntimeError(ONLY_ONCE)

    def perform(self, data: Any, leaves: Sequence[Any]) -> None:
        """Do it."""
        raise NotImplementedError


@dataclass(frozen=True)
class NodeEffect(Effect):
    """An effect on a node, or on the argument that is given in its place."""

    node: Any

    def of_any_call(self, places: Mapping[Any, Leaf]) -> NodeEffect:
        """Return it with an argument's place for a node that was an argument."""
        return replace(self, node=places.get(self.node, self.node))


class SetGradient(NodeEffect):
    """``node.grad`` becomes what a variable holds; None if there is no variable."""

    def state(self, leaves: Sequence[Any]) -> Callable[[], None]:
        """Return a function that gives the node its present gradient back."""
        node = node_of(self.node, leaves)
        return functools.partial(setattr, node, "_grad", node._grad)

    def perform(self, data: Any, leaves: Sequence[Any]) -> None:
        """Change the gradient."""
        node = node_of(self.node, leaves)
        node._grad = None if data is None else node.own(data)


class SetData(NodeEffect):
    """``node.data`` becomes what a variable holds."""

    def perform(self, data: Any, leaves: Sequence[Any]) -> None:
        """Set the data."""
        node_of(self.node, leaves).data = data


@dataclass(frozen=True)
class SetBuffer(Effect):
    """A buffer of a module becomes what a variable holds."""

    module: Any
    name: str

    def state(self, leaves: Sequence[Any]) -> Callable[[], None]:
        """Return a function that gives the module its present buffer back."""
        return functools.partial(vars(self.module).__setitem__, self.name, vars(self.module)[self.name])

    def perform(self, data: Any, leaves: Sequence[Any]) -> None:
        """Replace the buffer."""
        vars(self.module)[self.name] = data


@dataclass(frozen=True)
class CallEffect(Effect):
    """A function is called that changes something, such as the step of an optimizer."""

    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    def perform(self, data: Any, leaves: Sequence[Any]) -> None:
        """Call it."""
        self.function(*self.args, **self.kwargs)
