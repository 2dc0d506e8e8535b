"""What a program asks of numbers: comparisons, truth values, plain numbers.

Otherwise nothing but NumPy's answers, while a function is traced (``compile/trace.py``) they are instructions, or
conditions under which its program holds.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from ...common.seam import interpretable, interpreted, interpreters
from ..core.node import Node, current_trace, traces
from ..core.op import PlainFunction

#: Functions of NumPy as functions of plain data, the same object every time.
plain_function: Callable[[Any], PlainFunction] = functools.cache(PlainFunction)

#: Python's operators as NumPy's functions.
_UFUNCS: dict[Any, Any] = {
    **{operator.lt: np.less, operator.le: np.less_equal, operator.gt: np.greater, operator.ge: np.greater_equal},
    **{operator.eq: np.equal, operator.ne: np.not_equal},
}


def compared(compare: Callable[[Any, Any], Any], x: Any, y: Any) -> Any:
    """Compare plain data by one of Python's operators; in a trace, that is an instruction."""
    if traces and current_trace() is not None:
        return plain_function(_UFUNCS[compare])(x, y)
    return compare(x, y)


def truth_of(x: Any) -> bool:
    """Return the truth value of a node's data, which is a condition in a trace."""
    trace = current_trace()
    try:
        return bool(x._plain) if trace is None else trace.decide(x)
    except ValueError:
        raise ValueError(
            f"the truth value of a tensor of shape {x.shape} is ambiguous: write (t > 0).any() or (t > 0).all() for a "
            "condition on its elements, sg.where(t > 0, a, b) to choose by elements, t is not None or t.size > 0 else"
        ) from None


def answer_of(x: Any, what: str) -> Any:
    """Return the plain data of a node, which is a condition in a trace, or ends it: then ``what`` is done with it."""
    trace = current_trace()
    return x._plain if trace is None else trace.read(x, what)


@interpretable
def known(x: Any, what: str) -> Any:
    """Return plain data; of what stands for it, under the condition that it stays the same."""
    return answer_of(x, what) if isinstance(x, Node) else x


def carry(node: Node, x: Any) -> None:
    """Let a new node that was given the data of ``x`` be the same variable as ``x``, in a trace."""
    trace = current_trace()
    if trace is not None:
        trace.carry(node, x)


as_int: Final = PlainFunction(int)


def asked(function: Callable[..., bool]) -> Callable[..., bool]:
    """Make a question of a function of plain data: its answer is a plain truth value, and a condition in a trace.

    >>> @asked
    ... def is_large(x):
    ...     return abs(x) > 100.0
    >>> is_large(3.0)
    False
    """
    question = PlainFunction(function)

    @functools.wraps(function)
    def ask(*args: Any) -> bool:
        if interpreters and (found := interpreted(ask, args, {})) is not NotImplemented:
            return bool(found)
        return bool(question(*args)) if traces else function(*args)

    setattr(ask, "decides", True)  # noqa: B010 (a plain assignment is no attribute to mypy)
    return ask
