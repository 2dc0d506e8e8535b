"""The functions of NumPy that can be called with Tensors: which operation answers each.

An operation has NumPy's names and defaults for its parameters; what it lacks is refused by name. How a call reaches it
is the subject of ``numpy_protocol.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from . import array_creation
from .core.node import Node, data_of
from .numpy_answers import answer
from .ops import (
    assembling,
    by_cases,
    complex_parts,
    composed,
    eigenvalues,
    factorizations,
    fourier,
    indexing,
    linalg,
    linear_equations,
    masked_reductions,
    order_statistics,
    polynomials,
    products,
    reductions,
    samples,
    shaping,
    statistics,
    symmetric_matrices,
    vector_products,
)
from .ops import elementwise as ew
from .ops.questions import known

Function = Callable[..., Any]

# ---------------------------------------------------------------- functions whose parameters NumPy names otherwise


def _where(condition: Any, x: Any = None, y: Any = None) -> Any:
    if x is None and y is None:
        return answer(np.nonzero, (condition,), {})
    if x is None or y is None:
        raise ValueError("numpy.where takes a condition alone, or a condition and two values")
    x, y = [shaping.operand(v) if isinstance(v, (list, tuple)) else v for v in (x, y)]
    return ew.where(condition, x, y)


def _clip(x: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Any:
    if (a_min is not None and min is not None) or (a_max is not None and max is not None):
        raise ValueError("numpy.clip takes a_min and a_max or min and max, not both")
    return ew.clip(x, a_min if min is None else min, a_max if max is None else max)


def _sort(x: Any, axis: int | None = -1, kind: Any = None, stable: Any = None) -> Any:
    return indexing.sort(x, axis)  # stable, as every kind of sort may be


def _cumulative(run: Function, neutral: int) -> Function:
    def cumulative(x: Any, axis: int | None = None, include_initial: bool = False) -> Any:
        x = shaping.operand(x)
        if axis is None and x.ndim != 1:
            raise ValueError(f"{run.__name__}: an array of shape {x.shape} needs an axis")
        result = run(x, axis)
        if not include_initial:
            return result
        first = list(result.shape)
        first[axis or 0] = 1
        return shaping.concatenate([np.full(first, neutral, result.dtype), result], axis or 0)

    return cumulative


def _astype(x: Any, dtype: Any, copy: bool = True) -> Any:
    return x.astype(dtype, copy=copy)


def _matrix_trace(x: Any, offset: int = 0) -> Any:
    return products.trace(x, offset, -2, -1)


def _matrix_diagonal(x: Any, offset: int = 0) -> Any:
    return indexing.diagonal(x, offset, -2, -1)


def _diagflat(x: Any, k: int = 0) -> Any:
    return indexing.diag(shaping.ravel(shaping.operand(x)), k)


# -------------------------------------------------------------------------------------- functions that write
# What they write is recorded, if it is a Tensor that they write to.


def _written_to(called: str, x: Any) -> Any:
    if isinstance(x, Node):
        return x
    raise TypeError(
        f"{called} would write a Tensor into a plain array, where no gradient can follow. Make the array by "
        "`import seegrad.numpy as np` (np.zeros, np.full, np.array, ...), or by np.zeros_like of a Tensor: then it is "
        "recorded what is written"
    )


def _copyto(dst: Any, src: Any, casting: str = "same_kind", where: Any = None) -> None:
    dst = _written_to("numpy.copyto (or numpy.full)", dst)
    src = shaping.broadcast_to(shaping.operand(src), dst.shape)
    dst[...] = src if where is None else ew.where(where, src, dst)


def _put(a: Any, ind: Any, v: Any, mode: str = "raise") -> None:
    a = _written_to("numpy.put", a)
    ind = indexing.within(indexing.index_array(ind).reshape(-1), a.size, mode)
    a[np.unravel_index(ind % max(a.size, 1) if mode == "raise" else ind, a.shape)] = _as_many(v, ind.size)


def _place(arr: Any, mask: Any, vals: Any) -> None:
    places = np.nonzero(known(data_of(shaping.operand(mask)), "selects elements by a mask"))
    _written_to("numpy.place", arr)[places] = _as_many(vals, places[0].size)


def _putmask(a: Any, mask: Any, values: Any) -> None:
    a = _written_to("numpy.putmask", a)
    values = shaping.reshape(_as_many(values, a.size), a.shape)
    a[...] = ew.where(mask, shaping.astype(values, a.dtype), a)


def _as_many(values: Any, count: int) -> Any:
    """Return values, repeated until there are so many."""
    return assembling.resize(values, (count,))


def _put_along_axis(arr: Any, indices: Any, values: Any, axis: int | None) -> None:
    arr = _written_to("numpy.put_along_axis", arr)
    if axis is None:
        arr[np.unravel_index(indexing.index_array(indices), arr.shape)] = values
    else:
        arr[indexing.grid_along_axis(arr, indexing.index_array(indices), axis)] = values


def _fill_diagonal(a: Any, val: Any, wrap: bool = False) -> None:
    a = _written_to("numpy.fill_diagonal", a)
    marked = np.zeros(a.shape, bool)
    np.fill_diagonal(marked, True, wrap)
    places = np.nonzero(marked)
    a[places] = _as_many(val, places[0].size)


# ------------------------------------------------------------------------------------------------ the tables


def _named(module: Any, source: Any, names: str) -> dict[Any, Function]:
    """Return the functions of a module of NumPy, those that it has, and the operations of the same names."""
    return {getattr(module, name): getattr(source, name) for name in names.split() if hasattr(module, name)}


#: Functions of NumPy and their operations, whose parameters have NumPy's names and defaults; some may be missing.
FUNCTIONS: dict[Any, Function] = {
    **_named(
        np,
        masked_reductions,
        "sum prod max min mean var std nansum nanprod nanmax nanmin nanmean nanvar nanstd nancumsum nancumprod",
    ),
    **{np.amax: masked_reductions.max, np.amin: masked_reductions.min},
    **{np.cumsum: reductions.cumsum, np.cumprod: reductions.cumprod},
    **{
        getattr(np, name): _cumulative(run, neutral)
        for name, run, neutral in (
            ("cumulative_sum", reductions.cumsum, 0),
            ("cumulative_prod", reductions.cumprod, 1),
        )
        if hasattr(np, name)
    },
    **_named(
        np,
        order_statistics,
        "median nanmedian quantile percentile nanquantile nanpercentile partition",
    ),
    **_named(np, statistics, "average ptp cov corrcoef"),
    **_named(np, samples, "diff gradient ediff1d trapezoid unwrap interp convolve correlate"),
    **_named(np, polynomials, "polyval vander polyadd polysub polymul polyder polyint polyfit poly"),
    **_named(
        np,
        shaping,
        "ravel transpose swapaxes moveaxis squeeze expand_dims broadcast_to concatenate stack hstack vstack "
        "split array_split tile repeat flip roll rot90 pad tril triu atleast_1d atleast_2d copy",
    ),
    **_named(
        np,
        assembling,
        "atleast_3d column_stack dstack hsplit vsplit dsplit append unstack broadcast_arrays meshgrid block delete "
        "insert compress extract resize rollaxis trim_zeros linspace logspace geomspace",
    ),
    **_named(np, indexing, "take take_along_axis diag diagonal"),
    **_named(np, products, "dot inner outer tensordot einsum kron trace"),
    **_named(np, vector_products, "vdot cross"),
    **_named(np, by_cases, "select nan_to_num piecewise choose apply_along_axis apply_over_axes"),
    **_named(np, composed, "flipud fliplr matrix_transpose bincount"),
    **_named(np, composed, "unique unique_values unique_counts unique_inverse unique_all union1d"),
    **_named(np, array_creation, "zeros_like ones_like full_like"),
    np.linalg.qr: factorizations.qr_of_mode,
    **_named(np.linalg, linalg, "inv solve det slogdet svdvals norm eigh"),
    **_named(np.linalg, symmetric_matrices, "eigvalsh cholesky svd pinv"),
    **_named(np.linalg, eigenvalues, "eig eigvals"),
    **_named(
        np.linalg,
        linear_equations,
        "matrix_power multi_dot lstsq tensorsolve tensorinv cond vector_norm matrix_norm",
    ),
    **_named(np.linalg, products, "matmul tensordot"),
    **_named(np.linalg, vector_products, "vecdot"),
    **{np.linalg.cross: vector_products.cross_of_three, np.linalg.outer: vector_products.outer_of_vectors},
    **{np.linalg.trace: _matrix_trace, np.linalg.diagonal: _matrix_diagonal},
    np.linalg.matrix_transpose: composed.matrix_transpose,
    **dict.fromkeys((np.round, np.around), composed.round),
    **_named(np, complex_parts, "real imag"),
    **_named(np, composed, "angle real_if_close"),
    **{getattr(np.fft, name): getattr(fourier, name) for name in fourier.__all__ if not name.endswith("freq")},
    **{np.fix: ew.trunc, np.sinc: ew.sinc, np.diagflat: _diagflat},
    **{np.reshape: shaping.reshape_in_order, np.sort: _sort, np.where: _where, np.clip: _clip},
    **({np.astype: _astype} if hasattr(np, "astype") else {}),
}

#: Ufuncs that are composed of operations.
OTHER_UFUNCS: dict[Any, Function] = {
    **{np.divmod: composed.divmod, np.modf: composed.modf, np.frexp: composed.frexp, np.ldexp: composed.ldexp},
    **{np.matmul: products.matmul, np.vecdot: vector_products.vecdot},
    **_named(np, vector_products, "matvec vecmat"),
}

#: Ufuncs of vectors and matrices, and how many axes of each input and of the result these are.
GENERALIZED_UFUNCS: dict[Any, tuple[int, ...]] = {
    np.matmul: (2, 2, 2),
    np.vecdot: (1, 1, 0),
    **{getattr(np, name): axes for name, axes in (("matvec", (2, 1, 1)), ("vecmat", (1, 2, 1))) if hasattr(np, name)},
}

#: Functions that write into their first argument.
WRITERS: dict[Any, Function] = {
    **{np.copyto: _copyto, np.put: _put, np.place: _place, np.putmask: _putmask},
    **{np.put_along_axis: _put_along_axis, np.fill_diagonal: _fill_diagonal},
}

#: Functions that make arrays which hold nothing of a Tensor; most of them are called with ``like=tensor``.
CREATORS: dict[Any, Function] = _named(
    np, array_creation, "empty_like array asarray zeros ones empty full arange eye identity"
)
