"""``enable_grad``, ``set_grad_enabled`` and ``stop_gradient``: whether a graph is recorded, and where it ends."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import seegrad as sg
from seegrad.autograd.core.recording import open_blocks


def recorded():
    return (sg.tensor([1.0], requires_grad=True) * 2).requires_grad


@pytest.fixture(autouse=True)
def nothing_stays():
    assert recorded()
    yield
    assert recorded()
    assert open_blocks == []


def test_enable_grad_inside_of_no_grad():
    with sg.no_grad():
        with sg.enable_grad():
            assert recorded()
            with sg.no_grad():
                assert not recorded()
            assert recorded()
        assert not recorded()
        with pytest.raises(KeyError), sg.enable_grad():
            raise KeyError
        assert not recorded()
    block = sg.enable_grad()
    with sg.no_grad(), block, sg.no_grad(), block:
        assert recorded()
    assert repr(block) == "enable_grad()"


def test_enable_grad_as_decorator():
    @sg.enable_grad()
    def always():
        return recorded()

    @sg.enable_grad()
    def generator():
        yield recorded()
        yield recorded()

    with sg.no_grad():
        assert always()
        items = generator()
        assert next(items)
        assert not recorded()
        assert list(items) == [True]


def test_set_grad_enabled_as_a_function():
    for mode in (False, False, True, True, False, True):
        sg.set_grad_enabled(mode)
        assert recorded() is mode
    with sg.no_grad():
        sg.set_grad_enabled(True)
        assert recorded()
    sg.set_grad_enabled(False)
    with sg.no_grad():
        pass
    assert not recorded()
    with sg.enable_grad():
        assert recorded()
    assert not recorded()
    other = []
    thread = threading.Thread(target=lambda: other.append(recorded()))
    thread.start()
    thread.join()
    assert other == [True]
    sg.set_grad_enabled(True)


@pytest.mark.parametrize("outer", [False, True])
@pytest.mark.parametrize("inner", [False, True])
def test_set_grad_enabled_as_a_block(outer, inner):
    with sg.set_grad_enabled(outer):
        assert recorded() is outer
        with sg.set_grad_enabled(inner):
            assert recorded() is inner
        assert recorded() is outer
        with pytest.raises(KeyError), sg.set_grad_enabled(inner):
            raise KeyError
        assert recorded() is outer
        with sg.no_grad(), sg.set_grad_enabled(inner):
            assert recorded() is inner
        assert recorded() is outer


@pytest.mark.parametrize("mode", [False, True])
def test_set_grad_enabled_as_decorator(mode):
    @sg.set_grad_enabled(mode)
    def function():
        return recorded()

    assert recorded()
    assert function() is mode
    with sg.no_grad():
        assert function() is mode
        assert not recorded()
    assert repr(sg.set_grad_enabled(True)) == "set_grad_enabled(True)"


def test_no_gradient_flows_through_what_is_stopped():
    f = lambda x: np.sum(x * sg.stop_gradient(x**2))  # noqa: E731
    x = np.array([1.0, 2.0])
    np.testing.assert_array_equal(sg.grad(f)(x), x**2)
    np.testing.assert_array_equal(sg.hessian(f)(x), np.zeros((2, 2)))
    np.testing.assert_array_equal(sg.grad(lambda x: np.sum(sg.stop_gradient(x)))(x), [0.0, 0.0])
    np.testing.assert_array_equal(sg.vmap(sg.grad(lambda x: x * sg.stop_gradient(x**2)))(x), x**2)
    compiled = sg.compile(sg.grad(f))
    for point in (x, 3 * x):
        np.testing.assert_array_equal(compiled(point), point**2)
    assert sg.jvp(lambda x: x * sg.stop_gradient(x), (3.0,), (1.0,)) == (9.0, 3.0)


def test_what_is_stopped_has_the_same_numbers():
    t, v = sg.tensor([1.0], requires_grad=True), sg.Value(2.0)
    tree = {"t": t * 2, "v": v * 3, "plain": [1.0, np.ones(2), "text", None]}
    stopped = sg.stop_gradient(tree)
    assert type(stopped["t"]) is sg.Tensor
    assert type(stopped["v"]) is sg.Value
    assert not stopped["t"].requires_grad
    assert stopped["t"].data == [2.0]
    assert stopped["v"].data == 6.0
    assert stopped["plain"][1] is tree["plain"][1]
    assert (stopped["plain"][0], *stopped["plain"][2:]) == (1.0, "text", None)
    (stopped["v"] * v + (stopped["t"] * t).sum()).backward()
    assert v.grad == 6.0
    assert t.grad == [2.0]
    stopped["t"][0] = 100.0
    assert tree["t"].data == [2.0]
