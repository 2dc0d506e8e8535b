"""Infinity, NaN, ties and -0.0, in what goes in and in the gradients that arrive: the same at every size."""

from __future__ import annotations

import numpy as np
import pytest
from leaves import value_and_gradients
from special_numbers import SPECIAL

import seegrad as sg

PAIRS = np.array(np.meshgrid(SPECIAL, SPECIAL)).reshape(2, -1)
#: On both sides of the size from which arrays are large, see ``fast/kernels``.
BELOW, ABOVE = (1 << 15) - 4, (1 << 15) + 4

pytestmark = pytest.mark.filterwarnings("ignore:.*(overflow|invalid|divide|empty).*:RuntimeWarning")


def is_nan(x):
    return x != x


def won(g, wins, tie):
    return np.where(tie, 0.5 * g, np.where(wins, g, 0.0))


#: For each elementwise choice: the function, its value and its gradients, written out.
ELEMENTWISE = {
    "relu": (
        lambda x, y: sg.relu(x),
        lambda x, y: np.where(x <= 0, 0.0, x),
        lambda g, x, y: (np.where(x <= 0, 0.0, g), 0.0),
    ),
    "maximum": (
        sg.maximum,
        lambda x, y: np.where((x > y) | is_nan(x), x, y),
        lambda g, x, y: (
            won(g, (x > y) | is_nan(x) | is_nan(y), x == y),
            won(g, (y > x) | is_nan(x) | is_nan(y), x == y),
        ),
    ),
    "minimum": (
        sg.minimum,
        lambda x, y: np.where((x < y) | is_nan(x), x, y),
        lambda g, x, y: (
            won(g, (x < y) | is_nan(x) | is_nan(y), x == y),
            won(g, (y < x) | is_nan(x) | is_nan(y), x == y),
        ),
    ),
    "fmax": (
        sg.fmax,
        lambda x, y: np.where((x > y) | is_nan(y), x, y),
        lambda g, x, y: (won(g, (x > y) | is_nan(y), x == y), won(g, (y > x) | is_nan(x), x == y)),
    ),
    "fmin": (
        sg.fmin,
        lambda x, y: np.where((x < y) | is_nan(y), x, y),
        lambda g, x, y: (won(g, (x < y) | is_nan(y), x == y), won(g, (y < x) | is_nan(x), x == y)),
    ),
    "where": (
        lambda x, y: sg.where(x > 0, x, y),
        lambda x, y: np.where(x > 0, x, y),
        lambda g, x, y: (np.where(x > 0, g, 0.0), np.where(x > 0, 0.0, g)),
    ),
    "clip": (
        lambda x, y: sg.clip(x, -1.0, 2.0),
        lambda x, y: np.where(x < -1, -1.0, np.where(x > 2, 2.0, x)),
        lambda g, x, y: (np.where((x < -1) | (x > 2), 0.0, g), 0.0),
    ),
    "clip to a tensor": (
        lambda x, y: sg.clip(x, y),
        lambda x, y: np.where((x >= y) | is_nan(x), x, y),
        lambda g, x, y: (np.where(x < y, 0.0, g), np.where(x >= y, 0.0, g)),
    ),
    "ReLU6": (
        lambda x, y: sg.nn.ReLU6()(x),
        lambda x, y: np.where(x <= 0, 0.0, np.where(x >= 6, 6.0, x)),
        lambda g, x, y: (np.where((x <= 0) | (x >= 6), 0.0, g), 0.0),
    ),
    "leaky_relu": (
        lambda x, y: sg.nn.LeakyReLU(0.5)(x),
        lambda x, y: np.where(x > 0, x, 0.5 * x),
        lambda g, x, y: (np.where(x > 0, g, 0.5 * g), 0.0),
    ),
    **{
        name: (
            lambda x, y, name=name: getattr(sg, name)(x),
            lambda x, y, name=name: getattr(np, name)(x),
            lambda g, x, y: (np.zeros_like(g), 0.0),
        )
        for name in ("floor", "ceil", "rint", "trunc", "sign")
    },
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [len(PAIRS[0]), BELOW, ABOVE])
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_elementwise_choices_agree_with_their_definition(name, size, dtype):
    function, value, rules = ELEMENTWISE[name]
    for arriving in (1.0, np.inf, -np.inf, np.nan, 0.0, -0.0):
        x, y = (np.resize(v, size).astype(dtype) for v in PAIRS)
        g = np.full(size, arriving, dtype)
        leaves = [sg.tensor(v, requires_grad=True) for v in (x, y)]
        out = function(*leaves)
        assert out.dtype == dtype
        np.testing.assert_array_equal(out.data, value(x, y).astype(dtype))
        out.backward(g)
        for leaf, wanted in zip(leaves, rules(g, x, y)):
            if leaf.grad is not None:
                np.testing.assert_array_equal(leaf.grad, wanted)


