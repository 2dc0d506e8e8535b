"""Reading IDX files: what is right comes back whole, what is wrong is one clear error."""

from __future__ import annotations

import gzip
import hashlib
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from seegrad.data import DataError, read_idx, write_idx

IMAGES = np.arange(5 * 4 * 3, dtype=np.uint8).reshape(5, 4, 3)
DTYPES = [np.uint8, np.int8, np.int16, np.int32, np.float32, np.float64]


def idx_bytes(array: np.ndarray = IMAGES) -> bytes:
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    return header + array.astype(np.uint8).tobytes()


def write(folder: Path, content: bytes, name: str = "images-idx3-ubyte.gz") -> Path:
    (folder / name).write_bytes(content)
    return folder / name


@pytest.mark.parametrize("name", ["images-idx3-ubyte", "images-idx3-ubyte.gz"])
@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_content_decides_whether_a_file_is_gzipped(tmp_path, name, compress):
    array = read_idx(write(tmp_path, compress(idx_bytes()), name))
    assert array.dtype == np.uint8
    assert np.array_equal(array, IMAGES)
    assert array.flags.writeable


def test_gzip_of_several_members_is_one_file(tmp_path):
    content = idx_bytes()
    path = write(tmp_path, gzip.compress(content[:20]) + gzip.compress(content[20:]))
    assert np.array_equal(read_idx(path), IMAGES)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    array=st.sampled_from(DTYPES).flatmap(
        lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=5))
    ),
    suffix=st.sampled_from(["", ".gz"]),
)
def test_round_trip(tmp_path, array, suffix):
    path = tmp_path / f"array{suffix}"
    write_idx(path, array)
    back = read_idx(path)
    assert back.dtype == array.dtype
    assert back.dtype.isnative
    assert back.tobytes() == array.tobytes()
    assert back.shape == array.shape


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.one_of(st.binary(max_size=60), st.binary(max_size=60).map(lambda tail: idx_bytes()[:6] + tail)))
def test_random_bytes_never_escape_as_another_error(tmp_path, content):
    for packed in (content, gzip.compress(content), b"\x1f\x8b\x08" + content):
        path = write(tmp_path, packed)
        try:
            array = read_idx(path)
        except DataError:
            continue
        assert len(content) == 4 + 4 * array.ndim + array.nbytes


@pytest.mark.parametrize("cut", range(0, len(gzip.compress(idx_bytes(), mtime=0)), 3))
def test_gzip_cut_anywhere(tmp_path, cut):
    path = write(tmp_path, gzip.compress(idx_bytes(), mtime=0)[:cut])
    with pytest.raises(DataError, match=path.name):
        read_idx(path)


@pytest.mark.parametrize("cut", range(0, len(idx_bytes()), 5))
def test_plain_file_cut_anywhere(tmp_path, cut):
    path = write(tmp_path, idx_bytes()[:cut], "images-idx3-ubyte")
    with pytest.raises(DataError, match=path.name):
        read_idx(path)


def flipped(content: bytes, position: int) -> bytes:
    return content[:position] + bytes([content[position] ^ 0xFF]) + content[position + 1 :]


GOOD = gzip.compress(idx_bytes(), mtime=0)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (gzip.compress(b"", mtime=0), "empty"),
        (flipped(GOOD, -8 % len(GOOD)), "damaged gzip.*CRC"),
        (flipped(GOOD, -1 % len(GOOD)), "damaged gzip"),
        (flipped(GOOD, len(GOOD) // 2), "damaged gzip"),
        (GOOD + b"trailing junk", "damaged gzip"),
        (GOOD + GOOD, "more follows"),
        (idx_bytes() + b"x", "more follows"),
        (gzip.compress(idx_bytes() + b"x", mtime=0), "more follows"),
        (b"<!DOCTYPE html><title>404 Not Found</title>", "web page"),
        (b"\n  <html>", "web page"),
        (b"PK\x03\x04 a zip file", "not an IDX file"),
        (b"\0\0\x07\x01\0\0\0\0", "not an IDX file"),
        (b"\0\0\x08\x00", "not an IDX file"),
        (b"\0\0\x08", "not an IDX file"),
        (b"\0\0\x08\x03\0\0\0\x01", "within its header"),
    ],
)
def test_broken_content(tmp_path, content, message):
    path = write(tmp_path, content)
    with pytest.raises(DataError, match=f"{path.name}.*{message}"):
        read_idx(path)


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
@pytest.mark.parametrize("lengths", [(2**32 - 1,) * 3, (2**31, 2, 1), (60_000, 28, 28), (6, 4, 3)])
def test_a_header_that_promises_too_much_allocates_nothing(tmp_path, compress, lengths):
    path = write(tmp_path, compress(struct.pack(">I3I", 0x803, *lengths) + IMAGES.tobytes()))
    tracemalloc.start()
    with pytest.raises(DataError, match=path.name):
        read_idx(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4e6


def test_a_compressed_file_that_expands_without_end_meets_the_limit(tmp_path):
    path = write(tmp_path, gzip.compress(struct.pack(">2I", 0x801, 10**7) + bytes(10**7)))
    with pytest.raises(DataError, match="max_bytes"):
        read_idx(path, max_bytes=10**6)
    assert read_idx(path).shape == (10**7,)


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
@pytest.mark.parametrize("lengths", [(1,) * 65, (0,) * 65, (1,) * 255, (0, *[2**32 - 1] * 3), (2**32 - 1,) * 5 + (0,)])
def test_shapes_that_no_array_can_have(tmp_path, compress, lengths):
    size = int(0 not in lengths)
    content = struct.pack(f">4B{len(lengths)}I", 0, 0, 8, len(lengths), *lengths) + bytes(size)
    path = write(tmp_path, compress(content))
    with pytest.raises(DataError, match=f"{path.name}: (holds an array of|no array can have)"):
        read_idx(path)


def test_a_header_that_promises_the_impossible_is_refused_in_a_sentence(tmp_path):
    path = write(tmp_path, struct.pack(">4B64I", 0, 0, 8, 64, *[2**32 - 1] * 64))
    with pytest.raises(DataError, match=r"promises more than 2\*\*63 bytes") as caught:
        read_idx(path)
    assert len(str(caught.value)) < 400 + len(str(path))


def test_as_many_dimensions_as_an_array_can_have(tmp_path):
    path = write(tmp_path, struct.pack(">4B64I", 0, 0, 8, 64, *[1] * 64) + b"\7")
    assert read_idx(path).shape == (1,) * 64


def test_wrong_number_of_dimensions_names_the_magic(tmp_path):
    with pytest.raises(DataError, match=r"3 dimensions, expected 1 .*00000803"):
        read_idx(write(tmp_path, idx_bytes()), ndim=1)


def test_checksum_is_of_the_uncompressed_file(tmp_path):
    path = write(tmp_path, GOOD)
    read_idx(path, sha256=hashlib.sha256(idx_bytes()).hexdigest())
    with pytest.raises(DataError, match="SHA-256"):
        read_idx(path, sha256="0" * 64)


def test_missing_file_and_folder_instead_of_file(tmp_path):
    with pytest.raises(DataError, match="absent.*no such file"):
        read_idx(tmp_path / "absent")
    with pytest.raises(DataError, match="cannot be read"):
        read_idx(tmp_path)


def test_write_refuses_what_idx_cannot_hold(tmp_path):
    with pytest.raises(TypeError, match="int64"):
        write_idx(tmp_path / "x", np.arange(3))
    with pytest.raises(ValueError, match="1 or more dimensions"):
        write_idx(tmp_path / "x", np.uint8(3))
    assert not (tmp_path / "x").exists()
