"""Numbers: dtypes kept, kinks and poles, large magnitudes, broadcasting, layouts, higher orders."""

from __future__ import annotations

import math

import numpy as np
import pytest

import seegrad as sg


def leaf(*numbers, **kwargs):
    return sg.tensor(numbers, requires_grad=True, **kwargs)


def gradient(f, x):
    t = sg.tensor(x, requires_grad=True)
    out = f(t)
    (out if out.ndim == 0 else out.sum()).backward()
    return t.grad


# ---------------------------------------------------------------------------------------------- 1. dtypes

KEEPING = {
    "times a number": lambda x: x * 2.0,
    "divided by an integer": lambda x: x / 3,
    "power": lambda x: x**2,
    "power of a number": lambda x: 2.0**x,
    "minus a number": lambda x: 1 - x,
    "NumPy scalar of its own type": lambda x: x * x.dtype.type(2),
    "mean": lambda x: x.mean(),
    "var": lambda x: x.var(axis=0),
    "std": lambda x: x.std(axis=1, ddof=1),
    "max": lambda x: x.max(axis=0),
    "np.mean": np.mean,
    "np.std": np.std,
    "np.maximum": lambda x: np.maximum(x, 0.0),
    "clip": lambda x: sg.clip(x, -0.5, 0.5),
    "where with numbers": lambda x: sg.where(x > 0, x, 0.1),
    "softmax": sg.softmax,
    "log_softmax": sg.log_softmax,
    "logsumexp": sg.logsumexp,
    "norm": sg.norm,
    "gelu": sg.gelu,
    "leaky_relu": sg.leaky_relu,
    "elu": sg.elu,
    "softplus": sg.softplus,
    "erf": sg.erf,
    "pad": lambda x: sg.pad(x, 1, constant_values=0.5),
    "convolution": lambda x: sg.conv2d(x.reshape(1, 2, 3, 1), np.ones((1, 2, 1, 1), x.dtype), np.ones(1, x.dtype)),
    "pooling": lambda x: sg.max_pool2d(x.reshape(1, 2, 3, 1), 2) + sg.avg_pool2d(x.reshape(1, 2, 3, 1), 2),
    "integer array": lambda x: x[np.array([0, 1])],
    "cross-entropy": lambda x: -sg.take_along_axis(sg.log_softmax(x), np.array([[0], [1]]), 1).mean(),
    "deg2rad": sg.deg2rad,
    "sinc": sg.sinc,
    "var of nothing lost": lambda x: (x - x.mean(1, keepdims=True)) / (x.var(1, keepdims=True) + 1e-5).sqrt(),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
@pytest.mark.parametrize("name", KEEPING)
def test_dtype_is_kept_through_python_numbers(name, dtype):
    x = sg.tensor([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]], requires_grad=True, dtype=dtype)
    out = KEEPING[name](x)
    assert out.dtype == dtype
    out.sum().backward()
    assert x.grad.dtype == dtype


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
@pytest.mark.parametrize("name", ["times a number", "power", "mean", "gelu", "softplus", "erf", "where with numbers"])
def test_dtype_is_kept_without_axes(name, dtype):
    x = sg.tensor(0.5, requires_grad=True, dtype=dtype)
    out = KEEPING[name](x)
    assert (out.dtype, out.shape) == (dtype, ())
    out.backward()
    assert (x.grad.dtype, x.grad.shape) == (dtype, ())


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_dtype_is_kept_in_second_order(dtype):
    x = sg.tensor([0.5, -1.0, 2.0], requires_grad=True, dtype=dtype)
    (sg.tanh(x) * sg.softmax(x) + x**3 / 3).sum().backward(create_graph=True)
    first, x.grad = x.grad, None
    assert first.dtype == dtype
    (first * 0.5).sum().backward()
    assert x.grad.dtype == dtype


def test_mixed_dtypes_promote_as_in_numpy_and_gradients_go_back():
    a, b = leaf(1.0, 2.0, dtype=np.float32), leaf(3.0, 4.0)
    out = a * b
    assert out.dtype == np.float64
    out.sum().backward()
    assert (a.grad.dtype, b.grad.dtype) == (np.float32, np.float64)


def test_half_precision_sums_are_added_up_in_single_precision():
    x = sg.tensor(np.full(10_000, 0.1), requires_grad=True, dtype=np.float16)
    exact = float(np.float16(0.1)) * 10_000
    assert x.sum().item() == pytest.approx(exact, rel=1e-3)
    assert x.mean().item() == pytest.approx(exact / 10_000, rel=1e-3)
    row = sg.tensor(np.zeros(1), requires_grad=True, dtype=np.float16)
    (row + x).sum().backward()
    assert row.grad[0] == 10_000


def test_half_precision_matrix_products_are_added_up_in_single_precision():
    x = sg.tensor(np.full((1, 5000), 0.1), requires_grad=True, dtype=np.float16)
    out = x @ np.ones((5000, 1), np.float16)
    assert out.item() == pytest.approx(float(np.float16(0.1)) * 5000, rel=1e-3)


def test_python_floats_are_float64_and_integers_cannot_require_gradients():
    assert sg.tensor([1.0]).dtype == np.float64
    assert sg.tensor([1, 2]).dtype.kind == "i"
    for data in ([1, 2], np.array([True]), np.arange(3)):
        with pytest.raises(TypeError, match="floating-point.*(int|bool)"):
            sg.tensor(data, requires_grad=True)
    assert sg.tensor([1, 2], requires_grad=True, dtype=np.float32).dtype == np.float32


def test_integer_tensors_compute_without_gradients():
    n, x = sg.tensor([1, 2, 3]), leaf(0.5, 1.5, 2.5)
    (n * x).sum().backward()
    np.testing.assert_array_equal(x.grad, [1.0, 2.0, 3.0])
    assert (n + 1).dtype.kind == "i"
    assert not (n * 2).requires_grad


# --------------------------------------------------------------------------------- 2, 5. kinks and poles


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


# ---------------------------------------------------------------------------------------------- 3. where


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


# -------------------------------------------------------------------------------------- 4. large magnitudes


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


# ------------------------------------------------------------------------------ 6. broadcasting, empty arrays


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


# ------------------------------------------------------------------------------------- 7, 8. kinds of operand


def test_arrays_and_numpy_scalars_on_the_left_give_our_type():
    array = np.array([1.0, 2.0])
    t = leaf(3.0, 4.0)
    for out in (array * t, array + t, array - t, array / t, array**t, np.float64(2) * t, np.float32(2) - t, array @ t):
        assert type(out) is sg.Tensor
        assert out.dtype == np.float64
    (np.float64(2) * t).sum().backward()
    np.testing.assert_array_equal(t.grad, [2.0, 2.0])
    v = sg.Value(3.0)
    assert type(np.float64(2) * v) is sg.Value
    assert type(array * v) is sg.Tensor


def test_comparisons_are_plain_arrays():
    t = leaf(1.0, 2.0)
    for out in (t > 1.5, t == 1.0, t != 1.0, t <= t, np.array([1.0, 3.0]) < t, np.equal(t, 1.0)):
        assert type(out) is np.ndarray
        assert out.dtype == bool
    np.testing.assert_array_equal(np.array([1.0, 1.0]) < t, [False, True])


# ---------------------------------------------------------------------------------------- 9. higher orders


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
