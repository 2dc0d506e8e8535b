"""Operators with a sparse matrix of SciPy on one side, and a node on the other.

SciPy turns what stands on the right of a sparse matrix into an array, unless that gives an array of one object: then it
leaves the operator to the other operand. So that is what it is given.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

_OPERATORS = frozenset(("__matmul__", "__rmatmul__", "__mul__", "__rmul__", "__truediv__"))


def deferred(node: Any) -> Any:
    """Return the array that makes SciPy leave an operator to a node, if it is SciPy that asks for one, else None.

    It is called by ``__array__``, which is called by whoever asks.
    """
    caller: Any = sys._getframe(2)
    while caller is not None and caller.f_globals.get("__name__", "").startswith("scipy.sparse."):
        if caller.f_code.co_name in _OPERATORS:
            answer = np.empty((), object)
            answer[()] = node
            return answer
        caller = caller.f_back
    return None


def is_sparse(x: Any) -> bool:
    """Return whether something is a sparse matrix, without loading SciPy."""
    module = sys.modules.get("scipy.sparse")
    return (module is not None and module.issparse(x)) or hasattr(type(x), "by_rows")


def sparse_operator(symbol: str, x: Any, y: Any) -> Any:
    """Compute with a sparse matrix and a node; NotImplemented if neither is sparse, or there is no such operator."""
    if not (is_sparse(x) or is_sparse(y)):
        return NotImplemented
    from .scipy_entrance.sparse_arrays import operator_of

    return operator_of(symbol, x, y)
