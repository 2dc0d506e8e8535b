"""The walk back: from a result to where it began, handing gradients on by the operations' rules."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from contextvars import copy_context
from heapq import heappop, heappush
from math import isfinite
from operator import attrgetter
from typing import Any

import numpy as np

from ...common.fork import renewed
from ..fast.scalar_graphs import floor_of, walk_numbers
from .node import Node, Notes, data_of, on_gradient, unwritable
from .op import Op

_by_number = attrgetter("number")


def inputs_of(node: Node) -> tuple[Node, ...]:
    """Return the inputs as they were when ``node`` read them.

    A node that was updated since (``t[i] = v``) leads to its own earlier version; a leaf that was
    overwritten has none.

    Raises
    ------
    RuntimeError
        If an input's data was changed in place after ``node`` was recorded.
    """
    number, inputs = node.number, node.inputs
    for x in inputs:
        if x.number > number:
            return tuple([_version_before(x, node) for x in inputs])
    return inputs


def _version_before(x: Node, reader: Node) -> Node:
    current = x
    while current.number > reader.number:
        memory = getattr(current, "_memory", None)
        if memory is None or memory.before is None:
            name = f" {x.label!r}" if x.label else ""
            raise RuntimeError(
                f"the data of an input{name} of {reader.op.name if reader.op else 'a leaf'!r} was changed in place "
                "after it was read, so its derivative can no longer be computed; run the forward pass again"
            )
        current = memory.before
    return current


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
    floor = floor_of(stop)
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
    found = walk_numbers(root, seed, stop) if seed.__class__ is float and not create_graph else None
    if found is not None:
        floor = floor_of(stop)
        return {x: g for x, g in zip(*found) if keep or x.op is None or x in stop or x.number < floor}
    walk = Walk(root, seed, create_graph, keep, stop, careful=create_graph or bool(on_gradient))
    if not walk.settled:
        walk = Walk(root, seed, create_graph, keep, stop, careful=True, answers=walk.answers)
    return walk.table


class Walk:
    """One walk back, from the newest node to the oldest.

    Every reader of a node is newer than the node, so in this order all of a node's gradients have arrived before
    their sum is handed on.

    What a choice (``where``, ``relu``, an index, ...) did not take has no influence, and its gradient is 0 even where
    its own derivative is infinite. A *careful* walk knows what was taken; that costs time. A usual one lets
    0 * inf = NaN happen, and if such a thing comes out after a choice, it is not *settled* and is to be repeated
    carefully. Code of the user is called once: hooks and user-defined rules see no gradient that may be wrong, and the
    careful walk takes over what they answered. Observers are there in careful walks only.

    Attributes
    ----------
    table : dict
        Node to gradient: what has arrived so far.
    taken : dict
        Node to array of bool: where a gradient that has arrived comes from something that was taken. A node that is
        not in it was taken everywhere.
    waiting : list
        The computed nodes that gradients have arrived at, as a heap of (-number, node): the newest comes first.
    chose : bool
        Whether some operation may have left out elements of its inputs.
    settled : bool
        Whether the table is right.
    answers : dict
        What hooks and user-defined rules answered in a usual walk, by their node.
    """

    #: The context outside of this walk, with NumPy's error state, once the walk has one of its own.
    noisy: Any = None
    #: What gives the walk an error state of its own.
    quiet: Any = None

    def __init__(
        self,
        root: Node,
        seed: Any,
        create_graph: bool,
        keep: bool,
        stop: frozenset[Node] = frozenset(),
        careful: bool = False,
        answers: dict[tuple[Node, str], Any] | None = None,
    ) -> None:
        self.create_graph, self.keep, self.stop, self.careful = create_graph, keep, stop, careful
        self.floor = floor_of(stop)
        self.table: dict[Node, Any] = {}
        self.taken: dict[Node, Any] = {}
        self.waiting: list[tuple[int, Node]] = []
        self.chose = False
        self.answers = answers or {}
        self.send(root, seed)
        try:
            try:
                self.settled = self.go() and (self.careful or not self.chose or _finite(self.table.values()))
            finally:
                if self.noisy is not None:
                    self.unhush()
        finally:
            if self.noisy is not None:  # the first time was interrupted
                self.unhush()

    def go(self) -> bool:
        """Hand on gradients until none waits; False if the walk should have been careful from the beginning."""
        waiting = self.waiting
        while waiting:
            node: Any = heappop(waiting)[1]
            if node.op.flat and not self.careful and self.hand_on_flat(node):
                continue
            if self.chose and not self.careful and _calls_the_user(node) and not _finite([self.table[node]]):
                return False
            self.hand_on(node)
        return True

    def send(self, x: Node, d: Any) -> None:
        """Let a gradient arrive at a node."""
        table = self.table
        if x in table:
            table[x] = table[x] + d
            return
        table[x] = d
        if x.op is not None and x.number >= self.floor and x not in self.stop:
            heappush(self.waiting, (-x.number, x))

    def hand_on_flat(self, node: Node) -> bool:
        """Hand on the gradient of one of the commonest operations; False if that takes more care."""
        op: Any = node.op
        y: Any = node._y
        x, params = node._x, node._told
        if params.__class__ is Notes or x.number > node.number or (y is not None and y.number > node.number):
            return False
        if op.poles:
            if node._plain.__class__ is float:
                return False
            if self.noisy is None:
                self.hush()
            if op.chooses:
                self.chose = True
        g, out, rules = self.table[node], node._plain, op.rule
        if not self.keep:
            del self.table[node]  # it may be large
        dx = dy = None
        if params:
            inputs = (x._plain,) if y is None else (x._plain, y._plain)
            if x._tracked:
                dx = rules[0](g, out, *inputs, **params)
            if y is not None and y._tracked:
                dy = rules[1](g, out, *inputs, **params)
        elif y is None:
            dx = rules[0](g, out, x._plain)
        else:
            if x._tracked:
                dx = rules[0](g, out, x._plain, y._plain)
            if y._tracked:
                dy = rules[1](g, out, x._plain, y._plain)
        if dx is not None:
            self.send(x, x.fit(dx))
        if dy is not None:
            self.send(y, y.fit(dy))
        return True

    def hand_on(self, node: Node) -> None:
        """Hand a node's gradient on to its inputs: every case."""
        op: Any = node.op
        g, params, keep = self.table[node], node._told, self.keep
        if params.__class__ is Notes:
            keep = keep or "retain" in params
            if "hooks" in params:
                g = self.table[node] = self.once((node, "hooks"), lambda: run_hooks(node, self.table[node]))
            params = params.params
        if not keep:
            del self.table[node]
        if op.poles and self.noisy is None:
            self.hush()
        self.chose = self.chose or op.chooses
        inputs, taken = inputs_of(node), self.taken.pop(node, None)
        gradients = None if op.fast_vjp is None else op.fast_vjp(g, node, inputs)
        if gradients is NotImplemented:
            gradients = None
        rules = op.rule or (op.rules_for(inputs) if gradients is None else (None,) * len(inputs))
        partial = self.careful and op.linear and (taken is not None or op.chooses)
        if partial and gradients is not None and not _finite(gradients):
            gradients = None  # one by one, rules can tell what was not taken
        if gradients is None:
            if self.create_graph:
                args = [g, node, *[x if x._tracked else x._plain for x in inputs]]
            else:
                args = [g, node._plain, *[x._plain for x in inputs]]
            if op.poles:  # where Python's floats raise, IEEE has an answer
                args = [np.float64(v) if v.__class__ is float else v for v in args]
            if op.foreign:
                args = [_shown(g), *[unwritable(v) for v in args[1:]]]

            def ask() -> list[Any]:
                return [rule(*args, **params) if x._tracked else None for x, rule in zip(inputs, rules)]

            gradients = self.once((node, "rules"), ask) if op.foreign else ask()
            if partial:
                pairs = zip(gradients, rules)
                gradients = [d if d is None else _past_infinity(d, taken, rule, args, params) for d, rule in pairs]
        for x, rule, d in zip(inputs, rules, gradients):
            if x._tracked and (d is not None or op.fast_vjp is None):
                self.arrive(node, x, d, rule, inputs, taken)

    def once(self, key: tuple[Node, str], ask: Callable[[], Any]) -> Any:
        """Return an answer of the user's code, asked for only if the usual walk has not."""
        if self.careful:
            return self.answers[key] if key in self.answers else ask()
        self.answers[key] = answer = ask()
        return answer

    def arrive(self, node: Node, x: Node, d: Any, rule: Any, inputs: tuple[Node, ...], taken: Any) -> None:
        """Bring a gradient into the form of an input, leave out what was not taken, and let it arrive there."""
        op: Any = node.op
        if taken is not None and op.elementwise and not op.exact:
            d = _only(taken, d)
        d = fitted(x, d, op)
        if self.careful:
            ends = x.op is None or x.number < self.floor or x in self.stop
            part = None
            if (taken is not None or op.chooses) and (op.lines or not ends):
                part = reach(taken, node, x, rule, inputs)
            if taken is not None and part is None and op.opaque and not self.create_graph:
                part = d != 0  # the best that can be known, and good enough where nobody differentiates again
            if part is not None and not (op.exact or op.elementwise):
                d = _only(part, d)
            self.mark(x, part)
            for watch in on_gradient:
                watch(node, x, unwritable(d))
        self.send(x, d)

    def mark(self, x: Node, part: Any) -> None:
        """Note what was taken of a node that a gradient is about to arrive at; None for all."""
        if x not in self.table:
            if part is not None:
                self.taken[x] = part
        elif x in self.taken:
            part = None if part is None else part | self.taken[x]
            if part is None or np.all(part):
                del self.taken[x]
            else:
                self.taken[x] = part

    def hush(self) -> None:
        """Let NumPy be quiet until the walk ends: an infinite derivative is an answer, not an accident."""
        self.noisy = copy_context()
        self.quiet = np.errstate(all="ignore")
        self.quiet.__enter__()

    def unhush(self) -> None:
        """Let NumPy be as it was before the walk."""
        try:
            self.quiet.__exit__(None, None, None)
        except (AttributeError, RuntimeError, TypeError):  # Ctrl-C came while it was entered or left: it has forgotten
            np.seterr(**self.noisy.run(np.geterr))
        self.noisy = None


