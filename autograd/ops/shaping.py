"""Operations that rearrange, repeat, join or add up elements.

They come in adjoint pairs: what one spreads, the other gathers (``broadcast_to`` and ``sum_to``, ``pad`` and a
slice, ``concatenate`` and slices), so the derivative of each is another of them. The sums of plain data that ``sum_to``
needs are here, too, and serve the reductions.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np
import numpy.typing as npt
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from ...common.plain_data import holds_nodes, is_complex, plain, real_numbers
from ..core.call_types import joins, keeps_kind, of_elements, splits
from ..core.node import Node, data_of
from ..core.op import Op, PlainFunction
from .elementwise import positive
from .questions import known
from .views import View, apart, in_numpy, memory_of

if TYPE_CHECKING:
    from ..core.call_types import Operand, Tensor

# fmt: off
__all__ = [
    "array_split", "astype", "atleast_1d", "atleast_2d", "broadcast_to", "concatenate", "copy", "expand_dims",
    "flatten", "flip", "hstack", "moveaxis", "pad", "ravel", "repeat", "reshape", "roll", "rot90", "split", "squeeze",
    "stack", "swapaxes", "tile", "transpose", "tril", "triu", "vstack",
]
# fmt: on

Shape = tuple[int, ...]
Axes = int | Sequence[int]
Integers = int | Sequence[int] | npt.NDArray[np.integer[Any]]
Order = Literal["C", "F"]
PadWidth = Integers | Sequence[Sequence[int]] | Mapping[int, int | Sequence[int]]
PadMode = Literal["constant", "edge", "reflect", "symmetric", "wrap"]


def operand(x: Any) -> Any:
    """Return a node as it is, and anything else as an array or a number of NumPy; lists of nodes as a Tensor."""
    if isinstance(x, Node):
        return x
    if isinstance(x, (list, tuple)) and holds_nodes(x):
        return array_of(x)
    x = plain(x)
    return x if hasattr(x, "ndim") else np.asarray(x)


def ndim_of(x: Any) -> int:
    """Return the number of axes of an array, a node or a number."""
    return x.ndim if hasattr(x, "ndim") else len(operand(x).shape)


# ------------------------------------------------------------------------------------------ broadcasting


@View
def broadcast_to(x: Any, /, shape: Axes) -> Any:
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
    """Cast to another floating or complex dtype; a real one takes the real part.

    Parameters
    ----------
    x : array_like or Tensor
        Any shape.
    dtype : dtype
        Such as ``np.float32``. A gradient is cast back on its way.
    """
    return (x.real if is_complex(x) and np.dtype(dtype).kind != "c" else x).astype(dtype)


astype.rules(lambda g, out, x, dtype: g)


@Op
def identity(x: Any, /) -> Any:
    """The same data as a new node."""
    return x if isinstance(x, float) else x.view()


identity.elementwise = True
identity.rules(lambda g, out, x: g)


@Op
def to_value(x: Any, /) -> Any:
    """The single element of a Tensor as a Value: its real part."""
    return float(x.item().real)


to_value.rules(lambda g, out, x: broadcast_to(g, x.shape))


# -------------------------------------------------------------------------------------------- rearranging


@View
def reshape(x: Any, /, shape: Axes) -> Any:
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
    """Permute the axes; reverse them if ``axes`` is None.

    Parameters
    ----------
    x : array_like or Tensor
        Shape ``(n0, n1, ...)``.
    axes : sequence of int, optional
        Axis ``i`` of the result is axis ``axes[i]`` of ``x``. (PyTorch calls this ``permute``.)
    """
    return np.transpose(x, axes)


transpose.rules(
    lambda g, out, x, axes: transpose(g, None if axes is None else tuple(np.argsort(_positive(axes, x.ndim))))
)


def _positive(axes: Axes, ndim: int) -> Shape:
    return normalize_axis_tuple(axes, ndim)


@keeps_kind
def swapaxes(x: Any, axis1: int, axis2: int) -> Any:
    """Exchange two axes; PyTorch calls this ``transpose``.

    Parameters
    ----------
    x : array_like or Tensor
        Shape ``(n0, n1, ...)``.
    axis1, axis2 : int
        The axes.

    Examples
    --------
    >>> sg.swapaxes(np.zeros((2, 3, 4)), 0, 2).shape
    (4, 3, 2)
    """
    order = list(range(ndim_of(x)))
    order[axis1], order[axis2] = order[axis2], order[axis1]
    return transpose(x, tuple(order))


@keeps_kind
def moveaxis(x: Any, source: Axes, destination: Axes) -> Any:
    """Move axes to new positions; the others keep their order.

    Parameters
    ----------
    x : array_like or Tensor
        Shape ``(n0, n1, ...)``.
    source, destination : int or sequence of int
        Which axes, and where they are in the result.

    Examples
    --------
    >>> sg.moveaxis(np.zeros((2, 3, 4)), 0, -1).shape
    (3, 4, 2)
    """
    ndim = ndim_of(x)
    sources, targets = _positive(source, ndim), _positive(destination, ndim)
    order = [axis for axis in range(ndim) if axis not in sources]
    for target, axis in sorted(zip(targets, sources)):
        order.insert(target, axis)
    return transpose(x, tuple(order))


@View
def expand_dims(x: Any, /, axis: Axes) -> Any:
    """Insert axes of length 1 at the given positions of the result; PyTorch calls this ``unsqueeze``.

    Parameters
    ----------
    x : array_like or Tensor
        Any shape.
    axis : int or sequence of int
        Where the new axes are in the result.
    """
    return np.expand_dims(x, axis)


expand_dims.rules(lambda g, out, x, axis: reshape(g, x.shape))


@View
def squeeze(x: Any, /, axis: Axes | None = None) -> Any:
    """Remove axes of length 1 (all of them, or the given ones).

    Parameters
    ----------
    x : array_like or Tensor
        Any shape.
    axis : int or sequence of int, optional
        Which axes; their length must be 1.
    """
    return np.squeeze(x, plain_axis(axis))


squeeze.rules(lambda g, out, x, axis: reshape(g, x.shape))


def reshape_in_order(x: Any, shape: Axes, order: Order = "C") -> Any:
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
def ravel(x: Any, order: Order = "C") -> Any:
    """All elements in one axis, in C order (the last index moves first) or in Fortran's (``"F"``).

    A view only if they lie next to each other in memory.

    Parameters
    ----------
    x : array_like or Tensor
        Any shape.
    order : {"C", "F"}
        The order in which the elements are read.

    Examples
    --------
    >>> sg.ravel(np.array([[1.0, 2.0], [3.0, 4.0]]), order="F")
    array([1., 3., 2., 4.])
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

    Examples
    --------
    >>> sg.flatten(np.zeros((2, 3, 4)), start=1).shape
    (2, 12)
    """
    x = operand(x)
    if not hasattr(start, "__index__"):
        raise TypeError(f"flatten: start is the first axis to join, got {start!r}; for an order write ravel(order=)")
    kept = x.shape[:start]
    return apart(reshape(x, (*kept, int(np.prod(x.shape[start:])))))


@overload
def atleast_1d(x: Tensor, /) -> Tensor: ...
@overload
def atleast_1d(x: npt.NDArray[Any], /) -> npt.NDArray[Any]: ...
@overload
def atleast_1d(*arrays: Operand) -> Any: ...
def atleast_1d(*arrays: Any) -> Any:
    """``x`` with at least one axis; a tuple of such arrays for several.

    Parameters
    ----------
    *arrays : array_like or Tensor
        A number gets the shape ``(1,)``; all others stay as they are.

    Examples
    --------
    >>> sg.atleast_1d(sg.tensor(2.0))
    tensor([2.])
    """
    results = tuple([x if ndim_of(x) else reshape(x, (1,)) for x in arrays])
    return results[0] if len(results) == 1 else results


@overload
def atleast_2d(x: Tensor, /) -> Tensor: ...
@overload
def atleast_2d(x: npt.NDArray[Any], /) -> npt.NDArray[Any]: ...
@overload
def atleast_2d(*arrays: Operand) -> Any: ...
def atleast_2d(*arrays: Any) -> Any:
    """``x`` with at least two axes, new ones in front; a tuple of such arrays for several.

    Parameters
    ----------
    *arrays : array_like or Tensor
        A row of shape ``(n,)`` gets the shape ``(1, n)``, a number ``(1, 1)``.

    Examples
    --------
    >>> sg.atleast_2d(np.zeros(3)).shape
    (1, 3)
    """
    results = tuple([x if ndim_of(x) > 1 else reshape(x, (1, -1)) for x in arrays])
    return results[0] if len(results) == 1 else results


@View
def flip(x: Any, /, axis: Axes | None = None) -> Any:
    """Reverse the order of elements along the given axes (default: all).

    Parameters
    ----------
    x : array_like or Tensor
        Any shape, which is that of the result.
    axis : int or sequence of int, optional
        The axes.
    """
    return np.flip(x, axis)  # type: ignore[arg-type]


flip.rules(lambda g, out, x, axis: flip(g, axis))


def _opposite(shift: Any) -> Any:
    return tuple(-s for s in shift) if isinstance(shift, (tuple, list)) else -shift


@Op
def roll(x: Any, /, shift: Axes, axis: Axes | None = None) -> Any:
    """Shift elements along axes; what falls off one end enters at the other.

    Parameters
    ----------
    x : array_like or Tensor
        Any shape, which is that of the result.
    shift : int or sequence of int
        By how many places.
    axis : int or sequence of int, optional
        Along which axes, one for each shift; by default the array is shifted as if it had one axis.
    """
    return np.roll(x, shift, axis)


roll.rules(lambda g, out, x, shift, axis: roll(g, _opposite(shift), axis))


@View
def rot90(x: Any, /, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Any:
    """Rotate by 90 degrees ``k`` times in the plane of two axes, from the first towards the second.

    Parameters
    ----------
    x : array_like or Tensor
        At least two axes.
    k : int
        How often; negative numbers rotate the other way.
    axes : pair of int
        The plane.
    """
    return np.rot90(x, k, axes)


rot90.rules(lambda g, out, x, k, axes: rot90(g, -k, axes))


@Op
def tril(x: Any, /, k: int = 0) -> Any:
    """Lower triangle of the last two axes; zeros above the ``k``-th diagonal.

    Parameters
    ----------
    x : array_like or Tensor
        Shape ``(..., n, m)``, which is that of the result.
    k : int
        0 is the main diagonal; positive ones are above it.
    """
    return np.tril(x, k)


tril.rules(lambda g, out, x, k: tril(g, k))


@Op
def triu(x: Any, /, k: int = 0) -> Any:
    """Upper triangle of the last two axes; zeros below the ``k``-th diagonal.

    Parameters
    ----------
    x : array_like or Tensor
        Shape ``(..., n, m)``, which is that of the result.
    k : int
        0 is the main diagonal; positive ones are above it.
    """
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

    Examples
    --------
    >>> x = sg.tensor([[1.0, 2.0]], requires_grad=True)
    >>> joined = sg.concatenate([x, np.zeros((2, 2))])
    >>> joined.shape
    (3, 2)
    >>> joined.sum().backward()
    >>> x.grad
    array([[1., 1.]])
    """
    if axis is None:
        return _concatenate(*[ravel(operand(x)) for x in arrays], axis=0)
    return _concatenate(*map(_part_to_join, arrays), axis=axis)


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
    return _stack(*map(_part_to_join, arrays), axis=axis)


