"""Optimizers and schedules go the ways that PyTorch's went; see tests/oracle/record.py, which asked it."""

from __future__ import annotations

import numpy as np
from recorded_answers import TOLERANCE, Recorded

import seegrad as sg
from seegrad import optim

ORACLE = Recorded("optim")
DATA = ORACLE.data


@ORACLE.each("optimizer")
def test_trajectory(number, case):
    start, noise, absent, path = (DATA[f"{number}.{key}"] for key in ("start", "noise", "absent", "path"))
    params = [sg.tensor(x, requires_grad=True) for x in start]
    optimizer = getattr(optim, case["name"])(params, **case["kwargs"])
    schedule = optim.OneCycleLR(optimizer, 0.2, total_steps=len(path) + 1) if case["one_cycle"] else None
    for t, expected in enumerate(path):
        for i, p in enumerate(params):
            p.grad = None if absent[t, i] else np.sin(p.data) + noise[t, i]
        optimizer.step()
        if schedule is not None:
            schedule.step()
        np.testing.assert_allclose([p.data for p in params], expected, **TOLERANCE)


@ORACLE.each("lbfgs")
def test_lbfgs(number, case):
    """Every computed loss is PyTorch's, so each line search looks at the same places."""
    x, y = (sg.tensor(part, requires_grad=True) for part in DATA[f"{number}.start"])
    optimizer = optim.LBFGS([x, y], **case["kwargs"])
    losses = []

    def closure():
        optimizer.zero_grad()
        loss = ((1 - x) ** 2).sum() + 10 * ((y - x * x) ** 2).sum() + 0.1 * (x * y).sum() ** 2
        loss.backward()
        losses.append(loss.item())
        return loss

    for expected in DATA[f"{number}.path"]:
        optimizer.step(closure)
        np.testing.assert_allclose([x.data, y.data], expected, rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose(losses, DATA[f"{number}.losses"], rtol=1e-7, atol=1e-10)


def new_optimizer():
    groups = [{"params": [sg.tensor([0.0], requires_grad=True)], "lr": lr} for lr in (0.2, 0.05)]
    return optim.SGD(groups, momentum=0.9)


def build_schedule(optimizer, name, args, kwargs):
    if name == "ChainedScheduler":
        return optim.ChainedScheduler([build_schedule(optimizer, *part) for part in args])
    if name == "SequentialLR":
        return optim.SequentialLR(optimizer, [build_schedule(optimizer, *part) for part in args], **kwargs)
    return getattr(optim, name)(optimizer, *args, **kwargs)


@ORACLE.each("schedule")
def test_schedule(number, case):
    optimizer = new_optimizer()
    schedule = build_schedule(optimizer, case["name"], case["args"], case["kwargs"])
    for expected in DATA[f"{number}.rates"]:
        rates = [[group["lr"], group["momentum"]] for group in optimizer.param_groups]
        np.testing.assert_allclose(rates, expected, **TOLERANCE)
        schedule.step()


@ORACLE.each("plateau")
def test_plateau(number, case):
    schedule = optim.ReduceLROnPlateau(new_optimizer(), **case["kwargs"])
    for measure, expected in zip(DATA[f"{number}.measures"], DATA[f"{number}.rates"], strict=True):
        schedule.step(measure)
        np.testing.assert_allclose(schedule.get_last_lr(), expected, **TOLERANCE)


@ORACLE.each("clip")
def test_clip(number, case):
    before = DATA[f"{number}.before"]
    params = [sg.tensor(np.zeros(g.shape), requires_grad=True) for g in before]
    for p, g in zip(params, before, strict=True):
        p.grad = g
    norm = optim.clip_grad_norm_(params, **case["kwargs"])
    np.testing.assert_allclose(norm, DATA[f"{number}.norm"], **TOLERANCE)
    np.testing.assert_allclose([p.grad for p in params], DATA[f"{number}.after"], **TOLERANCE)


def test_every_optimizer_is_among_the_cases():
    classes = [getattr(optim, n) for n in optim.__all__ if isinstance(getattr(optim, n), type)]
    names = {c.__name__ for c in classes if issubclass(c, optim.Optimizer)}
    without = {"Optimizer", "DistributedOptimizer", "Lion", "Muon"}  # PyTorch has no Lion, and Muon in bfloat16
    assert names - without <= {case["name"] for case in ORACLE.cases}
