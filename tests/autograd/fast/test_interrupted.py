"""Ctrl-C, forks and other threads leave nothing behind: no lock held, no thread count changed, no gradient waiting."""

from __future__ import annotations

import contextvars
import linecache
import os
import random
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import seegrad as sg
from seegrad.autograd import accumulation, is_recording, no_grad
from seegrad.autograd.core import backward, node, recording
from seegrad.autograd.fast import array_graphs, kernels, scalar_graphs
from seegrad.autograd.fast.kernels import blas, threads
from seegrad.autograd.inspect import anomaly
from seegrad.autograd.ops import reductions
from seegrad.common import fork, quiet

NO_GRAD = sys.modules[no_grad.__module__]
INTERRUPTIBLE = tuple(module.__file__ for module in (blas, threads, scalar_graphs, node, recording, NO_GRAD))


def step():
    """Share work among threads, multiply on one, differentiate numbers, pause the recording."""
    seen = []
    threads.run(3, seen.append)
    product = blas.single_threaded(np.matmul, np.ones((8, 8)), np.ones((8, 8)))
    x, y = sg.Value(2.0), sg.Value(3.0)
    out = (x * y + x).tanh() * y
    out.backward()
    with sg.no_grad():
        paused = not is_recording()
    assert sorted(seen) == [0, 1, 2]
    assert product[0, 0] == 8.0
    assert paused
    return x.grad, y.grad


def state():
    """All that an interruption might leave changed."""
    return {
        "cores": os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None,
        "BLAS threads": blas._functions[0]() if blas._functions else None,
        "BLAS users": set(blas._users),
        "count kept": blas._count_before,
        "kernel threads": kernels.get_num_threads(),
        "jobs": dict(threads._team._jobs),
        "recording": is_recording(),
        "paused": list(recording.open_blocks),
        "locks held": [lock for lock in (blas._lock, accumulation._lock) if lock._is_owned()],
    }


@pytest.fixture
def two_threads():
    """Let BLAS have two threads to go back to, too."""
    before = blas._functions[0]() if blas._functions else None
    if blas._functions:
        blas._functions[1](2)
    with kernels.num_threads(2):
        yield
    if blas._functions:
        blas._functions[1](before)


@pytest.mark.usefixtures("two_threads")
def test_an_interruption_at_each_line_is_undone():
    right, before = step(), state()
    struck = 0
    for moment in range(10_000):
        events = 0

        def trace(frame, event, _, moment=moment):
            nonlocal events
            if frame.f_code.co_filename not in INTERRUPTIBLE:
                return None
            # Python itself cannot promise more for a with statement: its __exit__ may be interrupted as it begins.
            begins = frame.f_code.co_name == "__exit__" and frame.f_lineno <= frame.f_code.co_firstlineno + 2
            # Nor does it strike between the end of a block and the release of its lock, as a trace function would.
            releases = linecache.getline(frame.f_code.co_filename, frame.f_lineno).lstrip().startswith("with ")
            # In a destructor, it is dropped.
            if event in ("call", "line") and not begins and not releases and frame.f_code.co_name != "__del__":
                events += 1
                if events == moment + 1:
                    raise KeyboardInterrupt
            return trace

        sys.settrace(trace)
        try:
            step()
            break
        except KeyboardInterrupt:
            struck += 1
        finally:
            sys.settrace(None)
        assert state() == before, f"after event {moment}"
    assert struck > 100
    assert step() == right


def quiet_step():
    """Shift numbers and go back past a pole, which asks NumPy to be quiet, under the watch for anomalies."""
    x = sg.tensor([1.0, 4.0], requires_grad=True)
    sg.softmax(x)
    with sg.detect_anomaly():
        sg.sqrt(x).sum().backward()
    sg.sqrt(x).sum().backward()
    return x.grad.tolist()


