"""Masks: what a choice did not take has no influence, and a gradient of exactly 0.

``where``, ``relu`` or an index leave out elements of their inputs. The gradient of what is left out stays 0 in the
whole backward pass, even where it meets a derivative that is infinite: 0 * inf is NaN, and would be wrong. So the
backward pass keeps, for each node behind a choice, an array of bool: which elements some result was computed from.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...common.seam import interpretable
from ..core.backward import fitted
from ..core.node import Node, data_of
from ..core.op import Op


def leave_out(
    d: Any, node: Node, x: Node, rule: Any, args: list[Any], inputs: tuple[Node, ...], mask: Any
) -> tuple[Any, Any]:
    """Leave out of a gradient what was not taken.

    Parameters
    ----------
    d : number, array or Node
        What the derivative rule gives for the input ``x`` of ``node``.
    node, x : Node
        A result and one of its inputs.
    rule : callable
        The derivative rule.
    args : list
        What it was called with: the gradient of the result, the result, and the inputs.
    inputs : tuple of Node
        All inputs, as they were read.
    mask : array of bool or None
        Which elements of the result were taken; None for all.

    Returns
    -------
    gradient : number, array or Node
        In the form of the data of ``x``.
    mask : array of bool or None
        Which elements of ``x`` were taken; None for all.
    """
    op: Any = node.op
    if op.linear:
        d = _past_infinity(d, mask, rule, args, node.params)
    elif op.lines and mask is not None and len(inputs) > 1:
        d = _past_other_lines(d, mask, node, rule, args, inputs)
    if mask is not None and op.elementwise and not op.exact:
        d = _only(mask, d)
    d = fitted(x, d, op)
    part = reach(mask, node, x, rule, inputs)
    if mask is not None and part is None and is_opaque(op) and not isinstance(args[1], Node):
        part = d != 0  # the best that can be known, and good enough where nobody differentiates again
    if part is not None and not (op.exact or op.elementwise):
        d = _only(part, d)
    return d, part


def is_opaque(op: Op) -> bool:
    """Return whether nothing is known of which elements of an input lead to which of the result."""
    return not (op.elementwise or op.exact or op.linear or op.lines)


def _only(mask: Any, d: Any) -> Any:
    """Return a gradient where something was taken, 0 elsewhere."""
    return Op.table["where"](d, 0.0, condition=mask)


def _past_infinity(d: Any, mask: Any, rule: Any, args: list[Any], params: Any) -> Any:
    """Return a gradient that adds up products of gradients and factors, but without 0 * inf of what was not taken.

    ``d`` is what the rule gives of ``args``: the gradient of the result, the result, and the inputs.
    """
    finite = [np.isfinite(data_of(v)) for v in args[2:]]
    if all(np.all(f) for f in finite):
        return d
    where, (g, out, *inputs) = Op.table["where"], args
    safe = rule(g, out, *[where(v, 0.0, condition=f) for v, f in zip(inputs, finite)], **params)
    infinite = [(~f).astype(data_of(v).dtype) for v, f in zip(inputs, finite)]
    arriving = np.ones_like(data_of(out)) if mask is None else mask.astype(data_of(g).dtype)
    touched = rule(arriving, data_of(out), *infinite, **params) != 0
    return where(d, safe, condition=touched)


def _past_other_lines(d: Any, mask: Any, node: Node, rule: Any, args: list[Any], inputs: tuple[Node, ...]) -> Any:
    """Return a gradient that adds up lines, as that of a scale of all examples, but without lines that were not taken.

    Parameters as of :func:`leave_out`.
    """
    op: Any = node.op
    if all(np.all(np.isfinite(data_of(v))) for v in args[2:]):
        return d
    where, taken = Op.table["where"], mask.astype(node._plain.dtype)
    lines = [op.lines(taken, i._plain, node.params) != 0 if i._plain.shape == taken.shape else True for i in inputs]
    return rule(*args[:2], *[where(v, 0.0, condition=part) for v, part in zip(args[2:], lines)], **node.params)


def reach(mask: Any, node: Node, x: Node, rule: Any, inputs: tuple[Node, ...]) -> Any:
    """Return which elements of an input lead to those of a result that were taken.

    Parameters
    ----------
    mask : array of bool or None
        Which elements of the result; None for all.
    node, x : Node
        The result and one of its inputs.
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
    gradient = ones if mask is None else mask * 1.0 if number else mask.astype(data.dtype)
    if op.exact:
        found = rule(gradient, data, *[i._plain for i in inputs], **params)
    elif op.linear:
        stand_ins = [1.0 if isinstance(i._plain, float) else np.ones_like(i._plain) for i in inputs]
        found = rule(gradient, ones, *stand_ins, **params)
    elif op.elementwise:
        found = gradient
    elif op.lines:
        found = _lines(op, gradient, x._plain, params)
    else:
        return _lines_of_any(mask, x._plain)
    part = x.fit_gradient(found) != 0
    return None if np.all(_whole(part)) else part


@interpretable
def _lines(op: Op, taken: Any, x: Any, params: Any) -> Any:
    """Return what leads to the elements of a result that were taken, as numbers 1 and 0."""
    return op.lines(taken, np.asarray(x), params)  # type: ignore[misc]  # a Value has a float


def _lines_of_any(mask: Any, x: Any) -> Any:
    """Return all of an input if anything of the result was taken."""
    if np.any(_whole(mask)):
        return np.any(mask) & np.ones_like(x, dtype=bool) if hasattr(mask, "stack") else None
    return np.zeros_like(x, dtype=bool)


def _whole(mask: Any) -> Any:
    """Return the mask of all gradients, if several are propagated at once."""
    while hasattr(mask, "stack"):
        mask = mask.stack
    return mask
