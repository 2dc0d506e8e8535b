"""Derivatives of functions: take a function, get the function that computes its derivative.

The functions may take and return numbers, arrays, Tensors or Values, and structures of them (``nested.py``). They
may be written in plain NumPy. Transforms nest: a derivative is a function like any other.

If all arguments are plain, so is the derivative. If a Tensor or Value that requires gradients is given, or used inside
of ``f``, the derivative is a Tensor or Value that can be differentiated further.
"""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable, Sequence
from types import MethodType
from typing import TYPE_CHECKING, Any, Concatenate, Generic, Literal, overload

import numpy as np

from ..common.elsewhere import takes_other_names
from ..common.function_name import function_name
from ..common.plain_data import is_complex, is_labelled, plain, real_numbers
from ..common.warning import warn
from .batched import Batched, Level, open_levels, recorded, whole_of, with_levels, without_levels
from .copies import global_name
from .core.backward import backprop, inputs_of, is_inner, oldest_of
from .core.node import Node, data_of
from .core.op import PlainFunction
from .core.recording import is_recording, recording
from .graph_order import without_detours
from .lost_gradients import COPIED, Watch
from .nested import leaves_of, map_leaves, structure_of
from .ops.complex_parts import real
from .ops.elementwise import multiply
from .ops.reductions import sum
from .ops.shaping import identity
from .tensor import Tensor, as_numbers
from .transform_types import P, R
from .uncalled import Uncalled
from .value import Value

if TYPE_CHECKING:
    from typing_extensions import Self, Unpack

    from .core.call_types import Overloaded
    from .transform_types import Args, Aux, Owner, Rest, V, X, Y

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
    if isinstance(x, (bool, np.bool_, str, bytes)):
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
        self.originals: list[Any] = [args[n] for n in chosen]
        if any(x is None for x in self.originals):
            raise TypeError("cannot differentiate with respect to None: expected floating-point numbers or arrays")
        self.outer: bool = is_recording()
        self.levels: tuple[Level, ...] = open_levels()
        with recording():
            linked = any(isinstance(x, Node) and x.requires_grad for x in leaves_of(self.originals)) and self.outer
            self.variables: list[Any] = [
                map_leaves(lambda leaf: _variable(leaf, self.levels), x) for x in self.originals
            ]
            replaced = list(args)
            for n, variable in zip(chosen, self.variables):
                replaced[n] = map_leaves(lambda v: with_levels(v, self.levels), variable) if self.levels else variable
            with Watch(leaves_of(self.variables)) as watch:
                result = _call(f, replaced, kwargs)
        self.aux: Any = None
        if has_aux:
            result, self.aux = _pair(result)
        if not isinstance(result, Node):
            result = map_leaves(_checked_result, result)
        self.out = result
        self.stop: frozenset[Node] = watch.variables
        wholes = [whole_of(x) for x in leaves_of(self.out)]
        self.differentiable: bool = linked or (self.outer and self._uses_other_variables())
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


