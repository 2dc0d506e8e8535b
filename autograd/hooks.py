"""Hooks: functions that see, and may replace, the gradient of a node."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..common.function_name import function_name
from ..common.seam import interpreted, interpreters
from .core.backward import shown
from .core.node import Node, annotate, clock


class Hooks(dict[int, Callable[[Any], Any]]):
    """The hooks of one node, in the order in which they were registered."""

    def run(self, node: Node, g: Any) -> Any:
        """Let the hooks see the gradient of their node; return what they make of it."""
        if interpreters and (found := interpreted(self.run_once, (node, g), {})) is not NotImplemented:
            return found
        return self.run_once(node, g)

    def run_once(self, node: Node, g: Any) -> Any:
        """Do so for a single gradient."""
        for hook in tuple(self.values()):
            given = shown(g)
            number = given.number if isinstance(given, Node) else 0
            try:
                replaced = hook(given)
            except ValueError as error:
                if "read-only" in str(error):
                    raise ValueError(_WROTE) from error
                raise
            if isinstance(given, Node) and given.number != number:
                raise ValueError(_WROTE)
            if replaced is not None:
                g = node.fit_gradient(replaced)
        return g


_WROTE = (
    "a hook cannot change its gradient in place, since other nodes may get the same array: return a new one, such as "
    "g * 2 or np.clip(g, -1, 1)"
)


def run_hooks(node: Node, g: Any) -> Any:
    """Return the gradient of a node after its hooks, if it has any."""
    return node.notes["hooks"].run(node, g) if node.notes and "hooks" in node.notes else g


class RemovableHook:
    """A hook on a tensor's gradient that can be taken off again."""

    def __init__(self, tensor: Node, hook: Callable[[Any], Any]) -> None:
        self._hooks: Hooks = (tensor.notes or {}).get("hooks", Hooks())
        self._key = clock()
        self._hooks[self._key] = hook
        annotate(tensor, "hooks", self._hooks)

    def __repr__(self) -> str:
        hook = self._hooks.get(self._key)
        return f"RemovableHook({'removed' if hook is None else function_name(hook)})"

    def remove(self) -> None:
        """Take the hook off."""
        self._hooks.pop(self._key, None)
