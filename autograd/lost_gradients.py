"""Notice that a function reads plain numbers of its arguments instead of computing with the arguments themselves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from .core.backward import oldest_of
from .core.node import Node, on_look
from .graph_order import backward_order

#: Uses that read no number from the graph. A comparison is one of them: its result is piecewise constant, so its
#: derivative is 0.
_HARMLESS = {"<", "<=", ">", ">=", "==", "!=", "compares a Tensor", "formats a Value", "calls backward()"} | {
    f"{does} of a Value" for does in ("reads .grad", "sets .grad", "sets .data")
}


class Watch:
    """Observes, while a function is evaluated, from which of its variables it reads plain numbers.

    The numbers may be those of intermediate results. A watch does not report the variables of a watch inside of it: a
    function with a constant derivative has no second derivative, and loses nothing.

    Parameters
    ----------
    variables : iterable of Node
        The leaves of the function's graph.
    """

    __slots__ = ("read", "seen", "twins", "variables")

    def __init__(self, variables: Iterable[Node]) -> None:
        self.variables: frozenset[Node] = frozenset(variables)
        self.read: dict[Node, str] = {}
        self.seen: set[int] = set()
        self.twins: dict[Node, Node] = {}

    def __enter__(self) -> Watch:
        for note in tuple(on_look):
            outer = getattr(note, "__self__", None)
            if isinstance(outer, Watch):
                outer.seen.update(x.number for x in self.variables)
        on_look.append(self.note)
        return self

    def __exit__(self, *exc: object) -> None:
        on_look.remove(self.note)

    def note(self, what: str, x: Node, other: Any, answer: Any) -> None:
        """Note one use of plain data: find the variables from which ``x`` was computed."""
        if what == "deep-copies a node":
            if x in self.variables:
                self.twins[other] = x
            return
        if what in _HARMLESS or len(self.read) == len(self.variables):
            return
        floor = oldest_of(self.variables)
        todo = [x]
        while todo:
            node = todo.pop()
            if node.number < floor or node.number in self.seen:
                continue
            self.seen.add(node.number)
            if node in self.variables:
                self.read[node] = what
            else:
                todo.extend(node.inputs)

    def lost(self, results: Iterable[Any]) -> Iterator[tuple[Node, str]]:
        """Yield the variables that were read and on which no result depends, each with how it was read."""
        reached = self._reached(results)
        for variable, what in self.read.items():
            if variable not in reached:
                yield variable, what

    def copied(self, results: Iterable[Any]) -> list[Node]:
        """Return the variables on which a result depends both directly and through a deep copy of them."""
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


#: The warning about a variable that `Watch.copied` returns.
COPIED = (
    "the function computes with a deep copy of it, or of what was computed from it: such a copy has a graph of its "
    "own, so its part of the derivative is missing. Write t.copy() or copy.copy(t), which stay in the graph"
)
