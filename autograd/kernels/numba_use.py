"""Whether Numba is there, and what it compiles."""

from __future__ import annotations

import importlib
import importlib.util
from functools import lru_cache
from types import ModuleType

#: Set to False, kernels use NumPy alone even where Numba is installed.
enabled = True


def compiled_passes() -> ModuleType | None:
    """Return the module of compiled passes, if there is Numba."""
    return _import_compiled() if enabled else None


@lru_cache(maxsize=1)
def _import_compiled() -> ModuleType | None:
    if importlib.util.find_spec("numba") is None:
        return None
    return importlib.import_module(".compiled_passes", __package__)
