"""What an operation tells of itself when somebody asks: its signature, its call as text, its documentation."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any


class WhenAsked:
    """An attribute of an operation that is made when it is read; its class has another one of the same name.

    Parameters
    ----------
    of_class : object
        The attribute of the class.
    of_operation : callable
        Takes an operation, returns its attribute.
    """

    def __init__(self, of_class: Any, of_operation: Callable[[Any], Any]) -> None:
        self.of_class = of_class
        self.of_operation = of_operation

    def __get__(self, op: Any, kind: type | None = None) -> Any:
        return self.of_class if op is None else self.of_operation(op)


def signature_of(op: Any) -> inspect.Signature:
    """Return the signature of an operation: its inputs, which are positional, and its parameters with their types."""
    return inspect.Signature([_without_any(p) for p in op.parameters()])


def _without_any(parameter: inspect.Parameter) -> inspect.Parameter:
    return parameter.replace(annotation=parameter.empty) if parameter.annotation == "Any" else parameter


def call_text(op: Any) -> str:
    """Return how an operation is called, such as ``sum(x, axis=None, keepdims=False)``."""
    parameters = [p.replace(annotation=p.empty, kind=max(p.kind, p.POSITIONAL_OR_KEYWORD)) for p in op.parameters()]
    return f"{op.title}{inspect.Signature(parameters)}"


def documentation_of(op: Any) -> str | None:
    """Return what ``help`` shows; of a user's operation, what the user wrote."""
    if op.user_defined or not (op.rule or op.variadic_rule):
        return op.text  # type: ignore[no-any-return]
    from ..inspect.operation_help import help_text

    return help_text(op)
