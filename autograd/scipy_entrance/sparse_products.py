"""Products with sparse matrices and solutions of their equations, as operations on the numbers that they store.

Which elements a matrix stores is constant, a `Pattern`; the stored numbers are an input like any other. So a constant
matrix of SciPy and one whose elements are computed from nodes are the same thing here.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse
import scipy.sparse.linalg

from ..ops.indexing import take
from ..ops.reductions import sum
from ..primitive import primitive


class Pattern:
    """Which elements a sparse matrix stores: by rows, those of row i in the columns ``indices[indptr[i]:indptr[i+1]]``.

    An element may be there several times; then the numbers are added.
    """

    __slots__ = ("_rows", "indices", "indptr", "shape")

    def __init__(self, indices: Any, indptr: Any, shape: tuple[int, int]) -> None:
        self.indices: Any = indices
        self.indptr: Any = indptr
        self.shape: tuple[int, int] = shape
        self._rows: Any = None

    @property
    def rows(self) -> Any:
        """The row of each element."""
        if self._rows is None:
            self._rows = np.repeat(np.arange(self.shape[0]), np.diff(self.indptr))
        return self._rows

    def matrix(self, values: Any, transposed: bool = False) -> Any:
        """Return the matrix of SciPy with these numbers, or its transposed."""
        if transposed:  # columns of it are rows of the other
            return scipy.sparse.csc_array((values, self.indices, self.indptr), shape=self.shape[::-1])
        return scipy.sparse.csr_array((values, self.indices, self.indptr), shape=self.shape)

    def __repr__(self) -> str:
        return f"<{len(self.indices)} elements of {self.shape[0]} x {self.shape[1]}>"


def _stored(x: Any, y: Any, pattern: Pattern, transposed: bool) -> Any:
    """Return the stored elements of ``x @ y.T``, or of the transposed of that, for vectors or columns."""
    if transposed:
        x, y = y, x
    products = take(x, pattern.rows, 0) * take(y, pattern.indices, 0)
    return sum(products, -1) if products.ndim > 1 else products


@primitive
def sparse_product(values: Any, x: Any, /, pattern: Pattern, transposed: bool = False) -> Any:
    """Return the product of a sparse matrix, or of its transposed, with a vector or columns."""
    return pattern.matrix(values, transposed) @ x


sparse_product.rules(
    lambda g, out, values, x, pattern, transposed: _stored(g, x, pattern, transposed),
    lambda g, out, values, x, pattern, transposed: sparse_product(values, g, pattern, not transposed),
)


@primitive
def sparse_solution(values: Any, b: Any, /, pattern: Pattern, transposed: bool = False, order: Any = None) -> Any:
    """Solve equations with a sparse matrix, or with its transposed, for a vector or columns."""
    matrix = pattern.matrix(values, transposed).tocsc(copy=True)  # whose elements may be put in order in place
    matrix.sum_duplicates()
    return np.reshape(scipy.sparse.linalg.spsolve(matrix, b, order), b.shape)


def _solution_rule(g: Any, out: Any, values: Any, b: Any, pattern: Pattern, transposed: bool, order: Any) -> Any:
    return sparse_solution(values, g, pattern, not transposed, order)


sparse_solution.rules(
    lambda g, out, values, b, pattern, transposed, order: (
        -_stored(_solution_rule(g, out, values, b, pattern, transposed, order), out, pattern, transposed)
    ),
    _solution_rule,
)


@primitive
def factored_solution(b: Any, /, factors: Any, transposed: bool = False) -> Any:
    """Solve equations with a constant matrix whose factors are known."""
    return factors.solve(np.array(b, order="F"), "T" if transposed else "N")


factored_solution.rules(
    lambda g, out, b, factors, transposed: factored_solution(g, factors=factors, transposed=not transposed)
)
