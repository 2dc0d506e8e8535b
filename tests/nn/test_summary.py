from __future__ import annotations

import numpy as np
import pytest

import seegrad as sg
from seegrad import nn


def test_mnist_cnn():
    table = nn.summary(nn.models.mnist_cnn(), (28, 28, 1))
    assert table.parameters == table.trainable == 93_322
    learning = [(layer.output_shape, layer.parameters) for layer in table.layers if layer.parameters]
    assert learning == [
        ((26, 26, 32), 320),
        ((11, 11, 64), 18_496),
        ((3, 3, 64), 36_928),
        ((64,), 36_928),
        ((10,), 650),
    ]
    lines = str(table).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert lines[-1].split() == ["all", "layers", "93,322"]
    assert "(n, 26, 26, 32)" in lines[2]


def test_changes_nothing():
    sg.manual_seed(1)
    model = nn.Sequential(nn.Linear(3, 3), nn.Dropout(0.5))
    model[1].eval()
    before = model.state_dict()
    nn.summary(model, (3,))
    assert [layer.training for layer in model] == [True, False]
    assert all(layer._hooks in (None, {}) for layer in model.modules())
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


def test_frozen_and_shared_parameters():
    shared = nn.Linear(3, 3)
    model = nn.Sequential(shared, nn.Linear(3, 3), shared)
    shared.freeze()
    table = nn.summary(model, (3,))
    assert [layer.parameters for layer in table.layers] == [12, 12, 0]
    assert (table.parameters, table.trainable) == (24, 12)
    assert str(table).splitlines()[-1].split() == ["of", "these", "trained", "12"]


def test_parameters_beside_children():
    class Scaled(nn.Module):
        def __init__(self):
            self.inner = nn.Linear(2, 2)
            self.scale = nn.Parameter([2.0])

        def forward(self, x):
            return self.inner(x) * self.scale

    table = nn.summary(Scaled(), (2,))
    assert [(layer.name.split("(")[0], layer.parameters) for layer in table.layers] == [
        ("inner Linear", 6),
        ("Scaled", 1),
    ]


def test_wrong_input_names_the_layer_and_leaves_no_hooks():
    model = nn.Sequential(nn.Linear(3, 3))
    with pytest.raises(ValueError, match=r"Linear\(3, 3"):
        nn.summary(model, (4,))
    assert all(layer._hooks in (None, {}) for layer in model.modules())
