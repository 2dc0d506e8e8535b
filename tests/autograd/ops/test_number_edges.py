"""Numbers at the edges: ranges of dtypes, long sums, nothing at all, and axes that NumPy made."""

from __future__ import annotations

import math

import numpy as np
import pytest

import seegrad as sg
from seegrad.autograd.core.op import Op


def value_and_gradient(f, x):
    t = sg.tensor(x, requires_grad=True)
    out = f(t)
    out.backward()
    assert t.grad.dtype == t.dtype
    return out.item(), t.grad


# ---------------------------------------------------------------------------------- overflow and underflow

SIZES = [
    *[(np.float64, size) for size in (1e200, 1e-160, 1e-200, 1e-320, 1e307)],
    *[(np.float32, size) for size in (1e30, 1e-21, 1e-30, 1e-42, 2e37)],
    *[(np.float16, size) for size in (4e3, 1e-6)],
]


@pytest.mark.parametrize(("dtype", "size"), SIZES)
@pytest.mark.parametrize(
    ("f", "value", "slope"),
    [
        (sg.norm, 5.0, [0.6, 0.8]),
        (lambda x: sg.norm(x.reshape(1, 2)), 5.0, [0.6, 0.8]),
        (lambda x: sg.norm(x, 3), 91 ** (1 / 3), [9 / 91 ** (2 / 3), 16 / 91 ** (2 / 3)]),
        (lambda x: sg.norm(x, -2), 2.4, [0.512, 0.216]),
        (lambda x: sg.norm(x, 0.5), (3**0.5 + 2) ** 2, [(3**0.5 + 2) / 3**0.5, (3**0.5 + 2) / 2]),
        (lambda x: sg.hypot(x[0], x[1]), 5.0, [0.6, 0.8]),
        (lambda x: x.std(), 0.5, [-0.5, 0.5]),
        (lambda x: x.std(ddof=1), 0.5**0.5, [-(0.5**0.5), 0.5**0.5]),
    ],
)
def test_lengths_neither_overflow_nor_underflow(f, value, slope, dtype, size):
    numbers = (np.array([3.0, 4.0]) * size).astype(dtype)
    coarse = float(np.finfo(dtype).smallest_subnormal) / size  # what numbers below the normal range are rounded to
    tolerance = 8 * np.finfo(dtype).eps + 8 * coarse
    found, gradient = value_and_gradient(f, numbers)
    np.testing.assert_allclose(found / size, value, rtol=tolerance)
    np.testing.assert_allclose(gradient, slope, rtol=tolerance)


def test_lengths_along_an_axis_of_any_mixture():
    x = np.array([[3e200, 4e200], [3e-200, 4e-200], [0.0, 0.0], [3.0, 4.0], [np.inf, 1.0], [np.nan, 1.0]])
    np.testing.assert_allclose(sg.norm(x, axis=1), [5e200, 5e-200, 0.0, 5.0, np.inf, np.nan])
    np.testing.assert_allclose(sg.norm(x, 3, axis=1)[2:], [0.0, 91 ** (1 / 3), np.inf, np.nan])
    with np.errstate(invalid="ignore"):
        np.testing.assert_allclose(sg.std(x, axis=1), [5e199, 5e-201, 0.0, 0.5, np.nan, np.nan])
    t = sg.tensor(x[:4], requires_grad=True)
    sg.norm(t, axis=1).sum().backward()
    np.testing.assert_allclose(t.grad, [[0.6, 0.8], [0.6, 0.8], [0.0, 0.0], [0.6, 0.8]])


def test_a_norm_of_float16_below_its_square():
    found, gradient = value_and_gradient(sg.norm, np.array([1e-7, 0, 0], np.float16))
    assert found == np.float16(1e-7)
    np.testing.assert_array_equal(gradient, [1.0, 0.0, 0.0])


@pytest.mark.parametrize(("f", "expected"), [(sg.var, 0.0), (sg.std, 0.0), (sg.mean, 1.0)])
@pytest.mark.parametrize("n", [300, 16_385, 70_000])
def test_more_numbers_than_float16_can_count(f, expected, n):
    x = np.ones(n, np.float16)
    assert f(x) == expected
    assert f(x).dtype == np.float16
    np.testing.assert_array_equal(f(x.reshape(-1, 1), axis=0), [expected])


def test_variance_of_many_numbers_of_float16():
    found, gradient = value_and_gradient(sg.var, (np.arange(70_000) % 2).astype(np.float16))
    assert found == 0.25
    np.testing.assert_allclose(gradient[:2], [-1 / 70_000, 1 / 70_000], rtol=5e-3)


