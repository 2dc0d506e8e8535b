"""MNIST as shipped, and other data sets in the same four files."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from seegrad.data import DataError, load_emnist, load_mnist, write_idx
from seegrad.data.mnist_files import EMBEDDED


@pytest.fixture(scope="module")
def mnist():
    return load_mnist()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a small data set in MNIST's format."""
    rng = np.random.default_rng(0)
    for part, count in (("train", 20), ("t10k", 10)):
        images = rng.integers(0, 256, (count, 28, 28), np.uint8)
        write_idx(tmp_path / f"{part}-images-idx3-ubyte.gz", images)
        write_idx(tmp_path / f"{part}-labels-idx1-ubyte", np.arange(count).astype(np.uint8) % 10)
    return tmp_path


def test_embedded_mnist(mnist):
    train, test = mnist
    assert (train.x.shape, test.x.shape) == ((60_000, 28, 28, 1), (10_000, 28, 28, 1))
    for part in mnist:
        assert part.x.dtype == np.float32
        assert part.y.dtype == np.int64
        assert part.x.min() == 0
        assert part.x.max() == 1
        assert part.x.flags.c_contiguous
    assert train.y[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert np.bincount(test.y).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert abs(train.x.mean(dtype=np.float64) - 0.1306604762738429) < 1e-7


def test_embedded_files_are_verified(tmp_path, monkeypatch):
    shutil.copytree(EMBEDDED, tmp_path / "mnist")
    write_idx(tmp_path / "mnist" / "train-labels-idx1-ubyte.gz", np.zeros(60_000, np.uint8))
    monkeypatch.setattr("seegrad.data.mnist_files.EMBEDDED", tmp_path / "mnist")
    with pytest.raises(DataError, match="train-labels-idx1-ubyte.gz.*SHA-256"):
        load_mnist()


def test_any_folder_of_the_same_format(folder):
    train, test = load_mnist(folder)
    assert (len(train), len(test)) == (20, 10)
    assert train.x.shape == (20, 28, 28, 1)
    assert 0 <= train.x.min() < train.x.max() <= 1
    assert load_mnist(str(folder))[1].y.tolist() == list(range(10))


def test_missing_file_is_named(folder):
    (folder / "t10k-images-idx3-ubyte.gz").unlink()
    with pytest.raises(DataError, match="t10k-images-idx3-ubyte: no such file"):
        load_mnist(folder)
    with pytest.raises(DataError, match="no such folder"):
        load_mnist(folder / "absent")


def test_counts_that_differ(folder):
    write_idx(folder / "train-labels-idx1-ubyte", np.zeros(19, np.uint8))
    with pytest.raises(DataError, match=r"train-images.* 20 images.*train-labels.* 19 labels"):
        load_mnist(folder)


def test_label_out_of_range(folder):
    write_idx(folder / "t10k-labels-idx1-ubyte", np.array([1, 2, 11] + [0] * 7, np.uint8))
    with pytest.raises(DataError, match=r"t10k-labels-idx1-ubyte: label\[2\] is 11; labels must be 0 to 9"):
        load_mnist(folder)


def test_images_and_labels_swapped(folder):
    (folder / "train-labels-idx1-ubyte").unlink()
    shutil.copy(folder / "train-images-idx3-ubyte.gz", folder / "train-labels-idx1-ubyte.gz")
    with pytest.raises(DataError, match="train-labels-idx1-ubyte.gz: holds an array of 3 dimensions, expected 1"):
        load_mnist(folder)


def test_no_images(folder):
    write_idx(folder / "train-images-idx3-ubyte.gz", np.zeros((0, 28, 28), np.uint8))
    write_idx(folder / "train-labels-idx1-ubyte", np.zeros(0, np.uint8))
    with pytest.raises(DataError, match="train-images.*empty"):
        load_mnist(folder)


def test_sizes_that_differ_between_the_halves(folder):
    write_idx(folder / "t10k-images-idx3-ubyte.gz", np.zeros((10, 32, 32), np.uint8))
    with pytest.raises(DataError, match=r"\(28, 28\).*\(32, 32\)"):
        load_mnist(folder)


def test_values_that_are_not_bytes(folder):
    write_idx(folder / "t10k-images-idx3-ubyte.gz", np.zeros((10, 28, 28), np.float32))
    with pytest.raises(DataError, match="float32, expected uint8"):
        load_mnist(folder)


@pytest.mark.parametrize(("split", "classes", "first"), [("letters", 26, 1), ("balanced", 47, 0)])
def test_emnist_stands_upright_and_counts_from_0(tmp_path, split, classes, first):
    images = np.random.default_rng(0).integers(0, 256, (classes, 28, 28), np.uint8)
    for part in ("train", "test"):
        write_idx(tmp_path / f"emnist-{split}-{part}-images-idx3-ubyte.gz", images)
        write_idx(
            tmp_path / f"emnist-{split}-{part}-labels-idx1-ubyte.gz", np.arange(first, classes + first, dtype=np.uint8)
        )
    train, test = load_emnist(tmp_path, split)
    assert train.y.tolist() == test.y.tolist() == list(range(classes))
    assert train.x.dtype == np.float32
    assert np.array_equal(train.x[..., 0], images.transpose(0, 2, 1) / np.float32(255))
    write_idx(tmp_path / f"emnist-{split}-test-labels-idx1-ubyte.gz", np.full(classes, classes + first, np.uint8))
    with pytest.raises(DataError, match=f"emnist-{split}-test-labels"):
        load_emnist(tmp_path, split)
    if first:
        write_idx(tmp_path / f"emnist-{split}-test-labels-idx1-ubyte.gz", np.arange(classes, dtype=np.uint8))
        with pytest.raises(DataError, match=r"test-labels.*label\[0\] is 0; labels must be 1 or more"):
            load_emnist(tmp_path, split)


def test_emnist_in_another_place_or_of_another_kind(tmp_path):
    with pytest.raises(ValueError, match="'letter' is not one of 'balanced'"):
        load_emnist(tmp_path, "letter")
    with pytest.raises(DataError, match="emnist-letters-train-labels-idx1-ubyte: no such file"):
        load_emnist(tmp_path)
    with pytest.raises(DataError, match="emnist-digits-test-images"):
        load_emnist(tmp_path / "absent", "digits")
