"""Products of vectors, matrices and arrays of more axes."""

from __future__ import annotations

import math
import operator
import string
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ...common.elsewhere import takes_other_names
from ..core.call_types import OfTwo, of_two, reduces
from ..core.op import Op
from .indexing import diagonal, diagonal_view, scatter_add
from .reductions import sum
from .shaping import broadcast_to, expand_dims, ndim_of, operand, reshape, sum_to, swapaxes, transpose

if TYPE_CHECKING:
    from ..core.call_types import Operand, Tensor

__all__ = ["dot", "einsum", "inner", "kron", "matmul", "outer", "tensordot", "trace"]

#: The names that axes can have, in the order in which the axes of a result stand.
_LETTERS = string.ascii_uppercase + string.ascii_lowercase


class Product(Op[[Any]]):
    """An operation of two arrays, whose result may be a single number."""

    if TYPE_CHECKING:
        __call__: OfTwo[[]]  # type: ignore[assignment]  # it takes two arrays


@Product
def matmul(x: Any, y: Any, /) -> Any:
    """Matrix product over the last two axes; leading axes broadcast, vectors are rows or columns as needed.

    Parameters
    ----------
    x : array_like or Tensor
        Shape ``(..., n, k)`` or ``(k,)``.
    y : array_like or Tensor
        Shape ``(..., k, m)`` or ``(k,)``.

    Returns
    -------
    Tensor or ndarray
        Shape ``(..., n, m)``, less the axis of a vector.

    Raises
    ------
    ValueError
        If the inner sizes differ.
    """
    if not x.ndim or not y.ndim or x.shape[-1] != y.shape[-2 if y.ndim > 1 else 0]:
        raise ValueError(
            f"matmul: shapes {x.shape} and {y.shape} do not fit: the last axis of the first must be as long as "
            "the last but one (or only) axis of the second"
        )
    if x.dtype.char == y.dtype.char == "e":
        return np.matmul(x, y, dtype=np.float32).astype(np.float16)
    return np.matmul(x, y)


def _to_left(g: Any, out: Any, x: Any, y: Any) -> Any:
    if x.ndim == 1 and y.ndim == 1:
        return g * y
    if y.ndim == 1:
        return expand_dims(g, -1) * y
    if x.ndim == 1:
        return matmul(y, g) if y.ndim == 2 else matmul(y, expand_dims(g, -1))[..., 0]
    return matmul(g, swapaxes(y, -1, -2))


def _to_right(g: Any, out: Any, x: Any, y: Any) -> Any:
    if x.ndim == 1 and y.ndim == 1:
        return g * x
    if x.ndim == 1:
        return expand_dims(x, -1) * expand_dims(g, -2)
    if y.ndim == 1:
        return matmul(g, x) if x.ndim == 2 else matmul(swapaxes(x, -1, -2), expand_dims(g, -1))[..., 0]
    if x.ndim > 2 and y.ndim == 2:  # one product instead of a batch of them, summed afterwards
        rows = math.prod(x.shape[:-1])  # -1 cannot be worked out of nothing
        x, g = reshape(x, (rows, x.shape[-1])), reshape(g, (rows, g.shape[-1]))
    return matmul(swapaxes(x, -1, -2), g)


matmul.rules(_to_left, _to_right)
matmul.symbol = "@"


@of_two
def dot(x: Any, y: Any) -> Any:
    """Dot product as :func:`numpy.dot`: the last axis of ``x`` with the last but one (or only) axis of ``y``.

    Parameters
    ----------
    x : array_like or Tensor
        Shape ``(k,)`` or ``(..., k)``.
    y : array_like or Tensor
        Shape ``(k,)`` or ``(..., k, m)``.

    Examples
    --------
    >>> sg.dot(sg.tensor([1.0, 2.0]), np.array([3.0, 4.0]))
    tensor(11.)
    """
    x, y = operand(x), operand(y)
    if not ndim_of(x) or not ndim_of(y):
        return x * y
    if y.ndim <= 2 or x.ndim == 1:
        return matmul(x, y)
    return tensordot(x, y, axes=((-1,), (-2,)))


@reduces
def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """Sum of a diagonal.

    Parameters
    ----------
    x : array_like or Tensor
        At least two axes.
    offset : int
        0 is the main diagonal; positive ones are above it.
    axis1, axis2 : int
        The axes of the matrices; the result has the others.

    Examples
    --------
    >>> sg.trace(np.array([[1.0, 2.0], [3.0, 4.0]]))
    np.float64(5.0)
    """
    return sum(diagonal(x, offset, axis1, axis2), -1)


@of_two
def outer(x: Any, y: Any) -> Any:
    """All products of an element of ``x`` with an element of ``y``: shape ``(x.size, y.size)``.

    Parameters
    ----------
    x, y : array_like or Tensor
        Any shapes; they are flattened.

    Examples
    --------
    >>> sg.outer(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    array([[3., 4.],
           [6., 8.]])
    """
    return reshape(x, (-1, 1)) * reshape(y, (1, -1))


