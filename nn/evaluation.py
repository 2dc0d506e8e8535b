"""Running a model without training it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from ..autograd import no_grad
from ..common.evaluation_mode import evaluation_mode
from .module import Hook, Module


@contextmanager
def evaluating(model: Module) -> Iterator[None]:
    """Put a model into evaluation mode and record no graph; afterwards every module has its own mode again.

    Parameters
    ----------
    model : Module
        The model.

    Examples
    --------
    >>> from seegrad.nn.evaluation import evaluating
    >>> model = sg.nn.Dropout(0.5)
    >>> with evaluating(model):
    ...     model(np.ones(2, np.float32)).numpy()
    array([1., 1.], dtype=float32)
    """
    with evaluation_mode(model), no_grad():
        yield


@contextmanager
def observed(hooks: Iterable[tuple[Module, Hook]]) -> Iterator[None]:
    """Call a forward hook of each of some modules, until the end of the block."""
    handles = [module.register_forward_hook(hook) for module, hook in hooks]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
