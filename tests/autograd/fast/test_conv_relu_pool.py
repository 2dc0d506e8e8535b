"""Convolution, relu and pooling in one pass: against naive loops, in NumPy and compiled by Numba."""

from __future__ import annotations

import functools
import importlib.util
import os
import subprocess
import sys
from itertools import product

import numpy as np
import pytest
from in_one_test import each

import seegrad as sg
from seegrad.autograd import resources
from seegrad.autograd.fast import kernels
from seegrad.autograd.fast.conv_relu_pool import conv2d_relu_max_pool2d
from seegrad.autograd.fast.kernels import direct_convolution, numba_use

NONE = ((0, 0), (0, 0))
WINDOWS = [
    ((1, 1), NONE, (1, 1)),
    ((2, 1), ((1, 0), (2, 1)), (1, 1)),
    ((1, 2), ((0, 2), (1, 1)), (2, 1)),
    ((1, 1), ((1, 1), (1, 1)), (1, 2)),
]
POOLS = [(1, 1), (2, 2), (2, 3), (1, 2), (3, 1)]
NUMBA = importlib.util.find_spec("numba") is not None


@pytest.fixture(params=["NumPy", "Numba"], autouse=True)
def passes(request, monkeypatch):
    if request.param == "Numba" and not NUMBA:
        pytest.skip("Numba is not installed, and there is none for this Python yet")
    monkeypatch.setattr(resources, "compiling", request.param == "Numba")
    monkeypatch.setattr(direct_convolution, "WORTH_IT", 0)
    return request.param


@pytest.fixture(params=[1, 2], ids=["one thread", "two threads"])
def threads(request, monkeypatch):
    """Run with one thread, and with two even for small work."""
    if request.param == 2:
        monkeypatch.setattr("seegrad.autograd.fast.kernels.conv_relu_pool_passes.SMALLEST_PART", 1)
        monkeypatch.setattr(direct_convolution, "SMALLEST_PART", 1)
    with kernels.num_threads(request.param):
        yield request.param


def windows_of(shape, kernel, pool, stride, padding, dilation):
    """Number the places of each pool's window: ``(row, column, place), window of the padded images``."""
    tall, wide = ((kernel[k] - 1) * dilation[k] + 1 for k in (0, 1))
    rows, columns = (
        ((shape[k + 1] + sum(padding[k]) - span) // stride[k] + 1) // pool[k] for k, span in enumerate((tall, wide))
    )
    for r, s in np.ndindex(rows, columns):
        for place, (i, j) in enumerate(product(range(pool[0]), range(pool[1]))):
            top, left = (r * pool[0] + i) * stride[0], (s * pool[1] + j) * stride[1]
            yield (r, s, place), np.s_[:, top : top + tall : dilation[0], left : left + wide : dilation[1]]


def naive(x, w, b, pool, *window):
    """The result, and for each of its elements the place in the pool that won, or -1; window by window."""
    places = list(windows_of(x.shape, w.shape, pool, *window))
    x = np.pad(x, ((0, 0), *window[1], (0, 0)))
    (rows, columns, _), _ = places[-1]
    values = np.zeros((len(x), rows + 1, columns + 1, w.shape[3]))
    winners = np.full(values.shape, -1)
    for (r, s, place), part in places:
        value = np.tensordot(x[part], w, 3) + b
        larger = value > values[:, r, s]
        values[:, r, s][larger], winners[:, r, s][larger] = value[larger], place
    return values, winners


def naive_gradients(g, x, w, winners, pool, *window):
    (top, bottom), (left, right) = window[1]
    padded = np.pad(x, ((0, 0), *window[1], (0, 0)))
    dx, dw = np.zeros(padded.shape), np.zeros(w.shape)
    for (r, s, place), part in windows_of(x.shape, w.shape, pool, *window):
        arriving = np.where(winners[:, r, s] == place, g[:, r, s], 0.0)
        dx[part] += np.tensordot(arriving, w, (1, 3))
        dw += np.tensordot(padded[part], arriving, (0, 0))
    return dx[:, top : dx.shape[1] - bottom, left : dx.shape[2] - right], dw, (g * (winners >= 0)).sum((0, 1, 2))


@functools.cache
def worked_out(images, kernel, pool, *window):
    """Random inputs and an arriving gradient of one call, and its result and gradients: of every test that asks."""
    rng = np.random.default_rng(0)
    x, w, b = rng.normal(size=images), rng.normal(size=kernel), rng.normal(size=kernel[3])
    values, winners = naive(x, w, b, pool, *window)
    g = rng.normal(size=values.shape)
    results = (values, *naive_gradients(g, x, w, winners, pool, *window))
    for array in (x, w, b, g, *results):
        array.flags.writeable = False
    return (x, w, b, g), results


def in_layout(x, layout):
    if layout == "kernel":
        return np.ascontiguousarray(x.transpose(1, 3, 2, 0)).transpose(3, 0, 2, 1)
    if layout == "reversed":
        return np.ascontiguousarray(x[:, ::-1, ::-1])[:, ::-1, ::-1]
    x = x.copy()
    x.flags.writeable = layout != "readonly"
    return x


@each("layout", ["contiguous", "kernel", "reversed", "readonly"])
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 1e-5), (np.float64, 1e-12)])
@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("pool", POOLS)
def test_equals_naive_loops(pool, window, dtype, tolerance, layout, threads):
    (x, w, b, g), expected = worked_out((17, 7, 8, 2), (2, 3, 2, 3), pool, *window)
    given = [in_layout(array.astype(dtype), layout) if array.ndim == 4 else array.astype(dtype) for array in (x, w, b)]
    values, shards = kernels.conv2d_relu_pool(*given, pool, *window)
    gradients = kernels.conv2d_relu_pool_gradients(
        in_layout(g.astype(dtype), layout), given[1], x.shape, shards, pool, *window
    )
    for result, wanted in zip((values, *gradients), expected):
        assert result.dtype == dtype
        np.testing.assert_allclose(result, wanted, atol=tolerance * 10, rtol=tolerance)
    assert resources.compiling or len(shards) == threads
    few, none = kernels.conv2d_relu_pool(
        *[a[:2] if a.ndim == 4 and len(a) == 17 else a for a in given], pool, *window, False
    )
    assert none == []
    np.testing.assert_allclose(few, expected[0][:2], atol=tolerance * 10, rtol=tolerance)


