"""Graphs of plain numbers: arithmetic of Values, and the backward pass through it, written out.

Scalar networks consist of sums, products and relu of Values. There the arithmetic is nothing, and all the time goes
into calls and into keeping order. So the commonest operators are written out here, and the backward pass keeps the
order of nodes in a list with a place for each number instead of a heap.
"""

from __future__ import annotations

import functools
from heapq import heappop, heappush
from math import isfinite
from typing import Any

from ...common.seam import backward_passes
from ..arithmetic import binary
from ..core.backward import is_inner, oldest_of
from ..core.node import NO_PARAMS, Constant, Node, clock, on_gradient, on_record
from ..core.op import Op
from ..core.recording import open_blocks
from ..ops import elementwise as ew
from ..ops.elementwise import Elementwise
from ..value import Value

_add, _multiply = ew.add, ew.multiply
_new = object.__new__

#: Places in the first window; the next is four times as long, to a limit, where nodes lie close.
FIRST, LONGEST = 4, 8192


def install() -> None:
    """Replace operators of ``Value``, and put the backward pass in front of the general one."""
    pairs = (("add", ew.add), ("sub", ew.subtract), ("mul", ew.multiply), ("truediv", ew.divide), ("pow", ew.power))
    for name, op in pairs:
        setattr(Value, f"__{name}__", lambda self, other, op=op: number_binary(op, self, other))
        setattr(Value, f"__r{name}__", lambda self, other, op=op: number_binary(op, other, self))
    for name, method in (("__add__", add), ("__mul__", multiply), ("relu", relu)):
        setattr(Value, name, method)
    for name in ("exp", "log", "sqrt", "sin", "cos", "tanh", "sigmoid"):
        setattr(Value, name, _unary_method(getattr(ew, name), getattr(Value, name)))
    backward_passes.append(number_pass)


# -------------------------------------------------------------------------------------------------- operators


def add(self: Value, other: Any) -> Any:
    """Return the sum."""
    if other.__class__ is not Value or not (self._tracked and other._tracked) or open_blocks or on_record:
        return number_binary(_add, self, other)
    node = _new(Value)
    node._plain = self._plain + other._plain
    node._grad = node.notes = None
    node.op = _add
    node._x = self
    node._y = other
    node.params = NO_PARAMS
    node._tracked = True
    node.number = clock()
    return node


def multiply(self: Value, other: Any) -> Any:
    """Return the product."""
    if other.__class__ is not Value or not (self._tracked and other._tracked) or open_blocks or on_record:
        return number_binary(_multiply, self, other)
    node = _new(Value)
    node._plain = self._plain * other._plain
    node._grad = node.notes = None
    node.op = _multiply
    node._x = self
    node._y = other
    node.params = NO_PARAMS
    node._tracked = True
    node.number = clock()
    return node


def relu(self: Value) -> Value:
    """Return x where it is positive, else 0."""
    if not self._tracked or open_blocks or on_record:
        return ew.relu(self)
    data = self._plain
    return _recorded(0.0 if data <= 0 else data, ew.relu, self)


def _unary_method(op: Elementwise, definition: Any) -> Any:
    """Return the method for an operation of one number."""

    @functools.wraps(definition)
    def method(self: Value) -> Any:
        if self.__class__ is not Value or not self._tracked or open_blocks or on_record:
            return op(self)
        try:
            data = op.scalar(self._plain)
        except (ArithmeticError, ValueError):
            data = op.forward(self._plain)
        return _recorded(data, op, self)

    return method


def number_binary(op: Elementwise, x: Any, y: Any) -> Any:
    """Apply an operation to two Values, or to a Value and a number."""
    if x.__class__ is not Value:
        if x.__class__ is not float and x.__class__ is not int:
            return binary(op, x, y)
        x = Constant(float(x))
    elif y.__class__ is not Value:
        if y.__class__ is not float and y.__class__ is not int:
            return binary(op, x, y)
        y = Constant(float(y))
    if open_blocks or on_record or not (x._tracked or y._tracked):
        return op.apply((x, y), NO_PARAMS)
    try:
        data = op.scalar(x._plain, y._plain)
    except (ArithmeticError, ValueError):
        data = op.forward(x._plain, y._plain)
    return _recorded(data, op, x, y)


def _recorded(data: float, op: Op, x: Node, y: Node | None = None) -> Value:
    """Return a computed Value."""
    node = _new(Value)
    node._plain = data
    node._grad = node.notes = None
    node.op = op
    node._x = x
    node._y = y
    node.params = NO_PARAMS
    node._tracked = True
    node.number = clock()
    return node


# ---------------------------------------------------------------------------------------------- backward pass


