"""Whether Numba is there, and what it compiles."""

from __future__ import annotations

import importlib
import importlib.util
from functools import lru_cache
from types import ModuleType

from . import blas

#: Set to False, kernels use NumPy alone even where Numba is installed.
enabled = True


def compiled_shard() -> ModuleType | None:
    """Return the compiled module, if there is Numba and a BLAS that it can call."""
    return _import_compiled() if enabled else None


@lru_cache(maxsize=1)
def _import_compiled() -> ModuleType | None:
    if blas.sgemm is None or importlib.util.find_spec("numba") is None:
        return None
    try:
        return importlib.import_module(".compiled_shard", __package__)
    except (ImportError, RuntimeError):  # a Numba that does not know this NumPy, or no place to keep compiled code
        return None