@pytest.mark.parametrize("batch", [1, 3, 7])
@pytest.mark.parametrize("channels", [1, 9])
@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("pool", [*POOLS, (5, 4)])
def test_gradients_of_a_few_images_equal_naive_loops(pool, window, channels, batch):
    if pool == (5, 4) and window[0] == (2, 1):
        window = ((1, 1), *window[1:])
    (x, w, b, g), expected = worked_out((batch, 9, 8, channels), (2, 3, channels, 5), pool, *window)
    single = [in_layout(array.astype(np.float32), "kernel") if array.ndim == 4 else array for array in (x, w, b, g)]
    values, shards = kernels.conv2d_relu_pool(*single[:2], b.astype(np.float32), pool, *window)
    gradients = kernels.conv2d_relu_pool_gradients(single[3], single[1], x.shape, shards, pool, *window)
    for result, wanted in zip((values, *gradients), expected):
        assert result.dtype == np.float32
        np.testing.assert_allclose(result, wanted, atol=1e-4, rtol=1e-5)
    without, *others = kernels.conv2d_relu_pool_gradients(
        single[3], single[1], x.shape, shards, pool, *window, to_input=False
    )
    assert without is None
    for result, wanted in zip(others, gradients[1:]):
        np.testing.assert_array_equal(result, wanted)


@pytest.mark.parametrize("layout", ["contiguous", "reversed"])
@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("pool", [*POOLS, (5, 4)])
def test_a_few_images_of_many_channels_equal_naive_loops(pool, window, layout, rng):
    """Many channels, so that windows are copied one by one; and a pool that nothing is compiled for."""
    x, w, b = rng.normal(size=(2, 12, 12, 9)), rng.normal(size=(2, 3, 9, 5)), rng.normal(size=5)
    expected, _ = naive(x, w, b, pool, *window)
    x, w = (in_layout(array.astype(np.float32), layout) for array in (x, w))
    values, _ = kernels.conv2d_relu_pool(x, w, b.astype(np.float32), pool, *window, tracked=False)
    np.testing.assert_allclose(values, expected, atol=1e-4, rtol=1e-5)


