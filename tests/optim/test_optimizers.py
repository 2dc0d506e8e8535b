"""Optimizers: their formulas written plainly, one parameter and one number at a time."""

from __future__ import annotations

import copy
import importlib.util
import pickle
import subprocess
import sys
import warnings
from contextlib import nullcontext
from functools import partial

import numpy as np
import pytest

import seegrad as sg
from seegrad import optim
from seegrad.autograd import resources

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


def decayed(g, p, lr, weight_decay, decoupled):
    return (g, p - lr * weight_decay * p) if decoupled else (g + weight_decay * p, p)


def slow_adam(p, gradients, lr=0.1, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0, decoupled_weight_decay=False):
    m = v = 0.0
    for t, gradient in enumerate(gradients, 1):
        g, p = decayed(gradient, p, lr, weight_decay, decoupled_weight_decay)
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


def slow_amsgrad(p, gradients, lr=0.1, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0, amsgrad=True):
    m = v = largest = 0.0
    for t, g in enumerate(gradients, 1):
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g * g
        largest = np.maximum(largest, v)
        p = p - lr * m / (1 - betas[0] ** t) / (np.sqrt(largest / (1 - betas[1] ** t)) + eps)
    return p


def slow_adadelta(p, gradients, lr=0.1, rho=0.9, eps=1e-6, weight_decay=0.0):
    v = u = 0.0
    for gradient in gradients:
        g = gradient + weight_decay * p
        v = rho * v + (1 - rho) * g * g
        d = np.sqrt(u + eps) / np.sqrt(v + eps) * g
        u = rho * u + (1 - rho) * d * d
        p = p - lr * d
    return p


def slow_nadam(
    p,
    gradients,
    lr=0.1,
    betas=(0.9, 0.999),
    eps=1e-8,
    weight_decay=0.0,
    momentum_decay=4e-3,
    decoupled_weight_decay=False,
):
    m, v, product = 0.0, 0.0, 1.0
    for t, gradient in enumerate(gradients, 1):
        g, p = decayed(gradient, p, lr, weight_decay, decoupled_weight_decay)
        share, following = (betas[0] * (1 - 0.96 ** (s * momentum_decay) / 2) for s in (t, t + 1))
        product = product * share
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g * g
        step = (1 - share) / (1 - product) * g + following / (1 - product * following) * m
        p = p - lr * step / (np.sqrt(v / (1 - betas[1] ** t)) + eps)
    return p


def slow_radam(p, gradients, lr=0.1, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0, decoupled_weight_decay=False):
    m = v = 0.0
    for t, gradient in enumerate(gradients, 1):
        g, p = decayed(gradient, p, lr, weight_decay, decoupled_weight_decay)
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g * g
        most = 2 / (1 - betas[1]) - 1
        worth = most - 2 * t * betas[1] ** t / (1 - betas[1] ** t)
        scale = 1.0
        if worth > 5:
            share = (worth - 4) * (worth - 2) * most / ((most - 4) * (most - 2) * worth)
            scale = np.sqrt(share) * np.sqrt(1 - betas[1] ** t) / (np.sqrt(v) + eps)
        p = p - lr * scale * m / (1 - betas[0] ** t)
    return p


def slow_lion(p, gradients, lr=0.1, betas=(0.9, 0.99), weight_decay=0.0):
    m = 0.0
    for g in gradients:
        p = p * (1 - lr * weight_decay) - lr * np.sign(betas[0] * m + (1 - betas[0]) * g)
        m = betas[1] * m + (1 - betas[1]) * g
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
        partial(slow_adam, decoupled_weight_decay=True, weight_decay=0.01),
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
    "amsgrad": (optim.Adam, slow_amsgrad, {"amsgrad": True, "betas": (0.8, 0.9)}),
    "adadelta": (optim.Adadelta, slow_adadelta, {"rho": 0.8, "eps": 1e-3, "weight_decay": 0.1}),
    "nadam": (optim.NAdam, slow_nadam, {"betas": (0.8, 0.95), "weight_decay": 0.1, "momentum_decay": 0.1}),
    "radam": (optim.RAdam, slow_radam, {"betas": (0.8, 0.9), "weight_decay": 0.1}),
    "lion": (optim.Lion, slow_lion, {"weight_decay": 0.3, "betas": (0.7, 0.9)}),
    "adamw all": (
        optim.AdamW,
        partial(slow_adam, decoupled_weight_decay=True),
        {"weight_decay": 0.5, "betas": (0.5, 0.9)},
    ),
    **{
        f"{cls.__name__.lower()} decoupled": (cls, slow, {"weight_decay": 0.3, "decoupled_weight_decay": True})
        for cls, slow in [(optim.Adam, slow_adam), (optim.NAdam, slow_nadam), (optim.RAdam, slow_radam)]
    },
}


