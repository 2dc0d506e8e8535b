"""Operators that a ``Value`` and a ``Tensor`` understand alike."""

from __future__ import annotations

from typing import Any

from .ops import elementwise as ew


class Arithmetic:
    """Operators with one operand, and those made of others."""

    __slots__ = ()

    def __neg__(self) -> Any:
        return ew.negative(self)

    def __pos__(self) -> Any:
        return ew.positive(self)

    def __abs__(self) -> Any:
        return ew.absolute(self)

    def __divmod__(self, other: Any) -> Any:
        return self // other, self % other  # type: ignore[operator]

    def __rdivmod__(self, other: Any) -> Any:
        return other // self, other % self

    def __round__(self, digits: int | None = None) -> Any:
        return ew.rounded(self, digits or 0)

    def __floor__(self) -> Any:
        return ew.floor(self)

    def __ceil__(self) -> Any:
        return ew.ceil(self)

    def __trunc__(self) -> Any:
        return ew.trunc(self)