@pytest.mark.parametrize("invalid", ["warn", "raise"])
def test_an_interruption_after_each_call_leaves_numpy_as_loud_as_it_was_and_nobody_watching(invalid):
    quiet_files = (quiet.__file__, np.errstate.__enter__.__code__.co_filename)
    struck, files = 0, (*quiet_files, *(module.__file__ for module in (array_graphs, backward, anomaly, reductions)))
    kept = np.seterr(invalid=invalid)
    try:
        before = np.geterr()
        for moment in range(10_000):
            events = 0

            def strike(frame, event, _, moment=moment):
                nonlocal events
                # Within the functions that set NumPy's state, that is at worst before the state is set.
                watched = frame.f_code.co_filename in files and "seterr" not in frame.f_code.co_name
                if "__del__" in (frame.f_code.co_name, frame.f_back.f_code.co_name):  # there, it is dropped
                    watched = False
                if watched and event in ("call", "c_return") and frame.f_code.co_name != "detect_anomaly":
                    events += 1
                    if events == moment + 1:
                        raise KeyboardInterrupt

            sys.setprofile(strike)
            try:
                quiet_step()
                break
            except KeyboardInterrupt:
                struck += 1
            finally:
                sys.setprofile(None)
            assert np.geterr() == before, f"after event {moment}"
            assert not node.on_record
            assert not node.on_gradient
            assert not anomaly._inside.get()
            assert not anomaly._ends
            assert is_recording()
    finally:
        np.seterr(**kept)
    assert struck > 20


def test_a_block_whose_end_is_interrupted_ends_with_its_guard():
    x = sg.tensor([1.0], requires_grad=True)

    def interrupted(frame, event, _):
        if event == "call" and frame.f_code is no_grad.__exit__.__code__:
            raise KeyboardInterrupt

    sys.settrace(interrupted)
    try:
        with sg.no_grad():
            pass
    except KeyboardInterrupt:
        pass
    finally:
        sys.settrace(None)
    assert not recording.open_blocks
    assert is_recording()
    assert (x * 2).requires_grad


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no timers")
@pytest.mark.usefixtures("two_threads")
def test_a_loop_that_is_interrupted_three_thousand_times():
    dice = random.Random(0)
    x, w = np.ones((8, 12, 12, 2), np.float32), np.ones((3, 3, 2, 4), np.float32)
    numbers = [sg.Value(0.1 * k) for k in range(1, 9)]

    def small_step():
        threads.run(2, lambda part: kernels.conv2d(x, w, (1, 1), ((0, 0), (0, 0)), (1, 1)))
        loss = sum((a * b for a, b in zip(numbers, numbers[1:])), sg.Value(0.0))
        loss.backward()
        return loss

    def pace():
        return min(timed(small_step) for _ in range(30))

    def strike(*_):
        raise KeyboardInterrupt

    small_step()
    before, quick, helpers = state(), pace(), threading.active_count()
    kept = signal.signal(signal.SIGALRM, strike)
    loss = small_step()
    try:
        for _ in range(3000):
            try:
                signal.setitimer(signal.ITIMER_REAL, dice.uniform(1e-5, 2e-3))
                late = time.monotonic() + 0.1  # for one that strikes in a destructor, which Python drops
                while time.monotonic() < late:
                    loss = small_step()
            except KeyboardInterrupt:
                pass
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, kept)
    assert state() == before
    assert threading.active_count() == helpers
    assert pace() < 5 * quick
    for v in numbers:
        v.grad = 0.0
    loss.backward()
    assert [v.grad for v in numbers[1:-1]] == pytest.approx([0.2 * k for k in range(2, 8)])


def timed(function):
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def test_an_interrupted_backward_pass_adds_nothing_to_the_next_one(monkeypatch):
    x = sg.Value(2.0)
    out = (x * x).tanh() * x
    out.backward()
    right, x.grad = x.grad, 0.0

    def interrupted(window, arrived, *_):
        arrived[0] = 100.0
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(scalar_graphs, "_through_window", interrupted)
        with pytest.raises(KeyboardInterrupt):
            out.backward()
    assert x.grad == 0.0
    out.backward()
    assert x.grad == right


