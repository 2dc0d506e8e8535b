"""The graph: what a node is, and how a computation leaves a trail of nodes.

Every result knows the operation that made it and the nodes that went in; following these edges from a result back to
where it began, and multiplying derivatives on the way, *is* backpropagation (``walk.py``). Both kinds of node, the
scalar ``Value`` and the array ``Tensor``, leave the same trail, so everything in this file serves both.
"""

from __future__ import annotations

import functools
import inspect
import numbers
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import count
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np

if TYPE_CHECKING:
    from .op import Op

F = TypeVar("F", bound=Callable[..., Any])

#: Every recorded node takes the next number, so a node's inputs always carry smaller numbers than the
#: node itself: sorting by number is a topological sort, and an input with a *larger* number than its
#: reader has been changed since it was read.
clock = count(1).__next__

NO_PARAMS: Mapping[str, Any] = {}
_new = object.__new__


#: Which class of node carries which type of plain data.
_kinds: dict[type, type[Node]] = {}


class Notes(dict[str, Any]):
    """Rare things about a node, with its parameters behind them."""

    params: Mapping[str, Any] = NO_PARAMS


class Node:
    """What ``Value`` and ``Tensor`` have in common: data, and the trail that led to it.

    Attributes
    ----------
    op : Op or None
        The operation that made this node; None for a leaf.
    inputs : tuple of Node
        What went in, in order: ``x * x`` has two edges to ``x``. Kept in two slots, ``_x`` and ``_y``, rather than
        in a tuple per node: one or two inputs are the rule, and half as many objects are half the work for
        Python's garbage collector. More than two inputs are a tuple in ``_x``.
    params : mapping
        What the operation was told besides its inputs (an axis, a shape, a mask).
    number : int
        Place in the order of recording.
    notes : Notes or None
        Rare things (label, hooks, the line that recorded it). A node that has any keeps them in ``_told``, in front
        of its parameters, so that common nodes stay small.
    """

    __slots__ = (
        "__weakref__",
        "_plain",  # not "_data", which numpy.ma reads of whatever it is given, gradient or not
        "_grad",
        "_pending",
        "_told",
        "_tracked",
        "_x",
        "_y",
        "number",
        "op",
    )

    _plain: Any
    _grad: Any
    _pending: float | None  # what has arrived here, while the walk through a graph of numbers is under way
    _told: Mapping[str, Any] | Notes
    _tracked: bool
    _x: Any
    _y: Node | None
    number: int
    op: Op | None

    def __init_subclass__(cls, carries: type | None = None) -> None:
        super().__init_subclass__()
        if carries is not None:
            _kinds[carries] = cls

    @property
    def inputs(self) -> tuple[Node, ...]:
        """What went in, in order."""
        x, y = self._x, self._y
        if y is not None:
            return (x, y)
        return x if x.__class__ is tuple else (x,)

    @inputs.setter
    def inputs(self, nodes: tuple[Node, ...]) -> None:
        self._y = None
        if len(nodes) == 2:
            self._x, self._y = nodes
        elif len(nodes) == 1:
            (self._x,) = nodes
        else:
            self._x = nodes

    @property
    def params(self) -> Mapping[str, Any]:
        """What the operation was told besides its inputs."""
        told = self._told
        return told.params if told.__class__ is Notes else told

    @params.setter
    def params(self, params: Mapping[str, Any]) -> None:
        if self._told.__class__ is Notes:
            self._told.params = params
        else:
            self._told = params

    @property
    def notes(self) -> dict[str, Any] | None:
        """Rare things about this node, if there are any."""
        told = self._told
        return told if told.__class__ is Notes else None

    def __copy__(self) -> Any:
        """A node of its own with the same data and the same past."""
        from ..copies import shallow_copy

        look("copies a node", self)
        return shallow_copy(self)

    def __deepcopy__(self, memo: dict[Any, Any]) -> Any:
        """A copy of this node and of all that led to it."""
        from ..copies import deep_copy

        look("copies a node", self)
        return deep_copy(self, memo)

    def __reduce_ex__(self, protocol: Any) -> Any:
        """How a node is pickled; a computed one takes along the graph that led to it."""
        look("copies a node", self)
        if self.op is None:
            return super().__reduce_ex__(protocol)
        from ..copies import as_rows, graph_of

        return graph_of, as_rows(self)

    def __setstate__(self, state: Any) -> None:
        """Become a copy of another node, with a number of its own."""
        attributes, slots = state if isinstance(state, tuple) else (state, {})
        if attributes:
            self.__dict__.update(attributes)
        for slot, content in slots.items():
            if slot != "_memory":  # a copy shares its memory with nobody
                setattr(self, slot, content)
        self.number = clock()

    @property
    def requires_grad(self) -> bool:
        """Whether derivatives flow through this node."""
        return self._tracked

    @requires_grad.setter
    def requires_grad(self, wanted: bool) -> None:
        self.check_differentiable(wanted)
        look("sets requires_grad", self)
        self._tracked = bool(wanted)

    def check_differentiable(self, wanted: bool) -> None:
        """Raise if ``requires_grad`` cannot become ``wanted``."""
        if self.op is not None and not wanted:
            raise RuntimeError(
                "requires_grad of a computed node follows from its inputs; use detach() to cut its trail"
            )

    @property
    def label(self) -> str:
        """The name that drawings and messages show."""
        notes = self.notes
        return "" if notes is None else notes.get("label", "")

    @label.setter
    def label(self, text: str) -> None:
        if text or self.notes is not None:
            annotate(self, "label", text)

    @property
    def is_leaf(self) -> bool:
        """Whether this node was given rather than computed."""
        return self.op is None

    def fit(self, gradient: Any) -> Any:
        """Give a gradient the form of this node's data (undo broadcasting, cast)."""
        raise NotImplementedError

    def own(self, gradient: Any) -> Any:
        """Return a gradient as ``.grad`` can keep it: nobody else writes to it."""
        return gradient


