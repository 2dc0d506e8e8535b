"""Running a model without training it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..autograd import no_grad
from .module import Module


@contextmanager
def evaluation_mode(model: Module) -> Iterator[None]:
    """Put a model into evaluation mode; afterwards every module has its own mode again.

    Parameters
    ----------
    model : Module
        The model.
    """
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode


@contextmanager
def evaluating(model: Module) -> Iterator[None]:
    """Put a model into evaluation mode and record no graph; afterwards every module has its own mode again.

    Parameters
    ----------
    model : Module
        The model.
    """
    with evaluation_mode(model), no_grad():
        yield
