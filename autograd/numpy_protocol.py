"""Functions of NumPy called with Tensors: which operation answers each, and how NumPy's arguments reach it.

NumPy passes every call with a Tensor among its arguments to this module (NEP 13 for ufuncs, NEP 18 for other
functions). A function that has an operation is recorded; one that only inspects data is answered from the data; every
other one raises, because a silent conversion to a plain array would lose the gradient.

The operations have their own parameters in their own order. So a call is first bound as NumPy binds it: arguments equal
to NumPy's default are left out, the others are passed by name, and a name that the operation does not have raises. No
argument can mean something else than it means in NumPy.
"""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from ..common.plain_data import plain
from .core.node import NO_PARAMS, Node, current_trace, inspected, traces
from .core.op import Op, PlainFunction, plain_params
from .ops import composed, indexing, linalg, products, reductions, shaping
from .ops import elementwise as ew
from .ops.elementwise import Elementwise
from .ops.questions import known, plain_function

Function = Callable[..., Any]

# ---------------------------------------------------------------- functions with more parameters in NumPy


def _reduction(reduce: Op, join: Function, neutral: float | None = None) -> Function:
    """Return a reduction with NumPy's ``initial`` and ``where``; ``where`` needs ``initial`` or a neutral element."""

    def reduction(x: Any, axis: Any = None, keepdims: bool = False, initial: Any = None, where: Any = None) -> Any:
        if where is not None:
            fill = initial if neutral is None else neutral
            if fill is None:
                raise ValueError(f"{reduce.name}: where= may leave out every element, so it needs initial=")
            x = ew.where(_mask(_plain(where), x.shape), x, _as(fill, x))
        params = {"axis": tuple(axis) if isinstance(axis, list) else axis, "keepdims": keepdims}
        if neutral is None and initial is not None and not x.size:  # no extreme without elements: only initial
            return ew.add(shaping.astype(reductions.sum.apply((x,), params), x.dtype), _as(initial, x))
        result = reduce.apply((x,), params)
        return result if initial is None else join(result, _as(initial, result))

    reduction.__name__ = reduce.name
    return reduction


def _as(value: Any, x: Any) -> Any:
    """Return a plain value in the dtype of ``x``, as NumPy converts it."""
    return value if isinstance(value, Node) else np.asarray(plain(value), x.dtype)


def _mean(x: Any, axis: Any = None, keepdims: bool = False, where: Any = None) -> Any:
    if where is None:
        return reductions.mean(x, axis, keepdims=keepdims)
    taken = _mask(_plain(where), x.shape)
    count = _count(taken, axis, x.dtype if x.dtype.kind == "f" else np.dtype(float), keepdims)
    return reductions.sum(ew.where(taken, x, 0.0), axis, keepdims=keepdims) / count


@PlainFunction
def _mask(where: Any, shape: tuple[int, ...]) -> Any:
    return np.broadcast_to(np.asarray(where, dtype=bool), shape)


@PlainFunction
def _count(taken: Any, axis: Any, dtype: Any, keepdims: bool) -> Any:
    return np.sum(taken, axis, dtype=dtype, keepdims=keepdims)


def _var(x: Any, axis: Any = None, ddof: Any = 0, keepdims: bool = False, correction: Any = None) -> Any:
    return reductions.var(x, axis, ddof=_ddof(ddof, correction), keepdims=keepdims)


def _std(x: Any, axis: Any = None, ddof: Any = 0, keepdims: bool = False, correction: Any = None) -> Any:
    return reductions.std(x, axis, ddof=_ddof(ddof, correction), keepdims=keepdims)


def _ddof(ddof: Any, correction: Any) -> Any:
    if correction is not None and ddof != 0:
        raise ValueError("var and std take ddof or correction, which are the same, not both")
    return ddof if correction is None else correction