def descend(optimizer, params, gradients):
    for step in gradients:
        for p, g in zip(params, step, strict=True):
            p.grad = g
        optimizer.step()
    return [p.data.copy() for p in params]


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
        monkeypatch.setattr(resources, "compiling", enabled)
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
        with nullcontext() if here.any() else pytest.warns(sg.SeegradWarning, match="none of its parameters"):
            optimizer.step()
    for i, p in enumerate(params):
        expected = slow(starts[i], gradients[has[:, i], i], **settings)
        np.testing.assert_allclose(p.data, expected, rtol=1e-12)


@pytest.mark.parametrize("case", CASES)
def test_state_round_trip(case, rng):
    cls, _, settings = CASES[case]

    gradients = rng.normal(size=(10, 2, 3))
    params = [sg.tensor(x, requires_grad=True) for x in rng.normal(size=(2, 3))]
    optimizer = make(cls, params, **settings)
    descend(optimizer, params, gradients[:5])
    twins = copy.deepcopy(params)
    other = cls(twins, lr=7.0)
    state = optimizer.state_dict()
    other.load_state_dict(state)
    for array in state["state"].values():
        array[...] = 9  # a copy
    one, two = descend(optimizer, params, gradients[5:]), descend(other, twins, gradients[5:])
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
        settings = {"lr": 1e-3, "betas": [0.9, 0.999], "eps": 1e-8, "weight_decay": 0.0}
        flags = {"amsgrad": False, "maximize": False, "decoupled_weight_decay": False}
        assert group == {**settings, **flags, "params": [0, 1]}


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
            (optim.Lion, {"betas": (0.9, 1.0)}, r"Lion: betas\[1\]"),
            (optim.NAdam, {"momentum_decay": -1.0}, "momentum_decay must be"),
            (optim.Adadelta, {"rho": 1.0}, "Adadelta: rho must be at least 0 and less than 1"),
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
        with pytest.warns(sg.SeegradWarning, match="all its parameters are frozen"):
            optimizer.step()
        assert p.item() == 1.0

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
        optim.SGD([p]).zero_grad(set_to_none=False)
        assert p.grad is None
        p.grad = np.array([1.0])
        optim.SGD([p]).zero_grad(set_to_none=False)
        assert p.grad.tolist() == [0.0]

    def test_maximize(self):
        up, down = sg.tensor([1.0], requires_grad=True), sg.tensor([1.0], requires_grad=True)
        optimizer = optim.SGD([{"params": [up], "maximize": True}, {"params": [down]}], lr=0.5)
        up.grad, down.grad = np.array([1.0]), np.array([1.0])
        optimizer.step()
        assert (up.item(), down.item()) == (1.5, 0.5)
        assert up.grad.tolist() == [1.0]


TWINS = {"deepcopy": copy.deepcopy, "pickle": lambda pair: pickle.loads(pickle.dumps(pair))}


@pytest.mark.parametrize("twin", TWINS)
@pytest.mark.parametrize("case", CASES)
class TestCopies:
    def start(self, case, rng):
        """An optimizer of two groups in two dtypes after some steps, and gradients for those to come."""
        cls, _, settings = CASES[case]
        params = [
            sg.tensor(rng.normal(size=n).astype(d), requires_grad=True) for n, d in ((3, "f8"), (4, "f4"), (2, "f8"))
        ]
        optimizer = cls([{"params": params[:2], "lr": 0.05}, {"params": params[2:]}], lr=0.1, **settings)
        descend(optimizer, params, [[rng.normal(size=p.shape) for p in params] for _ in range(3)])
        return optimizer, params, [[rng.normal(size=p.shape) for p in params] for _ in range(4)]

    def test_a_pair_trains_as_the_original_would_have(self, case, twin, rng):
        optimizer, params, gradients = self.start(case, rng)
        others, other = TWINS[twin]((params, optimizer))
        before = [p.data.copy() for p in params]
        got = descend(other, others, gradients)
        for p, unchanged in zip(params, before):
            np.testing.assert_array_equal(p.data, unchanged)
        for mine, expected in zip(got, descend(optimizer, params, gradients)):
            np.testing.assert_array_equal(mine, expected)

    def test_an_optimizer_alone_brings_its_parameters(self, case, twin, rng):
        optimizer, params, gradients = self.start(case, rng)
        other = TWINS[twin](optimizer)
        others = [p for group in other.param_groups for p in group["params"]]
        assert not {id(p) for p in params} & {id(p) for p in others}
        for mine, expected in zip(descend(other, others, gradients), descend(optimizer, params, gradients)):
            np.testing.assert_array_equal(mine, expected)


