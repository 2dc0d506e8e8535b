"""clean: what is removed, and the reason that is given."""

from __future__ import annotations

import numpy as np
import pytest

from seegrad.data import DataError, clean, outlier_scores


@pytest.fixture
def images(rng):
    return rng.random((30, 4, 4, 1))


@pytest.fixture
def labels():
    return np.arange(30) % 3


def removed(report) -> dict[str, list[int]]:
    return {reason: rows.tolist() for reason, rows in report.removed.items()}


def test_nothing_to_remove(images, labels):
    dataset, report = clean(images, labels, 3)
    assert np.array_equal(dataset.x, images)
    assert report.removed == {}
    assert str(report) == "kept 30 of 30 examples"


def test_each_reason_once_and_inputs_untouched(images, labels):
    images[3, 0, 0, 0], images[4, 1, 1, 0] = np.nan, -np.inf
    labels[5], labels[6] = -1, 11
    images[7] = 0.5
    images[11], labels[11] = images[10], labels[10]
    images[21], labels[21], labels[20] = images[20], 1, 2
    images[4] = images[3]
    before, labels_before = images.copy(), labels.copy()
    dataset, report = clean(images, labels, 3)
    assert removed(report) == {
        "NaN or infinity": [3, 4],
        "label not in 0 to 2": [5, 6],
        "constant": [7],
        "equal examples with different targets": [20, 21],
        "duplicate": [11],
    }
    assert report.total == 30
    assert report.kept.tolist() == sorted(set(range(30)) - {3, 4, 5, 6, 7, 11, 20, 21})
    assert np.array_equal(dataset.x, images[report.kept])
    assert np.array_equal(dataset.y, labels[report.kept])
    assert "removed 2: NaN or infinity (3, 4)" in str(report)
    assert np.array_equal(images, before, equal_nan=True)
    assert np.array_equal(labels, labels_before)


def test_switches(images, labels):
    images[7], images[11], labels[11] = 0.5, images[10], labels[10]
    _, report = clean(images, labels, constant=False, duplicates=False)
    assert removed(report) == {}


def test_labels_as_floats(images):
    labels = np.zeros(30)
    labels[[1, 2, 3]] = 0.5, np.nan, 2
    dataset, report = clean(images, labels, 3)
    assert removed(report) == {"NaN or infinity": [2], "label not in 0 to 2": [1]}
    assert dataset.y.dtype == np.int64
    labels = np.zeros(30, int)
    labels[4] = -1
    assert removed(clean(images, labels)[1]) == {"negative label": [4]}


def test_regression_targets_and_negative_zero(images):
    images[0] = 1
    images[0, 0, 0, 0] = 0.0
    images[1] = images[0]
    images[1, 0, 0, 0] = -0.0
    assert removed(clean(images, np.zeros((30, 2)))[1]) == {"duplicate": [1]}


def test_outliers_by_class(rng):
    x = rng.normal(0, 0.1, (400, 6, 6, 1)) + (np.arange(400) % 2)[:, None, None, None]
    labels = np.arange(400) % 2
    x[10] += 1  # class 0, but looks like class 1
    x[11] *= 3
    _, report = clean(x, labels, outliers=6)
    assert removed(report) == {"outlier, score above 6": [10, 11]}
    scores = outlier_scores(x, labels)
    assert np.median(scores) == pytest.approx(0, abs=0.1)
    typical = np.delete(scores, [10, 11])
    assert typical.std() == pytest.approx(1, abs=0.2)


def test_scores_of_few_or_equal_examples():
    assert outlier_scores(np.arange(9.0)[:, None], np.zeros(9, int)).tolist() == [0] * 9
    assert outlier_scores(np.ones((20, 3)), np.zeros(20, int)).tolist() == [0] * 20
    mostly = np.ones((20, 3))
    mostly[5] = 2
    assert outlier_scores(mostly, np.zeros(20)).argmax() == 5


def test_nothing_left_or_nothing_to_pair():
    with pytest.raises(DataError, match="(?s)leave nothing.*constant"):
        clean(np.zeros((3, 2)), [0, 1, 2])
    with pytest.raises(DataError, match=r"\(3, 2\).*\(2,\)"):
        clean(np.zeros((3, 2)), [0, 1])
    with pytest.raises(DataError, match=r"\(0, 2\)"):
        clean(np.zeros((0, 2)), [])
    with pytest.raises(DataError, match=r"shape \(n,\)"):
        clean(np.eye(3), np.eye(3), 3)
