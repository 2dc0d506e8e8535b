"""A matrix as a small picture: cool below 0 and warm above, or ink on paper."""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np
import numpy.typing as npt

from .quiet import quiet

Levels = npt.NDArray[np.uint8]
#: Red, green and blue, each from 0 to 255, and the opacity if there is a fourth.
Colors = list[tuple[int, ...]]

#: The largest number of rows and columns: larger matrices are averaged.
FINE = 28

#: From low to high; grows evenly lighter, so it also reads in grey and with any colour vision (after cividis,
#: Nunez, Anderton and Renslow 2018). The middle stands for 0.
_ANCHORS = ("#00224e", "#123570", "#3b496c", "#575d6d", "#707173", "#8a8678", "#a59c74", "#c3b369", "#fee838")
_PAPER, _INK = (255, 255, 255), (20, 24, 32)
_NOT_FINITE = (213, 94, 0)
_LEVELS = 33  # colours; the level after the last one stands for what is not finite

#: What is shown on a page, light or dark, fades from these to nothing at 0.
_NEGATIVE, _POSITIVE, _GREY = (50, 130, 200), (224, 110, 50), (128, 128, 128)

#: The longest side in pixels of a picture that stands alone, and of one of several; the largest square.
LARGE, SMALL, _SQUARE = 252, 84, 16


def heat_map(matrix: npt.ArrayLike, is_image: bool = False, largest: float | None = None, side: int = LARGE) -> str:
    """Return a matrix as an image in HTML.

    Blue below 0, orange above, grey where it is not finite, and nothing at 0, so that it suits light and dark pages. It
    is an image rather than a drawing, since notebooks that are not trusted yet show no others.

    Parameters
    ----------
    matrix : array_like, shape (rows, columns)
        Numbers; a larger one is averaged to 28 rows and columns.
    is_image : bool
        Whether they are ink on paper, and not signed numbers.
    largest : float, optional
        The magnitude at the ends of the colours; by default the largest of the matrix.
    side : int
        The longest side of the image, in pixels.

    Examples
    --------
    >>> from seegrad.common.heat_map import heat_map
    >>> heat_map([[1.0, -1.0], [0.0, np.nan]]).startswith('<img alt="heat map" width="32" height="32" ')
    True
    """
    levels = levels_of(averaged(np.asarray(matrix, np.float64)), is_image, largest)
    square = max(min(side // max(levels.shape), _SQUARE), 1)
    one = np.ones((_SQUARE if len(levels) == 1 else square, square), np.uint8)  # a vector is a strip
    pixels = np.kron(levels, one)
    height, width = pixels.shape
    look = "image-rendering:pixelated;max-width:none;border:1px solid rgba(128,128,128,.4)"
    size = f'width="{width}" height="{height}"'
    address = address_of(pixels, palette(True) if is_image else _fading())
    return f'<img alt="heat map" {size} style="{look}" src="{address}"/>'


def averaged(matrix: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Average blocks of neighbours to at most ``FINE`` squares a side."""
    for axis, n in enumerate(matrix.shape):
        if n > FINE:
            starts = np.arange(FINE) * n // FINE
            sizes = np.diff([*starts.tolist(), n])
            total = np.add.reduceat(matrix, starts, axis)
            matrix = total / (sizes[:, None] if axis == 0 else sizes)
    return matrix


def levels_of(matrix: npt.NDArray[np.float64], is_image: bool, largest: float | None = None) -> Levels:
    """Return places in the palette: 0 stands in its middle, or for paper at its beginning."""
    finite = np.isfinite(matrix)
    if largest is None:
        largest = float(np.abs(matrix[finite]).max(initial=0.0))
    with quiet():
        share = matrix / (largest or 1.0) if is_image else (matrix / (largest or 1.0) + 1.0) / 2
        levels = np.clip(np.rint(share * (_LEVELS - 1)), 0, _LEVELS - 1)
    return np.where(finite, levels, _LEVELS).astype(np.uint8)


def palette(is_image: bool) -> Colors:
    """Return the colours of the levels where there is a background of their own."""
    anchors = [_PAPER, _INK] if is_image else [tuple(bytes.fromhex(color[1:])) for color in _ANCHORS]
    places = np.linspace(0, len(anchors) - 1, _LEVELS)
    mixed = np.stack([np.interp(places, range(len(anchors)), channel) for channel in zip(*anchors)], axis=1)
    return [*map(tuple, np.rint(mixed).astype(int).tolist()), _NOT_FINITE]


def _fading() -> Colors:
    """Return the colours of signed levels on a page of any colour."""
    strengths = np.rint(np.linspace(-255, 255, _LEVELS)).astype(int).tolist()
    return [*((*(_POSITIVE if strength > 0 else _NEGATIVE), abs(strength)) for strength in strengths), (*_GREY, 255)]


def address_of(levels: Levels, colors: Colors) -> str:
    """Return the address that holds a picture itself, as a PNG file."""
    return "data:image/png;base64," + base64.b64encode(_png(levels, colors)).decode()


def _png(levels: Levels, colors: Colors) -> bytes:
    """Return a picture as a PNG file with a palette."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    used, places = np.unique(levels, return_inverse=True)
    height, width = levels.shape
    listed = [colors[level] for level in used.tolist()]
    solid = b"".join([bytes(color[:3]) for color in listed])
    opacity = bytes(color[3] for color in listed if len(color) > 3)
    rows = np.concatenate([np.zeros((height, 1), np.uint8), places.reshape(levels.shape).astype(np.uint8)], axis=1)
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    content = zlib.compress(rows.tobytes(), 9)
    parts = [(b"IHDR", header), (b"PLTE", solid), (b"tRNS", opacity), (b"IDAT", content)]
    chunks = [chunk(kind, data) for kind, data in parts if data]
    return b"\x89PNG\r\n\x1a\n" + b"".join([*chunks, chunk(b"IEND", b"")])
