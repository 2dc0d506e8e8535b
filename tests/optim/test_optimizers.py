"""Optimizers: their formulas written plainly, one parameter and one number at a time."""

from __future__ import annotations

import copy
import importlib.util
from functools import partial

import numpy as np
import pytest

import seegrad as sg
from seegrad import optim
from seegrad.autograd.kernels import numba_use

STEPS = 30


def slow_sgd(p, gradients, lr=0.1, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False):
    v = None
    for gradient in gradients:
        g = gradient + weight_decay * p
        if momentum:
            v = g if v is None else momentum * v + (1 - dampening) * g
            g = g + momentum * v if nesterov else v
        p = p - lr * g
    return p


def slow_adam(p, gradients, lr=0.1, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0, decoupled=False):
    m = v = 0.0
    for t, gradient in enumerate(gradients, 1):
        if decoupled:
            g, p = gradient, p - lr * weight_decay * p
        else:
            g = gradient + weight_decay * p
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g * g
        m_hat, v_hat = m / (1 - betas[0] ** t), v / (1 - betas[1] ** t)
        p = p - lr * m_hat / (np.sqrt(v_hat) + eps)
    return p


def slow_rmsprop(p, gradients, lr=0.1, alpha=0.99, eps=1e-8, weight_decay=0.0, momentum=0.0, centered=False):
    v = m = b = 0.0
    for gradient in gradients:
        g = gradient + weight_decay * p
        v = alpha * v + (1 - alpha) * g * g
        m = alpha * m + (1 - alpha) * g
        b = momentum * b + g / (np.sqrt(v - m * m if centered else v) + eps)
        p = p - lr * b
    return p


def slow_adagrad(p, gradients, lr=0.1, lr_decay=0.0, weight_decay=0.0, initial_accumulator_value=0.0, eps=1e-10):
    s = initial_accumulator_value
    for t, gradient in enumerate(gradients, 1):
        g = gradient + weight_decay * p
        s = s + g * g
        p = p - lr / (1 + (t - 1) * lr_decay) * g / (np.sqrt(s) + eps)
    return p