@each("layout", ["contiguous", "kernel", "reversed", "readonly"])
@pytest.mark.parametrize("padding", [NONE, ((1, 1), (1, 1)), ((3, 0), (0, 5))])
@pytest.mark.parametrize("size", [(4, 4), (6, 5), (7, 10), (13, 13)])
def test_small_kernels_with_many_channels_equal_naive_loops(size, padding, layout, threads):
    window = ((1, 1), padding, (1, 1))
    (x, w, b, g), expected = worked_out((17, *size, 2), (3, 3, 2, 3), (2, 2), *window)
    x, w, b, g = (a.astype(np.float32) for a in (x, w, b, g))
    values, shards = kernels.conv2d_relu_pool(in_layout(x, layout), in_layout(w, layout), b, (2, 2), *window)
    without, _ = kernels.conv2d_relu_pool(np.concatenate([x] * 8), w, b, (2, 2), *window, tracked=False)
    np.testing.assert_allclose(without[:17], values, rtol=1e-5, atol=1e-5)
    gradients = kernels.conv2d_relu_pool_gradients(in_layout(g, layout), w, x.shape, shards, (2, 2), *window)
    for result, wanted in zip((values, *gradients), expected):
        np.testing.assert_allclose(result, wanted, atol=1e-4, rtol=1e-5)
    to_weights = kernels.conv2d_relu_pool_gradients(g, w, x.shape, shards, (2, 2), *window, to_input=False)
    np.testing.assert_array_equal(to_weights[1], gradients[1])


@pytest.mark.parametrize("magnitude", [1e-20, 1e15])
def test_small_kernels_with_many_channels_are_as_exact_as_others(magnitude, rng):
    """Compare with sums in double precision."""
    x, w, b = rng.normal(size=(20, 12, 12, 32)), rng.normal(size=(3, 3, 32, 48)), np.zeros(48)
    x = x.astype(np.float32) * np.float32(magnitude)
    exact = kernels.conv2d_relu_pool(x.astype(float), w, b, (2, 2), *WINDOWS[0])[0]
    single = kernels.conv2d_relu_pool(x, w.astype(np.float32), b.astype(np.float32), (2, 2), *WINDOWS[0])[0]
    assert np.abs(single - exact).max() < 2e-6 * np.abs(exact).max()


def test_nothing_is_kept_without_a_trail_and_nothing_computed_that_is_not_wanted(rng):
    x, w, b = (rng.normal(size=shape).astype(np.float32) for shape in ((40, 6, 6, 1), (3, 3, 1, 2), (2,)))
    values, shards = kernels.conv2d_relu_pool(x, w, b, (2, 2), *WINDOWS[0])
    again, none = kernels.conv2d_relu_pool(x, w, b, (2, 2), *WINDOWS[0], tracked=False)
    assert none == []
    np.testing.assert_array_equal(again, values)
    dx, dw, _ = kernels.conv2d_relu_pool_gradients(values, w, x.shape, shards, (2, 2), *WINDOWS[0], to_input=False)
    assert dx is None
    assert dw.shape == w.shape


def one_after_the_other(x, w, b, pool):
    return sg.max_pool2d(sg.relu(sg.conv2d(x, w, b)), pool)


def gradients_of(function, *arrays):
    leaves = [sg.tensor(array, requires_grad=True) for array in arrays]
    out = function(*leaves, 2)
    out.backward(np.arange(1, out.size + 1, dtype=out.dtype).reshape(out.shape))
    return [out.data, *[leaf.grad for leaf in leaves]]


def test_what_is_written_after_it_was_read_does_not_count(rng):
    images, kernel = rng.normal(size=(8, 6, 6, 2)), rng.normal(size=(3, 3, 2, 3))

    def gradient(change):
        x, w = sg.tensor(images, requires_grad=True), sg.tensor(kernel, requires_grad=True) * 1.0
        out = conv2d_relu_max_pool2d(x, w, np.zeros(3), 2)
        if change:
            w[0] = 0.0
        out.sum().backward()
        return x.grad

    np.testing.assert_array_equal(gradient(change=True), gradient(change=False))


@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf, 0.0, -0.0, 3e38, 1e-45])
@pytest.mark.filterwarnings("ignore:.*(overflow|invalid).*:RuntimeWarning")
def test_special_numbers_pass_as_one_after_the_other(special, rng):
    x = rng.normal(size=(2, 6, 6, 1)).astype(np.float32)
    x[0, 1, 2, 0] = x[1, 4, 4, 0] = special
    w, b = np.ones((1, 1, 1, 1), np.float32), np.zeros(1, np.float32)
    for result, wanted in zip(
        gradients_of(conv2d_relu_max_pool2d, x, w, b), gradients_of(one_after_the_other, x, w, b)
    ):
        np.testing.assert_allclose(result, wanted, rtol=1e-6)


