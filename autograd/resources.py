"""How many threads, how much memory and which compilers the engine may use.

What is asked for here is handed to those who registered: the kernels in ``fast``. Without them it changes nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..common.warning import warn

MAX_DEFAULT_THREADS = 4
_on_num_threads: list[Callable[[int], None]] = []
_on_release: list[Callable[[float], int]] = []

#: Whether functions may be compiled, or loaded from what was compiled before.
compiling: bool = True


def available_cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def default_num_threads() -> int:
    """Return the number of threads where seegrad itself is asked for none: NumPy's BLAS's, or else up to 4."""
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        asked = os.environ.get(name, "").split(",")[0].strip()  # OpenMP takes a list, for nested teams
        if asked.isdecimal() and int(asked):
            return min(int(asked), available_cores())
    return min(available_cores(), MAX_DEFAULT_THREADS)


def _asked_in_environment() -> int | None:
    asked = os.environ.get("SEEGRAD_NUM_THREADS", "").strip()
    if not asked or (asked.isdecimal() and int(asked)):
        return int(asked) if asked else None
    warn(f"SEEGRAD_NUM_THREADS is {asked!r}, which is no integer of at least 1, and is ignored")
    return None


#: What was asked for with `set_num_threads` or in the environment; None: nothing.
_num_threads = _asked_in_environment()


def register(on_num_threads: Callable[[int], None], on_release: Callable[[float], int]) -> None:
    """Register what follows `set_num_threads`, and what follows `release_memory` and returns its number of bytes."""
    _on_num_threads.append(on_num_threads)
    _on_release.append(on_release)
    if _num_threads is not None:
        on_num_threads(_num_threads)


def get_num_threads() -> int:
    """Return how many threads each kernel may use.

    That is what :func:`set_num_threads` was given; before, the number in the environment variable
    ``SEEGRAD_NUM_THREADS``; without it, that in ``OPENBLAS_NUM_THREADS`` or ``OMP_NUM_THREADS``, which NumPy's BLAS
    follows, too; without these, that of the cores that the process may use, but no more than 4.

    Examples
    --------
    >>> sg.set_num_threads(2)
    >>> sg.get_num_threads()
    2
    """
    return default_num_threads() if _num_threads is None else _num_threads


def set_num_threads(n: int) -> None:
    """Let each kernel, and NumPy's BLAS, use up to `n` threads (1: the calling thread alone).

    Results are reproducible for a given number of threads; another number may change the last digits of weight
    gradients, because partial sums are cut differently. The environment variable ``SEEGRAD_NUM_THREADS`` does the same
    from outside; :func:`get_num_threads` tells the number.

    Parameters
    ----------
    n : int

    Raises
    ------
    ValueError
        If `n` is not a positive integer.

    Examples
    --------
    >>> sg.set_num_threads(2)
    """
    global _num_threads
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise ValueError(f"set_num_threads: n is {n!r}; it must be an integer of at least 1")
    _num_threads = n
    for tell in _on_num_threads:
        tell(n)


def release_memory(idle: float = 0.0) -> int:
    """Give memory that is kept for the next step, and not in use now, back to the system.

    Large arrays live in buffers that are used again, since fresh memory is slow. All threads together keep up to
    512 MB of them. What a thread has not used for ten seconds is given back without being asked, as soon as another
    needs it or the threads that share the work have nothing to do.

    Parameters
    ----------
    idle : float
        Spare what threads have used within so many seconds; by default nothing.

    Returns
    -------
    int
        How many bytes were given back.

    Examples
    --------
    >>> freed = sg.release_memory()
    >>> sg.release_memory()
    0
    """
    return sum([release(idle) for release in _on_release])


@contextmanager
def no_compiling() -> Iterator[None]:
    """Compile nothing inside this block: for work that takes less time than to import a compiler."""
    global compiling
    before, compiling = compiling, False
    try:
        yield
    finally:
        compiling = before
