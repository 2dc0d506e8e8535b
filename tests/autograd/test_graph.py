"""The graph: diamonds, shared parts, depth, and failures on the way."""

from __future__ import annotations

import sys
from contextlib import contextmanager

import numpy as np
import pytest
from leaves import leaf
from no_collector import no_collector

import seegrad as sg
from seegrad import Value
from seegrad.autograd import Op, is_recording


@contextmanager
def recursion_limit_above_here(extra):
    depth = 0
    frame = sys._getframe()
    while frame is not None:
        depth, frame = depth + 1, frame.f_back
    old = sys.getrecursionlimit()
    sys.setrecursionlimit(depth + extra)
    try:
        yield
    finally:
        sys.setrecursionlimit(old)


# ------------------------------------------------------------------------------------- shapes of graphs


@pytest.mark.parametrize("make", [lambda: Value(3.0), lambda: sg.tensor(3.0, requires_grad=True)])
def test_diamond(make):
    a = make()
    b = a + a
    c = b + b
    c.backward()
    assert a.grad == 4.0


@pytest.mark.parametrize("make", [lambda: Value(1.0), lambda: sg.tensor(1.0, requires_grad=True)])
def test_sixty_doublings_visit_each_node_once(make):
    x = total = make()
    for _ in range(60):
        total = total + total
    total.backward()
    assert x.grad == 2.0**60


def test_a_late_edge_to_an_early_node():
    x = leaf(2.0)
    early = x * 3
    late = early * early * early
    (late + early).sum().backward()
    assert x.grad == [3 * 3 * 6.0**2 + 3]


def test_order_of_edges_does_not_matter():
    for flipped in (False, True):
        x, y = leaf(2.0), leaf(5.0)
        a, b = x * y, x + y
        (b * a if flipped else a * b).sum().backward()
        np.testing.assert_array_equal(x.grad, [5 * 7 + 10])
        np.testing.assert_array_equal(y.grad, [2 * 7 + 10])


def test_leaves_of_equal_data_have_gradients_of_their_own():
    a, b = leaf(1.0, 2.0), leaf(1.0, 2.0)
    (a * 3 + b * 5).sum().backward()
    np.testing.assert_array_equal(a.grad, [3.0, 3.0])
    np.testing.assert_array_equal(b.grad, [5.0, 5.0])


def test_tensors_over_the_same_array_are_separate_leaves():
    array = np.array([1.0, 2.0])
    a, b = sg.Tensor(array, requires_grad=True), sg.Tensor(array, requires_grad=True)
    (a * b).sum().backward()
    a.grad[0] = 100.0
    np.testing.assert_array_equal(b.grad, [1.0, 2.0])
    np.testing.assert_array_equal(array, [1.0, 2.0])


def test_backward_on_a_leaf_itself():
    x = sg.tensor(2.0, requires_grad=True)
    x.backward()
    assert x.grad == 1.0


def test_calling_backward_twice_adds_exactly_twice():
    x = leaf(1.0, 2.0)
    y = x * x
    loss = (y * y).sum()
    loss.backward()
    once = x.grad.copy()
    loss.backward()
    np.testing.assert_array_equal(x.grad, 2 * once)
    np.testing.assert_array_equal(once, 4 * np.array([1.0, 2.0]) ** 3)


def test_partial_backwards_add_up_to_the_whole():
    x = leaf(1.0, 2.0)
    y = x * x
    y.backward([1.0, 0.0])
    y.backward([0.0, 1.0])
    np.testing.assert_array_equal(x.grad, [2.0, 4.0])


def test_two_losses_over_a_shared_part():
    x = leaf(3.0)
    shared = x * x
    (shared * 2).sum().backward()
    (shared * 5).sum().backward()
    assert x.grad == [7 * 6.0]


def test_computed_tensors_get_no_gradient_of_their_own():
    x = leaf(3.0)
    y = x * x
    y.sum().backward()
    with pytest.warns(sg.SeegradWarning, match=r"computed \(by multiply\).*retain_grad"):
        assert y.grad is None


def test_constants_and_detached_parts_get_nothing():
    x, c = leaf(3.0), sg.tensor([2.0])
    y = x * c
    (y.detach() * x).sum().backward()
    assert c.grad is None
    assert x.grad == [6.0]


def test_gradient_of_an_unrelated_leaf_is_none():
    x, y = leaf(3.0), leaf(4.0)
    (x * 2).sum().backward()
    assert y.grad is None


def test_grad_can_be_reset_and_is_checked():
    x = leaf(1.0, 2.0)
    (x * 2).sum().backward()
    x.grad = None
    (x * 3).sum().backward()
    np.testing.assert_array_equal(x.grad, [3.0, 3.0])
    with pytest.raises(ValueError, match=r"\(3,\).*\(2,\)"):
        x.grad = np.zeros(3)
    np.testing.assert_array_equal(x.grad, [3.0, 3.0])


# ------------------------------------------------------------------------------------------------ depth


def test_a_million_additions_of_values():
    with recursion_limit_above_here(100), no_collector():
        x = total = Value(1.0)
        for _ in range(1_000_000):
            total = total + x
        total.backward()
        assert x.grad == 1_000_001.0
        del total


def test_a_hundred_thousand_tensor_operations():
    with recursion_limit_above_here(100), no_collector():
        x = total = leaf(1.0)
        for _ in range(100_000):
            total = total + x
        total.sum().backward()
        assert x.grad == [100_001.0]
        del total


def test_a_deep_graph_under_create_graph():
    with recursion_limit_above_here(150):
        x = total = leaf(1.0)
        for _ in range(3_000):
            total = total * x
        total.sum().backward(create_graph=True)
        first, x.grad = x.grad, None
        assert first.data == [3001.0]
        first.sum().backward()
        assert x.grad == [3001.0 * 3000.0]


# ------------------------------------------------------------------------------------- failures on the way


@pytest.fixture
def failing():
    def operation(x, /):
        return x * 2

    op = Op(operation, name="fails in the backward pass")

    def rule(g, out, x):
        raise ZeroDivisionError("in the backward pass")

    op.rules(rule)
    yield op
    del Op.table[op.name]


def test_an_operation_that_raises_on_the_way_back_leaves_the_engine_usable(failing):
    x, w = leaf(1.0, 2.0), leaf(3.0, 4.0)
    y = failing(x) * w
    for create_graph in (False, True):
        with pytest.raises(ZeroDivisionError):
            y.sum().backward(create_graph=create_graph)
        assert x.grad is None
        assert w.grad is None
        assert is_recording()
    (x * w).sum().backward()
    np.testing.assert_array_equal(x.grad, [3.0, 4.0])
    np.testing.assert_array_equal(w.grad, [1.0, 2.0])
    assert (x * 2).requires_grad


def test_an_operation_that_raises_on_the_way_there_leaves_nothing_behind():
    x = leaf(1.0, 2.0)
    y = x * 1
    with pytest.raises(ValueError, match="reshape"):
        y.reshape(3)
    with pytest.raises(ValueError, match="matmul"):
        y @ np.ones(3)
    with pytest.raises(IndexError):
        y[5] = 1.0
    y.sum().backward()
    np.testing.assert_array_equal(y.data, [1.0, 2.0])
    np.testing.assert_array_equal(x.grad, [1.0, 1.0])
