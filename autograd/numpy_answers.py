"""Functions of NumPy that only inspect what they are given: their answers are plain, and have no derivative."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..common.plain_data import real_numbers
from .core.node import Node, current_trace, inspected, traces
from .core.op import plain_params
from .ops import elementwise as ew
from .ops.questions import known, plain_function

#: Functions that only inspect data, shapes or dtypes, and return plain results.
ANSWERS = {
    getattr(np, name)
    for name in (
        "shape ndim size result_type can_cast iscomplexobj isrealobj argmax argmin nanargmax nanargmin "
        "argsort argpartition argwhere lexsort searchsorted nonzero flatnonzero count_nonzero any all allclose isclose "
        "array_equal array_equiv array_repr array_str array2string digitize isin min_scalar_type isreal iscomplex "
        "isneginf isposinf shares_memory may_share_memory common_type einsum_path ix_ tril_indices_from "
        "triu_indices_from diag_indices_from unravel_index ravel_multi_index save savez savez_compressed savetxt"
    ).split()
    if hasattr(np, name)
} | {np.linalg.matrix_rank}

#: Those of them, and the ufuncs, that ask for an order: NumPy would order complex numbers by their real parts first.
_ORDERS = {
    *(np.argmax, np.argmin, np.nanargmax, np.nanargmin, np.argsort, np.argpartition, np.searchsorted, np.digitize),
    *(np.less, np.less_equal, np.greater, np.greater_equal),
}

#: Those of `ANSWERS` whose answer is known before any data is; whose result is a text; and whose shape depends on data.
_KNOWN = {
    getattr(np, name)
    for name in (
        "shape ndim size result_type can_cast iscomplexobj isrealobj shares_memory may_share_memory "
        "common_type einsum_path tril_indices_from triu_indices_from diag_indices_from"
    ).split()
}
_TEXTS = {np.array_repr, np.array_str, np.array2string, np.min_scalar_type}
_PLACES = {np.nonzero, np.flatnonzero, np.argwhere}
_FILES = {np.save, np.savez, np.savez_compressed, np.savetxt}


def _plain(x: Any) -> Any:
    """Replace nodes by their data, in nested lists and tuples too."""
    if isinstance(x, Node):
        return inspected(x)
    return type(x)([_plain(item) for item in x]) if type(x) in (list, tuple) else x


def answer(function: Any, args: Any, kwargs: Any) -> Any:
    """Call a function of NumPy that only inspects, with plain data; in a trace it becomes an instruction."""
    args, kwargs = _plain(tuple(args)), {key: _plain(value) for key, value in kwargs.items()}
    if function in _ORDERS:
        for x in args[:2]:
            real_numbers(name_of(function), x)
    if not traces or current_trace() is None:
        return function(*args, **kwargs)
    if function in _KNOWN:
        return function(*plain_params(args), **plain_params(kwargs))
    if function in _TEXTS:
        args = (known(args[0], f"calls numpy.{function.__name__}"), *args[1:])
        return function(*args, **plain_params(kwargs))
    if function in _PLACES:
        return function(nonzero_known(args[0]))
    if function in _FILES and (trace := current_trace()) is not None:
        trace.fail(f"writes a file with numpy.{function.__name__}")
        return function(*plain_params(args), **plain_params(kwargs))
    return plain_function(function)(*args, **kwargs)


def nonzero_known(x: Any) -> Any:
    """Return which elements are not 0; in a trace under the condition that they are the same at every call."""
    return known(ew.not_zero(x), "asks where an array is not 0") if isinstance(x, Node) else x


def name_of(function: Any) -> str:
    """Return the name by which users call a function of NumPy."""
    return f"{function.__module__.removesuffix('._core')}.{function.__name__}"