CASES = {
    "sgd": (optim.SGD, slow_sgd, {}),
    "sgd decay": (optim.SGD, slow_sgd, {"weight_decay": 0.3}),
    "momentum": (optim.SGD, slow_sgd, {"momentum": 0.9}),
    "momentum all": (optim.SGD, slow_sgd, {"momentum": 0.8, "dampening": 0.3, "weight_decay": 0.1}),
    "nesterov": (optim.SGD, slow_sgd, {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
    "adam": (optim.Adam, slow_adam, {}),
    "adam all": (optim.Adam, slow_adam, {"betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": 0.2}),
    "adamw": (
        optim.AdamW,
        partial(slow_adam, decoupled=True, weight_decay=0.01),
        {},
    ),
    "rmsprop": (optim.RMSprop, slow_rmsprop, {}),
    "rmsprop all": (
        optim.RMSprop,
        slow_rmsprop,
        {"alpha": 0.9, "eps": 0.1, "weight_decay": 0.1, "momentum": 0.8, "centered": True},
    ),
    "adagrad": (optim.Adagrad, slow_adagrad, {}),
    "adagrad all": (
        optim.Adagrad,
        slow_adagrad,
        {"lr_decay": 0.1, "weight_decay": 0.2, "initial_accumulator_value": 0.5, "eps": 1e-3},
    ),
    "adamw all": (optim.AdamW, partial(slow_adam, decoupled=True), {"weight_decay": 0.5, "betas": (0.5, 0.9)}),
}


def make(cls, params, **settings):
    return cls(params, **{"lr": 0.1, **settings})


@pytest.fixture
def shapes():
    return [(3, 2), (2,), (), (1, 2, 3), (40_000,)]  # the last one is longer than a block


@pytest.mark.parametrize("case", CASES)
def test_formula(case, rng, shapes):
    cls, slow, settings = CASES[case]
    starts = [rng.normal(size=shape) for shape in shapes]
    gradients = [[rng.normal(size=shape) for shape in shapes] for _ in range(STEPS)]
    params = [sg.tensor(start, requires_grad=True) for start in starts]
    optimizer = make(cls, params, **settings)
    for step in gradients:
        for p, g in zip(params, step, strict=True):
            p.grad = g
        before = [g.copy() for g in step]
        optimizer.step()
        for g, same in zip(step, before, strict=True):
            np.testing.assert_array_equal(g, same)
    for i, p in enumerate(params):
        expected = slow(starts[i], [step[i] for step in gradients], **settings)
        np.testing.assert_allclose(p.data, expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("case", CASES)
def test_float32_stays_float32(case, rng):
    cls, slow, settings = CASES[case]
    start, gradients = rng.normal(size=5).astype("f4"), rng.normal(size=(STEPS, 5)).astype("f4")
    p = sg.tensor(start, requires_grad=True)
    optimizer = make(cls, [p], **settings)
    for g in gradients:
        p.grad = g
        optimizer.step()
    assert p.dtype == np.float32
    state = optimizer.state_dict()["state"]
    assert all(array.dtype == np.float32 for name, array in state.items() if not name.endswith("step"))
    expected = slow(start.astype("f8"), gradients.astype("f8"), **settings)
    np.testing.assert_allclose(p.data, expected, rtol=1e-3, atol=1e-5)


@pytest.mark.skipif(importlib.util.find_spec("numba") is None, reason="Numba is not installed")
@pytest.mark.parametrize("kind", [optim.Adam, optim.AdamW])
def test_adam_compiled_rounds_as_in_numpy(kind, rng, monkeypatch):
    start = [rng.normal(size=shape).astype(np.float32) for shape in ((300, 200), (17,))]
    gradients = [[rng.normal(size=p.shape).astype(np.float32) for p in start] for _ in range(4)]
    gradients[1][0][:2] = np.float32([0.0, np.inf])[:, None]
    results = []
    for enabled in (True, False):
        monkeypatch.setattr(numba_use, "enabled", enabled)
        parameters = [sg.tensor(p, requires_grad=True) for p in start]
        optimizer = kind(parameters, lr=np.array(0.01), betas=(0.8, np.array(0.99)), weight_decay=0.1)
        with np.errstate(invalid="ignore"):
            for step in gradients:
                for p, g in zip(parameters, step):
                    p.grad = g
                optimizer.step()
        results.append([p.data for p in parameters])
    for one, other in zip(*results):
        np.testing.assert_array_equal(one, other)
    assert np.isnan(results[0][0][1]).all()
    assert np.isfinite(results[0][0][2:]).all()


@pytest.mark.parametrize("case", CASES)
def test_parameters_without_a_gradient_do_not_advance(case, rng):
    cls, slow, settings = CASES[case]
    starts = rng.normal(size=(4, 3))
    gradients = rng.normal(size=(STEPS, 4, 3))
    has = rng.random((STEPS, 4)) < 0.6
    params = [sg.tensor(start, requires_grad=True) for start in starts]
    optimizer = make(cls, params, **settings)
    for g, here in zip(gradients, has, strict=True):
        for i, p in enumerate(params):
            p.grad = g[i] if here[i] else None
        optimizer.step()
    for i, p in enumerate(params):
        expected = slow(starts[i], gradients[has[:, i], i], **settings)
        np.testing.assert_allclose(p.data, expected, rtol=1e-12)


@pytest.mark.parametrize("case", CASES)
def test_state_round_trip(case, rng):
    cls, _, settings = CASES[case]

    def run(optimizer, params, gradients):
        for step in gradients:
            for p, g in zip(params, step, strict=True):
                p.grad = g
            optimizer.step()
        return [p.data.copy() for p in params]

    gradients = rng.normal(size=(10, 2, 3))
    params = [sg.tensor(x, requires_grad=True) for x in rng.normal(size=(2, 3))]
    optimizer = make(cls, params, **settings)
    run(optimizer, params, gradients[:5])
    twins = copy.deepcopy(params)
    other = cls(twins, lr=7.0)
    state = optimizer.state_dict()
    other.load_state_dict(state)
    for array in state["state"].values():
        array[...] = 9  # a copy
    one, two = run(optimizer, params, gradients[5:]), run(other, twins, gradients[5:])
    np.testing.assert_array_equal(one, two)
    assert other.param_groups[0]["lr"] == 0.1


class TestStateErrors:
    def make(self):
        params = [sg.tensor(np.ones(n), requires_grad=True) for n in (2, 3)]
        optimizer = optim.Adam(params)
        for p in params:
            p.grad = np.ones(p.shape)
        optimizer.step()
        return optimizer

    def test_lists_everything_and_changes_nothing(self):
        optimizer = self.make()
        state = optimizer.state_dict()
        del state["state"]["0.exp_avg"]
        state["state"]["1.exp_avg"] = np.zeros(4)
        state["state"]["1.extra"] = np.zeros(3)
        state["param_groups"][0]["lr"] = 5.0
        with pytest.raises(ValueError, match="does not fit the Adam") as caught:
            optimizer.load_state_dict(state)
        for part in ("3 problems", "missing: 0.exp_avg float64 (2,)", "unexpected: 1.extra", "given float64 (4,)"):
            assert part in str(caught.value)
        assert optimizer.param_groups[0]["lr"] == 1e-3
        assert optimizer.state_dict()["state"]["0.step"] == 1

    def test_other_groups_and_settings(self):
        optimizer = self.make()
        with pytest.raises(ValueError, match=r"groups have \[1\] parameters, not \[2\]"):
            optimizer.load_state_dict(optim.Adam([sg.tensor([1.0])]).state_dict())
        with pytest.raises(ValueError, match=r"'param_groups' and 'state', this one has \[\]"):
            optimizer.load_state_dict({})
        state = optimizer.state_dict()
        state["param_groups"][0]["params"] = [1, 0]
        with pytest.raises(ValueError, match="nothing was loaded"):
            optimizer.load_state_dict(state)
        state = optimizer.state_dict()
        state["param_groups"][0]["lr"] = -1
        with pytest.raises(ValueError, match="lr must be"):
            optimizer.load_state_dict(state)
        with pytest.raises(ValueError, match="settings .*'betas'.*'momentum'"):
            optimizer.load_state_dict(optim.SGD(optimizer.param_groups[0]["params"]).state_dict())

    def test_settings_are_plain(self):
        group = self.make().state_dict()["param_groups"][0]
        assert group == {"lr": 1e-3, "betas": [0.9, 0.999], "eps": 1e-8, "weight_decay": 0.0, "params": [0, 1]}


class TestGroups:
    def test_own_settings(self):
        a, b, c = (sg.tensor([1.0], requires_grad=True) for _ in range(3))
        optimizer = optim.SGD([{"params": [a]}, {"params": b, "lr": 0.5}], lr=0.1)
        optimizer.add_param_group({"params": [c], "lr": 1.0})
        for p in (a, b, c):
            p.grad = np.array([1.0])
        optimizer.step()
        np.testing.assert_allclose([a.item(), b.item(), c.item()], [0.9, 0.5, 0.0])
        optimizer.param_groups[0]["lr"] = 0.2
        optimizer.step()
        np.testing.assert_allclose(a.item(), 0.7)
        assert repr(optimizer).startswith("SGD(1 parameters, lr=0.2, momentum=0.0")

    def test_dtypes_may_be_mixed(self):
        a, b = sg.tensor([1.0], requires_grad=True), sg.tensor([1.0], dtype=np.float32, requires_grad=True)
        optimizer = optim.Adam([a, b], lr=0.1)
        a.grad, b.grad = np.array([2.0]), np.array([2.0])
        optimizer.step()
        np.testing.assert_allclose([a.item(), b.item()], [0.9, 0.9], rtol=1e-6)
        assert (a.dtype, b.dtype) == (np.float64, np.float32)
        names = ("step", "exp_avg", "exp_avg_sq")
        assert set(optimizer.state_dict()["state"]) == {f"{i}.{name}" for i in (0, 1) for name in names}

    def test_given_twice_is_updated_once(self):
        p = sg.tensor([1.0], requires_grad=True)
        optimizer = optim.SGD([p, p], lr=0.1, momentum=0.5)
        p.grad = np.array([1.0])
        optimizer.step()
        assert p.item() == 0.9

    def test_in_two_groups_is_refused(self):
        p, q = sg.tensor([1.0], label="p"), sg.tensor([1.0])
        with pytest.raises(ValueError, match=r"parameter 1 \(p\) of shape \(1,\) is in another group"):
            optim.SGD([{"params": [p]}, {"params": [q, p]}])


class TestRefusals:
    @pytest.mark.parametrize(
        ("cls", "settings", "message"),
        [
            (optim.SGD, {"lr": -0.1}, "SGD: lr must be a number of at least 0, got -0.1"),
            (optim.Adam, {"lr": float("nan")}, "Adam: lr must be"),
            (optim.Adam, {"lr": float("inf")}, "Adam: lr must be"),
            (optim.SGD, {"momentum": -1.0}, "momentum must be"),
            (optim.SGD, {"weight_decay": -1.0}, "weight_decay must be"),
            (optim.SGD, {"nesterov": True}, "nesterov needs momentum > 0"),
            (optim.SGD, {"nesterov": True, "momentum": 0.9, "dampening": 0.1}, "dampening = 0"),
            (optim.Adam, {"betas": (1.0, 0.999)}, r"betas\[0\] must be at least 0 and less than 1, got 1.0"),
            (optim.AdamW, {"betas": (0.9, 1.5)}, r"AdamW: betas\[1\]"),
            (optim.Adam, {"betas": (-0.1, 0.9)}, r"betas\[0\]"),
            (optim.Adam, {"betas": (0.9,)}, "pair"),
            (optim.Adam, {"eps": -1e-8}, "eps must be"),
            (optim.RMSprop, {"alpha": 1.0}, "RMSprop: alpha must be at least 0 and less than 1"),
            (optim.RMSprop, {"momentum": -1.0}, "momentum must be"),
            (optim.Adagrad, {"lr_decay": -1.0}, "lr_decay must be"),
            (optim.Adagrad, {"initial_accumulator_value": -1.0}, "initial_accumulator_value must be"),
        ],
    )
    def test_settings(self, cls, settings, message):
        with pytest.raises(ValueError, match=message):
            cls([sg.tensor([1.0])], **settings)
        with pytest.raises(ValueError, match=message):
            cls([{"params": [sg.tensor([1.0])], **settings}])

    def test_parameters(self):
        x = sg.tensor([1.0], requires_grad=True)
        with pytest.raises(ValueError, match="got no parameters"):
            optim.SGD([])
        with pytest.raises(ValueError, match="got no parameters"):
            optim.SGD(iter(()))
        with pytest.raises(ValueError, match="a group has no parameters"):
            optim.SGD([{"params": []}])
        with pytest.raises(TypeError, match="put a single one in a list"):
            optim.SGD(x)
        with pytest.raises(TypeError, match=r"expected an iterable of parameters, such as model\.parameters\(\)"):
            optim.SGD(sg.nn.Linear(2, 2))
        with pytest.raises(TypeError, match="parameter 1 is a ndarray"):
            optim.SGD([x, np.ones(2)])
        with pytest.raises(TypeError, match="only leaves"):
            optim.SGD([x * 2])
        with pytest.raises(TypeError, match="holds int64"):
            optim.SGD([sg.tensor([1])])
        with pytest.raises(TypeError, match="a group is a dict"):
            optim.SGD([x]).add_param_group([x])
        with pytest.raises(ValueError, match="unknown setting 'learning_rate'; known are lr, momentum"):
            optim.SGD([{"params": [x], "learning_rate": 1}])


class TestParametersStayOrdinaryTensors:
    def test_written_in_place_and_old_graphs_refuse(self):
        p = sg.tensor([1.0, 2.0], requires_grad=True)
        data, loss = p.data, (p * p).sum()
        optimizer = optim.SGD([p], lr=0.1)
        loss.backward()
        optimizer.step()
        assert p.data is data
        with pytest.raises(RuntimeError, match="changed in place"):
            loss.backward()

    def test_new_data_is_followed(self):
        p = sg.tensor([1.0], requires_grad=True)
        optimizer = optim.SGD([p], lr=0.1)
        p.data = np.array([5.0])
        p.grad = np.array([1.0])
        optimizer.step()
        assert p.item() == 4.9

    def test_read_only_and_strange_layouts(self):
        p = sg.tensor(np.arange(6.0).reshape(2, 3), requires_grad=True)
        optimizer = optim.SGD([p], lr=1.0)
        locked = np.arange(6.0).reshape(3, 2).T
        locked.setflags(write=False)
        p.data = locked
        p.grad = np.ones((3, 2)).T[:, ::-1]
        optimizer.step()
        np.testing.assert_array_equal(p.data, locked - 1)
        assert locked[0, 0] == 0

    def test_frozen_parameters_stay(self):
        p = sg.tensor([1.0], requires_grad=True)
        optimizer = optim.SGD([p], lr=0.1)
        p.grad = np.array([1.0])
        p.requires_grad = False
        optimizer.step()
        assert p.item() == 1.0

    def test_converted_model_is_noticed(self):
        layer = sg.nn.Linear(2, 2)
        optimizer = optim.SGD(layer.parameters(), lr=0.1)
        layer.to(np.float64)
        layer(np.ones((1, 2))).sum().backward()
        with pytest.raises(TypeError, match="'weight' of shape .* was float32 .* is float64 now; convert"):
            optimizer.step()

    def test_gradients_with_a_past(self):
        p = sg.tensor([2.0], requires_grad=True)
        (p**2).sum().backward(create_graph=True)
        optim.SGD([p], lr=0.25).step()
        assert p.item() == 1.0

    def test_empty_parameter(self):
        p = sg.tensor(np.zeros((0, 3)), requires_grad=True)
        p.grad = np.zeros((0, 3))
        optim.Adam([p]).step()
        assert p.shape == (0, 3)

    def test_zero_grad(self):
        p = sg.tensor([1.0], requires_grad=True)
        p.grad = np.array([1.0])
        optim.SGD([p]).zero_grad()
        assert p.grad is None


def test_a_shared_parameter_gets_both_gradients_and_one_step():
    shared = sg.nn.Linear(2, 2, bias=False, weight_init=sg.nn.init.ones)
    model = sg.nn.Sequential(shared, shared)
    optimizer = optim.SGD(model.parameters(), lr=1.0)
    model(np.float32([[1, 0]])).sum().backward()
    gradient = shared.weight.grad.copy()
    optimizer.step()
    np.testing.assert_array_equal(shared.weight.data, 1 - gradient)
