from __future__ import annotations

import numpy as np
import pytest

from seegrad import nn
from seegrad.nn.plots import WRONG, plot_curves, plot_predictions

PNG = b"\x89PNG\r\n\x1a\n"


def history_of(*records):
    history = nn.History()
    for record in records:
        history.append(record)
    return history


def test_curves(tmp_path):
    history = history_of(
        {"loss": 0.5, "accuracy": 0.8, "val_loss": 0.4, "val_accuracy": 0.85},
        {"loss": 0.2, "accuracy": 0.9, "val_loss": 0.3, "val_accuracy": 0.88},
    )
    figure = plot_curves(history, tmp_path / "curves.png")
    assert (tmp_path / "curves.png").read_bytes().startswith(PNG)
    loss, accuracy = figure.axes
    assert [list(line.get_ydata()) for line in loss.lines] == [[0.5, 0.2], [0.4, 0.3]]
    assert [list(line.get_ydata()) for line in accuracy.lines] == [[0.8, 0.9], [0.85, 0.88]]
    assert [text.get_text() for text in loss.get_legend().get_texts()] == ["training", "validation"]


def test_curves_of_a_regression_without_validation():
    (axes,) = plot_curves(history_of({"loss": 1.0})).axes
    assert len(axes.lines) == 1


def test_no_curves():
    with pytest.raises(ValueError, match="no finished epoch"):
        plot_curves(nn.History())


def test_predictions(tmp_path):
    images = np.zeros((7, 5, 5, 1), np.float32)
    labels = np.arange(7)
    probabilities = np.eye(10)[[0, 1, 2, 3, 4, 5, 9]]
    figure = plot_predictions(images, labels, probabilities, tmp_path / "predictions.png")
    assert (tmp_path / "predictions.png").read_bytes().startswith(PNG)
    titles = [axes.get_title() for axes in figure.axes if axes.images]
    assert titles[0] == "true 0\npredicted 0 (100%)"
    assert titles[6] == "true 6\npredicted 9 (100%) ×"
    assert [axes.title.get_color() == WRONG for axes in figure.axes[:7]] == [False] * 6 + [True]


def test_predictions_that_do_not_fit():
    with pytest.raises(ValueError, match="3 images, 2 labels and 3 predictions"):
        plot_predictions(np.zeros((3, 5, 5, 1)), np.zeros(2), np.zeros((3, 10)))
