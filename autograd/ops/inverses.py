"""Inverses, solutions of linear equations, and determinants."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

import numpy as np

from ...common.plain_data import is_complex
from ...common.seam import interpretable
from ..core.call_types import of_two
from ..core.node import data_of
from ..core.op import Op, PlainFunction
from .complex_parts import from_parts, imag
from .matrices import check_square, transposed
from .matrix_results import SlogdetResult
from .products import matmul
from .questions import asked
from .reductions import Reduction
from .shaping import expand_dims, ndim_of, operand, stack

if TYPE_CHECKING:
    from ..core.call_types import Operand, Tensor


@Op
def inv(x: Any, /) -> Any:
    """Return the inverse of matrices.

    Parameters
    ----------
    x : array_like or Tensor
        Shape ``(..., n, n)``, which is that of the result.

    Raises
    ------
    numpy.linalg.LinAlgError
        If the matrix is singular.

    Examples
    --------
    >>> sg.linalg.inv(np.diag([2.0, 4.0]))
    array([[0.5 , 0.  ],
           [0.  , 0.25]])
    """
    check_square("inv", x)
    return np.linalg.inv(x)


inv.rules(lambda g, out, x: -matmul(matmul(transposed(out), g), transposed(out)))


@Op
def _solve(a: Any, b: Any, /) -> Any:
    """Solve ``a @ out = b`` for matrices."""
    check_square("solve", a)
    return np.linalg.solve(a, b)


_solve.rules(
    lambda g, out, a, b: -matmul(_solve(transposed(a), g), transposed(out)),
    lambda g, out, a, b: _solve(transposed(a), g),
)


@of_two
def solve(a: Any, b: Any) -> Any:
    """Solve the linear equations ``a @ x = b``.

    Parameters
    ----------
    a : array_like or Tensor
        Shape ``(..., n, n)``.
    b : array_like or Tensor
        Shape ``(n,)`` or ``(..., n, k)``.

    Returns
    -------
    Tensor or ndarray
        The shape of ``b``, with the batch axes of both.

    Raises
    ------
    numpy.linalg.LinAlgError
        If a matrix is singular.

    Examples
    --------
    >>> sg.linalg.solve(np.array([[2.0, 0.0], [1.0, 4.0]]), np.array([2.0, 9.0]))
    array([1., 2.])
    """
    if ndim_of(b) == 1:
        return _solve(a, expand_dims(b, -1))[..., 0]
    return _solve(a, b)


@asked
def _is_regular(x: Any) -> bool:
    plain = data_of(x)
    return bool(np.all(np.linalg.cond(plain) < 1 / np.finfo(plain.dtype).eps))


def _cofactors(x: Any, determinant: Any) -> Any:
    """Return the derivatives of a determinant with respect to the entries, at singular matrices too."""
    n = x.shape[-1]
    if not x.size:
        return x
    if _is_regular(x):
        return expand_dims(determinant, (-2, -1)) * transposed(inv(x))
    if n == 1:
        return x * 0.0 + 1.0
    keep = [[j for j in range(n) if j != i] for i in range(n)]
    minors = [[det(x[..., keep[i], :][..., :, keep[j]]) * (-1.0) ** (i + j) for j in range(n)] for i in range(n)]
    return stack([stack(row, -1) for row in minors], -2)


@Reduction
def det(x: Any, /) -> Any:
    """Return the determinant of matrices.

    Its gradient is right at singular matrices too.

    Parameters
    ----------
    x : array_like or Tensor
        Shape ``(..., n, n)``; that of the result is ``(...)``.

    Examples
    --------
    >>> sg.grad(sg.linalg.det)(np.diag([2.0, 3.0]))
    array([[3., 0.],
           [0., 2.]])
    """
    check_square("det", x)
    return np.linalg.det(x)


det.rules(lambda g, out, x: expand_dims(g, (-2, -1)) * _cofactors(x, out))


@Op
def _slogdet(x: Any, /) -> Any:
    """Return the logarithm of the absolute value of the determinant."""
    return np.linalg.slogdet(x)[1]


_slogdet.rules(lambda g, out, x: expand_dims(g, (-2, -1)) * transposed(inv(x)))


@Op
def _phase_of_determinant(x: Any, /) -> Any:
    """Return the direction of the determinant of complex matrices, a complex number of absolute value 1."""
    return np.linalg.slogdet(x)[0]


_phase_of_determinant.symbol = "slogdet"  # what was called
_phase_of_determinant.rules(
    lambda g, out, x: expand_dims(from_parts(0.0, imag(g * out)), (-2, -1)) * transposed(inv(x))
)


@overload
def slogdet(x: Tensor) -> SlogdetResult[Tensor]: ...
@overload
def slogdet(x: Operand) -> SlogdetResult[Any]: ...
@interpretable
def slogdet(x: Any) -> SlogdetResult[Any]:
    """Return the sign and the logarithm of the absolute value of the determinant, without overflow.

    Parameters
    ----------
    x : array_like or Tensor
        Shape ``(..., n, n)``.

    Returns
    -------
    SlogdetResult
        ``sign`` (plain) and ``logabsdet``, both of shape ``(...)``.

    Examples
    --------
    >>> x = sg.tensor([[2.0, 0.0], [0.0, 3.0]], requires_grad=True)
    >>> sg.linalg.slogdet(x).logabsdet.backward()
    >>> x.grad.round(4)
    array([[0.5   , 0.    ],
           [0.    , 0.3333]])
    """
    x = operand(x)
    check_square("slogdet", x)
    sign = _phase_of_determinant(x) if is_complex(x) else _sign_of_determinant(data_of(x))
    return SlogdetResult(sign, _slogdet(x))


@PlainFunction
def _sign_of_determinant(x: Any) -> Any:
    return np.linalg.slogdet(x)[0]