def _calls_the_user(node: Node) -> bool:
    """Whether handing on the gradient of a node runs code that may do more than compute."""
    op: Any = node.op
    return op.foreign or (node._told.__class__ is Notes and "hooks" in node._told)


def _finite(gradients: Iterable[Any]) -> bool:
    """Whether all gradients are finite, or, as good as that, their sums; None is, too."""
    return all(g is None or isfinite(g if g.__class__ is float else _total(data_of(g))) for g in gradients)


def _total(g: Any) -> Any:
    """The sum of squares, which is found soonest; the sum, if that is too large."""
    squares = np.vdot(g, g)
    return squares if isfinite(squares) else np.add.reduce(g, None)


def fitted(x: Node, d: Any, op: Op) -> Any:
    """Return a gradient in the form of the data of ``x``; what is no gradient of it is refused."""
    try:
        return x.fit(d)
    except (TypeError, ValueError, AttributeError) as error:
        raise _misfit(op, d, x) from error


def _only(taken: Any, d: Any) -> Any:
    """Return a gradient where something was taken, 0 elsewhere."""
    return Op.table["where"](d, 0.0, condition=taken)


def _past_infinity(d: Any, taken: Any, rule: Any, args: list[Any], params: Any) -> Any:
    """Return a gradient that adds up products of gradients and factors, but without 0 * inf of what was not taken.

    ``d`` is what the rule gives of ``args``: the gradient of the result, the result, and the inputs.
    """
    finite = [np.isfinite(data_of(v)) for v in args[2:]]
    if all(np.all(f) for f in finite):
        return d
    where, (g, out, *inputs) = Op.table["where"], args
    safe = rule(g, out, *[where(v, 0.0, condition=f) for v, f in zip(inputs, finite)], **params)
    infinite = [(~f).astype(data_of(v).dtype) for v, f in zip(inputs, finite)]
    arriving = np.ones_like(data_of(g)) if taken is None else taken.astype(data_of(g).dtype)
    touched = rule(arriving, data_of(out), *infinite, **params) != 0
    return where(d, safe, condition=touched)


