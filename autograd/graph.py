"""The graph core: what a node is, how an operation is recorded, how gradients walk back.

A computation leaves a trail. Every result knows the operation that made it and the nodes that went in;
following these edges from a result back to where it began, and multiplying derivatives on the way, *is*
backpropagation. Both kinds of node, the scalar ``Value`` and the array ``Tensor``, leave the same trail,
so everything in this file serves both.
"""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from heapq import heappop, heappush
from itertools import count
from operator import attrgetter
from typing import Any, ClassVar, TypeVar, cast

import numpy as np

Rule = Callable[..., Any]
F = TypeVar("F", bound=Callable[..., Any])

#: Every recorded node takes the next number, so a node's inputs always carry smaller numbers than the
#: node itself: sorting by number is a topological sort, and an input with a *larger* number than its
#: reader has been changed since it was read.
clock = count(1).__next__

_NO_PARAMS: Mapping[str, Any] = {}
_by_number = attrgetter("number")
_new = object.__new__


#: Which class of node carries which type of plain data.
_kinds: dict[type, type[Node]] = {}


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
    notes : dict or None
        Rare things (label, hooks, the line that recorded it), so that common nodes stay small.
    """

    __slots__ = (
        "__weakref__",
        "_data",
        "_grad",
        "_tracked",
        "_x",
        "_y",
        "notes",
        "number",
        "op",
        "params",
    )

    _data: Any
    _grad: Any
    _x: Any
    _y: Node | None
    op: Op | None
    params: Mapping[str, Any]
    _tracked: bool
    number: int
    notes: dict[str, Any] | None

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

    def __setstate__(self, state: Any) -> None:
        """Become a copy of another node, with a number of its own."""
        for slot, content in state[1].items():
            setattr(self, slot, content)
        self.number = clock()

    @property
    def requires_grad(self) -> bool:
        """Whether derivatives flow through this node."""
        return self._tracked

    @requires_grad.setter
    def requires_grad(self, wanted: bool) -> None:
        self.check_differentiable(wanted)
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
        return "" if self.notes is None else self.notes.get("label", "")

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

    def accumulate(self, gradient: Any) -> None:
        """Add to ``.grad``; never writes into an array that somebody else may hold."""
        raise NotImplementedError


class Constant(Node):
    """A plain number or array that took part in an operation; nothing flows into it."""

    __slots__ = ()

    def __init__(self, data: Any) -> None:
        init_node(self, data, None, (), _NO_PARAMS, False, 0)

    def __repr__(self) -> str:
        return f"Constant({self._data!r})"


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
    node._data = data
    node._grad = None
    node.op = op
    node.inputs = inputs
    node.params = params
    node._tracked = requires
    node.number = number
    node.notes = None


def annotate(node: Node, key: str, value: Any) -> None:
    """Attach one of the rare things to a node."""
    if node.notes is None:
        node.notes = {}
    node.notes[key] = value


def stamp(leaf: Node) -> None:
    """Mark a leaf as changed in place: graphs that read its old data refuse to be walked."""
    leaf.number = clock()


# ---------------------------------------------------------------------------------------------- recording

_paused: dict[int, int] = {}  # thread identifier -> how many no_grad blocks that thread is inside


def is_recording() -> bool:
    """Whether operations on nodes leave a trail in this thread."""
    return not _paused or threading.get_ident() not in _paused


class no_grad:  # noqa: N801 (reads as the statement it is)
    """Compute without leaving a trail, in this thread: a context manager and a decorator.

    Blocks nest, end with an exception as well as without one, and do not touch other threads. A decorated
    generator is paused only while its own code runs.

    Examples
    --------
    >>> x = sg.tensor([1.0, 2.0], requires_grad=True)
    >>> with sg.no_grad():
    ...     y = x * 2
    >>> y._tracked
    False
    """

    def __enter__(self) -> None:
        me = threading.get_ident()
        _paused[me] = _paused.get(me, 0) + 1

    def __exit__(self, *exc: object) -> None:
        me = threading.get_ident()
        if _paused[me] == 1:
            del _paused[me]
        else:
            _paused[me] -= 1

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

        return cast(F, paused_generator if inspect.isgeneratorfunction(function) else paused)


@contextmanager
def recording() -> Generator[None, None, None]:
    """Leave a trail inside this block even if it stands in a ``no_grad`` block."""
    me = threading.get_ident()
    depth = _paused.pop(me, 0)
    try:
        yield
    finally:
        if depth:
            _paused[me] = depth


def as_array(x: Any) -> Any:
    """Return ``x`` as an array: NumPy's, unless it is one of a library whose arrays NumPy's functions accept.

    Those know both of NumPy's protocols (NEP 13 and NEP 18), as CuPy's do; they stay as they are, and where they are.
    """
    if isinstance(x, (np.ndarray, np.generic, Node)):
        return np.asarray(x)
    return x if hasattr(x, "__array_function__") and hasattr(x, "__array_ufunc__") else np.asarray(x)


def plain(x: Any) -> Any:
    """The plain number or array in an operand that is not a node; TypeError if there is none."""
    if isinstance(x, (float, int, np.ndarray, np.generic)):
        return x
    if isinstance(x, (list, tuple)) and any(isinstance(item, Node) for item in x):
        raise TypeError("a list of nodes is not an array; build one with sg.stack([...])")
    array = as_array(x)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"cannot compute with {type(x).__name__}: expected numbers, an array, a Value or a Tensor")
    return array


def _constant(x: Any) -> Constant:
    # A copy, because whoever owns the array may change it before the gradient is asked for.
    fixed = isinstance(x, (float, int, np.generic)) or (isinstance(x, np.ndarray) and not x.flags.writeable)
    return Constant(x if fixed else x.copy())


def record(op: Op, data: Any, inputs: tuple[Any, ...], params: Mapping[str, Any] = _NO_PARAMS) -> Any:
    """Make the node that carries ``data``, with its trail if some input requires gradients."""
    kind = type(data)
    if kind is not np.ndarray and kind is not float:
        data = as_array(data)
        kind = type(data)
        _kinds.setdefault(kind, _kinds[np.ndarray])
    node: Node = _new(_kinds[kind])
    node._data = data
    node._grad = node.notes = None
    node.number = clock()
    requires = constants = False
    for x in inputs:
        if not isinstance(x, Node):
            constants = True
        elif x._tracked:
            requires = True
    if requires and (not _paused or is_recording()):
        if kind is np.ndarray:
            data.setflags(write=False)  # rules may read it again on the way back
        node.op = op
        node.inputs = inputs if not constants else tuple([x if isinstance(x, Node) else _constant(x) for x in inputs])
        node.params = params
        node._tracked = True
        if on_record:
            for watch in on_record:
                watch(node)
    else:
        node.op = node._y = None
        node._x = ()
        node.params = _NO_PARAMS
        node._tracked = False
        if requires:
            node.notes = {"lost": f"{op.name} was computed under no_grad"}
        for x in inputs:
            if isinstance(x, Node):
                if x.notes is not None and "lost" in x.notes:
                    node.notes = {"lost": x.notes["lost"]}
                if kind is np.ndarray and data.base is not None and np.may_share_memory(data, x._data):
                    node._data = data = data.copy(order="K")  # a write to one must not reach the other
    return node


#: Called with every node as it is recorded, and with every gradient on its way from a node to an input of it
#: (used by the anomaly detector).
on_record: list[Callable[[Node], None]] = []
on_gradient: list[Callable[[Node, Node, Any], None]] = []

#: Called when a program looks at a Value's number, or changes something about it: with what it does (``<``, ``data``,
#: ...), the Value, the other operand and the answer (used by ``compile``, which must know what decides the way).
on_look: list[Callable[[str, Node, Any, Any], None]] = []


def look(what: str, node: Node, other: Any = None, answer: Any = None) -> None:
    """Tell those who want to know."""
    for watch in on_look:
        watch(what, node, other, answer)


# ------------------------------------------------------------------------------------------- operations


class Op:
    """An operation: how to compute it on plain data, and one derivative rule per input.

    Made by decorating the function that computes it. The function's positional-only parameters are the
    differentiable inputs; the others are parameters and reach the rules by name::

        @Op
        def scale(x, /, factor=2.0):
            return x * factor

        scale.rules(lambda g, out, x, factor: g * factor)

    A rule gets the gradient ``g`` of the result, the result ``out``, the inputs and the parameters, and
    returns the gradient of its input. It is written with ordinary operators and with operations of this
    package: it runs on plain arrays, and on nodes when the gradient itself is to be differentiated.
    A function of ``*inputs`` has a single rule that is told the ``index`` of the input.

    Attributes
    ----------
    name : str
        What drawings, errors and the reference table call it.
    symbol : str
        The short sign that drawings show, for example ``*``.
    """

    #: All operations, by name.
    table: ClassVar[dict[str, Op]] = {}

    #: Whether ``result[i]`` depends on ``inputs[i]`` alone, after broadcasting.
    elementwise = False

    #: Whether a derivative may be infinite or undefined somewhere.
    poles = True

    #: Whether the result may ignore elements of its inputs (``where``).
    masks = False

    #: Whether it has one or two inputs and no parameters, as the walk back has it most often.
    flat = False

    #: One function that gives the gradients of all inputs at once, from the gradient of the result and the node, for
    #: operations with very many inputs; None where there is a rule for each input.
    joint: Callable[[Any, Node], Sequence[Any]] | None = None

    #: Whether the operation is an in-place update: its first input is the earlier version of its result.
    updates = False

    def __init__(self, forward: Callable[..., Any], name: str = "", symbol: str = "") -> None:
        self._describe(forward, name, symbol)
        if self.name in Op.table:
            raise ValueError(f"an operation named {self.name!r} exists already")
        Op.table[self.name] = self

    def _describe(self, forward: Callable[..., Any], name: str, symbol: str) -> None:
        functools.update_wrapper(self, forward)
        self.forward = forward
        self.name = name or forward.__name__.strip("_")
        self.symbol = symbol or self.name
        self.rule: tuple[Rule, ...] = ()
        self.variadic_rule: Rule | None = None
        parameters = inspect.signature(forward).parameters.values()
        self.arity = sum(p.kind is p.POSITIONAL_ONLY for p in parameters)
        self.variadic = any(p.kind is p.VAR_POSITIONAL for p in parameters)
        named = [p for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
        self.param_names = tuple(p.name for p in named)
        self.defaults = {p.name: p.default for p in named if p.default is not p.empty}

    def rules(self, *rules: Rule) -> None:
        """State the derivative rule of each input, in order."""
        if self.variadic:
            (self.variadic_rule,) = rules
            return
        if len(rules) != self.arity:
            raise ValueError(f"{self.name} has {self.arity} inputs but was given {len(rules)} rules")
        self.rule = rules

    def rules_for(self, inputs: tuple[Node, ...]) -> tuple[Rule, ...]:
        """Return one rule per input."""
        if self.rule:
            return self.rule
        if self.variadic_rule is None:
            raise TypeError(
                f"{self.name} has no derivative rules: state one for each input with {self.name}.rules(...)"
            )
        return tuple(functools.partial(self.variadic_rule, index=i) for i in range(len(inputs)))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Compute, and record the result if an input is a node."""
        lists = False
        for x in args:
            if isinstance(x, Node):
                return self.apply(*self.bind(args, kwargs))
            lists = lists or not hasattr(x, "dtype")
        if lists:
            inputs, params = self.bind(args, kwargs)
            return self.forward(*[self.data_of(x) for x in inputs], **params)
        return self.forward(*args, **kwargs)

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], Mapping[str, Any]]:
        """Tell inputs from parameters, and fill in the parameters' defaults."""
        if not self.param_names:
            if kwargs:
                raise TypeError(f"{self.name}() got an unexpected argument {next(iter(kwargs))!r}")
            return args, _NO_PARAMS
        if self.variadic:
            return args, {**self.defaults, **kwargs}
        if len(args) == self.arity and not kwargs and len(self.defaults) == len(self.param_names):
            return args, self.defaults
        given = dict(zip(self.param_names, args[self.arity :]))
        params = {**self.defaults, **given, **kwargs}
        if len(args) < self.arity or len(params) != len(self.param_names):
            try:
                inspect.signature(self.forward).bind(*args, **kwargs)
            except TypeError as error:
                raise TypeError(f"{self.name}(): {error}") from None
        return args[: self.arity], params

    def apply(self, inputs: tuple[Any, ...], params: Mapping[str, Any]) -> Any:
        """Compute on the inputs' data and record the result."""
        return record(self, self.forward(*[self.data_of(x) for x in inputs], **params), inputs, params)

    def data_of(self, x: Any) -> Any:
        """Return the plain data of an input, as an array unless the operation acts on single numbers too."""
        data = x._data if isinstance(x, Node) else plain(x)
        return data if self.elementwise or hasattr(data, "dtype") else as_array(data)

    def __repr__(self) -> str:
        return f"<operation {self.name}>"


