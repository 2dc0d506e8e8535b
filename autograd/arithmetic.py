"""Operators and functions that a ``Value`` and a ``Tensor`` understand alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic

from ..common.plain_data import is_operand
from .core.call_types import Operator, R
from .core.node import NO_PARAMS, Node
from .ops import elementwise as ew
from .ops.elementwise import Elementwise


def binary(op: Elementwise, x: Any, y: Any) -> Any:
    """Apply an operation to two operands of which at least one is a node; NotImplemented if the other is no number."""
    for other in (x, y):
        if not (isinstance(other, Node) or is_operand(other)):
            return NotImplemented
    return op.apply((x, y), NO_PARAMS)


class Arithmetic(Generic[R]):
    """Python's arithmetic, and the commonest functions as methods."""

    __slots__ = ()

    if TYPE_CHECKING:
        __add__: Operator[R]
        __radd__: Operator[R]
        __sub__: Operator[R]
        __rsub__: Operator[R]
        __mul__: Operator[R]
        __rmul__: Operator[R]
        __truediv__: Operator[R]
        __rtruediv__: Operator[R]
        __floordiv__: Operator[R]
        __rfloordiv__: Operator[R]
        __mod__: Operator[R]
        __rmod__: Operator[R]
        __pow__: Operator[R]
        __rpow__: Operator[R]
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

    def __neg__(self) -> R:
        return ew.negative(self)

    def __pos__(self) -> R:
        return ew.positive(self)

    def __abs__(self) -> R:
        return ew.absolute(self)

    def __round__(self, digits: int | None = None) -> R:
        return ew.rounded(self, digits or 0)

    def __floor__(self) -> R:
        return ew.floor(self)

    def __ceil__(self) -> R:
        return ew.ceil(self)

    def __trunc__(self) -> R:
        return ew.trunc(self)

    def exp(self) -> R:
        """Return e to this power."""
        return ew.exp(self)

    def log(self) -> R:
        """Return the natural logarithm."""
        return ew.log(self)

    def sqrt(self) -> R:
        """Return the square root."""
        return ew.sqrt(self)

    def sin(self) -> R:
        """Return the sine."""
        return ew.sin(self)

    def cos(self) -> R:
        """Return the cosine."""
        return ew.cos(self)

    def tanh(self) -> R:
        """Return the hyperbolic tangent."""
        return ew.tanh(self)

    def sigmoid(self) -> R:
        """Return 1 / (1 + e**-x)."""
        return ew.sigmoid(self)

    def relu(self) -> R:
        """Return x where it is positive, else 0."""
        return ew.relu(self)
