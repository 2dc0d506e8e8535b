"""What SciPy has of matrices under NumPy's names: the operations of ``sg.linalg``, with SciPy's arguments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..core.call_types import keeps_kind, reduces
from ..ops import factorizations, inverses, norms
from ..ops.shaping import operand
from .matrix_input import matrix, transpose_of
from .plain_calls import scipys_of_plain
from .structured_equations import refuse_infinite

__all__ = ["det", "eigh", "eigvalsh", "inv", "norm", "svdvals"]


def _checked(name: str, a: Any, check_finite: bool, square: bool = True) -> Any:
    a = matrix(name, a, square)
    if check_finite:
        refuse_infinite(name, a)
    return a


@keeps_kind
@scipys_of_plain("linalg")
def inv(a: Any, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    """Return the inverse of a matrix, as :func:`scipy.linalg.inv`.

    Parameters
    ----------
    a : array_like or Tensor
        Shape ``(n, n)``.
    overwrite_a : bool
        Has no effect.
    check_finite : bool
        Whether inf and NaN are refused.

    Raises
    ------
    numpy.linalg.LinAlgError
        If the matrix is singular.

    Examples
    --------
    >>> from seegrad.scipy import linalg
    >>> linalg.inv(np.diag([2.0, 4.0]))
    array([[0.5 , 0.  ],
           [0.  , 0.25]])
    """
    return inverses.inv(_checked("inv", a, check_finite))


@reduces
@scipys_of_plain("linalg")
def det(a: Any, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    """Return the determinant of a matrix ``(n, n)``, as :func:`scipy.linalg.det`; arguments as for :func:`inv`.

    Examples
    --------
    >>> from seegrad.scipy import linalg
    >>> sg.grad(linalg.det)(np.diag([2.0, 3.0]))
    array([[3., 0.],
           [0., 2.]])
    """
    return inverses.det(_checked("det", a, check_finite))


@keeps_kind
@scipys_of_plain("linalg")
def svdvals(a: Any, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    """Return the singular values of a matrix ``(n, m)``, as :func:`scipy.linalg.svdvals`; arguments as for :func:`inv`.

    Examples
    --------
    >>> from seegrad.scipy import linalg
    >>> linalg.svdvals(np.array([[0.0, -3.0], [2.0, 0.0]]))
    array([3., 2.])
    """
    return factorizations.svdvals(_checked("svdvals", a, check_finite, square=False))


@scipys_of_plain("linalg")
def eigh(a: Any, *, lower: bool = True, overwrite_a: bool = False, check_finite: bool = True) -> tuple[Any, Any]:
    """Return eigenvalues and eigenvectors of a symmetric or Hermitian matrix, as :func:`scipy.linalg.eigh`.

    Parameters
    ----------
    a : array_like or Tensor
        Shape ``(n, n)``. One triangle is read; the gradient is the symmetric one.
    lower : bool
        Which triangle.
    overwrite_a : bool
        Has no effect.
    check_finite : bool
        Whether inf and NaN are refused.

    Returns
    -------
    tuple
        The eigenvalues in ascending order, and the matrix whose columns are eigenvectors. Other options of SciPy's
        have no derivative here.

    Examples
    --------
    >>> from seegrad.scipy import linalg
    >>> linalg.eigh(np.array([[2.0, 1.0], [1.0, 2.0]]))[0]
    array([1., 3.])
    """
    a = _checked("eigh", a, check_finite)
    values, vectors = factorizations.eigh(a if lower else transpose_of(a, conjugate=True))
    return values, vectors


@keeps_kind
@scipys_of_plain("linalg")
def eigvalsh(a: Any, *, lower: bool = True, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    """Return the eigenvalues of a symmetric or Hermitian matrix, as :func:`scipy.linalg.eigvalsh`; see :func:`eigh`.

    Examples
    --------
    >>> from seegrad.scipy import linalg
    >>> linalg.eigvalsh(np.array([[2.0, 1.0], [1.0, 2.0]]))
    array([1., 3.])
    """
    return eigh(a, lower=lower, check_finite=check_finite)[0]


@reduces
@scipys_of_plain("linalg")
def norm(
    a: Any,
    ord: Any = None,
    axis: int | Sequence[int] | None = None,
    keepdims: bool = False,
    check_finite: bool = True,
) -> Any:
    """Return the norm of a vector or a matrix, as :func:`scipy.linalg.norm`.

    Parameters
    ----------
    a : array_like or Tensor
        Any shape, if ``axis`` says which axes are a vector or a matrix, or ``ord`` is None.
    ord : optional
        Which norm, as for :func:`seegrad.norm`.
    axis : int or pair of int, optional
        One axis for norms of vectors, two for those of matrices.
    keepdims : bool
        Whether these axes stay, with length 1.
    check_finite : bool
        Whether inf and NaN are refused.

    Examples
    --------
    >>> from seegrad.scipy import linalg
    >>> sg.grad(linalg.norm)(np.array([3.0, 4.0]))
    array([0.6, 0.8])
    """
    a = operand(a)
    if check_finite:
        refuse_infinite("norm", a)
    return norms.norm(a, ord, axis, keepdims)
