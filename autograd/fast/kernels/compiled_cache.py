"""Where the machine code that Numba makes is kept.

Numba compiles a function anew if its own file has changed, but not if another one has from which it took a helper or a
constant. So the code is kept in a folder that is named by all that may be in it: the text of the kernels, and what is
known of BLAS. And Numba believes what it reads: so a folder with a file that cannot be read is removed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from time import time
from typing import Any

import numba

from ....common.warning import warn
from . import blas

#: Seconds after which another process may begin what one has begun.
TURN = 300.0

_HERE = Path(__file__).parent
_config: Any = numba.config


def kept(compile: Callable[[bool], Any]) -> Any:
    """Return ``compile(True)``, where that is whether compiled code is kept; or what replaces it if that fails.

    If kept code is damaged, which can show itself as any exception, all of it is removed and made anew. If it cannot
    be kept (the disk is full), ``compile(False)`` is as good, but has to be done by each process.
    """
    folder, before = _folder(), _config.CACHE_DIR
    _config.CACHE_DIR = str(folder)
    try:
        return compile(True)
    except Exception as error:
        shutil.rmtree(folder, ignore_errors=True)
        reason = error
    finally:
        _config.CACHE_DIR = before
    made = compile(False)  # if it is not the folder's fault, this raises
    warn(
        f"compiled code in {folder} could not be read or written ({type(reason).__name__}: {reason}); the folder was "
        "removed, and what is needed is compiled anew"
    )
    return made


def is_kept(module: str, function: str) -> bool:
    """Return whether the code of a function is kept."""
    return any(_folder().glob(f"*/{module}.{function}-*.nbi"))


def begins(module: str) -> bool:
    """Return whether it is this process's turn to compile a module: no other has begun in the last minutes."""
    mark = _folder() / f"{module}.begun"
    try:
        mark.parent.mkdir(parents=True, exist_ok=True)
        if mark.exists() and time() - mark.stat().st_mtime < TURN:
            return False
        mark.touch()
    except OSError:  # what cannot be kept is not worth compiling
        return False
    return True


@lru_cache(maxsize=1)
def _folder() -> Path:
    """Return where to keep code: beside the sources, if that can be written to, or with the user's other caches."""
    digest = hashlib.sha256(repr(blas.sgemm and blas.sgemm[1]).encode())
    for source in sorted(_HERE.glob("*.py")):
        digest.update(source.read_bytes())
    name, beside = f"seegrad-{digest.hexdigest()[:16]}", _HERE / "__pycache__"
    if _config.CACHE_DIR:
        return Path(_config.CACHE_DIR) / name
    if not os.access(_HERE, os.W_OK):
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / name
    for stale in beside.glob("seegrad-*"):  # of an earlier text
        if stale.name != name:
            shutil.rmtree(stale, ignore_errors=True)
    return beside / name