def _part_to_join(x: Any) -> Any:
    return array_of(x) if isinstance(x, (list, tuple)) and holds_nodes(x) else x


def array_of(items: Sequence[Any]) -> Any:
    """Return nested lists of nodes and numbers as one array; Python's numbers take on the dtype of the others."""
    return _array_of(items, common_dtype(items))


def _array_of(items: Any, dtype: Any) -> Any:
    if isinstance(items, (list, tuple)) and holds_nodes(items):
        return stack([_array_of(item, dtype) for item in items])
    return items if isinstance(items, Node) else np.asarray(plain(items), dtype)


def common_dtype(items: Sequence[Any]) -> Any:
    """Return the dtype of an array of nested lists of nodes and numbers."""
    return np.result_type(*_kinds(items))


def _kinds(items: Sequence[Any]) -> list[Any]:
    kinds: list[Any] = []
    for item in items:
        if isinstance(item, (list, tuple)):
            kinds += _kinds(item)
        elif isinstance(item, (bool, int, float, complex)):
            kinds.append(type(item)(0))  # which never decides the number of bits
        elif not isinstance(item, (str, slice)):
            kinds.append(getattr(item, "dtype", np.dtype(float)))  # a Value has none
    return kinds


@joins
def hstack(arrays: Sequence[Any]) -> Any:
    """Join side by side: along the second axis, or the first for 1-d arrays.

    Parameters
    ----------
    arrays : sequence of array_like or Tensor
        Shapes agree except along that axis.

    Examples
    --------
    >>> sg.hstack([np.zeros((2, 3)), np.zeros((2, 1))]).shape
    (2, 4)
    """
    arrays = [atleast_1d(operand(x)) for x in arrays]
    return concatenate(arrays, 0 if ndim_of(arrays[0]) == 1 else 1)


