"""Functions of square matrices that need not be symmetric: exponential, logarithm, root, trigonometric functions.

The derivative of a function of matrices in a direction is a block of the function of a larger matrix (Mathias 1996,
"A chain rule for matrix functions and applications"; Higham 2008, "Functions of matrices", theorem 3.6)::

    f([[x, e],     [[f(x), L(x, e)],
       [0, x]])  =  [0,    f(x)   ]]

So the derivative rule of each function is the function itself, and holds to any order, at repeated eigenvalues too.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg

from ..core.call_types import keeps_kind
from ..core.node import data_of
from ..core.op import PlainFunction
from ..ops.shaping import concatenate
from ..primitive import primitive
from .matrix_equations import solve_sylvester
from .matrix_input import matrix, transpose_of
from .plain_calls import scipys_of_plain

__all__ = ["coshm", "cosm", "expm", "fractional_matrix_power", "logm", "signm", "sinhm", "sinm", "sqrtm", "tanhm"]


@primitive
def _function_of_matrix(x: Any, /, name: str, args: tuple[float, ...] = ()) -> Any:
    return getattr(scipy.linalg, name)(np.array(x), *args) if x.size else x  # some of older versions write into it


def _function_rule(g: Any, out: Any, x: Any, name: str, args: tuple[float, ...]) -> Any:
    n, size = x.shape[-1], _ratio_of_sizes(data_of(g), data_of(x))
    x = transpose_of(x)
    rows = concatenate([x, g * (1.0 / size)], 1), concatenate([np.zeros(x.shape, x.dtype), x], 1)
    return _function_of_matrix(concatenate(rows, 0), name, args)[:n, n:] * size


_function_of_matrix.rules(_function_rule)


@PlainFunction
def _ratio_of_sizes(g: Any, x: Any) -> float:
    """Return by what the gradient is divided, so that its size does not decide how the function is computed."""
    size = float(np.max(np.abs(g), initial=0.0) / max(1.0, np.max(np.abs(x), initial=0.0)))
    return size if np.isfinite(size) and size > 0 else 1.0


@keeps_kind
@scipys_of_plain("linalg")
def expm(A: Any) -> Any:
    """Return the matrix exponential, as :func:`scipy.linalg.expm`.

    Parameters
    ----------
    A : array_like or Tensor
        Shape ``(n, n)``, real or complex.

    Examples
    --------
    >>> from seegrad.scipy import linalg
    >>> x = sg.tensor([[0.0, 1.0], [0.0, 0.0]], requires_grad=True)
    >>> linalg.expm(x)[0, 1].backward()
    >>> x.grad.round(4)
    array([[0.5   , 1.    ],
           [0.1667, 0.5   ]])
    """
    return _function_of_matrix(matrix("expm", A), "expm")


@keeps_kind
@scipys_of_plain("linalg")
def logm(A: Any) -> Any:
    """Return the principal logarithm of a matrix, as :func:`scipy.linalg.logm`: ``expm(logm(A)) = A``.

    It has a derivative where no eigenvalue is 0 or negative.

    Parameters
    ----------
    A : array_like or Tensor
        Shape ``(n, n)``, real or complex. The result of a real matrix with negative eigenvalues is complex.

    Examples
    --------
    >>> from seegrad.scipy import linalg
    >>> linalg.logm(np.array([[1.0, 1.0], [0.0, 1.0]]))
    array([[0., 1.],
           [0., 0.]])
    """
    return _function_of_matrix(matrix("logm", A), "logm")


@keeps_kind
@scipys_of_plain("linalg")
def fractional_matrix_power(A: Any, t: float) -> Any:
    """Return a matrix to the power of a number, as :func:`scipy.linalg.fractional_matrix_power`.

    Parameters
    ----------
    A : array_like or Tensor
        Shape ``(n, n)``, real or complex.
    t : float
        The power, which has no derivative here.

    Examples
    --------
    >>> from seegrad.scipy import linalg
    >>> linalg.fractional_matrix_power(np.diag([4.0, 9.0]), 0.5)
    array([[2., 0.],
           [0., 3.]])
    """
    return _function_of_matrix(matrix("fractional_matrix_power", A), "fractional_matrix_power", (float(t),))


@keeps_kind
@scipys_of_plain("linalg")
def cosm(A: Any) -> Any:
    """Return the matrix cosine, as :func:`scipy.linalg.cosm`, of a matrix ``(n, n)``."""
    return _function_of_matrix(matrix("cosm", A), "cosm")


@keeps_kind
@scipys_of_plain("linalg")
def sinm(A: Any) -> Any:
    """Return the matrix sine, as :func:`scipy.linalg.sinm`, of a matrix ``(n, n)``."""
    return _function_of_matrix(matrix("sinm", A), "sinm")


@keeps_kind
@scipys_of_plain("linalg")
def coshm(A: Any) -> Any:
    """Return the hyperbolic matrix cosine, as :func:`scipy.linalg.coshm`, of a matrix ``(n, n)``."""
    return _function_of_matrix(matrix("coshm", A), "coshm")


@keeps_kind
@scipys_of_plain("linalg")
def sinhm(A: Any) -> Any:
    """Return the hyperbolic matrix sine, as :func:`scipy.linalg.sinhm`, of a matrix ``(n, n)``."""
    return _function_of_matrix(matrix("sinhm", A), "sinhm")


@keeps_kind
@scipys_of_plain("linalg")
def tanhm(A: Any) -> Any:
    """Return the hyperbolic matrix tangent, as :func:`scipy.linalg.tanhm`, of a matrix ``(n, n)``."""
    return _function_of_matrix(matrix("tanhm", A), "tanhm")


@keeps_kind
@scipys_of_plain("linalg")
def signm(A: Any) -> Any:
    """Return the matrix sign, as :func:`scipy.linalg.signm`, of a matrix ``(n, n)``.

    It has a derivative where no eigenvalue lies on the imaginary axis.
    """
    return _function_of_matrix(matrix("signm", A), "signm")


@primitive
def _sqrtm(x: Any, /) -> Any:
    return scipy.linalg.sqrtm(np.array(x)) if x.size else x


def _sqrtm_rule(g: Any, out: Any, x: Any) -> Any:
    root = transpose_of(out)
    return solve_sylvester(root, root, g)


_sqrtm.rules(_sqrtm_rule)


@keeps_kind
@scipys_of_plain("linalg")
def sqrtm(A: Any) -> Any:
    """Return the principal square root of a matrix, as :func:`scipy.linalg.sqrtm`: ``r @ r = A``.

    Its derivative is the solution of a Sylvester equation. It has one where no eigenvalue is 0 or negative.

    Parameters
    ----------
    A : array_like or Tensor
        Shape ``(n, n)``, real or complex. The result of a real matrix with negative eigenvalues is complex.

    Examples
    --------
    >>> from seegrad.scipy import linalg
    >>> linalg.sqrtm(np.array([[4.0, 4.0], [0.0, 4.0]]))
    array([[2., 1.],
           [0., 2.]])
    """
    return _sqrtm(matrix("sqrtm", A))