# ----------------------------------------------------------------------------------------------- long sums


@pytest.mark.parametrize("f", ["sum", "mean", "var", "std"])
@pytest.mark.parametrize(
    ("shape", "axis"),
    [
        ((3_000_000, 4), 0),
        ((1, 2_000_000, 4), 1),
        ((1_000_000, 1, 4), (0, 1)),
        ((400, 1000, 3), (0, 1)),
        ((9, 70_001, 3), 1),
    ],
)
def test_long_sums_of_float32(f, shape, axis):
    x = np.random.default_rng(0).uniform(0, 1, shape).astype(np.float32)
    expected = getattr(np, f)(x.astype(np.float64), axis)
    for keepdims in (False, True):
        found = getattr(sg, f)(x, axis, keepdims=keepdims)
        assert found.dtype == np.float32
        np.testing.assert_allclose(np.squeeze(found), np.squeeze(expected), rtol=1e-5)
    np.testing.assert_allclose(getattr(sg, f)(sg.tensor(x), axis).data, expected, rtol=1e-5)


def test_long_sums_of_other_layouts():
    x = np.random.default_rng(0).uniform(0, 1, (8, 1_000_000)).astype(np.float32)
    for view, axis in ((x.T, 0), (x[:, ::2].T, 0), (x.T[:, :3], None), (x.T[:, ::-1], 0)):
        np.testing.assert_allclose(sg.sum(view, axis), view.astype(np.float64).sum(axis), rtol=1e-5)


def test_the_gradient_of_a_bias_of_many_rows():
    b = sg.tensor(np.zeros(4, np.float32), requires_grad=True)
    g = np.full((3_000_000, 4), 0.1, np.float32)
    (sg.tensor(np.zeros_like(g)) + b).backward(g)
    np.testing.assert_allclose(b.grad, 3e5, rtol=1e-5)


@pytest.mark.parametrize("special", [np.inf, -np.inf, np.nan])
def test_long_sums_of_special_values(special):
    x = np.ones((100_003, 2), np.float32)
    x[77_777, 1] = special
    np.testing.assert_array_equal(sg.sum(x, 0), [100_003, special])


# ------------------------------------------------------------------------------------------ nothing at all


@pytest.mark.parametrize("ddof", [2, 3])
@pytest.mark.parametrize("f", ["var", "std"])
def test_no_degrees_of_freedom(f, ddof):
    with np.errstate(all="ignore"), pytest.warns(RuntimeWarning, match="Degrees of freedom"):
        expected = getattr(np, f)(np.array([1.0, 2.0]), ddof=ddof)
    t = sg.tensor([1.0, 2.0], requires_grad=True)
    with np.errstate(all="ignore"), pytest.warns(RuntimeWarning, match="Degrees of freedom"):
        out = getattr(t, f)(ddof=ddof)
    np.testing.assert_array_equal(out.data, expected)
    out.backward()
    assert np.isnan(t.grad).all()


def test_the_variance_of_one_number_with_ddof():
    t = sg.tensor([1.0], requires_grad=True)
    with np.errstate(all="ignore"), pytest.warns(RuntimeWarning, match="Degrees of freedom"):
        out = t.var(ddof=1)
    out.backward()
    assert np.isnan(out.item())
    assert np.isnan(t.grad).all()


@pytest.mark.parametrize(
    ("a", "b"), [((5, 5, 0), (0, 5)), ((5, 0), (0, 5)), ((0, 5, 3), (3, 2)), ((2, 5, 0), (0,)), ((2, 0, 5), (5,))]
)
def test_products_of_nothing(a, b):
    x, y = sg.tensor(np.ones(a), requires_grad=True), sg.tensor(np.ones(b), requires_grad=True)
    out = x @ y
    np.testing.assert_array_equal(out.data, np.ones(a) @ np.ones(b))
    out.sum().backward()
    np.testing.assert_array_equal(x.grad, np.zeros(a))
    np.testing.assert_array_equal(y.grad, np.zeros(b))