def reach(taken: Any, node: Node, x: Node, rule: Any, inputs: tuple[Node, ...]) -> Any:
    """Tell which elements of an input lead to those of a result that were taken.

    Parameters
    ----------
    taken : array of bool or None
        Which elements of the result; None for all.
    node : Node
        The result.
    x : Node
        The input.
    rule : callable
        Its derivative rule.
    inputs : tuple of Node
        All inputs, as they were read.

    Returns
    -------
    array of bool or None
        Of the shape of ``x``; None for all.
    """
    op: Any = node.op
    data, params = node._plain, node.params
    number = isinstance(data, float)
    ones = 1.0 if number else np.ones_like(data)
    gradient = ones if taken is None else taken * 1.0 if number else taken.astype(data.dtype)
    if op.exact:
        found = rule(gradient, data, *[i._plain for i in inputs], **params)
    elif op.linear:
        stand_ins = [1.0 if isinstance(i._plain, float) else np.ones_like(i._plain) for i in inputs]
        found = rule(gradient, ones, *stand_ins, **params)
    elif op.elementwise:
        found = gradient
    elif op.lines:
        found = op.lines(gradient, x._plain, params)
    else:
        return None if np.any(taken) else np.zeros_like(x._plain, dtype=bool)
    part = x.fit(found) != 0
    return None if np.all(part) else part


