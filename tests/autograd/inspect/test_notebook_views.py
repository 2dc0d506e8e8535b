"""What a notebook shows of Values, Tensors, summaries and histories; what callbacks and the like say of themselves."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pytest

import seegrad as sg


def parsed(html):
    """Return the elements of well-formed HTML."""
    return ElementTree.fromstring(f"<div>{html}</div>")


def cells(html):
    return [cell.text for cell in parsed(html).iter("td")]


def test_small_arrays_are_shown_as_matrices():
    x = sg.tensor([[1.0, -2.5], [3.0, 4.0]], requires_grad=True, label="a<b")
    html = x._repr_html_()
    assert cells(html) == ["1", "-2.5", "3", "4"]
    assert "".join(parsed(html).itertext()).endswith("a<b, shape (2, 2), float64, requires grad")
    assert cells((x * 2).sum()._repr_html_()) == ["11"]
    assert cells(sg.tensor(3)._repr_html_()) == ["3"]


@pytest.mark.parametrize("shape", [(11,), (30, 5), (200, 300), (2, 3, 4), (0, 3)])
def test_larger_arrays_are_shown_as_a_summary_with_a_heat_map(shape):
    html = sg.tensor(np.arange(float(np.prod(shape))).reshape(shape))._repr_html_()
    squares = list(parsed(html).iter("rect"))
    assert len(squares) == (np.prod([min(n, 32) for n in shape[-2:]]) if np.prod(shape) else 0)
    assert f"shape {shape}" in html
    assert len(html) < 100_000


def test_what_is_not_finite_is_counted():
    x = np.ones((20, 20))
    x[0, :3] = np.nan, np.inf, -np.inf
    assert "3 not finite" in sg.tensor(x)._repr_html_()
    assert "no finite numbers" in sg.tensor(np.full((20, 20), np.nan))._repr_html_()


def test_a_value_shows_number_and_gradient():
    a = sg.Value(2.0, label="a")
    (a * 3).backward()
    assert cells(a._repr_html_()) == ["a", None, "2", "3"]
    assert cells((a * 3)._repr_html_()) == [None, "multiply", "6", "0"]


def test_summaries_and_histories_are_tables():
    model = sg.nn.Sequential(sg.nn.Linear(3, 2), sg.nn.ReLU())
    assert cells(model.summary((3,))._repr_html_())[:3] == ["0 Linear(3, 2)", "(n, 2)", "8"]
    history = sg.nn.History()
    assert cells(history._repr_html_()) == []
    for epoch in range(25):
        history.append({"loss": 1.0 / (epoch + 1)})
    assert cells(history._repr_html_())[:2] == ["6", "0.1667"]
    assert "the last 20 of 25 epochs" in history._repr_html_()


def test_callbacks_schedules_and_augmentations_say_how_they_were_made():
    optimizer = sg.optim.SGD([sg.tensor([1.0])], lr=1.0)
    assert repr(sg.optim.StepLR(optimizer, 3)) == "StepLR(step_size=3, gamma=0.1)"
    assert repr(sg.optim.ReduceLROnPlateau(optimizer)).startswith("ReduceLROnPlateau(mode='min', factor=0.1")
    assert repr(sg.nn.EarlyStopping(patience=3)) == "EarlyStopping(patience=3, restore_best=False)"
    assert repr(sg.nn.Checkpoint("a.npz")) == "Checkpoint(path='a.npz', every=None, best=None)"
    assert repr(sg.data.Compose(sg.data.RandomShift(1))) == "Compose(RandomShift(pixels=1, fill=0.0))"
    schedule = sg.nn.LearningRateSchedule(sg.optim.StepLR(optimizer, 3), "step")
    assert repr(schedule).startswith("LearningRateSchedule(schedule=StepLR(step_size=3, gamma=0.1), every='step'")