def _call(f: Function, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """Call a function; if it writes a variable into a plain array, raise what that says, which NumPy hides."""
    try:
        return f(*args, **kwargs)
    except ValueError as error:
        if isinstance(error.__cause__, TypeError) and "setting an array element" in str(error):
            raise error.__cause__ from None
        raise


def _checked_result(out: Any) -> Any:
    """Return a leaf of a result; of one with names for its axes, what it holds."""
    if isinstance(out, (Node, float, int, complex, str)) or hasattr(out, "dtype"):
        return out.data if is_labelled(out) else out
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
    if np.ndim(data) == 0 and isinstance(like, _PYTHON_NUMBERS):
        return _as_number(data)
    if isinstance(data, Node):  # it stands for plain data, in a trace
        return data
    array = np.asarray(data).copy()
    return array[()] if isinstance(like, np.generic) else array


def _number(data: Any) -> float | complex:
    return complex(data) if is_complex(data) else float(data)


#: Arguments for which results and derivatives that are single numbers are Python's own.
_PYTHON_NUMBERS = (float, int, complex, np.integer, Value)

_as_number, _as_array = PlainFunction(_number), PlainFunction(np.array)


def _cotangent(out: Any, given: Any, create_graph: bool, levels: Sequence[Level] = ()) -> Any:
    """Return the cotangent of a result in the form that the backward pass takes."""
    if not isinstance(given, Node):
        given = plain(given)
    if is_complex(given) and not is_complex(out):
        real_numbers("the gradient of a real result", given)  # raises
    shape = np.shape(data_of(given))
    if shape != out.shape:
        raise ValueError(f"the result has shape {out.shape}, its gradient was given with shape {shape}")
    if levels:
        out, given = without_levels(out, levels), without_levels(given, levels)
    if isinstance(given, Batched):
        return out.fit_gradient(recorded(given) if create_graph else given)
    if isinstance(given, Node):
        fitted = out.fit_gradient(given)
        return fitted if not (create_graph and fitted.stands_for_data) else _node_of(out, fitted)
    if isinstance(out, Value):
        return Value(given) if create_graph else float(given)
    array = as_numbers(given).astype(out._plain.dtype, copy=False)
    return Tensor(array) if create_graph else array


def _node_of(out: Node, data: Any) -> Node:
    """Return a node of the kind of ``out`` with the data of a stand-in."""
    return Value(data) if isinstance(out, Value) else Tensor(data)


def _one(out: Any, holomorphic: bool = False) -> Any:
    """Return the gradient of a single number with respect to itself."""
    if not isinstance(out, (Node, np.ndarray, float, int, complex, np.generic)):
        raise TypeError(f"grad needs a function that returns one number, this one returned {type(out).__name__}")
    if not isinstance(out, Node):
        plain(out)
    shape = np.shape(data_of(out))
    if isinstance(out, (bool, np.bool_)):
        raise TypeError(f"grad needs a function that returns a real number, this one returned the truth value {out}")
    if math.prod(shape) != 1:
        raise ValueError(
            f"grad needs a function that returns one number, this one returned shape {shape}; use sg.jacobian for "
            "all its derivatives, or sg.elementwise_grad if each element depends on its own input alone"
        )
    if is_complex(out) and not holomorphic:
        raise TypeError(
            f"grad needs a function that returns a real number, this one returned a complex one ({_dtype_of(out)}). "
            "If the function is holomorphic, write holomorphic=True; otherwise differentiate its real and its "
            "imaginary part, or use sg.jacobian (of real arguments) or sg.jvp"
        )
    return np.ones(shape)


def _dtype_of(x: Any) -> Any:
    return getattr(data_of(x), "dtype", type(x).__name__)


def check_holomorphic(what: str, evaluated: Evaluation) -> None:
    """Raise TypeError if the arguments or results of a function that is to be holomorphic are real."""
    for x, which in ((evaluated.variables, "an argument"), (evaluated.out, "the result")):
        for leaf in leaves_of(x):
            if not is_complex(data_of(leaf)):
                raise TypeError(
                    f"{what}(holomorphic=True) is for functions of complex numbers to complex numbers; {which} is "
                    f"{_dtype_of(leaf)}. Leave holomorphic out, or pass complex numbers"
                )


def check_function(f: Any, argnums: Any) -> None:
    """Raise TypeError if there is no function to differentiate, or its arguments are not chosen by number."""
    if not callable(f):
        raise TypeError(
            f"expected a function to differentiate, got {type(f).__name__}. For the gradients of a number that was "
            "computed, write loss.backward() and read w.grad"
        )
    chosen = argnums if isinstance(argnums, (tuple, list)) else (argnums,)
    if not all(isinstance(n, (int, np.integer)) for n in chosen):
        raise TypeError(
            f"argnums must be an integer or a sequence of integers, got {argnums!r:.80}. The derivative at a point is "
            "sg.grad(f)(x)"
        )


def unwrap(argnums: Argnums, gradients: list[Any]) -> Any:
    """Return the derivatives in the form in which the arguments were chosen: one, or a tuple."""
    return gradients[0] if isinstance(argnums, (int, np.integer)) else tuple(gradients)


class Derivative(Uncalled, Generic[P, R]):
    """A function that computes a derivative of another function; what the transforms return.

    It can be pickled if the other function can.
    """

    def __init__(self, compute: Callable[..., R], f: Callable[P, object], *options: Any) -> None:
        functools.update_wrapper(self, f, updated=())
        self.compute = compute
        self.f = f
        self.options = options

    @property
    def called_as(self) -> str:
        """The call that made it, such as ``grad(f, argnums=1)``; options that are the defaults are left out."""
        _, _, _, *names = inspect.signature(self.compute).parameters
        options = [f", {name}={option!r}" for name, option in zip(names, self.options) if option != 0]
        return f"{self.compute.__name__.strip('_')}({function_name(self.f)}{''.join(options)})"

    def __call__(self, /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Compute the derivative at ``f(*args, **kwargs)``."""
        return self.compute(args, kwargs, self.f, *self.options)

    @overload
    def __get__(self, owner: None, kind: type | None = None) -> Self: ...
    @overload
    def __get__(
        self: Derivative[Concatenate[Owner, Rest], R], owner: Owner, kind: type | None = None
    ) -> Callable[Rest, R]: ...
    def __get__(self, owner: Any, kind: type | None = None) -> Any:
        """Bind to an object, as a method of a class does."""
        return self if owner is None else MethodType(self, owner)

    def __reduce__(self) -> Any:
        return global_name(self) or (Derivative, (self.compute, self.f, *self.options))

    def __repr__(self) -> str:
        return f"<seegrad {self.called_as}>"


# ----------------------------------------------------------------------------------------- first derivatives


@overload
def value_and_grad(
    f: np.ufunc | Overloaded, argnums: Argnums = 0, has_aux: bool = False, holomorphic: bool = False
) -> Derivative[..., tuple[Any, Any]]: ...
@overload
def value_and_grad(
    f: Callable[Concatenate[X, P], V],
    argnums: Literal[0] = 0,
    has_aux: Literal[False] = False,
    holomorphic: bool = False,
) -> Derivative[Concatenate[X, P], tuple[V, X]]: ...
@overload
def value_and_grad(
    f: Callable[Concatenate[X, Y, P], V],
    argnums: Literal[1],
    has_aux: Literal[False] = False,
    holomorphic: bool = False,
) -> Derivative[Concatenate[X, Y, P], tuple[V, Y]]: ...
@overload
def value_and_grad(
    f: Callable[Concatenate[X, Y, P], V],
    argnums: tuple[Literal[0], Literal[1]],
    has_aux: Literal[False] = False,
    holomorphic: bool = False,
) -> Derivative[Concatenate[X, Y, P], tuple[V, tuple[X, Y]]]: ...
@overload
def value_and_grad(
    f: Callable[Concatenate[X, P], tuple[V, Aux]],
    argnums: Literal[0] = 0,
    *,
    has_aux: Literal[True],
    holomorphic: bool = False,
) -> Derivative[Concatenate[X, P], tuple[tuple[V, Aux], X]]: ...
@overload
def value_and_grad(
    f: Callable[P, V], argnums: int, has_aux: bool = False, holomorphic: bool = False
) -> Derivative[P, tuple[V, Any]]: ...
@overload
def value_and_grad(
    f: Callable[P, V], argnums: Sequence[int], has_aux: bool = False, holomorphic: bool = False
) -> Derivative[P, tuple[V, tuple[Any, ...]]]: ...
@takes_other_names
def value_and_grad(
    f: Function, argnums: Argnums = 0, has_aux: bool = False, holomorphic: bool = False
) -> Derivative[..., tuple[Any, Any]]:
    """Return a function that computes ``f`` and its gradient at once.

    Parameters
    ----------
    f : callable
        Returns one real number; with ``has_aux`` a pair of it and anything else.
    argnums : int or sequence of int
        The positional arguments to differentiate with respect to; a sequence gives a tuple of gradients.
    has_aux : bool
        Whether ``f`` returns a pair, whose second part is returned as it is.
    holomorphic : bool
        Whether ``f`` is a holomorphic function of complex numbers, see :func:`grad`.

    Returns
    -------
    callable
        Gives ``(value, gradient)``, or ``((value, aux), gradient)``.

    Examples
    --------
    >>> sg.value_and_grad(lambda x: x**3)(2.0)
    (8.0, 12.0)
    """
    check_function(f, argnums)
    return Derivative(_value_and_grad, f, argnums, has_aux, holomorphic)


def _value_and_grad(
    args: Any, kwargs: Any, f: Function, argnums: Argnums, has_aux: bool, holomorphic: bool = False
) -> tuple[Any, Any]:
    evaluated = Evaluation(f, args, kwargs, argnums, has_aux)
    one = _one(evaluated.out, holomorphic)
    if holomorphic:
        check_holomorphic("grad", evaluated)
    gradients = unwrap(argnums, evaluated.pull(evaluated.out, one))
    value = value_of(evaluated.out, evaluated)
    return ((value, map_leaves(data_of, evaluated.aux)) if has_aux else value), gradients


def value_of(out: Any, evaluated: Evaluation) -> Any:
    """Return a result of the function as its caller gets it: plain, unless it can be differentiated further."""
    return out if not isinstance(out, Node) or evaluated.differentiable else _plain_result(data_of(out), evaluated)


def _plain_result(data: Any, evaluated: Evaluation) -> Any:
    """Return the data of a result: a float if it is a single number and the first argument is one too."""
    if isinstance(data, Batched):
        return data
    like = evaluated.originals[0] if evaluated.originals else None
    return _plain_data(data, like) if isinstance(like, _PYTHON_NUMBERS) else _plain_data(data, np.float64())


@overload
def grad(
    f: np.ufunc | Overloaded, argnums: Argnums = 0, has_aux: bool = False, holomorphic: bool = False
) -> Derivative[..., Any]: ...
@overload
def grad(
    f: Callable[Concatenate[X, P], object],
    argnums: Literal[0] = 0,
    has_aux: Literal[False] = False,
    holomorphic: bool = False,
) -> Derivative[Concatenate[X, P], X]: ...
@overload
def grad(
    f: Callable[Concatenate[X, Y, P], object],
    argnums: Literal[1],
    has_aux: Literal[False] = False,
    holomorphic: bool = False,
) -> Derivative[Concatenate[X, Y, P], Y]: ...
@overload
def grad(
    f: Callable[Concatenate[X, Y, P], object],
    argnums: tuple[Literal[0], Literal[1]],
    has_aux: Literal[False] = False,
    holomorphic: bool = False,
) -> Derivative[Concatenate[X, Y, P], tuple[X, Y]]: ...
@overload
def grad(
    f: Callable[Concatenate[X, P], tuple[object, Aux]],
    argnums: Literal[0] = 0,
    *,
    has_aux: Literal[True],
    holomorphic: bool = False,
) -> Derivative[Concatenate[X, P], tuple[X, Aux]]: ...
@overload
def grad(
    f: Callable[P, object], argnums: int, has_aux: bool = False, holomorphic: bool = False
) -> Derivative[P, Any]: ...
@overload
def grad(
    f: Callable[P, object], argnums: Sequence[int], has_aux: bool = False, holomorphic: bool = False
) -> Derivative[P, tuple[Any, ...]]: ...
@takes_other_names
def grad(f: Function, argnums: Argnums = 0, has_aux: bool = False, holomorphic: bool = False) -> Derivative[..., Any]:
    """Return the function that computes the gradient of ``f``.

    Parameters
    ----------
    f : callable
        Returns one real number; with ``has_aux`` a pair of it and anything else.
    argnums : int or sequence of int
        The positional arguments to differentiate with respect to; a sequence gives a tuple of gradients.
    has_aux : bool
        Whether ``f`` returns a pair; then the result is ``(gradient, aux)``.
    holomorphic : bool
        Whether ``f`` is a holomorphic function of complex numbers: then it returns a complex number, and the result is
        its complex derivative. (Of a real result ``L``, the gradient of ``x + iy`` is ``dL/dx - i dL/dy``.)

    Returns
    -------
    callable
        Takes what ``f`` takes; gives gradients in the structure of the arguments.

    Raises
    ------
    ValueError
        When called, if ``f`` returns more than one number.
    TypeError
        When called, if ``f`` returns a complex number and is not said to be holomorphic.

    Examples
    --------
    >>> W = np.array([[1.0, 2.0], [3.0, 4.0]])
    >>> sg.grad(lambda x: np.dot(W, x).sum())(np.zeros(2))
    array([4., 6.])
    >>> sg.grad(sg.grad(np.tanh))(0.0)
    -0.0
    >>> sg.grad(lambda z: z**3, holomorphic=True)(1.0 + 1.0j)
    6j
    """
    check_function(f, argnums)
    return Derivative(_grad, f, argnums, has_aux, holomorphic)


def _grad(args: Any, kwargs: Any, f: Function, argnums: Argnums, has_aux: bool, holomorphic: bool = False) -> Any:
    value, gradients = _value_and_grad(args, kwargs, f, argnums, has_aux, holomorphic)
    return (gradients, value[1]) if has_aux else gradients


@overload
def elementwise_grad(
    f: np.ufunc | Overloaded, argnums: Argnums = 0, holomorphic: bool = False
) -> Derivative[..., Any]: ...
@overload
def elementwise_grad(
    f: Callable[Concatenate[X, P], object], argnums: Literal[0] = 0, holomorphic: bool = False
) -> Derivative[Concatenate[X, P], X]: ...
@overload
def elementwise_grad(f: Callable[P, object], argnums: int, holomorphic: bool = False) -> Derivative[P, Any]: ...
@overload
def elementwise_grad(
    f: Callable[P, object], argnums: Sequence[int], holomorphic: bool = False
) -> Derivative[P, tuple[Any, ...]]: ...
@takes_other_names
def elementwise_grad(f: Function, argnums: Argnums = 0, holomorphic: bool = False) -> Derivative[..., Any]:
    """Return the function that computes the derivative of each element of ``f`` with respect to its own input.

    It is exact if every element of the result depends on one element of the argument alone, as for ``np.tanh``. In
    general it is the gradient of the sum of the results. ``holomorphic`` as in :func:`grad`.

    Parameters
    ----------
    f : callable
        Returns an array or a number.
    argnums : int or sequence of int
        The positional arguments to differentiate with respect to; a sequence gives a tuple.

    Returns
    -------
    callable
        Takes what ``f`` takes; gives arrays of the shape of the argument.

    Examples
    --------
    >>> sg.elementwise_grad(np.square)(np.array([1.0, 2.0]))
    array([2., 4.])
    """
    return grad(Derivative(_summed, f), argnums, holomorphic=holomorphic)


def _summed(args: Any, kwargs: Any, f: Function) -> Any:
    return sum(f(*args, **kwargs))


# -------------------------------------------------------------------------------------- products with vectors


@overload
def vjp(f: Callable[[Unpack[Args]], V], /, *args: Unpack[Args]) -> tuple[V, Callable[[Any], tuple[Unpack[Args]]]]: ...
@overload
def vjp(f: Callable[P, V], /, *args: P.args, **kwargs: P.kwargs) -> tuple[V, Callable[[Any], tuple[Any, ...]]]: ...
def vjp(  # type: ignore[misc]  # to mypy, the tuple of arguments is not in *args
    f: Function, /, *args: Any, **kwargs: Any
) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
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

    return map_leaves(lambda out: value_of(out, evaluated), evaluated.out), pull


@overload
def jvp(f: Callable[[Unpack[Args]], V], args: tuple[Unpack[Args]], tangents: Sequence[Any]) -> tuple[V, V]: ...
@overload
def jvp(f: Callable[..., V], args: Sequence[Any], tangents: Sequence[Any]) -> tuple[V, V]: ...
@takes_other_names
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
        A tangent for each argument, of its shape; for real arguments they are real.

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
    value, push = linearize(f, *args)
    return value, push(*tangents)


@overload
def linearize(f: Callable[[Unpack[Args]], V], /, *args: Unpack[Args]) -> tuple[V, Callable[[Unpack[Args]], V]]: ...
@overload
def linearize(f: Callable[P, V], /, *args: P.args, **kwargs: P.kwargs) -> tuple[V, Callable[..., V]]: ...
def linearize(  # type: ignore[misc]  # to mypy, the tuple of arguments is not in *args
    f: Function, /, *args: Any, **kwargs: Any
) -> tuple[Any, Callable[..., Any]]:
    """Evaluate ``f``, and return the result and the linear function that approximates it there.

    ``f`` is evaluated once, whatever the number of directions: :func:`jvp` evaluates it for each.

    Parameters
    ----------
    f : callable
        Returns numbers, arrays, and nested dicts, lists and tuples of them.
    *args
        The arguments of ``f``, at which it is differentiated.
    **kwargs
        Further arguments of ``f``; nothing is differentiated with respect to them.

    Returns
    -------
    result
        ``f(*args, **kwargs)``, plain where the arguments are.
    push : callable
        Takes a tangent for each argument, of its structure and shapes; gives the Jacobian-vector product, in the
        structure and shapes of the result.

    Raises
    ------
    ValueError
        When ``push`` is called, if the tangents do not have the structure and shapes of the arguments.

    Examples
    --------
    >>> value, push = sg.linearize(np.sin, 0.0)
    >>> value, push(2.0), push(-1.0)
    (0.0, 2.0, -1.0)
    """
    evaluated = Evaluation(f, args, kwargs, tuple(range(len(args))), False)

    def push(*tangents: Any) -> Any:
        if len(tangents) != len(args):
            raise ValueError(f"linearize: {len(args)} arguments need {len(args)} tangents, got {len(tangents)}")
        directions = dict(zip(leaves_of(evaluated.variables), _directions("jvp", args, tangents)))
        return map_leaves(lambda out: _push(evaluated, out, directions), evaluated.out)

    return map_leaves(lambda out: value_of(out, evaluated), evaluated.out), push


def _directions(what: str, points: Any, tangents: Any) -> list[Any]:
    """Return one tangent for each number or array among the arguments, in order."""
    if structure_of(points) != structure_of(tangents):
        raise ValueError(f"{what}: the directions must have the structure (dict, list, tuple) of the arguments")
    found: list[Any] = []

    def note(x: Any, t: Any) -> None:
        if not is_complex(data_of(x)):
            real_numbers(f"{what}: the direction of a real argument", data_of(t))
        found.append((np.shape(data_of(x)), np.shape(data_of(t)), t))

    map_leaves(note, points, tangents)
    for shape, other, _ in found:
        if shape != other:
            raise ValueError(f"{what}: an argument of shape {shape} has a direction of shape {other}")
    return [t for *_, t in found]


def _push(evaluated: Evaluation, out: Any, directions: dict[Node, Any]) -> Any:
    """Return the derivative of one result in the given directions of the arguments."""
    if not isinstance(out, Node) or not out.requires_grad:
        return _plain_result(_zeros_for(data_of(out)), evaluated)
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
            stop = without_detours(total, cotangent)
            found = backprop(total, grad_output, create_graph=linked, stop=stop).get(cotangent)
        found = with_levels(np.zeros_like(cotangent._plain) if found is None else found, evaluated.levels)
    if isinstance(found, Node):
        return found if linked else _plain_result(data_of(found), evaluated)
    return _plain_result(found, evaluated)


def _zeros_for(out: Any) -> Any:
    """Return the tangent of a result that does not depend on the arguments."""
    dtype = getattr(out, "dtype", np.dtype(complex if isinstance(out, complex) else float))
    return np.zeros(np.shape(out), dtype if dtype.kind in "fc" else float)


def transposed(evaluated: Evaluation, out: Any) -> tuple[Node, dict[Node, Any]]:
    """Return the vector-Jacobian product of a result as a recorded function: its cotangent, 0, and the gradients."""
    whole = without_levels(out, evaluated.levels)
    cotangent = Value(0.0) if isinstance(whole, Value) else Tensor(np.zeros_like(whole._plain), requires_grad=True)
    return cotangent, backprop(whole, cotangent, create_graph=True, stop=evaluated.stop)


@overload
def hvp(f: np.ufunc | Overloaded, argnums: int = 0, holomorphic: bool = False) -> Derivative[..., Any]: ...
@overload
def hvp(f: Callable[[X], object], argnums: Literal[0] = 0, holomorphic: bool = False) -> Derivative[[X, X], X]: ...
@overload
def hvp(
    f: Callable[Concatenate[X, ...], object], argnums: Literal[0] = 0, holomorphic: bool = False
) -> Derivative[Concatenate[X, ...], X]: ...
@overload
def hvp(f: Callable[..., object], argnums: int, holomorphic: bool = False) -> Derivative[..., Any]: ...
@takes_other_names
def hvp(f: Function, argnums: int = 0, holomorphic: bool = False) -> Derivative[..., Any]:
    """Return the function that computes products of the Hessian of ``f`` with a vector.

    The Hessian itself is not computed: a product takes as long as a few gradients, whatever the size.

    Parameters
    ----------
    f : callable
        Returns one number.
    argnums : int
        The positional argument to differentiate with respect to.
    holomorphic : bool
        As in :func:`grad`. Otherwise the product with a complex vector is the gradient of the derivative of ``f`` in
        that direction.

    Returns
    -------
    callable
        Takes the arguments of ``f`` and then the vector, of the shape of the argument.

    Examples
    --------
    >>> sg.hvp(lambda x: (x**3).sum())(np.array([1.0, 2.0]), np.array([1.0, 0.0]))
    array([6., 0.])
    """
    check_function(f, argnums)
    return Derivative(_hvp, f, argnums, holomorphic)


def _hvp(args: Any, kwargs: Any, f: Function, argnums: int, holomorphic: bool) -> Any:
    *points, vector = args
    directions = _directions("hvp", points[argnums], vector) if points else []

    def along(*xs: Any) -> Any:
        parts = zip(leaves_of(_grad(xs, kwargs, f, argnums, False, holomorphic)), directions)
        total = functools.reduce(lambda a, b: a + b, [sum(multiply(g, v)) for g, v in parts])
        return real(total) if is_complex(total) and not holomorphic else total

    return _grad(tuple(points), {}, along, argnums, False, holomorphic)
