"""Second derivatives where the first was set by convention: right where a rule can know, else NaN."""

from __future__ import annotations

import numpy as np
import pytest

import seegrad as sg

ZERO = np.zeros(2)
EYE = np.eye(2)


def hessian(f, x):
    return sg.hessian(f)(np.array(x, dtype=np.float64))


def _times_itself(x):
    n = sg.norm(x)
    return n * n


def _hypot(x):
    return sg.hypot(x[0], x[1])


#: Functions of a vector that are smooth at the origin (or have a second derivative there), and their Hessian there.
SMOOTH = {
    "norm squared": (lambda x: sg.norm(x) ** 2, 2 * EYE),
    "square of norm": (lambda x: sg.square(sg.norm(x)), 2 * EYE),
    "norm times itself": (_times_itself, 2 * EYE),
    "numpy's norm squared": (lambda x: np.linalg.norm(x) ** 2, 2 * EYE),
    "Frobenius norm squared": (lambda x: sg.norm(x.reshape(1, 2), "fro") ** 2, 2 * EYE),
    "norm cubed": (lambda x: sg.norm(x) ** 3, 0 * EYE),
    "norm to the fourth": (lambda x: sg.norm(x) ** 4, 0 * EYE),
    "Gaussian": (lambda x: sg.exp(-(sg.norm(x) ** 2)), -2 * EYE),
    "pseudo-Huber": (lambda x: sg.sqrt(1 + sg.norm(x) ** 2), EYE),
    "cosine of norm": (lambda x: sg.cos(sg.norm(x)), -EYE),
    "weighted": (lambda x: sg.norm(x) ** 2 * (3.0 + x[0]), 6 * EYE),
    "twice the same": (lambda x: sg.norm(x) ** 2 + 2 * sg.norm(x) ** 2, 6 * EYE),
    "mean of squares over rows": (lambda x: (sg.norm(x.reshape(2, 1), axis=1) ** 2).mean(), EYE),
    "sum of squares": (lambda x: (x * x).sum(), 2 * EYE),
    "hypot squared": (lambda x: _hypot(x) ** 2, 2 * EYE),
    "half hypot squared": (lambda x: 0.5 * sg.square(_hypot(x)), EYE),
    "numpy's hypot squared": (lambda x: np.hypot(x[0], x[1]) ** 2, 2 * EYE),
    "std squared": (lambda x: x.std() ** 2, EYE - 0.5 * np.ones((2, 2))),
    "std squared, ddof": (lambda x: x.std(ddof=1) ** 2, 2 * EYE - np.ones((2, 2))),
    "var": (lambda x: x.var(), EYE - 0.5 * np.ones((2, 2))),
    "cubic norm cubed": (lambda x: sg.norm(x, 3) ** 3, 0 * EYE),
}


@pytest.mark.parametrize("name", SMOOTH)
def test_hessian_at_the_tip_of_something_smooth(name):
    f, expected = SMOOTH[name]
    np.testing.assert_allclose(hessian(f, ZERO), expected, atol=1e-15)


@pytest.mark.parametrize("value", [1.0, 0.1, -3e5, 1e-300])
def test_hessian_of_the_variance_of_equal_numbers(value):
    expected = 2 / 3 * (np.eye(3) - 1 / 3)
    np.testing.assert_allclose(hessian(lambda x: x.std() ** 2, [value] * 3), expected, rtol=1e-12)


#: Functions that have no second derivative at the origin.
SHARP = {
    "norm": sg.norm,
    "numpy's norm": np.linalg.norm,
    "norm to 1.5": lambda x: sg.norm(x) ** 1.5,
    "norm times a linear function": lambda x: sg.norm(x) * (x[0] + 2 * x[1]),
    "root of a sum of squares": lambda x: sg.sqrt((x * x).sum()),
    "square of two norms": lambda x: sg.norm(x, 3) ** 2,
    "square of a norm below 2": lambda x: sg.norm(x, 1.5) ** 2,
    "square of a norm of 4": lambda x: sg.norm(x, 4) ** 2,
    "norm of 3": lambda x: sg.norm(x, 3),
    "nuclear norm": lambda x: sg.norm(sg.diag(x), "nuc"),
    "hypot": _hypot,
    "arctan2": lambda x: sg.arctan2(x[0], x[1]),
    "std": lambda x: x.std(),
}


@pytest.mark.parametrize("name", SHARP)
def test_hessian_at_a_sharp_tip_is_nan(name):
    with np.errstate(all="ignore"):
        assert np.isnan(hessian(SHARP[name], ZERO)).all()


