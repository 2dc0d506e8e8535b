"""Read and write parts of an array; ``getitem`` and ``scatter_add`` are adjoint, so each is the other's derivative."""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from numpy.lib.array_utils import normalize_axis_index

from ...common.argument_checks import checked_count
from ...common.elsewhere import takes_other_names
from ...common.plain_data import as_array, frozen, is_complex, real_numbers
from ...common.seam import interpretable
from ..core.call_types import keeps_kind, reduces
from ..core.node import Node, data_of, entered, traces
from ..core.op import Op, PlainFunction
from .elementwise import where
from .questions import known
from .shaping import moveaxis, narrow, operand, reshape, transpose, wide
from .views import View, follow

__all__ = ["diag", "diagonal", "sort", "take", "take_along_axis", "topk"]

Index = Any


def plain_index(index: Index) -> Index:
    """Return an index of slices, integers, None, ``...`` and arrays of its own, which nobody else can change.

    As in NumPy, a tuple holds one part for each axis, and any other sequence is an array.
    """
    return tuple([_plain_part(part) for part in index]) if isinstance(index, tuple) else _plain_part(index)


def _plain_part(part: Any) -> Any:
    if part is None or part is ... or isinstance(part, (int, np.integer)):
        return part
    if isinstance(part, slice):
        ends = (part.start, part.stop, part.step)
        plain = all(end is None or isinstance(end, int) for end in ends)
        return part if plain else slice(*[None if end is None else operator.index(end) for end in ends])
    return index_array(part)


def index_array(index: Any) -> Any:
    """Return an array of integers or booleans that nobody else can change.

    Raises
    ------
    TypeError
        If the elements are floats.
    IndexError
        If they are not numbers at all.
    """
    if traces:
        (index,) = entered((index,))
    array = as_array(data_of(index))
    if isinstance(array, Node) and array.dtype.kind == "b":  # how many elements it selects is a condition of a trace
        array = known(array, "selects elements by a mask")
    if array.dtype.kind == "f" and not array.size and isinstance(index, (list, tuple)):
        array = array.astype(np.intp)
    if array.dtype.kind == "f":
        raise TypeError("an index must be made of integers or booleans, not of floats")
    if array.dtype.kind not in "biu":
        raise IndexError(
            f"an index is made of integers, slices, None, ... and arrays of integers or booleans, got {index!r:.80}"
        )
    return frozen(array)


def is_basic(index: Index) -> bool:
    """Return whether an index has no arrays in it, and so selects each element at most once."""
    parts = index if isinstance(index, tuple) else (index,)
    return not any(isinstance(part, (np.ndarray, Node)) for part in parts)


class Part(View):
    """An operation that reads part of an array."""

    def put_back(self, base: Any, content: Any, params: Mapping[str, Any]) -> Any:
        """Return ``base`` with the new ``content`` of a part of it."""
        return setitem(base, content, **params)


class Along(tuple[Any, ...]):
    """An index of whole axes and an array at the end, whose result is in C order, as that of :func:`numpy.take`.

    Plain indexing puts the axis of the array first in memory, so that a reshaped result is not a view.
    """


@Part
def getitem(x: Any, /, index: Index) -> Any:
    """Read part of an array: slices, integers, integer and boolean arrays, None, ``...``."""
    return np.take(x, index[-1], len(index) - 1) if index.__class__ is Along else x[index]


@Op
def scatter_add(x: Any, /, index: Index, shape: tuple[int, ...]) -> Any:
    """Add ``x`` into zeros of ``shape`` at ``index``; what is selected twice receives both."""
    result = np.zeros(shape, x.dtype)
    if is_basic(index):
        result[index] = x
        return result
    result = wide(result)
    np.add.at(result, index, x)
    return narrow(result, x)


getitem.rules(lambda g, out, x, index: scatter_add(g, index, x.shape))
scatter_add.rules(lambda g, out, x, index, shape: getitem(g, index))


@Op
def setitem(x: Any, value: Any, /, index: Index) -> Any:
    """Return a copy of ``x`` with ``value`` written at ``index``."""
    result = np.copy(x)
    if is_complex(value) and x.dtype.kind != "c":
        real_numbers("a real array", value)  # raises
    result[index] = value
    return result


def _written(g: Any, value: Any, index: Index) -> Any:
    """Return the gradient of the written values; if an index repeats, only the last write has one."""
    part = getitem(g, index)
    if not is_basic(index):
        part = where(_last_writes(index, g.shape, part.shape), part, 0.0)
    extra = np.ndim(data_of(value)) - part.ndim  # assignment ignores leading axes of length 1
    return reshape(part, (1,) * extra + part.shape) if extra > 0 else part


