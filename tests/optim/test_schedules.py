"""Schedules against their formulas, alone and combined."""

from __future__ import annotations

import copy
import json
import math
import pickle

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
        with pytest.raises(ValueError, match="total_steps must be at least 1, got 0"):
            optim.OneCycleLR(new(), 1.0, total_steps=0)
        with pytest.raises(ValueError, match="pct_start"):
            optim.OneCycleLR(new(), 1.0, 10, pct_start=1.5)
        with pytest.raises(ValueError, match="anneal_strategy"):
            optim.OneCycleLR(new(), 1.0, 10, anneal_strategy="cosine")
        with pytest.raises(ValueError, match="max_lr"):
            optim.OneCycleLR(new(), -1.0, 10)
        with pytest.raises(ValueError, match="Adagrad has no momentum; set cycle_momentum=False"):
            optim.OneCycleLR(new(cls=optim.Adagrad), 1.0, 10)
        assert len(run(optim.OneCycleLR(new(cls=optim.Adagrad), 1.0, 10, cycle_momentum=False), 10)) == 10
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
    with pytest.raises(ValueError, match="StepLR: step_size must be at least 1, got 0"):
        optim.StepLR(o, 0)
    for value in (1.5, True):
        with pytest.raises(TypeError, match=f"StepLR: step_size must be an integer, got {value}"):
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


CHAINABLE = {
    "step": lambda o: optim.StepLR(o, 3, 0.5),
    "multi": lambda o: optim.MultiStepLR(o, [2, 5], 0.1),
    "exp": lambda o: optim.ExponentialLR(o, 0.9),
    "cos": lambda o: optim.CosineAnnealingLR(o, 4, 0.0),
    "cosmin": lambda o: optim.CosineAnnealingLR(o, 4, 0.2),
    "lin": lambda o: optim.LinearLR(o, 0.25, 1.0, 4),
    "const": lambda o: optim.ConstantLR(o, 0.5, 3),
}
# Learning rates before each step, by PyTorch 2.13, all from lr=1. BY_HAND: the rate is set to 0.7 after three steps.
# fmt: off
SIDE_BY_SIDE = {
    ("step", "multi"): [1.0, 1.0, 0.1, 0.05, 0.05, 0.005, 0.0025, 0.0025],
    ("step", "exp"): [1.0, 0.9, 0.81, 0.3645, 0.32805, 0.295245, 0.13286025, 0.119574225],
    ("step", "cos"): [1.0, 0.853553390593, 0.5, 0.0732233047034, 0.0, 0.146446609407, 0.25, 0.426776695297],
    ("step", "lin"): [0.25, 0.4375, 0.625, 0.40625, 0.5, 0.5, 0.25, 0.25],
    ("step", "const"): [0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25],
    ("multi", "exp"): [1.0, 0.9, 0.081, 0.0729, 0.06561, 0.0059049, 0.00531441, 0.004782969],
    ("multi", "cos"): [1.0, 0.853553390593, 0.05, 0.0146446609407, 0.0, 0.146446609407, 0.5, 0.853553390593],
    ("multi", "lin"): [0.25, 0.4375, 0.0625, 0.08125, 0.1, 0.01, 0.01, 0.01],
    ("multi", "const"): [0.5, 0.5, 0.05, 0.1, 0.1, 0.01, 0.01, 0.01],
    ("exp", "cos"): [1.0, 0.768198051534, 0.405, 0.106759578258, 0.0, 0.146446609407, 0.45, 0.691378246381],
    ("exp", "lin"): [0.25, 0.39375, 0.50625, 0.5923125, 0.6561, 0.59049, 0.531441, 0.4782969],
    ("exp", "const"): [0.5, 0.45, 0.405, 0.729, 0.6561, 0.59049, 0.531441, 0.4782969],
    ("cos", "lin"): [0.25, 0.373429608385, 0.3125, 0.118987870143, 0.0, 0.146446609407, 0.5, 0.853553390593],
    ("cos", "const"): [0.5, 0.426776695297, 0.25, 0.146446609407, 0.0, 0.146446609407, 0.5, 0.853553390593],
    ("cosmin", "lin"): [0.25, 0.424685921677, 0.47373995092, 0.364229547946, 0.246153846154, 0.363311133679,
        0.757579087494, 1.15184704131],
    ("cosmin", "const"): [0.5, 0.456066017178, 0.35, 0.487867965644, 0.2, 0.317157287525, 0.6, 0.882842712475],
    ("lin", "const"): [0.125, 0.21875, 0.3125, 0.8125, 1.0, 1.0, 1.0, 1.0],
}
BY_HAND = {
    "step": [1.0, 1.0, 1.0, 0.7, 0.7, 0.7, 0.35, 0.35],
    "multi": [1.0, 1.0, 0.1, 0.7, 0.7, 0.07, 0.07, 0.07],
    "exp": [1.0, 0.9, 0.81, 0.7, 0.63, 0.567, 0.5103, 0.45927],
    "cos": [1.0, 0.853553390593, 0.5, 0.7, 0.0, 0.146446609407, 0.5, 0.853553390593],
    "cosmin": [1.0, 0.882842712475, 0.6, 0.7, 0.2, 0.317157287525, 0.6, 0.882842712475],
    "lin": [0.25, 0.4375, 0.625, 0.7, 0.861538461538, 0.861538461538, 0.861538461538, 0.861538461538],
    "const": [0.5, 0.5, 0.5, 0.7, 0.7, 0.7, 0.7, 0.7],
}
# fmt: on


