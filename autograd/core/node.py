"""A node of the graph: data, the operation that computed it, and the nodes that went in.

Following these edges from a result back to the leaves, and multiplying derivatives on the way, *is* backpropagation
(``backward.py``). The scalar ``Value`` and the array ``Tensor`` are both nodes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count
from threading import get_ident
from typing import Any, ClassVar

#: Every recorded node takes the next number, so a node's inputs carry smaller numbers than the node itself: sorting by
#: number is a topological sort, and an input with a *larger* number than its reader was changed since it was read.
clock: Callable[[], int] = count(1).__next__

NO_PARAMS: Mapping[str, Any] = {}
kinds: dict[type, type[Node]] = {}  # which class of node carries which type of plain data


class Node:
    """What ``Value`` and ``Tensor`` have in common: data, and the graph that led to it.

    Attributes
    ----------
    op : Op or None
        The operation that computed this node; None for a leaf.
    inputs : tuple of Node
        What went in, in order: ``x * x`` has two edges to ``x``. One or two inputs are kept in the slots ``_x`` and
        ``_y``: half as many objects are half the work for Python's garbage collector. More are a tuple in ``_x``.
    params : mapping
        Static parameters of the operation (an axis, a shape).
    number : int
        Place in the order of recording.
    notes : dict or None
        What few nodes have: a label, hooks, the line that recorded it.
    """

    __slots__ = ("__weakref__", "_grad", "_plain", "_tracked", "_x", "_y", "notes", "number", "op", "params")

    _grad: Any
    _plain: Any  # the data; not "_data", which numpy.ma reads of whatever it is given
    _tracked: bool  # whether derivatives flow through this node
    _x: Any
    _y: Node | None
    notes: dict[str, Any] | None
    number: int
    op: Any  # Op or None
    params: Mapping[str, Any]

    stands_for_data: ClassVar[bool] = False  # whether it takes the place of a plain number or array, in a trace

    #: What the engine needs of a node, and a user does not: it is left out of completion.
    _inner_names: ClassVar[frozenset[str]] = frozenset(
        "check_differentiable emptied fit_gradient notes number own params stands_for_data version_before".split()
    )

    def __dir__(self) -> list[str]:
        return [name for name in super().__dir__() if name not in self._inner_names]

    def __init_subclass__(cls, carries: type | None = None) -> None:
        super().__init_subclass__()
        if carries is not None:
            kinds[carries] = cls

    @property
    def inputs(self) -> tuple[Node, ...]:
        """What went in, in order."""
        x, y = self._x, self._y
        return (x, y) if y is not None else x if x.__class__ is tuple else (x,)

    @inputs.setter
    def inputs(self, nodes: tuple[Node, ...]) -> None:
        self._x, self._y = nodes if len(nodes) == 2 else (nodes[0] if len(nodes) == 1 else nodes, None)

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
                "requires_grad of a computed node follows from its inputs; use detach() to cut it off from its graph"
            )

    @property
    def label(self) -> str:
        """The name that drawings and messages show."""
        return (self.notes or {}).get("label", "")

    @label.setter
    def label(self, text: str) -> None:
        if text or self.notes is not None:
            annotate(self, "label", text)

    @property
    def is_leaf(self) -> bool:
        """Whether this node was given rather than computed."""
        return self.op is None

    def version_before(self, reader: Node) -> Node:
        """Return this node as ``reader`` read it; RuntimeError if its data was changed in place since."""
        if self.number <= reader.number:
            return self
        name = f" {self.label!r}" if self.label else ""
        raise RuntimeError(
            f"the data of an input{name} of {reader.op.title if reader.op else 'a leaf'!r} was changed in place "
            "after it was read, so its derivative can no longer be computed; run the forward pass again"
        )

    def fit_gradient(self, gradient: Any) -> Any:
        """Give a gradient the form of this node's data: undo broadcasting, cast."""
        raise NotImplementedError

    def own(self, gradient: Any) -> Any:
        """Return a gradient as ``.grad`` can keep it: nobody else writes to it."""
        return gradient


class Constant(Node):
    """A plain number or array that took part in an operation; no gradient flows into it."""

    __slots__ = ()

    def __init__(self, data: Any) -> None:
        fill(self, data, None, (), NO_PARAMS, False, 0)

    def __repr__(self) -> str:
        return f"Constant({self._plain!r})"


def fill(node: Node, data: Any, op: Any, inputs: Any, params: Any, tracked: bool, number: int) -> None:
    """Fill in every slot of a new node."""
    node._plain, node.op, node.inputs, node.params = data, op, inputs, params
    node._grad, node._tracked, node.notes, node.number = None, tracked, None, number


def annotate(node: Node, key: str, value: Any) -> None:
    """Write a note on a node."""
    if node.notes is None:
        node.notes = {}
    node.notes[key] = value


def stamp(leaf: Node) -> None:
    """Mark a leaf as changed in place: the backward pass through graphs that read its old data is refused."""
    leaf.number = clock()


#: What each thread traces at the moment (``compile/trace.py``), by the thread's number.
traces: dict[int, Any] = {}


def current_trace() -> Any:
    """Return the trace that this thread is taking, or None."""
    return traces.get(get_ident()) if traces else None


def data_of(x: Any) -> Any:
    """Return the plain number or array in a node; anything else as it is.

    While a function is traced it is a stand-in for that number or array: what is computed from it is traced, too.
    """
    if not isinstance(x, Node):
        return x
    return x._plain if not traces or (trace := current_trace()) is None else trace.data_of(x)


def entered(inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return inputs; while a function is traced, with stand-ins for the arrays that it found by name."""
    trace = current_trace()
    return inputs if trace is None else trace.entered(inputs)


def is_recorded(x: Any) -> bool:
    """Return whether what is computed from ``x`` is recorded: whether it is a node that is no stand-in for data."""
    return isinstance(x, Node) and not x.stands_for_data


# Observers. They are called with every node that an operation computes, its operation, inputs and parameters; with a
# node, an input of it and the gradient that flows from one to the other in a backward pass; and when a program looks at
# a node's numbers, or changes something about it: with what it does (``<``, ``reads .data of a Value``, ...), the node,
# the other operand and the answer.
on_record: list[Callable[[Node, Any, tuple[Any, ...], Mapping[str, Any]], None]] = []
on_gradient: list[Callable[[Node, Node, Any], None]] = []
on_look: list[Callable[[str, Node, Any, Any], None]] = []


def look(what: str, node: Node, other: Any = None, answer: Any = None) -> None:
    """Tell the observers of looks."""
    for watch in tuple(on_look):  # another thread may end its own watch meanwhile
        watch(what, node, other, answer)


def inspected(x: Any) -> Any:
    """Return the plain data of what is only looked at: compared, counted, ranked."""
    if on_look and isinstance(x, Node):
        look("compares a Tensor", x)
    return data_of(x)