class Constant(Node):
    """A plain number or array that took part in an operation; nothing flows into it."""

    __slots__ = ()

    def __init__(self, data: Any) -> None:
        init_node(self, data, None, (), NO_PARAMS, False, 0)

    def __repr__(self) -> str:
        return f"Constant({self._plain!r})"


def init_node(
    node: Node,
    data: Any,
    op: Op | None,
    inputs: tuple[Node, ...],
    params: Mapping[str, Any],
    requires: bool,
    number: int,
) -> None:
    """Fill in every slot of a node."""
    node._plain = data
    node._grad = node._pending = None
    node.op = op
    node.inputs = inputs
    node._told = params
    node._tracked = requires
    node.number = number


def annotate(node: Node, key: str, value: Any) -> None:
    """Attach one of the rare things to a node."""
    notes = node.notes
    if notes is None:
        notes = Notes()
        notes.params, node._told = node.params, notes
    notes[key] = value


def stamp(leaf: Node) -> None:
    """Mark a leaf as changed in place: graphs that read its old data refuse to be walked."""
    leaf.number = clock()


# ---------------------------------------------------------------------------------------------- recording


class _Block:
    """A ``no_grad`` block that was entered, with the one around it."""

    __slots__ = ("around", "over")

    def __init__(self, around: _Block | None) -> None:
        self.around, self.over = around, True  # it begins when all is noted


#: The innermost block that this thread or asynchronous task is inside.
_innermost: ContextVar[_Block | None] = ContextVar("no_grad", default=None)

#: All blocks that are open, whoever is inside: as long as there is none, nobody needs to ask further.
_paused: list[_Block] = []


def _block() -> _Block | None:
    """The innermost block that is still open: one may have ended elsewhere, as that of a generator that moved on."""
    block = _innermost.get()
    while block is not None and block.over:
        block = block.around
    return block


def is_recording() -> bool:
    """Whether operations on nodes leave a trail in this thread and task."""
    return not _paused or _block() is None