@PlainFunction
def _last_writes(index: Index, shape: tuple[int, ...], part: tuple[int, ...]) -> Any:
    """Return which of the elements that an index selects are not selected once more later on."""
    writer = np.arange(math.prod(part)).reshape(part)
    last = np.zeros(shape, dtype=np.intp)
    last[index] = writer
    return last[index] == writer


setitem.rules(
    lambda g, out, x, value, index: setitem(g, 0.0, index), lambda g, out, x, value, index: _written(g, value, index)
)


@reduces
def take(
    x: Any, indices: npt.ArrayLike, axis: int | None = None, *, mode: Literal["raise", "wrap", "clip"] = "raise"
) -> Any:
    """Pick elements along an axis (None: of the flattened array) by integer indices.

    Parameters
    ----------
    x : array_like or Tensor
    indices : int or array_like of int
    axis : int or None
    mode : str
        What to do with indices beyond the ends: ``"raise"`` an error, ``"wrap"`` them around, or ``"clip"`` them to
        the ends (negative ones too).

    Examples
    --------
    >>> sg.take(np.array([10.0, 20.0, 30.0]), [2, 0])
    array([30., 10.])
    """
    x = operand(x)
    if axis is None or (x.ndim == 0 and axis in (0, -1)):  # as NumPy, which takes a number for an axis of one
        x, axis = x.reshape(-1), 0
    indices = within(index_array(indices), x.shape[axis], mode)
    return getitem(x, Along((slice(None),) * normalize_axis_index(axis, x.ndim) + (indices,)))


def within(indices: Any, n: int, mode: str) -> Any:
    """Return indices into an axis of length ``n``."""
    if mode not in ("raise", "wrap", "clip"):
        raise ValueError(f"take: mode must be 'raise', 'wrap' or 'clip', got {mode!r}")
    if indices.dtype.kind == "b":
        indices = indices.astype(np.intp)  # ``take`` reads booleans as the numbers 0 and 1, not as a mask
    if mode == "raise":
        return indices
    return _wrapped(indices, n) if mode == "wrap" else _clipped(indices, n)


@PlainFunction
def _wrapped(indices: Any, n: int) -> Any:
    return indices % n


@PlainFunction
def _clipped(indices: Any, n: int) -> Any:
    return np.clip(indices, 0, n - 1)


@keeps_kind
def take_along_axis(x: Any, indices: npt.ArrayLike, axis: int | None = -1) -> Any:
    """Pick one element for each position of ``indices`` along an axis, as :func:`numpy.take_along_axis`.

    Parameters
    ----------
    x : array_like or Tensor
    indices : array_like of int
        Has as many axes as ``x``; the other axes broadcast against those of ``x``.
    axis : int or None
        None: of the flattened array.

    Examples
    --------
    >>> scores = sg.tensor([[0.1, 0.9], [0.8, 0.2]])
    >>> sg.take_along_axis(scores, np.array([[1], [0]]), axis=1)  # PyTorch's gather
    tensor([[0.9],
            [0.8]])
    """
    x = operand(x)
    if axis is None:
        x, axis = x.reshape(-1), 0
    return getitem(x, grid_along_axis(x, index_array(indices), axis))


def grid_along_axis(x: Any, indices: Any, axis: int) -> tuple[Any, ...]:
    """Return the index of one element for each position of ``indices`` along an axis."""
    axis = normalize_axis_index(axis, x.ndim)
    if indices.dtype.kind == "b":
        raise IndexError("take_along_axis: indices must be integers, got booleans")
    if indices.ndim != x.ndim:
        raise ValueError(f"take_along_axis: indices have {indices.ndim} axes, the array has {x.ndim}")
    grid = []
    for i, n in enumerate(x.shape):
        shape = [1] * x.ndim
        shape[i] = n
        grid.append(indices if i == axis else np.arange(n).reshape(shape))
    return tuple(grid)


@keeps_kind
def diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """Return the elements at equal indices of two axes, as a new last axis: a read-only view, as in NumPy.

    Parameters
    ----------
    x : array_like or Tensor
        At least two axes.
    offset : int
        0 is the main diagonal; positive ones are above it.
    axis1, axis2 : int
        The axes of the matrices.

    Examples
    --------
    >>> sg.diagonal(np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([1., 4.])
    """
    return diagonal_view(x, offset, axis1, axis2, read_only=True)


