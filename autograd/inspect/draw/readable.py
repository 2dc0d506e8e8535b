"""Numbers and arrays in few characters, for the boxes of a drawing."""

from __future__ import annotations

import math
import re
import unicodedata
from typing import Any

import numpy as np
import numpy.typing as npt

from ....common.plain_data import is_complex

_LONGEST_NAME = 120

#: Arrays of up to so many elements are written in full where all of their numbers are asked for.
_IN_FULL = 64


def exact(data: Any) -> str:
    """Return a number in full; an empty text for an array of several numbers."""
    if isinstance(data, (float, int)):
        return repr(float(data))
    return str(np.asarray(data).reshape(())[()]) if np.size(data) == 1 else ""


def in_full(data: Any) -> str:
    """Return a number or a small array in full, a larger array as its dtype, shape and statistics."""
    if 1 < np.size(data) <= _IN_FULL:
        return repr(np.asarray(data).tolist())
    return exact(data) if np.size(data) == 1 else ", ".join([f"{data.dtype} {data.shape}", *statistics(data)])


def short(x: Any, digits: int = 6) -> str:
    """Return a number rounded to some significant digits, always with a point or an exponent.

    Parameters
    ----------
    x : number or array of one element
    digits : int
    """
    given: Any = np.asarray(x).reshape(())[()]
    if is_complex(given):
        return f"{complex(given):.{digits}g}"
    number = float(given)
    if not math.isfinite(number):
        return repr(number)
    text = f"{number or 0.0:.{digits}g}"  # without the sign of -0.0
    return text if re.search(r"[.e]", text) else text + ".0"


def number_text(data: Any) -> str:
    """Return a constant inside an operation, as a user writes it: ``3`` rather than ``3.0``."""
    array = np.asarray(data)
    if array.size > 1:
        return small_array(array)
    return short(array).removesuffix(".0")


def describe(data: Any) -> list[str]:
    """Return the lines that describe a number, or an array by dtype, shape and extremes."""
    if np.size(data) == 1:
        return [short(data)]
    return [f"{data.dtype} {data.shape}", *extremes(data)]


def extremes(data: npt.NDArray[Any]) -> list[str]:
    """Return a line with the extremes of an array, and one that counts elements that are not finite."""
    return [line.partition(", mean")[0] for line in statistics(data)]


def statistics(data: npt.NDArray[Any]) -> list[str]:
    """Return the same with the mean; of complex numbers, those of their absolute values."""
    if data.size == 0:
        return ["empty"]
    finite, sizes = data[np.isfinite(data)], ""
    if is_complex(finite):
        finite, sizes = np.abs(finite), "sizes "
    finite = finite.astype(np.float64)
    lines = []
    if finite.size:
        low, mean, high = (short(f(finite), 3) for f in (np.min, np.mean, np.max))
        lines = [f"{sizes}{low} … {high}, mean {mean}" if low != high else f"all {sizes}{low}"]
    if finite.size < data.size:
        lines.append(f"{data.size - finite.size:,} not finite")
    return lines


def small_array(data: Any, limit: int = 6) -> str:
    """Return up to ``limit`` numbers as they are, a larger array as its shape."""
    array = np.asarray(data)
    if array.size == 1:
        return short(array)
    if 0 < array.size <= limit:
        few: Any = dict.fromkeys(("float_kind", "complex_kind"), lambda x: short(x, 4))
        text = np.array2string(array, separator=", ", formatter=few)
        return re.sub(r"\s+", " ", text)
    return f"array of shape {array.shape}"


def number_range(data: Any) -> str:
    """Return a number, the one number that all elements of an array are, or the smallest and the largest."""
    array = np.asarray(data)
    if not array.size:
        return "empty"
    if is_complex(array):
        return short(array.flat[0]) if np.all(array == array.flat[0]) else extremes(array)[0]
    low, high = array.min(), array.max()
    return short(low) if low == high or low != low else f"{short(low, 3)} … {short(high, 3)}"


def printable(text: str) -> str:
    """Return text that every output format can hold: control characters are escaped, long texts are cut."""
    return shortened(escaped(text), _LONGEST_NAME)


def escaped(text: str) -> str:
    """Return text of any length with escaped control characters."""
    return "".join(c if c == "\n" or _is_printable(c) else f"\\x{ord(c):02x}" for c in text.replace("\t", " "))


def wrapped(text: str, width: int) -> list[str]:
    """Return a text as lines of at most ``width`` characters, broken after spaces, dots, commas or underscores."""
    lines = []
    for line in text.split("\n"):
        while len(line) > width:
            places = [m.end() for m in re.finditer(r"[\s.,_]", line[:width])]
            end = places[-1] if places and places[-1] > width // 3 else width
            lines.append(line[:end])
            line = line[end:]
        lines.append(line)
    return lines


def shortened(text: str, most: int) -> str:
    """Return a text of at most ``most`` characters, with an ellipsis in the place of the rest."""
    return text if len(text) <= most else text[: most - 1] + "…"


def _is_printable(character: str) -> bool:
    """Return whether XML can hold the character and readers can see it."""
    return unicodedata.category(character) not in ("Cc", "Cs", "Cn", "Zl", "Zp")
