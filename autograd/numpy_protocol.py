"""Functions of NumPy called with Tensors: which operation answers each, and how NumPy's arguments reach it.

NumPy passes every call with a Tensor among its arguments to this module (NEP 13 for ufuncs, NEP 18 for other
functions). A function that has an operation is recorded; one that only inspects data is answered from the data; every
other one raises, because a silent conversion to a plain array would lose the gradient.

The operations have their own parameters in their own order. So a call is first bound as NumPy binds it: arguments equal
to NumPy's default are left out, the others are passed by name, and a name that the operation does not have raises. No
argument can mean something else than it means in NumPy.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from ..common.plain_data import ListOfNodesError, holds_nodes, is_labelled, real_numbers
from .core.node import NO_PARAMS, Node
from .numpy_answers import ANSWERS, answer, name_of
from .numpy_functions import CREATORS, FUNCTIONS, GENERALIZED_UFUNCS, OTHER_UFUNCS, WRITERS
from .ops import elementwise as ew
from .ops import masked_reductions, reductions, shaping
from .ops.elementwise import Elementwise
from .scipy_ufuncs import name_of_ufunc
from .tensor import Tensor

Function = Callable[..., Any]


def call_function(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Answer a function of NumPy that was called with a Tensor among its arguments."""
    operation = FUNCTIONS.get(function) or CREATORS.get(function) or WRITERS.get(function)
    if operation is not None:
        try:
            return _call(operation, function, args, kwargs)
        except ListOfNodesError:
            args, kwargs = tuple(map(_assembled, args)), {name: _assembled(value) for name, value in kwargs.items()}
            return _call(operation, function, args, kwargs)
    if function in ANSWERS:
        out = kwargs.get("out", args[2] if len(args) > 2 else None)  # the third of all that have one
        if function in (np.any, np.all, np.argmax, np.argmin) and isinstance(out, Node):
            raise TypeError(
                f"{name_of(function)}(..., out=tensor) would write into a Tensor; use the returned array instead"
            )
        return answer(function, args, kwargs)
    raise TypeError(_refusal(name_of(function)))


def _assembled(x: Any) -> Any:
    """Return a list of nodes as a Tensor."""
    return shaping.operand(x) if isinstance(x, (list, tuple)) and holds_nodes(x) else x


# ------------------------------------------------------------------------------------- NumPy's calling forms


class _Form(NamedTuple):
    """How a function of NumPy is called, and which of its parameters its operation has."""

    signature: inspect.Signature
    data: int | None  #: How many leading arguments are passed by position; None: as many as are given.
    optional: tuple[str, ...]  #: The parameters after them that may be given by position too.
    defaults: Mapping[str, Any]
    known: frozenset[str]
    others: bool  #: Whether any other parameter is passed on, to a function that is called.


def _concatenate(
    arrays: Any, /, axis: Any = 0, out: Any = None, *, dtype: Any = None, casting: str = "same_kind"
) -> Any:
    """Stand for the signature of ``numpy.concatenate``; other functions in C have that of their operation."""


@functools.cache
def _form(operation: Any, function: Any) -> _Form:
    forward = getattr(operation, "forward", operation)
    try:
        signature = inspect.signature(function)
    except ValueError:  # older versions of NumPy have none for functions in C
        signature = inspect.signature(_concatenate if function is np.concatenate else forward)
    parameters = signature.parameters.values()
    optional = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD and p.default is not p.empty]
    in_front = [p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) and p.name not in optional for p in parameters]
    return _Form(
        signature,
        None if any(p.kind is p.VAR_POSITIONAL for p in parameters) else sum(in_front),
        tuple(optional),
        {p.name: p.default for p in parameters if p.default is not p.empty},
        frozenset(inspect.signature(forward).parameters),
        any(p.kind is p.VAR_KEYWORD for p in inspect.signature(forward).parameters.values()),
    )


def _is_default(value: Any, default: Any) -> bool:
    plain = type(value) is type(default) and isinstance(value, (bool, int, float, str, tuple))
    return value is default or (plain and value == default)