@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf, 0.0, -0.0, 3e38, 1e-45])
@pytest.mark.filterwarnings("ignore:.*(overflow|invalid).*:RuntimeWarning")
def test_special_numbers_pass_in_few_and_in_many_images(special, rng, monkeypatch):
    x, w, b = (
        rng.normal(size=(2, 6, 6, 1)).astype(np.float32),
        np.ones((1, 1, 1, 1), np.float32),
        np.zeros(1, np.float32),
    )
    x[0, 1, 2, 0] = x[1, 4, 4, 0] = special
    few = conv2d_relu_max_pool2d(x, w, b, 2)
    monkeypatch.setattr("seegrad.autograd.fast.kernels.im2col.LONGEST_LINE", 0)
    np.testing.assert_allclose(few, conv2d_relu_max_pool2d(x, w, b, 2), rtol=1e-6)
    np.testing.assert_allclose(few, one_after_the_other(x, w, b, 2), rtol=1e-6)


def test_small_kernels_meet_nan_and_ties(rng):
    x, b = rng.integers(-2, 3, (20, 8, 8, 1)).astype(np.float32), np.zeros(1, np.float32)
    w = np.zeros((3, 3, 1, 1), np.float32)
    w[1, 1] = 2.0  # powers of 2 are exact, and so are ties
    x[3, 2, 5] = np.nan
    for result, wanted in zip(
        gradients_of(conv2d_relu_max_pool2d, x, w, b), gradients_of(one_after_the_other, x, w, b)
    ):
        np.testing.assert_array_equal(result, wanted)
    assert np.isnan(conv2d_relu_max_pool2d(x, w, b, 2)).sum() > 1


def test_what_one_way_began_it_ends(rng, monkeypatch):
    x, w, b = (rng.normal(size=shape).astype(np.float32) for shape in ((20, 7, 7, 2), (3, 3, 2, 4), (4,)))
    values, shards = kernels.conv2d_relu_pool(x, w, b, (2, 2), *WINDOWS[0])
    gradients = kernels.conv2d_relu_pool_gradients(values, w, x.shape, shards, (2, 2), *WINDOWS[0])
    monkeypatch.setattr(resources, "compiling", not resources.compiling and NUMBA)
    again = kernels.conv2d_relu_pool_gradients(values, w, x.shape, shards, (2, 2), *WINDOWS[0])
    for one, other in zip(gradients, again):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


def test_without_a_bias(rng):
    x, w = rng.normal(size=(3, 6, 6, 2)), rng.normal(size=(3, 3, 2, 4))
    result = conv2d_relu_max_pool2d(x, w, None, 2)
    np.testing.assert_allclose(result, one_after_the_other(x, w, np.zeros(4), 2), rtol=1e-12)


def test_a_few_large_images_go_layer_by_layer(rng, monkeypatch):
    x, w, b = (rng.normal(size=shape).astype(np.float32) for shape in ((2, 7, 7, 2), (3, 3, 2, 4), (4,)))
    in_one_pass = gradients_of(conv2d_relu_max_pool2d, x, w, b)
    monkeypatch.setattr("seegrad.autograd.fast.kernels.conv_relu_pool_passes.MUCH", 0)
    assert conv2d_relu_max_pool2d(sg.tensor(x, requires_grad=True), w, b, 2).op.name == "window_take"
    for one, other in zip(in_one_pass, gradients_of(conv2d_relu_max_pool2d, x, w, b)):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)


def test_the_first_of_equal_elements_wins():
    x, w, b = np.ones((1, 4, 4, 1), np.float32), np.ones((1, 1, 1, 1), np.float32), np.zeros(1, np.float32)
    _, dx, _, _ = gradients_of(conv2d_relu_max_pool2d, x, w, b)
    np.testing.assert_array_equal(dx[0, :, :, 0], [[1, 0, 2, 0], [0, 0, 0, 0], [3, 0, 4, 0], [0, 0, 0, 0]])


