"""The backward pass of a function that is traced: its derivative rules become instructions, too."""

from __future__ import annotations

from heapq import heappop, heappush
from typing import Any

import numpy as np

from ...common.plain_data import unwritable
from ...common.seam import backward_passes
from ..batched import Batched
from ..core.backward import fitted, inputs_of, is_inner, oldest_of, shown
from ..core.node import Node, current_trace, data_of, on_gradient
from ..core.op import PlainFunction
from ..tensor import Tensor
from .rule_templates import RuleTemplates


def install() -> None:
    """Put the pass in front of all others."""
    backward_passes.insert(0, traced_pass)


def traced_pass(
    root: Node, grad_output: Any, create_graph: bool, keep: bool, stop: frozenset[Node], answers: dict[Any, Any]
) -> Any:
    """Propagate a gradient back to the leaves, as ``backward.py`` does, with stand-ins for plain data.

    No masks are kept of what choices took. Where that matters, a gradient is not finite; that all are finite is a
    condition of the program.

    Returns
    -------
    iterable of (Node, gradient), or NotImplemented
        NotImplemented if nothing is traced, or if a gradient behind a choice is not finite.
    """
    trace = current_trace()
    if trace is None:
        return NotImplemented
    if on_gradient:
        trace.fail("is watched by an observer of gradients")
        return NotImplemented
    oldest, chose, first = oldest_of(stop), False, len(trace.variables)
    templates = RuleTemplates(trace, lambda node, g: _input_gradients(node, g, create_graph), create_graph)
    gradients: dict[Node, Any] = {root: grad_output}
    waiting = [(-root.number, root)] if is_inner(root, stop, oldest) else []
    while waiting:
        node: Any = heappop(waiting)[1]
        g = gradients[node]
        if not node.op.portable:
            trace.fail(f"differentiates a result of {node.op.title} that was computed before")
            return NotImplemented
        if node.notes and "hooks" in node.notes:
            trace.fail("calls a hook of a gradient")
            return NotImplemented
        if not (keep or (node.notes and "retain" in node.notes)):
            del gradients[node]
        chose = chose or node.op.chooses
        for x, d in templates.input_gradients(node, g):
            if x in gradients:
                gradients[x] = templates.sum(gradients[x], d)
            else:
                gradients[x] = d
                if is_inner(x, stop, oldest):
                    heappush(waiting, (-x.number, x))
    gradients = {x: templates.heavy(g) for x, g in gradients.items()}
    if chose and not trace.are_finite(gradients.values()):
        trace.fail("has a gradient that is not finite, behind a choice", only_now=True)
        return NotImplemented
    trace.pulled_back.append((first, len(trace.variables)))
    return gradients.items()


def _input_gradients(node: Any, g: Any, create_graph: bool) -> list[tuple[Node, Any]]:
    """Return the inputs that require gradients, with their gradients."""
    op, inputs = node.op, inputs_of(node)
    if not create_graph and op.fast_vjp is not None and not isinstance(g, Batched):
        wanted = tuple([x._tracked for x in inputs])
        found = vjp_of(op)(g, data_of(node), *[data_of(x) for x in inputs], wanted=wanted, **node.params)
        if found is not NotImplemented:
            found = found if isinstance(found, tuple) else (found,)
            return [(x, fitted(x, d, op)) for x, d in zip(inputs, found) if x._tracked and d is not None]
    values = [x if create_graph and x._tracked else data_of(x) for x in inputs]
    if not op.elementwise and (trace := current_trace()) is not None:
        values = trace.as_data_for(op, values)
    out = node if create_graph and node._tracked else data_of(node)
    rules: list[Any] = list(zip(inputs, op.rules_for(inputs)))
    if op.user_defined and not create_graph:
        rules = [(x, user_rule(op, place, rule)) for place, (x, rule) in enumerate(rules)]
    elif op.user_defined:
        g = shown(g)
    return [(x, fitted(x, rule(g, out, *values, **node.params), op)) for x, rule in rules if x._tracked]


_user_rules: dict[Any, PlainFunction] = {}


def user_rule(op: Any, place: int, rule: Any) -> PlainFunction:
    """Return a user-defined rule as a function of plain data, which it cannot write to."""

    def apply(*args: Any, **params: Any) -> Any:
        return np.asarray(rule(*[unwritable(x) for x in args], **params))

    if (op, place) not in _user_rules:
        _user_rules[op, place] = PlainFunction(apply, f"rule of {op.title}")
    return _user_rules[op, place]


_vjps: dict[Any, PlainFunction] = {}


def vjp_of(op: Any) -> PlainFunction:
    """Return the quicker vector-Jacobian product of an operation as a function of plain data.

    Where it does not answer during a trace, neither does the function: then the rules are traced. In a program the
    rules take its place. Of an operation with one input, it returns the gradient alone.
    """

    def vjp(g: Any, out: Any, *inputs: Any, wanted: tuple[bool, ...], **params: Any) -> Any:
        found = op.fast_vjp(g, out, *inputs, wanted=wanted, **params)
        if found is NotImplemented:
            if current_trace() is not None:
                return found
            rules = zip(inputs, op.rules_for(inputs), wanted)
            found = tuple(
                [Tensor(x).fit_gradient(rule(g, out, *inputs, **params)) if w else None for x, rule, w in rules]
            )
        return found[0] if len(inputs) == 1 else found

    if op not in _vjps:
        _vjps[op] = PlainFunction(vjp, f"vjp of {op.title}")
        if op.elementwise and op.arity == 1:
            _vjps[op].slope_of = op
    return _vjps[op]
