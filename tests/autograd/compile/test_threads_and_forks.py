"""Compiled functions in many threads, inside of each other, in forked children, and interrupted."""

from __future__ import annotations

import gc
import linecache
import os
import re
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import seegrad as sg
from seegrad.autograd.compile import compiled_function
from seegrad.autograd.core.backward import backprop
from seegrad.autograd.core.node import on_gradient, on_look, on_record, traces

COMPILER = str(Path(compiled_function.__file__).parent)


@pytest.fixture(autouse=True)
def nobody_watches():
    """No trace and no observer is left behind by any test."""
    yield
    assert not traces
    assert not on_record
    assert not on_look
    assert not on_gradient
    assert gc.isenabled()


@pytest.fixture
def hasty():
    """Let threads take turns very often."""
    kept = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(kept)


def in_threads(count, work):
    with ThreadPoolExecutor(count) as pool:
        return [done.result(60) for done in [pool.submit(work, k) for k in range(count)]]


def layer(x, w):
    return np.sum(np.tanh(x * w) * x + np.exp(-w))


def numbers(n, seed=0):
    return np.random.default_rng(seed).normal(size=n)


# ------------------------------------------------------------------------------------------------ threads


@pytest.mark.usefixtures("hasty")
def test_threads_that_call_one_function_while_others_record():
    """Threads with arguments and shapes of their own; every other one records functions of its own all the time."""
    compiled = sg.compile(sg.grad(layer))

    def work(k):
        size = (3, 40, 700, 30_000)[k // 2 % 4]
        for turn in range(12):
            x, w = numbers(size, k), numbers(size, 100 * k + turn)
            mine = sg.compile(sg.grad(layer)) if k % 2 else compiled
            np.testing.assert_allclose(mine(x, w), sg.grad(layer)(x, w), rtol=1e-12, atol=1e-14)
            assert mine.why_not is None

    in_threads(8, work)
    assert len(compiled.kept) <= compiled.KEPT


@pytest.mark.usefixtures("hasty")
def test_threads_that_record_see_all_of_their_own_operations():
    """What begins and ends in another thread must not hide an operation: it would become a constant."""

    def long(x):
        for _ in range(30):
            x = sg.tanh(x) * 1.5 + x
        return x.sum()

    def work(k):
        for turn in range(3):
            compiled = sg.compile(long)
            compiled(sg.tensor(numbers(4, turn)))
            other = sg.tensor(numbers(4, 50 + k))
            assert float(compiled(other)) == pytest.approx(float(long(other)), rel=1e-12)
            assert compiled.replays

    in_threads(8, work)


def test_many_threads_that_call_for_the_first_time_do_not_count_as_new_answers():
    start = threading.Barrier(16)
    compiled = sg.compile(layer)

    def work(k):
        start.wait(20)
        compiled(numbers(5, k), numbers(5))

    in_threads(16, work)
    compiled(numbers(6), numbers(6))
    assert compiled.why_not is None


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("size", [5, 300, 40_000])
def test_threads_that_pull_back_through_the_same_result(size):
    x, w = sg.tensor(numbers(size), requires_grad=True), sg.tensor(numbers(size, 1), requires_grad=True)
    compiled = sg.compile(layer)
    compiled(x, w)
    out = compiled(x, w)
    assert compiled.replays

    def work(k):
        for _ in range(20):
            table = backprop(out, np.asarray(k + 1.0), create_graph=False)
            np.testing.assert_allclose(table[x], (k + 1.0) * right[x], rtol=1e-10, atol=1e-12)
            np.testing.assert_allclose(table[w], (k + 1.0) * right[w], rtol=1e-10, atol=1e-12)

    right = backprop(layer(x, w), np.asarray(1.0), create_graph=False)
    in_threads(6, work)


# --------------------------------------------------------------------------------------------- re-entrance


def test_a_function_that_calls_itself():
    @sg.compile
    def power(x, n):
        return x * power(x, n - 1) if n else x

    x = sg.tensor(numbers(4), requires_grad=True)
    for _ in range(3):
        np.testing.assert_allclose(power(x, 3).data, x.data**4, rtol=1e-12)
    x.grad = None
    power(x, 3).sum().backward()
    np.testing.assert_allclose(x.grad, 4 * x.data**3, rtol=1e-12)


def test_a_function_inside_of_another_one():
    inner = sg.compile(layer)
    outer = sg.compile(lambda x, w: inner(x, w) + 2.0 * inner(w, x))
    for seed in range(4):
        x, w = numbers(6, seed), numbers(6, seed + 10)
        assert outer(x, w) == pytest.approx(layer(x, w) + 2.0 * layer(w, x), rel=1e-12)
        assert inner(x, w) == pytest.approx(layer(x, w), rel=1e-12)
    assert outer.replays
    assert inner.replays


def test_a_function_inside_of_derivatives_and_batches():
    compiled = sg.compile(layer)
    compiled(numbers(6), numbers(6))
    for seed in range(3):
        x, w = numbers(6, seed), numbers(6, seed + 10)
        slope, batch = sg.grad(compiled), numbers((5, 6), seed)
        np.testing.assert_allclose(slope(x, w), sg.grad(layer)(x, w), rtol=1e-12)
        np.testing.assert_allclose(
            sg.vmap(compiled, (0, None))(batch, w), sg.vmap(layer, (0, None))(batch, w), rtol=1e-12
        )
        np.testing.assert_allclose(
            sg.vmap(slope, (0, None))(batch, w), sg.vmap(sg.grad(layer), (0, None))(batch, w), rtol=1e-12
        )
        np.testing.assert_allclose(
            sg.grad(lambda x, w=w, slope=slope: np.sum(slope(x, w) ** 2))(x),
            sg.grad(lambda x, w=w: np.sum(sg.grad(layer)(x, w) ** 2))(x),
            rtol=1e-10,
        )
    assert compiled.why_not is None


# ------------------------------------------------------------------------------------------------ forks


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_child_that_is_forked_while_other_threads_record_and_pull_back():
    program = """
import gc, os, threading, warnings
warnings.simplefilter("ignore")
import numpy as np
import seegrad as sg
from seegrad.autograd.core.node import on_look, on_record, traces

inside, leave = threading.Event(), threading.Event()

@sg.compile
def waiting(x):
    y = sg.tanh(x)
    inside.set()
    leave.wait(20)
    return (y * x).sum()

@sg.compile
def ready(x):
    return (sg.tanh(x) * x).sum()

x = sg.tensor([0.5, 1.5], requires_grad=True)
ready(x)
out = ready(x)
call = out.params["call"]
lock = call._locks.setdefault(os.getpid(), threading.Lock())
threading.Thread(target=lambda: waiting(x), daemon=True).start()
inside.wait(5)
lock.acquire()  # as a thread does that pulls back
child = os.fork()
if child == 0:
    import faulthandler
    faulthandler.dump_traceback_later(20, exit=True)
    alone = not traces and not on_record and not on_look and gc.isenabled()
    leave.set()
    out.backward()
    first = x.grad.copy()
    x.grad = None
    waiting(x).backward()
    waiting(x)
    right = np.allclose(first, np.tanh(x.data) + x.data / np.cosh(x.data) ** 2) and np.array_equal(first, x.grad)
    os._exit(0 if alone and right and waiting.replays else 1)
lock.release()
leave.set()
raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=300).returncode == 0


# ---------------------------------------------------------------------------------------- interruptions


@pytest.mark.parametrize(
    ("places", "step"),
    [(r"__enter__|__exit__|close|forget|begin|run|stage", 3), ("swap_buffers", 1), (".*", 311)],
)
def test_an_interruption_leaves_no_trace(places, step):
    """While a function is recorded, run again, and pulled back: the next call gives what it should."""
    model = sg.nn.BatchNorm1d(2).to(np.float64)
    buffers = {name: type(getattr(model, name)) for name in model._buffer_names}
    x = sg.tensor(numbers((3, 2)), requires_grad=True)

    def function(x):
        y = model(x)
        return y * sg.tanh(x)

    def used():
        compiled = sg.compile(function)
        for _ in range(2):
            compiled(x).sum().backward()
        return compiled

    used()  # what is prepared once for all, is
    x.grad = None
    used()
    right = x.grad
    struck = moment = 0
    while moment < 200_000:
        events = 0

        def trace(frame, event, _, moment=moment):
            nonlocal events
            if not frame.f_code.co_filename.startswith(COMPILER):
                return None
            line = linecache.getline(frame.f_code.co_filename, frame.f_lineno).lstrip()
            # Python does not strike between the end of a block and its __exit__, nor in a destructor: that of a
            # generator that was not used up runs its frame, too.
            name = frame.f_code.co_name
            here = re.fullmatch(places, name) and name not in ("__del__", "<genexpr>")
            if event in ("call", "line") and not line.startswith("with ") and here:
                events += 1
                if events == moment + 1:
                    raise KeyboardInterrupt
            return trace

        x.grad = None
        sys.settrace(trace)
        try:
            used()
            break
        except KeyboardInterrupt:
            struck += 1
        finally:
            sys.settrace(None)
        assert not traces, moment
        assert not on_record, moment
        assert not on_look, moment
        assert gc.isenabled(), moment
        assert {name: type(getattr(model, name)) for name in buffers} == buffers, moment
        assert x.grad is None or type(x.grad) is np.ndarray, moment
        moment += step
    assert struck > 10
    x.grad = None
    used()
    np.testing.assert_allclose(x.grad, right, rtol=1e-6)


def test_a_function_that_is_interrupted_is_recorded_at_the_next_call():
    interrupted = []

    @sg.compile
    def function(x):
        y = sg.tanh(x)
        if not interrupted:
            raise KeyboardInterrupt
        return (y * x).sum()

    x = sg.tensor([1.0, 2.0])
    with pytest.raises(KeyboardInterrupt):
        function(x)
    assert not traces
    assert not on_record
    interrupted.append(True)
    for _ in range(3):
        assert float(function(x)) == pytest.approx(float((sg.tanh(x) * x).sum()))
    assert function.replays
