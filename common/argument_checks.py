"""Checks of arguments that several folders share."""

from __future__ import annotations

from typing import Any

import numpy as np


def check_fraction(owner: str, name: str, value: Any) -> float:
    """Check a number from 0 to 1 and return it as a float.

    Parameters
    ----------
    owner, name : str
        The class or function, and its argument; for the message.
    value : number
        What was given.

    Raises
    ------
    TypeError, ValueError
        If it is no number, or not from 0 to 1.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise TypeError(f"{owner}: {name} must be a number from 0 to 1, got {value!r}")
    if not 0.0 <= value <= 1.0:
        raise ValueError(f"{owner}: {name} must be from 0 to 1, got {value!r}")
    return float(value)