@pytest.mark.parametrize("shape", [(0, 0), (3, 0, 0), (0, 2, 2)])
@pytest.mark.parametrize(
    "name", ["det", "inv", "slogdet", "cholesky", "eigh", "svd", "qr", "pinv", "expm", "sqrtm", "logm", "polar"]
)
def test_empty_matrices(name, shape):
    x = sg.tensor(np.ones(shape), requires_grad=True)
    results = getattr(sg.linalg, name)(x)
    if hasattr(np.linalg, name):
        expected = getattr(np.linalg, name)(np.ones(shape))
        parts = zip(results, expected) if isinstance(expected, tuple) else [(results, expected)]
        for found, wanted in parts:
            np.testing.assert_array_equal(getattr(found, "data", found), wanted)
    total = sum(
        part.sum() for part in (results if isinstance(results, tuple) else [results]) if isinstance(part, sg.Tensor)
    )
    total.backward()
    assert x.grad.shape == shape


def test_equations_without_unknowns():
    a, b = sg.tensor(np.ones((0, 0)), requires_grad=True), sg.tensor(np.ones((0, 2)), requires_grad=True)
    sg.linalg.solve(a, b).sum().backward()
    assert (a.grad.shape, b.grad.shape) == ((0, 0), (0, 2))


# ------------------------------------------------------------------------------------------------ axes

ZERO, ONE = np.int64(0), np.int64(1)

AXES = {
    **{
        name: (lambda t, axis, name=name: getattr(sg, name)(t, axis=axis))
        for name in "sum mean var std prod max min logsumexp softmax log_softmax norm".split()
    },
    "norm of 3": lambda t, axis: sg.norm(t, 3, axis=axis),
    "flip": lambda t, axis: sg.flip(t, axis),
    "squeeze": lambda t, axis: sg.squeeze(sg.expand_dims(t, axis), axis),
}


@pytest.mark.parametrize("name", AXES)
@pytest.mark.parametrize(
    ("axis", "plain"), [(ZERO, 0), (ONE, 1), (np.array(1), 1), (np.int8(-1), -1), ([0], 0), ([ONE], 1), ((ZERO,), 0)]
)
def test_axes_that_numpy_made(name, axis, plain):
    x = np.arange(1.0, 7.0).reshape(2, 3)
    ours, expected = (sg.tensor(x, requires_grad=True) for _ in range(2))
    if name.startswith("norm") and not isinstance(plain, type(axis)) and isinstance(axis, (list, tuple)):
        axis = tuple(axis)
    for t, a in ((ours, axis), (expected, plain)):
        out = AXES[name](t, a)
        out.backward(np.cos(np.arange(out.size)).reshape(out.shape))
    np.testing.assert_array_equal(ours.grad, expected.grad)


@pytest.mark.parametrize("axes", [[0, 1], (ZERO, ONE), [ZERO, -2], np.array([0, 1])])
@pytest.mark.parametrize("name", "sum mean var std prod max min logsumexp norm".split())
def test_several_axes_that_numpy_made(name, axes):
    x = np.arange(1.0, 13.0).reshape(2, 3, 2)
    ours, expected = (sg.tensor(x, requires_grad=True) for _ in range(2))
    getattr(sg, name)(ours, axis=axes).sum().backward()
    getattr(sg, name)(expected, axis=(0, 1)).sum().backward()
    np.testing.assert_array_equal(ours.grad, expected.grad)


@pytest.mark.parametrize(
    "f",
    [
        lambda t: sg.cumsum(t, ZERO),
        lambda t: sg.cumprod(t, ONE),
        lambda t: sg.tensordot(t, np.ones((3, 2)), ONE),
        lambda t: sg.tensordot(t, np.ones((3, 2)), (ONE, ZERO)),
        lambda t: sg.tile(t, np.int64(2)),
        lambda t: sg.tile(t, [np.int64(2), 1]),
        lambda t: t.var(ddof=ONE),
    ],
)
def test_numbers_that_numpy_made(f):
    t = sg.tensor(np.arange(1.0, 7.0).reshape(2, 3), requires_grad=True)
    assert sg.gradcheck(f, t)


@pytest.mark.parametrize("axis", [1, -2, (0,), [0]])
@pytest.mark.parametrize("name", "sum prod max min".split())
def test_axes_that_an_array_without_axes_does_not_have(name, axis):
    with pytest.raises(ValueError, match="out of bounds"):
        getattr(sg, name)(sg.tensor(2.0, requires_grad=True), axis=axis)


def test_every_reduction_of_the_table_takes_axes_that_numpy_made():
    names = {name for name, op in Op.table.items() if {"axis", "keepdims"} <= set(op.param_names)}
    assert names <= {*AXES, "norm"}


def test_probability_of_a_score_at_a_pole():
    v = sg.Value(-1.0)
    (v**0.5).backward()
    assert math.isnan(v.grad)