@of_two
def inner(x: Any, y: Any) -> Any:
    """Sum of products over the last axes of both.

    Parameters
    ----------
    x, y : array_like or Tensor
        Shapes ``(..., k)``; the result has the other axes of ``x``, then those of ``y``.

    Examples
    --------
    >>> sg.inner(np.ones((2, 3)), np.ones((4, 3))).shape
    (2, 4)
    """
    x, y = operand(x), operand(y)
    if not ndim_of(x) or not ndim_of(y):
        return x * y
    return tensordot(x, y, axes=((-1,), (-1,)))


@of_two
def tensordot(x: Any, y: Any, axes: int | Sequence[int | Sequence[int]] = 2) -> Any:
    """Sum of products over pairs of axes, as :func:`numpy.tensordot`.

    Parameters
    ----------
    x, y : array_like or Tensor
    axes : int or pair of sequences of int
        A number: that many last axes of ``x`` with first axes of ``y``. A pair: which axes of each.

    Examples
    --------
    >>> sg.tensordot(np.ones((2, 3, 4)), np.ones((4, 3, 5)), axes=([1, 2], [1, 0])).shape
    (2, 5)
    """
    x, y = operand(x), operand(y)
    pair: Any = axes
    if np.ndim(pair) == 0:
        n = operator.index(pair)
        pair = (tuple(range(x.ndim - n, x.ndim)), tuple(range(n)))
    left, right = (normalize_axis_tuple(a, v.ndim) for a, v in zip(pair, (x, y)))
    if [x.shape[i] for i in left] != [y.shape[i] for i in right]:
        raise ValueError(
            f"tensordot: axes {left} of shape {x.shape} and axes {right} of shape {y.shape} differ in length"
        )
    kept_left = tuple(i for i in range(x.ndim) if i not in left)
    kept_right = tuple(i for i in range(y.ndim) if i not in right)
    shape = tuple(x.shape[i] for i in kept_left) + tuple(y.shape[i] for i in kept_right)
    size = int(np.prod([x.shape[i] for i in left], dtype=np.int64))
    rows = reshape(transpose(x, kept_left + left), (-1, size) if x.size else (shape_size(x, kept_left), size))
    columns = reshape(transpose(y, right + kept_right), (size, -1) if y.size else (size, shape_size(y, kept_right)))
    return reshape(matmul(rows, columns), shape)


def shape_size(x: Any, axes: tuple[int, ...]) -> int:
    """Number of elements in the given axes."""
    return int(np.prod([x.shape[i] for i in axes], dtype=np.int64))


@of_two
def kron(x: Any, y: Any) -> Any:
    """Kronecker product: every element of ``x`` times the whole of ``y``.

    Parameters
    ----------
    x, y : array_like or Tensor
        Any shapes; the lengths of the axes are multiplied.

    Examples
    --------
    >>> sg.kron(np.array([1.0, 10.0]), np.array([1.0, 2.0]))
    array([ 1.,  2., 10., 20.])
    """
    x, y = operand(x), operand(y)
    ndim = max(ndim_of(x), ndim_of(y))
    x, y = (reshape(v, (1,) * (ndim - v.ndim) + tuple(v.shape)) for v in (x, y))
    left = reshape(x, tuple(n for size in x.shape for n in (size, 1)))
    right = reshape(y, tuple(n for size in y.shape for n in (1, size)))
    return reshape(left * right, tuple(a * b for a, b in zip(x.shape, y.shape)))


@Op
def _einsum(*xs: Any, subscripts: str) -> Any:
    """Sum of products over named axes."""
    dtype = np.result_type(*xs)
    if dtype.char == "e":
        return np.einsum(subscripts, *[x.astype(np.float32) for x in xs], optimize=len(xs) > 2).astype(dtype)
    if len(xs) > 2:  # two of them are multiplied first, and must not overflow in a dtype of their own
        xs = tuple([x.astype(dtype, copy=False) for x in xs])
    return np.einsum(subscripts, *xs, optimize=len(xs) > 2)


def _einsum_rule(g: Any, out: Any, *xs: Any, subscripts: str, index: int) -> Any:
    inputs, result = subscripts.split("->")
    names = inputs.split(",")
    mine = names[index]
    others = [(n, x) for i, (n, x) in enumerate(zip(names, xs)) if i != index]
    # An axis that only this input has was summed: every element along it gets the same gradient.
    known = "".join([result, *[n for n, _ in others]])
    found = "".join(c for c in dict.fromkeys(mine) if c in known)
    spec = ",".join([result, *[n for n, _ in others]]) + "->" + found
    d = einsum(spec, g, *[x for _, x in others])
    x = xs[index]
    unique = "".join(dict.fromkeys(mine))
    sizes = dict(zip(mine, x.shape))
    missing = tuple(i for i, c in enumerate(unique) if c not in found)
    # Longer than an axis of x where that has length 1 and was repeated; shorter where others were, for x.
    d, shape = expand_dims(d, missing) if missing else d, tuple([sizes[c] for c in unique])
    if d.shape != shape:
        d = broadcast_to(d, np.broadcast_shapes(d.shape, shape))
    if unique == mine:
        return d
    # A repeated name picks a diagonal: put its gradient back onto the diagonal of zeros.
    d = sum_to(d, tuple(sizes[c] for c in unique))
    grid = np.ix_(*[np.arange(sizes[c]) for c in unique])
    return scatter_add(d, tuple(grid[unique.index(c)] for c in mine), tuple(x.shape))


