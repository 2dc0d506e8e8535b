"""Infinity and NaN in every kernel: what the definition gives, on any number of threads."""

from __future__ import annotations

import numpy as np
import pytest
from leaves import value_and_gradients
from special_numbers import SPECIAL

import seegrad as sg
from seegrad.autograd import resources
from seegrad.autograd.fast import kernels
from seegrad.autograd.fast.conv_relu_pool import conv2d_relu_max_pool2d
from seegrad.autograd.fast.kernels import direct_convolution, im2col

pytestmark = pytest.mark.filterwarnings("ignore:.*(overflow|invalid|divide|empty).*:RuntimeWarning")


@pytest.mark.parametrize("special", SPECIAL[:3])
@pytest.mark.parametrize("place", ["x", "w", "g"])
def test_convolutions_of_few_and_of_many_images(special, place, rng, monkeypatch):
    shapes = {"x": (2, 6, 5, 2), "w": (3, 3, 2, 3), "b": (3,), "g": (2, 6, 5, 3)}
    arrays = {key: rng.normal(size=shape) for key, shape in shapes.items()}
    arrays[place][1, 2, 1, 1] = special
    g = arrays.pop("g")

    def run():
        return value_and_gradients(lambda x, w, b: sg.conv2d(x, w, b, padding=1), arrays.values(), g)

    few = run()
    monkeypatch.setattr(im2col, "LONGEST_LINE", 0)
    many = run()
    for one, other in zip(few, many):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("enabled", [False, True], ids=["NumPy", "Numba"])
@pytest.mark.parametrize("channels", [2, 16])
@pytest.mark.parametrize("batch", [2, 20])
@pytest.mark.parametrize("special", SPECIAL[:3])
@pytest.mark.parametrize("place", ["x", "w", "b", "g"])
def test_convolutions_in_one_pass_and_in_four(place, special, batch, channels, enabled, rng, monkeypatch):
    monkeypatch.setattr(resources, "compiling", enabled)
    monkeypatch.setattr(direct_convolution, "WORTH_IT", 0)
    shapes = {"x": (batch, 8, 8, channels), "w": (3, 3, channels, 16), "b": (16,), "g": (batch, 3, 3, 16)}
    arrays = {key: rng.integers(-2, 3, shape).astype(np.float32) for key, shape in shapes.items()}
    arrays[place].flat[[7, 12] if place == "b" else [7, 200]] = special
    g = arrays.pop("g")
    one = value_and_gradients(lambda *a: conv2d_relu_max_pool2d(*a, 2), arrays.values(), g)
    four = value_and_gradients(lambda x, w, b: sg.max_pool2d(sg.relu(sg.conv2d(x, w, b)), 2), arrays.values(), g)
    for result, wanted in zip(one, four):
        np.testing.assert_allclose(result, wanted, rtol=1e-5, atol=1e-3)


@pytest.mark.parametrize("two_nan", [[1, 2], [0, 3], [5, 1]])
@pytest.mark.parametrize("enabled", [False, True], ids=["NumPy", "Numba"])
def test_the_first_nan_of_a_window_wins_in_one_pass_too(enabled, two_nan, monkeypatch):
    monkeypatch.setattr(resources, "compiling", enabled)
    monkeypatch.setattr(direct_convolution, "WORTH_IT", 0)
    x = np.arange(36, dtype=np.float32).reshape(1, 6, 6, 1)
    for k in two_nan:
        x[0, k // 3, k % 3] = np.nan
    w, b = np.ones((1, 1, 1, 1), np.float32), np.zeros(1, np.float32)
    g = np.ones((1, 2, 2, 1), np.float32)
    one = value_and_gradients(lambda *a: conv2d_relu_max_pool2d(*a, 3), (x, w, b), g)
    four = value_and_gradients(lambda x, w, b: sg.max_pool2d(sg.relu(sg.conv2d(x, w, b)), 3), (x, w, b), g)
    for result, wanted in zip(one, four):
        np.testing.assert_array_equal(result, wanted)
    first = min(two_nan, key=lambda k: (k // 3, k % 3))
    assert one[1][0, first // 3, first % 3, 0] == 1.0


@pytest.mark.parametrize("kernel", [2, 3])
@pytest.mark.parametrize("threads", [1, 2])
def test_pools_of_special_numbers(kernel, threads, rng, monkeypatch):
    monkeypatch.setattr("seegrad.autograd.fast.kernels.pool_windows.SMALLEST_PART", 1)
    x = rng.choice(SPECIAL, (3, 6, 6, 4)).astype(np.float32)
    with kernels.num_threads(threads):
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
