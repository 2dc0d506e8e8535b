"""Operations of one's own, checkpoints and hooks."""

from __future__ import annotations

import threading
import tracemalloc

import numpy as np
import pytest
from leaves import leaf

import seegrad as sg
from seegrad.autograd.core.op import Op
from seegrad.autograd.graph_order import backward_order

# ------------------------------------------------------------------------------------------- primitives


def make_scaled_sine():
    @sg.primitive
    def scaled_sine(x, scale=2.0):
        """Sine with a scale."""
        return np.sin(scale * x)

    scaled_sine.rules(lambda g, out, x, scale: g * scale * sg.cos(scale * x))
    return scaled_sine


def test_a_primitive_is_an_operation_like_any_other():
    f, x = make_scaled_sine(), leaf(0.3, -1.2)
    y = f(x)
    np.testing.assert_allclose(y.data, np.sin(2 * x.data))
    assert y.op.name == "scaled_sine"
    y.sum().backward()
    np.testing.assert_allclose(x.grad, 2 * np.cos(2 * x.data))
    assert sg.gradcheck(f, x, order=2)
    assert sg.gradcheck(lambda x: f(x, scale=0.5), x, order=2)
    assert (f.__name__, f.__doc__) == ("scaled_sine", "Sine with a scale.")


def test_a_primitive_on_plain_arrays_and_numbers():
    f = make_scaled_sine()
    np.testing.assert_allclose(f(np.array([0.3])), np.sin([0.6]))
    assert f(0.3) == pytest.approx(np.sin(0.6))
    v = sg.Value(0.3)
    f(v).backward()
    assert v.grad == pytest.approx(2 * np.cos(0.6))


def test_a_primitive_of_two_inputs_broadcasts():
    @sg.primitive
    def product(x, y):
        return x * y

    product.rules(lambda g, out, x, y: g * y, lambda g, out, x, y: g * x)
    x, y = sg.tensor(np.ones((3, 1)), requires_grad=True), sg.tensor(np.arange(4.0), requires_grad=True)
    product(x, y).sum().backward()
    np.testing.assert_array_equal(x.grad, np.full((3, 1), 6.0))
    np.testing.assert_array_equal(y.grad, np.full(4, 3.0))


def test_a_wrong_primitive_is_caught():
    @sg.primitive
    def cube(x):
        return x**3

    cube.rules(lambda g, out, x: 2 * g * x**2)
    with pytest.raises(sg.GradientError):
        sg.gradcheck(cube, leaf(0.5))


def test_primitives_do_not_enter_the_table():
    before = dict(Op.table)
    make_scaled_sine()
    make_scaled_sine()
    assert dict(Op.table) == before


def test_a_primitive_without_rules_says_so():
    @sg.primitive
    def half(x):
        return x / 2

    with pytest.raises(TypeError, match=r"half has no derivative rules.*half\.rules"):
        half(leaf(1.0))
    with pytest.raises(ValueError, match="1 inputs.*2 rules"):
        half.rules(lambda g, out, x: g, lambda g, out, x: g)
    with pytest.raises(TypeError, match=r"half\.rules: a rule is a function.*got None"):
        half.rules(None)


def test_a_primitive_needs_an_input():
    with pytest.raises(TypeError, match="constant.*no inputs"):

        @sg.primitive
        def constant(scale=1.0):
            return scale