FIRST = {
    "norm": sg.norm,
    "norm of 3": lambda x: sg.norm(x, 3),
    "norm of 1.5": lambda x: sg.norm(x, 1.5),
    "norm of 0.5": lambda x: sg.norm(x, 0.5),
    "nuclear norm": lambda x: sg.norm(x.reshape(1, 2), "nuc"),
    "spectral norm": lambda x: sg.norm(sg.diag(x), 2),
    "hypot": _hypot,
    "arctan2": lambda x: sg.arctan2(x[0], x[1]),
    "std": lambda x: x.std(),
}


@pytest.mark.parametrize("name", FIRST)
def test_the_first_derivative_keeps_its_convention(name):
    np.testing.assert_array_equal(sg.grad(FIRST[name])(ZERO), ZERO)
    x = sg.tensor(ZERO, requires_grad=True)
    FIRST[name](x).backward(create_graph=True)
    np.testing.assert_array_equal(x.grad.data, ZERO)


@pytest.mark.parametrize("shape", [(), (1,), (2, 1)])
def test_std_of_one_number_is_zero_everywhere(shape):
    x, axis = np.full(shape, 3.5), -1 if shape else None
    for f in (lambda t: t.std(axis).sum(), lambda t: (t.std(axis) * t.std(axis, keepdims=True)).sum()):
        np.testing.assert_array_equal(sg.grad(f)(x), np.zeros(shape))
        np.testing.assert_array_equal(sg.hessian(f)(x), np.zeros(shape * 2))


def test_std_of_equal_numbers_is_zero_to_the_last_digit():
    for value in (0.1, 1 / 3, 1e200, 1e-200):
        np.testing.assert_array_equal(sg.grad(lambda t: t.std())(np.full(7, value)), np.zeros(7))
        assert sg.std(np.full(7, value)) == 0.0


def test_a_row_at_its_tip_does_not_disturb_the_others():
    x = np.array([[0.0, 0.0], [3.0, 4.0]])
    squares = sg.hessian(lambda t: (sg.norm(t, axis=1) ** 2).sum())(x).reshape(4, 4)
    np.testing.assert_allclose(squares, 2 * np.eye(4), atol=1e-15)
    lengths = sg.hessian(lambda t: sg.norm(t, axis=1).sum())(x).reshape(4, 4)
    assert np.isnan(lengths[:2, :2]).all()
    np.testing.assert_allclose(lengths[2:], [[0, 0, 0.128, -0.096], [0, 0, -0.096, 0.072]], atol=1e-15)
    np.testing.assert_array_equal(lengths[:2, 2:], np.zeros((2, 2)))


def test_the_square_of_a_sum_of_lengths_is_sharp():
    h = sg.hessian(lambda t: sg.norm(t, axis=1).sum() ** 2)(np.zeros((2, 2))).reshape(4, 4)
    assert np.isnan(h[:2, :2]).all()
    assert np.isnan(h[2:, 2:]).all()


def test_hessian_vector_products_and_values_at_the_tip():
    np.testing.assert_allclose(sg.hvp(lambda x: sg.norm(x) ** 2)(ZERO, np.array([1.0, -2.0])), [2.0, -4.0])
    slope = sg.grad(sg.grad(lambda x: sg.hypot(x, 0.0) ** 2))
    assert slope(0.0) == 2.0
    x = sg.Value(0.0)
    (sg.hypot(x, 0.0) ** 2).backward(create_graph=True)
    first, x.grad = x.grad, None
    first.backward()
    assert float(x.grad) == 2.0


def test_the_third_derivative_is_not_a_guess():
    third = sg.jacobian(sg.hessian(lambda x: sg.norm(x) ** 3))(np.array([0.0, 0.0]))
    assert not np.isfinite(third).all()


def test_a_lost_gradient_stays_nan_at_the_tip():
    for f in (sg.norm, lambda x: sg.norm(x, 3), _hypot):
        x = sg.tensor(ZERO, requires_grad=True)
        f(x).backward(np.nan)
        assert np.isnan(x.grad).all()


# --------------------------------------------------------------------------------------------- powers


def power(v):
    return v[0] ** v[1]


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [
        # y (y - 1) x**(y - 2), x**(y - 1) (1 + y ln x), x**y ln(x)**2
        (2.0, 0.0, [[0.0, 0.5], [0.5, np.log(2) ** 2]]),
        (3.0, 0.0, [[0.0, 1 / 3], [1 / 3, np.log(3) ** 2]]),
        (2.0, 1.0, [[0.0, 1 + np.log(2)], [1 + np.log(2), 2 * np.log(2) ** 2]]),
        (0.0, 2.0, [[2.0, 0.0], [0.0, 0.0]]),
        (0.0, 3.0, [[0.0, 0.0], [0.0, 0.0]]),
        (0.0, 4.0, [[0.0, 0.0], [0.0, 0.0]]),
        (0.5, -1.0, [[16.0, 4 * (1 + np.log(2))], [4 * (1 + np.log(2)), 2 * np.log(2) ** 2]]),
    ],
)
def test_hessian_of_a_power(x, y, expected):
    np.testing.assert_allclose(hessian(power, [x, y]), expected, rtol=1e-12)