# ------------------------------------------------------------------------------------------- walking back


def inputs_of(node: Node) -> tuple[Node, ...]:
    """Return the inputs as they were when ``node`` read them.

    A node that was updated since (``t[i] = v``) leads to its own earlier version; a leaf that was
    overwritten has none.

    Raises
    ------
    RuntimeError
        If an input's data was changed in place after ``node`` was recorded.
    """
    number = node.number
    for x in node.inputs:
        if x.number > number:
            return tuple([_version_before(x, node) for x in node.inputs])
    return node.inputs


def _version_before(x: Node, reader: Node) -> Node:
    current = x
    while current.number > reader.number:
        if current.op is None or not current.op.updates:
            name = f" {x.label!r}" if x.label else ""
            raise RuntimeError(
                f"the data of an input{name} of {reader.op.name if reader.op else 'a leaf'!r} was changed in place "
                "after it was read, so its derivative can no longer be computed; run the forward pass again"
            )
        current = current.inputs[0]
    return current


def point_to_versions(node: Node) -> None:
    """After an in-place update, let the trail of what was written lead to the versions of ``node`` it read.

    The trail may have read ``node`` itself; left as it was, the updated node would lead back to itself.
    """
    versions = {node}
    current = node
    while current.op is not None and current.op.updates:
        current = current.inputs[0]
        versions.add(current)
    todo = list(node.inputs[1:])
    seen = set(versions)
    while todo:
        reader = todo.pop()
        if reader in seen or reader.number <= current.number:
            continue
        seen.add(reader)
        reader.inputs = inputs_of(reader)
        todo.extend(reader.inputs)