def test_second_derivatives_equal_those_of_one_after_the_other(rng):
    arrays = [rng.normal(size=shape) for shape in ((2, 5, 6, 2), (2, 2, 2, 3), (3,))]

    def curvature(function):
        return sg.grad(
            lambda x, w, b: sum(
                (d**2).sum()
                for d in sg.grad(lambda *inputs: (function(*inputs, 2) ** 2).sum(), argnums=(0, 1, 2))(x, w, b)
            ),
            argnums=(0, 1, 2),
        )(*arrays)

    for result, wanted in zip(curvature(conv2d_relu_max_pool2d), curvature(one_after_the_other)):
        np.testing.assert_allclose(result, wanted, rtol=1e-10)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("batch", [0, 1, 9])
def test_every_dtype_and_batch(dtype, batch, rng):
    x, w, b = (rng.normal(size=shape).astype(dtype) for shape in ((batch, 6, 6, 2), (3, 3, 2, 4), (4,)))
    result = conv2d_relu_max_pool2d(x, w, b, 2)
    assert isinstance(result, np.ndarray)
    assert result.dtype == dtype
    np.testing.assert_allclose(result, one_after_the_other(x, w, b, 2), atol=1e-2 if dtype == np.float16 else 1e-5)


def test_a_window_that_does_not_fit_is_refused():
    x, w, b = np.ones((1, 4, 4, 1)), np.ones((3, 3, 1, 1)), np.ones(1)
    with pytest.raises(ValueError, match=r"max_pool2d: a kernel .* 3 x 3 .* 2 x 2"):
        conv2d_relu_max_pool2d(x, w, b, 3)
    with pytest.raises(ValueError, match=r"conv2d: a kernel .* 5 x 5"):
        conv2d_relu_max_pool2d(x, np.ones((5, 5, 1, 1)), b)
    with pytest.raises(ValueError, match="pool_size"):
        conv2d_relu_max_pool2d(x, w, b, 0)


def test_large_windows_have_large_numbers(rng):
    x = rng.normal(size=(2, 17, 17, 1)).astype(np.float32)
    w, b = np.ones((1, 1, 1, 1), np.float32), np.zeros(1, np.float32)
    values, shards = kernels.conv2d_relu_pool(x, w, b, (17, 17), *WINDOWS[0])
    assert shards[0].winners.dtype == np.uint16
    np.testing.assert_array_equal(values.ravel(), x.max((1, 2, 3)))
    np.testing.assert_array_equal(kernels.winners_of(shards, values.shape).ravel(), x.reshape(2, -1).argmax(1))


@pytest.mark.parametrize("error", [ImportError("Numba needs NumPy 2.4 or less"), RuntimeError("no locator available")])
def test_a_numba_that_does_not_work_is_left_alone(error, monkeypatch, rng):
    def refuse(*_):
        raise error

    monkeypatch.setattr(resources, "compiling", True)
    monkeypatch.setattr(numba_use.importlib, "import_module", refuse)
    numba_use._import.cache_clear()
    try:
        assert numba_use.compiled("compiled_convolution") is None
        x, w, b = (rng.normal(size=shape).astype(np.float32) for shape in ((3, 7, 7, 2), (3, 3, 2, 4), (4,)))
        assert kernels.conv2d_relu_pool(x, w, b, (2, 2), *WINDOWS[0])[0].shape == (3, 2, 2, 4)
    finally:
        numba_use._import.cache_clear()


def test_compiled_functions_read_nothing_that_is_freed(passes):
    """With what is freed overwritten, as the C library does when asked to."""
    code = """
import numpy as np
from seegrad.autograd import resources
from seegrad.autograd.fast.conv_relu_pool import conv2d_relu_max_pool2d
resources.compiling = {enabled}
rng = np.random.default_rng(0)
for channels in (1, 4, 16):
    x, w, b = (rng.normal(size=size).astype(np.float32) for size in ((4, 28, 28, channels), (3, 3, channels, 32), 32))
    whole = conv2d_relu_max_pool2d(np.concatenate([x] * 8), w, b, 2)[:4]
    for n in range(1, 5):
        np.testing.assert_allclose(conv2d_relu_max_pool2d(x[:n], w, b, 2), whole[:n], rtol=1e-4, atol=1e-4)
"""
    environment = {**os.environ, "MALLOC_PERTURB_": "165"}
    subprocess.run([sys.executable, "-c", code.format(enabled=passes == "Numba")], env=environment, check=True)
