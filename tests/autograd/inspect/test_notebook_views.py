"""What a notebook shows of Values, Tensors, summaries and histories; what callbacks and the like say of themselves."""

from __future__ import annotations

import base64
import io
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


def pictures(html):
    """Return the pixels of the heat maps, decoded by another library."""
    images = pytest.importorskip("PIL.Image")
    sources = [image.get("src").partition("base64,")[2] for image in parsed(html).iter("img")]
    return [np.asarray(images.open(io.BytesIO(base64.b64decode(source))).convert("RGBA")) for source in sources]


def test_numbers_that_are_no_floats_are_shown_in_full():
    assert cells(sg.tensor([123456789, 2])._repr_html_()) == ["123456789", "2"]
    assert cells(sg.tensor([True, False])._repr_html_()) == ["True", "False"]
    assert cells(sg.tensor([np.nan, -np.inf])._repr_html_()) == ["nan", "-inf"]


def test_a_gradient_is_shown_beside_its_tensor():
    x = sg.tensor([1.0, 2.0], requires_grad=True)
    assert "gradient" not in x._repr_html_()
    (x**2).sum().backward()
    assert cells(x._repr_html_()) == ["1", "2", "2", "4"]
    assert "its gradient" in x._repr_html_()
    (x**2).sum().backward(create_graph=True)
    assert cells(x._repr_html_()) == ["1", "2", "4", "8"]


@pytest.mark.parametrize("shape", [(11,), (30, 5), (200, 300), (2, 3, 4), (7, 9, 2, 5), (1, 1, 40)])
def test_larger_arrays_are_shown_as_a_summary_with_heat_maps(shape):
    html = sg.tensor(np.arange(float(np.prod(shape))).reshape(shape))._repr_html_()
    assert len(pictures(html)) == min(np.prod(shape[:-2], dtype=int), 6)
    assert f"shape {shape}" in html
    assert ("averaged to 28 x 28" in html) == (300 in shape)
    assert ("6 of 63 matrices are shown" in html) == (len(shape) == 4)
    assert len(html) < 20_000


def test_an_empty_array_has_no_picture():
    assert pictures(sg.tensor(np.zeros((0, 3)))._repr_html_()) == []
    assert "empty" in sg.tensor(np.zeros((0, 3)))._repr_html_()


def test_images_are_shown_channel_by_channel():
    x = np.zeros((2, 20, 20, 3))
    x[1, 5, 7, 2] = 1.0
    html = sg.tensor(x)._repr_html_()
    assert [label for label in parsed(html).itertext() if label.startswith("[")][-1] == "[1, :, :, 2]"
    *empty, last = pictures(html)
    assert all((picture[..., :3] == 255).all() for picture in empty)  # paper
    size = len(last) // 20
    places = np.argwhere((last[..., :3] < 50).all(axis=-1))  # ink
    assert (places.min(0).tolist(), places.max(0).tolist()) == ([5 * size, 7 * size], [6 * size - 1, 8 * size - 1])


def test_colours_tell_sign_and_magnitude_and_what_is_not_finite():
    x = np.zeros((12, 12))
    x[0, :5] = 2.0, 1.0, -2.0, np.nan, np.inf
    html = sg.tensor(x)._repr_html_()
    (picture,) = pictures(html)
    size = len(picture) // 12
    most, half, least, *not_finite, zero = picture[0, : 6 * size : size].astype(int)
    assert most[0] > most[2]
    assert least[2] > least[0]
    assert (most[3], least[3], zero[3]) == (255, 255, 0)
    assert half.tolist() == [*most[:3], 128]
    assert all(color.tolist() == [128, 128, 128, 255] for color in not_finite)
    assert "from -2 to 2" in html
    assert "2 not finite" in html
    assert "no finite numbers" in sg.tensor(np.full((20, 20), np.nan))._repr_html_()
    assert "mean inf" in sg.tensor(np.full((20, 20), 1e308))._repr_html_()


def test_a_value_shows_number_and_gradient():
    a = sg.Value(2.0, label="a")
    (a * 3).backward()
    assert cells(a._repr_html_()) == ["a", None, "2", "3"]
    assert cells((a * 3)._repr_html_()) == [None, "multiply", "6", "0"]


