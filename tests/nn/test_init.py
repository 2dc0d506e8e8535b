"""Initialisers: bounds, moments, fans, and what they refuse."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from seegrad.nn import init

SHAPE = (3, 3, 64, 128)  # fan-in 576, fan-out 1152
UNIFORM = {
    "uniform": (partial(init.uniform, low=-1.0, high=3.0), -1.0, 3.0),
    "glorot_uniform": (init.glorot_uniform, -np.sqrt(6 / 1728), np.sqrt(6 / 1728)),
    "glorot_uniform_gain": (partial(init.glorot_uniform, gain=2.0), -2 * np.sqrt(6 / 1728), 2 * np.sqrt(6 / 1728)),
    "he_uniform": (init.he_uniform, -np.sqrt(6 / 576), np.sqrt(6 / 576)),
    "he_uniform_fan_out": (partial(init.he_uniform, mode="fan_out"), -np.sqrt(6 / 1152), np.sqrt(6 / 1152)),
    "pytorch": (partial(init.he_uniform, a=5**0.5), -1 / np.sqrt(576), 1 / np.sqrt(576)),
}
NORMAL = {
    "normal": (partial(init.normal, mean=1.0, std=0.5), 1.0, 0.5),
    "glorot_normal": (init.glorot_normal, 0.0, np.sqrt(2 / 1728)),
    "he_normal": (init.he_normal, 0.0, np.sqrt(2 / 576)),
    "he_normal_leaky": (partial(init.he_normal, a=0.5, mode="fan_out"), 0.0, np.sqrt(2 / 1.25 / 1152)),
}


@pytest.mark.parametrize("name", UNIFORM)
def test_uniform(name):
    f, low, high = UNIFORM[name]
    values = f(SHAPE, seed=0, dtype=np.float64)
    width = high - low
    assert low <= values.min() < low + 0.001 * width
    assert high - 0.001 * width < values.max() <= high
    assert values.mean() == pytest.approx((low + high) / 2, abs=0.005 * width)
    assert values.std() == pytest.approx(width / np.sqrt(12), rel=0.01)


@pytest.mark.parametrize("name", NORMAL)
def test_normal(name):
    f, mean, std = NORMAL[name]
    values = f(SHAPE, seed=0, dtype=np.float64)
    assert values.mean() == pytest.approx(mean, abs=0.02 * std)
    assert values.std() == pytest.approx(std, rel=0.01)
    assert (np.abs(values - mean) < std).mean() == pytest.approx(0.6827, abs=0.005)


@pytest.mark.parametrize("f", [v[0] for v in (*UNIFORM.values(), *NORMAL.values())])
def test_seed_and_dtype(f):
    values = f(SHAPE, seed=1)
    assert values.dtype == np.float32
    np.testing.assert_array_equal(values, f(SHAPE, seed=1))
    np.testing.assert_array_equal(values, f(SHAPE, seed=np.random.default_rng(1)))
    assert (values != f(SHAPE, seed=2)).any()


def test_constants():
    assert not init.zeros((2, 3)).any()
    assert (init.ones((2, 3), dtype=np.float64) == 1).all()
    assert (init.constant((2, 3), 0.5) == 0.5).all()
    for f in (init.zeros, init.ones, partial(init.constant, value=2)):
        assert f((3,), seed=0).dtype == np.float32


def test_truncated_normal():
    values = init.truncated_normal((200, 200), seed=0, dtype=np.float64)
    assert -2 <= values.min() < -1.9
    assert 1.9 < values.max() <= 2
    # Between -2 and 2 the normal distribution has the variance 1 - 4 phi(2) / (2 Phi(2) - 1).
    assert values.std() == pytest.approx(0.87963, abs=0.005)
    shifted = init.truncated_normal((100, 100), mean=1.0, std=0.1, low=1.0, high=9.0, seed=0)
    assert shifted.min() >= 1


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (4, 4), (2, 2, 3, 4), (1, 1, 2, 9)])
def test_orthogonal(shape):
    values = init.orthogonal(shape, gain=2.0, seed=0, dtype=np.float64)
    assert values.shape == shape
    matrix = values.reshape(-1, shape[-1]) / 2
    if matrix.shape[0] < matrix.shape[1]:
        matrix = matrix.T
    np.testing.assert_allclose(matrix.T @ matrix, np.eye(matrix.shape[1]), atol=1e-12)


def test_orthogonal_has_no_preferred_sign():
    first = [init.orthogonal((1, 1), seed=seed).item() for seed in range(40)]
    assert set(first) == {-1.0, 1.0}


def test_fans():
    assert init.fans((5, 7)) == (5, 7)
    assert init.fans((3, 3, 32, 64)) == (288, 576)
    assert init.fans((2, 5, 1, 4)) == (10, 40)


@pytest.mark.parametrize(
    "f", [init.glorot_uniform, init.glorot_normal, init.he_uniform, init.he_normal, init.orthogonal]
)
@pytest.mark.parametrize("shape", [(), (3,)])
def test_fans_need_two_axes(f, shape):
    with pytest.raises(ValueError, match=r"need a shape \(\.\.\., in, out\)"):
        f(shape)


def test_refusals():
    with pytest.raises(ValueError, match="low = 1 must not be above high = 0"):
        init.uniform((2,), 1, 0)
    with pytest.raises(ValueError, match="std must be at least 0, got -1"):
        init.normal((2,), std=-1)
    with pytest.raises(ValueError, match="next to nothing"):
        init.truncated_normal((2,), low=5, high=6)
    with pytest.raises(ValueError, match="next to nothing"):
        init.truncated_normal((2,), low=1, high=-1)
    with pytest.raises(ValueError, match="mode must be"):
        init.he_normal((2, 2), mode="fan_avg")
