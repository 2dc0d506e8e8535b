"""How the operations compute a whole batch at once under ``vmap``.

A rule gets the operation, the number of examples, and the inputs and parameters of one example; those that differ from
example to example come as a `Stack` with the batch axis in front. It returns the stacked results, computed with
operations, or NotImplemented. An operation without a rule computes one example after the other, unless it is
elementwise.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from ..core.op import Op
from . import (
    convolution,
    eigenvalues,
    factorizations,
    fourier,
    indexing,
    inverses,
    matrix_functions,
    normalization,
    norms,
    order_statistics,
    pooling,
    products,
    reductions,
    shaping,
)
from . import elementwise as ew
from .convolution import conv2d_input_gradient, conv2d_weight_gradient
from .indexing import Along, getitem, scatter_add, setitem
from .products import matmul
from .questions import known
from .shaping import broadcast_to, expand_dims, moveaxis, ndim_of, operand, reduced_axes, reshape, swapaxes

Shape = tuple[int, ...]


class Stack:
    """What differs from example to example: ``data`` has the batch axis in front; ``ndim`` and ``shape`` are of one."""

    __slots__ = ("data", "ndim", "shape")

    def __init__(self, data: Any) -> None:
        self.data: Any = data
        self.ndim: int = data.ndim - 1
        self.shape: tuple[int, ...] = data.shape[1:]


def run(op: Op, inputs: tuple[Any, ...], params: Mapping[str, Any]) -> Any:
    """Apply an operation to inputs and parameters that are complete."""
    for x in inputs:
        if x.__class__ is not np.ndarray:
            return op(*inputs, **params)
    return op.compute(*inputs, **params)


def spread(x: Any, size: int) -> Any:
    """Return the stack of a `Stack`; of what is the same for all examples, that many of it."""
    if isinstance(x, Stack):
        return x.data
    x = operand(x)
    return broadcast_to(x, (size, *x.shape))


def with_ndim(x: Any, ndim: int) -> Any:
    """Return the data of a `Stack` with axes of length 1 before those of an example, until these are so many."""
    if not isinstance(x, Stack):
        return x
    return expand_dims(x.data, tuple(range(1, 1 + ndim - x.ndim))) if x.ndim < ndim else x.data


def aligned(*xs: Any) -> list[Any]:
    """Return what broadcasts as the examples do."""
    ndim = max([x.ndim if isinstance(x, Stack) else ndim_of(x) for x in xs])
    return [with_ndim(x, ndim) for x in xs]


def elementwise(op: Any, size: int, *xs: Any, **params: Any) -> Any:
    """Let the batch axis be one more axis to broadcast over."""
    return run(op, tuple(aligned(*xs)), params)


def _choice(op: Op, size: int, x: Any, y: Any, condition: Any) -> Any:
    condition, x, y = aligned(condition, x, y)
    return ew.where(condition, x, y)


def _own_identity(op: Op, size: int, x: Stack) -> Any:
    return x.data.copy() if isinstance(x.data, np.ndarray) else run(op, (x.data,), {})


ew._where.batch = _choice
shaping.identity.batch = _own_identity

# --------------------------------------------------------------------------------- reductions, along axes


def _along_axes(op: Op, size: int, x: Stack, *, axis: Any, **params: Any) -> Any:
    axes = tuple([i + 1 for i in reduced_axes(axis, x.ndim)])
    return run(op, (x.data,), {**params, "axis": axes})


_op: Op
for _op in (
    *(reductions.sum, reductions.mean, reductions.var, reductions.std, reductions.prod, reductions.max, reductions.min),
    *(reductions.logsumexp, reductions.softmax, reductions.log_softmax, norms._norm),
):
    _op.batch = _along_axes


def _running(op: Op, size: int, x: Stack, axis: int | None) -> Any:
    if axis is None or not x.ndim:
        return run(op, (reshape(x.data, (size, math.prod(x.shape))),), {"axis": 1})
    return run(op, (x.data,), {"axis": normalize_axis_index(axis, x.ndim) + 1})


reductions.cumsum.batch = reductions.cumprod.batch = _running


def _transform(op: Op, size: int, x: Stack, *, axes: Any, **params: Any) -> Any:
    return run(op, (x.data,), {**params, "axes": tuple([axis + 1 for axis in axes])})


for _op in (fourier._fftn, fourier._ifftn, fourier._rfftn, fourier._irfftn):
    _op.batch = _transform

# ------------------------------------------------------------------------------------------------- shapes


def _shifted(axis: Any, ndim: int) -> Shape:
    """Return axes of an example (None: all) as axes of the stack."""
    return tuple([i + 1 for i in (range(ndim) if axis is None else normalize_axis_tuple(axis, ndim))])


def _broadcast_to(op: Op, size: int, x: Stack, shape: Shape) -> Any:
    given = tuple(np.atleast_1d(shape).tolist())
    return run(op, (with_ndim(x, len(given)),), {"shape": (size, *given)})


def _sum_to(op: Op, size: int, x: Stack, shape: Shape) -> Any:
    kept = run(op, (x.data,), {"shape": (size, *(1,) * (x.ndim - len(shape)), *shape)})
    return reshape(kept, (size, *shape))


def _reshape(op: Op, size: int, x: Stack, shape: Any) -> Any:
    given = (shape,) if np.ndim(shape) == 0 else tuple(shape)
    known = math.prod([n for n in given if n != -1])
    if given.count(-1) == 1 and known:
        given = tuple([math.prod(x.shape) // known if n == -1 else n for n in given])
    if math.prod(given) != math.prod(x.shape) or -1 in given:
        return NotImplemented  # the error of an example
    return run(op, (x.data,), {"shape": (size, *given)})


def _transpose(op: Op, size: int, x: Stack, axes: Any) -> Any:
    order = tuple(range(x.ndim))[::-1] if axes is None else normalize_axis_tuple(axes, x.ndim)
    return run(op, (x.data,), {"axes": (0, *[i + 1 for i in order])})


def _expand_dims(op: Op, size: int, x: Stack, axis: Any) -> Any:
    count = len(axis) if isinstance(axis, (tuple, list)) else 1
    return run(op, (x.data,), {"axis": _shifted(axis, x.ndim + count)})


def _squeeze(op: Op, size: int, x: Stack, axis: Any) -> Any:
    axes = tuple([i for i, n in enumerate(x.shape) if n == 1]) if axis is None else axis
    return run(op, (x.data,), {"axis": _shifted(shaping.plain_axis(axes), x.ndim)})


def _flip(op: Op, size: int, x: Stack, axis: Any) -> Any:
    return run(op, (x.data,), {"axis": _shifted(axis, x.ndim)})


def _roll(op: Op, size: int, x: Stack, shift: Any, axis: Any) -> Any:
    if axis is None:
        rows = reshape(x.data, (size, math.prod(x.shape)))
        return reshape(run(op, (rows,), {"shift": shift, "axis": 1}), (size, *x.shape))
    axes = [normalize_axis_index(i, x.ndim) + 1 for i in np.atleast_1d(axis)]
    return run(op, (x.data,), {"shift": shift, "axis": tuple(axes)})


def _rot90(op: Op, size: int, x: Stack, k: int, axes: Any) -> Any:
    return run(op, (x.data,), {"k": k, "axes": _shifted(tuple(axes), x.ndim)})


def _triangle(op: Op, size: int, x: Stack, k: int) -> Any:
    return run(op, (x.data,), {"k": k}) if x.ndim > 1 else NotImplemented


def _same(op: Op, size: int, x: Stack, **params: Any) -> Any:
    return run(op, (x.data,), params)


def _to_value(op: Op, size: int, x: Stack) -> Any:
    return reshape(x.data, (size,))


def _concatenate(op: Op, size: int, *xs: Any, axis: int) -> Any:
    ndim = max([ndim_of(x) for x in xs])
    return op(*[spread(x, size) for x in xs], axis=normalize_axis_index(axis, ndim) + 1)


def _stack(op: Op, size: int, *xs: Any, axis: int) -> Any:
    ndim = max([ndim_of(x) for x in xs])
    return op(*[spread(x, size) for x in xs], axis=normalize_axis_index(axis, ndim + 1) + 1)


def _pad(op: Op, size: int, x: Stack, widths: Any, value: Any) -> Any:
    return run(op, (x.data,), {"widths": ((0, 0), *widths), "value": value})


shaping.broadcast_to.batch, shaping.sum_to.batch, shaping.reshape.batch = _broadcast_to, _sum_to, _reshape
shaping.transpose.batch, shaping.expand_dims.batch, shaping.squeeze.batch = _transpose, _expand_dims, _squeeze
shaping.flip.batch, shaping.roll.batch, shaping.rot90.batch = _flip, _roll, _rot90
shaping.tril.batch = shaping.triu.batch = _triangle
shaping._concatenate.batch, shaping._stack.batch, shaping._pad.batch = _concatenate, _stack, _pad
shaping.astype.batch, shaping.to_value.batch = _same, _to_value

# ------------------------------------------------------------------------------- reading and writing parts


class _StackIndex:
    """An index into a stack, for an index into an example of ``ndim`` axes, and where its result has which axis.

    NumPy puts the axes of arrays in an index in the place of these arrays, if they stand side by side, or else in
    front. If the index differs from example to example, so that it is a `Stack`, an array that counts the examples is
    put before it.

    Attributes
    ----------
    index : tuple
    source, target : tuple of int
        The result becomes a stack by moving the axes of ``source`` to ``target``.
    """

    def __init__(self, index: Any, ndim: int, size: int, stacked: bool) -> None:
        parts = list(index) if isinstance(index, tuple) else [index]
        self.source: Shape = ()
        self.target: Shape = ()
        self.differs = any(isinstance(p, Stack) for p in parts)
        arrays = [i for i, p in enumerate(parts) if isinstance(p, (Stack, np.ndarray))]
        if not arrays or index.__class__ is Along and not self.differs:
            self.index: Any = type(index)((slice(None), *parts)) if isinstance(index, tuple) else (slice(None), index)
            return
        places = [i for i, p in enumerate(parts) if i in arrays or isinstance(p, (int, np.integer))]
        together = places == list(range(places[0], places[-1] + 1))
        width = max([1 if _is_mask(parts[i]) else ndim_of(parts[i]) for i in arrays])
        before = _result_axes(parts, ndim, places[0])
        if not self.differs:
            self.index = (slice(None), *parts)
            if not together:
                self.source, self.target = (width,), (0,)
            return
        parts = [with_ndim(p, width) for p in parts]
        if not stacked:
            self.index = tuple(parts)
            if together:
                self.source, self.target = (before,), (0,)
            return
        self.index = (np.arange(size).reshape(size, *(1,) * width), *parts)
        if together and before:
            self.source = tuple(range(1, 1 + width))
            self.target = tuple([i + before for i in self.source])

    def to_stack(self, x: Any) -> Any:
        """Return what the index gave as a stack."""
        return moveaxis(x, self.source, self.target) if self.source else x

    def from_stack(self, x: Any) -> Any:
        """Return a stack in the form of what the index gives."""
        return moveaxis(x, self.target, self.source) if self.source else x


def _is_mask(part: Any) -> bool:
    return isinstance(part, np.ndarray) and part.dtype.kind == "b"


def _result_axes(parts: list[Any], ndim: int, stop: int) -> int:
    """Return how many axes the parts before ``stop`` give, none of which is an array."""
    used = sum([part.ndim if _is_mask(part) else 1 for part in parts if part is not None and part is not ...])
    return sum([ndim - used if part is ... else 1 for part in parts[:stop]])


def _is_odd(index: Any) -> bool:
    """Whether an index has masks where no rule is worth its while."""
    parts = index if isinstance(index, tuple) else (index,)
    masks = [p for p in parts if _is_mask(p) or (isinstance(p, Stack) and p.data.dtype.kind == "b")]
    alone = not any(isinstance(p, Stack) for p in parts)
    return not (alone and all(p.ndim for p in masks)) if masks else False


def _getitem(op: Op, size: int, x: Any, index: Any) -> Any:
    if _is_odd(index):
        return NotImplemented
    stacked = isinstance(x, Stack)
    layout = _StackIndex(index, x.ndim, size, stacked)
    return layout.to_stack(run(getitem, (x.data if stacked else x,), {"index": layout.index}))


def _scatter_add(op: Op, size: int, x: Any, index: Any, shape: Shape) -> Any:
    if _is_odd(index):
        return NotImplemented
    layout = _StackIndex(index, len(shape), size, True)
    return run(op, (layout.from_stack(spread(x, size)),), {"index": layout.index, "shape": (size, *shape)})


def _setitem(op: Op, size: int, x: Any, value: Any, index: Any) -> Any:
    (mask,) = index if isinstance(index, tuple) and len(index) == 1 else (index,)
    value = value if isinstance(value, Stack) else operand(value)
    if isinstance(mask, Stack) and mask.data.dtype.kind == "b" and mask.ndim == x.ndim and not value.ndim:
        value, whole = aligned(value, Stack(spread(x, size)))
        return ew.where(mask.data, shaping.astype(value, x.data.dtype if isinstance(x, Stack) else x.dtype), whole)
    if _is_odd(index):
        return NotImplemented
    layout = _StackIndex(index, x.ndim, size, True)
    whole = spread(x, size)
    part = layout.to_stack(np.broadcast_to(np.False_, whole.shape)[layout.index])
    if value.ndim >= part.ndim:  # assignment ignores leading axes of length 1
        shape = value.shape[1 - part.ndim :] if part.ndim > 1 else ()
        value = Stack(reshape(value.data, (size, *shape))) if isinstance(value, Stack) else reshape(value, shape)
    value = with_ndim(Stack(spread(value, size)), part.ndim - 1)
    return run(setitem, (whole, layout.from_stack(value)), {"index": layout.index})


getitem.batch, scatter_add.batch, setitem.batch = _getitem, _scatter_add, _setitem

# ------------------------------------------------------------------------------------------------ products


def _product(op: Op, size: int, x: Any, y: Any) -> Any:
    x, y = [v if isinstance(v, Stack) else operand(v) for v in (x, y)]
    if not x.ndim or not y.ndim or x.shape[-1] != y.shape[-2 if y.ndim > 1 else 0]:
        op.forward(x, y)  # raises
    if not isinstance(y, Stack) and y.ndim <= 2:
        return _rows_times(x.data, y)
    if not isinstance(x, Stack) and x.ndim == 2 and y.ndim == 1:
        return _rows_times(y.data, swapaxes(x, 0, 1))
    if not isinstance(x, Stack) and x.ndim == 2 and y.ndim == 2:
        return swapaxes(_rows_times(swapaxes(y.data, 1, 2), swapaxes(x, 0, 1)), 1, 2)
    left, right = x.ndim > 1, y.ndim > 1
    x, y = aligned(x if left else _with_axis(x, 0), y if right else _with_axis(y, 1))
    result = matmul(x, y)
    shape = result.shape[:-2] + result.shape[-2:-1] * left + result.shape[-1:] * right
    return result if left and right else reshape(result, shape)


def _rows_times(x: Any, y: Any) -> Any:
    """Return ``x @ y`` for a stack and one matrix or vector: one product instead of one for each example."""
    if x.ndim <= 2 or y.ndim == 1:
        return matmul(x, y)
    rows = reshape(x, (math.prod(x.shape[:-1]), x.shape[-1]))
    return reshape(matmul(rows, y), (*x.shape[:-1], y.shape[-1]))


def _with_axis(x: Any, axis: int) -> Any:
    return Stack(expand_dims(x.data, axis + 1)) if isinstance(x, Stack) else expand_dims(x, axis)


matmul.batch = _product


def _einsum(op: Op, size: int, *xs: Any, subscripts: str) -> Any:
    free = [c for c in products._LETTERS if c not in subscripts]
    if not free:
        return NotImplemented
    names, _, result = subscripts.partition("->")
    named = [free[0] + n if isinstance(x, Stack) else n for n, x in zip(names.split(","), xs)]
    data = [x.data if isinstance(x, Stack) else x for x in xs]
    return op(*data, subscripts=f"{','.join(named)}->{free[0]}{result}")


products._einsum.batch = _einsum

# ------------------------------------------------------------------------------------------ linear algebra


def on_stacks(op: Any, size: int, *xs: Any, **params: Any) -> Any:
    """Matrices or examples in the last axes, and batches before them: a batch is one more."""
    return op(*aligned(*xs), **params)


def _solve(op: Op, size: int, a: Any, b: Any) -> Any:
    if isinstance(a, Stack) or a.ndim > 2 or b.ndim > 2:
        return on_stacks(op, size, a, b)
    n, k = b.shape  # one factorization, with the right sides next to each other
    columns = reshape(moveaxis(b.data, 0, 1), (n, size * k))
    return moveaxis(reshape(op(a, columns), (n, size, k)), 1, 0)


def _recurrence(op: Op, size: int, x: Any, factor: Any) -> Any:
    return run(op, (spread(x, size), spread(factor, size)), {})


for _op in (
    *(inverses.inv, inverses.det, inverses._slogdet, inverses._phase_of_determinant, eigenvalues._eig),
    *(matrix_functions.pinv, matrix_functions.sqrtm),
    *(matrix_functions._solve_sylvester, matrix_functions._polar),
    *(factorizations.cholesky, factorizations._eigh, factorizations._svd, factorizations._qr, factorizations._vectors),
    eigenvalues._eig,
    normalization.layer_norm,
):
    _op.batch = on_stacks
inverses._solve.batch, reductions.recurrence.batch = _solve, _recurrence

# --------------------------------------------------------------------------------- convolution and pooling
# Images are batches already: more of them, or, where they are the same for all examples, more channels.


def _fold(x: Any, axis: int = 1) -> Any:
    """Join the batch axis with an axis of the examples, given as an axis of the stack, in front of it."""
    x = moveaxis(x, 0, axis - 1)
    return reshape(x, (*x.shape[: axis - 1], x.shape[axis - 1] * x.shape[axis], *x.shape[axis + 1 :]))


def _unfold(x: Any, size: int, axis: int = 0) -> Any:
    """Take the batch axis out of an axis again."""
    n = x.shape[axis] // size
    return moveaxis(reshape(x, (*x.shape[:axis], size, n, *x.shape[axis + 1 :])), axis, 0)


def _convolution(op: Op, size: int, x: Any, w: Any, **window: Any) -> Any:
    if isinstance(x, Stack) and isinstance(w, Stack):
        return NotImplemented
    if isinstance(x, Stack):
        return _unfold(op(_fold(x.data), w, **window), size)
    return _unfold(op(x, _fold(w.data, 4), **window), size, 3)


def _convolution_with_bias(op: Op, size: int, x: Any, w: Any, b: Any, **window: Any) -> Any:
    if not (isinstance(w, Stack) or isinstance(b, Stack)):
        return _unfold(op(_fold(x.data), w, b, **window), size)
    if not (isinstance(x, Stack) or isinstance(w, Stack)):
        return with_ndim(Stack(expand_dims(b.data, (1, 2, 3))), 4) + convolution._conv2d(x, w, **window)
    bare = _convolution(convolution._conv2d, size, x, w, **window)
    return NotImplemented if bare is NotImplemented else ew.add(*aligned(Stack(bare), b))


def _input_gradient(op: Op, size: int, g: Any, w: Any, shape: Shape, **window: Any) -> Any:
    if isinstance(g, Stack) and isinstance(w, Stack):
        return NotImplemented
    if isinstance(g, Stack):
        return _unfold(op(_fold(g.data), w, shape=(size * shape[0], *shape[1:]), **window), size)
    return _unfold(op(g, _fold(w.data, 3), shape=(*shape[:3], size * shape[3]), **window), size, 3)


def _weight_gradient(op: Op, size: int, x: Any, g: Any, shape: Shape, **window: Any) -> Any:
    if isinstance(x, Stack) and isinstance(g, Stack):
        return NotImplemented
    if isinstance(g, Stack):
        return _unfold(op(x, _fold(g.data, 4), shape=(*shape[:3], size * shape[3]), **window), size, 3)
    return _unfold(op(_fold(x.data, 4), g, shape=(*shape[:2], size * shape[2], shape[3]), **window), size, 2)


convolution._conv2d.batch, convolution._conv2d_with_bias.batch = _convolution, _convolution_with_bias
conv2d_input_gradient.batch, conv2d_weight_gradient.batch = _input_gradient, _weight_gradient


def _windows(op: Op, size: int, x: Any, winners: Any = None, shape: Any = None, **window: Any) -> Any:
    if winners is not None:
        window["winners"] = _fold(spread(winners, size))
    if shape is not None:
        window["shape"] = (size * shape[0], *shape[1:])
    return _unfold(op(_fold(spread(x, size)), **window), size)


for _op in (pooling.window_take, pooling.window_put, pooling._window_sum, pooling._window_spread):
    _op.batch = _windows


def _folded(function: Any, size: int, x: Stack, *args: Any, **kwargs: Any) -> Any:
    return _unfold(function(_fold(x.data), *args, **kwargs), size) if x.ndim == 4 else NotImplemented


# ------------------------------------------------------------------ functions that are no operations, but look at data


def _whole_stacks(function: Any, size: int, *args: Any, **kwargs: Any) -> Any:
    """Call a function that takes matrices in the last two axes with all of them."""
    return function(*map(_data, args), **kwargs)


def _data(x: Any) -> Any:
    if isinstance(x, (tuple, list)):
        return [_data(item) for item in x]
    return x.data if isinstance(x, Stack) else x


def _places_in_lines(function: Any, size: int, lines: Any, quantile: Any, q: Any, options: Any) -> Any:
    """Lines of all examples, unless each element has a weight."""
    alone = isinstance(q, Stack) or "weights" in options
    return NotImplemented if alone else function(lines.data, quantile, q, options)


def _own_copy(function: Any, size: int, x: Stack, order: str) -> Any:
    return x.data.copy()


def _sorted(function: Any, size: int, x: Stack, axis: int | None = -1) -> Any:
    if axis is None:
        return function(reshape(x.data, (size, math.prod(x.shape))), 1)
    return function(x.data, normalize_axis_index(axis, x.ndim) + 1)


_LOOKING: tuple[tuple[Any, Any], ...] = (
    *((f, _whole_stacks) for f in (matrix_functions.expm, matrix_functions.logm, inverses.slogdet, known)),
    (order_statistics._neighbours, _places_in_lines),
    *((factorizations._unknown_at_zero, _whole_stacks), (factorizations._is_lost, _whole_stacks)),
    *((pooling.max_pool2d, _folded), (indexing.sort, _sorted), (shaping._copied, _own_copy)),
)
for _function, _rule in _LOOKING:
    _function.batch = _rule
