"""Images as rows of a CSV file."""

from __future__ import annotations

import gzip
import tracemalloc

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from seegrad.data import DataError, load_csv

GOOD = "label,a,b\n3,0,255\n1,51,102\n"


@pytest.fixture
def write(tmp_path):
    def write(content: str | bytes, name: str = "rows.csv"):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


@pytest.mark.parametrize(
    "content",
    [
        GOOD,
        GOOD.split("\n", 1)[1],
        GOOD.rstrip(),
        GOOD.replace("\n", "\r\n"),
        "\ufeff" + GOOD,
        "\ufeff" + GOOD.split("\n", 1)[1],
        gzip.compress(GOOD.encode(), mtime=0),
    ],
)
def test_header_or_not_any_line_ends_gzip_or_not(write, content):
    dataset = load_csv(write(content), (1, 2, 1))
    assert dataset.x.shape == (2, 1, 2, 1)
    assert dataset.x.dtype == np.float32
    assert np.allclose(dataset.x[:, 0, :, 0], [[0, 1], [0.2, 0.4]])
    assert dataset.y.tolist() == [3, 1]
    assert dataset.y.dtype == np.int64


def test_label_at_the_end_other_delimiter_and_range(write):
    dataset = load_csv(write("0;0.5;7\n"), (2,), label_column=-1, largest=1, delimiter=";")
    assert dataset.x.tolist() == [[0, 0.5]]
    assert dataset.y.tolist() == [7]
    assert load_csv(write("0,9,1\n"), (2,), label_column=1).y.tolist() == [9]


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pixels=hnp.arrays(np.uint8, st.tuples(st.integers(1, 5), st.just(6))), header=st.booleans())
def test_round_trip(write, pixels, header):
    lines = ["label," + ",".join("abcdef")] if header else []
    lines += [f"{row},{','.join(map(str, values))}" for row, values in enumerate(pixels)]
    dataset = load_csv(write("\n".join(lines)), (2, 3, 1))
    assert np.array_equal(np.rint(dataset.x.reshape(-1, 6) * 255), pixels)
    assert dataset.y.tolist() == list(range(len(pixels)))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "no line of numbers"),
        ("\n\n", "no line of numbers"),
        ("label,a,b\n", "no line of numbers"),
        (GOOD + "2,5\n", "not a table of numbers"),
        (GOOD + "2,5,x\n", "not a table of numbers.*'x'"),
        (GOOD + "2,5,\n", "not a table of numbers"),
        ("1,2,3,4\n", "4 values.* make 3"),
        (GOOD + "-1,0,0\n", "line 4: the label -1 "),
        (GOOD + "1.5,0,0\n", "line 4: the label 1.5 "),
        (GOOD + "nan,0,0\n", "line 4: the label nan "),
        (GOOD + "inf,0,0\n", "line 4: the label inf "),
        (GOOD + "1,0,256\n2,0,300\n", r"line 4: a pixel outside 0 to 255: 256 \(2 such"),
        ("1,0,256\n", "line 1: a pixel"),
        (GOOD + "1,-3,0\n", "line 4: a pixel.*-3"),
        (GOOD + "1,0,nan\n", "line 4: a pixel.*nan"),
        ("<html>\n<body>\n", "not a table of numbers"),
        (b"\xff\xfe\x00\x01\n\x80", "not a table of numbers"),
        (gzip.compress(GOOD.encode(), mtime=0)[:-4], "cannot be read"),
        (gzip.compress(GOOD.encode(), mtime=0) + b"junk", "cannot be read"),
        (b"\x1f\x8b\x08\x00" + b"\xff" * 20, "cannot be read"),
    ],
)
def test_broken_content(write, content, message):
    path = write(content)
    with pytest.raises(DataError, match=f"{path.name}.*{message}"):
        load_csv(path, (1, 2, 1))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"0" * 20_000_000, "line 1 is longer than its values can be"),
        (b"label,a,b\n" + b"0" * 20_000_000, "line 2 is longer"),
        (b"3,0,255\n" * 2_500_000, r"exceeds the limit of 1,000,000 bytes; raise max_bytes="),
        (b"3,0,255\n" + b"\n" * 20_000_000, "line 1002 and the 1,000 before it are empty"),
    ],
)
def test_a_compressed_file_that_expands_without_end_meets_a_limit(write, text, message):
    path = write(gzip.compress(text), "rows.csv.gz")
    tracemalloc.start()
    with pytest.raises(DataError, match=f"{path.name}: .*{message}"):
        load_csv(path, (1, 2, 1), max_bytes=1_000_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8_000_000


def test_empty_lines_between_rows(write):
    assert len(load_csv(write("3,0,255\n" + "\n" * 999 + "1,51,102\n\n" * 600), (1, 2, 1))) == 601


def test_a_text_as_long_as_the_limit_is_read(write):
    assert len(load_csv(write(GOOD), (1, 2, 1), max_bytes=len(GOOD))) == 2
    with pytest.raises(DataError, match="exceeds the limit"):
        load_csv(write(GOOD), (1, 2, 1), max_bytes=len(GOOD) - 1)


def test_missing_file_and_wrong_arguments(write, tmp_path):
    with pytest.raises(DataError, match="absent.csv"):
        load_csv(tmp_path / "absent.csv")
    with pytest.raises(ValueError, match="label_column"):
        load_csv(write(GOOD), (1, 2, 1), label_column=3)
    with pytest.raises(ValueError, match="shape"):
        load_csv(write(GOOD), (0, 2))
    with pytest.raises(ValueError, match="largest"):
        load_csv(write(GOOD), (2,), largest=0)
