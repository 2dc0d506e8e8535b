"""Operators and functions that a ``Value`` and a ``Tensor`` understand alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic

from ..common.plain_data import ListOfNodesError, is_labelled, is_operand
from .core.call_types import Operator, ValueOrTensor
from .core.node import NO_PARAMS, Node
from .ops import elementwise as ew
from .ops.elementwise import Elementwise
from .ops.shaping import operand
from .sparse_operands import sparse_operator


def binary(op: Elementwise, x: Any, y: Any) -> Any:
    """Apply an operation to two operands of which at least one is a node.

    NotImplemented if the other is no number, or computes with nodes itself.
    """
    for other in (x, y):
        if not (isinstance(other, Node) or is_operand(other)):
            return sparse_operator(op.symbol, x, y)
        if is_labelled(other):
            return NotImplemented
    try:
        return op.apply((x, y), NO_PARAMS)
    except ListOfNodesError:
        return op.apply((operand(x), operand(y)), NO_PARAMS)


class Arithmetic(Generic[ValueOrTensor]):
    """Python's arithmetic, and the commonest functions as methods."""

    __slots__ = ()

    #: Lets pandas leave ``series * tensor`` to the tensor.
    __pandas_priority__ = 5000

    if TYPE_CHECKING:
        __add__: Operator[ValueOrTensor]
        __radd__: Operator[ValueOrTensor]
        __sub__: Operator[ValueOrTensor]
        __rsub__: Operator[ValueOrTensor]
        __mul__: Operator[ValueOrTensor]
        __rmul__: Operator[ValueOrTensor]
        __truediv__: Operator[ValueOrTensor]
        __rtruediv__: Operator[ValueOrTensor]
        __floordiv__: Operator[ValueOrTensor]
        __rfloordiv__: Operator[ValueOrTensor]
        __mod__: Operator[ValueOrTensor]
        __rmod__: Operator[ValueOrTensor]
        __pow__: Operator[ValueOrTensor]
        __rpow__: Operator[ValueOrTensor]
    else:

        def __add__(self, other: Any) -> Any:
            return binary(ew.add, self, other)

        def __radd__(self, other: Any) -> Any:
            return binary(ew.add, other, self)

        def __sub__(self, other: Any) -> Any:
            return binary(ew.subtract, self, other)

        def __rsub__(self, other: Any) -> Any:
            return binary(ew.subtract, other, self)

        def __mul__(self, other: Any) -> Any:
            return binary(ew.multiply, self, other)

        def __rmul__(self, other: Any) -> Any:
            return binary(ew.multiply, other, self)

        def __truediv__(self, other: Any) -> Any:
            return binary(ew.divide, self, other)

        def __rtruediv__(self, other: Any) -> Any:
            return binary(ew.divide, other, self)

        def __floordiv__(self, other: Any) -> Any:
            return binary(ew.floor_divide, self, other)

        def __rfloordiv__(self, other: Any) -> Any:
            return binary(ew.floor_divide, other, self)

        def __mod__(self, other: Any) -> Any:
            return binary(ew.remainder, self, other)

        def __rmod__(self, other: Any) -> Any:
            return binary(ew.remainder, other, self)

        def __pow__(self, other: Any) -> Any:
            return binary(ew.power, self, other)

        def __rpow__(self, other: Any) -> Any:
            return binary(ew.power, other, self)

    def __divmod__(self, other: Any) -> Any:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> Any:
        return other // self, other % self

    def __neg__(self) -> ValueOrTensor:
        return ew.negative(self)

    def __pos__(self) -> ValueOrTensor:
        return ew.positive(self)

    def __abs__(self) -> ValueOrTensor:
        return ew.absolute(self)

    def __round__(self, digits: int | None = None) -> ValueOrTensor:
        return ew.rounded(self, digits or 0)

    def __floor__(self) -> ValueOrTensor:
        return ew.floor(self)

    def __ceil__(self) -> ValueOrTensor:
        return ew.ceil(self)

    def __trunc__(self) -> ValueOrTensor:
        return ew.trunc(self)

    def exp(self) -> ValueOrTensor:
        """Return e to this power."""
        return ew.exp(self)

    def log(self) -> ValueOrTensor:
        """Return the natural logarithm."""
        return ew.log(self)

    def sqrt(self) -> ValueOrTensor:
        """Return the square root."""
        return ew.sqrt(self)

    def sin(self) -> ValueOrTensor:
        """Return the sine."""
        return ew.sin(self)

    def cos(self) -> ValueOrTensor:
        """Return the cosine."""
        return ew.cos(self)

    def tanh(self) -> ValueOrTensor:
        """Return the hyperbolic tangent."""
        return ew.tanh(self)

    def sigmoid(self) -> ValueOrTensor:
        """Return 1 / (1 + e**-x)."""
        return ew.sigmoid(self)

    def relu(self) -> ValueOrTensor:
        """Return x where it is positive, else 0."""
        return ew.relu(self)
