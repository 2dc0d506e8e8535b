"""Graphs of arrays: operators of Tensors and calls of operations, written out, and a backward pass without masks.

The general backward pass keeps masks of what choices took, since 0 * inf is NaN. Such a NaN is rare, and it can be
seen in the result. So the pass here keeps no masks; if something that is not finite comes out after a choice, the
general pass is taken instead.
"""

from __future__ import annotations

from cmath import isfinite  # of complex numbers, too
from collections.abc import Iterable, Mapping
from heapq import heappop, heappush
from typing import Any

import numpy as np

from ...common.plain_data import frozen
from ...common.quiet import quiet
from ...common.seam import backward_passes, interpreters
from ..arithmetic import binary
from ..batched import whole_of
from ..core.backward import arguments, fitted, inputs_of, is_inner, oldest_of
from ..core.node import NO_PARAMS, Constant, Node, clock, current_trace, data_of, on_gradient, on_record, traces
from ..core.op import Op
from ..core.recording import open_blocks, record
from ..ops import elementwise as ew
from ..ops.elementwise import Elementwise, shape_error
from ..ops.indexing import getitem, is_basic
from ..tensor import Tensor
from .kernels import LARGE
from .kernels import add as large_sum

_new = object.__new__
_PLAIN = frozenset((np.ndarray, np.float32, np.float64))
_call, _apply, _apply_elementwise = Op.__call__, Op.apply, Elementwise.apply


def install() -> None:
    """Replace methods of ``Tensor`` and ``Op``, and put the backward pass in front of the general one."""
    for name, op in (("add", ew.add), ("sub", ew.subtract), ("mul", ew.multiply), ("truediv", ew.divide)):
        setattr(Tensor, f"__{name}__", _operator(op))
        setattr(Tensor, f"__r{name}__", _reflected(op))
    setattr(Op, "__call__", call)  # noqa: B010 (a plain assignment is no method to mypy)
    setattr(Op, "apply", apply)  # noqa: B010
    setattr(Elementwise, "apply", apply_elementwise)  # noqa: B010
    backward_passes.append(array_pass)


# -------------------------------------------------------------------------------------------------- operations


def _operator(op: Elementwise) -> Any:
    """Return the method for a binary operation."""
    compute = _sum if op is ew.add else op.array

    def method(self: Tensor, other: Any) -> Any:
        try:
            if isinstance(other, Tensor) and not interpreters:
                return _recorded(op, compute(self._plain, other._plain), self, other)
            if (y := _constant(other, self)) is not None:
                return _recorded(op, compute(self._plain, other), self, y)
        except ValueError as error:
            raise shape_error(op, (self, other), error) from None
        return binary(op, self, other)

    method.__doc__ = op.text
    return method


def _sum(x: Any, y: Any) -> Any:
    """Return ``x + y``; of two large arrays in memory that is used again."""
    if x.__class__ is y.__class__ is np.ndarray and x.size >= LARGE and x.shape == y.shape and x.dtype == y.dtype:
        return large_sum(x, y) if x.dtype.char in "fd" else x + y
    return x + y


def _reflected(op: Elementwise) -> Any:
    """Return the method for a binary operation whose left operand is no tensor."""
    compute = op.array

    def method(self: Tensor, other: Any) -> Any:
        if (x := _constant(other, self)) is not None:
            try:
                return _recorded(op, compute(other, self._plain), x, self)
            except ValueError as error:
                raise shape_error(op, (other, self), error) from None
        return binary(op, other, self)

    method.__doc__ = op.text
    return method


def _constant(x: Any, tensor: Tensor, numbers: bool = True) -> Node | None:
    """Return what met a tensor that requires gradients as a node; None if that takes more than a copy."""
    if open_blocks or not tensor._tracked or (traces and current_trace() is not None):
        return None
    kind = x.__class__
    if (numbers and (kind is float or kind is int)) or (kind in _PLAIN and x.dtype is tensor._plain.dtype):
        constant = _new(Constant)
        constant._plain, constant.op, constant._x, constant._y = frozen(x), None, (), None
        constant._grad = constant.notes = None
        constant.params, constant.number, constant._tracked = NO_PARAMS, 0, False
        return constant
    return None