_einsum.rules(_einsum_rule)


@overload
def einsum(subscripts: str, x: Tensor, /, *operands: Operand, optimize: bool | str = False) -> Tensor: ...
@overload
def einsum(subscripts: str, x: Operand, y: Tensor, /, *operands: Operand, optimize: bool | str = False) -> Tensor: ...
@overload
def einsum(subscripts: Any, *operands: Any, optimize: bool | str = False) -> Any: ...
@takes_other_names
def einsum(subscripts: Any, *operands: Any, optimize: Any = False) -> Any:
    """Sum of products over named axes, as :func:`numpy.einsum`.

    Parameters
    ----------
    subscripts : str
        For example ``"ij,jk->ik"``; without an arrow the result has the names that occur once, sorted.
        ``...`` stands for any number of further axes. Or, without a string, operands and the numbers of their axes
        in turn: ``einsum(a, [0, 1], b, [1, 2], [0, 2])``.
    *operands : array_like or Tensor
        An axis of length 1 is repeated to the length that its name has elsewhere.
    optimize : bool or str
        Has no influence on the result, and none on the order of several products, which is NumPy's choice.

    Examples
    --------
    >>> sg.einsum("ii", np.eye(3))
    np.float64(3.0)
    """
    if not isinstance(subscripts, str):
        subscripts, operands = _named((subscripts, *operands))
    operands = tuple([operand(x) for x in operands])
    subscripts = explicit_subscripts(subscripts, operands)
    names, _, result = subscripts.partition("->")
    if len(operands) == 1 and set(names) == set(result) and len(result) == len(set(result)):
        return _rearranged(operands[0], names, result)
    return _einsum(*operands, subscripts=subscripts)


def _rearranged(x: Any, names: str, result: str) -> Any:
    """An expression of one operand that adds nothing up: diagonals and transposes, which are views, as in NumPy."""
    for name in result:
        while names.count(name) > 1:
            first = names.index(name)
            second = names.index(name, first + 1)
            if x.shape[first] != x.shape[second]:
                raise ValueError(
                    f"einsum: the axes named {name!r} have lengths {x.shape[first]} and {x.shape[second]}, "
                    f"in an operand of shape {x.shape}"
                )
            x = diagonal_view(x, 0, first, second, read_only=False)
            names = names[:first] + names[first + 1 : second] + names[second + 1 :] + name
    return transpose(x, tuple([names.index(name) for name in result]))


def _named(operands: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
    """Subscripts with letters for operands that are given with the numbers of their axes in turn."""
    pairs = len(operands) // 2

    def letters(axes: Any) -> str:
        return "".join(["..." if axis is Ellipsis else _LETTERS[operator.index(axis)] for axis in axes])

    subscripts = ",".join([letters(axes) for axes in operands[1 : 2 * pairs : 2]])
    if len(operands) % 2:
        subscripts += "->" + letters(operands[-1])
    return subscripts, operands[: 2 * pairs : 2]


def explicit_subscripts(subscripts: str, operands: tuple[Any, ...]) -> str:
    """Write out ``...`` and the result of an einsum expression."""
    inputs, arrow, result = subscripts.replace(" ", "").partition("->")
    names = inputs.split(",")
    if len(names) != len(operands):
        raise ValueError(f"einsum: {subscripts!r} names {len(names)} operands, {len(operands)} were given")
    if not arrow:
        letters = inputs.replace(",", "").replace("...", "")
        result = ("..." if "..." in inputs else "") + "".join(sorted(c for c in set(letters) if letters.count(c) == 1))
    fill = ""
    if "..." in inputs:
        free = [c for c in _LETTERS if c not in subscripts]
        widths = [ndim_of(x) - len(n.replace("...", "")) if "..." in n else 0 for n, x in zip(names, operands)]
        fill = "".join(free[: max(widths, default=0)])
        names = [n.replace("...", fill[len(fill) - w :] if w > 0 else "") for n, w in zip(names, widths)]
    for n, x in zip(names, operands):
        if len(n) != ndim_of(x):
            raise ValueError(f"einsum: {n!r} names {len(n)} axes of an operand of shape {np.shape(x)}")
    if fill and "..." not in result:
        raise ValueError(f"einsum: the result of {subscripts!r} needs '...' for the axes that the operands have there")
    return ",".join(names) + "->" + result.replace("...", fill)
