"""Kinks, ties and poles: one documented subgradient, and no NaN from a branch that was not taken."""

from __future__ import annotations

import numpy as np
import pytest
from leaves import gradient, leaf

import seegrad as sg


def test_norm_of_zeros_has_gradient_zero():
    for f in (sg.norm, np.linalg.norm, lambda x: sg.norm(x, 2), lambda x: sg.norm(x, 3), lambda x: sg.norm(x, 1)):
        np.testing.assert_array_equal(gradient(f, np.zeros(3)), np.zeros(3))
    x = sg.tensor(np.zeros((2, 2)), requires_grad=True)
    value = sg.norm(x)
    assert value.item() == 0.0


def test_norm_of_a_row_of_zeros_beside_others():
    x = np.array([[0.0, 0.0], [3.0, 4.0]])
    np.testing.assert_allclose(gradient(lambda t: sg.norm(t, axis=1), x), [[0.0, 0.0], [0.6, 0.8]])
    np.testing.assert_allclose(
        gradient(lambda t: sg.norm(t, 3, axis=1), x), [[0.0, 0.0], [9 / 91 ** (2 / 3), 16 / 91 ** (2 / 3)]]
    )


def test_norm_does_not_overflow_where_numpys_does_not():
    assert sg.norm(sg.tensor([3.0, 4.0])).item() == 5.0


def test_std_of_constants_has_gradient_zero():
    np.testing.assert_array_equal(gradient(lambda t: t.std(), np.full(4, 2.5)), np.zeros(4))
    np.testing.assert_array_equal(gradient(lambda t: t.var(), np.full(4, 2.5)), np.zeros(4))


@pytest.mark.filterwarnings("ignore:divide by zero")
def test_poles_are_those_of_ieee():
    np.testing.assert_array_equal(gradient(sg.sqrt, np.array([0.0, 4.0])), [np.inf, 0.25])
    np.testing.assert_array_equal(gradient(sg.log, np.array([0.0, 2.0])), [np.inf, 0.5])
    np.testing.assert_array_equal(gradient(lambda t: t**0.5, np.array([0.0, 4.0])), [np.inf, 0.25])
    np.testing.assert_array_equal(sg.log(sg.tensor([0.0])).data, [-np.inf])


@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_powers_at_zero(zero):
    for n, expected in [(0, 0.0), (1, 1.0), (2, 0.0), (3, 0.0), (0.0, 0.0), (1.5, 0.0)]:
        assert gradient(lambda t, n=n: t**n, np.array([zero])) == [expected]
    base, exponent = leaf(0.0, 0.0), leaf(1.0, 2.0)
    (base**exponent).sum().backward()
    np.testing.assert_array_equal(exponent.grad, [0.0, 0.0])
    np.testing.assert_array_equal(base.grad, [1.0, 0.0])
    assert gradient(lambda t: 0.0**t, np.array([1.0])) == [0.0]


def test_powers_of_negative_numbers_are_finite():
    np.testing.assert_array_equal(gradient(lambda t: t**2, np.array([-3.0])), [-6.0])
    np.testing.assert_array_equal(gradient(lambda t: t**3, np.array([-2.0])), [12.0])
    np.testing.assert_array_equal(gradient(lambda t: t**-1, np.array([-2.0])), [-0.25])
    np.testing.assert_array_equal(gradient(lambda t: t ** np.array([2, 3]), np.array([-2.0, -2.0])), [-4.0, 12.0])


def test_second_derivative_of_a_square_at_zero():
    x = leaf(0.0)
    (x**2).sum().backward(create_graph=True)
    first, x.grad = x.grad, None
    first.sum().backward()
    np.testing.assert_array_equal(x.grad, [2.0])


def test_kinks():
    zero = np.zeros(1)
    assert gradient(sg.relu, zero) == 0.0
    assert gradient(sg.absolute, zero) == 0.0
    assert gradient(sg.sign, zero) == 0.0
    assert gradient(lambda t: sg.hypot(t, 0.0), zero) == 0.0
    for f, expected in [(sg.maximum, 0.5), (sg.minimum, 0.5), (sg.fmax, 0.5), (sg.fmin, 0.5)]:
        a, b = leaf(1.0), leaf(1.0)
        f(a, b).sum().backward()
        assert (a.grad[0], b.grad[0]) == (expected, expected)
        assert gradient(lambda t, f=f: f(t, 1.0), np.ones(1)) == expected


def test_ties_of_max_share_and_add_up_to_one():
    np.testing.assert_array_equal(gradient(sg.max, np.array([1.0, 3.0, 3.0])), [0.0, 0.5, 0.5])
    np.testing.assert_array_equal(gradient(sg.min, np.array([1.0, 1.0, 3.0, 1.0])), np.array([1, 1, 0, 1]) / 3)
    x = np.array([[1.0, 1.0], [2.0, 1.0]])
    np.testing.assert_array_equal(gradient(lambda t: t.max(axis=1), x), [[0.5, 0.5], [1.0, 0.0]])
    np.testing.assert_array_equal(gradient(lambda t: t.max(axis=0), x), [[0.0, 0.5], [1.0, 0.5]])


def test_a_pooling_tie_has_exactly_one_winner():
    x = np.ones((1, 4, 4, 2))
    g = gradient(lambda t: sg.max_pool2d(t, 2), x)
    assert g.sum() == 8
    assert set(g.ravel()) == {0.0, 1.0}
    np.testing.assert_array_equal(g[0, :2, :2, 0], [[1.0, 0.0], [0.0, 0.0]])


