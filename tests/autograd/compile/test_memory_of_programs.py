"""Memory of compiled functions: results keep theirs, calls leave nothing behind, dropped results are freed at once."""

from __future__ import annotations

import gc
import sys
import weakref

import numpy as np
import pytest

import seegrad as sg


@pytest.fixture(params=[3, 400, 30_000])
def size(request):
    """Numbers of elements that are computed in different ways."""
    return request.param


def layer(x, w):
    return np.tanh(x * w) * x, (x + 1.0) * w, x.T


def numbers(n, seed=0):
    return np.random.default_rng(seed).normal(size=n)


# ------------------------------------------------------------------------------------------------ ownership


def test_later_calls_overwrite_no_results_and_no_arguments(size):
    compiled = sg.compile(layer)
    kept = []
    for seed in range(12):
        x, w = numbers(size, seed), numbers(size, seed + 50)
        before = x.copy(), w.copy()
        results = compiled(x, w)
        kept.append((results, [np.copy(r) for r in results], (x, w), before))
    for results, copies, arguments, before in kept:
        for now, then in (*zip(results, copies), *zip(arguments, before)):
            np.testing.assert_array_equal(now, then)
    assert compiled.replays


def test_what_is_written_into_results_reaches_no_later_call(size):
    compiled = sg.compile(lambda x, w: (np.tanh(x * w), np.exp(w) * 2.0))
    x, w = numbers(size), numbers(size, 1)
    right = [r.copy() for r in compiled(x, w)]
    for _ in range(4):
        results = compiled(x, w)
        for result, expected in zip(results, right):
            np.testing.assert_allclose(result, expected, rtol=1e-12)
            result[...] = np.nan


def test_backward_passes_after_later_calls(size):
    compiled = sg.compile(lambda x, w: (sg.tanh(x * w) * sg.exp(-x * x)).sum())
    pairs = [
        (sg.tensor(numbers(size, k), requires_grad=True), sg.tensor(numbers(size, k + 50), requires_grad=True))
        for k in range(9)
    ]
    results = [compiled(x, w) for x, w in pairs]
    assert compiled.replays
    for k in (3, 8, 0, 5, 1, 2, 7, 6, 4, 3):
        x, w = pairs[k]
        x.grad = w.grad = None
        results[k].backward()
        slope, other = x.grad, w.grad
        x.grad = w.grad = None
        compiled.f(x, w).backward()
        np.testing.assert_allclose(slope, x.grad, rtol=1e-10, atol=1e-14)
        np.testing.assert_allclose(other, w.grad, rtol=1e-10, atol=1e-14)


# ------------------------------------------------------------------------------------------- no growth


def growth(call, times):
    """Return how many blocks of memory more are in use after many calls, without the help of the garbage collector."""
    for _ in range(300):
        call()
    gc.collect()
    gc.disable()
    try:
        before = sys.getallocatedblocks()
        for _ in range(times):
            call()
        return sys.getallocatedblocks() - before
    finally:
        gc.enable()


def training_step():
    """Return a compiled step of a small model, and what it is called with."""
    model = sg.nn.Sequential(sg.nn.Linear(3, 4), sg.nn.Tanh(), sg.nn.Linear(4, 1))
    optimizer = sg.optim.Adam(model.parameters())

    def step(x, y):
        optimizer.zero_grad()
        loss = ((model(x) - y) ** 2).mean()
        loss.backward()
        optimizer.step()
        return loss

    return sg.compile(step), (numbers((5, 3)).astype(np.float32), numbers((5, 1)).astype(np.float32))


def small_function():
    return sg.compile(lambda x: np.sum(np.tanh(x) ** 2)), (numbers(4),)


def results_with_graphs():
    compiled = sg.compile(lambda x: (sg.tanh(x) * x, sg.exp(x).sum()))
    return compiled, (sg.tensor(numbers(4), requires_grad=True),)


@pytest.mark.parametrize(
    ("made", "times"), [(small_function, 10_000), (training_step, 2000), (results_with_graphs, 5000)]
)
def test_thousands_of_calls_leave_nothing_behind(made, times):
    compiled, arguments = made()
    assert growth(lambda: compiled(*arguments), times) < 600  # some are kept for the next call
    assert compiled.why_not is None
    assert compiled.replays > times


def test_backward_passes_leave_nothing_behind():
    compiled, (x,) = results_with_graphs()

    def call():
        x.grad = None
        compiled(x)[1].backward()

    assert growth(call, 3000) < 600


def test_dropped_results_are_freed_without_the_garbage_collector(size):
    compiled = sg.compile(lambda x: (sg.tanh(x) * x, sg.exp(x).sum()))
    x = sg.tensor(numbers(size), requires_grad=True)
    compiled(x)
    gc.collect()
    gc.disable()
    try:
        out, total = compiled(x)
        total.backward()
        run, data = weakref.ref(out.params["call"]), weakref.ref(out._plain)
        del out
        assert data() is None or run() is not None  # the other result keeps the call
        del total
        assert run() is None
        assert data() is None
    finally:
        gc.enable()


def test_a_dropped_function_is_freed_with_its_programs():
    compiled, arguments = small_function()
    for _ in range(3):
        compiled(*arguments)
    program = weakref.ref(compiled.kept[0])
    del compiled
    gc.collect()
    assert program() is None
