"""``no_grad`` in every form, and threads that share leaves."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading

import numpy as np
import pytest
from leaves import leaf

import seegrad as sg
from seegrad import Value
from seegrad.autograd import is_recording

# ---------------------------------------------------------------------------------------------- no_grad


def test_no_grad_ends_with_an_exception():
    with pytest.raises(KeyError), sg.no_grad():  # noqa: PT012 (both lines are the point)
        assert not is_recording()
        raise KeyError
    assert is_recording()


def test_no_grad_nests():
    guard = sg.no_grad()
    with guard:
        with guard, sg.no_grad():
            pass
        assert not is_recording()
    assert is_recording()


def test_no_grad_as_decorator():
    x = leaf(1.0)

    @sg.no_grad()
    def double(t, *, by=2):
        """Double."""
        if by == 0:
            raise ValueError
        return t * by

    assert not double(x).requires_grad
    assert double(x, by=3).data == [3.0]
    assert (double.__name__, double.__doc__) == ("double", "Double.")
    with pytest.raises(ValueError):  # noqa: PT011 (raised above)
        double(x, by=0)
    assert is_recording()
    assert (x * 2).requires_grad


def test_no_grad_around_a_generator_that_pauses():
    def inside():
        with sg.no_grad():
            yield is_recording()
            yield is_recording()

    assert list(inside()) == [False, False]
    assert is_recording()


def test_no_grad_decorates_generators():
    events = []

    @sg.no_grad()
    def count():
        """Count."""
        try:
            got = yield is_recording()
            try:
                yield got
            except KeyError:
                yield "caught"
        finally:
            events.append(is_recording())
        return 5

    generator = count()
    assert next(generator) is False
    assert is_recording()
    assert generator.send("sent") == "sent"
    assert generator.throw(KeyError) == "caught"
    with pytest.raises(StopIteration) as stop:
        next(generator)
    assert stop.value.value == 5
    abandoned = count()
    next(abandoned)
    abandoned.close()
    assert events == [False, False]
    assert is_recording()


def test_no_grad_belongs_to_its_thread():
    seen = {}
    inside, checked = threading.Event(), threading.Event()

    def other():
        seen["start"] = is_recording()
        with sg.no_grad():
            inside.set()
            checked.wait(5)
            seen["paused"] = is_recording()

    with sg.no_grad():
        thread = threading.Thread(target=other)
        thread.start()
        inside.wait(5)
    assert is_recording()
    for x in (leaf(1.0, 2.0), sg.Value(2.0)):
        for result in (x * x, x + 1.0, sg.exp(x), sg.relu(x)):
            assert result.requires_grad
    checked.set()
    thread.join()
    assert seen == {"start": True, "paused": False}


def test_leaves_made_under_no_grad_still_require_gradients():
    with sg.no_grad():
        x = leaf(2.0)
    (x * x).sum().backward()
    assert x.grad == [4.0]


def test_values_made_under_no_grad_are_constants():
    with sg.no_grad():
        v = Value(2.0) * 3
    assert v.data == 6.0
    assert v.op is None


# ------------------------------------------------------------------------------------------------ tasks


def run_tasks(*makers):
    async def together():
        return await asyncio.gather(*[maker() for maker in makers])

    return asyncio.run(together())


def test_no_grad_belongs_to_its_task():
    async def paused():
        with sg.no_grad():
            await asyncio.sleep(0.01)
            return is_recording()

    async def other():
        await asyncio.sleep(0)  # the other task is inside now
        seen = is_recording()
        await asyncio.sleep(0.02)
        return seen, is_recording()

    assert run_tasks(paused, other, paused) == [False, (True, True), False]
    assert is_recording()


def test_blocks_of_tasks_that_end_in_another_order():
    def block(before, after):
        async def task():
            await asyncio.sleep(before)
            with sg.no_grad():
                await asyncio.sleep(after)
            return is_recording()

        return task

    assert run_tasks(block(0, 0.02), block(0.01, 0.02), block(0.01, 0.005)) == [True] * 3


def test_no_grad_decorates_coroutines():
    @sg.no_grad()
    async def slow():
        """Slow."""
        before = is_recording()
        await asyncio.sleep(0.01)
        return before, is_recording()

    async def other():
        await asyncio.sleep(0)
        return is_recording()

    assert run_tasks(slow, other) == [(False, False), True]
    assert slow.__doc__ == "Slow."


def test_no_grad_refuses_asynchronous_generators():
    async def numbers():
        yield 1

    with pytest.raises(TypeError, match="with no_grad"):
        sg.no_grad()(numbers)


def paused_halfway():
    with sg.no_grad():
        yield


def test_generators_that_interleave_their_blocks():
    first, second = paused_halfway(), paused_halfway()
    next(first)
    next(second)
    next(first, None)
    assert not is_recording()  # the second is still inside
    next(second, None)
    assert is_recording()


def test_a_generator_that_ends_in_another_thread():
    generator, seen = paused_halfway(), []
    next(generator)
    assert not is_recording()

    def other():
        next(generator, None)
        seen.append(is_recording())

    thread = threading.Thread(target=other)
    thread.start()
    thread.join()
    assert seen == [True]
    assert is_recording()


def test_threads_may_share_one_guard():
    guard, inside, leave = sg.no_grad(), threading.Event(), threading.Event()
    seen = []

    def other():
        with guard:
            inside.set()
            leave.wait(5)
            seen.append(is_recording())
        seen.append(is_recording())

    thread = threading.Thread(target=other)
    with guard:
        thread.start()
        inside.wait(5)
    assert is_recording()
    leave.set()
    thread.join()
    assert seen == [False, True]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_fork_while_another_thread_is_inside():
    """In a process of its own: the child has other threads' numbers again, but not the threads."""
    program = """
import os, threading, warnings
warnings.simplefilter("ignore")
import seegrad as sg
from seegrad.autograd import is_recording
def begin(target):
    thread = threading.Thread(target=target)
    thread.start()
    return thread
inside, leave = threading.Event(), threading.Event()
def hold():
    with sg.no_grad():
        inside.set()
        leave.wait(20)
holder = begin(hold)
inside.wait(5)
child = os.fork()
if child == 0:
    seen = [is_recording()]
    for _ in range(5):
        begin(lambda: seen.append(is_recording())).join()
    with sg.no_grad():
        seen.append(not is_recording())
    os._exit(0 if all(seen) else 1)
leave.set()
holder.join()
raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


# ---------------------------------------------------------------------------------------------- threads


def run_in_threads(work, n=8):
    errors = []

    def guarded(i):
        try:
            work(i)
        except BaseException as error:  # noqa: BLE001 (shown by the assertion)
            errors.append(error)

    old = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=guarded, args=(i,)) for i in range(n)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
    finally:
        sys.setswitchinterval(old)
    assert errors == []


@pytest.mark.parametrize("kind", ["Tensor", "Value"])
def test_threads_share_leaves(kind):
    x = leaf(1.0, 2.0) if kind == "Tensor" else Value(3.0)
    steps = 100

    def work(i):
        for _ in range(steps):
            y = x * (i + 1.0)
            (y.sum() if kind == "Tensor" else y).backward()

    run_in_threads(work)
    assert np.all(np.asarray(x.grad) == steps * sum(range(1, 9)))


def test_threads_pause_recording_on_their_own():
    x = leaf(1.0, 2.0)

    def work(i):
        for _ in range(300):
            if i % 2:
                with sg.no_grad():
                    assert not (x * 2).requires_grad
            else:
                assert (x * 2).requires_grad

    run_in_threads(work)
    assert is_recording()
