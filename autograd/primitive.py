"""``primitive``: user-defined operations, made of a function on plain arrays and its derivative rules."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..common.plain_data import unwritable
from ..common.seam import interpreted, interpreters
from .core.call_types import Reduces
from .core.node import Node, entered, traces
from .core.op import Op, plain_params
from .core.recording import record


class primitive(Op[...]):  # noqa: N801 (used as a decorator)
    """Make an operation of a function on plain arrays; :meth:`primitive.rules` states its vector-Jacobian products.

    The function's arguments without a default are its inputs; the others are parameters, which rules receive by name.
    (A ``/`` in the signature separates them explicitly.) The function is called with plain arrays or numbers, and may
    use anything that computes with them. Neither it nor a rule can write into the arrays that it gets.

    If a later ``where`` or index leaves out a part of the result, all inputs still count as used. Set
    ``softsign.elementwise = True`` if each element of the result depends on its own elements of the inputs alone.

    Parameters
    ----------
    function : callable
        Returns an array or a number.

    Raises
    ------
    TypeError
        If the function has no argument without a default.

    Examples
    --------
    >>> @sg.primitive
    ... def softsign(x, scale=1.0):
    ...     return x / (scale + np.abs(x))
    >>> softsign.rules(lambda g, out, x, scale: g * scale / (scale + abs(x)) ** 2)
    >>> x = sg.tensor([0.5, -2.0], requires_grad=True)
    >>> sg.gradcheck(softsign, x, order=2)
    True
    """

    if TYPE_CHECKING:
        __call__: Reduces[...]

    user_defined = True

    def __init__(self, function: Callable[..., Any]) -> None:
        self._describe(function, "", "")
        if not self.arity and not self.variadic:
            names = list(inspect.signature(function).parameters)
            self.param_names: tuple[str, ...] = tuple(name for name in names if name in self.defaults)
            self.arity: int = len(names) - len(self.param_names)
        if not self.arity and not self.variadic:
            raise TypeError(f"primitive: {self.name}() has no parameter without a default, so it has no inputs")

    def data_of(self, x: Any) -> Any:
        """Return the plain data of an input, as an array that cannot be written to."""
        return unwritable(super().data_of(x))

    def compute(self, *data: Any, **params: Any) -> Any:
        """Compute on plain data, which the function cannot write to."""
        return self.forward(*[self.data_of(x) for x in data], **params)

    def apply(self, inputs: tuple[Any, ...], params: Mapping[str, Any]) -> Any:
        """Compute on the inputs' data and record the result."""
        if interpreters and (found := interpreted(self, inputs, params)) is not NotImplemented:
            return found
        if not (self.rule or self.variadic_rule):
            raise TypeError(
                f"{self.name} has no derivative rules yet: state one for each input with {self.name}.rules(...)"
            )
        inputs = tuple([x if isinstance(x, Node) else self.data_of(x) for x in entered(inputs)])
        result = record(self, self.compute(*inputs, **(plain_params(params) if traces else params)), inputs, params)
        if isinstance(result._plain, np.ndarray) and result._plain.dtype.kind not in "biufc":
            raise TypeError(f"{self.name} gave {result._plain.dtype} data; an operation gives real numbers")
        return result
