"""Large magnitudes, broadcasting, empty arrays, and higher orders."""

from __future__ import annotations

import math

import numpy as np
import pytest
from leaves import gradient, leaf

import seegrad as sg

# -------------------------------------------------------------------------------------- large magnitudes


def test_softmax_of_large_logits_is_finite():
    x = leaf(1e4, 0.0, -1e4)
    np.testing.assert_array_equal(sg.softmax(x).data, [1.0, 0.0, 0.0])
    loss = -sg.log_softmax(x)[1]
    assert loss.item() == 10000.0
    loss.backward()
    np.testing.assert_array_equal(x.grad, [1.0, -1.0, 0.0])


@pytest.mark.parametrize("f", [sg.log_softmax, sg.softmax, sg.logsumexp])
def test_minus_infinity_throughout_is_not_nan(f):
    x = sg.tensor(np.full(3, -np.inf), requires_grad=True)
    out = f(x)
    assert not np.isnan(out.data).any()
    out.backward(np.ones(out.shape))
    assert not np.isnan(x.grad).any()


@pytest.mark.parametrize("f", [sg.log_softmax, sg.softmax, sg.logsumexp])
def test_masked_logits(f):
    x = leaf(1.0, -np.inf, 2.0)
    out = f(x)
    e = np.exp(np.array([1.0, 0.0, 2.0])) * [1, 0, 1]
    expected = {sg.softmax: e / e.sum(), sg.logsumexp: math.log(e.sum())}.get(f)
    if expected is None:
        expected = [1 - math.log(e.sum()), -np.inf, 2 - math.log(e.sum())]
    np.testing.assert_allclose(out.data, expected)
    out.backward(np.ones(out.shape))
    assert np.isfinite(x.grad).all()


def test_logsumexp_of_infinity():
    x = leaf(np.inf, 1.0)
    out = sg.logsumexp(x)
    assert out.item() == np.inf
    assert sg.logsumexp(np.array([1000.0, 1000.0])) == 1000 + math.log(2)


def test_saturated_functions_are_exact():
    x = leaf(-1000.0, 1000.0)
    np.testing.assert_array_equal(sg.sigmoid(x).data, [0.0, 1.0])
    np.testing.assert_array_equal(sg.softplus(x).data, [0.0, 1000.0])
    np.testing.assert_array_equal(sg.logaddexp(x, 0.0).data, [0.0, 1000.0])
    for f, expected in [
        (sg.sigmoid, [0.0, 0.0]),
        (sg.softplus, [0.0, 1.0]),
        (sg.tanh, [0.0, 0.0]),
        (sg.silu, [0.0, 1.0]),
        (sg.gelu, [0.0, 1.0]),
        (sg.erf, [0.0, 0.0]),
        (lambda t: sg.logaddexp(t, 0.0), [0.0, 1.0]),
        (sg.elu, [0.0, 1.0]),
    ]:
        np.testing.assert_array_equal(gradient(f, x.data), expected)


def test_angles_of_very_long_and_very_short_vectors():
    for size in (1e200, 1e-200):
        y, x = leaf(size), leaf(size)
        sg.arctan2(y, x).sum().backward()
        np.testing.assert_allclose([y.grad[0], x.grad[0]], [0.5 / size, -0.5 / size], rtol=1e-14)


def test_sigmoid_keeps_its_tails():
    np.testing.assert_allclose(sg.sigmoid(np.array([-700.0, -50.0])), np.exp([-700.0, -50.0]), rtol=1e-14)
    np.testing.assert_allclose(sg.softplus(np.array([-700.0, -50.0])), np.exp([-700.0, -50.0]), rtol=1e-14)


def test_log_of_softmax_of_float32_extremes():
    x = sg.tensor([88.0, -88.0, 200.0], requires_grad=True, dtype=np.float32)
    out = sg.log_softmax(x)
    np.testing.assert_array_equal(out.data, np.float32([-112.0, -288.0, 0.0]))


def test_erf_agrees_with_the_standard_library():
    x = np.concatenate([np.linspace(-7, 7, 2001), [0.46875, 4.0, 1e-300, 1e300, -1e300, 0.0]])
    expected = np.array([math.erf(v) for v in x])
    np.testing.assert_allclose(sg.erf(x), expected, rtol=1e-15, atol=0)
    assert np.isnan(sg.erf(np.array([np.nan])))[0]
    np.testing.assert_array_equal(sg.erf(np.array([np.inf, -np.inf])), [1.0, -1.0])


# ------------------------------------------------------------------------------ broadcasting, empty arrays


def test_each_operand_gets_a_gradient_of_its_own_shape():
    a, b, c = (sg.tensor(np.ones(s), requires_grad=True) for s in [(3, 1), (1, 4), ()])
    (a + b + c).sum().backward()
    np.testing.assert_array_equal(a.grad, np.full((3, 1), 4.0))
    np.testing.assert_array_equal(b.grad, np.full((1, 4), 3.0))
    assert c.grad.shape == ()
    assert c.grad == 12.0


def test_empty():
    x = sg.tensor(np.zeros((0, 3)), requires_grad=True)
    total = x.sum()
    assert total.item() == 0.0
    total.backward()
    assert x.grad.shape == (0, 3)


# ---------------------------------------------------------------------------------------- higher orders


def test_third_derivative_of_a_fourth_power():
    x = leaf(2.0)
    y = x**4
    for expected in (32.0, 48.0, 48.0):
        y.sum().backward(create_graph=True)
        y, x.grad = x.grad, None
        np.testing.assert_allclose(y.data, [expected])


def test_nine_derivatives_of_exp_and_sin():
    for f, derivatives in [(sg.exp, [math.exp(0.5)] * 9), (sg.sin, [math.cos(0.5), -math.sin(0.5)] * 4)]:
        x = sg.tensor(0.5, requires_grad=True)
        y = f(x)
        for i, expected in enumerate(derivatives):
            y.backward(create_graph=True)
            y, x.grad = x.grad, None
            assert y.item() == pytest.approx(expected * (-1) ** (i // 2 if f is sg.sin else 0), rel=1e-12)


def test_hessian_of_softmax_cross_entropy():
    x = leaf(0.3, -1.2, 0.7)
    p = np.exp(x.data) / np.exp(x.data).sum()
    hessian = []
    for i in range(3):
        (-sg.log_softmax(x)[2]).backward(create_graph=True)
        first, x.grad = x.grad, None
        first[i].backward()
        hessian.append(x.grad)
        x.grad = None
    np.testing.assert_allclose(hessian, np.diag(p) - np.outer(p, p), rtol=1e-10, atol=1e-15)


def test_second_order_through_a_small_network():
    rng = np.random.default_rng(5)
    image = sg.tensor(rng.normal(size=(2, 5, 5, 1)), requires_grad=True)
    kernel = sg.tensor(rng.normal(size=(2, 2, 1, 2)), requires_grad=True)
    weight = sg.tensor(rng.normal(size=(8, 3)), requires_grad=True)

    def loss(image, kernel, weight):
        hidden = sg.tanh(sg.max_pool2d(sg.conv2d(image, kernel), 2)).reshape(2, 8)
        return -sg.log_softmax(hidden @ weight)[[0, 1], [2, 0]].mean()

    assert sg.gradcheck(loss, [image, kernel, weight], order=2)
