"""L-BFGS: functions that it minimises, states, what it refuses; test_oracle.py compares each loss with PyTorch's."""

from __future__ import annotations

import copy

import numpy as np
import pytest

import seegrad as sg
from seegrad import nn, optim


def rosenbrock(w):
    return (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2


def closure_of(optimizer, parameters, function):
    calls = []

    def closure():
        optimizer.zero_grad()
        loss = function(*parameters)
        loss.backward()
        calls.append(loss.item())
        return loss

    return closure, calls


def test_a_quadratic_function_takes_few_steps(rng):
    matrix = rng.normal(size=(5, 5))
    matrix, target = matrix @ matrix.T + np.eye(5), rng.normal(size=5)
    w = sg.tensor(np.zeros(5), requires_grad=True)
    optimizer = optim.LBFGS([w], max_iter=40, line_search_fn="strong_wolfe")
    closure, _ = closure_of(optimizer, [w], lambda w: 0.5 * w @ matrix @ w - target @ w)
    optimizer.step(closure)
    np.testing.assert_allclose(w.data, np.linalg.solve(matrix, target), rtol=1e-4)


def test_a_curved_valley():
    w = sg.tensor([-1.2, 1.0], requires_grad=True)
    optimizer = optim.LBFGS([w], tolerance_change=1e-16, line_search_fn="strong_wolfe")
    closure, calls = closure_of(optimizer, [w], rosenbrock)
    first = optimizer.step(closure)
    assert first.item() == pytest.approx(24.2)
    for _ in range(4):
        optimizer.step(closure)
    np.testing.assert_allclose(w.data, [1, 1], atol=1e-7)
    before = len(calls)
    optimizer.step(closure)
    assert len(calls) == before + 1  # it is there


def test_a_network_in_float32(rng):
    x = rng.normal(size=(50, 3)).astype(np.float32)
    y = np.sin(x.sum(axis=1, keepdims=True))
    model = nn.models.mlp([3, 12, 1], "tanh", seed=0)
    optimizer = optim.LBFGS(model.parameters(), line_search_fn="strong_wolfe")
    closure, calls = closure_of(optimizer, [], lambda: nn.functional.mse_loss(model(x), y))
    for _ in range(10):
        optimizer.step(closure)
    assert calls[-1] < 0.1 * calls[0]
    assert {p.dtype for p in model.parameters()} == {np.dtype(np.float32)}


def test_frozen_parameters_and_those_without_gradient_stay():
    parameters = [sg.tensor([1.0], requires_grad=True) for _ in range(3)]
    parameters[1].requires_grad = False
    optimizer = optim.LBFGS(parameters)
    closure, _ = closure_of(optimizer, parameters, lambda a, b, c: (a * a + b * a).sum())
    optimizer.step(closure)
    assert parameters[0].item() == pytest.approx(-0.5)
    assert [p.item() for p in parameters[1:]] == [1.0, 1.0]


def test_a_state_goes_on_where_it_was():
    w = sg.tensor([-1.2, 1.0], requires_grad=True)
    optimizer = optim.LBFGS([w], max_iter=3, history_size=2, line_search_fn="strong_wolfe")
    optimizer.step(closure_of(optimizer, [w], rosenbrock)[0])
    twin = copy.deepcopy(w)
    other = optim.LBFGS([twin], lr=5.0)
    other.load_state_dict(optimizer.state_dict())
    pair = copy.deepcopy((w, optimizer))
    for parameter, same in ((w, optimizer), (twin, other), pair):
        for _ in range(3):
            same.step(closure_of(same, [parameter], rosenbrock)[0])
    assert w.tolist() == twin.tolist() == pair[0].tolist()


def test_what_is_refused():
    w = sg.tensor([1.0, 2.0], requires_grad=True)
    optimizer = optim.LBFGS([w])
    with pytest.raises(TypeError, match="give a function that calls zero_grad"):
        optimizer.step()
    with pytest.raises(ValueError, match="one dtype, without groups"):
        optim.LBFGS([{"params": [w]}, {"params": [sg.tensor([1.0])]}])
    with pytest.raises(ValueError, match="one dtype"):
        optim.LBFGS([w, sg.tensor([1.0], dtype=np.float32)])
    with pytest.raises(ValueError, match="line_search_fn must be None or 'strong_wolfe'"):
        optim.LBFGS([w], line_search_fn="armijo")
    with pytest.raises(ValueError, match="max_iter must be at least 1"):
        optim.LBFGS([w], max_iter=0)
    optimizer.step(closure_of(optimizer, [w], rosenbrock)[0])
    with pytest.raises(ValueError, match=r"of \[2\] numbers, the parameters have 3; nothing was loaded"):
        optim.LBFGS([sg.tensor(np.ones(3))]).load_state_dict(optimizer.state_dict())
    with pytest.raises(ValueError, match="does not fit the LBFGS"):
        optimizer.load_state_dict(optim.SGD([w]).state_dict())
    compiled = sg.compile(lambda: optimizer.step(closure_of(optimizer, [w], rosenbrock)[0]))
    compiled()  # as it is, without a program
    assert "LBFGS.step cannot be compiled" in compiled.why_not


def test_losses_that_are_not_finite_end_a_step():
    w = sg.tensor([1.0], requires_grad=True)
    for search in (None, "strong_wolfe"):
        optimizer = optim.LBFGS([w], line_search_fn=search)
        closure, calls = closure_of(optimizer, [w], lambda w: (w * np.nan).sum())
        optimizer.step(closure)
        assert len(calls) == 1
        assert w.item() == 1.0