@pytest.mark.parametrize("case", CASES)
def test_a_copy_before_the_first_step_trains(case):
    cls, _, settings = CASES[case]
    layer = sg.nn.Linear(2, 1)
    layer, optimizer = copy.deepcopy((layer, cls(layer.parameters(), lr=0.1, **settings)))
    before = layer.weight.data.copy()
    layer(np.float32([[1, 2]])).sum().backward()
    optimizer.step()
    assert (layer.weight.data != before).all()


def test_trains_in_another_process(tmp_path):
    model = sg.nn.Sequential(sg.nn.Linear(2, 3, seed=0), sg.nn.Tanh(), sg.nn.Linear(3, 1, seed=1))
    optimizer = optim.Adam(model.parameters(), lr=0.1)
    program = (
        "import pickle, sys, numpy as np\n"
        "model, optimizer = pickle.load(open(sys.argv[1], 'rb'))\n"
        "for _ in range(3):\n"
        "    optimizer.zero_grad()\n"
        "    (model(np.ones((4, 2), np.float32)) ** 2).mean().backward()\n"
        "    optimizer.step()\n"
        "pickle.dump((model, optimizer), open(sys.argv[1], 'wb'))\n"
    )
    file = tmp_path / "pair.pickle"
    for _ in range(2):
        file.write_bytes(pickle.dumps((model, optimizer)))
        subprocess.run([sys.executable, "-c", program, str(file)], check=True, timeout=300)
        there, optimizer_there = pickle.loads(file.read_bytes())
        for _ in range(3):
            optimizer.zero_grad()
            (model(np.ones((4, 2), np.float32)) ** 2).mean().backward()
            optimizer.step()
        for p, q in zip(model.parameters(), there.parameters(), strict=True):
            np.testing.assert_allclose(q.data, p.data, rtol=1e-6)
        model, optimizer = there, optimizer_there


@pytest.mark.parametrize("twin", TWINS)
def test_tied_weights_stay_tied_in_copies(twin):
    shared = sg.nn.Linear(2, 2, bias=False, weight_init=sg.nn.init.ones)
    model, optimizer = TWINS[twin]((model := sg.nn.Sequential(shared, shared), optim.SGD(model.parameters(), lr=1.0)))
    assert model[0].weight is model[1].weight is optimizer.param_groups[0]["params"][0]
    model(np.float32([[1, 0]])).sum().backward()
    gradient = model[0].weight.grad.copy()
    optimizer.step()
    np.testing.assert_array_equal(model[1].weight.data, 1 - gradient)


