"""Whether Numba is there, and what it compiles."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from functools import lru_cache
from types import ModuleType

from ... import resources
from . import blas


def compiled(name: str, anyway: bool = False) -> ModuleType | None:
    """Return a module of functions to compile, if there is Numba and a BLAS that they can call.

    With `anyway` also where `resources.compiling` is off: what they have begun only they can end.
    """
    return _import(name) if (resources.compiling or anyway) and not _off() else None


def _off() -> bool:
    """Tell whether Numba was told not to compile (``NUMBA_DISABLE_JIT=1``), so that Python would run the functions."""
    numba = sys.modules.get("numba")
    return numba is not None and bool(numba.config.DISABLE_JIT)


@lru_cache(maxsize=8)
def _import(name: str) -> ModuleType | None:
    if blas.sgemm is None or importlib.util.find_spec("numba") is None:
        return None
    try:
        return importlib.import_module(f".{name}", __package__)
    except (ImportError, RuntimeError):  # a Numba that does not know this NumPy, or does not compile
        return None
