"""Install the interpreter of small arrays, and have it compiled by another process if that was not done yet.

Compiling takes as long as many thousand runs of a program. So nobody waits for it: programs run in NumPy, and go over
to the interpreter when it is there. What was compiled is kept on disk, so that this happens once on a machine.
"""

from __future__ import annotations

import atexit
import importlib.util
import sys
import threading
from time import monotonic
from typing import Any

from ...common.fork import renewed
from ...common.seam import quicker
from .. import resources
from .kernels import blas, numba_use

_NAME = "compiled_interpreter"
_COMPILE = "import importlib, sys; sys.path[:] = {path!r}; importlib.import_module({name!r})"

#: Seconds between two looks whether it is there.
PAUSE = 0.2

_lock = threading.Lock()
_compiler: Any = None  # its process
_loaded: Any = None
_next_look = 0.0


@renewed
def _renew() -> None:
    global _lock
    _lock = threading.Lock()


def install() -> None:
    """Let programs find the interpreter."""
    quicker["compiled_interpreter"] = compiled_interpreter


def compiled_interpreter() -> Any:
    """Return the interpreter if it is there; else begin to compile it elsewhere, and return None."""
    global _loaded, _next_look
    if not resources.compiling:
        return None
    if _loaded is None and monotonic() >= _next_look:
        with _lock:
            if _loaded is None:
                _loaded = _look()
                _next_look = monotonic() + PAUSE
    return _loaded


def _look() -> Any:
    """Return the interpreter if it was compiled and kept."""
    if blas.sgemm is None or importlib.util.find_spec("numba") is None:
        return None
    from .kernels.compiled_cache import begins, is_kept  # here, since it loads Numba

    if is_kept(_NAME, "interpret"):
        work = numba_use.compiled(_NAME)
        return None if work is None else work.interpret
    if _compiler is not None:
        _compiler.poll()
    elif begins(_NAME):
        _begin()
    return None


def _begin() -> None:
    """Let another process compile it; should that fail, programs go on in NumPy."""
    global _compiler
    package = numba_use.__name__.rpartition(".")[0]
    code = _COMPILE.format(path=sys.path, name=f"{package}.{_NAME}")
    import subprocess  # which takes long to load

    quiet: Any = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
    try:
        _compiler = subprocess.Popen([sys.executable, "-c", code], **quiet)
    except OSError:
        return
    atexit.register(_leave)


def _leave() -> None:
    """Let the process that compiles go on alone."""
    if _compiler is not None and _compiler.poll() is None:
        _compiler.returncode = 0
