from __future__ import annotations

import pickle

import numpy as np
import pytest

import seegrad as sg
from seegrad import nn
from seegrad.nn.plots.training_plots import WRONG, plot_curves, plot_predictions

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


# Mistakes and confusions -------------------------------------------------------------------------------


def test_mistakes_come_worst_first(tmp_path):
    images = np.zeros((4, 5, 5, 1), np.float32)
    probabilities = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.3, 0.7]])
    figure = nn.plot_mistakes(images, np.array([1, 1, 1, 0]), probabilities, path=tmp_path / "m.png")
    titles = [axes.get_title() for axes in figure.axes]
    assert titles == [f"true {t}\npredicted {g} ({p}) ×" for t, g, p in [(1, 0, "90%"), (0, 1, "70%"), (1, 0, "60%")]]
    assert "3 of 3 mistakes among 4 images" in figure.get_suptitle()
    assert len(nn.plot_mistakes(images, np.array([1, 1, 1, 0]), probabilities, count=2).axes) == 2
    assert (tmp_path / "m.png").read_bytes().startswith(PNG)


def test_no_mistakes():
    figure = nn.plot_mistakes(np.zeros((1, 5, 5, 1)), np.array([1]), np.array([[0.0, 1.0]]))
    assert figure.texts[0].get_text() == "no mistakes among 1 images"
    with pytest.raises(ValueError, match="0 images"):
        nn.plot_mistakes(np.zeros((0, 5, 5, 1)), np.zeros(0), np.zeros((0, 2)))


def test_confusion(tmp_path):
    figure = nn.plot_confusion(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1]), ["no", "yes"], tmp_path / "c.png")
    (axes,) = figure.axes
    assert {(text.get_position(), text.get_text()) for text in axes.texts} == {
        ((0, 0), "1"),
        ((1, 0), "1"),
        ((1, 1), "2"),
    }
    assert [label.get_text() for label in axes.get_yticklabels()] == ["no", "yes"]
    assert axes.get_title() == "75.00% right"
    assert (tmp_path / "c.png").read_bytes().startswith(PNG)


# Inside ------------------------------------------------------------------------------------------------


@pytest.fixture
def model():
    return nn.Sequential(
        nn.Conv2d(1, 3, 3), nn.ReLU(), nn.Conv2d(3, 4, 3), nn.Dropout(0.5), nn.Flatten(), nn.Linear(36, 3)
    )


def test_filters(model, tmp_path):
    figure = nn.plot_filters(model, path=tmp_path / "f.png")
    tiles = [axes.images[0].get_array() for axes in figure.axes if axes.images]
    np.testing.assert_array_equal(tiles, model[0].weight.data[:, :, 0].transpose(2, 0, 1))
    figure = nn.plot_filters(model[2], channels=2)
    tiles = [axes.images[0].get_array() for axes in figure.axes if axes.images]
    np.testing.assert_array_equal(tiles[4 + 1], model[2].weight.data[:, :, 1, 1])
    assert len(tiles) == 8
    assert "4 filters of 2 channels" in figure.get_suptitle()
    assert (tmp_path / "f.png").read_bytes().startswith(PNG)
    with pytest.raises(ValueError, match="Linear has no Conv2d"):
        nn.plot_filters(nn.Linear(2, 2))


def test_activations(model, tmp_path):
    image = np.random.default_rng(0).uniform(size=(7, 7, 1)).astype(np.float32)
    figure = nn.plot_activations(model, image, channels=3, path=tmp_path / "a.png")
    texts = [text.get_text() for row in figure.subfigs for text in row.subfigs[0].texts]
    assert texts[0] == "image\n7 × 7 × 1"
    assert [text.split()[1] for text in texts[1:]] == ["Conv2d", "ReLU", "Conv2d", "Dropout", "Flatten", "Linear"]
    shown = figure.subfigs[1].subfigs[1].axes[2].images[0].get_array()
    np.testing.assert_array_equal(shown, model[0](image[None]).data[0, :, :, 2])
    assert model.training
    pickle.dumps(model)  # a hook that was left could not be pickled
    with pytest.raises(ValueError, match=r"one image of shape.*got shape \(7, 7\)"):
        nn.plot_activations(model, image[:, :, 0])


