"""The search for a learning rate."""

from __future__ import annotations

import copy

import numpy as np
import pytest

import seegrad as sg
from seegrad import nn, optim


def problem():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(64, 5)).astype(np.float32)
    y = (x @ rng.normal(size=(5, 1)) > 0).astype(np.float32)
    model = nn.Sequential(nn.Linear(5, 8, seed=0), nn.BatchNorm1d(8), nn.Tanh(), nn.Linear(8, 1, seed=1))
    return model, lambda: nn.BCEWithLogitsLoss()(model(x), y)


def test_suggests_a_rate_that_trains_and_puts_everything_back():
    model, loss = problem()
    optimizer = optim.SGD(model.parameters(), lr=0.123, momentum=0.9)
    loss().backward()
    optimizer.step()
    before, state = model.state_dict(), optimizer.state_dict()
    gradients = [p.grad for p in model.parameters()]
    found = optim.lr_finder(loss, optimizer, model, start_lr=1e-5, end_lr=100.0)
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, before[name])
    after = optimizer.state_dict()
    assert after["param_groups"] == state["param_groups"]
    for name, array in after["state"].items():
        np.testing.assert_array_equal(array, state["state"][name])
    assert all(p.grad is g for p, g in zip(model.parameters(), gradients, strict=True))
    assert 1e-3 < found.suggestion < 10
    first = loss().item()
    trained = optim.SGD(model.parameters(), lr=found.suggestion)
    for _ in range(50):
        trained.zero_grad()
        loss().backward()
        trained.step()
    assert loss().item() < 0.7 * first


def test_stops_when_the_loss_explodes():
    w = sg.tensor([1.0], requires_grad=True)
    found = optim.lr_finder(lambda: (w * w).sum(), optim.SGD([w]), start_lr=1e-2, end_lr=1e6, steps=200)
    assert found.lrs[-1] < 1e3
    assert np.isfinite(found.losses).all()
    assert w.item() == 1.0


def test_rates_grow_by_a_constant_factor():
    w = sg.tensor([0.0], requires_grad=True)
    found = optim.lr_finder(lambda: (w * 0 + 1).sum(), optim.SGD([w]), start_lr=1e-4, end_lr=1.0, steps=5)
    np.testing.assert_allclose(found.lrs, [1e-4, 1e-3, 1e-2, 1e-1, 1.0])
    np.testing.assert_allclose(found.smoothed, np.ones(5))


def test_puts_back_after_an_error():
    w = sg.tensor([1.0], requires_grad=True)
    optimizer = optim.SGD([w], lr=0.5)
    losses = iter([(w * w).sum(), None])
    with pytest.raises(AttributeError):
        optim.lr_finder(lambda: next(losses), optimizer, start_lr=0.1)
    assert (w.item(), optimizer.param_groups[0]["lr"]) == (1.0, 0.5)


def test_plot(tmp_path):
    model, loss = problem()
    found = optim.lr_finder(loss, optim.SGD(model.parameters()), model, end_lr=100.0)
    figure = found.plot(tmp_path / "lr.png")
    assert (tmp_path / "lr.png").read_bytes()[:4] == b"\x89PNG"
    assert figure.axes[0].get_xscale() == "log"


def test_refusals():
    w = sg.tensor([1.0], requires_grad=True)
    optimizer = optim.SGD([w])
    for lrs in ((1.0, 0.1), (0.0, 1.0), (0.1, np.inf)):
        with pytest.raises(ValueError, match="0 < start_lr < end_lr"):
            optim.lr_finder(lambda: w.sum(), optimizer, None, *lrs)
    with pytest.raises(ValueError, match="at least 2 steps"):
        optim.lr_finder(lambda: w.sum(), optimizer, steps=1)
    with pytest.raises(ValueError, match="smoothing"):
        optim.lr_finder(lambda: w.sum(), optimizer, smoothing=1.0)
    with pytest.raises(ValueError, match="first loss is not finite"):
        optim.lr_finder(lambda: (w * np.nan).sum(), optimizer)


def test_the_optimizer_of_another_model_is_refused():
    w, other = (sg.tensor([1.0], requires_grad=True) for _ in range(2))
    with pytest.raises(ValueError, match="does not depend on the optimizer's parameters.*made anew"):
        optim.lr_finder(lambda: (w * w).sum(), optim.SGD([other]))


def test_copies_are_searched_like_the_original():
    w = sg.tensor([5.0], requires_grad=True)
    optimizer = optim.Adam([w])
    v, other = copy.deepcopy((w, optimizer))
    one, two = (optim.lr_finder(lambda p=p: (p * p).sum(), o) for p, o in ((w, optimizer), (v, other)))
    assert one.losses == two.losses
    assert len(set(two.losses)) > 50
