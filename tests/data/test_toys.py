"""Made-up points lie where they are said to lie."""

from __future__ import annotations

import numpy as np
import pytest

from seegrad.data import make_circles, make_moons, make_spirals

MAKERS = [make_moons, make_circles, make_spirals]


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("n", [2, 7, 100])
def test_shapes_seeds_and_balance(make, n):
    x, y = make(n, seed=3)
    assert (x.shape, x.dtype) == ((n, 2), np.float32)
    assert (y.shape, y.dtype) == ((n,), np.int64)
    assert np.bincount(y).tolist() == [n - n // 2, n // 2]
    again, other = make(n, seed=3), make(n, seed=4)
    assert np.array_equal(again[0], x)
    assert np.array_equal(again[1], y)
    assert not np.array_equal(other[0], x)


@pytest.mark.parametrize("make", MAKERS)
def test_noise_is_normal_noise(make):
    quiet, loud = make(4000, noise=0, seed=0), make(4000, noise=0.2, seed=0)
    assert np.array_equal(quiet[1], loud[1])
    assert (loud[0] - quiet[0]).std() == pytest.approx(0.2, rel=0.05)


def test_moons():
    x, y = make_moons(501, noise=0, seed=0)
    upper, lower = x[y == 0], x[y == 1]
    assert np.allclose(np.hypot(*upper.T), 1, atol=1e-6)
    assert (upper[:, 1] >= -1e-6).all()
    assert np.allclose(np.hypot(*(lower - [1, 0.5]).T), 1, atol=1e-6)
    assert (lower[:, 1] <= 0.5 + 1e-6).all()


def test_circles():
    x, y = make_circles(100, noise=0, factor=0.3, seed=0)
    assert np.allclose(np.hypot(*x.T), np.where(y == 0, 1, 0.3), atol=1e-6)
    assert np.allclose(x[y == 1].mean(0), 0, atol=1e-6)


def test_spirals():
    x, y = make_spirals(300, noise=0, classes=3, turns=1.5, seed=0)
    radius, angle = np.hypot(*x.T), np.arctan2(x[:, 1], x[:, 0])
    expected = 2 * np.pi * (1.5 * radius + y / 3)
    assert np.allclose(np.exp(1j * angle), np.exp(1j * expected), atol=1e-4)
    assert np.bincount(y).tolist() == [100] * 3


@pytest.mark.parametrize("make", MAKERS)
def test_wrong_arguments(make):
    for bad in (1, 0):
        with pytest.raises(ValueError, match="n must be at least 2"):
            make(bad)
    with pytest.raises(TypeError, match="n must be an integer"):
        make(10.0)
    with pytest.raises(ValueError, match="noise"):
        make(10, noise=-1)
