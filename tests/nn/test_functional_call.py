"""``functional_call``: derivatives of all orders with respect to the parameters of modules, and per example."""

from __future__ import annotations

import numpy as np
import pytest

import seegrad as sg
from seegrad import nn


def network(dtype=np.float64):
    model = nn.Sequential(nn.Linear(2, 3, seed=0), nn.Tanh(), nn.Linear(3, 2, seed=1))
    return model.to(dtype)


X = np.random.default_rng(0).normal(size=(5, 2))
LABELS = np.array([0, 1, 1, 0, 1])


def by_hand(p, x):
    return np.tanh(x @ p["0.weight"] + p["0.bias"]) @ p["2.weight"] + p["2.bias"]


def loss_by_hand(p, x, label):
    scores = by_hand(p, x)
    return np.log(np.sum(np.exp(scores), -1)).mean() - np.take_along_axis(scores, label[..., None], -1).mean()


def loss(model):
    return lambda p, x, label: nn.functional.cross_entropy(nn.functional_call(model, p, x), label)


def same(found, expected, **tolerance):
    for a, b in zip(sg.tree.leaves(found), sg.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(a, b, **{"rtol": 1e-9, "atol": 1e-12, **tolerance})


def test_the_module_stays_as_it_is():
    model = network()
    before, objects = model.state_dict(), list(model.parameters())
    other = {name: value + 1.0 for name, value in before.items()}
    np.testing.assert_allclose(nn.functional_call(model, other, (X,)).data, by_hand(other, X))
    np.testing.assert_allclose(nn.functional_call(model, {}, X).data, model(X).data)
    np.testing.assert_allclose(
        nn.functional_call(model, [{"0.bias": other["0.bias"]}, {"2.bias": other["2.bias"]}], X).data,
        by_hand({**before, "0.bias": other["0.bias"], "2.bias": other["2.bias"]}, X),
    )
    with pytest.raises(ValueError, match="Linear"):
        nn.functional_call(model, other, np.ones((5, 7)))
    assert all(a is b for a, b in zip(model.parameters(), objects, strict=True))
    same(model.state_dict(), before)
    assert all(parameter.grad is None for parameter in model.parameters())


def test_gradients_per_example_and_hessians():
    model = network()
    params = model.state_dict()
    same(sg.grad(loss(model))(params, X, LABELS), sg.grad(loss_by_hand)(params, X, LABELS))
    loss(model)(dict(model.named_parameters()), X, LABELS).backward()
    same({name: p.grad for name, p in model.named_parameters()}, sg.grad(loss_by_hand)(params, X, LABELS))
    model.zero_grad()
    each = sg.vmap(sg.grad(loss(model)), in_axes=(None, 0, 0))(params, X[:, None], LABELS[:, None])
    assert {name: g.shape for name, g in each.items()} == {name: (5, *p.shape) for name, p in params.items()}
    for i in range(5):
        one = sg.grad(loss_by_hand)(params, X[i : i + 1], LABELS[i : i + 1])
        same({name: g[i] for name, g in each.items()}, one)
    same(sg.hessian(loss(model))(params, X, LABELS), sg.hessian(loss_by_hand)(params, X, LABELS))
    direction = sg.tree.map(np.ones_like, params)
    same(sg.hvp(loss(model))(params, X, LABELS, direction), sg.hvp(loss_by_hand)(params, X, LABELS, direction))
    vector, unravel = sg.tree.ravel(params)
    f = lambda v: loss(model)(unravel(v), X, LABELS)  # noqa: E731
    assert sg.gradcheck(f, sg.tensor(vector, requires_grad=True), order=2)
    compiled = sg.compile(sg.grad(loss(model)))
    for scale in (1.0, 2.0):
        scaled = sg.tree.map(lambda p, scale=scale: scale * p, params)
        same(compiled(scaled, X, LABELS), sg.grad(loss_by_hand)(scaled, X, LABELS))
    ensemble = sg.tree.map(lambda p: np.stack([p, 2 * p]), params)
    many = sg.vmap(lambda p: nn.functional_call(model, p, X))(ensemble)
    np.testing.assert_allclose(many[1], by_hand(sg.tree.map(lambda p: 2 * p, params), X))


def test_all_layers_with_their_buffers():
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1, seed=0), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(16, 3, seed=1), nn.LayerNorm(3),
    )  # fmt: skip
    x = np.random.default_rng(1).normal(size=(6, 4, 4, 1)).astype(np.float32)
    params, buffers = dict(model.named_parameters()), dict(model.named_buffers())
    before = model.state_dict()
    for mode in (True, False):
        model.train(mode)
        found = nn.functional_call(model, ({k: p.data for k, p in params.items()}, buffers), x)
        np.testing.assert_array_equal(model.state_dict()["1.running_mean"], before["1.running_mean"])
        expected = model(x).data
        model.load_state_dict(before)
        np.testing.assert_allclose(found.data, expected, rtol=1e-6)
        gradient = sg.grad(lambda p: sg.sum(nn.functional_call(model, (p, buffers), x) ** 3))(  # noqa: B023
            {k: p.data for k, p in params.items()}
        )
        model.zero_grad()
        sg.sum(model(x) ** 3).backward()
        model.load_state_dict(before)
        same(gradient, {k: p.grad for k, p in params.items()}, rtol=1e-4, atol=1e-4)


class Tied(nn.Module):
    def __init__(self):
        self.first = nn.Linear(2, 2, bias=False, seed=0)
        self.second = nn.Linear(2, 2, bias=False, seed=1)
        self.second.weight = self.first.weight
        self.scale = nn.Parameter([2.0])

    def forward(self, x, y=0.0, *, times=1.0):
        return self.second(self.first(x)) * self.scale * times + y


def test_shared_parameters_count_everywhere_and_arguments_by_name():
    model = Tied().to(np.float64)
    w, x = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[1.0, -1.0]])
    state = {"first.weight": w, "scale": np.array([3.0])}
    found = nn.functional_call(model, state, (x, 1.0), {"times": 2.0}, strict=True)
    np.testing.assert_allclose(found.data, x @ w @ w * 6.0 + 1.0)
    slope = sg.grad(lambda w: sg.sum(nn.functional_call(model, {"first.weight": w}, x)))(w)
    np.testing.assert_allclose(slope.data, sg.grad(lambda w: 2.0 * np.sum(x @ w @ w))(w))
    slope.sum().backward()  # by the scale, which is the model's own
    np.testing.assert_allclose(model.scale.grad, [slope.data.sum() / 2.0])


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"weight": np.ones((2, 2))}, "it has no weight"),
        ({"scale": np.ones(2)}, r"scale has shape \(1,\), given was \(2,\)"),
        ({"scale": np.ones(1)}, "first.weight is missing"),
        ({"second.weight": np.ones((2, 2))}, "it has no second.weight"),
    ],
)
def test_what_does_not_fit_is_refused(state, words):
    with pytest.raises(ValueError, match=f"functional_call of Tied: .*{words}"):
        nn.functional_call(Tied(), state, np.ones((1, 2)), strict="missing" in words)
