"""``seegrad.scipy.sparse``: sparse matrices, constant ones of SciPy's and those whose elements are nodes.

Operators with a sparse array of SciPy's on one side and a node on the other need no import of this module.
"""

from __future__ import annotations

from .sparse_arrays import SparseArray, coo_array, csc_array, csr_array, diags_array

__all__ = ["SparseArray", "coo_array", "csc_array", "csr_array", "diags_array"]
