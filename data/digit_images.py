"""Bringing any picture of a digit into the form of MNIST's images, for networks that were trained on these.

The steps are those that MNIST itself was made with (http://yann.lecun.com/exdb/mnist/): the digit is scaled,
keeping its proportions, to fit a box of 20 by 20 pixels, and the box is placed in 28 by 28 pixels so that the
centre of mass of the ink is in the middle. Before that, ink is separated from paper.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ..common.quiet import quiet
from .data_error import DataError

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["prepare_digit", "read_picture"]

Array = NDArray[Any]

SIDE, BOX = 28, 20
MIDDLE = 14.5  # where the centres of mass of MNIST's images are, on both axes: the middle of pixel 14
LARGEST_PICTURE = 1 << 26  # pixels
ORIENTATION = 0x0112  # the tag in EXIF
# Pillow reads many more formats, whose decoders are old and seldom used.
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM")
WORKING_SIDE = 256  # larger pictures are reduced to this before the ink is looked for
LEAST_CONTRAST = 0.06  # between ink and paper, of the range from black to white
LEAST_STROKE = 1.6  # pixels in the box; MNIST's strokes are 2 to 3 wide
NO_DIGIT = "no digit found: nothing in the picture stands out from its background"
FREE_FRAME = 0.9  # least share of the picture's border that is paper; with less, strokes touch the border
MOST_GRAIN = 0.2  # largest variation of lightness that counts as the grain of the paper
SPECK = 0.04  # a piece with a smaller share of the largest piece's ink is removed


def prepare_digit(image: Image | Array) -> NDArray[np.float32]:
    """Bring a picture of one digit into the form of an MNIST image.

    Dark on light or light on dark, of any size and colour; light that falls off evenly across the picture,
    transparent paper, small specks and thin strokes are taken care of.

    Parameters
    ----------
    image : PIL.Image.Image or numpy.ndarray
        An array has shape ``(height, width)`` or ``(height, width, channels)`` with 1 (grey), 3 (red, green, blue)
        or 4 (and opacity) channels: whole numbers over the range of their dtype, as uint8 from 0 to 255, or
        floats from 0 to 1.

    Returns
    -------
    numpy.ndarray of shape (28, 28, 1), float32
        From 0 (paper) to 1 (ink).

    Raises
    ------
    DataError
        If there is no digit: nothing stands out from the background. Also for pictures that are too large, of
        another shape, or with numbers out of range.

    Examples
    --------
    >>> page = np.full((300, 200), 255, np.uint8)  # white paper
    >>> page[50:250, 90:110] = 0  # a one
    >>> digit = sg.data.prepare_digit(page)
    >>> digit.shape, float(digit.max()), np.flatnonzero(digit.max(axis=(1, 2))).tolist() == list(range(4, 24))
    ((28, 28, 1), 1.0, True)
    """
    grey = _grey(image if isinstance(image, np.ndarray) else _pixels(image))
    ink = _without_specks(_ink(_reduced(grey)))
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    digit = _thickened(ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
    scale = BOX / max(digit.shape)
    height, width = (max(1, round(side * scale)) for side in digit.shape)
    small = _resize(height, digit.shape[0]) @ digit @ _resize(width, digit.shape[1]).T
    return _centred(small / small.max()).astype(np.float32)[:, :, np.newaxis]


def read_picture(source: str | os.PathLike[str] | BinaryIO) -> Image:
    """Read an image file completely, turned upright as its EXIF orientation says.

    Parameters
    ----------
    source : path or binary file

    Raises
    ------
    DataError
        If it is no PNG, JPEG, BMP, GIF, TIFF, WebP or PPM image, broken, or of more than 67 million pixels.
    FileNotFoundError
        If there is no such file.
    ImportError
        If Pillow is not installed.
    """
    try:
        from PIL import Image
    except ImportError as error:
        raise ImportError("reading images needs Pillow: pip install pillow") from error
    name = os.fspath(source) if isinstance(source, str | os.PathLike) else "the image"
    try:
        with Image.open(source, formats=FORMATS) as file:
            if file.width * file.height > LARGEST_PICTURE:
                raise DataError(f"{name}: {file.height} by {file.width} pixels is too large")
            file.load()
            return _upright(file)
    except (DataError, FileNotFoundError, PermissionError, IsADirectoryError):
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError) as error:
        raise DataError(f"{name}: too large ({error})") from None
    except Exception as error:  # the decoders' errors for broken files are of many kinds
        raise DataError(f"{name}: cannot be read as an image ({error})") from error


def _upright(picture: Image) -> Image:
    """Return a copy, turned as the EXIF orientation says, if it can be read."""
    from PIL import ImageOps

    try:
        if picture.getexif().get(ORIENTATION, 1) != 1:
            return ImageOps.exif_transpose(picture)
    except Exception:  # of many kinds, too; the pixels were read all the same
        pass
    return picture.copy()


def _pixels(image: Image) -> Array:
    """Return a Pillow image's pixels as grey, RGB or RGBA."""
    if image.width * image.height > LARGEST_PICTURE:
        raise DataError(f"a picture of {image.height} by {image.width} pixels is too large")
    if image.mode.startswith("I"):  # 16 bits; mode I holds them in 32
        return np.clip(np.asarray(image), 0, 65535).astype(np.uint16)
    if image.mode == "F":
        return np.asarray(image)
    transparent = "A" in image.mode or "a" in image.mode or "transparency" in image.info
    image = image.convert("RGBA" if transparent else "RGB")
    # A photograph has many pixels: reduce them before they become floats.
    return np.asarray(image.reduce(max(1, max(image.size) // (4 * WORKING_SIDE))))


def _grey(pixels: Array) -> Array:
    """Return lightness from 0 to 1, of shape ``(height, width)``."""
    channels = 1 if pixels.ndim == 2 else pixels.shape[2] if pixels.ndim == 3 else 0
    if channels not in (1, 3, 4) or pixels.size == 0:
        raise DataError(
            f"a picture must have shape (height, width) or (height, width, 1, 3 or 4 channels), got {pixels.shape}"
        )
    if pixels.shape[0] * pixels.shape[1] > LARGEST_PICTURE:
        raise DataError(f"a picture of {pixels.shape[0]} by {pixels.shape[1]} pixels is too large")
    if pixels.dtype.kind in "iu":
        pixels = pixels / np.float32(np.iinfo(pixels.dtype).max)
    elif pixels.dtype.kind not in "bf":
        raise DataError(f"a picture holds numbers, got dtype {pixels.dtype}")
    pixels = pixels.astype(np.float32, copy=False)
    if not ((pixels >= 0) & (pixels <= 1)).all():
        raise DataError("a picture of floats holds numbers from 0 to 1 (and uint8 from 0 to 255)")
    if channels == 1:
        return pixels.reshape(pixels.shape[:2])
    lightness: Array = pixels[..., :3] @ np.array([0.299, 0.587, 0.114], np.float32)  # luma of ITU-R BT.601
    if channels == 3:
        return lightness
    opacity = pixels[..., 3]
    # Transparent paper becomes white or black, whichever contrasts with the ink.
    paper = 1.0 if (lightness * opacity).sum() < 0.5 * opacity.sum() else 0.0
    return lightness * opacity + paper * (1 - opacity)


def _reduced(grey: Array) -> Array:
    """Average a large picture down to a size at which the next steps are quick."""
    # Average whole blocks first: the matrices below grow with the sides of the picture.
    step = max(grey.shape) // (4 * WORKING_SIDE)
    for axis, side in enumerate(grey.shape if step > 1 else ()):
        starts = np.arange(0, side, step)
        counts = np.diff(starts, append=side).astype(np.float32)
        grey = np.add.reduceat(grey, starts, axis=axis) / (counts if axis else counts[:, np.newaxis])
    scale = WORKING_SIDE / max(grey.shape)
    if scale >= 1:
        return grey
    height, width = (max(1, round(side * scale)) for side in grey.shape)
    return _resize(height, grey.shape[0]) @ grey @ _resize(width, grey.shape[1]).T


def _ink(grey: Array) -> Array:
    """Compute the ink, 0 (paper) to 1, from lightness of shape ``(height, width)``."""
    if np.ptp(grey) < LEAST_CONTRAST:
        raise DataError(NO_DIGIT)
    paper, light_paper = _first_guess(grey)
    for _ in range(2):
        shade = _paper_shade(grey, paper)
        # Ink absorbs a share of the paper's light, so divide; chalk adds light to a dark board, so subtract.
        strength = 1 - grey / np.maximum(shade, 0.1) if light_paper else grey - shade
        cut = _threshold(strength)
        paper = strength <= cut
    strong = strength[~paper]
    if cut <= 0 or strong.mean() - strength[paper].mean() < LEAST_CONTRAST:
        raise DataError(NO_DIGIT)
    full = np.percentile(strong, 75)
    faint = 0.3 * cut  # keeps the grey edges of strokes, removes the grain of the paper
    return np.clip((strength - faint) / (full - faint), 0, 1)


def _first_guess(grey: Array) -> tuple[NDArray[np.bool_], bool]:
    """Guess which pixels are paper, and whether it is lighter than the ink."""
    frame = np.ones(grey.shape, bool)
    height, width = (max(1, side // 12) for side in grey.shape)
    frame[height:-height, width:-width] = False
    difference = grey - _paper_shade(grey, frame)
    grain = 4 * float(np.median(np.abs(difference[frame])))
    near = np.abs(difference) < min(max(grain, LEAST_CONTRAST), MOST_GRAIN)
    if near[frame].mean() > FREE_FRAME and not near.all():
        return near, bool(difference[~near].sum() < 0)
    # Strokes touch the border: paper is the shade of most of the border and most of the picture.
    light = grey > _threshold(grey)
    border = np.concatenate([light[0], light[-1], light[:, 0], light[:, -1]])
    light_paper = bool(border.mean() + light.mean() > 1)
    return light == light_paper, light_paper


def _paper_shade(grey: Array, paper: Array) -> Array:
    """Fit the paper's lightness, which falls off across a photograph, also where ink covers it."""
    rows, columns = (np.linspace(-1, 1, side, dtype=np.float32) for side in grey.shape)
    y, x = np.meshgrid(rows, columns, indexing="ij")
    surface = np.stack([np.ones_like(grey), y, x, y * x], axis=-1)
    shade: Array = surface @ np.linalg.lstsq(surface[paper], grey[paper], rcond=None)[0]
    return shade


def _threshold(values: Array) -> float:
    """Split values into low and high where the two groups' variance between them is largest (Otsu, 1979)."""
    counts, edges = np.histogram(values, bins=128)
    centres = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)[:-1]
    above = values.size - below
    total = np.cumsum(counts * centres)
    with quiet():
        between = below * above * (total[:-1] / below - (total[-1] - total[:-1]) / above) ** 2
    return float(edges[1 + int(np.argmax(np.nan_to_num(between)))])


def _without_specks(ink: Array) -> Array:
    """Clear small pieces of ink that are not connected with the large ones."""
    labels = _pieces(ink > 0.2)
    mass = np.bincount(labels.ravel(), weights=ink.ravel())
    mass[0] = 0
    kept: Array = np.where((mass >= SPECK * mass.max())[labels] & (labels > 0), ink, 0)
    # Faint edges belong to the stroke that they touch.
    edges: Array = np.where(_widened((kept > 0).astype(ink.dtype), 1) > 0, ink, 0)
    return edges


def _pieces(mask: Array) -> NDArray[np.int64]:
    """Number the connected pieces (corners connect, too) of a mask from 1; 0 elsewhere."""
    height, width = mask.shape
    # A list, because single elements of arrays are slow to read; its border of zeros spares checks of the position.
    flat: list[int] = np.pad(np.where(mask, -1, 0), 1).ravel().tolist()
    row = width + 2
    neighbours = (-row - 1, -row, -row + 1, -1, 1, row - 1, row, row + 1)
    found = 0
    for start in range(len(flat)):
        if flat[start] != -1:
            continue
        found += 1
        flat[start] = found
        todo = [start]
        while todo:
            place = todo.pop()
            for step in neighbours:
                if flat[place + step] == -1:
                    flat[place + step] = found
                    todo.append(place + step)
    return np.array(flat).reshape(height + 2, row)[1:-1, 1:-1]


def _thickened(ink: Array) -> Array:
    """Widen strokes that would all but vanish in a box of 20 by 20 pixels."""
    solid = np.pad(ink > 0.5, 1)
    edge = int((solid[1:] != solid[:-1]).sum() + (solid[:, 1:] != solid[:, :-1]).sum())
    if edge == 0:
        return ink
    # A long stroke of width w and length n has area w n and an edge of about 2 n.
    width = 2 * solid.sum() / edge
    radius = round((LEAST_STROKE * max(ink.shape) / BOX - width) / 2)
    return _widened(np.pad(ink, radius), radius) if radius > 0 else ink


def _widened(ink: Array, radius: int) -> Array:
    """Replace each pixel by the largest within ``radius`` rows and columns."""
    for axis in (0, 1):
        padded = np.pad(ink, [(radius, radius) if i == axis else (0, 0) for i in (0, 1)])
        ink = np.lib.stride_tricks.sliding_window_view(padded, 2 * radius + 1, axis=axis).max(axis=-1)
    return ink


def _resize(new: int, old: int) -> Array:
    """Return the matrix ``(new, old)`` that averages (or interpolates, if ``new`` is larger) along an axis."""
    scale = old / new
    centres = (np.arange(new) + 0.5) * scale - 0.5
    distance = np.abs(centres[:, np.newaxis] - np.arange(old))
    # When reducing, a new pixel is the mean of the old ones that it covers; those at its edges count in part.
    weights = np.clip(scale / 2 + 0.5 - distance, 0, 1) if scale > 1 else np.clip(1 - distance, 0, 1)
    matrix: Array = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    return matrix


def _centred(digit: Array) -> Array:
    """Place a digit in 28 by 28 pixels with its centre of mass in the middle."""
    out = np.zeros((SIDE, SIDE), digit.dtype)
    corner = []
    for axis, size in enumerate(digit.shape):
        mass = digit.sum(axis=1 - axis)
        centre = float((mass * (np.arange(size) + 0.5)).sum() / mass.sum())
        corner.append(min(max(round(MIDDLE - centre), 0), SIDE - size))
    top, left = corner
    out[top : top + digit.shape[0], left : left + digit.shape[1]] = digit
    return out
