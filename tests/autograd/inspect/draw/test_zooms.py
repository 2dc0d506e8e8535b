"""Models as layers, arrays as scalars."""

from __future__ import annotations

import numpy as np
import pytest

import seegrad as sg
from seegrad import nn


class Block(nn.Module):
    def __init__(self, n):
        self.inner = nn.Linear(n, n, seed=0)
        self.activation = nn.ReLU()

    def forward(self, x):
        return x + self.activation(self.inner(x))


class Net(nn.Module):
    def __init__(self):
        self.first = nn.Linear(8, 4, seed=0)
        self.body = nn.Sequential(Block(4), Block(4))

    def forward(self, x):
        return self.body(self.first(x).tanh())


def test_layers_with_shapes_and_counts():
    boxes = {b.name: b for b in sg.draw(nn.models.mnist_cnn(), input_shape=(1, 28, 28, 1)).picture.boxes}
    assert boxes["0 Conv2d"].lines[-2:] == ["→ (1, 26, 26, 32)", "320 parameters"]
    assert boxes["11 Linear"].is_root
    assert len(boxes) == 13


def test_nested_modules_are_groups_and_what_is_between_layers_is_drawn():
    picture = sg.draw(Net(), input_shape=(5, 8)).picture
    groups = {box.group for box in picture.boxes}
    assert groups == {(), ("body Sequential", "body.0 Block"), ("body Sequential", "body.1 Block")}
    sums = [box for box in picture.boxes if box.op == "+"]
    assert [box.group[-1] for box in sums] == ["body.0 Block", "body.1 Block"]
    assert [sum(a.head == box.key for a in picture.arrows) for box in sums] == [2, 2]
    tanh = next(box for box in picture.boxes if box.op == "tanh")
    assert tanh.group == ()


def test_a_shared_layer_is_counted_once():
    layer = nn.Linear(4, 4, seed=0)
    picture = sg.draw(nn.Sequential(layer, nn.ReLU(), layer), np.zeros((1, 4), np.float32)).picture
    lines = [line for box in picture.boxes for line in box.lines if "parameters" in line]
    assert lines == ["20 parameters", "parameters shared with above"]


def test_looking_at_a_model_changes_nothing():
    model = nn.Sequential(nn.Linear(4, 4, seed=0), nn.BatchNorm1d(4), nn.Dropout(0.5))
    before, attributes = model.state_dict(), [dict(vars(m)) for m in model.modules()]
    sg.draw(model, input_shape=(3, 4))
    sg.draw(model, input_shape=(3, 4), zoom="ops")
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, before[name])
    assert [vars(m).keys() for m in model.modules()] == [a.keys() for a in attributes]
    assert all(m.training for m in model.modules())
    assert all(p.grad is None for p in model.parameters())


def test_a_model_that_fails_is_left_as_it_was():
    model = nn.Sequential(nn.Linear(4, 4, seed=0))
    with pytest.raises(ValueError, match="Linear"):
        sg.draw(model, input_shape=(3, 5))
    assert "forward" not in vars(model)
    assert model.training


def test_a_model_as_operations_shows_the_paths_of_its_parameters():
    names = {box.name for box in sg.draw(Net(), input_shape=(1, 8), zoom="ops").picture.boxes}
    assert {"first.weight", "body.1.inner.bias"} <= names


def test_operations_of_a_model_stand_inside_their_layers():
    drawing = sg.draw(Net(), input_shape=(5, 8), zoom="ops")
    groups = {(box.op, box.group) for box in drawing.picture.boxes if box.kind == "result"}
    assert ("x @ first.weight", ("first Linear",)) in groups
    assert ("tanh", ()) in groups
    assert ("+", ("body Sequential", "body.0 Block")) in groups
    assert ("relu", ("body Sequential", "body.1 Block", "body.1.activation ReLU")) in groups
    assert "body.0.inner Linear" in drawing.source
    assert "activation ReLU" not in drawing.source  # a frame around relu would say it twice


def test_a_model_needs_an_input():
    with pytest.raises(ValueError, match="input_shape"):
        sg.draw(nn.ReLU())


OPERATIONS = {
    "elementwise": lambda x, w: (x * w + sg.exp(x) / 3.0).sum(),
    "matmul": lambda x, w: (x @ w.T).tanh().mean(),
    "vectors": lambda x, w: x[0] @ w[1],
    "where": lambda x, w: sg.where(x.data > 0, x * 2.0, w).sum(),
    "moving": lambda x, w: (sg.concatenate([x.T, w.reshape(3, 2)], axis=1) ** 2).sum(),
    "softmax": lambda x, w: (sg.log_softmax(x) * w).sum(),
    "max": lambda x, w: (x * w).max(),
    "padding": lambda x, w: (sg.pad(x, 1) ** 2).sum() + w.std(),
    "convolution": lambda x, w: sg.conv2d(x.reshape(1, 2, 3, 1), w[:, :2].reshape(2, 2, 1, 1)).sum(),
    "casting": lambda x, w: (x.astype(np.float32) * w.astype(np.float32)).sum(),
    "written": lambda x, w: written(x, w).sum(),
}


def written(x, w):
    y = x * 1.0
    y[0, 1] = w[1, 1] * 2.0
    return y * y


@pytest.mark.parametrize("name", OPERATIONS)
def test_scalars_have_the_numbers_and_gradients_of_the_arrays(name, rng):
    x = sg.tensor(rng.normal(size=(2, 3)), requires_grad=True, label="x")
    w = sg.tensor(rng.normal(size=(2, 3)), requires_grad=True, label="w")
    result = OPERATIONS[name](x, w)
    picture = sg.draw(result, zoom="scalars", show="grads", max_nodes=400).picture
    result.backward()
    boxes = {box.name: box for box in picture.boxes if box.name}
    root = next(box for box in picture.boxes if box.is_root)
    assert float(root.exact.split(",")[0]) == pytest.approx(result.item(), rel=1e-6)
    for leaf in (x, w):
        for index in np.ndindex(leaf.shape):
            box = boxes.get(f"{leaf.label}[{index[0]},{index[1]}]")
            gradient = float(box.exact.partition("grad ")[2]) if box is not None and box.gradient else 0.0
            assert gradient == pytest.approx(leaf.grad[index], rel=1e-5, abs=1e-9)


def test_a_vector_result_in_scalars():
    x = sg.tensor([1.0, 2.0], requires_grad=True, label="x")
    picture = sg.draw(x * 2.0, zoom="scalars").picture
    assert [box.op for box in picture.boxes if box.op] == ["x[0] * 2", "x[1] * 2", "stack"]


def test_too_many_scalars_are_refused_with_their_number():
    x = sg.tensor(np.zeros((30, 30)), requires_grad=True)
    with pytest.raises(ValueError, match=r"901 numbers, at most 400"):
        sg.draw(x.sum(), zoom="scalars")
