"""Errors of layers: which layer of the model was given what, and what it expects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

__all__ = ["LayerError"]


class NamedModules(Protocol):
    """A module, as far as its errors name it."""

    def named_modules(self) -> Iterator[tuple[str, Any]]:
        """Iterate over the module and all modules inside it, with their paths."""

    def named_parameters(self) -> Iterator[tuple[str, Any]]:
        """Iterate over all parameters, with their paths."""

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
        self.path: str = ""

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
    """An input whose type or dtype a layer cannot take.

    Parameters
    ----------
    layer, problem
        As for :class:`LayerError`.
    dtype : numpy.dtype, optional
        The wrong dtype of the input; the message names a parameter of the model that has it, too.
    """

    def __init__(self, layer: NamedModules, problem: str, dtype: Any = None) -> None:
        super().__init__(layer, problem)
        self.dtype = dtype
        self.origin: str = ""

    def locate(self, root: NamedModules) -> None:
        """Set the layer's path, and look for what may have given the input its dtype."""
        super().locate(root)
        for path, parameter in root.named_parameters():
            if parameter.dtype == self.dtype:
                self.origin = f". The parameter {type(root).__name__}.{path} is {self.dtype}, too"
                return

    def __str__(self) -> str:
        return super().__str__() + self.origin
