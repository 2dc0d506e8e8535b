"""How a notebook shows Values and Tensors: as matrices or, if they are large, heat maps, with gradients beside them."""

from __future__ import annotations

import math
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from ...common.heat_map import FINE, SMALL, averaged, heat_map
from ...common.html_table import below, html_table, side_by_side
from ...common.plain_data import is_complex
from ...common.quiet import quiet

if TYPE_CHECKING:
    from ..tensor import Tensor
    from ..value import Value

#: Up to so many rows and columns an array is shown as a matrix.
_MATRIX = 10

#: So many matrices of an array of more axes are shown, and so many channels an image may have.
_PICTURES, _CHANNELS = 6, 4


def value_html(value: Value) -> str:
    """Return a Value as a row: label, operation, number and gradient."""
    op = value.op.title if value.op is not None else ""
    return html_table(
        [[value.label, op, f"{value._plain:.6g}", f"{_number(value._grad):.6g}"]], ("label", "op", "data", "grad")
    )


def _number(gradient: Any) -> float:
    return 0.0 if gradient is None else float(getattr(gradient, "_plain", gradient))


def tensor_html(tensor: Tensor) -> str:
    """Return a Tensor and its gradient, if it has one, as matrices or heat maps."""
    array, gradient = tensor._plain, getattr(tensor._grad, "_plain", tensor._grad)
    parts = [tensor.label, f"shape {array.shape}", str(array.dtype)]
    if tensor.op is not None:
        parts.append(f"op {tensor.op.title}")
    elif tensor.requires_grad:
        parts.append("requires grad")
    caption = ", ".join(filter(None, parts))
    if gradient is None:
        return _array_html(array, caption)
    return side_by_side([_array_html(array, caption), _array_html(np.asarray(gradient), "its gradient")], "12em")


def _array_html(array: Any, caption: str) -> str:
    if not array.size:
        return below(f"{caption}; empty")
    if array.ndim <= 2 and max(array.shape, default=1) <= _MATRIX:
        rows = [[_number_text(x) for x in row] for row in np.atleast_2d(array)]
        return html_table(rows, caption=caption, edge="2px solid")
    if is_complex(array):
        array, caption = np.abs(array), f"{caption}; absolute values"
    return side_by_side(_pictures(array), "88px") + below(f"{caption}; {_statistics(array)}")


def _number_text(x: Any) -> str:
    return f"{x:.5g}" if isinstance(x, np.inexact) else str(x)


def _statistics(array: Any) -> str:
    """Say in words what the range is, and what the pictures leave out."""
    finite = array[np.isfinite(array)].astype(float)
    if not finite.size:
        return "no finite numbers"
    with quiet():
        texts = [f"from {finite.min():.4g} to {finite.max():.4g}, mean {finite.mean():.4g}"]
    if finite.size < array.size:
        texts.append(f"{array.size - finite.size:,} not finite (grey)")
    *outer, rows, columns = _as_matrices(array).shape
    if math.prod(outer) > _PICTURES:
        texts.append(f"{_PICTURES} of {math.prod(outer):,} matrices are shown")
    if max(rows, columns) > FINE:
        texts.append(f"averaged to {min(rows, FINE)} x {min(columns, FINE)}")
    return "; ".join(texts)


def _pictures(array: Any) -> list[str]:
    """Return heat maps of an array's first matrices, in the same colours, each with the index that gives it."""
    matrices, is_image = _as_matrices(array), _has_channels(array) and bool((array >= 0).all())
    places = list(islice(np.ndindex(matrices.shape[:-2]), _PICTURES))
    with quiet():
        shown = [averaged(matrices[place].astype(float)) for place in places]
    largest = max(float(np.abs(matrix[np.isfinite(matrix)]).max(initial=0.0)) for matrix in shown)
    if array.ndim <= 2:
        return [heat_map(matrix, largest=largest) for matrix in shown]
    return [
        heat_map(matrix, is_image, largest, SMALL) + below(_index_text(array, place))
        for matrix, place in zip(shown, places)
    ]


def _has_channels(array: Any) -> bool:
    """Return whether an array looks like images: a short last axis after two longer ones."""
    return array.ndim > 2 and array.shape[-1] <= _CHANNELS < min(array.shape[-3:-1])


def _as_matrices(array: Any) -> Any:
    """Return an array whose last two axes are rows and columns; of images, channels come before them."""
    return np.moveaxis(array, -1, -3) if _has_channels(array) else np.atleast_2d(array)


def _index_text(array: Any, place: tuple[int, ...]) -> str:
    if _has_channels(array):
        return f"[{', '.join([*map(str, place[:-1]), ':', ':', str(place[-1])])}]"
    return f"[{', '.join(map(str, place))}]"