def _split(form: _Form, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the arguments to pass by position, and the others by name."""
    if form.data is None:
        return args, kwargs
    return args[: form.data], {**dict(zip(form.optional, args[form.data :])), **kwargs}


def _call(
    operation: Function, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], called: str | None = None
) -> Any:
    """Call an operation with the arguments of a function of NumPy; errors give the name in ``called``."""
    form = _form(operation, function)
    if not kwargs and len(args) == form.data:
        return operation(*args)
    data, options = _split(form, args, kwargs)
    if len(data) + len(options) != len(args) + len(kwargs) or not options.keys() <= form.defaults.keys():
        try:  # too many arguments, one of them twice, or data by name
            bound = form.signature.bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{called or name_of(function)}: {error}") from None
        data, options = _split(form, bound.args, bound.kwargs)
    options = {k: v for k, v in options.items() if not _is_default(v, form.defaults.get(k, form))}
    if options.get("where") is True:
        del options["where"]
    if "dtype" in options and "dtype" in form.defaults and "dtype" not in form.known:
        data = (_cast(data[0], options.pop("dtype"), called or name_of(function)), *data[1:])
    for name, value in options.items():
        if name not in form.known and not form.others:
            raise TypeError(_unknown_option(called or name_of(function), name, value))
    return operation(*data, **options)


def _cast(x: Any, dtype: Any, called: str) -> Any:
    """Return the inputs of an operation in the dtype in which it is to be computed."""
    if isinstance(x, (list, tuple)):
        return [_cast(item, dtype, called) for item in x]
    if np.dtype(dtype).kind not in "fc":
        raise TypeError(
            f"{called}(..., dtype={np.dtype(dtype)}) is not supported on a Tensor: only floating-point and complex "
            "dtypes have a gradient. Pass t.data if none is needed"
        )
    x = shaping.operand(x)
    return shaping.astype(x if np.dtype(dtype).kind == "c" else real_numbers(called, x), np.dtype(dtype))


def _unknown_option(called: str, name: str, value: Any) -> str:
    if name == "out":
        return (
            f"{called}(..., out=array) would write a Tensor's result where no gradient can follow; "
            "use the returned Tensor instead"
        )
    return (
        f"{called}(..., {name}={value!r:.60}) is not supported on a Tensor. Leave {name} out, or pass t.data if no "
        "gradient is needed"
    )


def _refusal(called: str) -> str:
    return (
        f"{called} is not supported on a Tensor: its result would have no gradient. Define it with sg.primitive, or "
        "pass t.data if no gradient is needed"
    )


# ---------------------------------------------------------------------------------------------------- ufuncs

_REDUCE: dict[Any, Function] = {
    np.add: masked_reductions.sum,
    np.multiply: masked_reductions.prod,
    np.maximum: masked_reductions.max,
    np.minimum: masked_reductions.min,
    **{np.fmax: masked_reductions.nanmax, np.fmin: masked_reductions.nanmin},
    np.logaddexp: masked_reductions.reduction(reductions.logsumexp, ew.logaddexp, -np.inf),
}
_ACCUMULATE: dict[Any, Function] = {np.add: reductions.cumsum, np.multiply: reductions.cumprod}

#: Ufuncs whose results have no derivative: they are answered from the data.
_INSPECT = {
    *(np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal, np.isnan, np.isinf),
    *(np.isfinite, np.signbit, np.logical_and, np.logical_or, np.logical_not, np.logical_xor),
}
_OF_INTEGERS = {
    *(np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.invert, np.left_shift, np.right_shift, np.gcd, np.lcm),
    np.bitwise_count,
}

#: Ufuncs that compute in a floating dtype of their own; their operations keep the dtype of the inputs.
_CHOOSE_DTYPE = {np.float_power, np.fabs}

#: Inputs of which it is known that they leave the computing to a Tensor: to ask them would take time.
_OURS = {Tensor, np.ndarray, float, int}

_OPTIONS = {"where": True, "casting": "same_kind", "order": "K", "dtype": None, "subok": True, "signature": None}


def call_ufunc(ufunc: Any, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Answer a ufunc that was called with a Tensor among its inputs.

    NotImplemented if another input computes with Tensors itself.
    """
    if len(inputs) > 1 and any(x.__class__ not in _OURS and is_labelled(x) for x in inputs):
        return NotImplemented
    if method == "__call__" and not kwargs and ufunc in Elementwise.by_ufunc and ufunc not in _CHOOSE_DTYPE:
        try:
            return Elementwise.by_ufunc[ufunc].apply(inputs, NO_PARAMS)
        except ListOfNodesError:
            return Elementwise.by_ufunc[ufunc].apply(tuple(map(_assembled, inputs)), NO_PARAMS)
    called = name_of_ufunc(ufunc) if method == "__call__" else f"{name_of_ufunc(ufunc)}.{method}"
    if kwargs.get("out") is not None:
        raise TypeError(_unknown_option(called, "out", None))
    if ufunc in _INSPECT or (ufunc in _OF_INTEGERS and not any(map(_is_floating, inputs))):
        return answer(ufunc if method == "__call__" else _method_of(ufunc, method), inputs, kwargs)
    inputs = tuple(map(_assembled, inputs))
    if method == "__call__" and (ufunc in Elementwise.by_ufunc or ufunc in OTHER_UFUNCS):
        return _call_with_options(ufunc, called, inputs, kwargs)
    if method == "reduce" and ufunc in _REDUCE:
        return _call(_REDUCE[ufunc], np.sum, inputs, {"axis": 0, **kwargs}, called)
    if method == "accumulate" and ufunc in _ACCUMULATE:
        if kwargs.get("axis", 0) is None:
            raise ValueError(f"{called} needs one axis, got axis=None")
        return _call(_ACCUMULATE[ufunc], np.cumsum, inputs, {"axis": 0, **kwargs}, called)
    if method == "outer" and not kwargs and ufunc in Elementwise.by_ufunc:
        x, y = (shaping.operand(v) for v in inputs)
        return _call_with_options(ufunc, called, (shaping.reshape(x, (*x.shape, *(1,) * y.ndim)), y), kwargs)
    raise TypeError(_refusal(called))


def _is_floating(x: Any) -> bool:
    return isinstance(x, Node) and getattr(x, "dtype", np.dtype(float)).kind == "f"


@functools.cache
def _method_of(ufunc: Any, method: str) -> Any:
    """Return a method of a ufunc, the same object every time."""
    return getattr(ufunc, method)


def _call_with_options(ufunc: Any, called: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    options = {k: v for k, v in kwargs.items() if not _is_default(v, _OPTIONS.get(k, _OPTIONS))}
    dtype = options.pop("dtype", None)
    if ufunc in _CHOOSE_DTYPE and dtype is None:
        dtype = ufunc(*[np.ones((), getattr(shaping.operand(x), "dtype", float)) for x in inputs]).dtype
    if "where" in options:
        raise TypeError(
            f"{called}(..., where=) leaves elements undefined, and is not supported on a Tensor. Write "
            f"np.where(condition, np.{ufunc.__name__}(...), other)"
        )
    core = GENERALIZED_UFUNCS.get(ufunc)
    places = None if core is None else _core_axes(called, core, options)
    for name, value in options.items():
        raise TypeError(_unknown_option(called, name, value))
    if dtype is not None:
        inputs = tuple([_cast(x, dtype, called) for x in inputs])
    if ufunc in Elementwise.by_ufunc:
        return Elementwise.by_ufunc[ufunc].apply(inputs, NO_PARAMS)
    if core is None or places is None:
        return OTHER_UFUNCS[ufunc](*inputs)
    *axes, last = [(places[i], tuple(range(-n, 0))) for i, n in enumerate(core)]
    result = OTHER_UFUNCS[ufunc](*[shaping.moveaxis(shaping.operand(x), *moves) for x, moves in zip(inputs, axes)])
    if core[-1]:
        return shaping.moveaxis(result, last[1], last[0])
    return shaping.expand_dims(result, last[0]) if last[0] else result


def _core_axes(called: str, core: tuple[int, ...], options: dict[str, Any]) -> list[tuple[int, ...]] | None:
    """Return which axes are vectors and matrices in the inputs and the result, as NumPy's ``axes`` says and ``axis``.

    None: the last ones. Those of a result without such axes are where ``keepdims`` puts one.
    """
    keepdims, axis, axes = options.pop("keepdims", False), options.pop("axis", None), options.pop("axes", None)
    if axis is None and axes is None and not keepdims:
        return None
    if (keepdims or axis is not None) and core != (1, 1, 0):
        raise TypeError(f"{called}: axis and keepdims are for functions of two vectors")
    if axes is None:
        axes = [-1 if axis is None else axis] * 2
    found = [(a,) if np.ndim(a) == 0 else tuple(a) for a in axes]
    if len(found) == len(core) - 1 and not core[-1]:
        found.append(found[0] if keepdims else ())
    if [len(a) for a in found[: len(core) - 1]] != list(core[:-1]) or len(found) != len(core):
        raise ValueError(f"{called}: axes={axes!r} does not name {core} axes of the inputs and the result")
    return found
