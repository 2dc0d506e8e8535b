"""Errors of layers: they say which layer of the model was given what, and what it wants."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .module import Module

__all__ = ["LayerError"]


class LayerError(Exception):
    """An input that a layer cannot take; the message names the layer by its place in the model.

    The layer raises it knowing only itself. On its way up, every enclosing module's ``__call__``
    tells it the path from there, so that the final message starts with, say,
    ``Sequential.2 Conv2d(32, 64, kernel_size=3)``.

    Parameters
    ----------
    layer : Module
        The layer that refuses its input.
    problem : str
        What it got, what it wants, and the fix where one is known.
    """

    def __init__(self, layer: Module, problem: str) -> None:
        super().__init__(problem)
        self.layer = layer
        self.problem = problem
        self.path = ""

    def locate(self, root: Module) -> None:
        """Note the layer's path seen from ``root``, a module that encloses it."""
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
