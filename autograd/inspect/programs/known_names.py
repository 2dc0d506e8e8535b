"""The names that a user knows: those of arguments, of parameters and buffers, and the labels of nodes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...compile.effects import Leaf
from .found_names import found_names


class KnownNames:
    """The names of what one recording of a function reads and changes.

    Parameters
    ----------
    recorded : RecordedCall
    """

    def __init__(self, recorded: Any) -> None:
        self.recorded = recorded
        self.arguments: list[str] = recorded.notes.arguments
        self.found: dict[Any, str] = found_names(recorded.notes.f)

    def of(self, x: Any) -> str:
        """Return the name of an argument, or of a node or array that was found; empty if it has none."""
        if isinstance(x, Leaf):
            return self.arguments[x.place]
        return str(self.found.get(id(x)) or getattr(x, "label", ""))

    def of_buffer(self, module: Any, name: str) -> str:
        """Return the name of a module's buffer."""
        return self.found.get((id(module), name), name)

    def of_variables(self) -> Iterator[tuple[int, str]]:
        """Yield the variables that have a name, with it; those of arguments first."""
        recorded, count = self.recorded, len(self.arguments)
        inputs = recorded.program.stages[0].inputs
        yield from zip(inputs, self.arguments)
        for number, x in zip(inputs[count:], recorded.captured):
            yield number, self.of_buffer(x.module, x.name) if hasattr(x, "module") else self.of(x)
        for node, number in recorded.before:
            if number is not None and (name := self.of(node)):
                yield number, f"{name}.grad"
        yield from recorded.notes.labels.items()