# ------------------------------------------------------------------------------------------------ forks


def modules():
    return {name: m for name, m in sys.modules.items() if name.partition(".")[0] == "seegrad" and m is not None}


LOCKS = (type(threading.Lock()), type(threading.RLock()), threading.Event, threading.Condition, threading.Semaphore)


def test_every_lock_of_a_module_is_renewed_after_a_fork():
    import seegrad.autograd.inspect.draw.render  # noqa: F401
    import seegrad.serve  # noqa: F401

    with_locks = {name for name, m in modules().items() if any(isinstance(v, LOCKS) for v in vars(m).values())}
    assert accumulation.__name__ in with_locks
    assert with_locks <= set(fork.renewals)
    assert {threads.__name__} <= set(fork.renewals)


def test_renewal_replaces_what_others_hold():
    held = {name: [v for v in vars(modules()[name]).values() if isinstance(v, LOCKS)] for name in fork.renewals}
    team = threads._team
    fork._renew()
    for name, locks in held.items():
        assert not any(v is lock for v in vars(modules()[name]).values() for lock in locks), name
    assert threads._team is not team


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_child_that_is_forked_while_other_threads_hold_everything():
    program = """
import os, threading, warnings
warnings.simplefilter("ignore")
import numpy as np
import seegrad as sg
from seegrad.autograd import accumulation
from seegrad.autograd.fast import kernels
from seegrad.autograd.fast.kernels import blas, threads, workspace
kernels.set_num_threads(2)
threads.run(2, lambda part: None)
count = blas._functions[0]() if blas._functions else None
inside, leave = threading.Event(), threading.Event()
x = sg.Value(2.0)
out = x * x * x
def hold():
    def part(k):
        inside.set()
        leave.wait(20)
    with accumulation._lock, workspace._lock:
        threads.run(2, part)
threading.Thread(target=hold, daemon=True).start()
inside.wait(5)
child = os.fork()
if child == 0:
    import faulthandler
    faulthandler.dump_traceback_later(20, exit=True)
    out.backward()
    t = sg.tensor(np.ones((300, 300), np.float32), requires_grad=True)
    (t @ t).sum().backward()
    seen = []
    threads.run(2, seen.append)
    right = x.grad == 12.0 and sorted(seen) == [0, 1] and not threads._team._jobs
    os._exit(0 if right and (count is None or blas._functions[0]() == count) else 1)
leave.set()
raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=300).returncode == 0


def test_a_child_keeps_the_detector_of_its_own_thread_alone():
    inside, leave = threading.Event(), threading.Event()

    def hold():
        with sg.detect_anomaly():
            inside.set()
            leave.wait(20)

    other = threading.Thread(target=hold)
    other.start()
    assert inside.wait(20)
    fork._renew()  # as in a child, where the other thread does not exist
    assert not node.on_record
    assert not node.on_gradient
    leave.set()
    other.join()
    with sg.detect_anomaly():
        fork._renew()
        with np.errstate(divide="ignore"), pytest.raises(FloatingPointError):
            sg.log(sg.tensor([0.0], requires_grad=True))
    assert not node.on_record


@pytest.fixture
def block_elsewhere():
    """Enter a ``no_grad`` block in another thread, and stay in it; give the context of that thread."""
    inside, leave, contexts = threading.Event(), threading.Event(), []

    def hold():
        with sg.no_grad():
            contexts.append(contextvars.copy_context())
            inside.set()
            leave.wait(20)

    other = threading.Thread(target=hold)
    other.start()
    assert inside.wait(20)
    yield contexts[0]
    leave.set()
    other.join()
    assert not recording.open_blocks


def test_a_child_forgets_the_blocks_of_other_threads(block_elsewhere):
    assert len(recording.open_blocks) == 1
    fork._renew()  # as in a child, where the other thread does not exist
    assert not recording.open_blocks
    assert is_recording()


def test_a_child_keeps_the_blocks_that_it_is_inside(block_elsewhere):
    def suspended():
        with sg.no_grad():
            yield

    elsewhere, here = suspended(), contextvars.copy_context()
    here.run(next, elsewhere)  # of this thread, but in a context that waits, as that of a task
    with sg.no_grad():
        fork._renew()
        assert not is_recording()
        assert len(recording.open_blocks) == 2
    assert is_recording()
    assert not here.run(is_recording)
    here.run(elsewhere.close)


def test_a_child_keeps_a_block_whose_context_was_handed_to_it(block_elsewhere):
    def child():
        fork._renew()
        return is_recording(), len(recording.open_blocks)

    assert block_elsewhere.run(child) == (False, 1)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_child_is_told_that_an_iterator_works_ahead_in_its_parent():
    program = """
