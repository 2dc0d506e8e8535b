"""Jacobians and Hessians: all derivatives of a function, by one backward pass for many rows or columns at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from .batch_calls import batch_of
from .batched import Batched, whole_of, with_levels, without_level, without_levels
from .core.backward import backprop
from .core.node import Constant, Node, data_of
from .core.recording import recording
from .graph_order import backward_order
from .nested import map_leaves
from .ops.shaping import concatenate, moveaxis, reshape
from .transforms import Argnums, Derivative, Evaluation, Function, grad, transposed, unwrap

#: The most numbers that the gradients of one node may have in a backward pass for many rows.
_MOST = 1 << 22


def jacobian(f: Function, argnums: Argnums = 0) -> Function:
    """Return the function that computes all first derivatives of ``f``, row by row.

    A row is the gradient of one number of the result. One backward pass propagates all of them at once, or as many as
    memory allows.

    Parameters
    ----------
    f : callable
        Returns an array or a number.
    argnums : int or sequence of int
        The positional arguments to differentiate with respect to; a sequence gives a tuple.

    Returns
    -------
    callable
        Gives an array of shape ``(*shape of the result, *shape of the argument)``; of nested structures, the
        structure of the result outside and that of the argument inside.

    Examples
    --------
    >>> sg.jacobian(lambda x: x**2)(np.array([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    """
    return Derivative(_jacobian, f, argnums)


def jacrev(f: Function, argnums: Argnums = 0) -> Function:
    """Return :func:`jacobian` of ``f``: for functions of many numbers that return few."""
    return Derivative(_jacobian, f, argnums)


def jacfwd(f: Function, argnums: Argnums = 0) -> Function:
    """Return the function that computes all first derivatives of ``f``, column by column.

    A column is the derivative by one number of the argument. It gives what :func:`jacobian` gives, sooner where the
    result has many more numbers than the argument.

    Parameters
    ----------
    f : callable
        Returns an array or a number.
    argnums : int or sequence of int
        The positional arguments to differentiate with respect to; a sequence gives a tuple.

    Returns
    -------
    callable
        Gives an array of shape ``(*shape of the result, *shape of the argument)``.

    Examples
    --------
    >>> sg.jacfwd(lambda t: np.array([1.0, 2.0, 3.0]) * t**2)(2.0)
    array([ 4.,  8., 12.])
    """
    return Derivative(_jacfwd, f, argnums)


def hessian(f: Function, argnums: int = 0) -> Function:
    """Return the function that computes all second derivatives of ``f``.

    Parameters
    ----------
    f : callable
        Returns one number.
    argnums : int
        The positional argument to differentiate with respect to.

    Returns
    -------
    callable
        Gives an array of shape ``(*shape, *shape)`` for an argument of that shape.

    Examples
    --------
    >>> sg.hessian(lambda x: x[0] ** 2 * x[1])(np.array([3.0, 5.0]))
    array([[10.,  6.],
           [ 6.,  0.]])
    """
    return jacobian(grad(f, argnums), argnums)


def _jacobian(args: Any, kwargs: Any, f: Function, argnums: Argnums) -> Any:
    evaluated = Evaluation(f, args, kwargs, argnums, False)
    return map_leaves(lambda out: unwrap(argnums, _rows(evaluated, out)), evaluated.out)


def _rows(evaluated: Evaluation, out: Any) -> list[Any]:
    """Return the derivatives of one result with respect to the chosen arguments."""
    shape = np.shape(out)
    if isinstance(out, Node) and out.requires_grad and math.prod(shape):
        found = _for_units(shape, _largest(out, evaluated.stop), lambda units: evaluated.pull(out, units))
    else:
        found = map_leaves(
            lambda x, v: np.zeros(shape + np.shape(x), _dtype_of(v)), evaluated.originals, evaluated.variables
        )
    return map_leaves(lambda x, rows: _reshaped(rows, shape + np.shape(x)), evaluated.originals, found)


def _jacfwd(args: Any, kwargs: Any, f: Function, argnums: Argnums) -> Any:
    evaluated = Evaluation(f, args, kwargs, argnums, False)
    return map_leaves(lambda out: unwrap(argnums, _columns(evaluated, out)), evaluated.out)


def _columns(evaluated: Evaluation, out: Any) -> list[Any]:
    """Return the derivatives of one result with respect to the chosen arguments."""
    shape, linked = np.shape(out), evaluated.differentiable
    differentiable = isinstance(out, Node) and out.requires_grad
    with recording():
        cotangent, gradients = transposed(evaluated, out) if differentiable else (Constant(0.0), {})

    def columns(original: Any, variable: Node) -> Any:
        gradient, target = gradients.get(variable), shape + np.shape(original)
        if not (isinstance(gradient, Node) and gradient.requires_grad and math.prod(target)):
            nothing = np.zeros(_extents(evaluated) + target, _dtype_of(out))
            return _reshaped(with_levels(nothing, evaluated.levels), target)
        stop = frozenset((cotangent,))

        def push(units: Any) -> Any:
            units = without_levels(units, evaluated.levels)
            with recording():
                found = backprop(gradient, gradient.fit(units), create_graph=linked, stop=stop).get(cotangent)
                found = np.zeros_like(cotangent._plain) if found is None else found
                return with_levels(found if linked and evaluated.outer else data_of(found), evaluated.levels)

        found = _for_units(np.shape(original), _largest(gradient, stop), push)
        return _reshaped(moveaxis(found, 0, -1), target)

    return map_leaves(columns, evaluated.originals, evaluated.variables)


def _extents(evaluated: Evaluation) -> tuple[int, ...]:
    return tuple([level.size for level in reversed(evaluated.levels)])


def _dtype_of(x: Any) -> Any:
    return getattr(data_of(x), "dtype", float)


def _largest(out: Any, stop: frozenset[Node]) -> int:
    """Return the number of elements of the largest node on the way back from a result."""
    nodes = backward_order(whole_of(out), stop)
    return max([np.size(x._plain) for node in nodes for x in (node, *node.inputs)], default=1)


def _for_units(shape: tuple[int, ...], largest: int, pull: Callable[[Any], Any]) -> Any:
    """Return what ``pull`` gives for arrays of a shape with a single 1, stacked: for many of them at once.

    Parameters
    ----------
    shape : tuple of int
    largest : int
        The number of elements of the largest array on the way, which says how many fit into memory.
    pull : callable
        Takes an array; gives arrays or Tensors in a structure. It is called with `Batched` units.
    """
    count = math.prod(shape)
    parts = [_at_once(units, pull) for units in _unit_blocks(count, shape, max(1, _MOST // max(1, largest)))]
    return parts[0] if len(parts) == 1 else map_leaves(lambda *rows: concatenate(rows, 0), *parts)


def _unit_blocks(count: int, shape: tuple[int, ...], rows: int) -> Iterator[Any]:
    for start in range(0, count, rows):
        size = min(rows, count - start)
        yield np.eye(size, count, start).reshape(size, *shape)


def _at_once(units: Any, pull: Callable[[Any], Any]) -> Any:
    with batch_of(len(units)) as level:
        return map_leaves(lambda x: without_level(x, level), pull(Batched(level, units)))


def _reshaped(x: Any, shape: Sequence[int]) -> Any:
    """Return rows in the shape of the derivative; as plain numbers where they are."""
    found = reshape(x, tuple(shape))
    return found if isinstance(found, Node) else np.array(found)[()]