class no_grad:  # noqa: N801 (reads as the statement it is)
    """Compute without leaving a trail, in this thread or task: a context manager and a decorator.

    Blocks nest, end with an exception as well as without one, and do not touch other threads or asynchronous tasks
    (a task that is begun inside a block is inside, too, as long as the block is). A decorated generator or coroutine
    is paused only while its own code runs.

    Examples
    --------
    >>> x = sg.tensor([1.0, 2.0], requires_grad=True)
    >>> with sg.no_grad():
    ...     y = x * 2
    >>> y._tracked
    False
    """

    def __init__(self) -> None:
        self._entered: list[_Block] = []

    def __enter__(self) -> None:
        block = _Block(_block())
        try:
            self._entered.append(block)
            _paused.append(block)
            _innermost.set(block)
            block.over = False  # last: what can be interrupted comes before
        except BaseException:  # Ctrl-C: nobody will leave the block
            self._leave([block])
            raise

    def __exit__(self, *exc: object) -> None:
        left: list[_Block] = []
        try:
            self._leave(left)
        finally:
            self._leave(left)  # again: Ctrl-C may have interrupted it

    def __del__(self) -> None:
        for block in getattr(self, "_entered", ()):  # Ctrl-C came before the first line of __exit__
            block.over = True
            if block in _paused:
                _paused.remove(block)

    def _leave(self, left: list[_Block]) -> None:
        """Leave the block in the list, or the innermost of this guard, and note it there."""
        if not left:
            inner = _innermost.get()  # unless it is left in another thread or task, or in another order, than entered
            left.append(inner if inner in self._entered else self._entered[-1])
        (block,) = left
        block.over = True
        for blocks in (self._entered, _paused):
            if block in blocks:
                blocks.remove(block)
        _innermost.set(_block())

    def __call__(self, function: F) -> F:
        """Decorate ``function`` so that it runs inside a block of its own."""

        @functools.wraps(function)
        def paused(*args: Any, **kwargs: Any) -> Any:
            with no_grad():
                return function(*args, **kwargs)

        @functools.wraps(function)
        def paused_generator(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
            inner = function(*args, **kwargs)
            send: Callable[[], Any] = functools.partial(next, inner)
            while True:
                try:
                    with no_grad():
                        item = send()
                except StopIteration as stop:
                    return stop.value
                try:
                    send = functools.partial(inner.send, (yield item))
                except GeneratorExit:
                    with no_grad():
                        inner.close()
                    raise
                except BaseException as error:
                    send = functools.partial(inner.throw, error)

        @functools.wraps(function)
        async def paused_coroutine(*args: Any, **kwargs: Any) -> Any:
            with no_grad():
                return await function(*args, **kwargs)

        if inspect.isasyncgenfunction(function):
            raise TypeError("no_grad cannot decorate an asynchronous generator; write `with no_grad():` inside of it")
        if inspect.iscoroutinefunction(function):
            return cast(F, paused_coroutine)
        return cast(F, paused_generator if inspect.isgeneratorfunction(function) else paused)


@contextmanager
def recording() -> Generator[None, None, None]:
    """Leave a trail inside this block even if it stands in a ``no_grad`` block."""
    around = _innermost.get()
    _innermost.set(None)
    try:
        yield
    finally:
        _innermost.set(around)


def data_of(x: Any) -> Any:
    """The plain number or array in a node; anything else as it is."""
    return x._plain if isinstance(x, Node) else x


def plain(x: Any) -> Any:
    """Return an operand that is not a node as a plain number or a base-class array: the door for all outside data.

    Whatever computes with it afterwards can rely on NumPy's own arithmetic by position. A Series would align by
    label, a matrix would multiply as a matrix.

    Raises
    ------
    TypeError
        If there are no real numbers in it, or something would be lost on the way: a mask, a gradient.
    """
    kind = x.__class__
    if kind is float or kind is int:
        return x
    if kind is not np.ndarray and not isinstance(x, np.generic):
        if isinstance(x, (list, tuple)) and _holds_nodes(x):
            raise TypeError("a list of nodes is not an array; build one with sg.stack([...])")
        x = as_array(x)
    if x.dtype.kind not in "biuf":
        raise TypeError(_not_real(x, kind))
    return native(x)


def native(array: Any) -> Any:
    """Return an array in the byte order of this machine, which kernels expect."""
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def _holds_nodes(items: Any) -> bool:
    return any(isinstance(x, Node) or (isinstance(x, (list, tuple)) and _holds_nodes(x)) for x in items)


def as_array(x: Any) -> np.ndarray[Any, Any]:
    """Return ``x`` as a base-class array; TypeError for a masked one, whose mask would be lost."""
    if isinstance(x, np.ma.MaskedArray):
        raise TypeError(
            "a masked array would lose its mask here. Write m.filled(value) for a plain array, "
            "or sg.where(m.mask, value, ...) for a choice"
        )
    return np.asarray(x)


def _not_real(x: Any, kind: type) -> str:
    if x.dtype.kind == "c":
        return (
            f"cannot compute with complex numbers ({kind.__name__} of {x.dtype}): derivatives here are real. Compute "
            "with the real and the imaginary part as two arrays"
        )
    return f"cannot compute with {kind.__name__}: expected numbers, an array, a Value or a Tensor"


def is_operand(x: Any) -> bool:
    """Whether something looks like a number or an array, so that a refusal of it should be told."""
    if hasattr(x, "__array__") or isinstance(x, numbers.Number):
        return True
    return isinstance(x, Sequence) and not isinstance(x, (str, bytes))


def frozen(array: Any) -> Any:
    """Return an array that nobody else can write to: a copy, unless it is read-only and owns its memory.

    The owner of the memory behind a read-only view may still change it before the gradient is asked for.
    """
    return array if array.base is None and not array.flags.writeable else array.copy()


def _constant(x: Any) -> Constant:
    return Constant(frozen(x) if x.__class__ is np.ndarray else x)


def record(op: Op, data: Any, inputs: tuple[Any, ...], params: Mapping[str, Any] = NO_PARAMS) -> Any:
    """Make the node that carries ``data``, with its trail if some input requires gradients."""
    kind = type(data)
    if kind is not np.ndarray and kind is not float:
        data = np.asarray(data if isinstance(data, np.generic) else plain(data))
        kind = np.ndarray
    node: Node = _new(_kinds[kind])
    node._plain = data
    node._grad = node._pending = None
    node._told = NO_PARAMS
    node.number = clock()
    requires = constants = False
    for x in inputs:
        if not isinstance(x, Node):
            constants = True
        elif x._tracked:
            requires = True
    if requires and (not _paused or is_recording()):
        if kind is np.ndarray:
            data.setflags(False)  # not writeable: rules may read it again on the way back
        node.op = op
        if constants:
            inputs = tuple([x if isinstance(x, Node) else _constant(x) for x in inputs])
        if len(inputs) == 1:  # what the setter of inputs does, without the call
            node._x, node._y = inputs[0], None
        elif len(inputs) == 2:
            node._x, node._y = inputs
        else:
            node.inputs = inputs
        node._told = params
        node._tracked = True
        if on_record:
            for watch in on_record:
                watch(node)
    else:
        node.op = node._y = None
        node._x = ()
        node._tracked = False
        lost = f"{op.name} was computed under no_grad" if requires else None
        if on_look and requires:
            for x in inputs:
                if isinstance(x, Node):
                    look("computes under no_grad, so that a result lost its trail", x)
        for x in inputs:
            if isinstance(x, Node):
                if x._told.__class__ is Notes:
                    lost = x._told.get("lost", lost)
                if kind is np.ndarray and data.base is not None and np.may_share_memory(data, x._plain):
                    node._plain = data = data.copy(order="K")  # a write to one must not reach the other
        if lost is not None:
            node._told = Notes(lost=lost)
    return node


#: Called with every node as it is recorded, and with every gradient on its way from a node to an input of it
#: (used by the anomaly detector).
on_record: list[Callable[[Node], None]] = []
on_gradient: list[Callable[[Node, Node, Any], None]] = []

#: Called when a program looks at a node's numbers, or changes something about it: with what it does (``<``, ``reads
#: .data of a Value``, ...), the node, the other operand and the answer. Used by ``compile``, which must know what
#: decides the way, and by derivatives of functions, which must know what they cannot see.
on_look: list[Callable[[str, Node, Any, Any], None]] = []


def look(what: str, node: Node, other: Any = None, answer: Any = None) -> None:
    """Tell those who want to know."""
    for watch in tuple(on_look):  # another thread may end its own watch meanwhile
        watch(what, node, other, answer)


def inspected(x: Any) -> Any:
    """The plain data of what is only looked at: compared, counted, ranked."""
    if on_look and isinstance(x, Node):
        look("compares a Tensor", x)
    return data_of(x)


def unwritable(x: Any) -> Any:
    """An array as code from outside gets to see it: it cannot write into what others use. All else as it is."""
    if isinstance(x, np.ndarray) and x.flags.writeable:
        x = x.view()
        x.setflags(False)  # type: ignore[call-arg]
    return x
