"""ArrayDataset: pairs of arrays, checked once."""

from __future__ import annotations

import numpy as np
import pytest

from seegrad.data import ArrayDataset, DataError

X = np.arange(24, dtype=np.float32).reshape(6, 4)
Y = np.arange(6)


@pytest.fixture
def dataset():
    return ArrayDataset(X, Y)


def test_length_items_and_repr(dataset):
    assert len(dataset) == 6
    x, y = dataset[-1]
    assert (x.tolist(), y) == ([20, 21, 22, 23], 5)
    assert repr(dataset) == "ArrayDataset(x: float32 (6, 4), y: int64 (6,))"
    assert [int(y) for _, y in dataset] == list(range(6))
    with pytest.raises(IndexError):
        dataset[6]


def test_slices_are_views_and_selections_are_datasets(dataset):
    assert np.shares_memory(dataset[1:3].x, X)
    assert dataset[::-2].y.tolist() == [5, 3, 1]
    assert dataset[[4, 0]].y.tolist() == [4, 0]
    assert dataset[Y % 2 == 1].y.tolist() == [1, 3, 5]
    with pytest.raises(IndexError, match="mask"):
        dataset[np.array([True, False])]
    with pytest.raises(TypeError):
        dataset[[0.5]]


@pytest.mark.parametrize("view", [X[:, ::-1], np.asfortranarray(X), X[::-1], X.astype(">f4")])
def test_gather_does_not_depend_on_memory_order(view):
    x, y = ArrayDataset(view, Y).gather(np.array([3, 0, 3]))
    assert np.array_equal(x, view[[3, 0, 3]])
    assert y.tolist() == [3, 0, 3]
    assert not np.shares_memory(x, view)


@pytest.mark.parametrize(("bad", "shown"), [(np.nan, "nan"), (np.inf, "inf"), (-np.inf, "-inf")])
def test_pixels_that_are_not_finite(bad, shown):
    images = np.zeros((6, 3, 3, 1), np.float32)
    images[4, 1, 2, 0] = images[5, 0, 0, 0] = bad
    with pytest.raises(DataError, match=rf"x\[4, 1, 2, 0\] is {shown}.*2 of 6"):
        ArrayDataset(images, Y)
    with pytest.raises(DataError, match=rf"y\[1\] is {shown}"):
        ArrayDataset(X, [0, bad, 0, 0, 0, 0])


def test_position_of_bad_value_in_a_large_array():
    values = np.zeros((10_000, 2))
    values[9_001, 1] = np.nan
    with pytest.raises(DataError, match=r"x\[9001, 1\]"):
        ArrayDataset(values, np.zeros(10_000))


def test_empty_and_unequal():
    with pytest.raises(DataError, match=r"empty.*\(0, 28, 28, 1\)"):
        ArrayDataset(np.zeros((0, 28, 28, 1)), [])
    with pytest.raises(DataError, match="empty"):
        ArrayDataset(np.zeros((5, 0)), np.zeros(5))
    with pytest.raises(DataError, match="6 examples in x but 5 targets"):
        ArrayDataset(X, Y[:5])
    with pytest.raises(DataError, match="one row per example"):
        ArrayDataset(3.0, [1])
    with pytest.raises(DataError, match="empty"):
        ArrayDataset(X, Y)[3:3]


@pytest.mark.parametrize("bad", [["a", "b"], [None, 1], [[1, 2], [3]], np.array([1 + 2j, 0])])
def test_values_that_are_not_numbers(bad):
    with pytest.raises(TypeError, match=r"^x "):
        ArrayDataset(bad, [0, 1])


def test_texts_are_refused_with_the_way_to_numbers():
    with pytest.raises(TypeError, match=r"^y must hold real numbers, got .* object; .*np\.unique"):
        ArrayDataset(np.zeros((2, 2)), np.array(["cat", "dog"], object))
    with pytest.raises(TypeError, match=r"got an array of dtype complex128$"):
        ArrayDataset(np.zeros(2, complex), [0, 1])


def test_memory_mapped_arrays_stay_on_disk(tmp_path):
    np.save(tmp_path / "x.npy", np.array([[1.0], [np.nan], [3.0]]))
    dataset = ArrayDataset(np.load(tmp_path / "x.npy", mmap_mode="r"), [0, 1, 2])
    assert dataset.on_disk
    assert dataset.gather(np.array([2, 0]))[0].tolist() == [[3.0], [1.0]]
    with pytest.raises(DataError, match="example 1 "):
        dataset.gather(np.array([2, 1]))
