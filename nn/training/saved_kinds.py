"""Check the types in a saved state against those of the present state, before any value is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

LONGEST_TEXT = 80
# Names under which a saved state may hold None although the present one holds a value.
OPTIONAL = ("best", "correct", "kept")


def check_same_kinds(own: Any, given: Any, path: str = "it", exact: bool = True) -> None:
    """Refuse a saved state in which a value has another type than in the present state, such as a text for a number.

    Parameters
    ----------
    own : dict, list, number, text, array or None
        The present state. Where it is None, the saved value may be anything.
    given : same
        The saved state.
    path : str
        Where the value stands in the state, for the message.
    exact : bool, default True
        Whether integers must stay integers, and lists keep their length.

    Raises
    ------
    ValueError
        If a type differs; the message names the place, the value and what was expected.
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
        # Integers are counts here, and a count is not negative.
        return isinstance(given, np.ndarray) and not (own.dtype.kind == "i" and bool((given < 0).any()))
    if isinstance(own, int | np.integer):
        return type(given) is int and given >= 0 if exact else type(given) in (int, float)
    return type(given) in (int, float)


def _short(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype} {value.shape}"
    text = repr(value)
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}..."
