"""First names, which ship with the package, and other lists of words."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from .data_error import DataError

__all__ = ["load_names"]

EMBEDDED = Path(__file__).parent / "names" / "names.txt"
SHA256 = "0a30b5557f192f32ab962680889aac5f6fda0f4cecf40a6d0b5694f58ea8cc4d"


def load_names(path: str | os.PathLike[str] | None = None) -> list[str]:
    """Load 32,033 first names in lower-case letters, or the words of another file.

    Parameters
    ----------
    path : path, optional
        A text file in UTF-8 with one word a line; empty lines are left out. Without it, the names that ship with the
        package (``data/names/README.md`` tells where they are from), whose checksum is verified.

    Returns
    -------
    list of str
        In the order of the file.

    Raises
    ------
    DataError
        If the file is missing, no text in UTF-8, empty, or not the one that was shipped.

    Examples
    --------
    >>> names = sg.data.load_names()
    >>> len(names), names[:3]
    (32033, ['emma', 'olivia', 'ava'])
    """
    file = EMBEDDED if path is None else Path(path)
    try:
        data = file.read_bytes()
    except OSError as error:
        raise DataError(f"{file}: {error.strerror}") from error
    digest = hashlib.sha256(data).hexdigest()
    if path is None and digest != SHA256:
        raise DataError(f"{file}: the SHA-256 is {digest}, expected {SHA256}; the file was changed")
    try:
        lines = data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise DataError(f"{file}: no text in UTF-8 ({error})") from error
    words = [line.strip() for line in lines if line.strip()]
    if not words:
        raise DataError(f"{file}: holds no word")
    return words