class TestChangesAfterItWasMade:
    """Whatever becomes of the parameters afterwards, the next step does what one of a new optimizer would do."""

    @pytest.mark.parametrize("case", CASES)
    @pytest.mark.parametrize("how", ["assigned", "model.to"])
    def test_another_dtype(self, case, how, rng):
        cls, slow, settings = CASES[case]
        model = sg.nn.Module()
        model.p = sg.nn.Parameter(rng.normal(size=5).astype(np.float32))
        start, gradients = model.p.data.astype("f8"), rng.normal(size=(10, 5)).astype("f4")
        optimizer = make(cls, model.parameters(), **settings)
        for i, g in enumerate(gradients):
            if i == 5 and how == "assigned":
                model.p.data = model.p.data.astype(np.float64)
            elif i == 5:
                model.to(np.float64)
            model.p.grad = g
            optimizer.step()
        assert model.p.dtype == np.float64
        state = optimizer.state_dict()["state"]
        assert all(array.dtype == np.float64 for name, array in state.items() if not name.endswith("step"))
        assert state["0.step"] == 10
        np.testing.assert_allclose(model.p.data, slow(start, gradients, **settings), rtol=1e-3, atol=1e-5)

    @pytest.mark.parametrize("case", CASES)
    def test_groups_edited_by_hand(self, case, rng):
        cls, slow, settings = CASES[case]
        starts = rng.normal(size=(3, 4))
        a, b, c = (sg.tensor(x, requires_grad=True) for x in starts)
        optimizer = make(cls, [{"params": [a]}, {"params": [b]}], **settings)
        gradients = rng.normal(size=(6, 3, 4))

        def steps(which):
            for g in gradients[which]:
                a.grad, b.grad, c.grad = g
                optimizer.step()

        steps(slice(2))
        optimizer.param_groups[1]["params"].append(c)
        steps(slice(2, 4))
        del optimizer.param_groups[0]
        steps(slice(4, 6))
        expected = [(starts[0], gradients[:4, 0]), (starts[1], gradients[:, 1]), (starts[2], gradients[2:, 2])]
        for p, (start, given) in zip((a, b, c), expected):
            np.testing.assert_allclose(p.data, slow(start, given, **settings), rtol=1e-12)
        optimizer.param_groups[0]["params"].append(a * 2)
        with pytest.raises(TypeError, match="only leaves can be updated"):
            optimizer.step()

    def test_loaded_frozen_thawed(self):
        layer = sg.nn.Linear(2, 1)
        optimizer = optim.SGD(layer.parameters(), lr=1.0)
        layer.load_state_dict({"weight": np.float32([[3], [4]]), "bias": np.float32([5])})
        layer.freeze()
        layer.unfreeze()
        layer(np.float32([[1, 1]])).sum().backward()
        optimizer.step()
        np.testing.assert_array_equal(layer.weight.data, [[2], [3]])
        assert layer.bias.item() == 4


class TestStepWithoutGradient:
    @pytest.mark.parametrize("case", CASES)
    def test_warns_and_changes_nothing(self, case):
        cls, _, settings = CASES[case]
        p = sg.tensor([1.0], requires_grad=True)
        optimizer = make(cls, [p], **settings)
        with pytest.warns(
            sg.SeegradWarning, match=rf"{cls.__name__}.step\(\) updated nothing.*loss.backward\(\)"
        ) as told:
            optimizer.step()
        assert told[0].filename == __file__
        assert p.item() == 1.0
        assert optimizer.state_dict()["state"]["0.step"] == 0

    def test_once_for_each_place(self):
        optimizer = optim.SGD([sg.tensor([1.0], requires_grad=True)])
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("default")
            for _ in range(5):
                optimizer.step()
            optimizer.step()
        assert len(told) == 2

    def test_one_gradient_is_enough(self):
        p, q = (sg.tensor([1.0], requires_grad=True) for _ in range(2))
        p.grad = np.ones(1)
        optim.SGD([{"params": [q]}, {"params": [p]}]).step()


def test_a_shared_parameter_gets_both_gradients_and_one_step():
    shared = sg.nn.Linear(2, 2, bias=False, weight_init=sg.nn.init.ones)
    model = sg.nn.Sequential(shared, shared)
    optimizer = optim.SGD(model.parameters(), lr=1.0)
    model(np.float32([[1, 0]])).sum().backward()
    gradient = shared.weight.grad.copy()
    optimizer.step()
    np.testing.assert_array_equal(shared.weight.data, 1 - gradient)


@pytest.mark.parametrize(
    "given", [lambda m: m.named_parameters(), lambda m: [m], lambda m: m, lambda m: m.state_dict()]
)
def test_what_an_optimizer_takes_is_told(given):
    with pytest.raises(TypeError, match=r"expected .*model.parameters\(\)"):
        optim.SGD(given(sg.nn.Sequential(sg.nn.Linear(1, 1))))


@pytest.mark.parametrize(
    ("cls", "name"), [(optim.SGD, "lr"), (optim.Adam, "learning_rate"), (optim.RMSprop, "momentum")]
)
def test_a_setting_as_an_attribute_is_refused(cls, name):
    optimizer = cls([sg.tensor([1.0], requires_grad=True)])
    setting = "lr" if name == "learning_rate" else name
    with pytest.raises(AttributeError, match=rf"write optimizer.param_groups\[0\]\['{setting}'\] = 0.5"):
        setattr(optimizer, name, 0.5)
    optimizer.note = 0.5