def diagonal_view(x: Any, offset: int, axis1: int, axis2: int, read_only: bool) -> Any:
    """Return the diagonal as a view, read-only for ``diagonal`` and writable for ``einsum``, as in NumPy."""
    x = moveaxis(operand(x), (axis1, axis2), (-2, -1))
    rows, columns = x.shape[-2:]
    i = np.arange(max(0, min(rows + min(offset, 0), columns - max(offset, 0))))
    index = (..., i - min(offset, 0), i + max(offset, 0))
    return follow(getitem(x, index), x, getitem, {"index": index}, read_only)


@keeps_kind
def diag(x: Any, k: int = 0) -> Any:
    """Return the ``k``-th diagonal of a matrix, or a matrix with the given diagonal.

    Parameters
    ----------
    x : array_like or Tensor
        A matrix ``(n, m)``, or the diagonal of one ``(n,)``.
    k : int
        0 is the main diagonal; positive ones are above it.

    Raises
    ------
    ValueError
        If ``x`` is neither a vector nor a matrix.

    Examples
    --------
    >>> sg.diag(np.array([1.0, 2.0]))
    array([[1., 0.],
           [0., 2.]])
    """
    x = operand(x)
    if x.ndim == 2:
        return diagonal(x, k)
    if x.ndim != 1:
        raise ValueError(f"diag: expected a vector or a matrix, got shape {x.shape}")
    n = x.shape[0] + abs(k)
    i = np.arange(x.shape[0])
    return scatter_add(x, (i - min(k, 0), i + max(k, 0)), (n, n))


@keeps_kind
@interpretable
def sort(x: Any, axis: int | None = -1) -> Any:
    """Return a sorted copy along an axis (None: of the flattened array); equal elements keep their order.

    Parameters
    ----------
    x : array_like or Tensor
        Any shape.
    axis : int or None
        The last by default.

    Examples
    --------
    >>> sg.sort(np.array([3.0, 1.0, 2.0]))
    array([1., 2., 3.])
    """
    x = real_numbers("sort", operand(x))
    if axis is None:
        x, axis = x.reshape(-1), 0
    data = data_of(x)
    if data.flags.fnc:  # so is the result
        return transpose(sort(transpose(x), x.ndim - 1 - normalize_axis_index(axis, x.ndim)))
    return take_along_axis(x, stable_order(data, axis), axis)


@PlainFunction
def stable_order(data: Any, axis: int) -> Any:
    """Return the indices that sort plain data along an axis; equal elements keep their order."""
    return np.argsort(data, axis=axis, kind="stable")


class TopK(NamedTuple):
    """The largest or smallest elements along an axis, and where they stand."""

    values: Any
    indices: Any


@takes_other_names
def topk(x: Any, k: int, axis: int = -1, largest: bool = True, sorted: bool = True) -> TopK:  # noqa: A002
    """Return the ``k`` largest elements along an axis, the largest first, and where they stand.

    Of equal elements the first ones are taken. NaN counts as larger than every number, as in :func:`sort`.

    Parameters
    ----------
    x : array_like or Tensor
        Any shape with at least one axis.
    k : int
        How many; at most the length of the axis.
    axis : int, default -1
    largest : bool, default True
        If False, the smallest elements, the smallest first.
    sorted : bool, default True
        PyTorch's; the elements are sorted always.

    Returns
    -------
    values : Tensor or ndarray
        The shape of ``x``, but ``k`` along the axis.
    indices : ndarray of int
        ``values`` is ``sg.take_along_axis(x, indices, axis)``.

    Raises
    ------
    ValueError
        If ``k`` is negative or the axis is shorter.

    Examples
    --------
    >>> values, indices = sg.topk(np.array([3.0, 1.0, 4.0, 1.0, 5.0]), 2)
    >>> values, indices
    (array([5., 4.]), array([4, 2]))
    """
    x = real_numbers("topk", operand(x))
    axis = normalize_axis_index(axis, x.ndim)
    if not 0 <= checked_count("topk: k", k, 0) <= x.shape[axis]:
        raise ValueError(f"topk: k is {k}, but axis {axis} of an array of shape {x.shape} has {x.shape[axis]} elements")
    indices = _first_places(data_of(x), k, axis, largest)
    return TopK(take_along_axis(x, indices, axis), indices)


@PlainFunction
def _first_places(data: Any, k: int, axis: int, largest: bool) -> Any:
    """Return where the ``k`` first elements of a sorted line stand, the lower place first of equal ones."""
    if largest:  # from the back of the reversed line, whose order leaves equal elements as they are
        order = np.flip(data.shape[axis] - 1 - np.argsort(np.flip(data, axis), axis, "stable"), axis)
    else:
        order = np.argsort(data, axis, "stable")
    return np.moveaxis(np.moveaxis(order, axis, 0)[:k], 0, axis)
