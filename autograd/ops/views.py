"""Tensors that share memory in NumPy: a write to one of them is seen in all the others.

``row = z[0]`` is a view of ``z``: ``row[1] = 5`` also changes ``z``, and ``z[0] = 0`` also changes ``row``. Tensors
have no common memory, since a recorded result never changes. So a view knows its base, and a write goes to the base,
which becomes a new result, computed from the old one. The views of the base lose their content at that moment, and
take it from the base again when somebody asks for it.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ...common.seam import interpreted, interpreters
from ..core.backward import inputs_of
from ..core.node import NO_PARAMS, Node, annotate, clock, current_trace, traces
from ..core.op import Op, P, plain_params
from ..core.recording import is_recording, record, recording
from .questions import carry

LEAF_OVERWRITTEN = (
    "a leaf that requires gradients cannot be changed in place while recording: its gradient would be lost. Write "
    "t = t + ... or t = t.copy() for a new tensor, or use sg.no_grad() if you mean to change the leaf itself"
)


class Memory:
    """What a tensor has to do with other tensors over the same memory.

    Attributes
    ----------
    base : Tensor or None
        What it is a view of.
    op, params : View, mapping
        How it was taken.
    number : int
        The number of the base when it was taken.
    views : list of weak references
        Tensors that are views of it.
    before : Tensor or None
        What it was before the last write, for the operations that read it then.
    read_only : bool
        Whether NumPy refuses to write to it.
    """

    __slots__ = ("base", "before", "number", "op", "params", "read_only", "views")

    def __init__(self) -> None:
        self.base: Any = None
        self.op: Any = None
        self.params: Mapping[str, Any] = NO_PARAMS
        self.number: int = 0
        self.views: list[weakref.ref[Any]] = []
        self.before: Any = None
        self.read_only: bool = False

    def __reduce__(self) -> Any:
        return Memory, ()  # weak references cannot be pickled, and a copy of a tensor shares its memory with nobody


class View(Op[P]):
    """An operation whose result is a view of its input in NumPy.

    Attributes
    ----------
    read_only : bool
        Whether NumPy refuses to write to the result.
    """

    read_only = False

    def apply(self, inputs: tuple[Any, ...], params: Mapping[str, Any]) -> Any:
        """Compute on the input's data, record the result, and remember the input as its base."""
        if interpreters and (found := interpreted(self, inputs, params)) is not NotImplemented:
            return found
        (x,) = inputs
        data = self.forward(self.data_of(x), **(plain_params(params) if traces else params))
        view = record(self, data, inputs, params)
        arrays = isinstance(x, Node) and x._plain.__class__ is data.__class__ is np.ndarray
        shares = arrays and np.may_share_memory(data, x._plain)
        if shares and ((memory := memory_of(x)) is None or memory.base is None or _shares(x, self, params)):
            _link(view, x, self, params)
        return view

    def put_back(self, base: Any, content: Any, params: Mapping[str, Any]) -> Any:
        """Return ``base`` with the new ``content`` of a view of it."""
        return self.rule[0](content, content, base, **params)  # its adjoint undoes a rearrangement


def memory_of(t: Any) -> Memory | None:
    """What is known of the memory of a tensor; None where there is nothing to know."""
    return getattr(t, "_memory", None)


def version_before(t: Any, reader: Node) -> Any:
    """Return the latest version of a tensor that ``reader`` can have read; None if it was not kept."""
    while t is not None and t.number > reader.number:
        memory = memory_of(t)
        t = None if memory is None else memory.before
    return t


def _shares(x: Any, op: View, params: Mapping[str, Any]) -> bool:
    """Whether NumPy makes a view of ``x``, which is a view itself."""
    if x._plain.base is not None:
        return True  # and no copy of its part of the base
    data = in_numpy(x)
    return np.may_share_memory(op.forward(data, **params), data)


def in_numpy(t: Any) -> Any:
    """The data of a tensor, laid out as NumPy has it: a view may hold a copy here, whose elements lie together."""
    if t._plain.base is not None:
        return t._plain  # no copy
    chain: list[tuple[View, Mapping[str, Any]]] = []
    while (memory := memory_of(t)) is not None and memory.base is not None:
        chain.append((memory.op, memory.params))
        t = memory.base
    data = t._plain
    for op, params in reversed(chain):
        data = op.forward(data, **params)
    return data