def test_a_primitive_that_uses_other_libraries():
    @sg.primitive
    def median(x):
        return np.median(x)

    def rule(g, out, x):
        data = x.data if isinstance(x, sg.Tensor) else x
        chosen = np.zeros(data.shape)
        chosen[np.argsort(data)[data.size // 2]] = 1.0
        return g * chosen

    median.rules(rule)
    x = leaf(3.0, 1.0, 2.0)
    median(x).backward()
    np.testing.assert_array_equal(x.grad, [0.0, 0.0, 1.0])


# ------------------------------------------------------------------------------------------ checkpoints


def block(x, w):
    return sg.tanh(sg.exp(x * w) * x).sum(axis=0)


def test_a_checkpoint_changes_no_number():
    data = np.array([[0.3, -0.5], [1.2, 0.1]])
    grads = []
    for call in (block, lambda x, w: sg.checkpoint(block, x, w)):
        x, w = sg.tensor(data, requires_grad=True), leaf(0.5, -1.5)
        out = call(x, w)
        (out * np.array([1.0, 10.0])).sum().backward()
        grads.append((out.data, x.grad, w.grad))
    for plain, checked in zip(*grads):
        np.testing.assert_array_equal(plain, checked)


def test_a_checkpoint_forgets_what_is_inside_and_computes_it_again():
    calls = []

    def f(x):
        calls.append(1)
        return sg.tanh(sg.exp(x)) * 2

    x = leaf(0.1, 0.2)
    out = sg.checkpoint(f, x).sum()
    assert len(calls) == 1
    assert len(backward_order(out)) == 2
    out.backward()
    assert len(calls) == 2
    np.testing.assert_allclose(x.grad, 2 * (1 - np.tanh(np.exp(x.data)) ** 2) * np.exp(x.data))


def test_a_checkpoint_reaches_parameters_that_it_closes_over():
    w, x = leaf(2.0, 3.0), leaf(0.5, 0.25)
    sg.checkpoint(lambda x: (x * w) ** 2, x).sum().backward()
    np.testing.assert_allclose(w.grad, 2 * x.data**2 * w.data)
    np.testing.assert_allclose(x.grad, 2 * w.data**2 * x.data)
    w.grad = None
    sg.checkpoint(lambda x: (x * w) ** 2, np.array([0.5, 0.25])).sum().backward()
    np.testing.assert_allclose(w.grad, 2 * x.data**2 * w.data)


def test_checkpoints_in_a_row_keep_no_gradients_of_each_other():
    """The backward pass needs memory for one of them at a time."""
    start, scale = leaf(np.ones(100_000)), leaf(1.0)

    def peak_of(count):
        h = start
        for _ in range(count):
            h = sg.checkpoint(lambda x: (x * scale).tanh(), h)
        loss = (h * h).sum()
        tracemalloc.start()
        try:
            loss.backward()
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak_of(1)
    assert peak_of(20) < peak_of(4) + 3 * start.data.nbytes


def test_a_checkpoint_keeps_no_gradients_of_what_it_computes_again():
    """Its backward pass holds what is inside, and of the gradients a few."""
    start, scale, layers = leaf(np.ones(100_000)), leaf(1.0), 20

    def deep(h):
        for _ in range(layers):
            h = (h * scale).tanh()
        return h

    loss = sg.checkpoint(deep, start).sum()
    tracemalloc.start()
    try:
        loss.backward()
        assert tracemalloc.get_traced_memory()[1] < (2 * layers + 8) * start.data.nbytes
    finally:
        tracemalloc.stop()


def test_a_checkpoint_in_second_order_and_nested():
    def f(x):
        return sg.checkpoint(lambda y: sg.checkpoint(sg.tanh, y) * y, x)

    assert sg.gradcheck(f, leaf(0.3, -0.7), order=2)


def test_a_checkpoint_under_no_grad_is_the_function():
    with sg.no_grad():
        out = sg.checkpoint(sg.tanh, leaf(0.3))
    assert out.op is None
    assert out.item() == np.tanh(0.3)


def test_a_checkpoint_that_cannot_be_repeated_is_an_error():
    rng, x = np.random.default_rng(0), leaf(1.0, 2.0)
    out = sg.checkpoint(lambda x: x * rng.normal(size=2), x).sum()
    with pytest.raises(RuntimeError, match="checkpoint.*repeatable"):
        out.backward()
    assert x.grad is None


def test_a_checkpoint_must_return_a_tensor():
    with pytest.raises(TypeError, match="one Tensor.*tuple"):
        sg.checkpoint(lambda x: (x, x), leaf(1.0))


# ------------------------------------------------------------------------------------------------ hooks


def test_a_hook_sees_and_replaces_the_gradient_of_a_leaf():
    x, seen = leaf(1.0, 2.0), []
    handle = x.register_hook(lambda g: seen.append(np.array(g)))
    (x * 3).sum().backward()
    np.testing.assert_array_equal(seen, [[3.0, 3.0]])
    np.testing.assert_array_equal(x.grad, [3.0, 3.0])
    handle.remove()
    x.register_hook(lambda g: g * 10)
    x.grad = None
    (x * 3).sum().backward()
    np.testing.assert_array_equal(x.grad, [30.0, 30.0])
    assert len(seen) == 1


def test_hooks_of_leaves_see_what_begins_at_a_value_too():
    v, t = sg.Value(2.0), leaf(1.0, 2.0)
    t.register_hook(lambda g: g * 10)
    (t * v * v).sum().backward(create_graph=True)
    np.testing.assert_array_equal(t.grad.data, [40.0, 40.0])
    slope, t.grad = v.grad, None
    slope.backward()
    np.testing.assert_array_equal(t.grad, [40.0, 40.0])


def test_a_hook_of_a_leaf_may_differentiate_on_another_thread():
    x, w = leaf(1.0), leaf(2.0)

    def elsewhere(g):
        thread = threading.Thread(target=lambda: (w * 3).sum().backward())
        thread.start()
        thread.join(10)

    x.register_hook(elsewhere)
    (x * 2).sum().backward()
    assert (x.grad, w.grad) == ([2.0], [3.0])


def test_a_hook_on_a_computed_tensor_changes_what_flows_on():
    x = leaf(1.0, -2.0)
    y = x * 2
    y.register_hook(lambda g: np.clip(g, -1.0, 1.0))
    (y * np.array([5.0, -0.5])).sum().backward()
    np.testing.assert_array_equal(x.grad, [2.0, -1.0])


def test_a_hook_sees_the_whole_gradient_once():
    x, seen = leaf(1.0), []
    y = x * 2
    y.register_hook(lambda g: seen.append(float(g[0])))
    (y * y + y).sum().backward()
    assert seen == [5.0]


def test_hooks_run_in_order_and_can_be_removed_twice():
    x = leaf(1.0)
    first = x.register_hook(lambda g: g + 1)
    x.register_hook(lambda g: g * 10)
    (x * 3).sum().backward()
    assert x.grad == [40.0]
    first.remove()
    first.remove()
    x.grad = None
    (x * 3).sum().backward()
    assert x.grad == [30.0]


def test_a_hook_that_raises_leaves_no_gradient_behind():
    x, w = leaf(1.0), leaf(2.0)

    def angry(g):
        raise ZeroDivisionError

    y = x * w
    handle = y.register_hook(angry)
    with pytest.raises(ZeroDivisionError):
        (y * 2).sum().backward()
    assert x.grad is None
    assert w.grad is None
    handle.remove()
    (y * 2).sum().backward()
    assert x.grad == [4.0]


def test_a_hook_where_no_gradient_flows_is_an_error():
    with pytest.raises(RuntimeError, match="never be called"):
        sg.tensor([1.0]).register_hook(print)


def test_retain_grad():
    x = leaf(1.0, 2.0)
    y = x * 2
    y.retain_grad()
    (y * y).sum().backward()
    np.testing.assert_array_equal(y.grad, 2 * y.data)
    np.testing.assert_array_equal(x.grad, 4 * y.data)
    with pytest.raises(RuntimeError, match="retain"):
        sg.tensor([1.0]).retain_grad()
