"""``compile``: record what a function computes once, and run the recorded program at later calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from ...common.elsewhere import takes_other_names
from ..transform_types import P, R

if TYPE_CHECKING:
    from ..core.call_types import Overloaded
    from .compiled_function import Compiled


@overload
def compile(f: np.ufunc | Overloaded) -> Compiled[..., Any]: ...
@overload
def compile(f: Callable[P, R]) -> Compiled[P, R]: ...
@takes_other_names
def compile(f: Callable[..., Any]) -> Compiled[..., Any]:  # noqa: A001 (as in PyTorch)
    """Return a faster form of a function: its first call records what it computes, later calls run that as a program.

    Parameters
    ----------
    f : callable
        A function of numbers, arrays, Values and Tensors, in nested lists, tuples and dicts, written with the
        operations of this package or in NumPy; a module; a derivative (``sg.grad(f)``); a whole training step. Any
        other argument (an integer, a text) is a constant of the recording, and a call with another one makes a new
        recording; so does another shape or dtype. Integers in arrays are data. Parameters, buffers and large arrays
        that the function finds by name are read anew at every call.

    Returns
    -------
    Compiled
        Called like ``f``, with the same results, effects on ``.grad``, buffers and optimizers, and derivatives.

    Notes
    -----
    A call runs a recorded program if nothing that decides what is computed has changed. These changes are noticed, and
    lead to a new recording:

    - what the function asks of its numbers (``if x.sum() > 0``, ``max``, an index) has another answer;
    - a plain number, list, array, attribute or node that ``f`` can reach by name has been replaced.

    In these cases every call runs ``f`` itself, and ``why_not`` says why: ``f`` turns floating-point numbers of a node
    into plain ones (``float(x)``, ``x.item()``), draws random numbers of its own, changes what it did not compute,
    calls hooks, or is answered differently too often.

    What cannot be noticed: files, clocks, and other effects outside of Python's names; a large array that ``f`` finds
    by name, that is changed in place, and with which ``f`` computes otherwise than in an operation on an argument.
    Large is more than 64 kB; more than 4 kB if an operation on an argument reads it, too. Smaller arrays are compared
    by their content. Pass such things as arguments.

    Examples
    --------
    >>> step = sg.compile(sg.grad(lambda x: np.sum(np.tanh(x) ** 2)))
    >>> for x in (np.array([0.0, 1.0]), np.array([1.0, 0.0])):
    ...     slope = step(x)
    >>> slope.round(3)
    array([0.64, 0.  ])
    >>> step.recordings, step.replays
    (1, 1)
    """
    if not callable(f):
        raise TypeError(f"compile expects a function, got {type(f).__name__}")
    # Here, since all that records and runs programs takes a third of the time to import the package.
    from .compiled_function import Compiled

    return Compiled(f)
