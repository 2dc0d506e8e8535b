"""``seegrad.scipy.linalg``: SciPy's linear algebra, whose functions take nodes.

They take one matrix; ``sg.vmap`` makes functions of batches of them.
"""

from __future__ import annotations

from .banded_equations import solve_banded, solveh_banded
from .dense_matrices import det, eigh, eigvalsh, inv, norm, svdvals
from .functions_of_matrices import coshm, cosm, expm, fractional_matrix_power, logm, signm, sinhm, sinm, sqrtm, tanhm
from .matrix_equations import solve_continuous_lyapunov, solve_discrete_lyapunov, solve_lyapunov, solve_sylvester
from .structured_equations import cho_factor, cho_solve, cholesky, solve, solve_triangular
from .structured_matrices import block_diag, circulant, hankel, toeplitz

__all__ = [
    "block_diag",
    "cho_factor",
    "cho_solve",
    "cholesky",
    "circulant",
    "coshm",
    "cosm",
    "det",
    "eigh",
    "eigvalsh",
    "expm",
    "fractional_matrix_power",
    "hankel",
    "inv",
    "logm",
    "norm",
    "signm",
    "sinhm",
    "sinm",
    "solve",
    "solve_banded",
    "solve_continuous_lyapunov",
    "solve_discrete_lyapunov",
    "solve_lyapunov",
    "solve_sylvester",
    "solve_triangular",
    "solveh_banded",
    "sqrtm",
    "svdvals",
    "tanhm",
    "toeplitz",
]
