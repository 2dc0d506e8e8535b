"""Comparing a saved state with what a model has, so that one error can list all that does not fit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def check_state(owner: str, own: Mapping[str, Array], given: Mapping[str, Array], strict: bool) -> None:
    """Refuse a state that does not fit its owner.

    Parameters
    ----------
    owner : str
        Whose state it is, for the message.
    own, given : mapping of str to numpy.ndarray
        The owner's present state, which says what is wanted, and the one to load.
    strict : bool
        Whether names may be missing or too many.

    Raises
    ------
    ValueError
        Lists every missing and unexpected name, every wrong shape and dtype.
    """
    problems = []
    if strict:
        problems += [f"missing: {name} {_describe(own[name])}" for name in own if name not in given]
        problems += [f"unexpected: {name} {_describe(given[name])}" for name in given if name not in own]
    for name in own:
        if name in given and (own[name].shape != given[name].shape or own[name].dtype != given[name].dtype):
            problems.append(f"mismatch: {name} is {_describe(own[name])}, given {_describe(given[name])}")
    if problems:
        raise ValueError(
            f"this state does not fit the {owner} ({len(problems)} "
            f"{'problem' if len(problems) == 1 else 'problems'}); nothing was loaded\n  " + "\n  ".join(problems)
        )


def _describe(array: Array) -> str:
    return f"{np.dtype(array.dtype).name} {array.shape}"