def test_summaries_and_histories_are_tables():
    model = sg.nn.Sequential(sg.nn.Linear(3, 2), sg.nn.ReLU())
    assert cells(model.summary((3,))._repr_html_())[:3] == ["0 Linear(3, 2)", "(n, 2)", "8"]
    history = sg.nn.History()
    assert history._repr_html_() is None
    for epoch in range(25):
        history.append({"loss": 1.0 / (epoch + 1)})
    assert cells(history._repr_html_())[:2] == ["6", "0.1667"]
    assert "the last 20 of 25 epochs" in history._repr_html_()


def test_a_module_is_a_table_of_its_layers_and_weights():
    model = sg.nn.Sequential(sg.nn.Residual(sg.nn.Linear(3, 3)), sg.nn.ReLU(), sg.nn.Linear(3, 2))
    model[2].bias.requires_grad = False
    html = model._repr_html_()
    rows = np.array(cells(html), dtype=object).reshape(-1, 3).tolist()
    indent = "\N{NO-BREAK SPACE}" * 4
    assert rows == [
        ["Sequential", None, None],
        [f"{indent}0: Residual", None, None],
        [f"{indent * 2}layers: Sequential", None, None],
        [f"{indent * 3}0: Linear(3, 3)", "weight (3, 3), bias (3,)", "12"],
        [f"{indent}1: ReLU()", None, None],
        [f"{indent}2: Linear(3, 2)", "weight (3, 2), bias (2,) frozen", "8"],
    ]
    assert "20 parameters, of which 18 are trained" in html
    assert sg.nn.ReLU()._repr_html_() is None
    deep = sg.nn.Sequential(*[sg.nn.Linear(1, 1) for _ in range(100)])._repr_html_()
    assert "41 more modules are not shown" in deep
    assert len(cells(deep)) == 180


def test_a_module_that_was_built_wrong_can_be_shown():
    model = sg.nn.Linear(1, 1)
    model.more = []
    model.more.append(sg.nn.Linear(1, 1))  # its parameters() are an error
    assert "Linear(1, 1)" in model._repr_html_()


def test_a_report_shows_the_confusions():
    html = sg.nn.classification_report([0, 1, 1], [0, 1, 0])._repr_html_()
    assert cells(html)[:5] == ["0", "1.0000", "0.5000", "0.6667", "2"]
    assert cells(html)[-6:] == ["0", "1", "1", "1", "0", "1"]
    assert "accuracy 0.6667" in html


def test_images_of_a_data_set_are_shown_with_their_targets():
    x = np.zeros((12, 5, 5, 1), np.float32)
    x[1, 2, 3] = 1.0
    html = sg.data.ArrayDataset(x, np.arange(12) + 30)._repr_html_()
    shown = pictures(html)
    assert [(picture[..., :3] < 50).any() for picture in shown] == [False, True, *[False] * 8]
    assert list(parsed(html).itertext())[:2] == ["30", "31"]
    assert "(12, 5, 5, 1)" in html
    assert sg.data.ArrayDataset(np.ones((3, 2)), np.ones(3))._repr_html_() is None


def test_callbacks_schedules_and_augmentations_say_how_they_were_made():
    optimizer = sg.optim.SGD([sg.tensor([1.0])], lr=1.0)
    assert repr(sg.optim.StepLR(optimizer, 3)) == "StepLR(step_size=3, gamma=0.1)"
    assert repr(sg.optim.ReduceLROnPlateau(optimizer)).startswith("ReduceLROnPlateau(mode='min', factor=0.1")
    stop = sg.nn.EarlyStopping("val_accuracy", patience=3)
    assert repr(stop) == (
        "EarlyStopping(monitor='val_accuracy', patience=3, min_delta=0.0, mode=None, restore_best=False)"
    )
    assert repr(sg.nn.Checkpoint("a.npz")) == "Checkpoint(path='a.npz', every=None, best=None, monitor=None, mode=None)"
    assert repr(sg.data.Compose(sg.data.RandomShift(1))) == "Compose(RandomShift(pixels=1, fill=0.0))"
    schedule = sg.nn.LearningRateSchedule(sg.optim.StepLR(optimizer, 3), "step")
    assert repr(schedule).startswith("LearningRateSchedule(schedule=StepLR(step_size=3, gamma=0.1), every='step'")
