"""Convolution where the images lie, compiled: what other ways give, for every window, layout and size."""

from __future__ import annotations

import importlib.util
from itertools import product

import numpy as np
import pytest
from special_numbers import SPECIAL

import seegrad as sg
from seegrad.autograd import resources
from seegrad.autograd.fast import kernels
from seegrad.autograd.fast.kernels import direct_convolution

NONE = ((0, 0), (0, 0))
WINDOWS = [
    *product([(1, 1), (2, 2), (3, 1)], [NONE, ((1, 1), (1, 1)), ((0, 2), (3, 0))], [(1, 1), (2, 1)]),
    ((1, 2), ((1, 0), (2, 1)), (1, 3)),
    ((2, 3), ((4, 4), (4, 4)), (1, 1)),
    ((4, 4), NONE, (1, 1)),
]

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("numba") is None, reason="Numba is not installed, and there is none for this Python yet"
)


@pytest.fixture(autouse=True)
def compiling(monkeypatch):
    """Take this way even for small work and few images."""
    monkeypatch.setattr(resources, "compiling", True)
    monkeypatch.setattr(direct_convolution, "WORTH_IT", 0)
    monkeypatch.setattr(direct_convolution, "FEW", 0)


@pytest.fixture(params=[1, 2, 3], ids=["one thread", "two threads", "three threads"])
def threads(request, monkeypatch):
    monkeypatch.setattr(direct_convolution, "SMALLEST_PART", 1)
    with kernels.num_threads(request.param):
        yield request.param


def three(x, w, b, g, *window):
    """The convolution and its gradients."""
    return (
        kernels.conv2d(x, w, *window, bias=b),
        kernels.conv2d_input_gradient(g, w, x.shape, *window),
        kernels.conv2d_weight_gradient(x, g, w.shape, *window),
    )


def compare(x, w, b, g, *window):
    """Compare with sums in double precision, by another way."""
    wide = [a.astype(float) for a in (x, w, b, g)]
    for result, wanted in zip(three(x, w, b, g, *window), three(*wide, *window)):
        assert result.dtype == np.float32
        np.testing.assert_allclose(result, wanted, rtol=1e-5, atol=1e-6 * max(1.0, np.abs(wanted).max()))


def drawn(rng, batch, size, kernel, channels, outputs, window):
    shapes = (batch, *size, channels), (*kernel, channels, outputs), (outputs,)
    x, w, b = (rng.normal(size=shape).astype(np.float32) for shape in shapes)
    g = rng.normal(size=kernels.conv2d(x, w, *window).shape).astype(np.float32)
    return x, w, b, g


@pytest.mark.parametrize("kernel", [(1, 1), (2, 3), (3, 2)])
@pytest.mark.parametrize("window", WINDOWS)
def test_every_window(window, kernel, rng, threads):
    compare(*drawn(rng, 5, (9, 8), kernel, 2, 3, window), *window)


@pytest.mark.parametrize("batch", [1, 2, 15, 16, 17, 32, 48, 67, 130])
@pytest.mark.parametrize(("channels", "outputs"), [(1, 8), (2, 15), (3, 1), (5, 2), (8, 11), (17, 4)])
def test_every_number_of_images_and_channels(batch, channels, outputs, rng, threads):
    for window in (((1, 1), ((1, 1), (1, 1)), (1, 1)), ((2, 2), ((0, 1), (0, 1)), (1, 1))):
        compare(*drawn(rng, batch, (6, 7), (3, 3), channels, outputs, window), *window)


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (1, 3, 2, 0), (3, 2, 1, 0)])
def test_every_layout(order, rng):
    window = (1, 1), ((1, 1), (1, 1)), (1, 1)
    x, w, b, g = drawn(rng, 6, (5, 4), (3, 3), 3, 4, window)
    x, w, g = (np.ascontiguousarray(a.transpose(order)).transpose(np.argsort(order)) for a in (x, w, g))
    x.flags.writeable = w.flags.writeable = g.flags.writeable = False
    compare(x, w, b[::-1], g, *window)
    compare(x[:, ::-1], w[..., ::-1], b, g[:, ::-1], *window)


@pytest.mark.parametrize("place", ["x", "w", "b", "g"])
@pytest.mark.parametrize("special", SPECIAL[:3])
@pytest.mark.parametrize("window", [WINDOWS[0], WINDOWS[2], WINDOWS[-2]])
@pytest.mark.filterwarnings("ignore:.*(overflow|invalid).*:RuntimeWarning")
def test_special_numbers_pass_as_in_the_definition(window, special, place, rng):
    arrays = dict(zip("xwbg", drawn(rng, 3, (5, 6), (3, 3), 2, 3, window)))
    arrays[place].flat[1] = special
    x, w, b, g = arrays.values()
    stride, padding, dilation = window
    options = {"stride": stride, "padding": padding, "dilation": dilation}
    wanted = (
        sg.autograd.ops.convolution._conv2d_with_bias.forward(x, w, b, **options),
        sg.autograd.ops.convolution.conv2d_input_gradient.forward(g, w, x.shape, **options),
        sg.autograd.ops.convolution.conv2d_weight_gradient.forward(x, g, w.shape, **options),
    )
    for result, expected in zip(three(x, w, b, g, *window), wanted):
        np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-4)


def test_results_stand_on_their_own(rng):
    """What a later call computes does not change what an earlier one gave."""
    window = (1, 1), NONE, (1, 1)
    given = drawn(rng, 20, (12, 12), (3, 3), 8, 8, window)
    first = three(*given, *window)
    copies = [a.copy() for a in first]
    three(*[2 * a for a in given], *window)
    for result, copy in zip(first, copies):
        np.testing.assert_array_equal(result, copy)


def test_both_sides_of_the_threshold_give_the_same(rng, monkeypatch):
    window = (2, 2), ((1, 1), (1, 1)), (1, 1)
    given = drawn(rng, 9, (9, 9), (3, 3), 3, 5, window)
    one = three(*given, *window)
    monkeypatch.setattr(direct_convolution, "WORTH_IT", 10**9)
    for result, other in zip(one, three(*given, *window)):
        np.testing.assert_allclose(result, other, rtol=1e-4, atol=1e-4)
