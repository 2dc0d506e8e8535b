"""Images as rows of a CSV file: a label and the pixels."""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Iterator
from itertools import chain
from math import prod
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ..common.argument_checks import checked_count
from .data_checks import checked_number
from .data_error import DataError
from .dataset import ArrayDataset
from .idx import GZIP_MAGIC

__all__ = ["load_csv"]

# The table is read as float32, which holds every whole number up to here.
EXACT = 1 << 24
MOST_BLANK = 1000  # lines in a row
LONGEST_VALUE = 100  # characters, a column's name included


def load_csv(
    path: str | os.PathLike[str],
    shape: tuple[int, ...] = (28, 28, 1),
    *,
    label_column: int = 0,
    largest: float = 255.0,
    delimiter: str = ",",
    max_bytes: int = 1 << 32,
) -> ArrayDataset:
    """Read a CSV file with one image per line: its label and its pixels, row by row.

    Parameters
    ----------
    path : path
        The file, gzipped or not. A first line that is not numbers is taken as the header.
    shape : tuple of int, default (28, 28, 1)
        Of one example.
    label_column : int, default 0
        Where in a line the label stands; -1 is the end.
    largest : float, default 255
        What the brightest pixel is in the file; pixels are divided by it, which brings them to [0, 1].
    delimiter : str, default ","
        What separates the values.
    max_bytes : int, default 4 GiB
        The longest text to read, as a guard against compressed files that expand without end.

    Returns
    -------
    ArrayDataset
        With ``x`` float32 of shape ``(n, *shape)`` in [0, 1] and ``y`` int64 of shape ``(n,)``.

    Raises
    ------
    DataError
        If the file is missing, damaged, empty or too large, a line has another number of values, a pixel is not within
        0 and `largest`, or a label is not a whole number of at least 0. The message names the file and the line.
    """
    path = Path(path)
    shape = tuple(checked_count("each length of shape", length) for length in shape)
    largest = checked_number("largest", largest, 1e-30)
    columns = prod(shape) + 1
    if not -columns <= label_column < columns:
        raise ValueError(f"label_column must be within the {columns} columns, got {label_column}")
    try:
        table, header = _read_table(path, delimiter, max_bytes, columns * (LONGEST_VALUE + len(delimiter)))
    except DataError:
        raise
    except MemoryError as error:
        raise DataError(f"{path}: too large for the memory of this machine") from error
    except (EOFError, zlib.error, OSError) as error:
        raise DataError(f"{path}: cannot be read ({error})") from error
    except ValueError as error:
        raise DataError(f"{path}: not a table of numbers ({error})") from error
    if table.shape[1] != columns:
        raise DataError(f"{path}: lines of {table.shape[1]} values; a label and pixels {shape} make {columns}")
    labels = table[:, label_column]
    pixels = np.delete(table, label_column, axis=1)
    _refuse(path, header, ~((labels >= 0) & (labels < EXACT) & (labels == np.floor(labels))), "the label", labels)
    darkest, brightest = pixels.min(axis=1), pixels.max(axis=1)
    bad = ~((darkest >= 0) & (brightest <= largest))
    _refuse(path, header, bad, f"a pixel outside 0 to {largest:g}:", np.where(darkest >= 0, brightest, darkest))
    pixels /= np.float32(largest)
    return ArrayDataset(pixels.reshape(-1, *shape), labels.astype(np.int64))


def _read_table(path: Path, delimiter: str, most: int, longest: int) -> tuple[NDArray[np.float32], int]:
    """Return the numbers of the file and how many header lines precede them."""
    with open(path, "rb") as file:
        packed = file.peek(2)[:2] == GZIP_MAGIC
        stream: IO[Any] = gzip.GzipFile(fileobj=file) if packed else file  # type: ignore[assignment]
        lines = _lines(stream, path, most, longest)
        first = next(lines, "")
        header = 0 if _all_numbers(first, delimiter) else 1
        start = next(lines, "") if header else first
        if not start.strip():
            raise ValueError("no line of numbers")
        return np.loadtxt(chain([start], lines), np.float32, delimiter=delimiter, comments=None, ndmin=2), header


def _lines(stream: IO[bytes], path: Path, most: int, longest: int) -> Iterator[str]:
    """Yield the lines of a file, holding one at a time."""
    total = number = blank = 0
    while line := stream.readline(longest + 1):
        total, number, blank = total + len(line), number + 1, 0 if line.strip() else blank + 1
        if blank > MOST_BLANK:  # a small compressed file can hold so many that to read them takes hours
            raise DataError(f"{path}: line {number} and the {MOST_BLANK:,} before it are empty")
        if len(line) > longest:
            raise DataError(f"{path}: line {number} is longer than its values can be ({longest:,} bytes)")
        if total > most:
            raise DataError(f"{path}: its text exceeds the limit of {most:,} bytes; raise max_bytes=")
        yield line.decode("utf-8-sig")


def _all_numbers(line: str, delimiter: str) -> bool:
    try:
        [float(value) for value in line.split(delimiter)]
    except ValueError:
        return False
    return True


def _refuse(path: Path, header: int, bad: NDArray[np.bool_], what: str, values: NDArray[Any]) -> None:
    if bad.any():
        row = int(np.argmax(bad))
        raise DataError(f"{path}: line {row + header + 1}: {what} {values[row]:g} ({bad.sum()} such lines)")
