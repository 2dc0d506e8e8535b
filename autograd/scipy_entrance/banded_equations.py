"""Linear equations with banded matrices, of which the diagonals are given.

Diagonals lie in the rows of an array, in the column of their matrix: of ``u`` diagonals above the main one and ``l``
below, the element ``a[i, j]`` is ``ab[u + i - j, j]``. Elements of ``ab`` that lie outside of the matrix are not read.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg

from ..core.call_types import of_two
from ..ops.complex_parts import real
from ..ops.elementwise import conj, where
from ..ops.reductions import sum
from ..ops.shaping import astype
from ..primitive import primitive
from .matrix_input import matrix, only, right_side
from .plain_calls import scipys_of_plain
from .structured_equations import columns, refuse_infinite

__all__ = ["solve_banded", "solveh_banded"]


def _transposed_band(ab: Any, below: int, above: int) -> Any:
    """Return the diagonals of the transposed matrix, which has ``above`` of them below the main one."""
    row, column = np.ogrid[: below + above + 1, : ab.shape[1]]
    other = column + row - below
    inside = (other >= 0) & (other < ab.shape[1])
    found = ab[below + above - row + 0 * column, np.where(inside, other, 0)]
    return only(inside, found)


def _band_of_product(x: Any, y: Any, below: int, above: int) -> Any:
    """Return the diagonals of ``x @ y.T``, for vectors or columns."""
    x, y = columns(x), columns(y)
    row, column = np.ogrid[: below + above + 1, : x.shape[0]]
    other = column + row - above
    inside = (other >= 0) & (other < x.shape[0])
    return only(inside, sum(x[np.where(inside, other, 0)] * y, -1))


@primitive
def _solve_banded(ab: Any, b: Any, /, below: int, above: int) -> Any:
    return scipy.linalg.solve_banded((below, above), ab, b, check_finite=False)


def _banded_rule(g: Any, out: Any, ab: Any, b: Any, below: int, above: int) -> Any:
    return _solve_banded(_transposed_band(ab, below, above), g, above, below)


_solve_banded.rules(
    lambda g, out, ab, b, below, above: -_band_of_product(_banded_rule(g, out, ab, b, below, above), out, below, above),
    _banded_rule,
)


@scipys_of_plain("linalg")
def solve_banded(
    l_and_u: tuple[int, int],
    ab: Any,
    b: Any,
    overwrite_ab: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
) -> Any:
    """Solve ``a @ x = b`` for a banded matrix, as :func:`scipy.linalg.solve_banded`.

    Parameters
    ----------
    l_and_u : tuple of int
        How many diagonals are below and above the main one.
    ab : array_like or Tensor
        Shape ``(l + u + 1, n)``: the diagonals, from above, each element in the column that it has in the matrix.
    b : array_like or Tensor
        Shape ``(n,)`` or ``(n, k)``, which is that of the result.
    overwrite_ab, overwrite_b : bool
        Have no effect.
    check_finite : bool
        Whether inf and NaN are refused.

    Raises
    ------
    numpy.linalg.LinAlgError
        If the matrix is singular.
    ValueError
        If shapes do not fit, or numbers are not finite.

    Examples
    --------
    >>> from seegrad.scipy import linalg
    >>> linalg.solve_banded((1, 0), np.array([[2.0, 4.0], [1.0, 0.0]]), np.array([2.0, 9.0]))
    array([1., 2.])
    """
    below, above = (int(n) for n in l_and_u)
    ab = matrix("solve_banded", ab, square=False)
    if ab.shape[0] != below + above + 1:
        raise ValueError(f"solve_banded: {below} and {above} diagonals beside the main one, but ab has {ab.shape[0]}")
    b = right_side("solve_banded", ab.shape[1], b)
    if check_finite:
        refuse_infinite("solve_banded", ab, b)
    return _solve_banded(ab, b, below, above)


@primitive
def _solve_lower_band(ab: Any, b: Any, /) -> Any:
    """Solve equations with a Hermitian matrix, given by its diagonals from the main one down."""
    return scipy.linalg.solveh_banded(ab, b, lower=True, check_finite=False)


def _solve_of_transposed(g: Any, ab: Any) -> Any:
    return _solve_lower_band(conj(ab) if ab.dtype.kind == "c" else ab, g)


def _lower_band_rule(g: Any, out: Any, ab: Any, b: Any) -> Any:
    back, below = _solve_of_transposed(g, ab), ab.shape[0] - 1
    lower, upper = _band_of_product(back, out, below, 0), _band_of_product(out, back, below, 0)
    main = np.arange(ab.shape[0])[:, None] == 0
    if lower.dtype.kind != "c":
        return -(lower + only(~main, upper))
    return -where(main, astype(real(lower), lower.dtype), lower + conj(upper))


_solve_lower_band.rules(_lower_band_rule, lambda g, out, ab, b: _solve_of_transposed(g, ab))


@of_two
@scipys_of_plain("linalg")
def solveh_banded(
    ab: Any,
    b: Any,
    overwrite_ab: bool = False,
    overwrite_b: bool = False,
    lower: bool = False,
    check_finite: bool = True,
) -> Any:
    """Solve ``a @ x = b`` for a positive definite banded matrix, as :func:`scipy.linalg.solveh_banded`.

    Parameters
    ----------
    ab : array_like or Tensor
        Shape ``(u + 1, n)``: the diagonals of one half, the main one first (``lower``) or last. Each element of it
        stands for two of the matrix, and has the gradient of both.
    b : array_like or Tensor
        Shape ``(n,)`` or ``(n, k)``, which is that of the result.
    overwrite_ab, overwrite_b : bool
        Have no effect.
    lower : bool
        Which half is given.
    check_finite : bool
        Whether inf and NaN are refused.

    Raises
    ------
    numpy.linalg.LinAlgError
        If the matrix is not positive definite.
    ValueError
        If shapes do not fit, or numbers are not finite.

    Examples
    --------
    >>> from seegrad.scipy import linalg
    >>> linalg.solveh_banded(np.array([[4.0, 10.0], [2.0, 0.0]]), np.array([8.0, 22.0]), lower=True)
    array([1., 2.])
    """
    ab = matrix("solveh_banded", ab, square=False)
    b = right_side("solveh_banded", ab.shape[1], b)
    if check_finite:
        refuse_infinite("solveh_banded", ab, b)
    if not lower:
        row, column = np.ogrid[: ab.shape[0], : ab.shape[1]]
        other = column + row
        inside = other < ab.shape[1]
        ab = only(inside, ab[ab.shape[0] - 1 - row + 0 * column, np.where(inside, other, 0)])
        ab = conj(ab) if ab.dtype.kind == "c" else ab
    return _solve_lower_band(ab, b)
