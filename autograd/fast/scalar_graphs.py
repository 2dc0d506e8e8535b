"""The walk back through a graph of plain numbers: the chain rule at its barest, and the way a ``Value`` goes.

It does what ``walk.py`` does, for graphs in which nothing is out of the ordinary: each node is an elementwise
operation of one or two numbers. In such graphs the arithmetic is nothing and all the time goes into keeping the books.
So what arrives at a node waits in the node itself, and nodes wait their turn in a list with a place for each number.
"""

from __future__ import annotations

from heapq import heappop, heappush
from math import isfinite
from typing import Any

from ...common.fork import renewed
from ..core.node import Node, on_gradient
from ..ops.elementwise import add, multiply

#: The walk that is under way, while gradients wait in nodes, as a list with its root: a second one at the same time
#: (another thread's) goes the general way. It is not a lock, since Ctrl-C may strike between taking a lock and noting
#: that it was taken; whose turn it is can always be seen here.
_walking: dict[str, list[Node]] = {}

#: Places in the first window; the next is four times as long, to a limit, where nodes lie close.
FIRST, LONGEST = 8, 8192


def floor_of(stop: frozenset[Node]) -> int:
    """Return the number below which no node can depend on any of ``stop``."""
    return min([x.number for x in stop], default=-1)


def walk_numbers(root: Node, seed: float, stop: frozenset[Node] = frozenset()) -> tuple[list[Node], list[float]] | None:
    """Walk back from ``root`` and return the nodes that a gradient has reached, newest first, with their gradients.

    Every reader of a node is newer than the node, so in the order of their numbers all of a node's gradients have
    arrived before their sum is handed on. Numbers follow each other closely. So a *window*, a list with one place per
    number, newest first, keeps this order without any sorting; nodes that are older than the window wait in a heap.

    Parameters
    ----------
    root : Node
        The result that is differentiated.
    seed : float
        The gradient of ``root`` itself, usually 1.
    stop : frozenset of Node
        Nodes to treat as leaves.

    Returns
    -------
    tuple or None
        None if something is out of the ordinary: arrays, a pole, a gradient that is not finite, changed data, a
        watcher. Then nothing has happened.
    """
    if root._plain.__class__ is not float or on_gradient or _walking:
        return None
    turn = [root]
    try:
        try:
            return _walk(turn, root, seed, stop) if _walking.setdefault("now", turn) is turn else None
        finally:
            _end(turn)
    finally:
        _end(turn)  # again: the first time may have been interrupted


def _walk(turn: list[Node], root: Node, seed: float, stop: frozenset[Node]) -> tuple[list[Node], list[float]] | None:
    """Walk window by window; `turn` is empty as soon as no gradient waits any more."""
    floor = floor_of(stop)
    older: list[tuple[int, Node]] = [(-root.number, root)]
    window: list[Node | None] = []
    reached: tuple[list[Node], list[float]] = [], []
    top, size = root.number, 0
    root._pending = seed
    try:
        while older:
            near = top + older[0][0] < 2 * size
            size = min(4 * size, LONGEST) if near else FIRST  # an empty place costs time too
            top = -older[0][0]
            window = [None] * size
            while older and top + older[0][0] < size:
                window[top + older[0][0]] = older[0][1]
                heappop(older)
            if not _walk_window(window, top, older, reached, stop, floor):
                break
        else:
            turn.clear()
            return reached if isfinite(sum(reached[1])) else None
    except ArithmeticError:
        pass
    for waiting in (*window, *[node for _, node in older]):
        if waiting is not None:
            waiting._pending = None
    turn.clear()
    return None


def _end(turn: list[Node]) -> None:
    """Let others have their turn; after an interruption, first take back what waits in the nodes."""
    if _walking.get("now") is turn:
        if turn:
            _forget(turn[0])
            turn.clear()
        del _walking["now"]


def _forget(root: Node) -> None:
    """Take back the gradients that wait in the nodes of a graph."""
    seen, todo = {root}, [root]
    while todo:
        node = todo.pop()
        node._pending = None
        fresh = [x for x in node.inputs if x not in seen]
        seen.update(fresh)
        todo += fresh


@renewed
def _forget_walk() -> None:
    """Take back what another thread's walk has left half done in its graph."""
    for turn in list(_walking.values()):
        _end(turn)


def _walk_window(
    window: list[Node | None],
    top: int,
    older: list[tuple[int, Node]],
    reached: tuple[list[Node], list[float]],
    stop: frozenset[Node],
    floor: int,
) -> bool:
    """Hand on the gradients of the nodes in a window whose first place has number ``top``; False if one is unusual."""
    nodes, gradients = reached
    size, free = len(window), not stop
    g: Any
    y: Any
    for node in window:
        if node is None:
            continue
        op, g = node.op, node._pending
        if op is not None and (free or node.number >= floor and node not in stop):
            # Sum and product, and both inputs, are written out: a call would cost as much as all the rest.
            x, y = node._x, node._y
            if op is add:
                dx = dy = g
            elif op is multiply:
                dx, dy = g * y._plain, g * x._plain
            elif not op.numeric:
                return False
            else:
                if y is None:
                    dx = dy = op.rule[0](g, node._plain, x._plain)
                else:
                    dx, dy = [
                        rule(g, node._plain, x._plain, y._plain) if z._tracked else g
                        for rule, z in zip(op.rule, (x, y))
                    ]
                if not (dx.__class__ is dy.__class__ is float):
                    return False
            if x._tracked:
                if (arrived := x._pending) is not None:
                    x._pending = arrived + dx
                elif (number := x.number) > node.number:
                    return False
                else:
                    x._pending = dx
                    if (place := top - number) < size:
                        window[place] = x
                    else:
                        heappush(older, (-number, x))
            if y is not None and y._tracked:
                if (arrived := y._pending) is not None:
                    y._pending = arrived + dy
                elif (number := y.number) > node.number:
                    return False
                else:
                    y._pending = dy
                    if (place := top - number) < size:
                        window[place] = y
                    else:
                        heappush(older, (-number, y))
        node._pending = None
        nodes.append(node)
        gradients.append(g)
    return True