def backward_order(root: Node, stop: frozenset[Node] = frozenset()) -> list[Node]:
    """Return the computed nodes that lead to ``root``, each before its inputs.

    Parameters
    ----------
    root : Node
        Where to begin.
    stop : frozenset of Node
        Nodes to treat as leaves. Nodes recorded before all of them cannot depend on them and are left out.

    Returns
    -------
    list of Node
        Only nodes that require gradients and have an operation.
    """
    floor = min([x.number for x in stop]) if stop else -1
    seen = {root}
    todo = [root]
    order = []
    while todo:
        node = todo.pop()
        if node.op is None or node.number < floor or node in stop:
            continue
        order.append(node)
        for x in inputs_of(node):
            if x._tracked and x not in seen:
                seen.add(x)
                todo.append(x)
    order.sort(key=_by_number, reverse=True)
    return order


def backprop(
    root: Node,
    seed: Any,
    *,
    create_graph: bool = False,
    keep: bool = False,
    stop: frozenset[Node] = frozenset(),
) -> dict[Node, Any]:
    """Walk back from ``root`` and return gradients, without touching any node.

    Parameters
    ----------
    root : Node
        The result that is differentiated.
    seed : number, array or Node
        The gradient of ``root`` itself, usually 1.
    create_graph : bool
        Record the walk, so that the gradients are nodes and can be differentiated again.
    keep : bool
        Return the gradients of computed nodes too, not only those of leaves.
    stop : frozenset of Node
        Nodes to treat as leaves.

    Returns
    -------
    dict
        Node to gradient: plain numbers and arrays, or nodes under ``create_graph``.
    """
    walk = Walk(root, seed, create_graph, keep, stop)
    table = walk.table
    for nodes, gradients in walk.kept:
        table.update(zip(nodes, gradients))
    table.pop(None, None)  # the empty places in windows
    return table