import os, warnings
warnings.simplefilter("ignore")
from seegrad.data.prefetch import in_background
items = in_background(iter(range(100)), 2)
assert next(items) == 0
child = os.fork()
if child == 0:
    import faulthandler
    faulthandler.dump_traceback_later(20, exit=True)
    try:
        while True:
            next(items)
    except RuntimeError as error:
        os._exit(0 if "forked" in str(error) else 2)
status = os.waitpid(child, 0)[1]
assert list(items) == list(range(1, 100))
raise SystemExit(os.waitstatus_to_exitcode(status))
"""
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=300).returncode == 0


# ---------------------------------------------------------------------------------------------- threads


def in_another_thread(function):
    found = []
    thread = threading.Thread(target=lambda: found.append(function()))
    thread.start()
    thread.join()
    return found[0]


def test_the_detector_of_anomalies_leaves_other_threads_alone():
    def elsewhere():
        x = sg.tensor([0.0], requires_grad=True)
        with np.errstate(all="ignore"):
            sg.sqrt(x).sum().backward()
            return sg.log(x).data[0], x.grad[0]

    with sg.detect_anomaly():
        assert in_another_thread(elsewhere) == (-np.inf, np.inf)
        with pytest.raises(FloatingPointError), np.errstate(all="ignore"):
            elsewhere()
    assert elsewhere() == (-np.inf, np.inf)


def test_the_detector_of_anomalies_leaves_other_tasks_alone():
    import asyncio

    async def watched(begun, ended):
        with sg.detect_anomaly():
            begun.set()
            await ended.wait()

    async def other(begun, ended):
        await begun.wait()
        with np.errstate(all="ignore"):
            result = sg.log(sg.tensor([0.0], requires_grad=True))
        ended.set()
        return result.data[0]

    async def together():
        begun, ended = asyncio.Event(), asyncio.Event()
        return await asyncio.gather(watched(begun, ended), other(begun, ended))

    assert asyncio.run(together())[1] == -np.inf


def test_threads_that_cannot_be_started_are_done_without(monkeypatch):
    def refuse(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threads, "_team", threads._Team())
    with kernels.num_threads(3), monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        seen = []
        with pytest.warns(sg.SeegradWarning, match="1 threads instead of 3"):
            threads.run(3, seen.append)
        threads.run(3, seen.append)  # says it once
        assert sorted(seen) == [0, 0, 1, 1, 2, 2]
    with kernels.num_threads(3):
        threads.run(3, seen.append)
        assert threads._team._workers == 2


def test_a_loader_works_in_the_calling_thread_if_there_is_no_other(monkeypatch):
    from seegrad.data.prefetch import in_background

    def refuse(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert list(in_background(iter(range(5)), 2)) == [0, 1, 2, 3, 4]


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system does not place threads")
def test_kernels_never_say_where_a_thread_may_run(monkeypatch):
    monkeypatch.setattr(os, "sched_setaffinity", lambda *_: pytest.fail("affinity was changed"))
    with kernels.num_threads(2):
        threads.run(4, lambda part: None)


def test_a_signal_handler_may_compute_gradients_while_they_are_added():
    x = sg.tensor([1.0], requires_grad=True)
    with accumulation._lock:
        (x * 2).sum().backward()
    assert x.grad == [2.0]
