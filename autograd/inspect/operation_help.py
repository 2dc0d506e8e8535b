"""What ``help`` shows of an operation: shapes, the derivative as its rule states it, and an example that was run."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from ...common.quiet import quiet
from ..core.op import Op
from ..core.recording import recording
from ..tensor import tensor
from .draw.formula import input_names, rule_texts

#: Numbers to show an operation with. The first for which result and gradients are finite are taken.
_NUMBERS: tuple[tuple[Any, Any, Any], ...] = (
    ([0.25, 0.75], [2.0, 3.0], [0.5, 1.0]),
    ([1.5, 2.5], [0.5, 1.0], [1.0, 2.0]),
    ([[1.0, 2.0], [2.0, 5.0]], [[1.0, 0.0], [2.0, 1.0]], [3.0, 1.0]),
)

#: So many characters of a rule stand in a line.
_LONG = 100

#: Parameters without a default, for examples.
_PARAMETERS: dict[str, str] = {
    "astype": "np.float32",
    "broadcast_to": "(3, 2)",
    "expand_dims": "0",
    "reshape": "(2, 1)",
    "roll": "1",
}


@functools.cache
def help_text(op: Op) -> str:
    """Return the documentation of an operation.

    Parameters
    ----------
    op : Op
        One of this package.

    Returns
    -------
    str
        Its own text, with its derivative and an example added.
    """
    parts = [inspect.cleandoc(op.text or "")]
    if op.elementwise and "Parameters\n" not in parts[0]:
        parts.append(_shapes(op))
    text, heading, examples = parts[0].partition("Examples\n--------\n")
    parts = [text.rstrip(), *parts[1:], _derivative(op), *([heading + examples] if heading else _example(op))]
    return "\n\n".join(parts)


def _shapes(op: Op) -> str:
    names = input_names(op, op.arity)
    several = len(names) > 1
    which = "Shapes that broadcast against each other." if several else "Any shape."
    result = "The broadcast shape." if several else f"The shape of ``{names[0]}``."
    return (
        f"Parameters\n----------\n{', '.join(names)} : float, array_like, Value or Tensor\n    {which}\n\n"
        f"Returns\n-------\nfloat, ndarray, Value or Tensor\n    {result}"
    )


def _derivative(op: Op) -> str:
    names = input_names(op, op.arity) if op.rule else ("each input",)
    rules = op.rule or (op.variadic_rule,)
    places = [f"computed by {getattr(rule, '__name__', 'a function')}() in the source" for rule in rules]
    lines = [_wrapped(f"{name} : {text or place}") for name, text, place in zip(names, rule_texts(op), places)]
    head = "Derivative\n----------\nThe gradient of each input; ``g`` is that of the result, ``out`` the result.\n\n"
    return head + "\n".join(lines)


def _wrapped(rule: str) -> str:
    """Write a long rule in several lines, one for each of its cases."""
    cases = re.split(r" (?=else )", rule) if len(rule) > _LONG else [rule]
    return "\n    ".join(cases)


def _example(op: Op) -> Iterator[str]:
    name = _public_name(op)
    if name is None or not (op.rule and 0 < op.arity <= 3):
        return
    required = [p for p in op.param_names if p not in op.defaults]
    given = _PARAMETERS.get(op.name) if required else ""
    if given is None:
        return
    variables = input_names(op, op.arity)
    call = f"{name}({', '.join([*variables, given] if given else variables)})"
    for numbers in _NUMBERS if op.elementwise else reversed(_NUMBERS):
        if shown := _run(op, numbers[: op.arity], variables, call, given):
            yield "Examples\n--------\n" + shown
            return


def _public_name(op: Op) -> str | None:
    """Return what a user writes to reach an operation; None if it is not public."""
    from ... import autograd

    for prefix, home in (("sg.", autograd), ("sg.linalg.", autograd.linalg)):
        for name in (op.title, op.name):
            if name in home.__all__ and getattr(home, name) is op:
                return prefix + name
    return None


def _run(op: Op, numbers: Any, variables: Any, call: str, given: str) -> str:
    """Return an example as a session in Python; empty if these numbers do not suit the operation."""
    parameters = [eval(given, {"np": np})] if given else []
    try:
        with quiet(), recording():
            inputs = [tensor(x, requires_grad=True) for x in numbers]
            result = op(*inputs, *parameters)
            result.sum().backward()
    except (TypeError, ValueError, np.linalg.LinAlgError):
        return ""
    if not all(np.all(np.isfinite(x)) for x in (result.numpy(), *(x.grad for x in inputs))):
        return ""
    lines = [f">>> {v} = sg.tensor({x}, requires_grad=True)" for v, x in zip(variables, numbers)]
    lines += [f">>> result = {call}", ">>> result", repr(result), ">>> result.sum().backward()"]
    for v, x in zip(variables, inputs):
        lines += [f">>> {v}.grad", repr(x.grad)]
    return "\n".join(lines)
