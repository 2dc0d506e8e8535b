"""From the body of a request to the image that the model takes."""

from __future__ import annotations

import io
import json
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
from starlette.exceptions import HTTPException

from ..data import prepare_digit
from .predictor import IMAGE_SHAPE

Array = npt.NDArray[Any]

NUMBERS = "pixels are numbers from 0 to 1"
BAD_REQUEST, TOO_LARGE, WRONG_TYPE, NOT_A_DIGIT = 400, 413, 415, 422


def read_image(content_type: str, body: bytes, most_pixels: int) -> Array:
    """Return the image in a request's body, as the model takes it.

    Parameters
    ----------
    content_type : str
        ``image/png``: a picture of any size and colour, which is centred and scaled as MNIST's were.
        ``application/json``: ``{"pixels": [[...], ...]}``, 28 rows of 28 numbers from 0 to 1 (ink), taken
        as they are.
    body : bytes
        PNG or JSON.
    most_pixels : int
        The largest width times height of a PNG.

    Returns
    -------
    numpy.ndarray, float32, shape (28, 28, 1)
        In [0, 1], ink is 1.

    Raises
    ------
    HTTPException
        400, 413, 415 or 422, with a message for the client.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "image/png":
        return _from_png(body, most_pixels)
    if kind == "application/json":
        return _from_json(body)
    raise HTTPException(
        WRONG_TYPE, f"send a Content-Type of image/png or application/json, not {kind[:80] or 'none'!r}"
    )


def _from_png(body: bytes, most_pixels: int) -> Array:
    from PIL.PngImagePlugin import PngImageFile

    try:
        picture = PngImageFile(io.BytesIO(body))  # reads the file up to the pixels, whose size is then known
        if picture.width * picture.height <= most_pixels:
            picture.load()
    except Exception as error:  # damaged files make Pillow raise nearly every kind of exception
        raise HTTPException(BAD_REQUEST, f"the body is not a PNG image, or is damaged: {error!s:.200}") from error
    if picture.width * picture.height > most_pixels:
        size = f"{picture.width} x {picture.height} pixels"
        raise HTTPException(TOO_LARGE, f"the image has {size}; at most {most_pixels:,} are accepted")
    try:
        return prepare_digit(picture)
    except ValueError as error:
        raise HTTPException(NOT_A_DIGIT, str(error)) from error


def _from_json(body: bytes) -> Array:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise HTTPException(BAD_REQUEST, f"the body is not JSON: {error}") from error
    if not isinstance(content, dict) or "pixels" not in content:
        raise HTTPException(BAD_REQUEST, 'expected {"pixels": [[...], ...]}')
    return _checked_pixels(content["pixels"])


def _checked_pixels(rows: Any) -> Array:
    """Return an image from 28 lists of 28 numbers, or of lists of one number; check all before an array is made."""
    side = IMAGE_SHAPE[0]
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise HTTPException(NOT_A_DIGIT, f"expected {side} rows of {side} pixels, as lists of numbers")
    lengths = {len(row) for row in rows}
    if len(lengths) > 1:
        raise HTTPException(NOT_A_DIGIT, "the rows of pixels differ in length")
    if len(rows) != side or lengths != {side}:
        shape = (len(rows), *lengths)
        raise HTTPException(NOT_A_DIGIT, f"expected {side} rows of {side} pixels, got an array of shape {shape}")
    values = list(chain.from_iterable(rows))
    if all(type(value) is list and len(value) == 1 for value in values):
        values = list(chain.from_iterable(values))
    if not set(map(type, values)) <= {int, float}:
        raise HTTPException(NOT_A_DIGIT, NUMBERS)
    try:
        pixels = np.array(values, np.float64)
    except OverflowError as error:
        raise HTTPException(NOT_A_DIGIT, NUMBERS) from error
    outside = ~((pixels >= 0) & (pixels <= 1))  # also true of NaN
    if outside.any():
        raise HTTPException(NOT_A_DIGIT, f"{NUMBERS}, one is {pixels[outside][0]:g}")
    return pixels.astype(np.float32).reshape(IMAGE_SHAPE)