@joins
def vstack(arrays: Sequence[Any]) -> Any:
    """Join on top of each other: along the first axis; 1-d arrays become rows.

    Parameters
    ----------
    arrays : sequence of array_like or Tensor
        Shapes agree except along that axis.

    Examples
    --------
    >>> sg.vstack([np.zeros(3), np.ones(3)]).shape
    (2, 3)
    """
    return concatenate([atleast_2d(operand(x)) for x in arrays], 0)


@splits
def array_split(x: Any, sections: Integers, axis: int = 0) -> list[Any]:
    """Cut along an axis into nearly equal parts, or at the given positions.

    Parameters
    ----------
    x : array_like or Tensor
        At least one axis.
    sections : int or sequence of int
        How many parts, or where to cut.
    axis : int

    Examples
    --------
    >>> [part.shape for part in sg.array_split(np.zeros(5), 2)]
    [(3,), (2,)]
    """
    x, sections = operand(x), known(sections, "splits an array")
    pieces = np.array_split(np.arange(x.shape[axis]), sections)
    before = (slice(None),) * normalize_axis_index(axis, ndim_of(x))
    return [x[(*before, slice(int(p[0]), int(p[-1]) + 1) if len(p) else slice(0, 0))] for p in pieces]


@splits
def split(x: Any, sections: Integers, axis: int = 0) -> list[Any]:
    """Cut along an axis into equal parts, or at the given positions.

    Parameters
    ----------
    x : array_like or Tensor
        At least one axis.
    sections : int or sequence of int
        How many parts, as in NumPy (PyTorch's argument is the size of a part), or where to cut.
    axis : int

    Raises
    ------
    ValueError
        If the axis cannot be cut into that many equal parts.

    Examples
    --------
    >>> [part.shape for part in sg.split(np.zeros((2, 6)), 3, axis=1)]
    [(2, 2), (2, 2), (2, 2)]
    """
    x, sections = operand(x), known(sections, "splits an array")
    if np.ndim(sections) == 0 and x.shape[axis] % sections:
        raise ValueError(f"split: an axis of length {x.shape[axis]} has no {sections} equal parts; see array_split")
    return array_split(x, sections, axis)


