"""What calls return, for type checkers and editors: a Tensor for a Tensor, a Value for a Value.

The signature of a function follows from its definition; these types add what its result is. They exist for type
checkers alone: at run time every decorator here returns the function itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, TypeVar, cast, overload

if TYPE_CHECKING:
    from ..tensor import Tensor
    from ..value import Value

P = ParamSpec("P")
R = TypeVar("R", covariant=True)


class KeepsKind(Protocol[P]):
    """A function of an array and parameters."""

    __name__: str

    @overload
    def __call__(self, x: Tensor, /, *args: P.args, **kwargs: P.kwargs) -> Tensor: ...
    @overload
    def __call__(self, x: Any, /, *args: P.args, **kwargs: P.kwargs) -> Any: ...


class Joins(Protocol[P]):
    """A function of a sequence of arrays and parameters."""

    @overload
    def __call__(self, arrays: Sequence[Tensor | Value], /, *args: P.args, **kwargs: P.kwargs) -> Tensor: ...
    @overload
    def __call__(self, arrays: Sequence[Any], /, *args: P.args, **kwargs: P.kwargs) -> Any: ...


class Operator(Protocol[R]):
    """A method for an operator: of a node and a number, or of a node and an array."""

    @overload
    def __call__(self, other: Value | float, /) -> R: ...
    @overload
    def __call__(self, other: Any, /) -> Tensor: ...


def keeps_kind(function: Callable[Concatenate[Any, P], Any]) -> KeepsKind[P]:
    """Declare that a function returns a Tensor if its first argument is one."""
    return cast(Any, function)


def joins(function: Callable[Concatenate[Sequence[Any], P], Any]) -> Joins[P]:
    """Declare that a function returns a Tensor if it is given a sequence of Tensors or Values."""
    return cast(Any, function)
