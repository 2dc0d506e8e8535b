"""Operations that rearrange, repeat, join or add up elements.

They come in adjoint pairs: what one spreads, the other gathers (``broadcast_to`` and ``sum_to``, ``pad`` and a
slice, ``concatenate`` and slices), so the derivative of each is another of them. The sums of plain data that ``sum_to``
needs are here, too, and serve the reductions.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from ...common.plain_data import plain
from ..core.call_types import joins, keeps_kind
from ..core.node import Node, data_of
from ..core.op import Op, PlainFunction
from .elementwise import positive
from .questions import known
from .views import View, apart, in_numpy, memory_of

# fmt: off
__all__ = [
    "array_split", "astype", "atleast_1d", "atleast_2d", "broadcast_to", "concatenate", "copy", "expand_dims",
    "flatten", "flip", "hstack", "moveaxis", "pad", "ravel", "repeat", "reshape", "roll", "rot90", "split", "squeeze",
    "stack", "swapaxes", "tile", "transpose", "tril", "triu", "vstack",
]
# fmt: on

Shape = tuple[int, ...]
Axes = int | Sequence[int]


def operand(x: Any) -> Any:
    """Return a node as it is, and anything else as an array or a number of NumPy."""
    if isinstance(x, Node):
        return x
    x = plain(x)
    return x if hasattr(x, "ndim") else np.asarray(x)


def ndim_of(x: Any) -> int:
    """Return the number of axes of an array, a node or a number."""
    return x.ndim if hasattr(x, "ndim") else np.ndim(x)


# ------------------------------------------------------------------------------------------ broadcasting


@View
def broadcast_to(x: Any, /, shape: Shape) -> Any:
    """Repeat ``x`` to ``shape`` by NumPy's broadcasting rules, without copying.

    Parameters
    ----------
    x : array_like or Tensor
    shape : tuple of int
    """
    return np.broadcast_to(x, shape)


@Op
def sum_to(x: Any, /, shape: Shape) -> Any:
    """Sum over the axes that broadcasting from ``shape`` would have repeated.

    Parameters
    ----------
    x : array_like or Tensor
    shape : tuple of int
        A shape that broadcasts to the shape of ``x``.
    """
    new = x.ndim - len(shape)
    axes = tuple(range(new)) + tuple(i + new for i, n in enumerate(shape) if n == 1 != x.shape[i + new])
    return np.asarray(add_reduce(x, axes)).reshape(shape)


broadcast_to.read_only = True
broadcast_to.rules(lambda g, out, x, shape: sum_to(g, getattr(x, "shape", ())))  # a number has no shape
sum_to.rules(lambda g, out, x, shape: broadcast_to(g, x.shape))


def wide_dtype(x: Any) -> Any:
    """The dtype to add up ``x`` in: float32 for float16, else its own."""
    return np.float32 if x.dtype.char == "e" else None


def wide(x: Any) -> Any:
    """Plain data in the dtype to add it up in."""
    return x.astype(np.float32) if x.dtype.char == "e" else x


def narrow(result: Any, x: Any) -> Any:
    """Return a result that was computed in the wide dtype to the dtype of ``x``."""
    return result.astype(np.float16) if x.dtype.char == "e" else result


_reduce: Any = np.add.reduce

#: Number of elements from which the order of summation matters.
MANY = 1 << 14


def plain_axis(axis: Any) -> Any:
    """An axis or a tuple of them, as NumPy takes it: lists and arrays of them are welcome here; None stays None."""
    if axis is None or isinstance(axis, (int, tuple)):
        return axis
    try:
        return operator.index(axis)
    except TypeError:
        return tuple([operator.index(a) for a in axis])


def reduced_axes(axis: Any, ndim: int) -> Shape:
    """The axes that a reduction removes; as in NumPy, 0 and -1 mean none of an array without axes."""
    if axis is None:
        return tuple(range(ndim))
    axis = plain_axis(axis)
    return () if not ndim and axis in (0, -1) else normalize_axis_tuple(axis, ndim)


def wide_sum(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Sum plain data, float16 in float32, with a rounding error that hardly grows with the number of elements.

    NumPy adds in pairs only along the innermost axis; along any other it adds one row after the other, so that in
    float32 the sum of three million ones times 0.1 is off by percents.
    """
    axis = plain_axis(axis)
    dtype = np.float32 if x.dtype.char == "e" else None
    if x.size <= MANY:
        return _reduce(x, axis, dtype, None, keepdims)
    axes = sorted(reduced_axes(axis, x.ndim))
    if axes == list(range(x.ndim - len(axes), x.ndim)) and (type(x) is not np.ndarray or x.flags.c_contiguous):
        return _reduce(x, axis, dtype, None, keepdims)
    for i in axes:
        x = sum_of_rows(x, i, dtype)
    return x if keepdims else x.reshape([n for i, n in enumerate(x.shape) if i not in axes])[()]


