"""How a notebook shows Values and Tensors: small arrays as matrices, larger ones as a heat map."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ...common.html_table import below, html_table
from ...common.quiet import quiet

if TYPE_CHECKING:
    from ..tensor import Tensor
    from ..value import Value

#: Up to so many rows and columns an array is shown as a matrix, and as a heat map with so many cells a side.
_MATRIX, _CELLS = 10, 32
_CELL_SIZE = 8
_NEGATIVE, _ZERO, _POSITIVE = (33, 102, 172), (247, 247, 247), (214, 96, 77)


def value_html(value: Value) -> str:
    """Return a Value as a row: label, operation, number and gradient."""
    op = value.op.title if value.op is not None else ""
    return html_table(
        [[value.label, op, f"{value._plain:.6g}", f"{_number(value._grad):.6g}"]], ("label", "op", "data", "grad")
    )


def _number(gradient: Any) -> float:
    return 0.0 if gradient is None else float(getattr(gradient, "_plain", gradient))


def tensor_html(tensor: Tensor) -> str:
    """Return a Tensor as a matrix or, if it is larger, as a heat map of its last two axes."""
    array = tensor._plain
    parts = [tensor.label, f"shape {array.shape}", str(array.dtype)]
    if tensor.op is not None:
        parts.append(f"op {tensor.op.title}")
    elif tensor.requires_grad:
        parts.append("requires grad")
    caption = ", ".join(filter(None, parts))
    if array.ndim <= 2 and max(array.shape, default=1) <= _MATRIX and array.size:
        return html_table([[f"{x:.5g}" for x in row] for row in np.atleast_2d(array)], caption=caption)
    return _heat_map(array, caption)


def _heat_map(array: Any, caption: str) -> str:
    finite = array[np.isfinite(array)]
    if not finite.size:
        return below(f"{caption}; no finite numbers")
    caption += f"; from {finite.min():.4g} to {finite.max():.4g}, mean {finite.mean(dtype=float):.4g}"
    if finite.size < array.size:
        caption += f", {array.size - finite.size} not finite"
    if array.ndim > 2:
        caption += "; the picture shows the first matrix of the last two axes"
    matrix = np.atleast_2d(array.reshape(-1, *array.shape[-2:])[0] if array.ndim > 2 else array).astype(float)
    rows, columns = _places(matrix.shape[0]), _places(matrix.shape[1])
    cells = matrix[np.ix_(rows, columns)]
    if cells.size < matrix.size:
        caption += f"; every {math.ceil(max(matrix.shape) / _CELLS)}th row or column"
    return _picture(cells, float(np.abs(finite).max())) + below(caption)


def _places(n: int) -> Any:
    """Return which rows or columns are shown."""
    return np.linspace(0, n - 1, min(n, _CELLS)).round().astype(int)


def _picture(cells: Any, largest: float) -> str:
    with quiet():
        shares = np.nan_to_num(cells / (largest or 1.0), nan=0.0, posinf=1.0, neginf=-1.0)
    height, width = (n * _CELL_SIZE for n in cells.shape)
    squares = [
        f'<rect x="{j * _CELL_SIZE}" y="{i * _CELL_SIZE}" width="{_CELL_SIZE}" height="{_CELL_SIZE}" '
        f'fill="{_color(share)}"/>'
        for i, row in enumerate(shares.tolist())
        for j, share in enumerate(row)
    ]
    return f'<svg width="{width}" height="{height}" role="img" aria-label="heat map">{"".join(squares)}</svg>'


def _color(share: float) -> str:
    """Return a colour between blue (-1), white (0) and red (1)."""
    end = _POSITIVE if share > 0 else _NEGATIVE
    mixed = [round(zero + (other - zero) * min(abs(share), 1.0)) for zero, other in zip(_ZERO, end)]
    return "#" + "".join([f"{part:02x}" for part in mixed])
