"""An array as a small picture: its numbers, if they are few, or else a heat map; images as images."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ....common.heat_map import address_of, averaged, levels_of, palette
from ....common.quiet import quiet
from .readable import short

#: Arrays of up to so many rows and columns show their numbers.
_LONGEST = 6

#: The largest kernel of a convolution; larger square parameters of four axes are images.
_KERNEL = 11

#: The largest number of rows and columns of a heat map that is drawn square by square.
_COARSE_ROWS, _COARSE_COLUMNS = 8, 16

#: In points: the height of a row of numbers and its font, the gap between columns, about the side of a heat map.
ROW_HEIGHT, NUMBER_FONT, _GAP, _SIDE = 15, 11, 9, 84

#: Widths of the characters of numbers in Helvetica, as shares of the font's size; all others are as wide as a digit.
_NARROW = {".": 0.278, "-": 0.333, "i": 0.222, "f": 0.278}

_BLOCKS = " ▁▂▃▄▅▆▇█"


@dataclass
class Grid:
    """A picture of an array.

    Attributes
    ----------
    numbers : list of list of str
        The numbers, row by row; empty for a heat map.
    levels : ndarray of uint8, shape (rows, columns)
        The colours of a heat map, as places in a palette.
    is_image : bool
        Whether they are ink on paper, and not signed numbers.
    shows : str
        Which part of the array it is, if it is not all of it.
    narrowest : float
        The least width of a number, in points, if others will stand there.
    """

    numbers: list[list[str]] = field(default_factory=list)
    levels: npt.NDArray[np.uint8] = field(default_factory=lambda: np.zeros((0, 0), np.uint8))
    is_image: bool = False
    shows: str = ""
    narrowest: float = 0.0

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in points."""
        if self.numbers:
            return sum(self.column_widths), ROW_HEIGHT * len(self.numbers)
        rows, columns = self.levels.shape
        square = min(max(_SIDE // max(rows, columns), 3), 12)
        return square * columns, square * rows

    @property
    def column_widths(self) -> list[int]:
        """The width of each column of numbers, in points."""
        return [round(max(self.narrowest, *map(text_width, column)) + _GAP) for column in zip(*self.numbers)]

    @property
    def text(self) -> str:
        """The numbers in one line."""
        rows = [f"[{', '.join(row)}]" for row in self.numbers]
        return rows[0] if len(rows) == 1 else f"[{', '.join(rows)}]" if rows else ""

    def squares(self) -> list[list[str]]:
        """Return the colours of a coarse picture, row by row."""
        colors = ["#" + bytes(color).hex() for color in palette(self.is_image)]
        rows, columns = (_places(n, most) for n, most in zip(self.levels.shape, (_COARSE_ROWS, _COARSE_COLUMNS)))
        return [[colors[level] for level in row] for row in self.levels[np.ix_(rows, columns)].tolist()]

    def image(self) -> str:
        """Return the address that holds the heat map itself, as a PNG file."""
        return address_of(self.levels, palette(self.is_image))


def grid(data: Any, kind: str = "result", is_gradient: bool = False) -> Grid | None:
    """Return the picture of an array; None for a single number, and for what is no array of numbers.

    Parameters
    ----------
    data : array_like
        Of an array of more than two axes, the first image and channel are shown.
    kind : str
        What the array is: the weight of a convolution, ``(kh, kw, in_channels, out_channels)``, is a parameter; what is
        given may be images, which have no negative numbers.
    is_gradient : bool
        Whether it is the gradient of that, which is no image.
    """
    array = np.asarray(data)
    if array.size < 2 or array.dtype.kind not in "biuf":
        return None
    if is_written(array.shape):
        shape = _matrix_shape(array.shape)
        return Grid([[short(x, 4) for x in row] for row in array.reshape(shape).tolist()])
    matrix, shows = _first_matrix(array.astype(np.float64), kind)
    given = not (is_gradient or kind == "result" or shows.endswith("kernel"))
    is_image = given and array.ndim > 2 and bool((matrix >= 0).all())
    return Grid(levels=levels_of(averaged(matrix), is_image), is_image=is_image, shows=shows)


def matrix_places(shape: tuple[int, ...], kind: str) -> npt.NDArray[np.intp]:
    """Return which elements of an array, counted in C order, stand in the rows and columns of its picture."""
    places = np.arange(int(np.prod(shape, dtype=np.int64))).reshape(shape)
    if is_written(shape):
        return places.reshape(_matrix_shape(shape))
    return _first_matrix(places, kind)[0].astype(np.intp)


def is_written(shape: tuple[int, ...]) -> bool:
    """Return whether the picture of an array shows its numbers."""
    long = [n for n in shape if n > 1]
    return len(long) <= 2 and max(long) <= _LONGEST


def text_width(number: str) -> float:
    """Return the width of a number, in points."""
    return NUMBER_FONT * sum(_NARROW.get(c, 0.556) for c in number)


def _matrix_shape(shape: tuple[int, ...]) -> tuple[int, int]:
    """Return rows and columns of an array with at most two axes that are longer than 1; a vector is a row."""
    if len(shape) == 2:
        return shape[0], shape[1]
    rows, *columns = [n for n in shape if n > 1]
    return (rows, columns[0]) if columns else (1, rows)


def _first_matrix(array: npt.NDArray[Any], kind: str) -> tuple[npt.NDArray[Any], str]:
    """Return the matrix that is shown of an array, and in words which it is."""
    if array.ndim <= 2:
        return np.atleast_2d(array), ""
    if kind == "parameter" and array.ndim == 4 and array.shape[0] == array.shape[1] <= _KERNEL:
        return array[:, :, 0, 0], "first kernel" if array[0, 0].size > 1 else ""
    parts = []
    if array.ndim > 3:
        parts += ["first image"] if array[..., :, :, :].size > array[(0,) * (array.ndim - 3)].size else []
        array = array[(0,) * (array.ndim - 3)]
    if array.shape[-1] > 1:
        parts.append("first channel")
    return array[..., 0], ", ".join(parts)


def _places(n: int, most: int) -> npt.NDArray[np.intp]:
    """Return which of ``n`` rows are shown if there is room for ``most``."""
    return np.linspace(0, n - 1, min(n, most)).round().astype(np.intp)


def sparkline(data: Any) -> str:
    """Return a long vector as blocks of different height, for text; empty for other arrays."""
    array = np.asarray(data)
    if array.size <= _LONGEST or array.size != max(array.shape) or array.dtype.kind not in "biuf":
        return ""
    row = averaged(array.reshape(1, -1).astype(np.float64))[0]
    finite = row[np.isfinite(row)]
    low, high = (finite.min(), finite.max()) if finite.size else (0.0, 0.0)
    with quiet():
        share = (row - low) / (high - low) if high > low else np.full(row.shape, 0.5)
    return "".join(_BLOCKS[round(x * (len(_BLOCKS) - 1))] if np.isfinite(x) else "?" for x in share.tolist())