def number_pass(
    root: Node, grad_output: Any, create_graph: bool, keep: bool, stop: frozenset[Node], answers: Any
) -> Any:
    """Propagate a gradient through a graph of plain numbers.

    Every reader of a node is newer than the node, so in the order of their numbers all of a node's gradients have
    arrived before their sum is propagated. Numbers follow each other closely. So a *window*, a list with one place per
    number, newest first, keeps this order without any sorting; nodes that are older than the window wait in a heap.

    Returns
    -------
    iterable of (Node, gradient), or NotImplemented
        NotImplemented if something is out of the ordinary: arrays, a pole, a gradient that is not finite, changed
        data, an observer. (Values have no hooks.)
    """
    if create_graph or on_gradient or grad_output.__class__ is not float or root._plain.__class__ is not float:
        return NotImplemented
    oldest = oldest_of(stop)
    nodes: list[Node] = []
    gradients: list[float] = []
    waiting = {root: grad_output}
    older = [(-root.number, root)]
    top, size = root.number, 0
    try:
        while older:
            near = top + older[0][0] < 2 * size
            size = min(4 * size, LONGEST) if near else FIRST  # an empty place costs time too
            top = -older[0][0]
            window: list[Any] = [None] * size
            arrived: list[float | None] = [None] * size
            while older and top + older[0][0] < size:
                place, node = top + older[0][0], heappop(older)[1]
                window[place], arrived[place] = node, waiting.pop(node)
            if not _through_window(window, arrived, top, older, waiting, nodes, gradients, stop, oldest):
                return NotImplemented
    except ArithmeticError:
        return NotImplemented
    nodes += waiting
    gradients += waiting.values()
    if not isfinite(sum(gradients)):
        return NotImplemented
    if keep:
        return zip(nodes, gradients)
    return [(x, g) for x, g in zip(nodes, gradients) if not is_inner(x, stop, oldest)]


def _through_window(
    window: list[Any],
    arrived: list[Any],
    top: int,
    older: list[tuple[int, Node]],
    waiting: dict[Node, float],
    nodes: list[Node],
    gradients: list[float],
    stop: frozenset[Node],
    oldest: int,
) -> bool:
    """Propagate through the nodes in a window whose first place has number ``top``; False if one is unusual.

    What arrives at nodes in the window stands in ``arrived``, at the node's place; at older ones, in ``waiting``.
    """
    oldest_here, free, gaps = top - len(window) + 1, not stop, False
    for node, g in zip(window, arrived):
        if g is None:
            gaps = True
            continue
        op = node.op
        if op is None or not (free or is_inner(node, stop, oldest)):
            if op is None and node in waiting:  # a leaf, which is not in the heap, from a reader in an earlier window
                arrived[top - node.number] = g + waiting.pop(node)
            continue
        x, y, number = node._x, node._y, node.number
        if op is _add:
            dx = dy = g
        elif op is _multiply:
            dx, dy = g * y._plain, g * x._plain
        elif not (op.elementwise and op.rule) or op.user_defined or node.params:
            return False
        else:
            if y is None:
                if x.__class__ is tuple:  # more than two inputs
                    return False
                dx = dy = op.rule[0](g, node._plain, x._plain)
            else:
                pairs = zip(op.rule, (x, y))
                dx, dy = [rule(g, node._plain, x._plain, y._plain) if z._tracked else g for rule, z in pairs]
            if not (dx.__class__ is dy.__class__ is float):
                return False
        # The two inputs are written out: a loop would cost as much as the rest.
        if x._tracked:
            if (its_number := x.number) < oldest_here:
                if (sum_so_far := waiting.get(x)) is None:
                    waiting[x] = dx
                    if x.op is not None:
                        heappush(older, (-its_number, x))
                else:
                    waiting[x] = sum_so_far + dx
            elif its_number >= number:
                return False  # its data was changed since it was read
            elif (sum_so_far := arrived[place := top - its_number]) is None:
                window[place] = x
                arrived[place] = dx
            else:
                arrived[place] = sum_so_far + dx
        if y is not None and y._tracked:
            if (its_number := y.number) < oldest_here:
                if (sum_so_far := waiting.get(y)) is None:
                    waiting[y] = dy
                    if y.op is not None:
                        heappush(older, (-its_number, y))
                else:
                    waiting[y] = sum_so_far + dy
            elif its_number >= number:
                return False
            elif (sum_so_far := arrived[place := top - its_number]) is None:
                window[place] = y
                arrived[place] = dy
            else:
                arrived[place] = sum_so_far + dy
    if not gaps:  # one append per node would be a twentieth of the time
        nodes += window
        gradients += arrived
        return True
    for node, g in zip(window, arrived):
        if g is not None:
            nodes.append(node)
            gradients.append(g)
    return True
