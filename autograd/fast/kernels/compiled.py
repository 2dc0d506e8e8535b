"""What the functions that Numba compiles have in common: types, and BLAS's product of matrices; for float32.

Products are BLAS's, called from the compiled code: from beginning to end, a thread needs neither Python nor its lock.
Lines are cut out before the loops over them: an index that may be negative, for all that Numba knows, keeps a loop
from being made of vector instructions. Compiled code is kept on disk (see `compiled_cache`), so that it is compiled
once on a machine.
"""

from __future__ import annotations

from typing import Any

import llvmlite.binding
import numba
import numpy as np
from numba import types

from . import blas
from .compiled_cache import kept

if numba.config.DISABLE_JIT:  # type: ignore[attr-defined, unused-ignore]
    raise ImportError("Numba was told not to compile (NUMBA_DISABLE_JIT)")

FLOAT: Any = types.float32
INT: Any = types.int64
BYTE: Any = types.uint8
ZERO = np.float32(0.0)


def array(ndim: int, dtype: Any = FLOAT) -> Any:
    """Return the type of a contiguous array."""
    return types.Array(dtype, ndim, "C")


def given(ndim: int, dtype: Any = FLOAT) -> Any:
    """Return the type of a contiguous array that is only read."""
    return types.Array(dtype, ndim, "C", readonly=True)


def inlined(function: Any) -> Any:
    """Compile for whatever types it is called with, as part of the function that calls it."""
    return kept(lambda cache: numba.njit(nogil=True, cache=cache, error_model="numpy")(function))


def summing(function: Any) -> Any:
    """Compile as `inlined` does, and let sums be added up in any order, so that they become vector instructions."""
    order = {"reassoc", "nsz"}
    return kept(lambda cache: numba.njit(nogil=True, cache=cache, error_model="numpy", fastmath=order)(function))


def compiled_into(**options: Any) -> Any:
    """Compile like `inlined`, with further options."""
    return lambda function: kept(
        lambda cache: numba.njit(nogil=True, cache=cache, error_model="numpy", **options)(function)
    )


def compiled(*arguments: Any, **options: Any) -> Any:
    """Compile a function of these types of arguments; other threads may run during a call."""
    kinds = types.void(*arguments)
    return lambda function: kept(
        lambda cache: numba.njit(kinds, nogil=True, cache=cache, error_model="numpy", **options)(function)
    )


@inlined
def copy(a, out):
    """Set a line to another."""
    for i in range(out.size):
        out[i] = a[i]


@inlined
def wins(element, largest):
    """Tell whether an element takes the place of the largest so far: the first NaN does, of equal ones none."""
    return (largest == largest) & (not (element <= largest))


# BLAS's product of matrices. Compiled code knows it by a name, so that it can be kept on disk.
assert blas.sgemm is not None  # numba_use.py has looked
_address, _bits = blas.sgemm
llvmlite.binding.add_symbol("seegrad_sgemm", _address)
_length = types.int64 if _bits == 64 else types.int32
_sgemm = types.ExternalFunction(
    "seegrad_sgemm",
    types.void(
        *(types.int32, types.int32, types.int32, _length, _length, _length, FLOAT),
        *(types.intp, _length, types.intp, _length, FLOAT, types.intp, _length),
    ),
)
_ROW_MAJOR, AS_IT_IS, TRANSPOSED = 101, 111, 112  # CBLAS's numbers


@compiled(*(types.int32, types.int32, INT, INT, INT, types.intp, INT, types.intp, INT, types.boolean, types.intp))
def multiply(turn_a, turn_b, m, n, k, a, step_a, b, step_b, add, c):
    """Set c (m, n), or add to it, the product of a (m, k) and b (k, n), given by addresses and lengths of rows."""
    rows, columns, inner = _length(m), _length(n), _length(k)
    one, kept = np.float32(1.0), np.float32(1.0 if add else 0.0)
    lead_a, lead_b = _length(step_a), _length(step_b)
    _sgemm(_ROW_MAJOR, turn_a, turn_b, rows, columns, inner, one, a, lead_a, b, lead_b, kept, c, columns)