def _recorded(op: Op, data: Any, x: Node, y: Node | None = None, params: Mapping[str, Any] = NO_PARAMS) -> Any:
    """Return what ``record`` does."""
    if isinstance(data, np.generic):
        data = np.asarray(data)
    tracked = x._tracked or (y is not None and y._tracked)
    if not tracked or data.__class__ is not np.ndarray or open_blocks or on_record:
        return record(op, data, (x,) if y is None else (x, y), params)
    data.setflags(False)  # type: ignore[call-arg]
    node = _new(Tensor)
    node._plain, node.op, node._x, node._y = data, op, x, y
    node._grad = node.notes = None
    node.params, node.number, node._tracked = params, clock(), True
    return node


def call(self: Op, *args: Any, **kwargs: Any) -> Any:
    """Compute on plain arrays and NumPy's floats without looking at the parameters; all else as the definition does."""
    if traces and current_trace() is not None:
        return _call(self, *args, **kwargs)
    more = len(args) - self.arity  # several parameters by position are left to the definition
    if interpreters:
        return _call(self, *args, **kwargs)
    if (not more or (more == 1 and not self.elementwise and not isinstance(args[-1], Node))) and not self.variadic:
        for x in args[:-1] if more else args:
            if x.__class__ not in _PLAIN:
                if isinstance(x, Node):
                    return self.apply(*self.bind(args, kwargs))
                break
        else:
            try:
                if self.fast_forward is not None:
                    result = self.fast_forward(*args, **kwargs)
                    if result is not NotImplemented:
                        return result
                return self.forward(*args, **kwargs)
            except TypeError:  # an argument of another library, perhaps
                return _call(self, *args, **kwargs)
    return _call(self, *args, **kwargs)


def apply(self: Op, inputs: tuple[Any, ...], params: Mapping[str, Any]) -> Any:
    """Compute on the arrays of one or two inputs; all else as the definition does."""
    pair = None if traces and current_trace() is not None else _one_or_two(inputs, self.elementwise)
    if pair is None:
        return _apply(self, inputs, params)
    x, y = pair
    if y is None:
        return _recorded(self, self.compute(x._plain, **params), x, None, params)
    return _recorded(self, self.compute(x._plain, y._plain, **params), x, y, params)


def apply_elementwise(self: Elementwise, inputs: tuple[Any, ...], params: Mapping[str, Any]) -> Any:
    """Compute on the arrays of one or two inputs; all else as the definition does."""
    pair = _one_or_two(inputs, True)
    if pair is None:
        return _apply_elementwise(self, inputs, params)
    x, y = pair
    compute = self.direct if self.fast_forward is None else self.compute
    try:
        return _recorded(self, compute(x._plain) if y is None else compute(x._plain, y._plain), x, y)
    except ValueError as error:
        raise shape_error(self, inputs, error) from None


def _one_or_two(inputs: tuple[Any, ...], numbers: bool) -> tuple[Node, Node | None] | None:
    """Return one or two inputs as nodes: a tensor and, at most, another or what `_constant` takes; else None."""
    if interpreters:
        return None
    if len(inputs) == 1:
        return (inputs[0], None) if isinstance(inputs[0], Tensor) else None
    if len(inputs) != 2:
        return None
    x, y = inputs
    if isinstance(x, Tensor):
        other = y if isinstance(y, Tensor) else _constant(y, x, numbers)
        return None if other is None else (x, other)
    other = _constant(x, y, numbers) if isinstance(y, Tensor) else None
    return None if other is None else (other, y)


# ---------------------------------------------------------------------------------------------- backward pass


