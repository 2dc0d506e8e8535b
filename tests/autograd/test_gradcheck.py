"""The checker itself: it must catch wrong rules, of first and of second order, and leave its inputs alone."""

from __future__ import annotations

import numpy as np
import pytest
from leaves import leaf

import seegrad as sg
from seegrad import GradientError
from seegrad.autograd import Op


@pytest.fixture
def operation():
    """Make operations for one test; the table forgets them afterwards."""
    made = []

    def make(forward, *rules):
        op = Op(forward, name=f"made for a test {len(made)}")
        made.append(op)
        op.rules(*rules)
        return op

    yield make
    for op in made:
        del Op.table[op.name]


def cube(x, /):
    return x**3


WRONG = {
    "factor": lambda g, out, x: 2 * g * x**2,
    "sign": lambda g, out, x: -3 * g * x**2,
    "zero": lambda g, out, x: g * 0.0,
    "forgets g": lambda g, out, x: 3 * x**2,
    "power": lambda g, out, x: 3 * g * x,
    "a small constant": lambda g, out, x: 3 * g * x**2 + 1e-3,
    "one element only": lambda g, out, x: 3 * g * x**2 * np.array([1.0, 1.0, 1.01]),
    "swaps elements": lambda g, out, x: (3 * g * x**2)[::-1],
    "not finite": lambda g, out, x: g * np.nan,
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_rule_is_caught(operation, name):
    op = operation(cube, WRONG[name])
    with pytest.raises(GradientError, match="derivative of input 0"):
        sg.gradcheck(op, leaf(0.5, -1.5, 2.0))


def test_a_right_rule_passes(operation):
    op = operation(cube, lambda g, out, x: 3 * g * x**2)
    assert sg.gradcheck(op, leaf(0.5, -1.5, 2.0), order=2) is True


def test_a_rule_that_is_wrong_only_in_second_order_is_caught(operation):
    # The first derivative is right, but computed from plain data: the second order sees a constant.
    def cut(g, out, x):
        return g * 3 * (x.data if isinstance(x, sg.Tensor) else x) ** 2

    op = operation(cube, cut)
    assert sg.gradcheck(op, leaf(0.5, -1.5, 2.0), order=1)
    with pytest.raises(GradientError, match="second derivative"):
        sg.gradcheck(op, leaf(0.5, -1.5, 2.0), order=2)


def test_a_rule_that_forgets_the_graph_of_g_is_caught(operation):
    def cut(g, out, x):
        return (g.data if isinstance(g, sg.Tensor) else g) * 2.0

    op = operation(lambda x, /: 2.0 * x, cut)
    assert sg.gradcheck(lambda x: op(x) ** 2, leaf(0.5, 2.0))
    with pytest.raises(GradientError, match="second derivative"):
        sg.gradcheck(lambda x: op(x) ** 2, leaf(0.5, 2.0), order=2)


def test_rules_in_the_wrong_order_are_caught(operation):
    op = operation(lambda x, y, /: x * x * y, lambda g, out, x, y: g * x * x, lambda g, out, x, y: 2 * g * x * y)
    with pytest.raises(GradientError):
        sg.gradcheck(op, [leaf(0.5, 2.0), leaf(3.0, -1.0)])


def test_the_second_input_is_checked_too(operation):
    op = operation(lambda x, y, /: x * y, lambda g, out, x, y: g * y, lambda g, out, x, y: g * y)
    with pytest.raises(GradientError, match="input 1"):
        sg.gradcheck(op, [leaf(0.5, 2.0), leaf(3.0, -1.0)])


def test_a_wrong_rule_for_values_is_caught(operation):
    op = operation(cube, lambda g, out, x: g * x)
    with pytest.raises(GradientError, match="input 0"):
        sg.gradcheck(op, sg.Value(0.5))


def test_values_are_checked_to_second_order():
    assert sg.gradcheck(lambda a, b: a**2 * b.tanh() + b / a, [sg.Value(0.5), sg.Value(-1.2)], order=2)


def test_the_message_tells_where_and_how_much(operation):
    op = operation(cube, lambda g, out, x: 3 * g * x**2 * np.array([1.0, 2.0]))
    with pytest.raises(GradientError) as error:
        sg.gradcheck(lambda x: sg.sum(op(x)), leaf(0.5, 1.0))
    text = str(error.value)
    assert "(1,)" in text
    assert "where it is 1.0" in text
    rules, difference = (
        float(part.split(" gives ")[-1].split(" give ")[-1]) for part in text.split(": ")[1].split(", ")
    )
    assert rules == pytest.approx(2 * difference)


def test_errors_of_opposite_sign_cannot_hide_each_other(operation):
    op = operation(cube, lambda g, out, x: 3 * g * x**2 + np.array([0.1, -0.1]))
    with pytest.raises(GradientError):
        sg.gradcheck(op, leaf(1.0, 1.0))


def test_inputs_are_left_alone():
    x, c = leaf(0.5, 1.5), sg.tensor([2.0, 3.0])
    before = x.data.copy()
    sg.gradcheck(lambda x, c: x * c, [x, c], order=2)
    assert x.grad is None
    assert c.grad is None
    np.testing.assert_array_equal(x.data, before)


def test_only_inputs_that_require_gradients_are_checked():
    labels = sg.tensor([0, 1])
    assert sg.gradcheck(lambda x, i: x[i] ** 2, [leaf(0.5, 1.5), labels])


def test_a_constant_result_has_derivative_zero():
    assert sg.gradcheck(lambda x: x * 0.0 + 3.0, leaf(1.0, 2.0), order=2)
    assert sg.gradcheck(sg.floor, leaf(0.4, 1.6), order=2)


def test_inputs_without_axes_and_empty_inputs():
    assert sg.gradcheck(sg.tanh, sg.tensor(0.5, requires_grad=True), order=2)
    assert sg.gradcheck(sg.tanh, sg.tensor(np.zeros((0, 2)), requires_grad=True), order=2)


def test_float32_is_refused():
    with pytest.raises(TypeError, match="float64.*float32"):
        sg.gradcheck(sg.tanh, leaf(0.5, dtype=np.float32))


def test_nothing_to_check_is_an_error():
    with pytest.raises(ValueError, match="no input requires gradients"):
        sg.gradcheck(sg.tanh, sg.tensor([0.5]))
    with pytest.raises(ValueError, match="no input requires gradients"):
        sg.gradcheck(sg.tanh, [])


def test_a_function_that_leaves_the_graph_is_an_error():
    with pytest.raises(TypeError, match="ndarray"):
        sg.gradcheck(lambda x: x.data * 2, leaf(0.5))


def test_a_detached_path_is_caught():
    with pytest.raises(GradientError):
        sg.gradcheck(lambda x: x * x.detach(), leaf(0.5))


@pytest.mark.parametrize("rule", [lambda g, out, x: None, lambda g, out, x: np.ones(5)])
def test_a_rule_that_gives_no_gradient_is_named(operation, rule):
    op = operation(cube, rule)
    with pytest.raises((ValueError, TypeError), match="made for a test"):
        op(leaf(0.5, 2.0)).sum().backward()
