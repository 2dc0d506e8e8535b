"""Derivatives of functions: take a function, get the function that computes its derivative.

The functions may take and return numbers, arrays, Tensors or Values, and nested dicts, lists and tuples of them. They
may be written in plain NumPy. Transforms nest: a derivative is a function like any other.

If all arguments are plain, so is the derivative. If a Tensor or Value that requires gradients is given, or used inside
of ``f``, the derivative is a Tensor or Value that can be differentiated further.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from types import MethodType
from typing import Any

import numpy as np

from ..common.plain_data import plain
from ..common.warning import warn
from .batched import Batched, Level, open_levels, recorded, whole_of, with_levels, without_levels
from .copies import global_name
from .core.backward import backprop, inputs_of, is_inner, oldest_of
from .core.node import Node, data_of
from .core.op import PlainFunction
from .core.recording import is_recording, recording
from .lost_gradients import COPIED, Watch
from .nested import leaves_of, map_leaves, structure_of
from .ops.elementwise import multiply
from .ops.reductions import sum
from .ops.shaping import identity
from .tensor import Tensor, as_numbers
from .value import Value

Function = Callable[..., Any]
Argnums = int | Sequence[int]


def _variable(x: Any, levels: Sequence[Level]) -> Any:
    """Return an argument as a variable; one that requires gradients itself stays connected to its graph.

    Inside of ``vmap`` there is a variable for each example, since each has a derivative of its own.
    """
    if isinstance(x, Value) and x.stands_for_data:  # as a plain number below
        x = _as_array(x)
    if isinstance(x, Node):
        whole = without_levels(x, levels)
        if x.requires_grad and is_recording():
            return identity(whole)
        return Value(data_of(whole)) if isinstance(whole, Value) else Tensor(data_of(whole), requires_grad=True)
    if isinstance(x, (bool, np.bool_, str, bytes)) or x is None:
        raise TypeError(f"cannot differentiate with respect to {x!r}: expected floating-point numbers or arrays")
    # A copy, because the owner of an array may change it before a derivative is asked for.
    numbers = float(x) if isinstance(x, (int, np.integer)) else as_numbers(x).copy()
    return Tensor(without_levels(numbers, levels), requires_grad=True)


def _chosen(argnums: Argnums, args: tuple[Any, ...]) -> tuple[int, ...]:
    """Return the positions of the arguments to differentiate with respect to."""
    if argnums.__class__ is int and 0 <= argnums < len(args):  # type: ignore[operator]
        return (argnums,)  # type: ignore[return-value]
    chosen = (argnums,) if isinstance(argnums, (int, np.integer)) else tuple(argnums)
    if not all(isinstance(n, (int, np.integer)) for n in chosen):
        raise TypeError(f"argnums must be an integer or a sequence of integers, got {argnums!r}")
    if not all(-len(args) <= n < len(args) for n in chosen):
        raise ValueError(
            f"argnums={argnums!r}, but the function was called with {len(args)} arguments (those that are "
            "given by name do not count)"
        )
    if len({n % len(args) for n in chosen}) < len(chosen):
        raise ValueError(f"argnums={argnums!r} names an argument twice")
    return chosen


class Evaluation:
    """One evaluation of a function, recorded from the chosen arguments on.

    Attributes
    ----------
    originals, variables : list
        The chosen arguments, and the nodes in their places, in the same structures. Inside of ``vmap`` these have the
        axes of the batches in front, those of ``levels``.
    out, aux : structure
        What the function returned.
    stop : frozenset of Node
        All variables.
    differentiable : bool
        Whether the derivative can be differentiated in its turn.
    """

    def __init__(self, f: Function, args: tuple[Any, ...], kwargs: dict[str, Any], argnums: Argnums, has_aux: bool):
        if not callable(f):
            raise TypeError(f"expected a function to differentiate, got {type(f).__name__}")
        chosen = _chosen(argnums, args)
        self.originals = [args[n] for n in chosen]
        self.outer = is_recording()
        self.levels = open_levels()
        with recording():
            linked = any(isinstance(x, Node) and x.requires_grad for x in leaves_of(self.originals)) and self.outer
            self.variables = [map_leaves(lambda leaf: _variable(leaf, self.levels), x) for x in self.originals]
            replaced = list(args)
            for n, variable in zip(chosen, self.variables):
                replaced[n] = map_leaves(lambda v: with_levels(v, self.levels), variable) if self.levels else variable
            with Watch(leaves_of(self.variables)) as watch:
                result = f(*replaced, **kwargs)
        self.aux = None
        if has_aux:
            result, self.aux = _pair(result)
        if not isinstance(result, Node):
            map_leaves(_check_result, result)
        self.out = result
        self.stop = watch.variables
        wholes = [whole_of(x) for x in leaves_of(self.out)]
        self.differentiable = linked or (self.outer and self._uses_other_variables())
        for variable, what in watch.lost(wholes) if watch.read else ():
            (place,) = [n for n, tree in zip(chosen, self.variables) if any(x is variable for x in leaves_of(tree))]
            _warn_of_lost(f, place, what)
        for variable in watch.copied(wholes) if watch.twins else ():
            (place,) = [n for n, tree in zip(chosen, self.variables) if any(x is variable for x in leaves_of(tree))]
            warn(f"{getattr(f, '__name__', 'the function')!s}, argument {place}: {COPIED}")

    def _uses_other_variables(self) -> bool:
        """Return whether the results depend on something else that requires gradients."""
        oldest = oldest_of(self.stop)
        wholes = [whole_of(out) for out in leaves_of(self.out)]
        todo = [out for out in wholes if isinstance(out, Node) and is_inner(out, self.stop, oldest)]
        seen = set(todo)
        for node in todo:  # and what is appended on the way
            for x in inputs_of(node):
                if x._tracked and x not in seen and x not in self.stop:
                    if x.op is None or x.number < oldest:
                        return True
                    seen.add(x)
                    todo.append(x)
        return False

    def pull(self, outs: Any, cotangents: Any, create_graph: bool | None = None) -> Any:
        """Return the gradients of the chosen arguments, in their structure, from the cotangents of results."""
        create_graph = self.differentiable if create_graph is None else create_graph
        total: dict[Node, Any] = {}
        with recording():
            for out, cotangent in zip(leaves_of(outs), leaves_of(cotangents)):
                if isinstance(out, Node) and out.requires_grad:
                    grad_output = _cotangent(out, cotangent, create_graph, self.levels)
                    whole = without_levels(out, self.levels)
                    for node, g in backprop(whole, grad_output, create_graph=create_graph, stop=self.stop).items():
                        if node in self.stop:
                            total[node] = total[node] + g if node in total else g
            gradients = [
                map_leaves(lambda v: total[v] if v in total else np.zeros_like(v._plain), x) for x in self.variables
            ]
        return [map_leaves(self._finish, gradient, original) for gradient, original in zip(gradients, self.originals)]

    def _finish(self, gradient: Any, original: Any) -> Any:
        gradient = with_levels(gradient, self.levels)
        if isinstance(gradient, Node):
            if gradient.requires_grad and self.outer:
                return gradient
            gradient = data_of(gradient)
        return gradient if isinstance(gradient, Batched) else _plain_data(gradient, original)


def _check_result(out: Any) -> None:
    if isinstance(out, (Node, float, int, str)) or out is None or hasattr(out, "dtype"):
        return
    raise TypeError(
        "a function to differentiate returns numbers, arrays, and dicts, lists and tuples of them; this one returned "
        f"{type(out).__name__}"
    )


def _pair(result: Any) -> Any:
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        raise TypeError(f"with has_aux=True the function must return a pair, it returned {type(result).__name__}")
    return result


def _warn_of_lost(f: Function, place: int, what: str) -> None:
    warn(
        f"the result of {getattr(f, '__name__', 'the function')!s} has no recorded path to argument {place}, whose "
        f"derivative is therefore given as 0: the function {what}. Compute with the argument itself (x**2, sg.exp(x), "
        "np.exp(x)), not with plain numbers taken from it"
    )


def _plain_data(data: Any, like: Any) -> Any:
    """Return plain data in the form of an argument: a float for a float, a NumPy scalar for a NumPy scalar."""
    if np.ndim(data) == 0 and isinstance(like, (float, int, np.integer, Value)):
        return _as_float(data)
    if isinstance(data, Node):  # it stands for plain data, in a trace
        return data
    array = np.asarray(data).copy()
    return array[()] if isinstance(like, np.generic) else array


_as_float, _as_array = PlainFunction(float), PlainFunction(np.array)


def _cotangent(out: Any, given: Any, create_graph: bool, levels: Sequence[Level] = ()) -> Any:
    """Return the cotangent of a result in the form that the backward pass takes."""
    if not isinstance(given, Node):
        given = plain(given)
    shape = np.shape(data_of(given))
    if shape != out.shape:
        raise ValueError(f"the result has shape {out.shape}, its gradient was given with shape {shape}")
    if levels:
        out, given = without_levels(out, levels), without_levels(given, levels)
    if isinstance(given, Batched):
        return out.fit(recorded(given) if create_graph else given)
    if isinstance(given, Node):
        fitted = out.fit(given)
        return fitted if not (create_graph and fitted.stands_for_data) else _node_of(out, fitted)
    if isinstance(out, Value):
        return Value(given) if create_graph else float(given)
    array = as_numbers(given).astype(out._plain.dtype, copy=False)
    return Tensor(array) if create_graph else array


def _node_of(out: Node, data: Any) -> Node:
    """Return a node of the kind of ``out`` with the data of a stand-in."""
    return Value(data) if isinstance(out, Value) else Tensor(data)


def _one(out: Any) -> Any:
    """Return the gradient of a single number with respect to itself."""
    if not isinstance(out, (Node, np.ndarray, float, int, np.generic)):
        raise TypeError(f"grad needs a function that returns one number, this one returned {type(out).__name__}")
    if not isinstance(out, Node):
        plain(out)
    shape = np.shape(data_of(out))
    if math.prod(shape) != 1:
        raise ValueError(
            f"grad needs a function that returns one number, this one returned shape {shape}; use sg.jacobian for "
            "all its derivatives, or sg.elementwise_grad if each element depends on its own input alone"
        )
    return np.ones(shape)


def unwrap(argnums: Argnums, gradients: list[Any]) -> Any:
    """Return the derivatives in the form in which the arguments were chosen: one, or a tuple."""
    return gradients[0] if isinstance(argnums, (int, np.integer)) else tuple(gradients)


class Derivative:
    """A function that computes a derivative of another function; what the transforms return.

    It can be pickled if the other function can.
    """

    def __init__(self, compute: Callable[..., Any], f: Function, *options: Any) -> None:
        functools.update_wrapper(self, f, updated=())
        self.compute, self.f, self.options = compute, f, options

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        """Compute the derivative at ``f(*args, **kwargs)``."""
        return self.compute(args, kwargs, self.f, *self.options)

    def __get__(self, owner: Any, kind: type | None = None) -> Any:
        """Bind to an object, as a method of a class does."""
        return self if owner is None else MethodType(self, owner)

    def __reduce__(self) -> Any:
        return global_name(self) or (Derivative, (self.compute, self.f, *self.options))

    def __repr__(self) -> str:
        return f"<{self.compute.__name__.strip('_')} of {getattr(self.f, '__name__', self.f)}>"


# ----------------------------------------------------------------------------------------- first derivatives


def value_and_grad(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Callable[..., tuple[Any, Any]]:
    """Return a function that computes ``f`` and its gradient at once.

    Parameters
    ----------
    f : callable
        Returns one number; with ``has_aux`` a pair of it and anything else.
    argnums : int or sequence of int
        The positional arguments to differentiate with respect to; a sequence gives a tuple of gradients.
    has_aux : bool
        Whether ``f`` returns a pair, whose second part is returned as it is.

    Returns
    -------
    callable
        Gives ``(value, gradient)``, or ``((value, aux), gradient)``.

    Examples
    --------
    >>> sg.value_and_grad(lambda x: x**3)(2.0)
    (8.0, 12.0)
    """
    return Derivative(_value_and_gradient, f, argnums, has_aux)


def _value_and_gradient(args: Any, kwargs: Any, f: Function, argnums: Argnums, has_aux: bool) -> tuple[Any, Any]:
    evaluated = Evaluation(f, args, kwargs, argnums, has_aux)
    gradients = unwrap(argnums, evaluated.pull(evaluated.out, _one(evaluated.out)))
    value = _value(evaluated.out, evaluated)
    return ((value, map_leaves(data_of, evaluated.aux)) if has_aux else value), gradients


def _value(out: Any, evaluated: Evaluation) -> Any:
    """Return a result of the function as its caller gets it: plain, unless it can be differentiated further."""
    return out if not isinstance(out, Node) or evaluated.differentiable else _plain_result(data_of(out), evaluated)


def _plain_result(data: Any, evaluated: Evaluation) -> Any:
    """Return the data of a result: a float if it is a single number and the first argument is one too."""
    if isinstance(data, Batched):
        return data
    like = evaluated.originals[0] if evaluated.originals else None
    return (
        _plain_data(data, like)
        if isinstance(like, (float, int, np.integer, Value))
        else _plain_data(data, np.float64())
    )


def grad(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """Return the function that computes the gradient of ``f``.

    Parameters
    ----------
    f : callable
        Returns one number; with ``has_aux`` a pair of it and anything else.
    argnums : int or sequence of int
        The positional arguments to differentiate with respect to; a sequence gives a tuple of gradients.
    has_aux : bool
        Whether ``f`` returns a pair; then the result is ``(gradient, aux)``.

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
    return Derivative(_gradient, f, argnums, has_aux)