def own_memory(t: Any) -> None:
    """Mark a single number that was given: it is updated in place, where a computed one becomes a new tensor."""
    t._memory = Memory()


def _link(view: Any, base: Any, op: View, params: Mapping[str, Any]) -> None:
    memory = view._memory = Memory()
    memory.base, memory.op, memory.params, memory.number = base, op, params, base.number
    memory.read_only = op.read_only
    _register(view, base)


def _register(view: Any, base: Any) -> None:
    memory = memory_of(base)
    if memory is None:
        memory = base._memory = Memory()
    views = memory.views
    if len(views) >= 8 and not len(views) & (len(views) - 1):  # at every power of two, forget those that are gone
        views[:] = [ref for ref in views if ref() is not None]
    views.append(weakref.ref(view))


def follow(view: Any, base: Any, op: View, params: Mapping[str, Any], read_only: bool = False) -> Any:
    """Let a result that ``op`` copied from ``base`` share its memory, since NumPy makes a view there."""
    if not isinstance(view, np.ndarray) and isinstance(view._plain, np.ndarray):
        _link(view, base, op, params)
        view._memory.read_only = read_only
    return view


def apart(result: Any) -> Any:
    """Return a new result that was taken as a view as one with memory of its own: NumPy makes a copy there."""
    memory = None if isinstance(result, np.ndarray) else memory_of(result)
    if memory is not None and memory.base is not None:
        memory.base._memory.views.pop()  # the latest
        result._memory = None
    return result


def is_view_of(x: Any, base: Any, op: View, params: Mapping[str, Any]) -> bool:
    """Whether ``x`` is the view of ``base`` that ``op`` takes."""
    memory = memory_of(x)
    return memory is not None and memory.base is base and memory.op is op and memory.params == params


def write(t: Any, compute: Callable[[Any], Any]) -> None:
    """Let ``compute(t)`` be the content of ``t`` from now on, for all tensors that share its memory.

    Parameters
    ----------
    t : Tensor
    compute : callable
        Takes a tensor with the present content; returns a Tensor of the same shape.

    Raises
    ------
    RuntimeError
        If that would lose a gradient.
    ValueError, TypeError
        If the result does not fit into ``t``, or NumPy does not write to such a view.
    """
    _check_writable(t)
    if traces:
        _check_own(t)
    before = {t: snapshot(t)}
    new = _checked_content(t, compute(before[t]))
    while (memory := memory_of(t)) is not None and memory.base is not None:
        t = memory.base
        before[t] = snapshot(t)
        new = _checked_content(t, memory.op.put_back(before[t], new, memory.params))
    _become(t, new, before)


def _check_writable(t: Any) -> None:
    """Raise if the content of ``t`` cannot be replaced."""
    if isinstance(t, Emptied):
        refresh(t)
    while (memory := memory_of(t)) is not None:
        if memory.read_only:
            raise ValueError("this result is read-only, as in NumPy; write to a copy of it, t.copy()")
        if memory.base is None:
            break
        if memory.number != memory.base.number:
            raise RuntimeError(
                f"this tensor was taken by {memory.op.title} from one that has been given other data since: take it "
                "again, or write to a copy of it, t.copy()"
            )
        t = memory.base
    if t.op is None and t._tracked and is_recording():
        raise RuntimeError(LEAF_OVERWRITTEN)
    if t.op is not None and not is_recording():
        raise RuntimeError(
            "a tensor with a recorded history cannot be overwritten under no_grad: its gradient would no longer belong "
            "to its data. Write while recording, or to t.detach().copy()"
        )


def _check_own(t: Any) -> None:
    """End a trace in which something is written to that was not made in it: no program does that."""
    trace = current_trace()
    while (memory := memory_of(t)) is not None and memory.base is not None:
        t = memory.base
    if trace is not None and not trace.is_own(t):
        trace.fail("writes into an array or a Tensor that it did not make")


def _checked_content(t: Any, new: Any) -> Any:
    """Return ``new`` in the dtype of ``t``; raise if it cannot take its place."""
    if not isinstance(new._plain, np.ndarray):
        raise TypeError(
            "an update in place under sg.vmap would give a tensor that is the same for all examples other numbers for "
            "each: begin with np.zeros_like(x) of a value x that differs, or write t = t + ... for a new tensor"
        )
    if new.shape != t.shape:
        raise ValueError(
            f"an update in place cannot turn a tensor of shape {t.shape} into one of shape {new.shape}; write "
            "t = t + ... for a new tensor"
        )
    if new.dtype == t.dtype:
        return new
    if not np.can_cast(new.dtype, t.dtype, "same_kind"):
        raise TypeError(
            f"an update in place cannot keep {new.dtype} results in a tensor of {t.dtype}; write t = t + ... for a new "
            "tensor"
        )
    return new.astype(t.dtype)


