"""Jacobians and Hessians: all derivatives of a function, by one backward pass for many rows or columns at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from ..common.elsewhere import takes_other_names
from ..common.plain_data import is_complex
from .batch_calls import batch_of
from .batched import Batched, whole_of, with_levels, without_level, without_levels
from .core.backward import backprop
from .core.node import Constant, Node, data_of
from .core.recording import recording
from .graph_order import backward_order, without_detours
from .nested import leaves_of, map_leaves
from .ops.shaping import concatenate, moveaxis, reshape
from .transforms import (
    Argnums,
    Derivative,
    Evaluation,
    Function,
    check_function,
    check_holomorphic,
    grad,
    transposed,
    unwrap,
    value_of,
)

if TYPE_CHECKING:
    from .core.call_types import Overloaded
    from .transform_types import P, V

#: The most numbers that the gradients of one node may have in a backward pass for many rows.
_MOST = 1 << 22


@overload
def jacobian(f: np.ufunc | Overloaded, argnums: Argnums = 0, holomorphic: bool = False) -> Derivative[..., Any]: ...
@overload
def jacobian(f: Callable[P, object], argnums: Argnums = 0, holomorphic: bool = False) -> Derivative[P, Any]: ...
@takes_other_names
def jacobian(f: Function, argnums: Argnums = 0, holomorphic: bool = False) -> Derivative[..., Any]:
    """Return the function that computes all first derivatives of ``f``, row by row.

    A row is the gradient of one number of the result. One backward pass propagates all of them at once, or as many as
    memory allows. Complex results of real arguments are differentiated column by column.

    Parameters
    ----------
    f : callable
        Returns an array or a number.
    argnums : int or sequence of int
        The positional arguments to differentiate with respect to; a sequence gives a tuple.
    holomorphic : bool
        Whether ``f`` is a holomorphic function of complex numbers, as complex results of complex arguments need.

    Returns
    -------
    callable
        Gives an array of shape ``(*shape of the result, *shape of the argument)``; of nested structures, the
        structure of the result outside and that of the argument inside.

    Raises
    ------
    TypeError
        When called, if results and arguments are complex and ``f`` is not said to be holomorphic.

    Examples
    --------
    >>> sg.jacobian(lambda x: x**2)(np.array([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    """
    check_function(f, argnums)
    return Derivative(_jacobian, f, argnums, holomorphic)


@overload
def value_and_jacobian(
    f: np.ufunc | Overloaded, argnums: Argnums = 0, holomorphic: bool = False
) -> Derivative[..., tuple[Any, Any]]: ...
@overload
def value_and_jacobian(
    f: Callable[P, V], argnums: Argnums = 0, holomorphic: bool = False
) -> Derivative[P, tuple[V, Any]]: ...
@takes_other_names
def value_and_jacobian(
    f: Function, argnums: Argnums = 0, holomorphic: bool = False
) -> Derivative[..., tuple[Any, Any]]:
    """Return the function that computes ``f`` and its :func:`jacobian` at once.

    Parameters
    ----------
    f : callable
        Returns an array or a number.
    argnums : int or sequence of int
        The positional arguments to differentiate with respect to; a sequence gives a tuple.
    holomorphic : bool
        As in :func:`jacobian`.

    Returns
    -------
    callable
        Gives ``(value, jacobian)``.

    Examples
    --------
    >>> sg.value_and_jacobian(lambda x: x**2)(np.array([1.0, 3.0]))
    (array([1., 9.]), array([[2., 0.],
           [0., 6.]]))
    """
    check_function(f, argnums)
    return Derivative(_value_and_jacobian, f, argnums, holomorphic)


@overload
def jacrev(f: np.ufunc | Overloaded, argnums: Argnums = 0, holomorphic: bool = False) -> Derivative[..., Any]: ...
@overload
def jacrev(f: Callable[P, object], argnums: Argnums = 0, holomorphic: bool = False) -> Derivative[P, Any]: ...
@takes_other_names
def jacrev(f: Function, argnums: Argnums = 0, holomorphic: bool = False) -> Derivative[..., Any]:
    """Return :func:`jacobian` of ``f``: for functions of many numbers that return few.

    Parameters
    ----------
    f : callable
        Returns an array or a number.
    argnums : int or sequence of int
        The positional arguments to differentiate with respect to; a sequence gives a tuple.

    Examples
    --------
    >>> sg.jacrev(lambda x: x.sum())(np.ones(3))
    array([1., 1., 1.])
    """
    check_function(f, argnums)
    return Derivative(_jacobian, f, argnums, holomorphic)


@overload
def jacfwd(f: np.ufunc | Overloaded, argnums: Argnums = 0, holomorphic: bool = False) -> Derivative[..., Any]: ...
@overload
def jacfwd(f: Callable[P, object], argnums: Argnums = 0, holomorphic: bool = False) -> Derivative[P, Any]: ...
@takes_other_names
def jacfwd(f: Function, argnums: Argnums = 0, holomorphic: bool = False) -> Derivative[..., Any]:
    """Return the function that computes all first derivatives of ``f``, column by column.

    A column is the derivative by one number of the argument. It gives what :func:`jacobian` gives, sooner where the
    result has many more numbers than the argument.

    Parameters
    ----------
    f : callable
        Returns an array or a number.
    argnums : int or sequence of int
        The positional arguments to differentiate with respect to; a sequence gives a tuple.
    holomorphic : bool
        Whether ``f`` is a holomorphic function of complex numbers, as complex arguments need.

    Returns
    -------
    callable
        Gives an array of shape ``(*shape of the result, *shape of the argument)``.

    Raises
    ------
    TypeError
        When called, if an argument is complex and ``f`` is not said to be holomorphic.

    Examples
    --------
    >>> sg.jacfwd(lambda t: np.array([1.0, 2.0, 3.0]) * t**2)(2.0)
    array([ 4.,  8., 12.])
    """
    check_function(f, argnums)
    return Derivative(_jacfwd, f, argnums, holomorphic)


@overload
def hessian(f: np.ufunc | Overloaded, argnums: Argnums = 0, holomorphic: bool = False) -> Derivative[..., Any]: ...
@overload
def hessian(f: Callable[P, object], argnums: Argnums = 0, holomorphic: bool = False) -> Derivative[P, Any]: ...
@takes_other_names
def hessian(f: Function, argnums: Argnums = 0, holomorphic: bool = False) -> Derivative[..., Any]:
    """Return the function that computes all second derivatives of ``f``.

    Parameters
    ----------
    f : callable
        Returns one number.
    argnums : int or sequence of int
        The positional arguments to differentiate with respect to; a sequence gives a tuple of tuples.
    holomorphic : bool
        Whether ``f`` is a holomorphic function of complex numbers, as a complex argument needs.

    Returns
    -------
    callable
        Gives an array of shape ``(*shape, *shape)`` for an argument of that shape. Of a nested structure, such as a
        dict of parameters, it gives the structure in the structure: ``h["w"]["b"]`` has shape
        ``(*shape of w, *shape of b)``.

    Examples
    --------
    >>> sg.hessian(lambda x: x[0] ** 2 * x[1])(np.array([3.0, 5.0]))
    array([[10.,  6.],
           [ 6.,  0.]])
    >>> sg.hessian(lambda p: np.sum(p["w"] ** 2 * p["b"]))({"w": np.array([3.0, 4.0]), "b": 5.0})["w"]["b"]
    array([6., 8.])
    """
    return jacobian(grad(f, argnums, holomorphic=holomorphic), argnums, holomorphic)


def _jacobian(args: Any, kwargs: Any, f: Function, argnums: Argnums, holomorphic: bool) -> Any:
    return _whole(Evaluation(f, args, kwargs, argnums, False), argnums, holomorphic)


def _value_and_jacobian(args: Any, kwargs: Any, f: Function, argnums: Argnums, holomorphic: bool) -> tuple[Any, Any]:
    evaluated = Evaluation(f, args, kwargs, argnums, False)
    whole = _whole(evaluated, argnums, holomorphic)
    return map_leaves(lambda out: value_of(out, evaluated), evaluated.out), whole


def _whole(evaluated: Evaluation, argnums: Argnums, holomorphic: bool) -> Any:
    """Return all first derivatives of a function that was evaluated."""
    if holomorphic:
        check_holomorphic("jacobian", evaluated)

    def derivatives(out: Any) -> list[Any]:
        if holomorphic or not is_complex(out):
            return _rows(evaluated, out)
        if any(is_complex(x) for x in leaves_of(evaluated.variables)):
            raise TypeError(_NOT_HOLOMORPHIC.format("jacobian", "complex results of complex arguments"))
        return _columns(evaluated, out)

    return map_leaves(lambda out: unwrap(argnums, derivatives(out)), evaluated.out)


_NOT_HOLOMORPHIC = (
    "{}: {} have no Jacobian of complex numbers unless the function is holomorphic: then write holomorphic=True. "
    "Otherwise differentiate with respect to real and imaginary parts, two real arrays, or use sg.vjp and sg.jvp"
)


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


def _jacfwd(args: Any, kwargs: Any, f: Function, argnums: Argnums, holomorphic: bool) -> Any:
    evaluated = Evaluation(f, args, kwargs, argnums, False)
    if holomorphic:
        check_holomorphic("jacfwd", evaluated)
    elif any(is_complex(x) for x in leaves_of(evaluated.variables)):
        raise TypeError(_NOT_HOLOMORPHIC.format("jacfwd", "complex arguments"))
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
        stop = without_detours(gradient, cotangent)

        def push(units: Any) -> Any:
            units = without_levels(units, evaluated.levels)
            with recording():
                found = backprop(gradient, gradient.fit_gradient(units), create_graph=linked, stop=stop).get(cotangent)
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
