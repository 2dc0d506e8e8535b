"""Running a model without training it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..autograd import no_grad
from ..common.evaluation_mode import evaluation_mode
from .module import Module


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
