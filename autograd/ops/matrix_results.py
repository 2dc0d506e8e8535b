"""What functions of matrices with several results return: tuples whose parts have names."""

from __future__ import annotations

from collections import namedtuple
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

T = TypeVar("T")

if TYPE_CHECKING:

    class EigResult(NamedTuple, Generic[T]):
        """Eigenvalues in no particular order, and the eigenvectors as columns."""

        eigenvalues: T
        eigenvectors: T

    class EighResult(NamedTuple, Generic[T]):
        """Eigenvalues in ascending order, and the eigenvectors as columns."""

        eigenvalues: T
        eigenvectors: T

    class PolarResult(NamedTuple, Generic[T]):
        """A matrix with orthonormal columns (or rows), and a symmetric one without negative eigenvalues."""

        U: T
        P: T

    class QRResult(NamedTuple, Generic[T]):
        """Orthonormal columns and an upper triangular matrix."""

        Q: T
        R: T

    class SVDResult(NamedTuple, Generic[T]):
        """Left singular vectors, singular values in descending order, right singular vectors as rows."""

        U: T
        S: T
        Vh: T

    class SlogdetResult(NamedTuple, Generic[T]):
        """The sign of a determinant (plain unless complex) and the logarithm of its absolute value."""

        sign: Any
        logabsdet: T

else:  # Python 3.10 has no generic named tuples

    def _named(name: str, parts: str, text: str) -> type:
        result = namedtuple(name, parts, module=__name__)
        result.__doc__ = text
        return result

    EigResult = _named(
        "EigResult",
        "eigenvalues eigenvectors",
        "Eigenvalues in no particular order, and the eigenvectors as columns.",
    )
    EighResult = _named(
        "EighResult",
        "eigenvalues eigenvectors",
        "Eigenvalues in ascending order, and the eigenvectors as columns.",
    )
    PolarResult = _named(
        "PolarResult",
        "U P",
        "A matrix with orthonormal columns (or rows), and a symmetric one without negative eigenvalues.",
    )
    QRResult = _named("QRResult", "Q R", "Orthonormal columns and an upper triangular matrix.")
    SVDResult = _named(
        "SVDResult",
        "U S Vh",
        "Left singular vectors, singular values in descending order, right singular vectors as rows.",
    )
    SlogdetResult = _named(
        "SlogdetResult",
        "sign logabsdet",
        "The sign of a determinant (plain unless complex) and the logarithm of its absolute value.",
    )
