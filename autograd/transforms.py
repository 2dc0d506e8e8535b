"""Derivatives of functions: take a function, get the function that computes its derivative.

The functions may take and return numbers, arrays, Tensors or Values, and nested dicts, lists and tuples of
them, and they may be written in plain NumPy. Transforms nest: a derivative is a function like any other.

What goes in plain comes out plain. If something being differentiated from outside takes part (a Tensor that
requires gradients, given or used inside ``f``), the derivative is a Tensor that can be differentiated further.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .elementwise import multiply
from .graph import Node, is_recording, recording
from .reductions import sum
from .shaping import identity, reshape, stack
from .tensor import Tensor, as_numbers
from .value import Value
from .walk import backprop, backward_order

Function = Callable[..., Any]
Argnums = int | Sequence[int]


# ----------------------------------------------------------------------------- nested structures of numbers


def _map(function: Callable[..., Any], tree: Any, *others: Any) -> Any:
    """Apply a function to every leaf of nested dicts, lists and tuples (and to the same places of others)."""
    if isinstance(tree, dict):
        return {key: _map(function, value, *[other[key] for other in others]) for key, value in tree.items()}
    if isinstance(tree, (list, tuple)):
        items = [_map(function, *parts) for parts in zip(tree, *others)]
        return type(tree)(*items) if hasattr(tree, "_fields") else type(tree)(items)
    return function(tree, *others)


def _leaves(tree: Any) -> list[Any]:
    found: list[Any] = []
    _map(found.append, tree)
    return found


def _variable(x: Any) -> Any:
    """Start a trail at an argument; one that is being differentiated from outside stays connected to it."""
    if isinstance(x, Node):
        if x.requires_grad and is_recording():
            return identity(x)
        return Value(x._data) if isinstance(x, Value) else Tensor(x._data, requires_grad=True)
    if isinstance(x, (bool, np.bool_, str, bytes)) or x is None:
        raise TypeError(f"cannot differentiate with respect to {x!r}: expected floating-point numbers or arrays")
    # A copy, because the owner of an array may change it before a derivative is asked for.
    return Tensor(float(x) if isinstance(x, int) else as_numbers(x).copy(), requires_grad=True)


def _structure(tree: Any) -> Any:
    return _map(lambda _: None, tree)


def _chosen(argnums: Argnums, args: tuple[Any, ...]) -> tuple[int, ...]:
    """Positions of the arguments to differentiate with respect to."""
    chosen = (argnums,) if isinstance(argnums, int) else tuple(argnums)
    if not all(isinstance(n, int) for n in chosen):
        raise TypeError(f"argnums must be an integer or a sequence of integers, got {argnums!r}")
    if not all(-len(args) <= n < len(args) for n in chosen):
        raise ValueError(f"argnums={argnums!r}, but the function was called with {len(args)} arguments")
    if len({n % len(args) for n in chosen}) < len(chosen):
        raise ValueError(f"argnums={argnums!r} names an argument twice")
    return chosen


class _Trace:
    """One evaluation of a function, recorded from chosen arguments on."""

    def __init__(self, f: Function, args: tuple[Any, ...], kwargs: dict[str, Any], argnums: Argnums, has_aux: bool):
        if not callable(f):
            raise TypeError(f"expected a function to differentiate, got {type(f).__name__}")
        chosen = _chosen(argnums, args)
        self.originals = [args[n] for n in chosen]
        self.outer = is_recording()
        with recording():
            linked = any(isinstance(x, Node) and x.requires_grad for x in _leaves(self.originals)) and self.outer
            self.variables = [_map(_variable, x) for x in self.originals]
            replaced = list(args)
            for n, variable in zip(chosen, self.variables):
                replaced[n] = variable
            result = f(*replaced, **kwargs)
        self.aux = None
        if has_aux:
            result, self.aux = result
        self.out = result
        self.stop = frozenset(_leaves(self.variables))
        self.differentiable = linked or (self.outer and self._uses_outside())

    def _uses_outside(self) -> bool:
        """Whether something else that requires gradients took part."""
        floor = min((x.number for x in self.stop), default=0)
        for out in _leaves(self.out):
            for node in backward_order(out, self.stop) if isinstance(out, Node) else ():
                for x in node.inputs:
                    if x.requires_grad and x not in self.stop and (x.op is None or x.number < floor):
                        return True
        return False

    def pull(self, outs: Any, seeds: Any, create_graph: bool | None = None) -> Any:
        """Gradients of the chosen arguments, in their structure, given the gradients of results."""
        create_graph = self.differentiable if create_graph is None else create_graph
        total: dict[Node, Any] = {}
        with recording():
            for out, seed in zip(_leaves(outs), _leaves(seeds)):
                if isinstance(out, Node) and out.requires_grad:
                    seed = _seed(out, seed, create_graph)
                    for node, g in backprop(out, seed, create_graph=create_graph, stop=self.stop).items():
                        if node in self.stop:
                            total[node] = total[node] + g if node in total else g
            gradients = [_map(lambda v: total.get(v, np.zeros_like(v._data)), x) for x in self.variables]
        return [_map(self._finish, gradient, original) for gradient, original in zip(gradients, self.originals)]

    def _finish(self, gradient: Any, original: Any) -> Any:
        if isinstance(gradient, Node):
            return gradient if gradient.requires_grad and self.outer else _plain_data(gradient._data, original)
        return _plain_data(gradient, original)


def _plain_data(data: Any, like: Any) -> Any:
    """Plain derivative in the form of what it belongs to."""
    return float(data) if isinstance(like, (float, int, Value)) else np.asarray(data).copy()


def _seed(out: Node, seed: Any, create_graph: bool) -> Any:
    """The gradient of a result in the form that the walk back wants."""
    shape = np.shape(seed._data if isinstance(seed, Node) else seed)
    if shape != np.shape(out._data):
        raise ValueError(f"the result has shape {np.shape(out._data)}, its gradient was given with shape {shape}")
    if isinstance(seed, Node):
        return out.fit(seed)
    if isinstance(out, Value):
        return Value(seed) if create_graph else float(seed)
    array = np.asarray(seed, dtype=out._data.dtype)
    return Tensor(array) if create_graph else array


def _one(out: Any) -> Any:
    """The gradient of a single number with respect to itself."""
    if not isinstance(out, (Node, np.ndarray, float, int, np.generic)):
        raise TypeError(f"grad needs a function that returns one number, this one returned {type(out).__name__}")
    shape = np.shape(out._data if isinstance(out, Node) else out)
    if np.prod(shape) != 1:
        raise ValueError(
            f"grad needs a function that returns one number, this one returned shape {shape}; use sg.jacobian for "
            "all its derivatives, or sg.elementwise_grad if each element depends on its own input alone"
        )
    return np.ones(shape)


def _unwrap(argnums: Argnums, gradients: list[Any]) -> Any:
    return gradients[0] if isinstance(argnums, int) else tuple(gradients)


# ----------------------------------------------------------------------------------------- first derivatives


def value_and_grad(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """Return a function that computes ``f`` and its gradient at once.

    Parameters
    ----------
    f : callable
        Returns one number; with ``has_aux`` a pair of it and anything else.
    argnums : int or sequence of int
        With respect to which positional arguments; a sequence gives a tuple of gradients.
    has_aux : bool
        Whether ``f`` returns a second thing, which is passed on.

    Returns
    -------
    callable
        Gives ``(value, gradient)``, or ``((value, aux), gradient)``.

    Examples
    --------
    >>> sg.value_and_grad(lambda x: x**3)(2.0)
    (8.0, 12.0)
    """

    @functools.wraps(f)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        trace = _Trace(f, args, kwargs, argnums, has_aux)
        gradients = _unwrap(argnums, trace.pull(trace.out, _one(trace.out)))
        value = _value(trace.out, trace.differentiable, trace.originals[0])
        return ((value, _map(_detached, trace.aux)) if has_aux else value), gradients

    return wrapped


def _value(out: Any, differentiable: bool, like: Any = None) -> Any:
    if not isinstance(out, Node) or differentiable:
        return out
    return float(out._data) if isinstance(like, (float, int, Value)) else np.asarray(out._data).copy()[()]


def _detached(x: Any) -> Any:
    return x._data if isinstance(x, Node) else x


def grad(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """Return the function that computes the gradient of ``f``.

    Parameters
    ----------
    f : callable
        Returns one number; with ``has_aux`` a pair of it and anything else.
    argnums : int or sequence of int
        With respect to which positional arguments; a sequence gives a tuple of gradients.
    has_aux : bool
        Whether ``f`` returns a second thing; then the result is ``(gradient, aux)``.

    Returns
    -------
    callable
        Takes what ``f`` takes; gives gradients in the structure of the arguments.

    Raises
    ------
    ValueError
        When called, if ``f`` returns more than one number.

    Examples
    --------
    >>> W = np.array([[1.0, 2.0], [3.0, 4.0]])
    >>> sg.grad(lambda x: np.dot(W, x).sum())(np.zeros(2))
    array([4., 6.])
    >>> sg.grad(sg.grad(np.tanh))(0.0)
    -0.0
    """
    both = value_and_grad(f, argnums, has_aux)

    @functools.wraps(f)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        value, gradients = both(*args, **kwargs)
        return (gradients, value[1]) if has_aux else gradients

    return wrapped


def elementwise_grad(f: Function, argnums: Argnums = 0) -> Function:
    """Return the function that computes the derivative of each element of ``f`` with respect to its own input.

    Exact where every element of the result depends on one element of the argument alone, as for
    ``np.tanh``; in general it is the gradient of the sum of the results.

    Examples
    --------
    >>> sg.elementwise_grad(np.square)(np.array([1.0, 2.0]))
    array([2., 4.])
    """
    return grad(lambda *args, **kwargs: sum(f(*args, **kwargs)), argnums)


# -------------------------------------------------------------------------------------- products with vectors


def vjp(f: Function, *args: Any) -> tuple[Any, Function]:
    """Evaluate ``f`` and return the function that pulls gradients of its result back to its arguments.

    Parameters
    ----------
    f : callable
    *args
        Where to evaluate.

    Returns
    -------
    result
        ``f(*args)``, plain where the arguments are.
    pull : callable
        Takes gradients of the result, in its structure and shapes; gives a tuple with the gradient of each
        argument (vector-Jacobian products).

    Examples
    --------
    >>> out, pull = sg.vjp(lambda x, y: x * y, np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    >>> pull(np.array([1.0, 10.0]))
    (array([ 3., 40.]), array([ 1., 20.]))
    """
    trace = _Trace(f, args, {}, tuple(range(len(args))), False)

    def pull(gradients: Any) -> tuple[Any, ...]:
        if _structure(gradients) != _structure(trace.out):
            raise ValueError("the gradients must have the structure (dict, list, tuple) of the function's result")
        linked = any(isinstance(g, Node) and g.requires_grad for g in _leaves(gradients))
        return tuple(trace.pull(trace.out, gradients, trace.differentiable or linked))

    return _map(lambda out: _value(out, trace.differentiable, args[0]), trace.out), pull


def jvp(f: Function, args: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """Evaluate ``f`` and push a direction of its arguments forward to its result.

    Computed by walking back twice: the gradients are linear in their seed, and the derivative with respect to
    that seed, in the given direction, is the product.

    Parameters
    ----------
    f : callable
        Returns an array or a number.
    args : sequence
        Where to evaluate.
    tangents : sequence
        A direction for each argument, of its shape.

    Returns
    -------
    result
        ``f(*args)``.
    tangent
        Jacobian-vector product, of the shape of the result.

    Examples
    --------
    >>> sg.jvp(np.sin, (0.0,), (2.0,))
    (0.0, 2.0)
    """
    if len(args) != len(tangents):
        raise ValueError(f"jvp: {len(args)} arguments need {len(args)} tangents, got {len(tangents)}")
    trace = _Trace(f, tuple(args), {}, tuple(range(len(args))), False)
    directions = dict(zip(_leaves(trace.variables), _leaves(tuple(tangents))))
    for variable, direction in directions.items():
        shape = np.shape(direction._data if isinstance(direction, Node) else direction)
        if shape != np.shape(variable._data):
            raise ValueError(f"jvp: an argument of shape {np.shape(variable._data)} has a tangent of shape {shape}")
    value = _map(lambda out: _value(out, trace.differentiable, args[0]), trace.out)
    return value, _map(lambda out: _push(trace, out, directions, args[0]), trace.out)


def _push(trace: _Trace, out: Any, directions: dict[Node, Any], like: Any) -> Any:
    """Derivative of one result in the given directions of the arguments."""
    if not isinstance(out, Node) or not out.requires_grad:
        return _plain_like(np.zeros_like(getattr(out, "_data", out), dtype=float), like)
    linked = trace.differentiable or any(isinstance(t, Node) and t.requires_grad for t in directions.values())
    with recording():
        seed = Value(0.0) if isinstance(out, Value) else Tensor(np.zeros_like(out._data), requires_grad=True)
        back = backprop(out, seed, create_graph=True, stop=trace.stop)
        products = [sum(multiply(back[v], t)) for v, t in directions.items() if isinstance(back.get(v), Node)]
        if not products:
            return _plain_like(np.zeros_like(out._data), like)
        total = functools.reduce(lambda a, b: a + b, products)
        one = np.ones_like(total._data)
        found = backprop(total, Tensor(one) if linked else one, create_graph=linked, stop=frozenset([seed])).get(seed)
    if found is None:
        found = np.zeros_like(out._data)
    return _value(found, linked, like) if isinstance(found, Node) else _plain_like(found, like)


def _plain_like(data: Any, like: Any) -> Any:
    return float(data) if np.ndim(data) == 0 and isinstance(like, (float, int, Value)) else data


# --------------------------------------------------------------------------------------- whole derivatives


def jacobian(f: Function, argnums: Argnums = 0) -> Function:
    """Return the function that computes all first derivatives of ``f``.

    One walk back for each number in the result.

    Parameters
    ----------
    f : callable
        Returns an array or a number.
    argnums : int or sequence of int
        With respect to which positional arguments; a sequence gives a tuple.

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

    @functools.wraps(f)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        trace = _Trace(f, args, kwargs, argnums, False)

        def blocks(out: Any) -> Any:
            shape = np.shape(out._data if isinstance(out, Node) else out)
            seeds = np.eye(int(np.prod(shape, dtype=np.int64)))
            rows = [trace.pull(out, seed.reshape(shape)) for seed in seeds]

            def assemble(original: Any, *parts: Any) -> Any:
                target = shape + np.shape(original._data if isinstance(original, Node) else original)
                if any(isinstance(part, Node) for part in parts):
                    return reshape(stack(parts), target)
                return np.asarray(parts, dtype=None if parts else float).reshape(target)[()]

            found = [_map(assemble, x, *[row[k] for row in rows]) for k, x in enumerate(trace.originals)]
            return _unwrap(argnums, found)

        return _map(blocks, trace.out)

    return wrapped


def hessian(f: Function, argnums: int = 0) -> Function:
    """Return the function that computes all second derivatives of ``f``.

    Parameters
    ----------
    f : callable
        Returns one number.
    argnums : int
        With respect to which positional argument.

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


def hvp(f: Function, argnums: int = 0) -> Function:
    """Return the function that computes products of the Hessian of ``f`` with a vector.

    The Hessian itself is never built: the cost is that of a few gradients, whatever the size.

    Parameters
    ----------
    f : callable
        Returns one number.
    argnums : int
        With respect to which positional argument.

    Returns
    -------
    callable
        Takes the arguments of ``f`` and then the vector, of the shape of the argument.

    Examples
    --------
    >>> sg.hvp(lambda x: (x**3).sum())(np.array([1.0, 2.0]), np.array([1.0, 0.0]))
    array([6., 0.])
    """
    slope = grad(f, argnums)

    @functools.wraps(f)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        *points, vector = args

        def along(*xs: Any) -> Any:
            parts = zip(_leaves(slope(*xs, **kwargs)), _leaves(vector))
            return functools.reduce(lambda a, b: a + b, [sum(multiply(g, v)) for g, v in parts])

        return grad(along, argnums)(*points)

    return wrapped
