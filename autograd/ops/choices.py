"""How masks pass through the operations: which of them choose, only move, are linear, or act along lines.

What a choice did not take has no influence, so its gradient stays 0 in the backward pass even where a derivative is
infinite (``masks.py``). An elementwise operation needs an entry only if it chooses. Any other operation without one
counts as depending on all of its inputs if any of its results was taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..core.op import Op
from . import (
    complex_parts,
    convolution,
    eigenvalues,
    factorizations,
    fourier,
    indexing,
    inverses,
    matrix_functions,
    norms,
    pooling,
    products,
    reductions,
    samples,
    shaping,
)
from . import elementwise as ew
from .shaping import add_reduce, repeat_to_match

_op: Op
for _op in (
    *(ew._where, ew.relu, ew.maximum, ew.minimum, ew.fmax, ew.fmin, ew.at_least, ew.at_most),
    *(ew.sign, ew.heaviside, ew.floor, ew.ceil, ew.rint, ew.trunc, ew.floor_divide),
    *(indexing.getitem, indexing.setitem, shaping.tril, shaping.triu, reductions.max, reductions.min),
    *(pooling.window_take, pooling._window_sum),
):
    _op.chooses = _op.exact = True

for _op in (
    *(ew.add, ew.subtract, ew.negative, ew.positive, ew.conj, ew.deg2rad, ew.rad2deg),
    *(complex_parts.real, complex_parts.imag),
    *(shaping.broadcast_to, shaping.sum_to, shaping.astype, shaping.identity, shaping.to_value, shaping.reshape),
    *(shaping.transpose, shaping.expand_dims, shaping.squeeze, shaping.flip, shaping.roll, shaping.rot90),
    *(shaping._concatenate, shaping._stack, shaping._pad, indexing.scatter_add),
    *(reductions.sum, reductions.mean, reductions.cumsum, pooling.window_put, pooling._window_spread),
):
    _op.exact = True

for _op in (
    *(products.matmul, products._einsum, convolution._conv2d, convolution._conv2d_with_bias),
    *(convolution.conv2d_input_gradient, convolution.conv2d_weight_gradient),
    *(samples.convolve_full, samples.correlate_inner),
):
    _op.linear = True


def _lines_of_reduction(taken: Any, x: Any, params: Mapping[str, Any]) -> Any:
    return repeat_to_match(taken, x, params["axis"], params["keepdims"])


def _lines_along_axis(taken: Any, x: Any, params: Mapping[str, Any]) -> Any:
    if not x.ndim:
        return taken.reshape(())
    return repeat_to_match(add_reduce(taken, params["axis"], True), x, params["axis"], True)


def _lines_of_transform(taken: Any, x: Any, params: Mapping[str, Any]) -> Any:
    axes = params["axes"]
    return repeat_to_match(add_reduce(taken, axes, True), x, axes, True)


def _last_lines(taken: Any, x: Any, params: Mapping[str, Any]) -> Any:
    return repeat_to_match(add_reduce(taken, -1, True), x, -1, True)


def _factors(taken: Any, x: Any, params: Mapping[str, Any]) -> Any:
    """The vectors that were taken; if none was, they were not used either."""
    found = factorizations._vectors.rule[0](taken, taken, x, **params)
    found[..., -1] = taken.any()
    return found


def _matrices(taken: Any, x: Any, params: Mapping[str, Any]) -> Any:
    axes = tuple(range(x.ndim - 2, taken.ndim))
    return repeat_to_match(add_reduce(taken, axes, False).reshape(x.shape[:-2] + (1, 1)), x, (-2, -1), True)


for _op in (
    reductions.var,
    reductions.std,
    reductions.prod,
    reductions.logsumexp,
    norms._norm,
):
    _op.lines = _lines_of_reduction
for _op in (reductions.softmax, reductions.log_softmax, reductions.cumprod):
    _op.lines = _lines_along_axis
for _op in (
    *(inverses.inv, inverses.det, inverses._slogdet, inverses._phase_of_determinant, eigenvalues._eig),
    *(factorizations.cholesky, factorizations._eigh, factorizations._svd, factorizations._qr),
    *(eigenvalues._eig,),
    *(matrix_functions.pinv, matrix_functions.sqrtm, matrix_functions._solve_sylvester, matrix_functions._polar),
):
    _op.lines = _matrices
for _op in (fourier._fftn, fourier._ifftn, fourier._rfftn, fourier._irfftn):
    _op.lines = _lines_of_transform
reductions.recurrence.lines = _last_lines
factorizations._vectors.lines = _factors
