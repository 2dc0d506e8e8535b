"""Reading and writing IDX files, the format that MNIST and its relatives come in.

An IDX file is a big-endian header followed by the values: two zero bytes, one byte for the type of the
values, one for the number of dimensions, then one unsigned 32-bit integer per dimension.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ..common.atomic_file import write_atomically
from .data_error import DataError

__all__ = ["read_idx", "write_idx"]

DTYPE_OF_CODE = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
GZIP_MAGIC = b"\x1f\x8b"
# Deflate cannot shrink data by more than this factor (https://zlib.net/zlib_tech.html, "Maximum Compression
# Factor").
DEFLATE_LIMIT = 1032
CHUNK_BYTES = 1 << 20
MOST_DIMENSIONS = 64  # more a NumPy array cannot have


def read_idx(
    path: str | os.PathLike[str],
    *,
    ndim: int | None = None,
    sha256: str | None = None,
    max_bytes: int = 1 << 32,
) -> NDArray[Any]:
    """Read an IDX file, gzipped or not (its content decides, not its name).

    Memory grows with what the file really holds, never with what its header promises.

    Parameters
    ----------
    path : path
        The file.
    ndim : int, optional
        The number of dimensions that the caller wants; any other is an error.
    sha256 : str, optional
        The checksum, in hexadecimal, that the uncompressed file must have.
    max_bytes : int, default 4 GiB
        The largest array to accept, as a guard against compressed files that expand without end.

    Returns
    -------
    numpy.ndarray
        Of the shape and type that the header states, in the machine's byte order.

    Raises
    ------
    DataError
        If the file is missing, unreadable, truncated, corrupt, not IDX, followed by something else, or too large for
        the memory.
    """
    path = Path(path)
    digest = hashlib.sha256()
    with _clear_errors(path), open(path, "rb") as file:
        limit = os.fstat(file.fileno()).st_size
        compressed = file.peek(2)[:2] == GZIP_MAGIC
        if compressed:
            limit *= DEFLATE_LIMIT
        stream: IO[bytes] = gzip.GzipFile(fileobj=file) if compressed else file  # type: ignore[assignment]
        header, shape, dtype = _read_header(stream, path, ndim)
        size = dtype.itemsize
        for length in shape:
            size *= length
        if size > limit - len(header):
            promised = f"{size:,}" if size < 1 << 63 else "more than 2**63"
            raise DataError(
                f"{path}: the header promises {promised} bytes {shape!r:.200}, its file can hold at most {limit:,}"
            )
        if size > max_bytes:
            raise DataError(f"{path}: {size:,} bytes {shape} exceed the limit of {max_bytes:,}; raise max_bytes=")
        digest.update(header)
        payload = _read_payload(stream, path, size, digest)
        if sha256 is not None and digest.hexdigest() != sha256:
            raise DataError(f"{path}: the SHA-256 is {digest.hexdigest()}, expected {sha256}; the file was changed")
        return _as_array(payload, shape, dtype, path)


def write_idx(path: str | os.PathLike[str], array: Any) -> None:
    """Write an array as an IDX file; a name that ends in ``.gz`` makes it gzipped.

    Parameters
    ----------
    path : path
        The file, replaced if it exists.
    array : array_like
        Of dtype uint8, int8, int16, int32, float32 or float64, with at least one dimension.

    Raises
    ------
    TypeError
        If IDX has no code for the dtype.
    ValueError
        If the array has no dimensions, or one of 2**32 or more.
    """
    array = np.asarray(array)
    big_endian = array.dtype.newbyteorder(">")
    codes = {np.dtype(name): code for code, name in DTYPE_OF_CODE.items()}
    if big_endian not in codes:
        raise TypeError(f"IDX cannot hold {array.dtype}; convert to one of uint8, int8, int16, int32, float32, float64")
    if array.ndim == 0 or max(array.shape) >= 1 << 32:
        raise ValueError(f"IDX needs 1 or more dimensions, each below 2**32, got shape {array.shape}")
    content = bytes([0, 0, codes[big_endian], array.ndim]) + np.array(array.shape, ">u4").tobytes()
    content += array.astype(big_endian, copy=False).tobytes()
    if Path(path).suffix == ".gz":
        content = gzip.compress(content, mtime=0)
    write_atomically(path, content)


@contextmanager
def _clear_errors(path: Path) -> Iterator[None]:
    """Turn everything that reading a broken file can raise into a DataError that names it."""
    try:
        yield
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file") from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path}: damaged gzip file ({error}); fetch it again") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from error
    except MemoryError as error:
        raise DataError(f"{path}: too large for the memory of this machine") from error


def _read_header(stream: IO[bytes], path: Path, ndim: int | None) -> tuple[bytes, tuple[int, ...], np.dtype[Any]]:
    magic = stream.read(4)
    if not magic:
        raise DataError(f"{path}: the file is empty")
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in DTYPE_OF_CODE or magic[3] == 0:
        looks = " (it looks like a web page)" if magic.lstrip()[:1] == b"<" else ""
        raise DataError(f"{path}: not an IDX file, it starts with {magic!r}{looks}; expected 00 00 TYPE DIMENSIONS")
    if ndim is not None and magic[3] != ndim:
        raise DataError(
            f"{path}: holds an array of {magic[3]} dimensions, expected {ndim} (magic number {magic.hex()})"
        )
    if magic[3] > MOST_DIMENSIONS:
        raise DataError(f"{path}: holds an array of {magic[3]} dimensions, at most {MOST_DIMENSIONS} can be read")
    lengths = stream.read(4 * magic[3])
    if len(lengths) < 4 * magic[3]:
        raise DataError(f"{path}: ends within its header, after {4 + len(lengths)} of {4 + 4 * magic[3]} bytes")
    shape = tuple(np.frombuffer(lengths, ">u4").tolist())
    return magic + lengths, shape, np.dtype(DTYPE_OF_CODE[magic[2]])


def _read_payload(stream: IO[bytes], path: Path, size: int, digest: Any) -> bytearray:
    payload = bytearray()
    while len(payload) < size:
        chunk = stream.read(min(CHUNK_BYTES, size - len(payload)))
        if not chunk:
            raise DataError(f"{path}: holds {len(payload):,} bytes of values, its header promises {size:,}")
        digest.update(chunk)
        payload += chunk
    # Reading on past the last value is also what makes gzip verify its checksum.
    if stream.read(1):
        raise DataError(f"{path}: more follows after the {size:,} bytes that its header promises")
    return payload


def _as_array(payload: bytearray, shape: tuple[int, ...], dtype: np.dtype[Any], path: Path) -> NDArray[Any]:
    try:
        return np.frombuffer(payload, dtype).reshape(shape).astype(dtype.newbyteorder("="), copy=False)
    except ValueError as error:  # a length of 0 lets the others be larger than an array allows
        raise DataError(f"{path}: no array can have the shape {shape!r:.80} ({error})") from None
