"""Code from outside that sees gradients and data cannot change what belongs to other nodes."""

from __future__ import annotations

import numpy as np
import pytest

import seegrad as sg
from seegrad.autograd.core.node import on_gradient


def leaves():
    return sg.tensor([1.0, 2.0], requires_grad=True), sg.tensor([3.0, 4.0], requires_grad=True)


def double(g):
    g *= 2


def assign(g):
    g[0] = 5.0


def double_out(g):
    np.multiply(g, 2, out=g)


def sort(g):
    g.sort()


@pytest.mark.parametrize("write", [double, assign, double_out, sort])
@pytest.mark.parametrize("where", ["leaf", "computed", "root"])
def test_a_hook_cannot_write_into_its_gradient(write, where):
    a, b = leaves()
    c = a * 1.0
    root = c + b
    {"leaf": a, "computed": c, "root": root}[where].register_hook(write)
    with pytest.raises(ValueError, match=r"a hook cannot change its gradient in place.*return a new one"):
        root.backward([1.0, 10.0])
    assert b.grad is None


@pytest.mark.parametrize("where", ["leaf", "computed"])
def test_nor_under_create_graph(where):
    a, b = leaves()
    c = a * 1.0
    {"leaf": a, "computed": c}[where].register_hook(assign)
    with pytest.raises(ValueError, match="a hook cannot change its gradient in place"):
        (c + b).sum().backward(create_graph=True)


def test_an_error_of_the_hook_itself_stays():
    a, _ = leaves()

    def hook(g):
        raise ValueError("no")

    a.register_hook(hook)
    with pytest.raises(ValueError, match=r"^no$"):
        a.sum().backward()


@pytest.mark.parametrize("create_graph", [False, True])
def test_what_a_hook_returns_reaches_its_own_node_only(create_graph):
    a, b = leaves()
    seen = []
    a.register_hook(lambda g: seen.append(g))
    a.register_hook(lambda g: g)
    a.register_hook(lambda g: g * 10)
    (a + b).sum().backward(create_graph=create_graph)
    np.testing.assert_array_equal(np.asarray(getattr(a.grad, "data", a.grad)), [10.0, 10.0])
    np.testing.assert_array_equal(np.asarray(getattr(b.grad, "data", b.grad)), [1.0, 1.0])
    np.testing.assert_array_equal(np.asarray(getattr(seen[0], "data", seen[0])), [1.0, 1.0])


def test_a_hook_does_not_cut_second_derivatives():
    x = sg.tensor([1.0, 2.0], requires_grad=True)
    y = x**3
    y.register_hook(lambda g: None)
    x.register_hook(lambda g: g * 2)
    y.sum().backward(create_graph=True)
    slope, x.grad = x.grad, None
    slope.sum().backward()
    np.testing.assert_allclose(x.grad, 2 * 2 * 6 * np.array([1.0, 2.0]))  # its own hook doubles it once more


def test_an_observer_cannot_write():
    a, b = leaves()

    def observe(node, x, g):
        g *= 2

    on_gradient.append(observe)
    try:
        with pytest.raises(ValueError, match="read-only"):
            (a + b).sum().backward()
    finally:
        on_gradient.remove(observe)


@pytest.mark.parametrize("retained", [False, True])
def test_gradients_that_are_kept_are_arrays_of_their_own(retained):
    a, b = leaves()
    c = a + b
    if retained:
        c.retain_grad()
    seed = np.ones(2)
    (c + c).backward(seed)
    kept = [a.grad, b.grad] + ([c.grad] if retained else [])
    for i, gradient in enumerate(kept):
        gradient += 100.0 * (i + 1)
    np.testing.assert_array_equal(seed, [1.0, 1.0])
    for i, gradient in enumerate(kept):
        np.testing.assert_array_equal(gradient, 2.0 + 100.0 * (i + 1))


# ------------------------------------------------------------------------------------------- user-defined operations


def operation(rule, forward=lambda x: x * 2.0):
    made = sg.primitive(forward)
    made.rules(rule)
    return made


@pytest.mark.parametrize("rule", [lambda g, out, x: np.multiply(g, 2, out=g), lambda g, out, x: np.exp(x, out=x)])
def test_a_rule_cannot_write_into_what_it_gets(rule):
    a, b = leaves()
    y = operation(rule)(a) + b
    with pytest.raises(ValueError, match="read-only"):
        y.backward([1.0, 1.0])
    np.testing.assert_array_equal(a.data, [1.0, 2.0])


def test_a_rule_that_assigns_to_a_gradient_that_is_a_node_changes_nobody_elses():
    def rule(g, out, x):
        g[0] = 0.0
        return g * 2.0

    a, b = leaves()
    weight = sg.tensor(2.0, requires_grad=True)
    y = (operation(rule)(a) * weight + b * weight).sum()
    (first, second) = sg.vjp(lambda a, b: (operation(rule)(a) * weight + b * weight).sum(), a, b)[1](1.0)
    np.testing.assert_array_equal(first.data, [0.0, 4.0])
    np.testing.assert_array_equal(second.data, [2.0, 2.0])
    assert y.requires_grad


def test_the_computation_cannot_write_into_its_inputs():
    def forward(x):
        x += 1.0
        return x

    a, _ = leaves()
    with pytest.raises(ValueError, match="read-only"):
        operation(lambda g, out, x: g, forward)(a)
    np.testing.assert_array_equal(a.data, [1.0, 2.0])


def test_a_result_that_is_the_input_leaves_the_input_writable():
    a, _ = leaves()
    operation(lambda g, out, x: g, lambda x: x)(a).sum().backward()
    assert a.data.flags.writeable
    np.testing.assert_array_equal(a.grad, [1.0, 1.0])


def test_a_jacobian_vector_product_through_a_user_defined_operation():
    double = operation(lambda g, out, x: g * 2.0)
    out, tangent = sg.jvp(lambda x: double(x), (np.array([1.0, 2.0]),), (np.array([1.0, 3.0]),))
    np.testing.assert_array_equal(tangent, [2.0, 6.0])


def test_an_operation_of_any_number_of_inputs():
    @sg.primitive
    def total(*xs):
        return np.sum(xs, axis=0)

    total.rules(lambda g, out, *xs, index: g)
    a, b = leaves()
    total(a, b, a).sum().backward()
    np.testing.assert_array_equal(a.grad, [2.0, 2.0])
    np.testing.assert_array_equal(b.grad, [1.0, 1.0])