@pytest.mark.parametrize("name", [name for name in ELEMENTWISE if name not in ("ReLU6", "leaky_relu")])
def test_values_agree_with_arrays(name):
    function, value, rules = ELEMENTWISE[name]
    for x, y in PAIRS.T:
        for arriving in (1.0, np.inf, np.nan):
            a, b = sg.Value(x), sg.Value(y)
            out = function(a, b)
            np.testing.assert_array_equal(out.data, float(value(x, y)))
            out.backward(arriving)
            wanted = rules(np.float64(arriving), x, y)
            np.testing.assert_array_equal([a.grad, b.grad], [float(wanted[0]), float(wanted[1])])


@pytest.mark.parametrize("order", ["C", "kernel"])
@pytest.mark.parametrize("size", [BELOW, ABOVE])
def test_the_sign_of_zero_does_not_depend_on_the_size(size, order):
    x = np.full((size // 4, 2, 2, 1), -0.0, np.float32)
    if order == "kernel":
        x = np.ascontiguousarray(x.transpose(1, 3, 2, 0)).transpose(3, 0, 2, 1)
    few = np.signbit(sg.relu(sg.tensor(x[:1])).data).ravel()[0]
    assert (np.signbit(sg.relu(sg.tensor(x)).data) == few).all()


@pytest.mark.parametrize("shape", [(2, 4, 4, 3), (2, 64, 64, 3), (2, 64, 64, 5)])
def test_channel_sums(shape, rng):
    for special in SPECIAL:
        g = rng.integers(-3, 4, shape).astype(np.float32)
        g[1, 2, 3, 1] = special
        _, _, db = value_and_gradients(
            lambda x, b: x + b, [np.zeros(shape, np.float32), np.zeros(shape[3], np.float32)], g
        )
        np.testing.assert_array_equal(db[[0, 2]], g.sum(axis=(0, 1, 2))[[0, 2]])
        np.testing.assert_allclose(db, g.astype(np.float64).sum(axis=(0, 1, 2)), rtol=1e-6)


@pytest.mark.parametrize("shape", [(2, 4, 4, 3), (2, 64, 64, 3)])
@pytest.mark.parametrize("place", ["x", "g"])
def test_batch_norm_in_one_step_and_in_several(shape, place, rng):
    x, g = (rng.normal(size=shape) for _ in "xg")
    weight, bias = rng.normal(size=shape[3]), rng.normal(size=shape[3])
    for special in (np.nan, np.inf, -np.inf, 1e200):
        (x if place == "x" else g)[1, 2, 3, 1] = special

        def in_steps(x, weight, bias):
            mean = x.mean((0, 1, 2))
            return (x - mean) / ((x - mean) ** 2).mean((0, 1, 2)).__add__(1e-5).sqrt() * weight + bias

        both = [
            value_and_gradients(f, (x, weight, bias), g) for f in (lambda *a: sg.batch_norm(*a, eps=1e-5)[0], in_steps)
        ]
        for one, other in zip(*both):
            # In the channel itself inf - inf may be taken in another order: infinite or NaN, but never a number.
            np.testing.assert_array_equal(np.isfinite(one), np.isfinite(other))
            np.testing.assert_allclose(one[..., [0, 2]], other[..., [0, 2]], rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("kernel", [2, 3])
def test_pools_of_special_numbers(kernel, rng):
    x = rng.choice(SPECIAL, (3, 6, 6, 4)).astype(np.float32)
    out, dx = value_and_gradients(
        lambda t: sg.max_pool2d(t, kernel), [x], np.full((3, 6 // kernel, 6 // kernel, 4), np.inf)
    )
    for n, r, s, c in np.ndindex(out.shape):
        window = x[n, r * kernel : (r + 1) * kernel, s * kernel : (s + 1) * kernel, c].ravel()
        first = int(np.argmax(window))  # the first NaN, or the first of the largest
        np.testing.assert_array_equal(out[n, r, s, c], window[first])
        wanted = np.where(np.arange(len(window)) == first, np.inf, 0.0)
        got = dx[n, r * kernel : (r + 1) * kernel, s * kernel : (s + 1) * kernel, c].ravel()
        np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("f", [sg.max, sg.min])
@pytest.mark.parametrize("arriving", [1.0, np.inf, -np.inf])
def test_losers_get_nothing_whatever_arrives(f, arriving):
    _, dx = value_and_gradients(f, [np.array([1.0, 3.0, -2.0])], arriving)
    winner = 1 if f is sg.max else 2
    np.testing.assert_array_equal(dx, np.where(np.arange(3) == winner, arriving, 0.0))
    # As PyTorch's max() and the value itself: a NaN wins, and several share.
    _, dx = value_and_gradients(f, [np.array([1.0, np.nan, np.nan])], 1.0)
    np.testing.assert_array_equal(dx, [0.0, 0.5, 0.5])


@pytest.mark.parametrize("size", [4, BELOW, ABOVE])
def test_a_root_of_relu_is_flat_below_zero(size):
    x = sg.tensor(-np.ones(size), requires_grad=True)
    sg.sqrt(sg.relu(x)).sum().backward()
    np.testing.assert_array_equal(x.grad, np.zeros(size))


def test_a_write_that_was_written_over_gets_nothing_whatever_arrives():
    values = sg.tensor([1.0, 4.0], requires_grad=True)
    t = sg.tensor([1.0, 2.0], requires_grad=True) * 1.0
    t[[0, 0]] = values
    t.backward(np.array([np.inf, 1.0]))
    np.testing.assert_array_equal(values.grad, [0.0, np.inf])


INF = np.inf
#: A function of two numbers, where, and its slopes there: limits, or what PyTorch says where there are several.
SLOPES = [
    *[(sg.copysign, x, y, (np.sign(x) * np.copysign(1, y), 0.0)) for x in (2.0, 0.0, -0.0, -3.0) for y in (0.0, -0.0)],
    *[(sg.copysign, x, y, (np.sign(x) * np.sign(y), 0.0)) for x in (0.0, -0.0, INF, -INF) for y in (5.0, -INF)],
    *[(sg.heaviside, x, 0.5, (0.0, 1.0 if x == 0 else 0.0)) for x in (0.0, -0.0, 2.0, -INF)],
    *[(f, x, x, (0.5, 0.5)) for f in (sg.logaddexp, sg.logaddexp2) for x in (INF, -INF, 3e38, 0.0)],
    *[(f, x, y, (1.0, 0.0)) for f in (sg.logaddexp, sg.logaddexp2) for x, y in ((INF, -INF), (INF, 1.0), (1.0, -INF))],
    *[(f, x, y, (0.0, 1.0)) for f in (sg.logaddexp, sg.logaddexp2) for x, y in ((-INF, INF), (1.0, INF), (-INF, 1.0))],
]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("f", "x", "y", "slopes"), SLOPES, ids=[f"{f.name}({x}, {y})" for f, x, y, _ in SLOPES])
def test_slopes_at_zeros_and_infinities(f, x, y, slopes, dtype):
    for arriving in (1.0, -2.0):
        _, dx, dy = value_and_gradients(f, [np.full(3, x, dtype), np.full(3, y, dtype)], np.full(3, arriving))
        np.testing.assert_array_equal(dx, np.full(3, arriving * slopes[0]))
        np.testing.assert_array_equal(dy, np.full(3, arriving * slopes[1]))
    for graph in (False, True):
        a, b = sg.Value(x), sg.Value(y)
        f(a, b).backward(create_graph=graph)
        assert [g.data if graph else g for g in (a.grad, b.grad)] == list(slopes)


@pytest.mark.parametrize("f", [sg.copysign, sg.floor_divide])
def test_steps_pass_nothing_on_whatever_arrives(f):
    _, _, dy = value_and_gradients(
        f, [np.ones(4), np.array([1.0, -1.0, 2.0, INF])], np.array([INF, -INF, np.nan, 1e300])
    )
    np.testing.assert_array_equal(dy, np.zeros(4))


@pytest.mark.parametrize("function", [np.mean, sg.mean])
@pytest.mark.parametrize(("shape", "axis"), [((0,), None), ((0, 3), None), ((2, 0), None), ((0, 3), 0), ((2, 0, 3), 1)])
def test_the_mean_of_nothing_has_a_gradient_of_nothing(function, shape, axis):
    """Its value is NaN, as NumPy's."""
    x = sg.tensor(np.zeros(shape), requires_grad=True)
    out = function(x, axis=axis)
    assert np.isnan(out.data).all()
    out.backward(np.ones(out.shape))
    assert x.grad.shape == shape
