"""Numbers and arrays in few characters, for the boxes of a drawing."""

from __future__ import annotations

import math
import re
import unicodedata
from typing import Any

import numpy as np
import numpy.typing as npt

from ....common.quiet import quiet

#: The largest number of rows and columns of squares in the picture of an array.
HEAT_ROWS, HEAT_COLUMNS = 8, 16

#: From low to high; grows evenly lighter, so it also reads in grey and with any colour vision (after cividis,
#: Nunez, Anderton and Renslow 2018).
HEAT_COLORS = ("#00224e", "#123570", "#3b496c", "#575d6d", "#707173", "#8a8678", "#a59c74", "#c3b369", "#fee838")
NOT_FINITE = "#d55e00"

_LONGEST_NAME = 120


def exact(data: Any) -> str:
    """Return a number in full; an empty text for an array of several numbers."""
    if isinstance(data, (float, int)):
        return repr(float(data))
    return str(np.asarray(data).reshape(())[()]) if np.size(data) == 1 else ""


def short(x: Any, digits: int = 6) -> str:
    """Return a number rounded to some significant digits, always with a point or an exponent.

    Parameters
    ----------
    x : number or array of one element
    digits : int
    """
    number = float(np.asarray(x).reshape(())[()])
    if not math.isfinite(number):
        return repr(number)
    text = f"{number:.{digits}g}"
    return text if re.search(r"[.e]", text) else text + ".0"


def describe(data: Any) -> list[str]:
    """Return the lines that describe a number, or an array by dtype, shape and statistics."""
    if np.size(data) == 1:
        return [short(data)]
    return [f"{data.dtype} {data.shape}", *statistics(data)]


def statistics(data: npt.NDArray[Any]) -> list[str]:
    """Return a line with the extremes and the mean of an array, and one that counts elements that are not finite."""
    if data.size == 0:
        return ["empty"]
    finite = data[np.isfinite(data)].astype(np.float64)
    lines = []
    if finite.size:
        low, mean, high = (short(f(finite), 3) for f in (np.min, np.mean, np.max))
        lines = [f"{low} … {high}, mean {mean}" if low != high else f"all {low}"]
    if finite.size < data.size:
        lines.append(f"{data.size - finite.size:,} not finite")
    return lines


def small_array(data: Any, limit: int = 6) -> str:
    """Return up to ``limit`` numbers as they are, a larger array as its shape."""
    array = np.asarray(data)
    if array.size == 1:
        return short(array)
    if 0 < array.size <= limit:
        return np.array2string(array, separator=", ", formatter={"float_kind": lambda x: short(x, 4)}).replace("\n", "")
    return f"array of shape {array.shape}"


def heat(data: Any, kernel: bool = False) -> list[list[str]]:
    """Return the colours of a small picture of an array, row by row; no rows for a single number.

    Parameters
    ----------
    data : array_like
        Of an array of more than two axes, the first image and channel are shown.
    kernel : bool
        Whether the array is the weight of a convolution, ``(kh, kw, in_channels, out_channels)``.
    """
    array = np.asarray(data)
    if array.size < 2 or array.dtype.kind not in "biuf":
        return []
    image = _smaller(_as_image(array.astype(np.float64), kernel))
    finite = image[np.isfinite(image)]
    low, high = (finite.min(), finite.max()) if finite.size else (0.0, 0.0)
    steps = len(HEAT_COLORS)
    with quiet():
        level = (image - low) / (high - low) * steps if high > low else np.full(image.shape, steps / 2)
    return [
        [HEAT_COLORS[min(int(v), steps - 1)] if math.isfinite(v) else NOT_FINITE for v in row] for row in level.tolist()
    ]


def _as_image(array: npt.NDArray[Any], kernel: bool) -> npt.NDArray[Any]:
    if kernel and array.ndim == 4:
        return array[:, :, 0, 0]
    while array.ndim > 3:
        array = array[0]
    if array.ndim == 3:
        array = array[..., 0]
    return np.atleast_2d(array)


def _smaller(image: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Average blocks of neighbours to at most ``HEAT_ROWS`` by ``HEAT_COLUMNS`` squares."""
    for axis, most in ((0, HEAT_ROWS), (1, HEAT_COLUMNS)):
        n = image.shape[axis]
        if n > most:
            starts = np.arange(most) * n // most
            sizes = np.diff([*starts.tolist(), n])
            total = np.add.reduceat(image, starts, axis)
            image = total / (sizes[:, None] if axis == 0 else sizes)
    return image


def sparkline(data: Any) -> str:
    """Return a picture of one row as blocks of different height, for text."""
    colors = heat(data)
    blocks = dict(zip(HEAT_COLORS, " ▁▂▃▄▅▆▇█"))
    return "".join(blocks.get(color, "?") for color in colors[0]) if len(colors) == 1 else ""


def printable(text: str) -> str:
    """Return text that every output format can hold: control characters are escaped, long texts are cut."""
    shown = "".join(c if c == "\n" or _is_printable(c) else f"\\x{ord(c):02x}" for c in text.replace("\t", " "))
    return shortened(shown, _LONGEST_NAME)


def shortened(text: str, most: int) -> str:
    """Return a text of at most ``most`` characters, with an ellipsis in the place of the rest."""
    return text if len(text) <= most else text[: most - 1] + "…"


def _is_printable(character: str) -> bool:
    """Return whether XML can hold the character and readers can see it."""
    return unicodedata.category(character) not in ("Cc", "Cs", "Cn", "Zl", "Zp")
