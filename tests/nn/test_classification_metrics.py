from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seegrad import nn

labels = st.integers(0, 4)
pairs = st.lists(st.tuples(labels, labels), min_size=1, max_size=40)


@given(pairs)
def test_against_counting_one_by_one(pairs):
    guesses, target = (np.array(column) for column in zip(*pairs, strict=True))
    report = nn.classification_report(guesses, target, classes=5)
    for c in range(5):
        right = sum(g == c and t == c for g, t in pairs)
        called, there = sum(g == c for g, _ in pairs), sum(t == c for _, t in pairs)
        precision, recall = right / called if called else 0.0, right / there if there else 0.0
        f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
        np.testing.assert_allclose([report.precision[c], report.recall[c], report.f1[c]], [precision, recall, f1])
        assert report.support[c] == there
        for d in range(5):
            assert report.confusion[c, d] == sum(t == c and g == d for g, t in pairs)
    occurring = sorted({label for pair in pairs for label in pair})
    assert report.macro_f1 == pytest.approx(np.mean(report.f1[occurring]))
    assert report.accuracy == pytest.approx(nn.accuracy(guesses, target))


@given(st.lists(st.lists(st.integers(0, 3), min_size=4, max_size=4), min_size=1, max_size=20), st.integers(1, 4))
def test_top_k_is_in_the_first_k_of_a_stable_order(rows, k):
    scores = np.array(rows, float)
    target = np.arange(len(rows)) % 4
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    expected = np.mean([t in best for t, best in zip(target, order, strict=True)])
    assert nn.top_k_accuracy(scores, target, k) == pytest.approx(expected)
    if k == 1:
        assert nn.accuracy(scores, target) == pytest.approx(expected)


def test_table():
    text = str(nn.classification_report(np.array([[2.0, 1.0], [0.0, 1.0], [0.0, 1.0]]), [0, 1, 0]))
    assert text.splitlines()[0].split() == ["class", "precision", "recall", "f1", "examples"]
    assert text.splitlines()[1].split() == ["0", "1.0000", "0.5000", "0.6667", "2"]
    assert text.splitlines()[-2].split()[0] == "mean"
    assert text.endswith("accuracy 0.6667")


def test_class_weights_make_every_class_count_the_same():
    found = nn.balanced_class_weights([0, 0, 0, 2], classes=4)
    np.testing.assert_allclose(found, [4 / 12, 0, 1, 0])
    assert found.dtype == np.float32


@pytest.mark.parametrize(
    ("function", "arguments", "match"),
    [
        (nn.accuracy, ([[1.0, 2.0]], [0, 1]), r"predicted must have shape \(2, classes\)"),
        (nn.accuracy, ([0.5], [0]), "predicted must be integer labels, got float64"),
        (nn.accuracy, ([0], [0.0]), "target must be integer labels"),
        (nn.accuracy, ([], []), "one for each example"),
        (nn.accuracy, ([-1], [0]), "labels are 0 or more"),
        (nn.accuracy, ([[1.0, 2.0]], [2]), "target 2 is out of range for scores of 2 classes"),
        (nn.accuracy, ([[1.0, np.nan]], [1]), "example 0 has NaN"),
        (nn.top_k_accuracy, ([0, 1], [0, 1]), "scores must have shape"),
        (nn.top_k_accuracy, ([[1.0, 2.0]], [1], 3), "k must be at most the 2 classes"),
        (nn.top_k_accuracy, ([[1.0, 2.0]], [1], 0), "k must be at least 1"),
        (nn.confusion_matrix, ([0, 3], [0, 1], 2), "classes=2"),
        (nn.balanced_class_weights, ([0, 3], 2), "label 3 is out of range for 2 classes"),
    ],
)
def test_what_is_refused(function, arguments, match):
    with pytest.raises((TypeError, ValueError), match=match):
        function(*arguments)