def _where(condition: Any, x: Any = None, y: Any = None) -> Any:
    if x is None and y is None:
        return _answer(np.nonzero, (condition,), {})
    if x is None or y is None:
        raise ValueError("numpy.where takes a condition alone, or a condition and two values")
    return ew.where(condition, x, y)


def _clip(x: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Any:
    if (a_min is not None and min is not None) or (a_max is not None and max is not None):
        raise ValueError("numpy.clip takes a_min and a_max or min and max, not both")
    return ew.clip(x, a_min if min is None else min, a_max if max is None else max)


def _sort(x: Any, axis: int | None = -1, kind: Any = None, stable: Any = None) -> Any:
    return indexing.sort(x, axis)  # stable, as every kind of sort may be


_sum = _reduction(reductions.sum, ew.add, 0)
_prod = _reduction(reductions.prod, ew.multiply, 1)
_max = _reduction(reductions.max, ew.maximum)
_min = _reduction(reductions.min, ew.minimum)

#: Functions of NumPy and their operations, whose parameters have NumPy's names and defaults; some may be missing.
FUNCTIONS: dict[Any, Function] = {
    **dict.fromkeys((np.max, np.amax), _max),
    **dict.fromkeys((np.min, np.amin), _min),
    **{np.sum: _sum, np.prod: _prod, np.mean: _mean, np.var: _var, np.std: _std},
    **{np.cumsum: reductions.cumsum, np.cumprod: reductions.cumprod},
    **{
        getattr(np.linalg, name): getattr(linalg, name)
        for name in "inv solve det slogdet pinv cholesky eigh svd svdvals qr norm".split()
        if hasattr(np.linalg, name)
    },
    **{
        getattr(np, name): getattr(shaping, name)
        for name in (
            "ravel transpose swapaxes moveaxis squeeze expand_dims broadcast_to concatenate stack hstack vstack "
            "split array_split tile repeat flip roll rot90 pad tril triu atleast_1d atleast_2d copy"
        ).split()
    },
    **{getattr(np, name): getattr(indexing, name) for name in "take take_along_axis diag diagonal".split()},
    **{getattr(np, name): getattr(products, name) for name in "dot inner outer tensordot einsum kron trace".split()},
    **{
        getattr(np, name): getattr(composed, name)
        for name in (
            "diff gradient flipud fliplr matrix_transpose atleast_3d column_stack dstack hsplit vsplit dsplit append "
            "average ptp vdot cross select nan_to_num full_like bincount"
        ).split()
        if hasattr(np, name)
    },
    np.linalg.matrix_power: composed.matrix_power,
    np.linalg.multi_dot: composed.multi_dot,
    **dict.fromkeys((np.round, np.around), composed.round),
    np.reshape: shaping.reshape_in_order,
    np.sort: _sort,
    np.where: _where,
    np.clip: _clip,
    np.sinc: ew.sinc,
}

#: Functions that only inspect data, shapes or dtypes, and return plain results.
_ANSWER_FROM_DATA = {
    getattr(np, name)
    for name in (
        "shape ndim size result_type can_cast iscomplexobj isrealobj isscalar zeros_like ones_like empty_like "
        "argmax argmin argsort argpartition searchsorted nonzero flatnonzero count_nonzero any all allclose "
        "isclose array_equal array_repr array_str array2string digitize isin min_scalar_type "
        "shares_memory may_share_memory"
    ).split()
    if hasattr(np, name)
}


#: Those of them whose answer is known before any data is; whose result is a text; and whose shape depends on data.
_KNOWN = {
    getattr(np, name)
    for name in (
        "shape ndim size result_type can_cast iscomplexobj isrealobj isscalar zeros_like ones_like empty_like "
        "shares_memory may_share_memory"
    ).split()
}
_TEXTS = {np.array_repr, np.array_str, np.array2string, np.min_scalar_type}
_PLACES = {np.nonzero, np.flatnonzero}


def _plain(x: Any) -> Any:
    """Replace nodes by their data, in nested lists and tuples too."""
    if isinstance(x, Node):
        return inspected(x)
    return type(x)([_plain(item) for item in x]) if type(x) in (list, tuple) else x


def _answer(function: Any, args: Any, kwargs: Any) -> Any:
    """Call a function of NumPy that only inspects, with plain data; in a trace it becomes an instruction."""
    args, kwargs = _plain(tuple(args)), {key: _plain(value) for key, value in kwargs.items()}
    if not traces or current_trace() is None:
        return function(*args, **kwargs)
    if function in _KNOWN:
        return function(*plain_params(args), **plain_params(kwargs))
    if function in _TEXTS:
        args = (known(args[0], f"calls numpy.{function.__name__}"), *args[1:])
        return function(*args, **plain_params(kwargs))
    if function in _PLACES:
        return function(nonzero_known(args[0]))
    return plain_function(function)(*args, **kwargs)


def nonzero_known(x: Any) -> Any:
    """Return which elements are not 0; in a trace under the condition that they are the same at every call."""
    return known(ew.not_zero(x), "asks where an array is not 0") if isinstance(x, Node) else x


def call_function(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Answer a function of NumPy that was called with a Tensor among its arguments."""
    operation = FUNCTIONS.get(function)
    if operation is not None:
        return _call(operation, function, args, kwargs)
    if function in _ANSWER_FROM_DATA:
        out = kwargs.get("out", args[2] if len(args) > 2 else None)  # the third of all that have one
        if function in (np.any, np.all, np.argmax, np.argmin) and isinstance(out, Node):
            raise TypeError(
                f"{_name(function)}(..., out=tensor) would write into a Tensor; use the returned array instead"
            )
        return _answer(function, args, kwargs)
    raise TypeError(_refusal(_name(function), function.__name__))


def _name(function: Any) -> str:
    return f"{function.__module__.removesuffix('._core')}.{function.__name__}"


# ------------------------------------------------------------------------------------- NumPy's calling forms


class _Form(NamedTuple):
    """How a function of NumPy is called, and which of its parameters its operation has."""

    signature: inspect.Signature
    data: int | None  #: How many leading arguments are passed by position; None: as many as are given.
    optional: tuple[str, ...]  #: The parameters after them that may be given by position too.
    defaults: Mapping[str, Any]
    known: frozenset[str]


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
            raise TypeError(f"{called or _name(function)}: {error}") from None
        data, options = _split(form, bound.args, bound.kwargs)
    options = {k: v for k, v in options.items() if not _is_default(v, form.defaults.get(k, form))}
    if options.get("where") is True:
        del options["where"]
    if "dtype" in options and "dtype" in form.defaults and "dtype" not in form.known:
        data = (_cast(data[0], options.pop("dtype"), called or _name(function)), *data[1:])
    for name, value in options.items():
        if name not in form.known:
            raise TypeError(_unknown_option(called or _name(function), name, value))
    return operation(*data, **options)


def _cast(x: Any, dtype: Any, called: str) -> Any:
    """Return the inputs of an operation in the dtype in which it is to be computed."""
    if isinstance(x, (list, tuple)):
        return [_cast(item, dtype, called) for item in x]
    if np.dtype(dtype).kind != "f":
        raise TypeError(
            f"{called}(..., dtype={np.dtype(dtype)}) is not supported on a Tensor: only floating-point dtypes have a "
            "gradient. Pass t.data if none is needed"
        )
    return shaping.astype(shaping.operand(x), np.dtype(dtype))


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


def _refusal(called: str, name: str) -> str:
    known = {f.__name__: f for f in (*FUNCTIONS, *Elementwise.by_ufunc)}
    plain_name = name.removeprefix("nan")
    near = [plain_name] if plain_name in known else difflib.get_close_matches(name, known, n=1, cutoff=0.75)
    suggestion = f"The nearest supported one is numpy.{near[0]}. " if near else ""
    return (
        f"{called} is not supported on a Tensor: its result would have no gradient. {suggestion}"
        "Define it with sg.primitive, or pass t.data if no gradient is needed"
    )


# ---------------------------------------------------------------------------------------------------- ufuncs

_REDUCE: dict[Any, Function] = {
    np.add: _sum,
    np.multiply: _prod,
    np.maximum: _max,
    np.minimum: _min,
    np.logaddexp: _reduction(reductions.logsumexp, ew.logaddexp, -np.inf),
}
_ACCUMULATE: dict[Any, Function] = {np.add: reductions.cumsum, np.multiply: reductions.cumprod}

#: Ufuncs whose results have no derivative: they are answered from the data.
_INSPECT = {
    *(np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal, np.isnan, np.isinf),
    *(np.isfinite, np.signbit, np.logical_and, np.logical_or, np.logical_not, np.logical_xor),
}

#: Ufuncs that compute in a floating dtype of their own; their operations keep the dtype of the inputs.
_CHOOSE_DTYPE = {np.float_power, np.fabs}

_OPTIONS = {"where": True, "casting": "same_kind", "order": "K", "dtype": None, "subok": True, "signature": None}


def call_ufunc(ufunc: Any, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Answer a ufunc that was called with a Tensor among its inputs."""
    if method == "__call__" and not kwargs and ufunc in Elementwise.by_ufunc and ufunc not in _CHOOSE_DTYPE:
        return Elementwise.by_ufunc[ufunc].apply(inputs, NO_PARAMS)
    called = f"numpy.{ufunc.__name__}" if method == "__call__" else f"numpy.{ufunc.__name__}.{method}"
    if kwargs.get("out") is not None:
        raise TypeError(_unknown_option(called, "out", None))
    if ufunc in _INSPECT:
        return _answer(ufunc if method == "__call__" else _method_of(ufunc, method), inputs, kwargs)
    if method == "__call__" and (ufunc is np.matmul or ufunc in Elementwise.by_ufunc):
        return _call_elementwise(ufunc, called, inputs, kwargs)
    if method == "reduce" and ufunc in _REDUCE:
        return _call(_REDUCE[ufunc], np.sum, inputs, {"axis": 0, **kwargs}, called)
    if method == "accumulate" and ufunc in _ACCUMULATE:
        if kwargs.get("axis", 0) is None:
            raise ValueError(f"{called} needs one axis, got axis=None")
        return _call(_ACCUMULATE[ufunc], np.cumsum, inputs, {"axis": 0, **kwargs}, called)
    if method == "outer" and not kwargs and ufunc in Elementwise.by_ufunc:
        x, y = (shaping.operand(v) for v in inputs)
        return _call_elementwise(ufunc, called, (shaping.reshape(x, (*x.shape, *(1,) * y.ndim)), y), kwargs)
    raise TypeError(_refusal(called, ufunc.__name__))


@functools.cache
def _method_of(ufunc: Any, method: str) -> Any:
    """Return a method of a ufunc, the same object every time."""
    return getattr(ufunc, method)


def _call_elementwise(ufunc: Any, called: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    op = products.matmul if ufunc is np.matmul else Elementwise.by_ufunc[ufunc]
    options = {k: v for k, v in kwargs.items() if not _is_default(v, _OPTIONS.get(k, _OPTIONS))}
    dtype = options.pop("dtype", None)
    if ufunc in _CHOOSE_DTYPE and dtype is None:
        dtype = ufunc(*[np.ones((), getattr(shaping.operand(x), "dtype", float)) for x in inputs]).dtype
    if "where" in options:
        raise TypeError(
            f"{called}(..., where=) leaves elements undefined, and is not supported on a Tensor. Write "
            f"np.where(condition, np.{ufunc.__name__}(...), other)"
        )
    for name, value in options.items():
        raise TypeError(_unknown_option(called, name, value))
    return op.apply(inputs if dtype is None else tuple([_cast(x, dtype, called) for x in inputs]), NO_PARAMS)
