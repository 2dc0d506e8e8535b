"""What calls take and return, for type checkers and editors: a Tensor for a Tensor, a Value for a Value.

The signature of a function follows from its definition; these types add what its result is: ``NDArray[Any]`` for an
array where it always is an array, ``Any`` for what NumPy returns, an array or a scalar. At run time the decorators here
let the function take other libraries' names of its arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, TypeAlias, TypeVar, cast, overload

from ...common.elsewhere import takes_other_names

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from ..arithmetic import Arithmetic
    from ..tensor import Tensor as Tensor
    from ..value import Value as Value
    from .node import Node

    #: What functions compute with: Tensors, arrays, Values, numbers, nested lists of them, data frames, ...
    Operand: TypeAlias = ArrayLike | Node | "Arithmetic[Any]"
    Arrays: TypeAlias = Sequence[NDArray[Any] | float]
    AnyArrays: TypeAlias = Sequence[Tensor | Value | NDArray[Any] | float]

P = ParamSpec("P")
#: The kind of node that a method belongs to.
ValueOrTensor = TypeVar("ValueOrTensor", covariant=True)


class Overloaded(Protocol):
    """A function of this package with several signatures, of which a transform cannot choose one."""

    __name__: str
    _overloaded: bool

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Compute it."""


class KeepsKind(Overloaded, Protocol[P]):
    """A function of an array and parameters."""

    @overload
    def __call__(self, x: Tensor, /, *args: P.args, **kwargs: P.kwargs) -> Tensor: ...
    @overload
    def __call__(self, x: NDArray[Any], /, *args: P.args, **kwargs: P.kwargs) -> NDArray[Any]: ...
    @overload
    def __call__(self, x: Operand, /, *args: P.args, **kwargs: P.kwargs) -> Any: ...


class OfElements(Overloaded, Protocol[P]):
    """A function of each element of an array, or of a number, and of parameters."""

    @overload
    def __call__(self, x: Tensor, /, *args: P.args, **kwargs: P.kwargs) -> Tensor: ...
    @overload
    def __call__(self, x: Value, /, *args: P.args, **kwargs: P.kwargs) -> Value: ...
    @overload
    def __call__(self, x: float, /, *args: P.args, **kwargs: P.kwargs) -> float: ...
    @overload
    def __call__(self, x: NDArray[Any], /, *args: P.args, **kwargs: P.kwargs) -> NDArray[Any]: ...
    @overload
    def __call__(self, x: Operand, /, *args: P.args, **kwargs: P.kwargs) -> Any: ...


class OfTwoElements(Overloaded, Protocol):
    """A function of the elements of two arrays, or of two numbers."""

    @overload
    def __call__(self, x: Tensor, y: Operand, /) -> Tensor: ...
    @overload
    def __call__(self, x: Operand, y: Tensor, /) -> Tensor: ...
    @overload
    def __call__(self, x: Value, y: Value | float, /) -> Value: ...
    @overload
    def __call__(self, x: float, y: Value, /) -> Value: ...
    @overload
    def __call__(self, x: float, y: float, /) -> float: ...
    @overload
    def __call__(self, x: NDArray[Any], y: NDArray[Any] | float, /) -> NDArray[Any]: ...
    @overload
    def __call__(self, x: float, y: NDArray[Any], /) -> NDArray[Any]: ...
    @overload
    def __call__(self, x: Value, y: NDArray[Any], /) -> Tensor: ...
    @overload
    def __call__(self, x: NDArray[Any], y: Value, /) -> Tensor: ...
    @overload
    def __call__(self, x: Operand, y: Operand, /) -> Any: ...


class Reduces(Overloaded, Protocol[P]):
    """A function of an array and parameters, whose result may be a single number."""

    @overload
    def __call__(self, x: Tensor, /, *args: P.args, **kwargs: P.kwargs) -> Tensor: ...
    @overload
    def __call__(self, x: Operand, /, *args: P.args, **kwargs: P.kwargs) -> Any: ...


class OfTwo(Overloaded, Protocol[P]):
    """A function of two arrays and parameters, whose result may be a single number."""

    @overload
    def __call__(self, x: Tensor, y: Operand, /, *args: P.args, **kwargs: P.kwargs) -> Tensor: ...
    @overload
    def __call__(self, x: Operand, y: Tensor, /, *args: P.args, **kwargs: P.kwargs) -> Tensor: ...
    @overload
    def __call__(self, x: Operand, y: Operand, /, *args: P.args, **kwargs: P.kwargs) -> Any: ...


class Joins(Overloaded, Protocol[P]):
    """A function of a sequence of arrays and parameters."""

    @overload  # one of arrays alone is one of all kinds, too
    def __call__(self, arrays: Arrays, /, *args: P.args, **kwargs: P.kwargs) -> NDArray[Any]: ...  # type: ignore[overload-overlap]
    @overload
    def __call__(self, arrays: AnyArrays, /, *args: P.args, **kwargs: P.kwargs) -> Tensor: ...
    @overload
    def __call__(self, arrays: Sequence[Any] | Operand, /, *args: P.args, **kwargs: P.kwargs) -> Any: ...


class Splits(Overloaded, Protocol[P]):
    """A function of an array and parameters that returns parts of it."""

    @overload
    def __call__(self, x: Tensor, /, *args: P.args, **kwargs: P.kwargs) -> list[Tensor]: ...
    @overload
    def __call__(self, x: NDArray[Any], /, *args: P.args, **kwargs: P.kwargs) -> list[NDArray[Any]]: ...
    @overload
    def __call__(self, x: Operand, /, *args: P.args, **kwargs: P.kwargs) -> list[Any]: ...


class Operator(Protocol[ValueOrTensor]):
    """A method for an operator: of a node and a number, or of a node and an array."""

    @overload
    def __call__(self, other: Value | float, /) -> ValueOrTensor: ...
    @overload
    def __call__(self, other: Any, /) -> Tensor: ...


def keeps_kind(function: Callable[Concatenate[Any, P], Any]) -> KeepsKind[P]:
    """Declare that a function returns a Tensor for a Tensor, and an array for an array."""
    return cast(Any, takes_other_names(function))


def of_elements(function: Callable[Concatenate[Any, P], Any]) -> OfElements[P]:
    """Declare that a function returns what it is given: a Tensor, a Value, an array or a float."""
    return cast(Any, takes_other_names(function))


def reduces(function: Callable[Concatenate[Any, P], Any]) -> Reduces[P]:
    """Declare that a function returns a Tensor for a Tensor, and for an array an array or a number."""
    return cast(Any, takes_other_names(function))


def of_two(function: Callable[Concatenate[Any, Any, P], Any]) -> OfTwo[P]:
    """Declare that a function returns a Tensor if one of its first two arguments is one."""
    return cast(Any, takes_other_names(function))


def joins(function: Callable[Concatenate[Sequence[Any], P], Any]) -> Joins[P]:
    """Declare that a function returns a Tensor if there are Tensors or Values in the sequence that it is given."""
    return cast(Any, takes_other_names(function))


def splits(function: Callable[Concatenate[Any, P], list[Any]]) -> Splits[P]:
    """Declare that a function returns a list of Tensors for a Tensor, and of arrays for anything else."""
    return cast(Any, takes_other_names(function))
