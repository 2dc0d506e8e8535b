"""What a function sees of a batch under ``vmap``: a value that differs from example to example, as if it were one.

It is a Tensor with the shape of one example. Operations on it compute the whole batch, by the rules in
``ops/batching.py``, on ordinary arrays and Tensors with the batch axis in front. So the graph that is recorded is an
ordinary one, too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any, ClassVar

import numpy as np

from ..common.seam import interpreters
from .core.node import NO_PARAMS, Node, clock, data_of, is_recorded, look, on_look
from .nested import leaves_of
from .ops import indexing
from .ops.shaping import broadcast_to, expand_dims, moveaxis, operand
from .sparse_operands import deferred
from .tensor import Tensor, size_of


class Level:
    """One batch over which a function is being evaluated.

    Parameters
    ----------
    size : int
        The number of examples.
    """

    __slots__ = ("number", "over", "size")

    def __init__(self, size: int) -> None:
        self.size: int = size
        self.over: bool = False
        self.number: int = clock()  # a level inside of another has a larger one

    def check(self) -> None:
        """Raise RuntimeError if the evaluation is over."""
        if self.over:
            raise RuntimeError(
                "a value of one call of a function under sg.vmap was used after the call: return what is needed outside"
            )


open_batches: ContextVar[tuple[Level, ...]] = ContextVar("vmap", default=())


def open_levels() -> tuple[Level, ...]:
    """Return the batches over which this thread or task evaluates functions, outermost first."""
    return open_batches.get()


class Batched(Tensor):
    """A value for each example of a batch: in ``stack`` with the batch axis in front, otherwise as one example.

    The stack is an array, a Tensor, or, inside of another ``vmap``, Batched itself.
    """

    __slots__ = ("level", "stack")

    def __init__(self, level: Level, stacked: Any) -> None:
        self.level: Level = level
        self.stack: Any = stacked
        self.notes: None = None

    op = None
    inputs = ()
    params = NO_PARAMS

    @property
    def _plain(self) -> Any:  # type: ignore[override]
        self.level.check()
        inner = data_of(self.stack)
        return self if inner is self.stack else Batched(self.level, inner)

    @property
    def _tracked(self) -> bool:  # type: ignore[override]
        return isinstance(self.stack, Node) and self.stack._tracked

    @property
    def number(self) -> int:  # type: ignore[override]
        """Place in the order of recording."""
        return self.level.number

    @property
    def stands_for_data(self) -> bool:  # type: ignore[override]
        """Whether it has plain data for every example, so that nothing that is computed from it is recorded."""
        return not is_recorded(self.stack)

    def as_data(self) -> Any:
        """Return itself: it has no plain array of its own."""
        return self._plain

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each axis of an example."""
        return self.stack.shape[1:]  # type: ignore[no-any-return]

    @property
    def ndim(self) -> int:
        """Number of axes of an example."""
        return self.stack.ndim - 1  # type: ignore[no-any-return]

    @property
    def size(self) -> int:
        """Number of elements of an example."""
        return size_of(self.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the elements."""
        return self.stack.dtype  # type: ignore[no-any-return]

    @property
    def flags(self) -> Any:
        """How an example lies in memory; results do not depend on it here."""
        return _FLAGS

    @property
    def data(self) -> Any:
        """The same without a graph."""
        if on_look and isinstance(self.stack, Node):
            look("reads .data of a Tensor", self.stack)
        return self._plain

    @data.setter
    def data(self, given: Any) -> None:
        raise TypeError("the data of a value under sg.vmap cannot be replaced: compute a new one")

    @property
    def grad(self) -> Any:
        """None: gradients are not kept under ``vmap``."""
        return None

    @grad.setter
    def grad(self, gradient: Any) -> None:
        raise RuntimeError("a value under sg.vmap keeps no .grad: use sg.grad")

    def detach(self) -> Any:
        """Return a copy that has no graph and requires no gradient."""
        return Batched(self.level, self.stack.detach() if isinstance(self.stack, Tensor) else self.stack.copy())

    def astype(self, dtype: Any, *, copy: bool = True) -> Any:
        """Cast to another dtype; a gradient flows only between floating dtypes."""
        return Batched(self.level, self.stack.astype(dtype, copy=copy))

    # ----------------------------------------------------------------------------------- what no batch has

    def _refuse(self, what: str, instead: str) -> Any:
        raise TypeError(
            f"{what} under sg.vmap: the numbers differ from example to example (shape {self.shape}, {self.level.size} "
            f"examples). {instead}"
        )

    def refuse_to_decide(self) -> Any:
        """Refuse a question whose answer differs from example to example."""
        return self._refuse("a decision (if, while, and, or, not)", _CHOOSE)

    def __bool__(self) -> bool:
        return self.refuse_to_decide()  # type: ignore[no-any-return]

    def __float__(self) -> float:
        return self._refuse("float(x), or a function of the math module,", _COMPUTE)  # type: ignore[no-any-return]

    def __int__(self) -> int:
        return self._refuse("int(x)", _COMPUTE)  # type: ignore[no-any-return]

    def __index__(self) -> int:
        return self._refuse("an index, a length or a range", _TAKE)  # type: ignore[no-any-return]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        if (answer := deferred(self)) is not None:
            return answer
        return self._refuse(
            "a plain array", _COMPUTE + ". To read elements of a plain array a, write sg.take(a, i, axis)"
        )

    def item(self) -> Any:
        """Refuse."""
        return self._refuse("item()", _COMPUTE)

    def numpy(self) -> Any:
        """Refuse."""
        return self._refuse("numpy()", _COMPUTE)

    def tolist(self) -> Any:
        """Refuse."""
        return self._refuse("tolist()", _COMPUTE)

    def backward(self, grad: Any = None, *, create_graph: bool = False) -> None:
        """Refuse."""
        raise RuntimeError("backward() under sg.vmap: use sg.grad, which gives each example gradients of its own")

    def register_hook(self, hook: Any) -> Any:
        """Refuse."""
        raise RuntimeError("register_hook() under sg.vmap: a hook would see the gradients of all examples at once")

    def retain_grad(self) -> None:
        """Refuse."""
        raise RuntimeError("retain_grad() under sg.vmap: use sg.grad, which gives each example gradients of its own")

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise TypeError("a value under sg.vmap cannot be pickled: return it from the function first")

    def __copy__(self) -> Any:
        return self.copy()

    def __deepcopy__(self, memo: dict[Any, Any]) -> Any:
        return self.detach()

    def __repr__(self) -> str:
        return f"batched(shape={self.shape}, dtype={self.dtype}, examples={self.level.size})"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    # -------------------------------------------------------------------------------------------- access

    def __len__(self) -> int:
        if not self.ndim:
            raise TypeError("a tensor without axes has no length")
        return self.shape[0]

    def __iter__(self) -> Any:
        return (self[i] for i in range(len(self)))

    def __contains__(self, item: Any) -> bool:
        return bool(np.any(self == item))

    def __setitem__(self, index: Any, value: Any) -> None:
        self._overwrite(indexing.setitem(self, value, indexing.plain_index(index)))

    def _update(self, operation: Any, other: Any) -> Any:
        if not self.ndim:
            return operation(self, other)
        self._overwrite(operation(self, other))
        return self

    def sort(self, axis: int = -1) -> None:
        """Sort along an axis in place."""
        self._overwrite(indexing.sort(self, axis))

    def _overwrite(self, new: Any) -> None:
        """Write new content into the memory of the stack, for all views of it."""
        if not isinstance(new, Batched) or new.level is not self.level or new.shape != self.shape:
            raise TypeError(
                f"an update in place under sg.vmap cannot turn {self!r} into {new!r}: write x = ... for a new value"
            )
        if not np.can_cast(new.dtype, self.dtype, "same_kind"):
            raise TypeError(f"an update in place cannot keep {new.dtype} results in an array of {self.dtype}")
        if isinstance(self.stack, np.ndarray) and not self.stack.flags.writeable:
            raise ValueError("an argument of a function under sg.vmap is read-only: write to a copy, x.copy()")
        self.stack[...] = new.stack

    __hash__: ClassVar[Callable[[Any], int]] = object.__hash__


_FLAGS = np.zeros(1).flags
_CHOOSE = "Choose with np.where(condition, a, b), which computes both sides"
_TAKE = "To pick elements by them, write sg.take(x, i, axis)"
_COMPUTE = "Compute with the value itself, by NumPy's functions or those of sg"


# ----------------------------------------------------------------------------------- with and without the axis


def without_level(x: Any, level: Level, axis: int = 0) -> Any:
    """Return a value with the batch axis of a level as an axis of its own, repeated if it is the same for all."""
    if isinstance(x, Batched):
        if x.level is level:
            return moveaxis(x.stack, 0, axis) if axis else x.stack
        if x.level.number > level.number:
            return Batched(x.level, without_level(x.stack, level, axis + 1))
    x = operand(x)
    shape = x.shape
    return broadcast_to(expand_dims(x, axis), (*shape[:axis], level.size, *shape[axis:]))


def with_level(x: Any, level: Level, axis: int = 0) -> Any:
    """Return a value with an axis of its own as one for each example."""
    if isinstance(x, Batched) and x.level.number > level.number:
        return Batched(x.level, with_level(x.stack, level, axis + 1))
    return Batched(level, moveaxis(x, axis, 0) if axis else x)


def without_levels(x: Any, levels: Sequence[Level]) -> Any:
    """Return a value with the axes of all levels, the innermost one's first."""
    for level in levels:
        x = without_level(x, level)
    return x


def with_levels(x: Any, levels: Sequence[Level]) -> Any:
    """Undo :func:`without_levels`."""
    for level in reversed(levels):
        x = with_level(x, level)
    return x


def recorded(x: Any) -> Any:
    """Return a value whose stack is a Tensor, so that what is computed from it is recorded."""
    if isinstance(x, Batched):
        return Batched(x.level, recorded(x.stack))
    return x if is_recorded(x) else Tensor(x)


def whole_of(x: Any) -> Any:
    """Return the array or Tensor behind a value that differs from example to example; anything else as it is."""
    while isinstance(x, Batched):
        x = x.stack
    return x


def differs(tree: Any) -> bool:
    """Whether something in a structure differs from example to example."""
    return bool(interpreters) and any(isinstance(x, Batched) for x in leaves_of(tree))