class TestOthersChangeTheRateToo:
    """A rate that a schedule finds is where it goes on from, as with PyTorch's chainable schedules."""

    @pytest.mark.parametrize("pair", SIDE_BY_SIDE)
    def test_two_side_by_side(self, pair):
        optimizer = new()
        one, other = (CHAINABLE[name](optimizer) for name in pair)
        rates = []
        for _ in range(8):
            rates.append(optimizer.param_groups[0]["lr"])
            one.step()
            other.step()
        np.testing.assert_allclose(rates, SIDE_BY_SIDE[pair], rtol=1e-9, atol=1e-12)

    @pytest.mark.parametrize("name", BY_HAND)
    def test_set_by_hand(self, name):
        schedule = CHAINABLE[name](new())
        rates = run(schedule, 3)
        schedule.optimizer.param_groups[0]["lr"] = 0.7
        np.testing.assert_allclose(rates + run(schedule, 5), BY_HAND[name], rtol=1e-9, atol=1e-12)

    @pytest.mark.parametrize("name", sorted(FORMULAS.keys() - {"cosine"}))  # its floor is no mere factor
    def test_all_of_them_beside_another(self, name):
        make, formula = FORMULAS[name]
        optimizer = new()
        one, other = make(optimizer), optim.MultiStepLR(optimizer, [3, 6], 0.5)
        rates = []
        for _ in range(12):
            rates.append(optimizer.param_groups[0]["lr"])
            one.step()
            other.step()
        expected = [formula(t) * 0.5 ** ((t >= 3) + (t >= 6)) for t in range(12)]
        np.testing.assert_allclose(rates, expected, rtol=1e-12)

    @pytest.mark.parametrize("other", ["step", "multi", "exp", "cos"])
    def test_a_rate_below_the_floor_stays_positive(self, other):
        optimizer = new()
        one, two = CHAINABLE[other](optimizer), CHAINABLE["cosmin"](optimizer)
        for _ in range(40):
            one.step()
            two.step()
            assert optimizer.param_groups[0]["lr"] >= 0

    def test_one_cycle_is_scaled(self):
        one, other = optim.OneCycleLR(new(), 1.0, 20), optim.OneCycleLR(new(), 1.0, 20)
        run(one, 4)
        run(other, 4)
        one.optimizer.param_groups[0]["lr"] *= 0.5
        np.testing.assert_allclose(run(one, 10), 0.5 * np.array(run(other, 10)), rtol=1e-12)

    def test_momentum_of_one_cycle_set_by_hand_is_refused(self):
        for settings, name in (({"momentum": 0.9}, "momentum"), ({"cls": optim.Adam}, "betas")):
            schedule = optim.OneCycleLR(new(**settings), 1.0, 20)
            run(schedule, 3)
            schedule.optimizer.param_groups[0][name] = 0.5 if name == "momentum" else (0.5, 0.99)
            with pytest.raises(ValueError, match="momentum is 0.5, not 0.8.* cycle_momentum=False"):
                schedule.step()
            assert schedule.steps == 3

    def test_beside_plateau(self):
        optimizer = new()
        schedule, plateau = (
            optim.ExponentialLR(optimizer, 0.9),
            optim.ReduceLROnPlateau(optimizer, factor=0.5, patience=0),
        )
        rates = []
        for _ in range(5):
            schedule.step()
            plateau.step(1.0)
            rates += schedule.get_last_lr()
        assert rates == pytest.approx([0.9, 0.405, 0.18225, 0.0820125, 0.036905625])  # PyTorch's

    @pytest.mark.parametrize("name", CHAINABLE)
    def test_a_second_one_made_later_begins_with_the_present_rate(self, name):
        optimizer = new()
        run(optim.ExponentialLR(optimizer, 0.5), 3)
        assert optimizer.param_groups[0]["lr"] == 0.125
        optimizer.param_groups[0]["lr"] = 3.0
        np.testing.assert_allclose(run(CHAINABLE[name](optimizer), 4), run(CHAINABLE[name](new(3.0)), 4), rtol=1e-13)

    def test_combined_ones_begin_with_the_rate_before_their_parts(self):
        for make in (
            lambda o: optim.SequentialLR(o, [optim.ConstantLR(o, 0.1, 9), optim.LinearLR(o, 0.5)], [5]),
            lambda o: optim.SequentialLR(o, [optim.ConstantLR(o, 0.1, 9), optim.LinearLR(o, 0.5)][::-1], [5]),
            lambda o: optim.ChainedScheduler([optim.ConstantLR(o, 0.1, 9), optim.LinearLR(o, 0.5)]),
        ):
            optimizer = new()
            optimizer.param_groups[0]["lr"] = 2.0
            schedule = make(optimizer)
            assert schedule.base_lrs == [2.0]
            assert optimizer.param_groups[0]["lr"] == pytest.approx(schedule.rate(2.0, 0))

    def test_parts_do_not_step_by_themselves(self):
        optimizer = new()
        part = optim.ExponentialLR(optimizer, 0.5)
        optim.ChainedScheduler([part])
        with pytest.raises(RuntimeError, match="part of a ChainedScheduler, which steps it"):
            part.step()

    @pytest.mark.parametrize("twin", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
    @pytest.mark.parametrize("how", ["copied", "states"])
    def test_going_on_with_two(self, how, twin):
        def make():
            optimizer = new(momentum=0.9)
            return optimizer, [optim.StepLR(optimizer, 3, 0.5), optim.OneCycleLR(optimizer, 1.0, 20)]

        def go_on(optimizer, schedules, steps):
            rates = []
            for _ in range(steps):
                for schedule in schedules:
                    schedule.step()
                rates.append(optimizer.param_groups[0]["lr"])
            return rates

        optimizer, schedules = make()
        go_on(optimizer, schedules, 7)
        if how == "copied":
            other, others = twin((optimizer, schedules))
        else:
            other, others = make()
            other.load_state_dict(twin(optimizer.state_dict()))
            for schedule, saved in zip(others, schedules):
                schedule.load_state_dict(json.loads(json.dumps(saved.state_dict())))
        assert go_on(other, others, 9) == go_on(optimizer, schedules, 9)
        assert other.param_groups[0]["momentum"] == optimizer.param_groups[0]["momentum"]

    def test_a_random_factor_is_asked_once_a_step(self, rng):
        asked = []
        schedule = optim.LambdaLR(new(), lambda step: asked.append(step) or rng.uniform(0.5, 1.0))
        assert all(0.5 <= rate <= 1.0 for rate in run(schedule, 10))
        assert asked == list(range(11))
