"""Functions that choose between values, or call functions for parts of an array."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ...common.plain_data import is_complex, real_numbers
from ..core.node import Node, data_of
from ..core.op import PlainFunction
from .complex_parts import from_parts, imag, real
from .elementwise import where
from .indexing import getitem, index_array, setitem
from .shaping import astype, broadcast_to, copy, expand_dims, moveaxis, operand, reshape, stack


def select(conditions: Sequence[Any], choices: Sequence[Any], default: Any = 0) -> Any:
    """Return, element by element, the first choice whose condition holds."""
    if len(conditions) != len(choices) or not len(conditions):
        raise ValueError(f"select: {len(conditions)} conditions need as many choices, got {len(choices)}")
    for condition, choice in reversed(list(zip(conditions, choices))):
        default = where(condition, choice, default)
    return default


def nan_to_num(x: Any, nan: Any = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
    """Replace NaN and infinities by numbers; the gradient there is 0."""
    x = operand(x)
    if is_complex(x):
        return from_parts(*[nan_to_num(part, nan, posinf, neginf) for part in (real(x), imag(x))])
    plain = data_of(x)
    if plain.dtype.kind != "f":
        return copy(x)
    limits = np.finfo(plain.dtype)
    x = where(np.isnan(plain), nan, x)
    x = where(np.isposinf(plain), float(limits.max) if posinf is None else posinf, x)
    return where(np.isneginf(plain), float(limits.min) if neginf is None else neginf, x)


def piecewise(x: Any, condlist: Any, funclist: Sequence[Any], *args: Any, **kw: Any) -> Any:
    """Return what functions, or numbers, give where conditions hold, as :func:`numpy.piecewise`.

    Parameters
    ----------
    x : array_like or Tensor
    condlist : sequence of array_like of bool
        Where several hold, the last one decides.
    funclist : sequence of callable or number
        One for each condition; one more is for where none holds (0 otherwise). Each function gets the elements at which
        its condition holds.
    *args, **kw
        Further arguments of the functions.
    """
    x = operand(x)
    conditions = _conditions(x, condlist, len(funclist))
    result: Any = np.zeros(x.shape, x.dtype)
    for condition, function in zip(conditions, funclist):
        if not callable(function):
            result = where(condition, _part(function, x), result)
        elif isinstance(condition, Node):  # how many elements it selects is not known
            result = where(condition, _part(function(x, *args, **kw), x), result)
        elif np.any(condition):
            chosen = getitem(x, condition)
            result = setitem(result, _part(function(chosen, *args, **kw), x), condition)
    return result


def _part(values: Any, x: Any) -> Any:
    """Return a part of a result in the dtype of ``x``."""
    values = operand(values)
    return astype(values if is_complex(x) else real_numbers("piecewise, of real numbers,", values), x.dtype)


def _conditions(x: Any, condlist: Any, count: int) -> list[Any]:
    if _is_number(condlist) or (x.ndim and _is_number(condlist[0])):  # a single condition, as NumPy reads it
        condlist = [condlist]
    conditions = [_truth(data_of(condition), tuple(x.shape)) for condition in condlist]
    if count == len(conditions) + 1:
        none: Any = np.True_
        for condition in conditions:
            none = none & ~condition
        conditions.append(none)
    if count != len(conditions):
        raise ValueError(f"piecewise: {len(condlist)} conditions need as many functions, or one more, got {count}")
    return conditions


def _is_number(x: Any) -> bool:
    return not isinstance(x, (list, tuple)) and not np.ndim(x)


@PlainFunction
def _truth(condition: Any, shape: tuple[int, ...]) -> Any:
    return np.broadcast_to(np.asarray(condition, bool), shape)


def choose(a: Any, choices: Sequence[Any], mode: str = "raise") -> Any:
    """Return, element by element, the choice whose number stands in ``a``."""
    a = index_array(a)
    choices = [operand(c) for c in choices]
    if mode == "raise":
        if np.any(a < 0) or np.any(a >= len(choices)):
            raise ValueError("choose: there is no choice of some of the numbers")
    elif mode not in ("wrap", "clip"):
        raise ValueError(f"choose: mode must be 'raise', 'wrap' or 'clip', got {mode!r}")
    a = a % len(choices) if mode == "wrap" else np.clip(a, 0, len(choices) - 1)
    shape = np.broadcast_shapes(a.shape, *[c.shape for c in choices])
    result = broadcast_to(choices[-1], shape)
    for number, choice in list(enumerate(choices))[-2::-1]:
        result = where(a == number, choice, result)
    return result


def apply_along_axis(func1d: Callable[..., Any], axis: int, arr: Any, *args: Any, **kwargs: Any) -> Any:
    """Return what a function gives for every line along an axis, in the place of the lines."""
    x = operand(arr)
    axis = normalize_axis_index(axis, x.ndim)
    lines = moveaxis(x, axis, -1)
    shape = lines.shape[:-1]
    if 0 in shape:
        raise ValueError("apply_along_axis: there are no lines to call the function for")
    results = [operand(func1d(lines[i], *args, **kwargs)) for i in np.ndindex(shape)]
    inner = tuple(results[0].shape)
    whole = reshape(stack(results), (*shape, *inner))
    for k in range(len(inner)):
        whole = moveaxis(whole, len(shape) + k, axis + k)
    return whole


def apply_over_axes(func: Callable[..., Any], a: Any, axes: Any) -> Any:
    """Return the array after a function, called as ``func(x, axis)``, has been applied to it for each of the axes."""
    x = operand(a)
    ndim = x.ndim
    for axis in np.atleast_1d(axes).tolist():
        axis = axis + ndim if axis < 0 else axis
        result = func(x, axis)
        if result.ndim != x.ndim:
            result = expand_dims(result, axis)
            if result.ndim != x.ndim:
                raise ValueError("apply_over_axes: the function does not return an array of the right shape")
        x = result
    return x