def sum_of_rows(x: Any, axis: int, dtype: Any) -> Any:
    """Sum along one axis, which stays with length 1: few long rows first, then what they add up to."""
    n = x.shape[axis]
    if n < MANY >> 4:
        return _reduce(x, axis, dtype, None, True)
    row = math.prod(x.shape[axis + 1 :]) or 1
    size = min(1 << (n.bit_length() * 2 // 3), max(16, 2 * MANY // row))  # what is added to stays in the cache
    before, whole = (slice(None),) * axis, n // size * size
    parts = x[(*before, slice(whole))].reshape(*x.shape[:axis], -1, size, *x.shape[axis + 1 :])
    total = sum_of_rows(_reduce(parts, axis, dtype), axis, dtype)
    return total + _reduce(x[(*before, slice(whole, None))], axis, dtype, None, True)


def add_reduce(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Sum plain data; float16 is added up in float32."""
    return narrow(wide_sum(x, axis, keepdims), x)


def repeat_to_match(g: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    """Undo the shape change of a reduction: put back the reduced axes and repeat ``g`` along them."""
    if axis is not None and not keepdims:
        g = expand_dims(g, reduced_axes(axis, x.ndim))
    return broadcast_to(g, x.shape)


@Op
def astype(x: Any, /, dtype: Any) -> Any:
    """Cast to another floating dtype."""
    return x.astype(dtype)


astype.rules(lambda g, out, x, dtype: g)


@Op
def identity(x: Any, /) -> Any:
    """The same data as a new node."""
    return x if isinstance(x, float) else x.view()


identity.elementwise = True
identity.rules(lambda g, out, x: g)


@Op
def to_value(x: Any, /) -> Any:
    """The single element of a Tensor as a Value."""
    return float(x.item())


to_value.rules(lambda g, out, x: broadcast_to(g, x.shape))


# -------------------------------------------------------------------------------------------- rearranging


@View
def reshape(x: Any, /, shape: Shape | int) -> Any:
    """Give the elements, in C order, another shape.

    Parameters
    ----------
    x : array_like or Tensor
    shape : int or tuple of int
        One entry may be -1: it is worked out from the others.
    """
    return np.reshape(x, shape)


reshape.rules(lambda g, out, x, shape: reshape(g, x.shape))


@View
def transpose(x: Any, /, axes: Axes | None = None) -> Any:
    """Permute the axes; reverse them if ``axes`` is None."""
    return np.transpose(x, axes)


transpose.rules(
    lambda g, out, x, axes: transpose(g, None if axes is None else tuple(np.argsort(_positive(axes, x.ndim))))
)


def _positive(axes: Axes, ndim: int) -> Shape:
    return normalize_axis_tuple(axes, ndim)


@keeps_kind
def swapaxes(x: Any, axis1: int, axis2: int) -> Any:
    """Exchange two axes."""
    order = list(range(ndim_of(x)))
    order[axis1], order[axis2] = order[axis2], order[axis1]
    return transpose(x, tuple(order))


@keeps_kind
def moveaxis(x: Any, source: Axes, destination: Axes) -> Any:
    """Move axes to new positions; the others keep their order."""
    ndim = ndim_of(x)
    sources, targets = _positive(source, ndim), _positive(destination, ndim)
    order = [axis for axis in range(ndim) if axis not in sources]
    for target, axis in sorted(zip(targets, sources)):
        order.insert(target, axis)
    return transpose(x, tuple(order))


@View
def expand_dims(x: Any, /, axis: Axes) -> Any:
    """Insert axes of length 1 at the given positions of the result."""
    return np.expand_dims(x, axis)


expand_dims.rules(lambda g, out, x, axis: reshape(g, x.shape))


@View
def squeeze(x: Any, /, axis: Axes | None = None) -> Any:
    """Remove axes of length 1 (all of them, or the given ones)."""
    return np.squeeze(x, plain_axis(axis))


squeeze.rules(lambda g, out, x, axis: reshape(g, x.shape))


def reshape_in_order(x: Any, shape: Shape | int, order: str = "C") -> Any:
    """:func:`reshape`, reading and writing the elements in C order (the last index moves first) or in Fortran's.

    Raises
    ------
    ValueError
        If the order is neither ``"C"`` nor ``"F"``: ``"A"`` and ``"K"`` depend on how an array lies in memory.
    """
    if order == "C":
        return reshape(x, shape)
    if order != "F":
        raise ValueError(f"reshape and ravel: order must be 'C' or 'F', got {order!r}")
    backwards: Any = (shape,) if np.ndim(shape) == 0 else tuple(shape)[::-1]  # type: ignore[arg-type]
    return transpose(reshape(transpose(x), backwards))


@keeps_kind
def ravel(x: Any, order: str = "C") -> Any:
    """All elements in one axis, in C order (the last index moves first) or in Fortran's (``"F"``).

    A view only if they lie next to each other in memory.
    """
    flat = reshape_in_order(x, -1, order)
    if isinstance(flat, np.ndarray):
        return np.ascontiguousarray(flat)
    return flat if memory_of(flat) is None or in_numpy(flat).flags.c_contiguous else copy(flat)


@keeps_kind
def flatten(x: Any, start: int = 0) -> Any:
    """Join the axes from ``start`` on into one: ``flatten(x, 1)`` keeps the batch axis.

    Parameters
    ----------
    x : array_like or Tensor
        Shape ``(n0, n1, ...)``.
    start : int
        The first axis to join.
    """
    x = operand(x)
    if not hasattr(start, "__index__"):
        raise TypeError(f"flatten: start is the first axis to join, got {start!r}; for an order write ravel(order=)")
    kept = x.shape[:start]
    return apart(reshape(x, (*kept, int(np.prod(x.shape[start:])))))


def atleast_1d(*arrays: Any) -> Any:
    """``x`` with at least one axis; a tuple of such arrays for several."""
    results = tuple([x if ndim_of(x) else reshape(x, (1,)) for x in arrays])
    return results[0] if len(results) == 1 else results


def atleast_2d(*arrays: Any) -> Any:
    """``x`` with at least two axes, new ones in front; a tuple of such arrays for several."""
    results = tuple([x if ndim_of(x) > 1 else reshape(x, (1, -1)) for x in arrays])
    return results[0] if len(results) == 1 else results


@View
def flip(x: Any, /, axis: Axes | None = None) -> Any:
    """Reverse the order of elements along the given axes (default: all)."""
    return np.flip(x, axis)  # type: ignore[arg-type]


flip.rules(lambda g, out, x, axis: flip(g, axis))


def _opposite(shift: Any) -> Any:
    return tuple(-s for s in shift) if isinstance(shift, (tuple, list)) else -shift


@Op
def roll(x: Any, /, shift: Axes, axis: Axes | None = None) -> Any:
    """Shift elements along axes; what falls off one end enters at the other."""
    return np.roll(x, shift, axis)


roll.rules(lambda g, out, x, shift, axis: roll(g, _opposite(shift), axis))


@View
def rot90(x: Any, /, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Any:
    """Rotate by 90 degrees ``k`` times in the plane of two axes, from the first towards the second."""
    return np.rot90(x, k, axes)


rot90.rules(lambda g, out, x, k, axes: rot90(g, -k, axes))


@Op
def tril(x: Any, /, k: int = 0) -> Any:
    """Lower triangle of the last two axes; zeros above the ``k``-th diagonal."""
    return np.tril(x, k)


tril.rules(lambda g, out, x, k: tril(g, k))


@Op
def triu(x: Any, /, k: int = 0) -> Any:
    """Upper triangle of the last two axes; zeros below the ``k``-th diagonal."""
    return np.triu(x, k)


triu.rules(lambda g, out, x, k: triu(g, k))


# --------------------------------------------------------------------------------- joining and repeating


@Op
def _concatenate(*xs: Any, axis: int) -> Any:
    """Join arrays along an axis that they have."""
    return np.concatenate(xs, axis)


def _part(g: Any, out: Any, *xs: Any, axis: int, index: int) -> Any:
    axis = normalize_axis_index(axis, out.ndim)
    start = sum(x.shape[axis] for x in xs[:index])
    return g[(slice(None),) * axis + (slice(start, start + xs[index].shape[axis]),)]


_concatenate.rules(_part)


@joins
def concatenate(arrays: Sequence[Any], axis: int | None = 0) -> Any:
    """Join a sequence of arrays along an existing axis (None: flatten them first).

    Parameters
    ----------
    arrays : sequence of array_like or Tensor
        Shapes agree except along ``axis``.
    axis : int or None
    """
    if axis is None:
        return _concatenate(*[ravel(x) for x in arrays], axis=0)
    return _concatenate(*arrays, axis=axis)


@Op
def _stack(*xs: Any, axis: int) -> Any:
    """Join arrays along a new axis."""
    return np.stack(xs, axis)


_stack.rules(lambda g, out, *xs, axis, index: g[(slice(None),) * (axis % out.ndim) + (index,)])


@joins
def stack(arrays: Sequence[Any], axis: int = 0) -> Any:
    """Join a sequence of equal shapes along a new axis; Values and Tensors build a Tensor.

    Parameters
    ----------
    arrays : sequence of array_like, Tensor or Value
    axis : int
        Position of the new axis in the result.

    Examples
    --------
    >>> a, b = sg.Value(3.0), sg.Value(4.0)
    >>> sg.stack([a, b]).sum().backward()
    >>> a.grad
    1.0
    """
    return _stack(*arrays, axis=axis)


@joins
def hstack(arrays: Sequence[Any]) -> Any:
    """Join side by side: along the second axis, or the first for 1-d arrays."""
    arrays = [atleast_1d(x) for x in arrays]
    return concatenate(arrays, 0 if ndim_of(arrays[0]) == 1 else 1)


@joins
def vstack(arrays: Sequence[Any]) -> Any:
    """Join on top of each other: along the first axis; 1-d arrays become rows."""
    return concatenate([atleast_2d(x) for x in arrays], 0)


def array_split(x: Any, sections: Any, axis: int = 0) -> list[Any]:
    """Cut along an axis into nearly equal parts, or at the given positions."""
    x, sections = operand(x), known(sections, "splits an array")
    pieces = np.array_split(np.arange(x.shape[axis]), sections)
    before = (slice(None),) * normalize_axis_index(axis, ndim_of(x))
    return [x[(*before, slice(int(p[0]), int(p[-1]) + 1) if len(p) else slice(0, 0))] for p in pieces]


def split(x: Any, sections: Any, axis: int = 0) -> list[Any]:
    """Cut along an axis into equal parts, or at the given positions.

    Raises
    ------
    ValueError
        If the axis cannot be cut into that many equal parts.
    """
    x, sections = operand(x), known(sections, "splits an array")
    if np.ndim(sections) == 0 and x.shape[axis] % sections:
        raise ValueError(f"split: an axis of length {x.shape[axis]} has no {sections} equal parts; see array_split")
    return array_split(x, sections, axis)


@keeps_kind
def repeat(x: Any, repeats: Any, axis: int | None = None) -> Any:
    """Repeat each element in place, ``repeats`` times (one number, or one for each element)."""
    x = operand(x)
    if axis is None:
        x, axis = ravel(x), 0
    from .indexing import take  # here, since that module needs this one

    where_from = np.repeat(np.arange(x.shape[axis]), known(repeats, "repeats elements"))
    return take(x, where_from, axis)


@keeps_kind
def tile(x: Any, reps: Axes) -> Any:
    """Lay copies of the whole array next to each other, ``reps`` times along each axis."""
    x = operand(x)
    given: Shape = tuple(np.atleast_1d(known(reps, "repeats an array")).tolist())
    shape = (1,) * max(0, len(given) - ndim_of(x)) + tuple(x.shape)
    given = (1,) * (len(shape) - len(given)) + given
    interleaved = reshape(x, tuple(n for size in shape for n in (1, size)))
    repeated = broadcast_to(interleaved, tuple(n for pair in zip(given, shape) for n in pair))
    return apart(reshape(repeated, tuple(r * n for r, n in zip(given, shape))))


@Op
def _pad(x: Any, /, widths: Any, value: Any) -> Any:
    """Surround with a constant."""
    return np.pad(x, widths, constant_values=value)


_pad.rules(
    lambda g, out, x, widths, value: g[tuple(slice(before, before + n) for (before, _), n in zip(widths, x.shape))]
)


@keeps_kind
def pad(x: Any, pad_width: Any, mode: str = "constant", constant_values: Any = None, reflect_type: str = "even") -> Any:
    """Surround an array, as :func:`numpy.pad`.

    Parameters
    ----------
    x : array_like or Tensor
    pad_width : int, sequence or dict
        One width for all sides, one pair ``(before, after)``, or one pair for each axis; or a dictionary of axes
        and their widths.
    mode : str
        ``"constant"``, or any mode of NumPy that copies elements: ``"edge"``, ``"reflect"``, ``"symmetric"``,
        ``"wrap"``.
    constant_values : float or sequence
        What to fill with under ``"constant"`` (default 0): one number, one pair, or one pair for each axis.
    reflect_type : str
        Only ``"even"`` copies elements.

    Raises
    ------
    ValueError
        If the mode would compute new values, such as ``"mean"``, or does not know what it is told.
    """
    x = operand(x)
    widths = _pad_widths(pad_width, ndim_of(x))
    if mode == "constant" and reflect_type == "even":
        return _pad_constant(x, widths, 0.0 if constant_values is None else constant_values)
    if mode not in ("edge", "reflect", "symmetric", "wrap"):
        raise ValueError(f"pad: mode {mode!r} is not one of 'constant', 'edge', 'reflect', 'symmetric', 'wrap'")
    if constant_values is not None or reflect_type != "even":
        told = "constant_values" if constant_values is not None else f"reflect_type={reflect_type!r}"
        raise ValueError(f"pad: {told} is not for mode {mode!r}, which copies elements")
    from .indexing import take  # here, since that module needs this one

    if data_of(x).flags.fnc:  # so is the result
        return transpose(pad(transpose(x), widths[::-1], mode))
    for axis, width in enumerate(widths):
        if any(width):
            source = np.pad(np.arange(x.shape[axis]), width, mode=mode)  # type: ignore[call-overload]
            x = take(x, source, axis)
    return x if np.any(widths) else copy(x)


def _pad_widths(widths: Any, ndim: int) -> tuple[tuple[int, int], ...]:
    """A pair of widths for each axis."""
    if isinstance(widths, dict):
        given = {normalize_axis_index(axis, ndim): width for axis, width in widths.items()}
        widths = [np.broadcast_to(given.get(axis, 0), 2) for axis in range(ndim)]
    pairs = np.broadcast_to(np.asarray(widths), (ndim, 2)).tolist()
    return tuple([(operator.index(before), operator.index(after)) for before, after in pairs])


def _pad_constant(x: Any, widths: Any, values: Any) -> Any:
    if isinstance(values, Node) and values.stands_for_data and not ndim_of(values):
        return _pad(x, widths, values)
    if isinstance(values, Node):
        raise TypeError("pad: constant_values must be plain numbers, no gradient flows to them; use concatenate")
    values = plain(values)
    if np.ndim(values) == 0:
        return _pad(x, widths, values)
    nothing = ((0, 0),) * len(widths)
    for axis, pair in enumerate(np.broadcast_to(values, (len(widths), 2)).tolist()):
        before, after = widths[axis]
        for width, value in (((before, 0), pair[0]), ((0, after), pair[1])):
            x = _pad(x, (*nothing[:axis], width, *nothing[axis + 1 :]), value)
    return x


@PlainFunction
def _copied(x: Any, order: str) -> Any:
    """Return a copy, which its owner may write to."""
    return np.array(x, order=order) if hasattr(x, "ndim") else x  # type: ignore[call-overload]


@keeps_kind
def copy(x: Any, order: str = "K") -> Any:
    """A node or array of its own with the same data.

    Parameters
    ----------
    x : array_like, Tensor or Value
    order : str
        How it lies in memory, as :func:`numpy.copy`: in C order (``"C"``), or with the axes in the order of ``x``
        (``"K"``). It decides whether a later ``reshape`` is a view.
    """
    if not isinstance(x, Node):
        return np.array(x, order=order)  # type: ignore[call-overload]
    if order not in ("C", "K"):
        raise ValueError(f"copy: order must be 'C' or 'K', got {order!r}")
    if x.stands_for_data:
        return _copied(x, order)
    flags = getattr(x._plain, "flags", None)
    if flags is None or flags.c_contiguous or (order == "K" and flags.f_contiguous):
        return identity(x)
    x = positive(x)  # the elements lie together now
    return x if order == "K" or x._plain.flags.c_contiguous else reshape(reshape(x, -1), x.shape)