class Walk:
    """One walk back, from the newest node to the oldest.

    Every reader of a node is newer than the node, so in this order all of a node's gradients have arrived before
    their sum is handed on. Numbers follow each other closely. So a *window*, a list with one place per number,
    newest first, keeps the order without any sorting: a gradient is put in its node's place, and the places are
    visited one after another. What is older than the window waits in ``table``, and its numbers in a heap.

    Attributes
    ----------
    table : dict
        Node to gradient: of leaves, and of nodes older than the window.
    kept : list
        The windows that have been visited, as pairs of lists (nodes, gradients), if gradients are to be kept.
    """

    #: Places in the first window; the next is four times as long, to a limit, where nodes lie close.
    FIRST, LONGEST = 8, 8192

    #: NumPy's error state of this walk, once it is wanted.
    quiet: Any = None

    def __init__(
        self, root: Node, seed: Any, create_graph: bool, keep: bool, stop: frozenset[Node] = frozenset()
    ) -> None:
        self.create_graph, self.keep, self.stop = create_graph, keep, stop
        self.floor = min([x.number for x in stop]) if stop else -1
        self.table: dict[Any, Any] = {}
        self.kept: list[tuple[list[Any], list[Any]]] = []
        self.older: list[tuple[int, Node]] = []  # a heap of (-number, node)
        self.guarded = False
        self.top = root.number
        self.nodes: list[Any] = [root] + [None] * (self.FIRST - 1)
        self.gradients: list[Any] = [seed] + [None] * (self.FIRST - 1)
        try:
            self.visit()
            while self.older:
                self.next_window()
                self.visit()
        finally:
            if self.quiet is not None:
                self.quiet.__exit__(None, None, None)

    def next_window(self) -> None:
        """Begin a window at the newest node that waits."""
        older, last = self.older, len(self.nodes)
        near = self.top + older[0][0] < 2 * last
        size = min(4 * last, self.LONGEST) if near else self.FIRST  # an empty place costs time too
        self.top = top = -older[0][0]
        nodes: list[Any] = [None] * size
        gradients: list[Any] = [None] * size
        self.nodes, self.gradients = nodes, gradients
        while older and top + older[0][0] < size:
            minus_number, node = heappop(older)
            nodes[top + minus_number] = node
            gradients[top + minus_number] = self.table.pop(node)

    def send(self, x: Node, d: Any) -> None:
        """Let a gradient arrive at a node, wherever its place is."""
        place = self.top - x.number
        if place < len(self.nodes):
            if self.nodes[place] is None:
                self.nodes[place] = x
                self.gradients[place] = d
            else:
                self.gradients[place] = self.gradients[place] + d
        elif x in self.table:
            self.table[x] = self.table[x] + d
        else:
            self.table[x] = d
            if x.op is not None and x.number >= self.floor and x not in self.stop:
                heappush(self.older, (-x.number, x))

    def visit(self) -> None:
        """Hand on every gradient in the window, among them those that arrive meanwhile."""
        nodes, gradients, table, top, size = self.nodes, self.gradients, self.table, self.top, len(self.nodes)
        keep, send = self.keep, self.send
        plain_walk = not (self.create_graph or self.stop or on_gradient)
        if keep:
            self.kept.append((nodes, gradients))
        for node, g in zip(nodes, gradients):
            if node is None:
                continue
            op = node.op
            if op is None or not plain_walk or not op.flat or node.notes is not None or self.guarded:
                self.hand_on(node, g)
                continue
            # The usual case, written out twice: a call for each edge would cost as much as all the rest.
            x, y, number = node._x, node._y, node.number
            if x.number > number or (y is not None and y.number > number):
                self.hand_on(node, g)
                continue
            if not keep:
                gradients[top - number] = None  # it may be large
            if g.__class__ is not float and op.poles and self.quiet is None:
                self.hush()
            try:
                if y is None:
                    dx, dy = op.rule[0](g, node._data, x._data), None
                else:
                    rule_x, rule_y = op.rule
                    dx = rule_x(g, node._data, x._data, y._data) if x._tracked else None
                    dy = rule_y(g, node._data, x._data, y._data) if y._tracked else None
            except ArithmeticError:
                self.hand_on(node, g)
                continue
            if dx is not None:
                if dx.__class__ is not float:
                    dx = x.fit(dx)
                place = top - x.number
                if place >= size:
                    if x.op is None:
                        table[x] = table[x] + dx if x in table else dx
                    else:
                        send(x, dx)
                elif (arrived := gradients[place]) is None:
                    nodes[place], gradients[place] = x, dx
                else:
                    gradients[place] = arrived + dx
            if dy is not None:
                if dy.__class__ is not float:
                    dy = y.fit(dy)
                place = top - y.number
                if place >= size:
                    if y.op is None:
                        table[y] = table[y] + dy if y in table else dy
                    else:
                        send(y, dy)
                elif (arrived := gradients[place]) is None:
                    nodes[place], gradients[place] = y, dy
                else:
                    gradients[place] = arrived + dy

    def hand_on(self, node: Node, g: Any) -> None:
        """Hand a node's gradient on to its inputs: every case."""
        table, place = self.table, self.top - node.number
        op: Any = node.op
        if op is None or node in self.stop or node.number < self.floor:
            self.nodes[place] = self.gradients[place] = None
            table[node] = table[node] + g if node in table else g
            return
        retain = False
        if node.notes is not None:
            retain = "retain" in node.notes
            if "hooks" in node.notes:
                g = self.gradients[place] = run_hooks(node, g)
        if not self.keep:
            self.gradients[place] = None  # it may be large
            if retain:
                table[node] = g
        if op.masks:
            self.guarded = True
        if op.poles and self.quiet is None:
            self.hush()
        inputs = inputs_of(node)
        if op.joint is not None:
            for x, d in zip(inputs, op.joint(g, node)):
                if x._tracked and d is not None:
                    self.send(x, d)
            return
        if self.create_graph:
            args = (g, node, *[x if x._tracked else x._data for x in inputs])
        else:
            args = (g, node._data, *[x._data for x in inputs])
        params = node.params
        for x, rule in zip(inputs, op.rule or op.rules_for(inputs)):
            if x._tracked:
                try:
                    d = rule(*args, **params) if params else rule(*args)
                except ArithmeticError:  # a pole: IEEE has an answer where Python's floats raise
                    d = rule(*[np.float64(v) if type(v) is float else v for v in args], **params)
                if self.guarded and op.elementwise:
                    d = _zero_where_masked(g, d)
                d = _fitted(x, d, op)
                if on_gradient:
                    for watch in on_gradient:
                        watch(node, x, d)
                self.send(x, d)

    def hush(self) -> None:
        """Let NumPy be quiet until the walk ends: an infinite derivative is an answer, not an accident."""
        self.quiet = np.errstate(all="ignore")
        self.quiet.__enter__()