@keeps_kind
def repeat(x: Any, repeats: Integers, axis: int | None = None) -> Any:
    """Repeat each element in place, ``repeats`` times.

    Parameters
    ----------
    x : array_like or Tensor
        Any shape.
    repeats : int or sequence of int
        One number, or one for each element along the axis.
    axis : int, optional
        By default of the flattened array. (PyTorch's ``repeat`` is :func:`tile`.)

    Examples
    --------
    >>> sg.repeat(np.array([1.0, 2.0]), 2)
    array([1., 1., 2., 2.])
    """
    x = operand(x)
    if axis is None:
        x, axis = ravel(x), 0
    if not -x.ndim <= axis < x.ndim:
        raise np.exceptions.AxisError(
            f"repeat: axis {axis} is out of bounds for shape {x.shape}. NumPy's arguments are repeats and axis; "
            "for copies side by side, as PyTorch's repeat makes them, write sg.tile(x, (2, 3)). See docs/differences.md"
        )
    from .indexing import take  # here, since that module needs this one

    where_from = np.repeat(np.arange(x.shape[axis]), known(repeats, "repeats elements"))
    return take(x, where_from, axis)


@keeps_kind
def tile(x: Any, reps: Integers) -> Any:
    """Lay copies of the whole array next to each other, ``reps`` times along each axis.

    Parameters
    ----------
    x : array_like or Tensor
        Any shape.
    reps : int or sequence of int
        How often along each of the last axes; more than there are make new axes in front.

    Examples
    --------
    >>> sg.tile(np.array([1.0, 2.0]), (2, 2))
    array([[1., 2., 1., 2.],
           [1., 2., 1., 2.]])
    """
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
    return np.pad(x, widths, constant_values=value if is_complex(x) else real_numbers("pad of a real array", value))


_pad.rules(
    lambda g, out, x, widths, value: g[tuple(slice(before, before + n) for (before, _), n in zip(widths, x.shape))]
)


@keeps_kind
def pad(
    x: Any,
    pad_width: PadWidth,
    mode: PadMode = "constant",
    constant_values: npt.ArrayLike | None = None,
    reflect_type: Literal["even"] = "even",
) -> Any:
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

    Examples
    --------
    >>> sg.pad(np.array([1.0, 2.0]), (1, 2))
    array([0., 1., 2., 0., 0.])
    >>> sg.pad(np.array([1.0, 2.0]), 1, mode="edge")
    array([1., 1., 2., 2.])
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


@of_elements
def copy(x: Any, order: Literal["C", "K"] = "K") -> Any:
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
