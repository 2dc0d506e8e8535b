"""The evaluation mode of a model for the time of a block."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol


class HasModes(Protocol):
    """A model, as far as its mode goes; each of its modules has an attribute ``training``."""

    def modules(self) -> Iterable[Any]:
        """Iterate over all modules inside, with this one."""

    def eval(self) -> Any:
        """Switch all modules to evaluation."""


@contextmanager
def evaluation_mode(model: HasModes) -> Iterator[None]:
    """Put a model into evaluation mode; afterwards every module has its own mode again.

    Parameters
    ----------
    model : Module
        The model.
    """
    own = [(vars(module), "training" in vars(module), module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for attributes, was_there, mode in own:
            attributes["training"] = mode
            if not was_there:  # the mode of its class
                del attributes["training"]
