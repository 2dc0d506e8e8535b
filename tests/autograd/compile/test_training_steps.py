"""Compiled functions that change something: gradients, data, buffers of modules, optimizers."""

import numpy as np
import pytest

import seegrad as sg
from seegrad import nn, optim
from seegrad.autograd.compile.call_arguments import leaves_of

BATCHES = [np.random.default_rng(k).normal(size=(4, 8)).astype(np.float32) for k in range(5)]


def network():
    sg.manual_seed(0)
    return nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 3))


def plain_and_compiled(make_step):
    """Run a step on all batches, plainly and compiled; return results and states of both, and the compiled step."""
    answers = []
    for way in (lambda f: f, sg.compile):
        model = network()
        optimizer = optim.Adam(model.parameters(), lr=0.01)
        step = way(make_step(model, optimizer))
        results = [float(step(x)) for x in BATCHES]
        gradients = [None if p.grad is None else p.grad.tolist() for p in model.parameters()]
        answers.append((results, [p.data.tolist() for p in model.parameters()], gradients))
    return *answers, step


def assert_close(found, expected):
    for a, b in zip(leaves_of(found), leaves_of(expected), strict=True):
        assert (a is None) == (b is None)
        assert a is None or a == pytest.approx(b, rel=1e-3, abs=1e-6)


def gradients_first(model, optimizer):
    def step(x):
        optimizer.zero_grad()
        loss = (model(x) ** 2).mean()
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def gradients_last(model, optimizer):
    def step(x):
        loss = (model(x) ** 2).mean()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        return loss.detach()

    return step


def gradients_add_up(model, optimizer):
    def step(x):
        loss = (model(x) ** 2).mean()
        loss.backward()
        return loss.item()

    return step


def by_hand(model, optimizer):
    def step(x):
        loss = (model(x) ** 2).mean()
        loss.backward()
        for p in model.parameters():
            p.data -= 0.1 * p.grad
            p.grad = None
        return loss.item()

    return step


def with_all_that_belongs_to_it(model, optimizer):
    schedule, ema = optim.CosineAnnealingLR(optimizer, 10), optim.EMA(model.parameters())

    def step(x):
        loss = (model(x) ** 2).mean()
        loss.backward()
        optim.clip_grad_norm_(model.parameters(), 0.1)
        optimizer.step()
        schedule.step()
        ema.update()
        optimizer.zero_grad()
        return loss.item()

    return step


@pytest.mark.parametrize(
    "make_step", [gradients_first, gradients_last, gradients_add_up, by_hand, with_all_that_belongs_to_it]
)
def test_a_step_changes_what_it_changes_plainly(make_step):
    plain, compiled, step = plain_and_compiled(make_step)
    assert_close(compiled, plain)
    assert step.why_not is None
    assert step.replays >= 3


def computes_with_the_norm(model, optimizer):
    def step(x):
        loss = (model(x) ** 2).mean()
        loss.backward()
        return loss.item() / (1.0 + optim.clip_grad_norm_(model.parameters(), 0.1))

    return step


def computes_after_the_step(model, optimizer):
    def step(x):
        (model(x) ** 2).mean().backward()
        optimizer.step()
        return (model(x) ** 2).mean().item()

    return step


@pytest.mark.parametrize("make_step", [computes_with_the_norm, computes_after_the_step])
def test_what_an_optimizer_has_changed_is_not_in_the_program(make_step):
    plain, compiled, step = plain_and_compiled(make_step)
    assert compiled == plain
    assert "changed or returned" in step.why_not


def test_a_step_that_fails_is_undone_before_it_runs_again():
    def step(x):
        weight.grad = None
        (weight * x).sum().backward()
        weight.data = weight.data * 2.0
        return len(memoryview(x))  # which takes no Tensor

    weight = sg.tensor(np.ones(3), requires_grad=True)
    compiled = sg.compile(step)
    compiled(np.arange(3.0))
    assert weight.data.tolist() == [2.0, 2.0, 2.0]
    assert weight.grad.tolist() == [0.0, 1.0, 2.0]
    assert "fails with Tensors" in compiled.why_not


def test_an_error_after_a_step_of_an_optimizer_is_raised():
    model = network()
    optimizer = optim.SGD(model.parameters(), lr=0.1)

    def step(x):
        (model(x) ** 2).mean().backward()
        optimizer.step()
        raise ZeroDivisionError

    before = model[0].weight.data.copy()
    with pytest.raises(ZeroDivisionError):
        sg.compile(step)(BATCHES[0])
    expected = before - 0.1 * model[0].weight.grad
    np.testing.assert_array_equal(model[0].weight.data, expected)
