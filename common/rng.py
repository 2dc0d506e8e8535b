"""The library's source of randomness: one default generator, replaceable by a seed.

A forked process has a copy of it, and so draws the same numbers as its parent, as with NumPy and PyTorch.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

# In quotes, and the default generator is made at its first use, because importing numpy.random takes time.
Seed: TypeAlias = "int | np.random.Generator | None"

_default: np.random.Generator | None = None


def manual_seed(seed: int) -> None:
    """Set the default generator, which everything random uses when it is given no ``seed``.

    Parameters
    ----------
    seed : int
        The same seed gives the same numbers.

    Notes
    -----
    A forked process draws the numbers that its parent draws. Where they must differ, as for the dropout masks of
    several workers, each worker calls this with a seed of its own, such as ``seed + rank``.

    Examples
    --------
    >>> sg.manual_seed(0)
    """
    global _default
    _default = np.random.default_rng(seed)


def default_rng(seed: Seed = None) -> np.random.Generator:
    """Turn a seed into a generator.

    Parameters
    ----------
    seed : int, numpy.random.Generator or None
        An integer starts a new generator, a generator is used as it is, None means the library's
        default generator (see :func:`manual_seed`).

    Returns
    -------
    numpy.random.Generator
    """
    global _default
    if seed is not None:
        return np.random.default_rng(seed)
    if _default is None:
        _default = np.random.default_rng()
    return _default