def snapshot(t: Any) -> Any:
    """Return a tensor with the present content and number of ``t``, which later writes to ``t`` do not change."""
    copied = object.__new__(t.__class__)
    copied._plain, copied.op, copied._x, copied._y, copied._tracked = t._plain, t.op, t._x, t._y, t._tracked
    copied.params, copied.number = t.params, t.number
    copied._grad = copied.notes = None
    if traces:
        carry(copied, t)
    memory = memory_of(t)
    if memory is not None and memory.before is not None and t._tracked:
        copied._memory = Memory()
        copied._memory.before = memory.before
    return copied


def _become(t: Any, new: Any, before: dict[Any, Any]) -> None:
    """Replace the content of ``t``, which is no view; ``before`` has what it and views of it have been."""
    recorded = new.op is not None
    if recorded:
        if memory_of(t) is None:
            t._memory = Memory()
        t._memory.before = before[t]
    elif new.notes is not None:
        annotate(t, "lost", new.notes["lost"])
    t._plain = _in_layout(new._plain, t._plain)
    t.number = clock()
    _empty_views(t, before)
    if recorded:
        t.op, t.inputs, t.params, t._tracked = new.op, inputs_of(new), new.params, True
        _point_to_versions(t)
    if traces and (trace := current_trace()) is not None:
        trace.replaced(t, new)


def _in_layout(data: Any, old: Any) -> Any:
    """Return ``data`` laid out as ``old``: whether a shape of it is a view must not depend on how it was written."""
    if data.strides == old.strides:
        return data
    result = np.empty_like(old)
    result[...] = data
    result.setflags(write=data.flags.writeable)
    return result


def _empty_views(t: Any, before: dict[Any, Any]) -> None:
    """Take their content from all views of ``t``, and from the views of these."""
    todo = [t]
    while todo:
        memory = memory_of(todo.pop())
        if memory is None:
            continue
        views = [view for ref in memory.views if (view := ref()) is not None]
        memory.views.clear()
        for view in views:
            view._memory.before = before[view] if view in before else snapshot(view)
            view.number = clock()
            view.__class__ = view.emptied
        todo += views


class Emptied:
    """A view whose base has been written to: when it is asked for anything, it takes its content from the base.

    A tensor becomes one and turns back by a change of its class, so that tensors with a content pay nothing.
    """

    __slots__ = ()

    def __getattribute__(self, name: str) -> Any:
        if name not in ("number", "_memory", "version_before"):
            refresh(self)
        return object.__getattribute__(self, name)

    def __reduce_ex__(self, protocol: Any) -> Any:
        refresh(self)
        return self.__reduce_ex__(protocol)


def refresh(t: Any) -> None:
    """Let an emptied view take its content from its base."""
    chain = [t]
    while isinstance(base := chain[-1]._memory.base, Emptied):
        chain.append(base)
    with recording():
        for view in reversed(chain):
            memory = view._memory
            fresh = Op.apply(memory.op, (memory.base,), memory.params)
            view.__class__ = fresh.__class__
            view._plain, view._tracked = fresh._plain, fresh._tracked
            view.op, view.inputs, view.params = fresh.op, fresh.inputs, fresh.params
            view.number, memory.number = fresh.number, memory.base.number
            _register(view, memory.base)
            if traces:
                carry(view, fresh)


def _point_to_versions(t: Any) -> None:
    """After a write to ``t``, let the graph of what was written lead to the versions of ``t`` that it read.

    It may have read ``t`` itself; left as it was, ``t`` would lead back to itself.
    """
    seen = {t}
    oldest = t
    while (memory := memory_of(oldest)) is not None and memory.before is not None:
        oldest = memory.before
        seen.add(oldest)
    todo = list(t.inputs)
    while todo:
        reader = todo.pop()
        if reader in seen or reader.number <= oldest.number:
            continue
        seen.add(reader)
        reader.inputs = inputs_of(reader)
        todo.extend(reader.inputs)
