"""Errors of layers: which layer of the model was given what, and what it expects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

__all__ = ["LayerError"]


class NamedModules(Protocol):
    """A module, as far as its errors name it."""

    def named_modules(self) -> Iterator[tuple[str, Any]]:
        """Iterate over the module and all modules inside it, with their paths."""

    def extra_repr(self) -> str:
        """Return the text of its arguments."""


class LayerError(Exception):
    """An input that a layer cannot take; the message names the layer by its place in the model.

    The layer that raises it knows only itself. The ``__call__`` of every enclosing module adds the path from there,
    so that the final message starts with ``Sequential.2 Conv2d(32, 64, kernel_size=3)``, for example.

    Parameters
    ----------
    layer : NamedModules
        The layer that refuses its input.
    problem : str
        What it got, what it expects, and the fix where one is known.
    """

    def __init__(self, layer: NamedModules, problem: str) -> None:
        super().__init__(problem)
        self.layer = layer
        self.problem = problem
        self.path = ""

    def locate(self, root: NamedModules) -> None:
        """Set the layer's path as seen from ``root``, a module that encloses it."""
        for path, module in root.named_modules():
            if module is self.layer and path:
                self.path = f"{type(root).__name__}.{path} "
                return

    def __str__(self) -> str:
        name = f"{type(self.layer).__name__}({self.layer.extra_repr()})"
        return f"{self.path}{name}: {self.problem}"


class LayerShapeError(LayerError, ValueError):
    """An input whose shape or values a layer cannot take."""


class LayerTypeError(LayerError, TypeError):
    """An input whose type or dtype a layer cannot take."""
