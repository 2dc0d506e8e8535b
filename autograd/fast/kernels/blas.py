"""The number of threads of NumPy's BLAS library, found without further dependencies.

NumPy's wheels bring OpenBLAS (or use Accelerate on macOS). Its functions are reachable through NumPy's own extension
module, whose dependencies the dynamic linker searches too. Where they are not found, BLAS keeps its own threads and
kernels run in the calling thread alone.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from typing import Any, Final, TypeVar

from ....common.fork import renewed

T = TypeVar("T")

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
sgemm: Final = _find_sgemm(_library())
"""Address of the product of float32 matrices (CBLAS), and bits of its integers; None if it is not found."""
_count_at_start = _functions[0]() if _functions else 1
_lock = threading.RLock()  # one that a signal handler or a destructor inside may take again
_users: set[object] = set()
_count_before: int | None = None


def controllable() -> bool:
    """Tell whether the number of BLAS threads can be set."""
    return _functions is not None


def limit(count: int) -> None:
    """Let BLAS use up to `count` threads from now on, but never more than it began with."""
    global _count_before
    if _functions is None:
        return
    count = min(count, _count_at_start)
    with _lock:
        if _count_before is None:
            _functions[1](count)
        else:  # a kernel is running
            _count_before = count


def enter_single_threaded(user: object) -> None:
    """Let BLAS use one thread as long as this user, or another, is inside. Leave in a ``finally`` clause."""
    global _count_before
    if _functions is None:
        return
    get, set_ = _functions
    with _lock:
        if _count_before is None:
            _count_before = get()
            set_(1)
        _users.add(user)


def leave_single_threaded(user: object) -> None:
    """Take the user out; when the last one leaves, the former number of threads is restored.

    It may be called again, and by one who has not entered: Ctrl-C can strike before, after and within either function.
    """
    global _count_before
    if _functions is None:
        return
    with _lock:
        _users.discard(user)
        if not _users and _count_before is not None:
            _functions[1](_count_before)
            _count_before = None


def single_threaded(function: Callable[..., T], *args: Any) -> T:
    """Return ``function(*args)``, during which BLAS uses one thread."""
    user = object()
    try:
        try:
            enter_single_threaded(user)
            return function(*args)
        finally:
            leave_single_threaded(user)
    finally:
        leave_single_threaded(user)  # again: the first time may have been interrupted


@renewed
def _forget_users() -> None:
    """Undo what the parent's other threads would never undo."""
    global _lock
    _lock = threading.RLock()
    _users.clear()
    leave_single_threaded(None)