def _gradient(args: Any, kwargs: Any, f: Function, argnums: Argnums, has_aux: bool) -> Any:
    value, gradients = _value_and_gradient(args, kwargs, f, argnums, has_aux)
    return (gradients, value[1]) if has_aux else gradients


def elementwise_grad(f: Function, argnums: Argnums = 0) -> Function:
    """Return the function that computes the derivative of each element of ``f`` with respect to its own input.

    It is exact if every element of the result depends on one element of the argument alone, as for ``np.tanh``. In
    general it is the gradient of the sum of the results.

    Examples
    --------
    >>> sg.elementwise_grad(np.square)(np.array([1.0, 2.0]))
    array([2., 4.])
    """
    return grad(Derivative(_summed, f), argnums)


def _summed(args: Any, kwargs: Any, f: Function) -> Any:
    return sum(f(*args, **kwargs))


# -------------------------------------------------------------------------------------- products with vectors


def vjp(f: Function, /, *args: Any, **kwargs: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """Evaluate ``f``, and return the result and the function that computes vector-Jacobian products.

    Parameters
    ----------
    f : callable
    *args
        The arguments of ``f``, with respect to which it is differentiated.
    **kwargs
        Further arguments of ``f``; nothing is differentiated with respect to them.

    Returns
    -------
    result
        ``f(*args, **kwargs)``, plain where the arguments are.
    pull : callable
        Takes the cotangent of the result, in its structure and shapes; gives a tuple with the vector-Jacobian product
        of each argument.

    Raises
    ------
    ValueError
        When ``pull`` is called, if the structure or a shape of the cotangent is not that of the result.

    Examples
    --------
    >>> out, pull = sg.vjp(lambda x, y: x * y, np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    >>> pull(np.array([1.0, 10.0]))
    (array([ 3., 40.]), array([ 1., 20.]))
    """
    evaluated = Evaluation(f, args, kwargs, tuple(range(len(args))), False)

    def pull(cotangents: Any) -> tuple[Any, ...]:
        if structure_of(cotangents) != structure_of(evaluated.out):
            raise ValueError("the gradients must have the structure (dict, list, tuple) of the function's result")
        linked = any(isinstance(g, Node) and g.requires_grad for g in leaves_of(cotangents))
        return tuple(evaluated.pull(evaluated.out, cotangents, evaluated.differentiable or linked))

    return map_leaves(lambda out: _value(out, evaluated), evaluated.out), pull


def jvp(f: Function, args: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """Evaluate ``f``, and return the result and its Jacobian-vector product with a tangent of the arguments.

    It takes two backward passes: a vector-Jacobian product is linear in its cotangent, and the derivative of that
    function, with the tangent as the gradient of its result, is the Jacobian-vector product.

    Parameters
    ----------
    f : callable
        Returns an array or a number.
    args : sequence
        The arguments of ``f``.
    tangents : sequence
        A tangent for each argument, of its shape.

    Returns
    -------
    result
        ``f(*args)``.
    tangent
        Jacobian-vector product, of the shape of the result.

    Raises
    ------
    ValueError
        If the tangents do not have the structure and shapes of the arguments.

    Examples
    --------
    >>> sg.jvp(np.sin, (0.0,), (2.0,))
    (0.0, 2.0)
    """
    if len(args) != len(tangents):
        raise ValueError(f"jvp: {len(args)} arguments need {len(args)} tangents, got {len(tangents)}")
    evaluated = Evaluation(f, tuple(args), {}, tuple(range(len(args))), False)
    directions = dict(zip(leaves_of(evaluated.variables), _directions("jvp", tuple(args), tuple(tangents))))
    value = map_leaves(lambda out: _value(out, evaluated), evaluated.out)
    return value, map_leaves(lambda out: _push(evaluated, out, directions), evaluated.out)


def _directions(what: str, points: Any, tangents: Any) -> list[Any]:
    """Return one tangent for each number or array among the arguments, in order."""
    if structure_of(points) != structure_of(tangents):
        raise ValueError(f"{what}: the directions must have the structure (dict, list, tuple) of the arguments")
    found: list[Any] = []
    map_leaves(lambda x, t: found.append((np.shape(data_of(x)), np.shape(data_of(t)), t)), points, tangents)
    for shape, other, _ in found:
        if shape != other:
            raise ValueError(f"{what}: an argument of shape {shape} has a direction of shape {other}")
    return [t for *_, t in found]


def _push(evaluated: Evaluation, out: Any, directions: dict[Node, Any]) -> Any:
    """Return the derivative of one result in the given directions of the arguments."""
    if not isinstance(out, Node) or not out.requires_grad:
        return _plain_result(np.zeros(np.shape(data_of(out))), evaluated)
    linked = evaluated.differentiable or any(isinstance(t, Node) and t.requires_grad for t in directions.values())
    with recording():
        cotangent, gradients = transposed(evaluated, out)
        products = [
            sum(multiply(gradients[v], without_levels(t, evaluated.levels)))
            for v, t in directions.items()
            if isinstance(gradients.get(v), Node)
        ]
        found = None
        if products:
            total = functools.reduce(lambda a, b: a + b, products)
            one = np.ones_like(total._plain)
            grad_output = Tensor(one) if linked else one
            found = backprop(total, grad_output, create_graph=linked, stop=frozenset([cotangent])).get(cotangent)
        found = with_levels(np.zeros_like(cotangent._plain) if found is None else found, evaluated.levels)
    if isinstance(found, Node):
        return found if linked else _plain_result(data_of(found), evaluated)
    return _plain_result(found, evaluated)


def transposed(evaluated: Evaluation, out: Any) -> tuple[Node, dict[Node, Any]]:
    """Return the vector-Jacobian product of a result as a recorded function: its cotangent, 0, and the gradients."""
    whole = without_levels(out, evaluated.levels)
    cotangent = Value(0.0) if isinstance(whole, Value) else Tensor(np.zeros_like(whole._plain), requires_grad=True)
    return cotangent, backprop(whole, cotangent, create_graph=True, stop=evaluated.stop)


def hvp(f: Function, argnums: int = 0) -> Function:
    """Return the function that computes products of the Hessian of ``f`` with a vector.

    The Hessian itself is not computed: a product takes as long as a few gradients, whatever the size.

    Parameters
    ----------
    f : callable
        Returns one number.
    argnums : int
        The positional argument to differentiate with respect to.

    Returns
    -------
    callable
        Takes the arguments of ``f`` and then the vector, of the shape of the argument.

    Examples
    --------
    >>> sg.hvp(lambda x: (x**3).sum())(np.array([1.0, 2.0]), np.array([1.0, 0.0]))
    array([6., 0.])
    """
    return Derivative(_hessian_product, f, argnums)


def _hessian_product(args: Any, kwargs: Any, f: Function, argnums: int) -> Any:
    *points, vector = args
    directions = _directions("hvp", points[argnums], vector) if points else []

    def along(*xs: Any) -> Any:
        parts = zip(leaves_of(_gradient(xs, kwargs, f, argnums, False)), directions)
        return functools.reduce(lambda a, b: a + b, [sum(multiply(g, v)) for g, v in parts])

    return _gradient(tuple(points), {}, along, argnums, False)
