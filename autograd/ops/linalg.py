"""The functions of ``sg.linalg``, which do what those of the same names in NumPy and SciPy do.

Matrices are the last two axes; further axes in front are batches. The functions themselves are in ``inverses.py``,
``factorizations.py``, ``eigenvalues.py``, ``matrix_functions.py`` and ``norms.py``, what they return in
``matrix_results.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...common.elsewhere import names_of_module
from .eigenvalues import eig, eigvals
from .factorizations import cholesky, eigh, qr, svd, svdvals
from .inverses import det, inv, slogdet, solve
from .matrix_functions import expm, logm, pinv, polar, sqrtm
from .matrix_results import EighResult, EigResult, PolarResult, QRResult, SlogdetResult, SVDResult
from .norms import norm

__all__ = [
    "EigResult",
    "EighResult",
    "PolarResult",
    "QRResult",
    "SVDResult",
    "SlogdetResult",
    "cholesky",
    "det",
    "eig",
    "eigh",
    "eigvals",
    "expm",
    "inv",
    "logm",
    "norm",
    "pinv",
    "polar",
    "qr",
    "slogdet",
    "solve",
    "sqrtm",
    "svd",
    "svdvals",
]


def __dir__() -> list[str]:
    return __all__


if not TYPE_CHECKING:  # which flag names of other libraries
    __getattr__ = names_of_module(__name__)
