"""The backward pass: from a result to the leaves, propagating gradients by the operations' rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from typing import Any

import numpy as np

from ...common.plain_data import unwritable
from ...common.quiet import quiet
from ...common.seam import backward_passes
from .node import Node, on_gradient
from .op import Op


def backprop(root: Node, grad_output: Any, **options: Any) -> dict[Node, Any]:
    """Return the table of gradients that :func:`propagate` gives, with its options."""
    return dict(propagate(root, grad_output, **options))


def propagate(
    root: Node,
    grad_output: Any,
    *,
    create_graph: bool = False,
    keep: bool = False,
    stop: frozenset[Node] = frozenset(),
) -> Iterable[tuple[Node, Any]]:
    """Propagate a gradient from ``root`` back to the leaves, without changing any node.

    Nodes are visited from the newest to the oldest. Every reader of a node is newer than the node, so all of a node's
    gradients have arrived before their sum is propagated to its inputs.

    Parameters
    ----------
    root : Node
        The result that is differentiated.
    grad_output : number, array or Node
        The gradient of ``root`` itself, usually 1.
    create_graph, keep : bool
        Record the pass, so that the gradients are nodes themselves; return those of computed nodes too.
    stop : frozenset of Node
        Nodes to treat as leaves. Nodes recorded before all of them cannot depend on them and are leaves, too.

    Returns
    -------
    iterable of (Node, gradient)
        Each node once; gradients are plain numbers and arrays, or nodes under ``create_graph``.
    """
    answers: dict[Any, Any] = {}  # of user-defined code, which is called once, though a fast pass may have failed
    for fast_pass in backward_passes:
        found = fast_pass(root, grad_output, create_graph, keep, stop, answers)
        if found is not NotImplemented:
            return found  # type: ignore[no-any-return]
    oldest = oldest_of(stop)
    gradients: dict[Node, Any] = {root: grad_output}
    masks: dict[Node, Any] = {root: None}  # node to array of bool: what choices took of it; None for all
    waiting = [(-root.number, root)] if is_inner(root, stop, oldest) else []
    with quiet():  # an infinite derivative is an answer
        while waiting:
            node = heappop(waiting)[1]
            g, notes = gradients[node], node.notes or {}
            if "hooks" in notes:
                g = gradients[node] = answers[node] if node in answers else notes["hooks"].run(node, g)
            if not (keep or "retain" in notes):
                del gradients[node]
            for x, d, mask in input_gradients(node, g, masks.pop(node), create_graph, answers):
                for watch in tuple(on_gradient):  # another thread may end its own
                    watch(node, x, unwritable(d))
                if x not in gradients:
                    gradients[x], masks[x] = d, mask
                    if is_inner(x, stop, oldest):
                        heappush(waiting, (-x.number, x))
                else:
                    gradients[x] = gradients[x] + d
                    masks[x] = None if mask is None or masks[x] is None else masks[x] | mask
    return gradients.items()


def oldest_of(stop: frozenset[Node]) -> int:
    """Return the number below which no node can depend on any of ``stop``."""
    return min([x.number for x in stop]) if stop else -1


def is_inner(x: Node, stop: frozenset[Node], oldest: int) -> bool:
    """Return whether gradients are propagated through a node, rather than ending there."""
    return x.op is not None and x.number >= oldest and x not in stop


def input_gradients(
    node: Node, g: Any, mask: Any, create_graph: bool, answers: dict[Any, Any]
) -> Iterator[tuple[Node, Any, Any]]:
    """Yield each input that requires gradients, its gradient, and its mask: what was taken of it, None for all."""
    op: Any = node.op
    inputs = inputs_of(node)
    masked = mask is not None or op.chooses
    if op.fast_vjp is not None and not masked and not isinstance(g, Node):
        found = fast_gradients(node, g, inputs)
        if found is not NotImplemented:
            yield from [(x, d, None) for x, d in found]
            return
    args = arguments(node, g, inputs, create_graph)
    for place, (x, rule) in enumerate(zip(inputs, op.rules_for(inputs))):
        if not x._tracked:
            continue
        d = answers[node, place] if (node, place) in answers else rule(*args, **node.params)
        part = None
        if masked:
            from ..ops.masks import leave_out

            d, part = leave_out(d, node, x, rule, args, inputs, mask)
        yield x, fitted(x, d, op), part


def fast_gradients(node: Node, g: Any, inputs: tuple[Node, ...]) -> Any:
    """Return pairs of an input and its gradient, as the operation's quicker way gives them, or NotImplemented."""
    op: Any = node.op
    wanted = tuple([x._tracked for x in inputs])
    found = op.fast_vjp(g, node._plain, *[x._plain for x in inputs], wanted=wanted, **node.params)
    if found is NotImplemented:
        return found
    return [(x, fitted(x, d, op)) for x, d in zip(inputs, found) if x._tracked and d is not None]


def arguments(node: Node, g: Any, inputs: tuple[Node, ...], create_graph: bool = False) -> list[Any]:
    """Return what derivative rules are called with: the gradient of the result, the result, and the inputs."""
    op: Any = node.op
    values = [x if create_graph and x._tracked else x._plain for x in inputs]
    if not op.elementwise:
        values = [np.asarray(x) if x.__class__ is float else x for x in values]
    args = [g, node if create_graph else node._plain, *values]
    if op.poles:  # where Python's floats raise, IEEE has an answer
        args = [np.float64(v) if v.__class__ is float else v for v in args]
    return [shown(args[0]), *[unwritable(v) for v in args[1:]]] if op.user_defined else args


def inputs_of(node: Node) -> tuple[Node, ...]:
    """Return the inputs as they were when ``node`` read them; RuntimeError if one was overwritten since.

    A tensor that was updated since (``t[i] = v``) has its own earlier version; a leaf that was overwritten has none.
    """
    number, inputs = node.number, node.inputs
    for x in inputs:
        if x.number > number:
            return tuple([x.version_before(node) for x in inputs])
    return inputs


def fitted(x: Node, d: Any, op: Op) -> Any:
    """Return a gradient in the form of the data of ``x``; what is no gradient of it is refused."""
    try:
        return x.fit_gradient(d)
    except (TypeError, ValueError, AttributeError) as error:
        gave = "None" if d is None else f"shape {np.shape(getattr(d, '_plain', d))}"
        text = f"the derivative rule of {op.title} gave {gave} for an input of shape {np.shape(x._plain)}"
        raise ValueError(text) from error


def shown(g: Any) -> Any:
    """Return a gradient for user-defined code, which cannot write into it, or only into a node of its own."""
    return Op.table["identity"](g) if isinstance(g, Node) else unwritable(g)
