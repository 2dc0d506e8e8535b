"""NumPy speaks Tensor: which function of NumPy is which operation here.

NumPy hands every call that involves a Tensor to us (NEP 13 for ufuncs, NEP 18 for the rest). What we know is
recorded; what only inspects data is answered from the data; everything else is refused by name, because a
silent conversion to a plain array would lose the gradient.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Any

import numpy as np

from . import composed, indexing, linalg, products, reductions, shaping
from . import elementwise as ew
from .elementwise import Elementwise
from .graph import NO_PARAMS, Node, inspected

Function = Callable[..., Any]

_REDUCE: dict[Any, Function] = {
    np.add: reductions.sum,
    np.multiply: reductions.prod,
    np.maximum: reductions.max,
    np.minimum: reductions.min,
    np.logaddexp: reductions.logsumexp,
}
_ACCUMULATE: dict[Any, Function] = {np.add: reductions.cumsum, np.multiply: reductions.cumprod}

#: Ufuncs whose results have no derivative: they answer from the data.
_INSPECT = {
    *(np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal, np.isnan, np.isinf),
    *(np.isfinite, np.signbit, np.logical_and, np.logical_or, np.logical_not, np.logical_xor),
}


def _plain(x: Any) -> Any:
    """Replace nodes by their data, in nested lists and tuples too."""
    if isinstance(x, Node):
        return inspected(x)
    return type(x)([_plain(item) for item in x]) if type(x) in (list, tuple) else x


def call_ufunc(ufunc: Any, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Answer a ufunc that was called with a Tensor among its inputs."""
    if ufunc in _INSPECT and "out" not in kwargs:
        return getattr(ufunc, method)(*_plain(inputs), **kwargs)
    if kwargs.get("out") is not None:
        raise TypeError(
            f"numpy.{ufunc.__name__}(..., out=array) would write a Tensor's result where no gradient can follow; "
            "use the returned Tensor instead"
        )
    if method == "__call__" and not kwargs:
        if ufunc is np.matmul:
            return products.matmul(*inputs)
        if ufunc in Elementwise.by_ufunc:
            return Elementwise.by_ufunc[ufunc].apply(inputs, NO_PARAMS)
    if method == "reduce" and ufunc in _REDUCE:
        return _REDUCE[ufunc](*inputs, **{"axis": 0, **kwargs})
    if method == "accumulate" and ufunc in _ACCUMULATE:
        return _ACCUMULATE[ufunc](*inputs, **{"axis": 0, **kwargs})
    if method == "outer" and not kwargs and ufunc in Elementwise.by_ufunc:
        x, y = inputs
        return Elementwise.by_ufunc[ufunc](shaping.reshape(x, (*x.shape, *(1,) * shaping.ndim_of(y))), y)
    detail = f".{method}" if method != "__call__" else ""
    options = f" with {', '.join(kwargs)}=" if kwargs else ""
    raise TypeError(_refusal(f"numpy.{ufunc.__name__}{detail}{options}", ufunc.__name__))


def _where(condition: Any, x: Any, y: Any) -> Any:
    return ew.where(condition, x, y)


def _clip(x: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Any:
    return ew.clip(x, a_min if min is None else min, a_max if max is None else max)


#: Function of NumPy -> operation.
FUNCTIONS: dict[Any, Function] = {
    **{
        getattr(np, name): getattr(reductions, name)
        for name in "sum mean var std prod max min argmax argmin cumsum cumprod".split()
    },
    np.amax: reductions.max,
    np.amin: reductions.min,
    **{
        getattr(np.linalg, name): getattr(linalg, name)
        for name in "inv solve det slogdet pinv cholesky eigh svd svdvals qr norm".split()
        if hasattr(np.linalg, name)
    },
    **{
        getattr(np, name): getattr(shaping, name)
        for name in (
            "reshape ravel transpose swapaxes moveaxis squeeze expand_dims broadcast_to concatenate stack hstack "
            "vstack split array_split tile repeat flip roll rot90 pad tril triu atleast_1d atleast_2d copy"
        ).split()
    },
    **{getattr(np, name): getattr(indexing, name) for name in "take take_along_axis diag diagonal sort".split()},
    **{getattr(np, name): getattr(products, name) for name in "dot inner outer tensordot einsum kron trace".split()},
    **{
        getattr(np, name): getattr(composed, name)
        for name in (
            "diff gradient flipud fliplr matrix_transpose atleast_3d column_stack dstack hsplit vsplit dsplit append "
            "average ptp vdot cross select nan_to_num"
        ).split()
    },
    np.linalg.matrix_power: composed.matrix_power,
    np.linalg.multi_dot: composed.multi_dot,
    np.round: ew.rint,
    np.where: _where,
    np.clip: _clip,
    np.sinc: ew.sinc,
}

#: Functions that only look at data (or at shapes and dtypes) and give plain results.
_ANSWER_FROM_DATA = {
    getattr(np, name)
    for name in (
        "shape ndim size result_type can_cast iscomplexobj isrealobj isscalar zeros_like ones_like full_like "
        "empty_like argsort argpartition searchsorted nonzero flatnonzero count_nonzero any all allclose "
        "isclose array_equal array_repr array_str array2string digitize bincount isin min_scalar_type "
        "shares_memory may_share_memory"
    ).split()
    if hasattr(np, name)
}


def call_function(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Answer a function of NumPy that was called with a Tensor among its arguments."""
    if function in FUNCTIONS:
        try:
            return FUNCTIONS[function](*args, **kwargs)
        except TypeError as error:
            if "unexpected keyword" in str(error) or "positional argument" in str(error):
                raise TypeError(f"numpy.{function.__name__} on a Tensor: {error}") from None
            raise
    if function in _ANSWER_FROM_DATA:
        return function(*_plain(args), **{key: _plain(value) for key, value in kwargs.items()})
    module = function.__module__.removesuffix("._core")
    raise TypeError(_refusal(f"{module}.{function.__name__}", function.__name__))


def _refusal(called: str, name: str) -> str:
    known = {f.__name__: f for f in (*FUNCTIONS, *Elementwise.by_ufunc)}
    plain_name = name.removeprefix("nan")
    near = [plain_name] if plain_name in known else difflib.get_close_matches(name, known, n=1, cutoff=0.75)
    suggestion = f"The nearest supported one is numpy.{near[0]}. " if near else ""
    return (
        f"{called} is not supported on a Tensor: its result would have no gradient. {suggestion}"
        "Define it with sg.primitive, or pass t.data if no gradient is needed"
    )
