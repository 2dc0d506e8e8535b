"""Checks of numbers, arrays and labels that several files of this folder share."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .data_error import DataError

ROWS_AT_ONCE = 4096


def checked_number(name: str, value: Any, low: float = -np.inf, high: float = np.inf) -> float:
    """Return `value` as a ``float``; it must be finite and lie in [`low`, `high`].

    Raises
    ------
    TypeError
        If `value` is not a real number.
    ValueError
        If it is outside the range.
    """
    if isinstance(value, (bool, str, complex)) or not np.isscalar(value):
        raise TypeError(f"{name} must be a number, got {value!r}")
    number = float(value)  # type: ignore[arg-type]  # np.isscalar tells mypy nothing
    if not (np.isfinite(number) and low <= number <= high):
        raise ValueError(f"{name} must be a finite number in [{low:g}, {high:g}], got {number:g}")
    return number


def checked_range(name: str, value: tuple[float, float], low: float = -np.inf) -> tuple[float, float]:
    """Return `value` as two numbers, the smaller first; both must be at least `low`.

    Raises
    ------
    TypeError, ValueError
        If it is no such pair.
    """
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        raise TypeError(f"{name} must be a pair (smallest, largest), got {value!r}")
    first, last = (checked_number(name, number, low) for number in value)
    if first > last:
        raise ValueError(f"{name} must be a pair (smallest, largest), got {value!r}")
    return first, last


def unmasked(name: str, values: Any) -> Any:
    """Return `values`, unless it is a masked array, whose masked numbers would be learned from.

    Raises
    ------
    TypeError
        Says what to write instead.
    """
    if isinstance(values, np.ma.MaskedArray):
        raise TypeError(
            f"{name} is a masked array, which would lose its mask: write {name}.filled(value), or leave the masked "
            "examples out"
        )
    return values


def numeric_array(name: str, values: Any) -> NDArray[Any]:
    """Return `values` as an array of numbers (memory-mapped arrays stay on disk).

    Raises
    ------
    TypeError
        If the values are not real numbers, for example strings or objects, or masked.
    """
    try:
        array = np.asarray(unmasked(name, values))
    except ValueError as error:
        raise TypeError(f"{name} is not an array: its rows differ in shape ({error})") from error
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} must hold real numbers, got an array of dtype {array.dtype}{_of_texts(array)}")
    return array


def _of_texts(array: NDArray[Any]) -> str:
    """Return how texts become numbers; empty if the array cannot hold any."""
    if array.dtype.kind not in "OUST":
        return ""
    return "; a column of texts becomes numbers by names, numbers = np.unique(column, return_inverse=True)"


def check_finite(name: str, array: NDArray[Any]) -> None:
    """Refuse NaN and infinity, naming the first example that holds one.

    Raises
    ------
    DataError
        With the position of the first such value and how many examples are affected.
    """
    if array.dtype.kind != "f":
        return
    bad: list[int] = []
    for start in range(0, len(array), ROWS_AT_ONCE):
        finite = np.isfinite(array[start : start + ROWS_AT_ONCE])
        if not finite.all():
            rows = np.flatnonzero(~finite.reshape(len(finite), -1).all(axis=1))
            bad.extend((rows + start).tolist())
    if bad:
        where = np.argwhere(~np.isfinite(np.atleast_1d(array[bad[0]])))[0].tolist() if array.ndim > 1 else []
        position = ", ".join(map(str, [bad[0], *where]))
        value = array[(bad[0], *where)]
        raise DataError(
            f"{name}[{position}] is {value}: NaN and infinity cannot be learned from "
            f"({len(bad)} of {len(array)} examples affected); seegrad.data.clean removes such examples"
        )


def checked_labels(name: str, labels: Any, classes: int | None = None) -> NDArray[np.int64]:
    """Return `labels` as int64 of shape ``(n,)``, each in ``[0, classes)``.

    Raises
    ------
    TypeError
        If they are not integers.
    DataError
        If the shape is not ``(n,)`` or a label is out of range; the message names the first.
    """
    array = np.asarray(unmasked(name, labels))
    if array.dtype.kind not in "iu" and array.size:
        hint = _of_texts(array) or f"; use {name}.astype(np.int64)"
        raise TypeError(f"{name} must be integers, got dtype {array.dtype}{hint}")
    if array.ndim != 1:
        raise DataError(f"{name} must have shape (n,), got {array.shape}")
    outside = array < 0 if classes is None else (array < 0) | (array >= classes)
    if outside.any():
        first = int(np.argmax(outside))
        expected = "0 or more" if classes is None else f"0 to {classes - 1}"
        raise DataError(f"{name}[{first}] is {array[first]}; labels must be {expected}")
    return array.astype(np.int64)
