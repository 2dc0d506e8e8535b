"""Convolutions with the batch normalisation after them, evaluated as one: the numbers of one after the other."""

from __future__ import annotations

import numpy as np
import pytest
from special_numbers import SPECIAL

import seegrad as sg
from seegrad import nn
from seegrad.autograd.fast import evaluated_runs
from seegrad.common import seam

pytestmark = pytest.mark.filterwarnings("ignore:.*(overflow|invalid|divide).*:RuntimeWarning")


def network(*after, bias=True, seed=0):
    model = nn.Sequential(nn.Conv2d(2, 3, 3, padding=1, bias=bias, seed=seed), nn.BatchNorm2d(3), *after)
    rng, norm = np.random.default_rng(seed), model[1]
    norm.running_mean, norm.running_var = rng.normal(size=3).astype("f"), rng.uniform(0.5, 2.0, 3).astype("f")
    norm.weight.data, norm.bias.data = rng.normal(size=3).astype("f"), rng.normal(size=3).astype("f")
    return model.eval()


def images(batch=5):
    return np.random.default_rng(1).normal(size=(batch, 8, 7, 2)).astype(np.float32)


def both(model, x):
    with sg.no_grad():
        together = model(x)
        with seam.layer_by_layer():
            return together.data, model(x).data


@pytest.fixture
def runs(monkeypatch):
    """What the run answers."""
    found, run = [], evaluated_runs.conv_norm

    def noted(*arguments):
        found.append(run(*arguments))
        return found[-1]

    monkeypatch.setattr(seam, "layer_runs", [noted])
    return found


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize(
    ("after", "count"),
    [
        ((), 2),
        ((nn.ReLU(),), 3),
        ((nn.ReLU(), nn.MaxPool2d(2)), 4),
        ((nn.ReLU(), nn.MaxPool2d(3, 2)), 3),
        ((nn.Sigmoid(), nn.ReLU()), 2),
    ],
)
def test_the_numbers_are_those_of_one_after_the_other(after, count, bias, runs):
    one, other = both(network(*after, bias=bias), images())
    assert runs[0][1] == count
    np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("place", ["x", "weight", "bias", "mean", "var", "scale", "shift"])
@pytest.mark.parametrize("special", [*SPECIAL, 1e-30, 1e35, 3e38])
def test_special_numbers_pass_as_one_after_the_other(special, place):
    for after in ((), (nn.ReLU(),), (nn.ReLU(), nn.MaxPool2d(2))):
        model, x = network(*after), images()
        norm = model[1]
        arrays = {"x": x, "weight": model[0].weight._plain, "bias": model[0].bias._plain}
        arrays |= {"mean": norm.running_mean, "var": norm.running_var}
        arrays |= {"scale": norm.weight._plain, "shift": norm.bias._plain}
        arrays[place].flat[1] = abs(special) if place == "var" else special
        np.testing.assert_allclose(*both(model, x), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("change", ["train", "hook", "no statistics", "no weight", "double", "recording"])
def test_what_does_not_fit_is_left_to_the_layers(change, runs):
    model = network(nn.ReLU())
    if change == "train":
        model.train()
    elif change == "hook":
        model[1].register_forward_hook(lambda *_: None)
    elif change == "no statistics":
        model[1] = nn.BatchNorm2d(3, track_running_stats=False)
    elif change == "no weight":
        model[1] = nn.BatchNorm2d(3, affine=False)
    elif change == "double":
        model[1].weight.data = model[1].weight.data.astype(float)
    if change == "recording":
        assert model(images()).requires_grad
    else:
        with sg.no_grad():
            try:
                model(images())
            except TypeError:  # of the layer
                assert change == "double"
    assert runs[0] is NotImplemented


def test_a_result_tells_why_it_has_no_graph():
    with sg.no_grad():
        result = network()(images())
    with pytest.raises(RuntimeError, match="no_grad"):
        result.sum().backward()
