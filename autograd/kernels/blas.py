"""The number of threads of NumPy's BLAS library, found without further dependencies.

NumPy's wheels bring OpenBLAS (or use Accelerate on macOS). Its functions are reachable through NumPy's own extension
module, whose dependencies the dynamic linker searches too. Where they are not found, BLAS keeps its own threads and
kernels run in the calling thread alone.
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable

_NAMES = [f"{prefix}openblas_{{}}_num_threads{suffix}" for prefix in ("scipy_", "") for suffix in ("64_", "", "_64")]
_SGEMM = {"scipy_cblas_sgemm64_": 64, "cblas_sgemm64_": 64, "scipy_cblas_sgemm": 32, "cblas_sgemm": 32}


def _library() -> ctypes.PyDLL | None:
    from numpy._core import _multiarray_umath  # type: ignore[attr-defined, unused-ignore]

    try:
        return ctypes.PyDLL(_multiarray_umath.__file__)
    except (OSError, TypeError):
        return None


def _find(library: ctypes.PyDLL | None) -> tuple[Callable[[], int], Callable[[int], None]] | None:
    for name in _NAMES:
        if hasattr(library, name.format("set")) and hasattr(library, name.format("get")):
            get, set_ = library[name.format("get")], library[name.format("set")]  # type: ignore[index]
            get.restype, get.argtypes = ctypes.c_int, []
            set_.restype, set_.argtypes = None, [ctypes.c_int]
            return get, set_
    return None


def _find_sgemm(library: ctypes.PyDLL | None) -> tuple[int, int] | None:
    for name, bits in _SGEMM.items():
        if hasattr(library, name):
            return ctypes.cast(library[name], ctypes.c_void_p).value or 0, bits  # type: ignore[index]
    return None


_functions = _find(_library())
sgemm = _find_sgemm(_library())
"""Address of the product of float32 matrices (CBLAS), and bits of its integers; None if it is not found."""
_lock = threading.Lock()
_users = 0
_count_before = 0


def controllable() -> bool:
    """Tell whether the number of BLAS threads can be set."""
    return _functions is not None


class single_threaded:  # noqa: N801 (reads as the statement it is)
    """Let BLAS use one thread inside a ``with`` block; the last of overlapping blocks restores the former number."""

    def __enter__(self) -> None:
        global _users, _count_before
        if _functions is None:
            return
        get, set_ = _functions
        with _lock:
            if _users == 0:
                _count_before = get()
                set_(1)
            _users += 1

    def __exit__(self, *exc: object) -> None:
        global _users
        if _functions is None:
            return
        with _lock:
            _users -= 1
            if _users == 0:
                _functions[1](_count_before)


def _forget_users() -> None:
    """Undo in a forked child what blocks of the parent's other threads would never undo."""
    global _lock, _users
    _lock = threading.Lock()
    if _users and _functions is not None:
        _functions[1](_count_before)
    _users = 0


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_users)
