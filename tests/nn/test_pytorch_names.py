"""PyTorch's initialisers, and its methods of a module, that work as theirs."""

from __future__ import annotations

import numpy as np
import pytest

import seegrad as sg
from seegrad import nn

LARGE = (300, 200)  # fan-in 300, fan-out 200


@pytest.mark.parametrize(
    ("initialize", "deviation"),
    [
        (lambda w: nn.init.normal_(w, 1.0, 0.5), 0.5),
        (lambda w: nn.init.uniform_(w, -1.0, 1.0), 3**-0.5),
        (lambda w: nn.init.xavier_uniform_(w), (2 / 500) ** 0.5),
        (lambda w: nn.init.xavier_normal_(w, gain=2.0), 2 * (2 / 500) ** 0.5),
        (lambda w: nn.init.kaiming_uniform_(w), (2 / 300) ** 0.5),
        (lambda w: nn.init.kaiming_normal_(w, mode="fan_out", nonlinearity="relu"), (2 / 200) ** 0.5),
        (lambda w: nn.init.kaiming_normal_(w, nonlinearity="tanh"), 5 / 3 * (1 / 300) ** 0.5),
        (lambda w: nn.init.kaiming_uniform_(w, a=5**0.5), (1 / 900) ** 0.5),
        (lambda w: nn.init.trunc_normal_(w, std=0.1, a=-10.0, b=10.0), 0.1),
    ],
)
def test_first_values_have_the_spread_that_pytorch_gives(initialize, deviation):
    w = nn.Parameter(np.zeros(LARGE))
    sg.manual_seed(1)
    assert initialize(w) is w
    assert w.requires_grad
    assert w.is_leaf
    assert w.data.std() == pytest.approx(deviation, rel=0.02)
    first = w.data.copy()
    sg.manual_seed(1)
    np.testing.assert_array_equal(initialize(w).data, first)


def test_first_values_that_are_not_random():
    w = nn.Parameter(np.zeros((2, 2), np.float32))
    assert nn.init.constant_(w, 0.5).tolist() == [[0.5, 0.5], [0.5, 0.5]]
    assert nn.init.ones_(w).tolist() == [[1.0, 1.0], [1.0, 1.0]]
    assert nn.init.eye_(w).tolist() == [[1.0, 0.0], [0.0, 1.0]]
    assert nn.init.zeros_(w).tolist() == [[0.0, 0.0], [0.0, 0.0]]
    q = nn.init.orthogonal_(w).data
    np.testing.assert_allclose(q @ q.T, np.eye(2), atol=1e-6)
    assert w.dtype == np.float32


def test_a_model_is_initialized_as_tutorials_do():
    def init_weights(m):
        if isinstance(m, nn.Linear):
            nn.init.xavier_uniform_(m.weight)
            nn.init.constant_(m.bias, 0.01)

    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)).apply(init_weights)
    assert np.all(model[2].bias.data == np.float32(0.01))
    assert np.all(np.abs(model[0].weight.data) <= (6 / 7) ** 0.5)


def test_methods_of_a_module():
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    assert model.double().get_parameter("0.weight").dtype == np.float64
    assert model.float().cpu().get_parameter("0.weight").dtype == np.float32
    assert model.get_submodule("1") is model[1]
    assert model.get_buffer("1.running_mean").shape == (4,)
    assert not any(p.requires_grad for p in model.requires_grad_(False).parameters())
    assert all(p.requires_grad for p in model.requires_grad_().parameters())

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.add_module("first", nn.Linear(2, 2))
            self.register_parameter("scale", nn.Parameter([2.0]))

        def forward(self, x):
            return self.first(x) * self.scale

    assert [name for name, _ in Net().named_parameters()] == ["scale", "first.weight", "first.bias"]


def test_a_loss_takes_pytorchs_names():
    scores, labels = np.eye(3, dtype=np.float32), np.array([0, 1, 2])
    expected = nn.CrossEntropyLoss()(scores, labels).item()
    assert nn.CrossEntropyLoss()(input=scores, target=labels).item() == expected
    assert nn.functional.cross_entropy(input=scores, target=labels).item() == expected


def test_freezing_by_kerass_attribute_is_refused():
    layer = nn.Linear(2, 2)
    with pytest.raises(AttributeError, match=r"write freeze\(\) or unfreeze\(\)"):
        layer.trainable = False
    with pytest.raises(AttributeError, match=r"model\.freeze\(\)"):
        _ = layer.trainable
