"""Products of vectors along an axis: dot products, products with matrices, cross products."""

from __future__ import annotations

from typing import Any

from ...common.plain_data import is_complex
from .elementwise import conj
from .products import matmul, outer
from .shaping import expand_dims, moveaxis, operand, ravel, stack


def vdot(x: Any, y: Any) -> Any:
    """Return the dot product of the flattened arrays, of the conjugate of the first."""
    return matmul(ravel(_conjugated(x)), ravel(y))


def _conjugated(x: Any) -> Any:
    return conj(x) if is_complex(x) else x


def cross(x: Any, y: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Any:
    """Return the cross product of vectors with three components, as :func:`numpy.cross`.

    A vector with two components has 0 for the third; of two such vectors, only the third component of the product is
    returned.

    Parameters
    ----------
    x, y : array_like or Tensor
    axisa, axisb, axisc : int
        The axes of the components in ``x``, ``y`` and the result.
    axis : int, optional
        One axis for all three.
    """
    if axis is not None:
        axisa = axisb = axisc = axis
    x, y = moveaxis(operand(x), axisa, -1), moveaxis(operand(y), axisb, -1)
    sizes = x.shape[-1], y.shape[-1]
    if not {2, 3}.issuperset(sizes):
        raise ValueError(
            f"cross: expected two or three components along axes {axisa} and {axisb}, got {sizes[0]} and {sizes[1]}"
        )
    if sizes == (2, 2):
        return _minor(x, y, 0, 1)
    return moveaxis(stack([_minor(x, y, i, j) for i, j in ((1, 2), (2, 0), (0, 1))], -1), -1, axisc)


def _minor(x: Any, y: Any, i: int, j: int) -> Any:
    """Return ``x[i] * y[j] - x[j] * y[i]``, without the terms of missing components."""
    terms = [x[..., a] * y[..., b] for a, b in ((i, j), (j, i)) if a < x.shape[-1] and b < y.shape[-1]]
    if len(terms) == 2:
        return terms[0] - terms[1]
    return terms[0] if i < x.shape[-1] and j < y.shape[-1] else -terms[0]


def vecdot(x: Any, y: Any, axis: int = -1) -> Any:
    """Return the dot products of vectors along an axis."""
    x, y = moveaxis(_conjugated(operand(x)), axis, -1), moveaxis(operand(y), axis, -1)
    return matmul(expand_dims(x, -2), expand_dims(y, -1))[..., 0, 0]


def matvec(x: Any, y: Any) -> Any:
    """Return the products of matrices and vectors: ``(..., n, k)`` and ``(..., k)`` give ``(..., n)``."""
    return matmul(operand(x), expand_dims(operand(y), -1))[..., 0]


def vecmat(x: Any, y: Any) -> Any:
    """Return the products of vectors and matrices: ``(..., k)`` and ``(..., k, m)`` give ``(..., m)``."""
    return matmul(expand_dims(_conjugated(operand(x)), -2), operand(y))[..., 0, :]


def cross_of_three(x: Any, y: Any, axis: int = -1) -> Any:
    """Return the :func:`cross` product of vectors with three components, as :func:`numpy.linalg.cross`."""
    x, y = operand(x), operand(y)
    if x.shape[axis] != 3 or y.shape[axis] != 3:
        raise ValueError(f"cross: expected three components along axis {axis}, got shapes {x.shape} and {y.shape}")
    return cross(x, y, axis=axis)


def outer_of_vectors(x: Any, y: Any) -> Any:
    """Return the :func:`outer` product of two vectors, as :func:`numpy.linalg.outer`."""
    x, y = operand(x), operand(y)
    if x.ndim != 1 or y.ndim != 1:
        raise ValueError(f"outer: expected two vectors, got shapes {x.shape} and {y.shape}")
    return outer(x, y)
