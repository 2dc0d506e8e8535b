"""Arrays put together from parts, and taken apart.

Nodes may stand in nested lists wherever NumPy takes lists of numbers.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ...common.plain_data import is_complex, real_numbers
from ...common.seam import interpretable
from ..core.node import data_of
from .elementwise import log10, power, sign
from .indexing import index_array, take
from .questions import asked, known
from .shaping import (
    Axes,
    astype,
    atleast_1d,
    atleast_2d,
    broadcast_to,
    concatenate,
    copy,
    expand_dims,
    moveaxis,
    ndim_of,
    operand,
    ravel,
    reduced_axes,
    reshape,
    split,
    transpose,
)


def atleast_3d(*arrays: Any) -> Any:
    """Return arrays with at least three axes, as :func:`numpy.atleast_3d`; a tuple for several arguments."""
    xs = [atleast_1d(operand(x)) for x in arrays]
    results = tuple([reshape(x, (1, -1, 1)) if x.ndim == 1 else expand_dims(x, 2) if x.ndim == 2 else x for x in xs])
    return results[0] if len(results) == 1 else results


def column_stack(arrays: Sequence[Any]) -> Any:
    """Join side by side; 1-d arrays become columns."""
    columns = [operand(x) for x in arrays]
    return concatenate([transpose(atleast_2d(x)) if x.ndim < 2 else x for x in columns], 1)


def dstack(arrays: Sequence[Any]) -> Any:
    """Join along the third axis."""
    return concatenate([atleast_3d(x) for x in arrays], 2)


def hsplit(x: Any, sections: Any) -> list[Any]:
    """Cut along the second axis (the first of 1-d arrays)."""
    return split(x, sections, 1 if ndim_of(x) > 1 else 0)


def vsplit(x: Any, sections: Any) -> list[Any]:
    """Cut along the first axis."""
    return split(x, sections, 0)


def dsplit(x: Any, sections: Any) -> list[Any]:
    """Cut along the third axis."""
    return split(x, sections, 2)


def append(x: Any, values: Any, axis: int | None = None) -> Any:
    """Join ``values`` to the end of ``x`` (None: of the flattened array)."""
    return concatenate([operand(x), operand(values)], axis)


def unstack(x: Any, axis: int = 0) -> tuple[Any, ...]:
    """Return the parts of an array along an axis, which they no longer have."""
    x = operand(x)
    if not ndim_of(x):
        raise ValueError("unstack: an array without axes has no parts")
    return tuple(moveaxis(x, axis, 0))


def broadcast_arrays(*arrays: Any, subok: bool = False) -> tuple[Any, ...]:
    """Return the arrays repeated to their common shape."""
    arrays = tuple([operand(x) for x in arrays])
    shape = np.broadcast_shapes(*[x.shape for x in arrays])
    return tuple([x if x.shape == shape else broadcast_to(x, shape) for x in arrays])


def meshgrid(*axes: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> tuple[Any, ...]:
    """Return the coordinates of all points of a grid, as :func:`numpy.meshgrid`.

    Parameters
    ----------
    *axes : array_like or Tensor
        The coordinates along each axis.
    copy : bool
        False leaves out copies where they can be left out.
    sparse : bool
        Whether the coordinates keep a length of 1 along the other axes.
    indexing : str
        ``"xy"``: the first coordinate runs along the second axis; ``"ij"``: along the first.
    """
    if indexing not in ("xy", "ij"):
        raise ValueError(f"meshgrid: indexing must be 'xy' or 'ij', got {indexing!r}")
    n = len(axes)
    order = [1, 0, *range(2, n)] if indexing == "xy" and n > 1 else list(range(n))
    open_grid = [reshape(operand(x), (1,) * i + (-1,) + (1,) * (n - 1 - i)) for i, x in zip(order, axes)]
    grid = open_grid if sparse or n < 2 else broadcast_arrays(*open_grid)
    return tuple([_own(x) for x in grid] if copy else grid)


def _own(x: Any) -> Any:
    return copy(x, "C")


def block(arrays: Any) -> Any:
    """Return the matrix of nested lists of its blocks, as :func:`numpy.block`."""
    depth = _depth_of_lists(arrays)
    ndim = max(depth, _largest_ndim(arrays))
    return copy(_joined(arrays, depth, ndim)) if not isinstance(arrays, list) else _joined(arrays, depth, ndim)


def _depth_of_lists(arrays: Any) -> int:
    if isinstance(arrays, tuple):
        raise TypeError("block: blocks are nested in lists, not in tuples")
    if not isinstance(arrays, list):
        return 0
    depths = {_depth_of_lists(item) for item in arrays}
    if len(depths) != 1:
        raise ValueError("block: all lists must be nested equally deep, and none may be empty")
    return 1 + depths.pop()


def _largest_ndim(arrays: Any) -> int:
    return max(map(_largest_ndim, arrays)) if isinstance(arrays, list) else ndim_of(operand(arrays))


def _joined(arrays: Any, depth: int, ndim: int) -> Any:
    if depth:
        return concatenate([_joined(item, depth - 1, ndim) for item in arrays], -depth)
    x = operand(arrays)
    return reshape(x, (1,) * (ndim - x.ndim) + tuple(x.shape))


def delete(x: Any, obj: Any, axis: int | None = None) -> Any:
    """Return the array without the elements (rows, ...) at ``obj``, an index, slice or mask."""
    x, axis = _with_axis(x, axis)
    return take(x, np.delete(np.arange(x.shape[axis]), _plain_places(obj)), axis)


def insert(x: Any, obj: Any, values: Any, axis: int | None = None) -> Any:
    """Return the array with ``values`` put before the elements (rows, ...) at ``obj``, as :func:`numpy.insert`."""
    x, axis = _with_axis(x, axis)
    obj, values = _plain_places(obj), operand(values)
    n = x.shape[axis]
    single = not isinstance(obj, slice) and np.ndim(obj) == 0
    if single and values.ndim:  # numpy.insert lets a single index take a whole block
        values = moveaxis(reshape(values, (1,) * (x.ndim - values.ndim) + tuple(values.shape)), 0, axis)
    # An insertion of numbers 0, 1, ... tells where everything goes.
    if single:
        count = values.shape[axis] if values.ndim else 1
        places = np.insert(np.full(n, -1), np.repeat(operator.index(obj), count), np.arange(count))
    else:
        count = np.insert(np.arange(n), obj, -1).size - n
        places = np.insert(np.full(n, -1), obj, np.arange(count))
    shape = (*x.shape[:axis], count, *x.shape[axis + 1 :])
    values = astype(broadcast_to(values if is_complex(x) else real_numbers("insert", values), shape), x.dtype)
    kept = np.cumsum(places == -1) - 1
    return take(concatenate([x, values], axis), np.where(places == -1, kept, n + places), axis)


def _with_axis(x: Any, axis: int | None) -> tuple[Any, int]:
    x = operand(x)
    if axis is None:
        x, axis = ravel(x), -1
    return x, normalize_axis_index(axis, x.ndim)


def _plain_places(obj: Any) -> Any:
    if isinstance(obj, slice):
        return obj
    obj = known(index_array(obj), "inserts or deletes elements")
    return obj if obj.ndim else obj.item()


def compress(condition: Any, x: Any, axis: int | None = None) -> Any:
    """Return the elements (rows, ...) at which a condition holds."""
    x, axis = _with_axis(x, axis)
    chosen = known(data_of(condition), "selects elements by a mask")
    return take(x, np.flatnonzero(np.asarray(chosen)), axis)


def extract(condition: Any, x: Any) -> Any:
    """Return the elements of the flattened array at which a condition holds."""
    chosen = known(data_of(condition), "selects elements by a mask")
    return take(ravel(operand(x)), np.flatnonzero(np.asarray(chosen)))


def resize(x: Any, new_shape: Any) -> Any:
    """Return the elements in another shape, repeated as often as it takes."""
    x = ravel(operand(x))
    places = np.resize(np.arange(x.size), new_shape)
    return take(x, places) if x.size else np.resize(data_of(x), new_shape)


def rollaxis(x: Any, axis: int, start: int = 0) -> Any:
    """Return the array with one axis moved before another."""
    x = operand(x)
    order = np.rollaxis(np.empty(tuple(range(2, 2 + x.ndim)), dtype=bool), axis, start).shape
    return transpose(x, tuple([n - 2 for n in order]))


@interpretable
def trim_zeros(x: Any, trim: str = "fb", axis: Axes | None = None) -> Any:
    """Return the array without the zeros at the front (``"f"`` in ``trim``) and the back (``"b"``) of its axes."""
    x = operand(x)
    plain = known(data_of(x), "asks where an array is not 0")
    index = [slice(None)] * x.ndim
    for axis_ in reduced_axes(axis, x.ndim):
        others = tuple([i for i in range(x.ndim) if i != axis_])
        found = np.flatnonzero(np.any(plain != 0, others))
        first, last = (found[0], found[-1] + 1) if found.size else (0, 0)
        index[axis_] = slice(int(first) if "f" in trim.lower() else None, int(last) if "b" in trim.lower() else None)
    return x[tuple(index)]


# ------------------------------------------------------------------------------------------- evenly spaced numbers


def linspace(
    start: Any,
    stop: Any,
    num: Any = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    """Return ``num`` numbers from ``start`` to ``stop``, as :func:`numpy.linspace`."""
    start, stop, num = operand(start) * 1.0, operand(stop) * 1.0, operator.index(num)
    if num < 0:
        raise ValueError(f"linspace: the number of samples must not be negative, got {num}")
    gaps = num - 1 if endpoint else num
    rise = stop - start
    step = rise / gaps if gaps > 0 else rise * np.nan
    counts = np.arange(num, dtype=rise.dtype).reshape(-1, *(1,) * ndim_of(rise))
    result = counts * (step if gaps > 0 else rise) + start
    if endpoint and num > 1:
        result = concatenate([result[:-1], expand_dims(broadcast_to(stop, rise.shape), 0)], 0)
    result = moveaxis(result, 0, axis)
    if dtype is not None:
        result = result.astype(dtype)
    return (result, step) if retstep else result


def logspace(
    start: Any,
    stop: Any,
    num: Any = 50,
    endpoint: bool = True,
    base: Any = 10.0,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    """Return ``base`` to the powers from ``start`` to ``stop``, as :func:`numpy.logspace`."""
    if ndim_of(base):
        start, stop, base = broadcast_arrays(start, stop, base)
        base = expand_dims(base, axis)
    result = power(base, linspace(start, stop, num, endpoint, axis=axis))
    return result if dtype is None else result.astype(dtype)


@asked
def _holds_zero(start: Any, stop: Any) -> bool:
    return bool(np.any(start == 0) or np.any(stop == 0))


def geomspace(start: Any, stop: Any, num: Any = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0) -> Any:
    """Return ``num`` numbers from ``start`` to ``stop``, each the same multiple of the one before."""
    start, stop = [astype(real_numbers("geomspace", x), np.dtype(float)) for x in broadcast_arrays(start, stop)]
    if _holds_zero(data_of(start), data_of(stop)):
        raise ValueError("geomspace: the ends must not be 0")
    signs = sign(data_of(start))
    powers = 10.0 ** linspace(log10(start * signs), log10(stop * signs), num, endpoint)
    parts = [expand_dims(start * signs, 0), powers[1 : -1 if endpoint else None]]
    if num > 1 and endpoint:
        parts.append(expand_dims(stop * signs, 0))
    result = moveaxis(concatenate(parts if num > 0 else [powers], 0) * signs, 0, axis)
    return result if dtype is None else result.astype(dtype)
