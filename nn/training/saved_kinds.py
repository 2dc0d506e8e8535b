"""Whether the values of a saved state are of the kinds that a training works with, before any is taken over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

LONGEST = 80
# What there may be none of yet, though a training that has begun already has it.
OPTIONAL = ("best", "correct", "kept")


def check_same_kinds(own: Any, given: Any, path: str = "it", exact: bool = True) -> None:
    """Refuse a state in which something is of another kind than in a present one: a text for a number, for example.

    Parameters
    ----------
    own : dict, list, number, text, array or None
        The present state. What is None there may be anything.
    given : same
        The saved one.
    path : str
        Where it stands, for the message.
    exact : bool, default True
        Whether whole numbers must stay whole, and lists as long as they are.

    Raises
    ------
    ValueError
        Names the place, what is there and what was expected.
    """
    if own is None or (given is None and path.rpartition(".")[2] in OPTIONAL):
        return
    if not _same_kind(own, given, exact):
        raise ValueError(f"{path} is {_short(given)}, expected something like {_short(own)}")
    if isinstance(own, Mapping):
        for name in own.keys() & given.keys():
            check_same_kinds(own[name], given[name], f"{path}.{name}" if path != "it" else name, exact)
    elif isinstance(own, list | tuple):
        for i, (mine, other) in enumerate(zip(own, given, strict=False)):
            check_same_kinds(mine, other, f"{path}.{i}", exact)


def _same_kind(own: Any, given: Any, exact: bool) -> bool:
    if isinstance(own, Mapping):
        return isinstance(given, Mapping)
    if isinstance(own, list | tuple):
        return isinstance(given, list | tuple) and (not exact or len(own) == len(given))
    if isinstance(own, bool | str):
        return type(given) is type(own)
    if isinstance(own, np.ndarray):
        # Whole numbers are counts, and none of them can be negative.
        return isinstance(given, np.ndarray) and not (own.dtype.kind == "i" and bool((given < 0).any()))
    if isinstance(own, int | np.integer):
        return type(given) is int and given >= 0 if exact else type(given) in (int, float)
    return type(given) in (int, float)


def _short(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype} {value.shape}"
    text = repr(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