def test_saliency_is_the_gradient(model, tmp_path):
    model.to(np.float64)
    image = np.random.default_rng(0).uniform(size=(7, 7, 1))
    gradient = nn.pixel_gradient(model, image, label=2)
    assert gradient.shape == (7, 7, 1)
    model.eval()
    for row, column in [(0, 0), (3, 4), (6, 6)]:
        step = np.zeros_like(image)
        step[row, column] = 1e-6
        higher, lower = (model((image + sign * step)[None]).data[0, 2] for sign in (1, -1))
        assert gradient[row, column, 0] == pytest.approx((higher - lower) / 2e-6, abs=1e-7)
    best = int(model(image[None]).data.argmax())
    np.testing.assert_array_equal(nn.pixel_gradient(model, sg.tensor(image)), nn.pixel_gradient(model, image, best))
    figure = nn.saliency(model, image, label=1, path=tmp_path / "s.png")
    assert figure.axes[1].get_title() == "what speaks for class 1"
    assert all(parameter.grad is None for parameter in model.parameters())
    with pytest.raises(ValueError, match="no class 3; the model has 3"):
        nn.saliency(model, image, label=3)


# Notebooks ---------------------------------------------------------------------------------------------


def test_pictures_show_themselves_and_do_not_depend_on_the_style():
    import matplotlib

    history = history_of({"loss": 1.0}, {"loss": 0.5})
    with matplotlib.rc_context({"figure.facecolor": "black", "text.color": "white", "savefig.facecolor": "black"}):
        figure = history.plot()
        assert figure.get_facecolor()[:3] == (1, 1, 1)
        assert figure._repr_png_().startswith(PNG)


def test_attention(tmp_path):
    model = nn.GPT(9, 6, 8, 2, 2, seed=0)
    tokens = np.array([[3, 1, 4]])
    maps = nn.attention_maps(model, tokens)
    assert list(maps) == ["blocks.0.self_attn", "blocks.1.self_attn"]
    for name, weights in maps.items():
        assert weights.shape == (1, 2, 3, 3), name
        np.testing.assert_allclose(weights.sum(-1), 1, rtol=1e-6)
        assert not np.triu(weights[0], 1).any()
    assert model.training
    assert not any("forward" in vars(part) for part in model.modules())
    figure = nn.plot_attention(maps, ["c", "a", "d"], path=tmp_path / "attention.png")
    assert (tmp_path / "attention.png").read_bytes().startswith(PNG)
    pictures = [axes for axes in figure.axes if axes.images and axes.get_title().startswith("head")]
    assert len(pictures) == 4
    np.testing.assert_array_equal(pictures[3].images[0].get_array(), maps["blocks.1.self_attn"][0, 1])
    assert [label.get_text() for label in pictures[0].get_xticklabels()] == ["c", "a", "d"]


def test_attention_of_one_layer(tmp_path):
    layer, x = nn.MultiheadAttention(4, 2, seed=0), np.ones((1, 3, 4), np.float32)
    y = np.ones((1, 5, 4), np.float32)
    expected = layer.eval()(x, y)[1]
    np.testing.assert_array_equal(nn.attention_maps(layer, x, y)[""].mean(1), expected.data)
    figure = nn.plot_attention(expected[0], list("abc"), list("vwxyz"), path=tmp_path / "a.png")
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == list("vwxyz")
    with pytest.raises(ValueError, match="2 tokens do not fit 3 positions"):
        nn.plot_attention(expected[0], ["a", "b"])
    with pytest.raises(ValueError, match=r"of one sequence, got shape \(2, 2, 3, 3\)"):
        nn.plot_attention(np.ones((2, 2, 3, 3)))
    with pytest.raises(ValueError, match="Linear has no MultiheadAttention"):
        nn.attention_maps(nn.Linear(2, 2), x)
