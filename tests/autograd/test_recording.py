"""``no_grad`` in every form, and threads that share leaves."""

from __future__ import annotations

import sys
import threading

import numpy as np
import pytest

import seegrad as sg
from seegrad import Value
from seegrad.autograd import is_recording


def leaf(*numbers, **kwargs):
    return sg.tensor(numbers, requires_grad=True, **kwargs)


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