def test_padding_never_wins_a_pool():
    x = -np.ones((1, 2, 2, 1))
    out = sg.max_pool2d(sg.tensor(x, requires_grad=True), 2, padding=1)
    np.testing.assert_array_equal(out.data.ravel(), -np.ones(4))


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        ([2.0, 0.0, 5.0], [0.0, 10.0, 0.0]),
        ([2.0, 0.0, 0.0], [0.0, 0.0, 0.0]),
        ([0.0], [1.0]),
        ([2.0, 3.0, 5.0], [15.0, 10.0, 6.0]),
    ],
)
def test_products_with_zeros(x, expected):
    np.testing.assert_array_equal(gradient(sg.prod, np.array(x)), expected)


def test_running_products_with_zeros():
    x = np.array([2.0, 0.0, 5.0])  # sums of 2, 2 * 0, 2 * 0 * 5
    np.testing.assert_array_equal(gradient(sg.cumprod, x), [1.0, 12.0, 0.0])


@pytest.mark.parametrize("f", [sg.floor, sg.ceil, sg.rint, sg.trunc, sg.sign])
def test_steps_have_gradient_zero(f):
    np.testing.assert_array_equal(gradient(f, np.array([-1.5, 0.0, 0.7])), np.zeros(3))


def test_sinc_near_zero():
    x = np.array([0.0, 1e-12, -1e-7, 1e-4, 9.9e-3, 1.01e-2])
    y = np.pi * x
    # Taylor: sinc'(x) = -pi**2 x / 3 + pi**4 x**3 / 30 - pi**6 x**5 / 840
    expected = np.pi * (-y / 3 + y**3 / 30 - y**5 / 840)
    np.testing.assert_allclose(gradient(sg.sinc, x), expected, rtol=1e-9, atol=1e-30)
    t = leaf(0.0)
    sg.sinc(t).sum().backward(create_graph=True)
    first, t.grad = t.grad, None
    first.sum().backward()
    np.testing.assert_allclose(t.grad, [-(np.pi**2) / 3])


def test_fmax_ignores_nan():
    a, b = leaf(np.nan, 1.0), leaf(2.0, np.nan)
    out = sg.fmax(a, b)
    np.testing.assert_array_equal(out.data, [2.0, 1.0])
    out.sum().backward()
    np.testing.assert_array_equal(a.grad, [0.0, 1.0])
    np.testing.assert_array_equal(b.grad, [1.0, 0.0])


# ---------------------------------------------------------------------------------------------- where


@pytest.mark.filterwarnings("ignore:invalid value", "ignore:divide by zero")
def test_where_does_not_leak_nan_from_the_branch_not_taken():
    for f in (sg.sqrt, sg.log, lambda x: 1 / (x + 1), lambda x: sg.log(sg.sqrt(x + 1) * 0)):
        g = gradient(lambda t, f=f: sg.where(t > 0, f(t), 0.0), np.array([-1.0]))
        np.testing.assert_array_equal(g, [0.0])
    g = gradient(lambda t: np.where(t > 0, np.sqrt(t), 0), np.array([-1.0, 4.0]))
    np.testing.assert_array_equal(g, [0.0, 0.25])


@pytest.mark.filterwarnings("ignore:invalid value", "ignore:divide by zero")
def test_where_does_not_leak_nan_in_second_order():
    x = leaf(-1.0, 4.0)
    sg.where(x > 0, sg.sqrt(x), 0.0).sum().backward(create_graph=True)
    first, x.grad = x.grad, None
    np.testing.assert_array_equal(first.data, [0.0, 0.25])
    first.sum().backward()
    np.testing.assert_allclose(x.grad, [0.0, -0.25 * 4**-1.5])


@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
def test_where_does_not_hide_a_true_pole():
    g = gradient(lambda t: sg.where(t >= 0, sg.sqrt(t), 0.0), np.array([0.0, -1.0]))
    np.testing.assert_array_equal(g, [np.inf, 0.0])


def test_where_on_values_does_not_leak_nan():
    x = sg.Value(-1.0)
    sg.where(x > 0, sg.sqrt(x), 0.0).backward()
    assert x.grad == 0.0


#: Two numbers that are equal, and the slope that each of them gets.
TIES = {
    **{name: (getattr(sg, name), (0.5, 0.5)) for name in ("maximum", "minimum", "fmax", "fmin", "logaddexp")},
    "clip from below": (lambda x, y: sg.clip(x, y, None), (1.0, 0.0)),
    "clip from above": (lambda x, y: sg.clip(x, None, y), (1.0, 0.0)),
}


@pytest.mark.parametrize("graph", [False, True])
@pytest.mark.parametrize("kind", [sg.Value, lambda x: sg.tensor(x, requires_grad=True)], ids=["Value", "Tensor"])
@pytest.mark.parametrize("name", TIES)
@pytest.mark.parametrize("x", [1.5, -0.0])
def test_ties_share_whether_or_not_the_walk_is_recorded(name, kind, graph, x):
    f, slopes = TIES[name]
    a, b = kind(x), kind(abs(x) if x == 0 else x)
    f(a, b).backward(create_graph=graph)
    assert [g.data if isinstance(g, sg.Value | sg.Tensor) else g for g in (a.grad, b.grad)] == list(slopes)