def _misfit(op: Op, d: Any, x: Node) -> ValueError:
    shape = "None" if d is None else f"shape {np.shape(getattr(d, '_plain', d))}"
    return ValueError(f"the derivative rule of {op.name} gave {shape} for an input of shape {np.shape(x._plain)}")


def run_hooks(node: Node, g: Any) -> Any:
    """Let the node's hooks see, and perhaps replace, its gradient."""
    for hook in list((node.notes or {})["hooks"].values()):
        shown = _shown(g)
        number = shown.number if isinstance(shown, Node) else 0
        try:
            replaced = hook(shown)
        except ValueError as error:
            if "read-only" in str(error):
                raise ValueError(_HOOK_WROTE) from error
            raise
        if isinstance(shown, Node) and shown.number != number:
            raise ValueError(_HOOK_WROTE)
        if replaced is not None:
            g = node.fit(replaced)
    return g


def _shown(g: Any) -> Any:
    """A gradient for code from outside, which cannot write into it, or only into a node of its own."""
    return Op.table["identity"](g) if isinstance(g, Node) else unwritable(g)


_HOOK_WROTE = (
    "a hook cannot change its gradient in place, since other nodes may get the same array: return a new one, such as "
    "g * 2 or np.clip(g, -1, 1)"
)


#: Held while gradients are added to ``.grad``, so that threads may share leaves.
_accumulating = threading.RLock()  # one that a signal handler or a destructor inside may take again


@renewed
def _renew_lock() -> None:
    global _accumulating
    _accumulating = threading.RLock()


def accumulate(gradients: Iterable[tuple[Node, Any]]) -> None:
    """Add gradients to the ``.grad`` of their nodes."""
    with _accumulating:
        for node, g in gradients:
            if node._grad is not None:
                node._grad = node._grad + g  # in an array of its own: others may hold either of them
            else:
                node._grad = g if g.__class__ is float else node.own(g)
