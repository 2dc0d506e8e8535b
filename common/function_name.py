"""The name of a function as messages show it."""

from __future__ import annotations

from functools import partial
from typing import Any


def function_name(f: Any) -> str:
    """Return how a reader would write a function: ``loss``, ``grad(loss)``, ``partial(loss, ...)``.

    Parameters
    ----------
    f : callable
        If it has an attribute ``called_as``, that is its name. An object without any name gives that of its class.

    Examples
    --------
    >>> from seegrad.common.function_name import function_name
    >>> function_name(sg.grad(np.tanh)), function_name(sg.nn.ReLU())
    ('grad(tanh)', 'ReLU')
    """
    if isinstance(f, partial):
        return f"partial({function_name(f.func)}, ...)"
    return getattr(f, "called_as", "") or getattr(f, "__name__", "") or type(f).__name__
