from __future__ import annotations

import math

import numpy as np
import pytest

from seegrad.nn.training.running_metrics import RunningMetrics, count_correct


def test_labels_and_one_hot():
    scores = np.array([[1.0, 3.0, 2.0], [5.0, 1.0, 0.0], [0.0, 1.0, 2.0]], np.float32)
    labels = np.array([1, 2, 2])
    assert count_correct(scores, labels) == 2
    assert count_correct(scores, labels.astype(np.uint8)) == 2
    assert count_correct(scores, np.eye(3)[labels]) == 2


def test_nan_rows_are_never_correct():
    scores = np.array([[np.nan, 1.0], [1.0, np.nan], [np.nan, np.nan], [-np.inf, 2.0]])
    assert [count_correct(scores, np.full(4, label)) for label in (0, 1)] == [0, 1]


@pytest.mark.parametrize(
    ("output", "target"),
    [
        (np.zeros((4, 1)), np.zeros((4, 1))),
        (np.zeros((4, 2)), np.full((4, 2), 0.5)),
        (np.zeros((4, 2)), np.zeros((4, 2))),
        (np.zeros(4), np.zeros(4)),
        (np.zeros((4, 3)), np.zeros(4)),
    ],
)
def test_what_is_no_classification(output, target):
    assert count_correct(output, target) is None


def test_running_means():
    metrics = RunningMetrics()
    assert math.isnan(metrics.results()["loss"])
    metrics.add(1.0, 2, 2)
    metrics.add(4.0, 0, 1)
    assert metrics.results("val_") == {"val_loss": 2.0, "val_accuracy": 2 / 3}
    metrics.add(2.0, None, 3)
    assert metrics.results() == {"loss": 2.0}
