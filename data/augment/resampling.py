"""Reading images at positions between their pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def bilinear_sample(images: NDArray[Any], rows: NDArray[Any], columns: NDArray[Any], fill: float = 0.0) -> NDArray[Any]:
    """Return what each image shows at the given positions, interpolated between the four nearest pixels.

    Parameters
    ----------
    images : numpy.ndarray of shape (n, height, width, channels)
        Floating-point images.
    rows, columns : numpy.ndarray of shape (n, out_height, out_width)
        Where to look in each image, in pixels: (0, 0) is the centre of the top left one.
    fill : float, default 0
        What is to be seen outside the image; its border blends into it over one pixel.

    Returns
    -------
    numpy.ndarray of shape (n, out_height, out_width, channels)
    """
    n, height, width, channels = images.shape
    # One pixel of `fill` before and two behind: positions clipped to this frame have all four neighbours.
    framed = np.full((n, height + 3, width + 3, channels), fill, images.dtype)
    framed[:, 1:-2, 1:-2] = images
    pixels = framed.reshape(-1, channels)
    stride = width + 3

    row, column = np.clip(rows + 1, 0, height + 1), np.clip(columns + 1, 0, width + 1)
    top, left = np.floor(row), np.floor(column)
    down, right = (row - top)[..., np.newaxis], (column - left)[..., np.newaxis]
    corner = (top.astype(np.int32) * np.int32(stride) + left.astype(np.int32)).astype(np.intp)
    corner += (np.arange(n) * framed[0, ..., 0].size)[:, np.newaxis, np.newaxis]

    # Shifting the pixels rather than the positions keeps one array of positions for all four neighbours.
    upper = _between(pixels, pixels[1:], corner, right)
    lower = _between(pixels[stride:], pixels[stride + 1 :], corner, right)
    lower -= upper
    lower *= down
    lower += upper
    return lower


def _between(a: NDArray[Any], b: NDArray[Any], index: NDArray[np.intp], share: NDArray[Any]) -> NDArray[Any]:
    """Return ``a[index] * (1 - share) + b[index] * share``."""
    start = a.take(index, axis=0)
    result = b.take(index, axis=0)
    result -= start
    result *= share
    result += start
    return result


def pixel_grid(height: int, width: int, dtype: Any) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the row and the column of every pixel, of shapes ``(height, 1)`` and ``(1, width)``."""
    return np.arange(height, dtype=dtype)[:, np.newaxis], np.arange(width, dtype=dtype)[np.newaxis]
