"""Operators and functions that a ``Value`` and a ``Tensor`` understand alike."""

from __future__ import annotations

from typing import Any

from ..common.plain_data import is_operand
from .core.node import NO_PARAMS, Node
from .ops import elementwise as ew
from .ops.elementwise import Elementwise


def binary(op: Elementwise, x: Any, y: Any) -> Any:
    """Apply an operation to two operands of which at least one is a node; NotImplemented if the other is no number."""
    for other in (x, y):
        if not (isinstance(other, Node) or is_operand(other)):
            return NotImplemented
    return op.apply((x, y), NO_PARAMS)


class Arithmetic:
    """Python's arithmetic, and the commonest functions as methods."""

    __slots__ = ()

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

    def __divmod__(self, other: Any) -> Any:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> Any:
        return other // self, other % self

    def __pow__(self, other: Any) -> Any:
        return binary(ew.power, self, other)

    def __rpow__(self, other: Any) -> Any:
        return binary(ew.power, other, self)

    def __neg__(self) -> Any:
        return ew.negative(self)

    def __pos__(self) -> Any:
        return ew.positive(self)

    def __abs__(self) -> Any:
        return ew.absolute(self)

    def __round__(self, digits: int | None = None) -> Any:
        return ew.rounded(self, digits or 0)

    def __floor__(self) -> Any:
        return ew.floor(self)

    def __ceil__(self) -> Any:
        return ew.ceil(self)

    def __trunc__(self) -> Any:
        return ew.trunc(self)

    def exp(self) -> Any:
        """Return e to this power."""
        return ew.exp(self)

    def log(self) -> Any:
        """Return the natural logarithm."""
        return ew.log(self)

    def sqrt(self) -> Any:
        """Return the square root."""
        return ew.sqrt(self)

    def sin(self) -> Any:
        """Return the sine."""
        return ew.sin(self)

    def cos(self) -> Any:
        """Return the cosine."""
        return ew.cos(self)

    def tanh(self) -> Any:
        """Return the hyperbolic tangent."""
        return ew.tanh(self)

    def sigmoid(self) -> Any:
        """Return 1 / (1 + e**-x)."""
        return ew.sigmoid(self)

    def relu(self) -> Any:
        """Return x where it is positive, else 0."""
        return ew.relu(self)
