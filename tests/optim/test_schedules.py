"""Schedules against their formulas, alone and combined."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

import seegrad as sg
from seegrad import optim


def new(lr=1.0, cls=optim.SGD, **settings):
    return cls([sg.tensor([1.0], requires_grad=True)], lr=lr, **settings)


def run(schedule, steps):
    rates = []
    for _ in range(steps):
        rates.append(schedule.optimizer.param_groups[0]["lr"])
        schedule.step()
    return rates


STEPS = 25
FORMULAS = {
    "step": (lambda o: optim.StepLR(o, 4, 0.5), lambda t: 0.5 ** (t // 4)),
    "multi-step": (lambda o: optim.MultiStepLR(o, [7, 3], 0.1), lambda t: 0.1 ** ((t >= 3) + (t >= 7))),
    "exponential": (lambda o: optim.ExponentialLR(o, 0.9), lambda t: 0.9**t),
    "cosine": (
        lambda o: optim.CosineAnnealingLR(o, 10, 0.2),
        lambda t: 0.2 + 0.8 * (1 + math.cos(math.pi * t / 10)) / 2,
    ),
    "warm-up": (lambda o: optim.LinearLR(o, 0.1, 1.0, 9), lambda t: 0.1 + 0.9 * min(t, 9) / 9),
    "constant": (lambda o: optim.ConstantLR(o, 0.25, 3), lambda t: 0.25 if t < 3 else 1.0),
    "lambda": (lambda o: optim.LambdaLR(o, lambda t: 1 / (1 + t)), lambda t: 1 / (1 + t)),
    "chain": (
        lambda o: optim.ChainedScheduler([optim.ConstantLR(o, 0.25, 3), optim.ExponentialLR(o, 0.9)]),
        lambda t: (0.25 if t < 3 else 1.0) * 0.9**t,
    ),
    "sequence": (
        lambda o: optim.SequentialLR(
            o,
            [optim.LinearLR(o, 0.5, total_iters=4), optim.CosineAnnealingLR(o, 16), optim.ConstantLR(o, 0.5, 99)],
            [4, 20],
        ),
        lambda t: 0.5 + 0.125 * t if t < 4 else (1 + math.cos(math.pi * (t - 4) / 16)) / 2 if t < 20 else 0.5,
    ),
}


@pytest.mark.parametrize("name", FORMULAS)
@pytest.mark.parametrize("lr", [1.0])
def test_formula(name, lr):
    make, formula = FORMULAS[name]
    np.testing.assert_allclose(run(make(new(lr)), STEPS), [formula(t) for t in range(STEPS)], rtol=1e-13, atol=1e-16)


@pytest.mark.parametrize("name", FORMULAS)
def test_state_round_trip(name):
    make, formula = FORMULAS[name]
    schedule = make(new())
    run(schedule, 6)
    state = json.loads(json.dumps(schedule.state_dict()))
    other = make(new(lr=7.0))
    other.load_state_dict(state)
    np.testing.assert_allclose(run(other, 10), [formula(t) for t in range(6, 16)], rtol=1e-13, atol=1e-16)
    with pytest.raises(ValueError, match="does not fit"):
        schedule.load_state_dict({"steps": 3})


def test_every_group_follows_its_own_rate():
    a, b = (sg.tensor([1.0], requires_grad=True) for _ in range(2))
    optimizer = optim.SGD([{"params": [a]}, {"params": [b], "lr": 0.1}], lr=1.0)
    schedule = optim.ExponentialLR(optimizer, 0.5)
    schedule.step()
    assert schedule.get_last_lr() == [0.5, 0.05]


class TestOneCycle:
    def test_corners(self):
        optimizer = new(cls=optim.Adam)
        schedule = optim.OneCycleLR(optimizer, 0.1, total_steps=100)
        betas = []
        rates = []
        for _ in range(101):
            rates.append(optimizer.param_groups[0]["lr"])
            betas.append(optimizer.param_groups[0]["betas"][0])
            schedule.step()
        assert rates[0] == pytest.approx(0.1 / 25)
        assert np.argmax(rates) == 29
        assert rates[29] == pytest.approx(0.1)
        assert rates[99] == rates[100] == pytest.approx(0.1 / 25 / 1e4)
        assert (betas[0], betas[29], betas[99]) == pytest.approx((0.95, 0.85, 0.95))
        assert optimizer.param_groups[0]["betas"][1] == 0.999
        expected = 0.1 + (0.1 / 25 / 1e4 - 0.1) * (1 - math.cos(math.pi * 35 / 70)) / 2
        assert rates[64] == pytest.approx(expected, rel=1e-12)

    def test_linear_in_three_phases(self):
        schedule = optim.OneCycleLR(
            new(momentum=0.9),
            1.0,
            epochs=2,
            steps_per_epoch=5,
            pct_start=0.3,
            anneal_strategy="linear",
            div_factor=2,
            final_div_factor=5,
            three_phase=True,
        )
        assert run(schedule, 10) == pytest.approx([0.5, 0.75, 1.0, 0.75, 0.5, 0.42, 0.34, 0.26, 0.18, 0.1])

    @pytest.mark.parametrize("steps", [1, 2, 3])
    def test_very_short(self, steps):
        rates = run(optim.OneCycleLR(new(), 1.0, total_steps=steps), steps + 2)
        assert all(0 < rate <= 1 for rate in rates)
        assert rates[-1] == pytest.approx(1 / 25e4)

    def test_refusals(self):
        with pytest.raises(ValueError, match="give total_steps, or both"):
            optim.OneCycleLR(new(), 1.0, epochs=3)
        with pytest.raises(ValueError, match="at least 1 step"):
            optim.OneCycleLR(new(), 1.0, total_steps=0)
        with pytest.raises(ValueError, match="pct_start"):
            optim.OneCycleLR(new(), 1.0, 10, pct_start=1.5)
        with pytest.raises(ValueError, match="anneal_strategy"):
            optim.OneCycleLR(new(), 1.0, 10, anneal_strategy="cosine")
        with pytest.raises(ValueError, match="max_lr"):
            optim.OneCycleLR(new(), -1.0, 10)
        with pytest.raises(ValueError, match="Adagrad has no momentum; set cycle_momentum=False"):
            optim.OneCycleLR(new(cls=optim.Adagrad), 1.0, 10)
        optim.OneCycleLR(new(cls=optim.Adagrad), 1.0, 10, cycle_momentum=False)
        with pytest.raises(TypeError, match="has to stand alone"):
            optim.ChainedScheduler([optim.OneCycleLR(new(), 1.0, 10)])


class TestPlateau:
    def test_patience_and_cooldown(self):
        optimizer = new()
        schedule = optim.ReduceLROnPlateau(optimizer, factor=0.5, patience=1, cooldown=2)
        rates = []
        for measure in [3, 2, 2, 2, 2, 2, 2, 2, 1, 1]:
            schedule.step(measure)
            rates += schedule.get_last_lr()
        assert rates == [1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25]

    @pytest.mark.parametrize(
        ("mode", "kind", "second", "better"),
        [
            ("min", "rel", 8.9, True),
            ("min", "rel", 9.1, False),
            ("min", "abs", 9.8, True),
            ("min", "abs", 9.95, False),
            ("max", "rel", 11.1, True),
            ("max", "rel", 10.9, False),
            ("max", "abs", 10.2, True),
            ("max", "abs", 10.05, False),
        ],
    )
    def test_what_counts_as_better(self, mode, kind, second, better):
        schedule = optim.ReduceLROnPlateau(new(), mode, threshold=0.1, threshold_mode=kind)
        schedule.step(10.0)
        schedule.step(second)
        assert (schedule.best == second) is better

    def test_lowest_rate_and_state(self):
        schedule = optim.ReduceLROnPlateau(new(), patience=0, min_lr=0.05)
        for _ in range(4):
            schedule.step(1.0)
        assert schedule.get_last_lr() == [0.05]
        other = optim.ReduceLROnPlateau(new())
        other.load_state_dict(json.loads(json.dumps(schedule.state_dict())))
        assert (other.best, other.bad_steps, other.resting) == (1.0, 0, 0)
        with pytest.raises(ValueError, match="does not fit"):
            other.load_state_dict({})

    def test_refusals(self):
        with pytest.raises(ValueError, match="factor"):
            optim.ReduceLROnPlateau(new(), factor=1.0)
        with pytest.raises(ValueError, match="mode"):
            optim.ReduceLROnPlateau(new(), mode="down")
        with pytest.raises(ValueError, match="threshold_mode"):
            optim.ReduceLROnPlateau(new(), threshold_mode="relative")
        with pytest.raises(ValueError, match="NaN"):
            optim.ReduceLROnPlateau(new()).step(math.nan)


def test_refusals():
    o = new()
    with pytest.raises(TypeError, match="expected an optimizer, got list"):
        optim.StepLR([], 3)
    for value in (0, 1.5, True):
        with pytest.raises(ValueError, match="step_size must be an integer of at least 1"):
            optim.StepLR(o, value)
    with pytest.raises(ValueError, match="got no schedules"):
        optim.ChainedScheduler([])
    with pytest.raises(ValueError, match="same optimizer"):
        optim.ChainedScheduler([optim.ExponentialLR(o, 0.9), optim.ExponentialLR(new(), 0.9)])
    with pytest.raises(TypeError, match="ReduceLROnPlateau is not a schedule"):
        optim.ChainedScheduler([optim.ReduceLROnPlateau(o)])
    two = [optim.ExponentialLR(o, 0.9), optim.ExponentialLR(o, 0.8)]
    for milestones in ([], [1, 2]):
        with pytest.raises(ValueError, match="2 schedules need 1 milestones"):
            optim.SequentialLR(o, two, milestones)
    with pytest.raises(ValueError, match="greater than the one before"):
        optim.SequentialLR(o, [*two, two[0]], [3, 2])