def _fitted(x: Node, d: Any, op: Op) -> Any:
    """A derivative in the form of the input that it belongs to."""
    try:
        return x.fit(d)
    except (TypeError, ValueError, AttributeError) as error:
        shape = "None" if d is None else f"shape {np.shape(getattr(d, '_data', d))}"
        raise ValueError(
            f"the derivative rule of {op.name} gave {shape} for an input of shape {np.shape(x._data)}"
        ) from error


def _zero_where_masked(g: Any, d: Any) -> Any:
    """Keep a gradient of zero at zero even through an infinite derivative.

    0 * inf is NaN, but a branch that ``where`` did not take has no influence at all.
    """
    data = d._data if isinstance(d, Node) else d
    if np.isfinite(np.sum(data)):
        return d
    return Op.table["where"](0.0, d, condition=g == 0)


def run_hooks(node: Node, g: Any) -> Any:
    """Let the node's hooks see, and perhaps replace, its gradient."""
    for hook in list((node.notes or {})["hooks"].values()):
        replaced = hook(g)
        if replaced is not None:
            g = node.fit(replaced)
    return g


#: Held while gradients are added to ``.grad``, so that threads may share leaves.
_accumulating = threading.Lock()


def accumulate(gradients: Iterable[tuple[Node | None, Any]]) -> None:
    """Add gradients to the ``.grad`` of their nodes."""
    with _accumulating:
        for node, g in gradients:
            if node is None:
                continue
            if g.__class__ is not float:
                node.accumulate(g)
            elif node._grad is None:
                node._grad = g
            else:
                node._grad = node._grad + g
