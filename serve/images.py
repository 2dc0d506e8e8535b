"""From the body of a request to the image that the model takes."""

from __future__ import annotations

import io
import json
import struct
from typing import Any

import numpy as np
import numpy.typing as npt
from starlette.exceptions import HTTPException

from ..data import prepare_digit
from .prediction import IMAGE_SHAPE

Array = npt.NDArray[Any]

# A PNG file starts with this signature and a chunk IHDR: its length, its name, width, height.
PNG_START = struct.Struct(">8s4s4sII")
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
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
    from PIL import Image

    if len(body) < PNG_START.size or not body.startswith(PNG_SIGNATURE):
        raise HTTPException(BAD_REQUEST, "the body is not a PNG image")
    _, _, _, width, height = PNG_START.unpack_from(body)
    if width * height > most_pixels:
        raise HTTPException(TOO_LARGE, f"the image has {width} x {height} pixels; at most {most_pixels:,} are accepted")
    try:
        picture = Image.open(io.BytesIO(body), formats=["PNG"])
        picture.load()
    except Exception as error:  # damaged files make Pillow raise nearly every kind of exception
        raise HTTPException(BAD_REQUEST, f"the PNG image is damaged: {error}") from error
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
    try:
        pixels = np.asarray(content["pixels"])
    except (ValueError, OverflowError, RecursionError) as error:
        raise HTTPException(NOT_A_DIGIT, "the rows of pixels differ in length") from error
    if pixels.shape not in (IMAGE_SHAPE, IMAGE_SHAPE[:2]):
        raise HTTPException(NOT_A_DIGIT, f"expected 28 rows of 28 pixels, got an array of shape {pixels.shape}")
    if pixels.dtype.kind not in "iuf":
        raise HTTPException(NOT_A_DIGIT, "pixels are numbers from 0 to 1")
    outside = ~((pixels >= 0) & (pixels <= 1))  # also what is not a number
    if outside.any():
        raise HTTPException(NOT_A_DIGIT, f"pixels are numbers from 0 to 1, one is {pixels[outside][0]:g}")
    return pixels.astype(np.float32).reshape(IMAGE_SHAPE)
