"""What a call means for a batch: of an operation, by its rule; of another function, one example after the other."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..common.fork import renewed
from ..common.seam import interpreters
from .arithmetic import binary
from .batched import Batched, Level, open_batches
from .core.node import Node, data_of
from .nested import map_leaves
from .ops import elementwise as ew
from .ops import indexing
from .ops.batching import Stack, aligned, elementwise
from .ops.elementwise import Elementwise
from .ops.shaping import stack
from .tensor import tensor


@contextmanager
def batch_of(size: int) -> Iterator[Level]:
    """Give a batch of so many examples, whose values can be computed with inside this block."""
    level, outer = Level(size), open_batches.get()
    open_batches.set((*outer, level))
    interpreters.append(interpret)
    try:
        yield level
    finally:
        level.over = True
        interpreters.remove(interpret)
        open_batches.set(outer)


@renewed
def _forget_batches_of_other_threads() -> None:
    """Forget, after a fork, the batches of threads that the child does not have: they would slow all computing."""
    interpreters[:] = [interpret] * len(open_batches.get())


def innermost(found: Any) -> Level | None:
    """Return the innermost level among values, also in nested tuples and lists; None if none differs."""
    level = None
    for x in found:
        kind = x.__class__
        if kind is not Batched and kind not in _SEQUENCES:
            continue
        inner = x.level if kind is Batched else innermost(x)
        if inner is not None and (level is None or inner.number > level.number):
            level = inner
    return level


_SEQUENCES = frozenset((tuple, list, indexing.Along))


def interpret(function: Any, inputs: Sequence[Any], params: Mapping[str, Any]) -> Any:
    """Compute an operation or another function for all examples at once; NotImplemented if nothing differs."""
    level = innermost(inputs)
    if params:
        other = innermost(params.values())
        level = other if level is None or (other is not None and other.number > level.number) else level
    if level is None:
        return NotImplemented
    level.check()
    if getattr(function, "decides", False):
        return _agreed(function, level, inputs)
    rule = getattr(function, "batch", None) or (elementwise if getattr(function, "elementwise", False) else None)
    found: Any = NotImplemented
    if rule is not None:
        stacks = [_marked(x, level) for x in inputs]
        options = {key: _marked(value, level) for key, value in params.items()}
        try:
            found = rule(function, level.size, *stacks, **options)
        except Exception:
            if level.size:
                _raise_for_example(function, level, inputs, params)
            raise
    if found is NotImplemented:
        return one_by_one(function, level, inputs, params)
    return map_leaves(lambda x: Batched(level, x), found)


def _agreed(question: Any, level: Level, inputs: Sequence[Any]) -> bool:
    """Return the answer to a question of data, which must be the same for all examples."""
    answers = {example(question, level, i, inputs, {}) for i in range(level.size)} or {True}
    if len(answers) > 1:
        next(x for x in inputs if isinstance(x, Batched)).refuse_to_decide()
    return bool(answers.pop())


def _marked(x: Any, level: Level) -> Any:
    """Return a value with a `Stack` where it differs from example to example."""
    kind = x.__class__
    if kind is Batched:
        return Stack(x.stack) if x.level is level else x
    if kind in _SEQUENCES:
        return type(x)([_marked(item, level) for item in x])
    return x


def _of_example(x: Any, level: Level, i: int) -> Any:
    kind = x.__class__
    if kind is Batched:
        return x.stack[i] if x.level is level else x
    if kind in _SEQUENCES:
        return type(x)([_of_example(item, level, i) for item in x])
    return x


def example(function: Any, level: Level, i: int, inputs: Sequence[Any], params: Mapping[str, Any]) -> Any:
    """Compute the function for one example."""
    options = {key: _of_example(value, level, i) for key, value in params.items()}
    return function(*[_of_example(x, level, i) for x in inputs], **options)


def _raise_for_example(function: Any, level: Level, inputs: Sequence[Any], params: Mapping[str, Any]) -> None:
    """Raise the error that the first example alone gives, if there is one: it speaks of the shapes of an example."""
    try:
        example(function, level, 0, inputs, params)
    except Exception as error:
        raise error from None


def one_by_one(function: Any, level: Level, inputs: Sequence[Any], params: Mapping[str, Any]) -> Any:
    """Compute the function for one example after the other, and stack the results."""
    name = getattr(function, "title", getattr(function, "__name__", str(function)))
    if not level.size:
        raise ValueError(f"{name} cannot be computed for a batch without examples: its result has no shape")
    found = [example(function, level, i, inputs, params) for i in range(level.size)]
    return map_leaves(lambda *parts: _joined(name, level, parts), *found)


def _joined(name: str, level: Level, parts: Sequence[Any]) -> Any:
    """Return the results of all examples as one value."""
    if parts[0] is None or isinstance(parts[0], str):
        return parts[0]
    shapes = {np.shape(data_of(x)) if not isinstance(x, Batched) else x.shape for x in parts}
    if len(shapes) > 1:
        raise ValueError(
            f"{name} under sg.vmap: the shape of its result depends on the numbers, which differ from example to "
            f"example; among others {sorted(shapes)[0]} and {sorted(shapes)[-1]}"
        )
    if any(isinstance(x, Node) for x in parts):
        return Batched(level, stack(parts))
    return Batched(level, np.stack([np.asarray(x) for x in parts]))


def on_elements(function: Callable[..., Any], *operands: Any) -> Any:
    """Apply a function of plain data that acts on each element by itself."""
    level = innermost(operands)
    if level is None:
        return function(*operands)
    level.check()
    return Batched(level, on_elements(function, *aligned(*[_marked(x, level) for x in operands])))


def call_plain(function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """Call a function of plain data for one example after the other."""
    level = innermost([*args, *kwargs.values()])
    if level is None:
        return function(*args, **kwargs)
    return one_by_one(function, level, args, kwargs)


# ----------------------------------------------------------------------------------- operators and methods


def _arithmetic(op: Elementwise, reflected: bool) -> Any:
    def method(self: Batched, other: Any) -> Any:
        inner = self.stack
        if inner.__class__ is np.ndarray and not self.level.over:
            kind = other.__class__
            if kind is float or kind is int or (kind is np.ndarray and other.ndim < inner.ndim):
                return Batched(self.level, op.array(other, inner) if reflected else op.array(inner, other))
            if kind is Batched and other.level is self.level and other.stack.__class__ is np.ndarray:
                x, y = aligned(Stack(inner), Stack(other.stack))
                return Batched(self.level, op.array(y, x) if reflected else op.array(x, y))
        return binary(op, other, self) if reflected else binary(op, self, other)

    return method


for _name, _op in (("add", ew.add), ("sub", ew.subtract), ("mul", ew.multiply), ("truediv", ew.divide)):
    setattr(Batched, f"__{_name}__", _arithmetic(_op, False))
    setattr(Batched, f"__r{_name}__", _arithmetic(_op, True))
for _name, _op in (("floordiv", ew.floor_divide), ("mod", ew.remainder), ("pow", ew.power)):
    setattr(Batched, f"__r{_name}__", lambda self, other, op=_op: binary(op, other, self))


def _plain_operator(function: Callable[..., Any], reflected: bool = False) -> Any:
    def method(self: Batched, *others: Any) -> Any:
        operands = [*others, self] if reflected else [self, *others]
        return on_elements(function, *[x._plain if isinstance(x, Batched) else x for x in operands])

    return method


for _name in ("eq", "ne", "lt", "le", "gt", "ge", "invert"):
    setattr(Batched, f"__{_name}__", _plain_operator(getattr(operator, _name)))
for _name in ("and_", "or_", "xor", "lshift", "rshift"):
    setattr(Batched, f"__{_name.strip('_')}__", _plain_operator(getattr(operator, _name)))
    setattr(Batched, f"__r{_name.strip('_')}__", _plain_operator(getattr(operator, _name), True))


def _array_method(self: Batched, name: str) -> Any:
    """Return a method of arrays that a Tensor lacks."""
    method = None if name.startswith("_") else getattr(np.ndarray, name, None)
    if not callable(method):
        raise AttributeError(f"a value under sg.vmap has no attribute {name!r}")
    return lambda *args, **kwargs: call_plain(getattr(np, name, method), (self, *args), kwargs)


setattr(Batched, "__getattr__", _array_method)  # noqa: B010 (a plain assignment is no method to mypy)


def _new_tensor(function: Any, size: int, data: Stack, requires_grad: bool = False, dtype: Any = None, **_: Any) -> Any:
    """A copy without a graph; it cannot be a leaf, since nothing would say which example its gradient belongs to."""
    if requires_grad:
        raise TypeError("a leaf under sg.vmap: use sg.grad, which gives each example gradients of its own")
    return data_of(data.data).astype(data.data.dtype if dtype is None else dtype)


setattr(tensor, "batch", _new_tensor)  # noqa: B010
