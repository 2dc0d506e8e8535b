"""The functions of ``sg.linalg``, which do what those of the same names in NumPy and SciPy do.

Matrices are the last two axes; further axes in front are batches. The functions themselves are in ``inverses.py``,
``factorizations.py``, ``matrix_functions.py`` and ``norms.py``.
"""

from __future__ import annotations

from .factorizations import EighResult, QRResult, SVDResult, cholesky, eigh, qr, svd, svdvals
from .inverses import SlogdetResult, det, inv, slogdet, solve
from .matrix_functions import PolarResult, expm, logm, pinv, polar, sqrtm
from .norms import norm

__all__ = [
    "EighResult",
    "PolarResult",
    "QRResult",
    "SVDResult",
    "SlogdetResult",
    "cholesky",
    "det",
    "eigh",
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