@pytest.mark.parametrize("y", [0.0, 0.5, 1.0])
def test_mixed_derivative_of_a_power_without_a_limit_is_not_finite(y):
    h = hessian(power, [0.0, y])
    assert not np.isfinite(h[0, 1])
    assert not np.isfinite(h[1, 0])


@pytest.mark.parametrize(
    ("n", "expected"), [(0, 0.0), (1, 0.0), (2, 2.0), (3, 0.0), (0.5, -np.inf), (1.5, np.inf), (-1, np.inf)]
)
def test_second_derivative_of_a_power_at_zero(n, expected):
    with np.errstate(divide="ignore"):
        x = sg.tensor([0.0], requires_grad=True)
        (x**n).sum().backward(create_graph=True)
        first, x.grad = x.grad, None
        first.sum().backward()
    np.testing.assert_array_equal(x.grad, [expected])


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [
        (np.inf, 0.0, (0.0, np.inf)),
        (np.inf, -1.0, (0.0, 0.0)),
        (np.inf, 2.0, (np.inf, np.inf)),
        (0.0, -1.0, (-np.inf, -np.inf)),
        (0.0, 0.0, (0.0, 0.0)),
        (0.0, 1.0, (1.0, 0.0)),
        (0.0, 0.5, (np.inf, 0.0)),
        (-1.0, 0.5, (np.nan, np.nan)),
        (-2.0, 3.0, (12.0, np.nan)),
        (-2.0, 0.0, (0.0, np.nan)),
        (2.0, 0.0, (0.0, np.log(2))),
    ],
)
def test_slopes_of_powers_at_the_edges(x, y, expected):
    with np.errstate(all="ignore"):
        a, b = sg.tensor([x], requires_grad=True), sg.tensor([y], requires_grad=True)
        (a**b).sum().backward()
        np.testing.assert_allclose([a.grad[0], b.grad[0]], expected)
        v, w = sg.Value(x), sg.Value(y)
        (v**w).backward()
        np.testing.assert_allclose([v.grad, w.grad], expected)
        v = sg.Value(x)
        (v**y).backward()
        np.testing.assert_allclose(v.grad, expected[0])


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_powers_at_the_edges_keep_their_dtype(dtype):
    x = sg.tensor(np.array([0.0, 1.0, 2.0], dtype), requires_grad=True)
    y = sg.tensor(np.array([2.0, 0.0, 1.0], dtype), requires_grad=True)
    (x**y).sum().backward()
    assert x.grad.dtype == y.grad.dtype == dtype
    np.testing.assert_array_equal(x.grad, np.array([0, 0, 1], dtype))
    np.testing.assert_allclose(y.grad, np.array([0, 0, 2 * np.log(2)], dtype), rtol=1e-3)


# -------------------------------------------------------------------------------------------- products


@pytest.mark.parametrize("zeros", [0, 1, 2, 3])
@pytest.mark.parametrize("f", [sg.prod, lambda x: sg.cumprod(x)[-1], lambda x: (sg.cumprod(x) ** 2).sum()])
def test_products_with_zeros_to_second_order(f, zeros):
    x = np.array([1.5, -0.7, 2.0, 0.6])
    x[:zeros] = 0.0
    assert sg.gradcheck(f, sg.tensor(x[[2, 0, 3, 1]], requires_grad=True), order=2)


def test_products_with_zeros_take_linear_memory():
    import tracemalloc

    x = np.random.default_rng(0).normal(size=(300, 300))
    x[5, 7] = x[9, 9] = 0.0
    for f in (lambda t: sg.cumprod(t, 1).sum(), lambda t: sg.cumprod(t, 0).sum(), lambda t: sg.prod(t, 1).sum()):
        tracemalloc.start()
        sg.grad(f)(x)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 40 * x.nbytes


def test_products_that_leave_the_range_have_the_right_slopes():
    np.testing.assert_allclose(sg.grad(sg.prod)(np.array([1e-200, 2e-200, 1e200])), [2.0, 1.0, 0.0])
    with np.errstate(over="ignore"):
        np.testing.assert_allclose(sg.grad(sg.prod)(np.array([1e200, 2e200])), [2e200, 1e200])
    np.testing.assert_array_equal(sg.grad(sg.prod)(np.array([np.inf, 2.0])), [2.0, np.inf])
