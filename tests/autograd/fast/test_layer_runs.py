"""Layers that a Sequential computes in one pass: the same numbers, and whoever looks at single layers sees them."""

from __future__ import annotations

import numpy as np
import pytest

import seegrad as sg
from seegrad import nn
from seegrad.autograd.inspect.draw import draw
from seegrad.common import seam


@pytest.fixture(autouse=True)
def _also_small_ones(monkeypatch):
    monkeypatch.setattr("seegrad.autograd.fast.layer_runs.WORTH_IT", 0)


def operations(result):
    found, todo = [], [result]
    while todo:
        node = todo.pop()
        if node.op is not None:
            found.append(node.op.name)
            todo.extend(node.inputs)
    return found


def small(*more, pool=None):
    return nn.Sequential(nn.Conv2d(1, 3, 3, seed=0), nn.ReLU(), pool or nn.MaxPool2d(2), *more)


def images(n=2, size=8):
    return np.random.default_rng(0).normal(size=(n, size, size, 1)).astype(np.float32)


def one_by_one(model, x):
    for module in model:
        x = module(x)
    return x


@pytest.mark.parametrize(
    "model",
    [
        small(),
        small(pool=nn.MaxPool2d((3, 2))),
        nn.Sequential(nn.Conv2d(1, 2, 3, padding="same", dilation=2, seed=0), nn.ReLU(), nn.MaxPool2d(2)),
        nn.Sequential(nn.Conv2d(1, 2, (2, 3), stride=(2, 1), padding=1, seed=0), nn.ReLU()),
    ],
    ids=["pool", "uneven pool", "same", "no pool"],
)
def test_the_numbers_and_gradients_are_those_of_one_after_the_other(model):
    results = []
    for run in (model, lambda x: one_by_one(model, x)):
        model.zero_grad()
        x = sg.tensor(images(5), requires_grad=True)
        out = run(x)
        (out * out).sum().backward()
        results.append([out.data, x.grad, *[p.grad for p in model.parameters()]])
    for result, wanted in zip(*results):
        np.testing.assert_allclose(result, wanted, rtol=1e-5, atol=1e-5)
    assert "conv2d_relu_max_pool2d" in operations(model(sg.tensor(images(), requires_grad=True)))


def watched():
    model = small()
    model.seen = []
    model[1].register_forward_hook(lambda module, args, out: model.seen.append(out.shape))
    return model


def replaced():
    model = small()
    model[1].forward = lambda x: sg.relu(x) * 2.0
    return model


class Doubling(nn.ReLU):
    def function(self, x):
        return sg.relu(x) * 2.0


@pytest.mark.parametrize(
    "model",
    [
        watched(),
        replaced(),
        nn.Sequential(nn.Conv2d(1, 3, 3), Doubling(), nn.MaxPool2d(2)),
        nn.Sequential(nn.Conv2d(1, 3, 3, bias=False), nn.ReLU(), nn.MaxPool2d(2)),
        nn.Sequential(nn.Conv2d(1, 3, 3), nn.Tanh(), nn.MaxPool2d(2)),
    ],
    ids=["hook", "replaced forward", "subclass", "no bias", "tanh"],
)
def test_what_is_not_plain_is_called_by_itself(model):
    names = operations(model(sg.tensor(images(), requires_grad=True)))
    assert "conv2d_relu_max_pool2d" not in names
    np.testing.assert_array_equal(model(images()).data, one_by_one(model, images()).data)


def test_pools_that_overlap_or_are_padded_come_after():
    for pool in (nn.MaxPool2d(3, stride=2), nn.MaxPool2d(2, padding=1), nn.AvgPool2d(2)):
        model = small(pool=pool)
        names = operations(model(sg.tensor(images(), requires_grad=True)))
        assert "conv2d_relu_max_pool2d" in names
        assert len(names) > 1
        np.testing.assert_allclose(model(images()).data, one_by_one(model, images()).data, atol=1e-6)


def test_hooks_see_every_layer():
    model = watched()
    model(images())
    assert model.seen == [(2, 6, 6, 3)]


def test_errors_name_the_layer_that_does_not_fit():
    with pytest.raises(ValueError, match=r"Sequential\.0 .*its window of 3 x 3"):
        small()(images(size=2))
    with pytest.raises(ValueError, match=r"Sequential\.2 .*its window of 2 x 2"):
        small()(images(size=3))
    with pytest.raises(ValueError, match=r"Sequential\.0 "):
        small()(np.zeros((2, 8, 8, 5), np.float32))


def test_anomalies_are_traced_to_the_single_layer():
    model = small()
    model[0].weight.data = np.full_like(model[0].weight.data, 3e38)
    with np.errstate(all="ignore"), pytest.raises(sg.AnomalyError, match="conv2d "), sg.detect_anomaly():
        model(images())


def test_a_drawing_of_the_model_shows_every_layer():
    source = draw(small(), images(), zoom="modules").source
    assert all(name in source for name in ("Conv2d", "ReLU", "MaxPool2d"))


def test_a_drawing_of_many_images_shows_every_layer():
    source = draw(small(), images(64, 28), zoom="ops").source
    assert "relu" in source
    assert "conv2d_relu_max_pool2d" not in source


def test_a_small_graph_has_a_node_for_each_layer(monkeypatch):
    monkeypatch.undo()
    names = operations(small()(sg.tensor(images(), requires_grad=True)))
    assert [name for name in names if "conv" in name or name in ("relu", "window_take")] == [
        *("window_take", "relu", "conv2d_with_bias")
    ]
    assert "conv2d_relu_max_pool2d" in operations(nn.models.mnist_cnn()(np.zeros((64, 28, 28, 1), np.float32)))


def test_single_layers_can_be_asked_for():
    x = sg.tensor(images(), requires_grad=True)
    with seam.layer_by_layer():
        names = operations(small()(x))
    assert "conv2d_relu_max_pool2d" not in names
    assert "conv2d_relu_max_pool2d" in operations(small()(x))


def test_what_is_not_recorded_is_computed_in_one_pass_too(monkeypatch):
    model, x = small(), images(5)
    called = []
    monkeypatch.setattr(nn.ReLU, "function", lambda self, x: called.append(self) or sg.relu(x))
    with sg.no_grad():
        at_once = model(x).data
        assert not called
        with seam.layer_by_layer():
            np.testing.assert_allclose(model(x).data, at_once, rtol=1e-5, atol=1e-6)
    assert called


def test_without_it_every_layer_is_called(monkeypatch):
    model, x = small(nn.Conv2d(3, 2, 2, seed=1), nn.ReLU()), images(5)
    at_once = model(x).data
    monkeypatch.setattr(seam, "layer_runs", [])
    result = model(sg.tensor(x, requires_grad=True))
    assert "conv2d_relu_max_pool2d" not in operations(result)
    np.testing.assert_allclose(result.data, at_once, rtol=1e-5, atol=1e-6)
