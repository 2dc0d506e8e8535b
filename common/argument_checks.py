"""Checks of arguments that several folders share."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np


def checked_count(name: str, value: Any, minimum: int = 1) -> int:
    """Return an integer argument as an ``int``.

    Parameters
    ----------
    name : str
        The name of the argument in messages, such as ``"Linear: in_features"``.
    value : int
        The argument.
    minimum : int, default 1
        The smallest that is allowed.

    Raises
    ------
    TypeError
        If it is not an integer; ``True`` and ``1.0`` are not.
    ValueError
        If it is less than ``minimum``.
    """
    try:
        if isinstance(value, (bool, np.bool_)):
            raise TypeError
        count = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be an integer, got {value!r}") from None
    if count < minimum:
        raise ValueError(f"{name} must be at least {minimum}, got {count}")
    return count


def checked_fraction(name: str, value: Any) -> float:
    """Return an argument from 0 to 1 as a ``float``.

    Parameters
    ----------
    name : str
        The name of the argument in messages, such as ``"Dropout: p"``.
    value : number
        The argument.

    Raises
    ------
    TypeError
        If it is not a number.
    ValueError
        If it is not from 0 to 1.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise TypeError(f"{name} must be a number from 0 to 1, got {value!r}")
    if not 0.0 <= value <= 1.0:
        raise ValueError(f"{name} must be from 0 to 1, got {value!r}")
    return float(value)
