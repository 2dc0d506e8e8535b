"""Graphs die with their roots, without the garbage collector; gradients share memory with nothing."""

from __future__ import annotations

import gc
import tracemalloc
import weakref

import numpy as np
import pytest
from leaves import leaf
from no_collector import no_collector

import seegrad as sg
from seegrad import Value
from seegrad.autograd import Op


def network_loss(x, w):
    hidden = sg.tanh(sg.tensor([[1.0, 2.0], [3.0, 4.0]]) @ w + x)
    hidden[0] = hidden[1] * 2
    image = sg.stack([hidden] * 8).reshape(1, 4, 4, 1)
    out = sg.max_pool2d(sg.conv2d(image, np.ones((2, 2, 1, 2))), 2, padding=1)
    return sg.log_softmax(out.reshape(-1), 0).sum() + sg.einsum("i,i->", w, w) + hidden.std()


def test_a_graph_has_no_cycles():
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        x, w = leaf(0.1, 0.2), leaf(0.5, -0.5)
        loss = network_loss(x, w)
        loss.backward()
        x.grad = w.grad = None
        loss.backward(create_graph=True)
        x.grad = w.grad = None  # such a gradient has a graph that leads to its own leaf
        del loss
        gc.collect()
        assert [o for o in gc.garbage if isinstance(o, (sg.Tensor, np.ndarray, Op))] == []
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


@pytest.mark.parametrize("backward", [False, True])
def test_dropping_the_loss_frees_the_graph_at_once(backward):
    with no_collector():
        x = leaf(0.1, 0.2)
        inner = sg.tanh(x)
        seen = [weakref.ref(inner)]
        loss = (inner * inner).sum()
        seen.append(weakref.ref(loss))
        if backward:
            loss.backward()
        del inner
        assert seen[0]() is not None
        del loss
        assert [r() for r in seen] == [None, None]


def test_dropping_a_value_frees_the_graph_at_once():
    with no_collector():
        x = Value(2.0)
        inner = x * x
        seen = weakref.ref(inner)
        loss = inner + 1
        loss.backward()
        del inner, loss
        assert seen() is None


def test_item_keeps_no_graph_alive():
    with no_collector():
        x = leaf(1.0, 2.0)
        inner = x * x
        seen = weakref.ref(inner)
        losses = [inner.sum().item()]
        del inner
        assert losses == [5.0]
        assert type(losses[0]) is float
        assert seen() is None


def test_gradients_keep_no_graph_alive():
    with no_collector():
        x = leaf(1.0, 2.0)
        inner = x * x
        seen = weakref.ref(inner)
        inner.sum().backward()
        del inner
        assert seen() is None
        np.testing.assert_array_equal(x.grad, [2.0, 4.0])


def test_memory_does_not_grow_over_steps():
    def steps(n):
        for _ in range(n):
            x, w = leaf(0.1, 0.2), leaf(0.5, -0.5)
            network_loss(x, w).backward()

    with no_collector():
        steps(200)  # Python keeps lists of freed tuples, which fill at first
        tracemalloc.start()
        try:
            steps(10)
            before = tracemalloc.get_traced_memory()[0]
            steps(100)
            grown = tracemalloc.get_traced_memory()[0] - before
        finally:
            tracemalloc.stop()
    assert grown < 100_000  # the graph of a single step is larger than 10 kB


# --------------------------------------------------------------------------------------------- aliasing


def test_gradients_do_not_alias_each_other():
    a, b = leaf(1.0, 2.0), leaf(3.0, 4.0)
    grad_output = np.ones(2)
    (a + b).backward(grad_output)
    a.grad += 10
    np.testing.assert_array_equal(b.grad, [1.0, 1.0])
    np.testing.assert_array_equal(grad_output, [1.0, 1.0])


def test_an_earlier_gradient_is_not_written_into():
    x = leaf(1.0, 2.0)
    (x * 2).sum().backward()
    kept = x.grad
    (x * 3).sum().backward()
    np.testing.assert_array_equal(kept, [2.0, 2.0])
    np.testing.assert_array_equal(x.grad, [5.0, 5.0])


def test_a_gradient_that_was_assigned_is_not_written_into():
    x, start = leaf(1.0, 2.0), np.zeros(2)
    x.grad = start
    (x * 3).sum().backward()
    np.testing.assert_array_equal(start, [0.0, 0.0])
    np.testing.assert_array_equal(x.grad, [3.0, 3.0])