def array_pass(
    root: Node, grad_output: Any, create_graph: bool, keep: bool, stop: frozenset[Node], answers: dict[Any, Any]
) -> Any:
    """Propagate a gradient back to the leaves without masks, and note what user-defined code answers.

    Returns
    -------
    iterable of (Node, gradient), or NotImplemented
        NotImplemented if there is an observer, or if a gradient behind a choice is not finite.
    """
    if create_graph or on_gradient:
        return NotImplemented
    oldest, gradients = oldest_of(stop), {root: grad_output}
    waiting = [(-root.number, root)] if is_inner(root, stop, oldest) else []
    own: set[Node] = set()  # whose gradient is an array that was made here, and that nobody else has seen
    chose, silence = False, None
    try:
        while waiting:
            node: Any = heappop(waiting)[1]
            op, notes = node.op, node.notes
            g, hooks = gradients[node], None if notes is None else notes.get("hooks")
            if hooks or op.user_defined:
                if chose and not _finite([g]):
                    return NotImplemented  # it may be wrong: nobody should see it
                if hooks:
                    g = gradients[node] = answers[node] = hooks.run(node, g)
            if op.poles:
                if silence is None:
                    silence = quiet()
                    silence.__enter__()
                chose = chose or op.chooses
            if not (keep or (notes is not None and "retain" in notes)):
                del gradients[node]  # it may be large
            x, y, out, number = node._x, node._y, node._plain, node.number
            arrivals: Any
            if op is getitem and y is None and g.__class__ is np.ndarray and is_basic(node.params["index"]):
                if x.number > number:
                    (x,) = inputs_of(node)
                arrivals = _of_whole(gradients, own, x, node.params["index"], g)
            elif op.fast_vjp or op.user_defined or not op.rule or x.__class__ is tuple or out.__class__ is float:
                arrivals = _vjp(node, op, g, answers)
            elif y is None and x._plain.__class__ is not float:
                if x.number > number:
                    (x,) = inputs_of(node)
                arrivals = ((x, x.fit_gradient(op.rule[0](g, out, x._plain, **node.params))),)
            elif y is None or node.params or x.number > number or y.number > number:
                arrivals = _vjp(node, op, g, answers)
            else:
                (rule_x, rule_y), a, b = op.rule, x._plain, y._plain
                arrivals = []
                if x._tracked:
                    arrivals.append((x, x.fit_gradient(rule_x(g, out, a, b))))
                if y._tracked:
                    arrivals.append((y, y.fit_gradient(rule_y(g, out, a, b))))
            for x, d in arrivals:
                if x in gradients:
                    _accumulate(gradients, own, x, d)
                else:
                    gradients[x] = d
                    if x.op is not None and x.number >= oldest and x not in stop:
                        heappush(waiting, (-x.number, x))
    finally:
        if silence is not None:
            silence.restore()
    return NotImplemented if chose and not _finite(gradients.values()) else gradients.items()


def _accumulate(gradients: dict[Node, Any], own: set[Node], x: Node, d: Any) -> None:
    """Add to the gradient of a node: in its place from the second time on."""
    total = gradients[x]
    if x in own and d.__class__ is np.ndarray:
        total += d
        return
    gradients[x] = total = _sum(total, d)
    if total.__class__ is np.ndarray:
        own.add(x)


def _of_whole(gradients: dict[Node, Any], own: set[Node], x: Any, index: Any, g: Any) -> tuple[tuple[Node, Any], ...]:
    """Return the gradient of what a part was read of; nothing if it was added to the one that is there.

    The parts of an array are added to one array of zeros, rather than each to its own.
    """
    if x not in gradients:
        whole = np.zeros(x._plain.shape, x._plain.dtype)
        whole[index] = g
        own.add(x)
        return ((x, whole),)
    if x not in own:
        if gradients[x].__class__ is not np.ndarray:
            return ((x, getitem.rule[0](g, g, x._plain, index)),)
        gradients[x] = gradients[x].copy()
        own.add(x)
    gradients[x][index] += g
    return ()


def _vjp(node: Any, op: Any, g: Any, answers: dict[Any, Any]) -> Iterable[tuple[Node, Any]]:
    """Return the inputs that require gradients, with their gradients."""
    inputs = inputs_of(node)
    if op.fast_vjp is not None and not isinstance(g, Node):
        wanted, data = tuple([x._tracked for x in inputs]), [x._plain for x in inputs]
        found = op.fast_vjp(g, node._plain, *data, wanted=wanted, **node.params)
        if found is not NotImplemented:
            return [
                (x, d if v.__class__ is d.__class__ is float else fitted(x, d, op))
                for x, v, d, tracked in zip(inputs, data, found, wanted)
                if tracked and d is not None
            ]
    args, arrivals = arguments(node, g, inputs), []
    for place, (x, rule) in enumerate(zip(inputs, op.rules_for(inputs))):
        if x._tracked:
            d = rule(*args, **node.params)
            if op.user_defined and not op.repeatable:
                answers[node, place] = d
            arrivals.append((x, fitted(x, d, op)))
    return arrivals


def _finite(gradients: Iterable[Any]) -> bool:
    """Return whether all gradients are finite, or, as good as that, their sums."""
    return all(isfinite(g if g.__class__ is float else _total(whole_of(data_of(g)))) for g in gradients)


def _total(g: Any) -> Any:
    """Return the sum of squares, which is found soonest; the sum, if that is too large."""
    squares = np.vdot(g, g)
    return squares if isfinite(squares) else np.add.reduce(g, None)
