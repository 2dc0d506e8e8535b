"""Notice that a function looks at plain numbers of its arguments where it should compute with the arguments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from .core.backward import oldest_of
from .core.node import Node, on_look
from .graph_order import backward_order

#: Looks that take no number out of the graph. A comparison is one of them: between the places where its answer changes
#: a result is constant, so 0 is its derivative.
_HARMLESS = {"<", "<=", ">", ">=", "==", "compares a Tensor", "formats a Value", "calls backward()"} | {
    f"{does} of a Value" for does in ("reads .grad", "sets .grad", "sets .data")
}


class Watch:
    """While a function is evaluated, notes of which of its variables it takes plain numbers.

    The numbers may be those of results on the way. Inside of another watch, what is done with this one's variables is
    this one's business alone: a function whose slope is constant has no second derivative, and loses nothing.

    Parameters
    ----------
    variables : iterable of Node
        Where the trails begin.
    """

    __slots__ = ("looked", "seen", "twins", "variables")

    def __init__(self, variables: Iterable[Node]) -> None:
        self.variables = frozenset(variables)
        self.looked: dict[Node, str] = {}
        self.seen: set[int] = set()
        self.twins: dict[Node, Node] = {}

    def __enter__(self) -> Watch:
        for note in on_look:
            outer = getattr(note, "__self__", None)
            if isinstance(outer, Watch):
                outer.seen.update(x.number for x in self.variables)
        on_look.append(self.note)
        return self

    def __exit__(self, *exc: object) -> None:
        on_look.remove(self.note)

    def note(self, what: str, x: Node, other: Any, answer: Any) -> None:
        """Called for each look: finds the variables behind what is looked at."""
        if what == "deep-copies a node":
            if x in self.variables:
                self.twins[other] = x
            return
        if what in _HARMLESS or len(self.looked) == len(self.variables):
            return
        floor = oldest_of(self.variables)
        todo = [x]
        while todo:
            node = todo.pop()
            if node.number < floor or node.number in self.seen:
                continue
            self.seen.add(node.number)
            if node in self.variables:
                self.looked[node] = what
            else:
                todo.extend(node.inputs)

    def lost(self, results: Iterable[Any]) -> Iterator[tuple[Node, str]]:
        """Give the variables that led to none of the results though they were looked at, and how they were."""
        reached = self._reached(results)
        for variable, what in self.looked.items():
            if variable not in reached:
                yield variable, what

    def copied(self, results: Iterable[Any]) -> list[Node]:
        """Give the variables that led to some of the results in part through a deep copy, whose trail is its own."""
        reached = self._reached(results) if self.twins else ()
        return list(dict.fromkeys(x for twin, x in self.twins.items() if twin in reached and x in reached))

    def _reached(self, results: Iterable[Any]) -> set[Node]:
        reached: set[Node] = set()
        for out in results:
            if isinstance(out, Node) and out.requires_grad:
                reached.add(out)
                for node in backward_order(out, self.variables):
                    reached.update(node.inputs)
        return reached


#: What to say of a variable that `Watch.copied` gives.
COPIED = (
    "the function computes with a deep copy of it, or of what came from it: the trail of such a copy leads to copies "
    "alone, so its part of the derivative is missing. Write t.copy() or copy.copy(t), which keep the trail"
)
