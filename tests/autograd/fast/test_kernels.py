"""The kernels against naive loops, their adjoint identities, and the buffers and threads under them."""

from __future__ import annotations

import gc
import os
import threading
from itertools import product

import numpy as np
import pytest
from in_one_test import each

from seegrad.autograd import resources
from seegrad.autograd.fast import kernels
from seegrad.autograd.fast.kernels import selection, workspace
from seegrad.autograd.fast.kernels import threads as team

NONE = ((0, 0), (0, 0))
STRIDES = [(1, 1), (2, 2), (3, 1), (1, 2)]
PADDINGS = [NONE, ((1, 1), (1, 1)), ((0, 2), (3, 0))]
DILATIONS = [(1, 1), (2, 2), (1, 3), (3, 2)]
SIZES = [(1, 1), (2, 2), (3, 3), (2, 3)]


def naive_windows(x, kernel, stride, padding, dilation=(1, 1), fill=0.0):
    """Return all windows as (N, OH, OW, kh, kw, C), by loops."""
    (top, bottom), (left, right) = padding
    x = np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)), constant_values=fill)
    spans = [(kernel[k] - 1) * dilation[k] + 1 for k in (0, 1)]
    counts = [(x.shape[1 + k] - spans[k]) // stride[k] + 1 for k in (0, 1)]
    out = np.empty((len(x), *counts, *kernel, x.shape[3]), x.dtype)
    for r, s, i, j in product(*map(range, counts), *map(range, kernel)):
        out[:, r, s, i, j] = x[:, r * stride[0] + i * dilation[0], s * stride[1] + j * dilation[1]]
    return out


def naive_conv(x, w, stride, padding, dilation):
    return np.einsum("nrsijc,ijco->nrso", naive_windows(x, w.shape[:2], stride, padding, dilation), w)


def naive_input_gradient(g, w, shape, stride, padding, dilation):
    places = naive_windows(np.arange(1, np.prod(shape) + 1).reshape(shape), w.shape[:2], stride, padding, dilation)
    sums = np.zeros(np.prod(shape) + 1)
    np.add.at(sums, places, np.einsum("nrso,ijco->nrsijc", g, w))
    return sums[1:].reshape(shape)  # the padding has number 0


def in_layout(x, layout):
    """Return an equal array that lies differently in memory."""
    if layout == "contiguous":
        return np.ascontiguousarray(x)
    if layout == "fortran":
        return np.asfortranarray(x)
    if layout == "kernel":
        return np.ascontiguousarray(x.transpose(1, 3, 2, 0)).transpose(3, 0, 2, 1)
    if layout == "reversed":
        return np.ascontiguousarray(x[:, ::-1, ::-1])[:, ::-1, ::-1]
    if layout == "stepped":
        return np.repeat(x, 2, axis=2)[:, :, ::2]
    if layout == "readonly":
        x = x.copy()
        x.flags.writeable = False
        return x
    raise ValueError(layout)


LAYOUTS = ["contiguous", "fortran", "kernel", "reversed", "stepped", "readonly"]


@pytest.fixture(params=[1, 2, 4], ids=["one thread", "two threads", "four threads"])
def threads(request, monkeypatch):
    """Run with one thread, and with more even for small work."""
    if request.param > 1:
        monkeypatch.setattr("seegrad.autograd.fast.kernels.shifted_convolution.SMALLEST_PART", 1)
        monkeypatch.setattr("seegrad.autograd.fast.kernels.pool_windows.SMALLEST_PART", 1)
        monkeypatch.setattr("seegrad.autograd.fast.kernels.rectification.SMALLEST_PART", 1)
    with kernels.num_threads(request.param):
        yield request.param


@pytest.fixture(params=["few images", "many images"])
def amount(request, monkeypatch):
    """Go the way of a few images, and that of many."""
    if request.param == "many images":
        monkeypatch.setattr("seegrad.autograd.fast.kernels.im2col.LONGEST_LINE", 0)


@pytest.mark.usefixtures("amount")
class TestConvolution:
    @each("size", SIZES)
    @each("dilation", DILATIONS)
    @pytest.mark.parametrize("padding", PADDINGS)
    @pytest.mark.parametrize("stride", STRIDES)
    @pytest.mark.usefixtures("threads")
    def test_equals_naive_loops_and_is_adjoint(self, stride, padding, dilation, size):
        rng = np.random.default_rng(0)
        x, w = rng.standard_normal((3, 9, 8, 2)), rng.standard_normal((*size, 2, 4))
        out = kernels.conv2d(x, w, stride, padding, dilation)
        np.testing.assert_allclose(out, naive_conv(x, w, stride, padding, dilation), rtol=0, atol=1e-10)
        g = rng.standard_normal(out.shape)
        gx = kernels.conv2d_input_gradient(g, w, x.shape, stride, padding, dilation)
        gw = kernels.conv2d_weight_gradient(x, g, size, stride, padding, dilation)
        assert gx.shape == x.shape
        assert gw.shape == w.shape
        naive_gw = np.einsum("nrsijc,nrso->ijco", naive_windows(x, size, stride, padding, dilation), g)
        np.testing.assert_allclose(gw, naive_gw, rtol=0, atol=1e-10)
        np.testing.assert_allclose(
            gx, naive_input_gradient(g, w, x.shape, stride, padding, dilation), rtol=0, atol=1e-10
        )
        assert np.vdot(out, g) == pytest.approx(np.vdot(x, gx), rel=1e-10, abs=1e-10)
        assert np.vdot(out, g) == pytest.approx(np.vdot(w, gw), rel=1e-10, abs=1e-10)

    @pytest.mark.parametrize("layout", LAYOUTS)
    @pytest.mark.parametrize(("stride", "padding"), [((1, 1), NONE), ((2, 1), ((1, 0), (2, 1)))])
    def test_memory_layout_does_not_matter(self, layout, stride, padding):
        rng = np.random.default_rng(1)
        x, w = rng.standard_normal((3, 7, 6, 2)), rng.standard_normal((3, 2, 2, 4))
        arguments = stride, padding, (1, 1)
        g = rng.standard_normal(naive_conv(x, w, *arguments).shape)
        a, b, c = (in_layout(array, layout) for array in (x, w, g))
        for got, wanted in (
            (kernels.conv2d(a, b, *arguments), kernels.conv2d(x, w, *arguments)),
            (
                kernels.conv2d_input_gradient(c, b, x.shape, *arguments),
                kernels.conv2d_input_gradient(g, w, x.shape, *arguments),
            ),
            (
                kernels.conv2d_weight_gradient(a, c, (3, 2), *arguments),
                kernels.conv2d_weight_gradient(x, g, (3, 2), *arguments),
            ),
        ):
            np.testing.assert_array_equal(got, wanted)
        for given, original in ((a, x), (b, w), (c, g)):
            np.testing.assert_array_equal(given, original)

    def test_result_keeps_the_kernels_memory_order_and_so_does_arithmetic(self):
        x = np.ones((30, 8, 8, 3), np.float32)
        out = kernels.conv2d(x, np.ones((3, 3, 3, 4), np.float32), (1, 1), NONE, (1, 1))
        assert out.transpose(1, 3, 2, 0).flags.c_contiguous
        assert np.maximum(out + 1, 0).transpose(1, 3, 2, 0).flags.c_contiguous

    @pytest.mark.parametrize(("dtype", "tolerance"), [(np.float16, 5e-3), (np.float32, 1e-5)])
    def test_dtype_is_kept(self, dtype, tolerance):
        rng = np.random.default_rng(2)
        x, w = (
            rng.standard_normal((2, 6, 6, 20)).astype(dtype),
            rng.standard_normal((3, 3, 20, 4)).astype(dtype),
        )
        arguments = (1, 1), NONE, (1, 1)
        out = kernels.conv2d(x, w, *arguments)
        gx = kernels.conv2d_input_gradient(out, w, x.shape, *arguments)
        gw = kernels.conv2d_weight_gradient(x, out, (3, 3), *arguments)
        assert out.dtype == gx.dtype == gw.dtype == dtype
        exact = naive_conv(x.astype(float), w.astype(float), *arguments)
        np.testing.assert_allclose(out, exact, atol=tolerance * np.abs(exact).max())

    def test_empty_batch(self):
        x, w = np.empty((0, 5, 5, 2)), np.ones((3, 3, 2, 4))
        arguments = (1, 1), NONE, (1, 1)
        out = kernels.conv2d(x, w, *arguments)
        assert out.shape == (0, 3, 3, 4)
        assert kernels.conv2d_input_gradient(out, w, x.shape, *arguments).shape == x.shape
        np.testing.assert_array_equal(kernels.conv2d_weight_gradient(x, out, (3, 3), *arguments), np.zeros(w.shape))

    def test_rows_that_no_window_reaches_get_no_gradient(self):
        g, w = np.ones((2, 2, 2, 1)), np.ones((1, 1, 1, 1))
        gx = kernels.conv2d_input_gradient(g, w, (2, 6, 6, 1), (3, 3), NONE, (1, 1))
        assert gx.sum() == g.size
        assert gx[0, 4:].sum() == gx[0, 1:3].sum() == 0

    @pytest.mark.usefixtures("threads")
    @pytest.mark.parametrize("shape", [(9, 1, 5, 2), (9, 5, 1, 2), (9, 1, 1, 2)])
    def test_images_of_one_row_or_column(self, shape):
        rng = np.random.default_rng(4)
        x, w = rng.standard_normal(shape), rng.standard_normal((3, 3, 2, 4))
        arguments = (1, 1), ((1, 1), (1, 1)), (1, 1)
        g = rng.standard_normal((*shape[:3], 4))
        np.testing.assert_allclose(kernels.conv2d(x, w, *arguments), naive_conv(x, w, *arguments), atol=1e-12)
        gx = kernels.conv2d_input_gradient(g, w, shape, *arguments)
        np.testing.assert_allclose(gx, naive_input_gradient(g, w, shape, *arguments), atol=1e-12)

    def test_kernel_that_does_not_fit_is_refused(self):
        with pytest.raises(ValueError, match=r"conv2d: a kernel that spans 5 x 5 .* 4 x 4"):
            kernels.conv2d(np.ones((1, 4, 4, 1)), np.ones((3, 3, 1, 1)), (1, 1), NONE, (2, 2))

    def test_gradient_of_another_shape_is_refused(self):
        with pytest.raises(ValueError, match=r"conv2d_input_gradient: g has shape"):
            kernels.conv2d_input_gradient(
                np.ones((1, 4, 4, 1)), np.ones((3, 3, 1, 1)), (1, 4, 4, 1), (1, 1), NONE, (1, 1)
            )


class TestPooling:
    CASES = [
        ((2, 2), (2, 2), NONE),
        ((2, 2), (2, 2), ((1, 1), (1, 0))),
        ((3, 3), (2, 2), ((1, 1), (1, 1))),
        ((2, 3), (1, 2), NONE),
        ((3, 3), (3, 3), NONE),
        ((1, 2), (2, 3), NONE),
    ]

    @each("layout", LAYOUTS)
    @pytest.mark.parametrize("shape", [(3, 8, 8, 2), (2, 7, 9, 3), (2, 9, 7, 1)])
    @pytest.mark.parametrize(("kernel", "stride", "padding"), CASES)
    @pytest.mark.usefixtures("threads")
    def test_equals_naive_loops_with_ties_and_nan(self, kernel, stride, padding, shape, layout):
        rng = np.random.default_rng(3)
        x = rng.integers(-2, 3, shape).astype(float)
        x[rng.random(shape) < 0.05] = np.nan
        x[rng.random(shape) < 0.1] = -np.inf
        values, winners = kernels.window_max(in_layout(x, layout), kernel, stride, padding)
        windows = naive_windows(x, kernel, stride, padding, fill=-np.inf)
        flat = windows.reshape(*windows.shape[:3], -1, shape[3])
        np.testing.assert_array_equal(values, flat.max(3))
        places = naive_windows(np.arange(x.size).reshape(shape), kernel, stride, padding, fill=-1)
        places = places.reshape(flat.shape)
        real = np.where(places < 0, -np.inf, np.nan_to_num(flat, nan=9, neginf=-9))
        np.testing.assert_array_equal(winners, real.argmax(3))
        self.check_take_and_put(rng, in_layout(x, layout), winners, places, (kernel, stride, padding))

    @staticmethod
    def check_take_and_put(rng, x, winners, places, window):
        chosen = np.take_along_axis(places, winners[..., None, :].astype(int), 3).squeeze(3)
        np.testing.assert_array_equal(kernels.window_take(x, winners, *window), x.ravel()[chosen])
        g = rng.standard_normal(winners.shape)
        g[0, 0, 0, 0] = np.inf
        wanted = np.zeros(x.size)
        np.add.at(wanted, chosen.ravel(), g.ravel())
        got = kernels.window_put(g, winners, x.shape, *window)
        np.testing.assert_allclose(got, wanted.reshape(x.shape), rtol=1e-13)

    @pytest.mark.parametrize(("kernel", "stride", "padding"), CASES)
    def test_sums_equal_naive_loops_and_are_adjoint(self, kernel, stride, padding):
        rng = np.random.default_rng(4)
        x = rng.standard_normal((2, 7, 8, 3))
        out = kernels.window_sum(x, kernel, stride, padding)
        np.testing.assert_allclose(out, naive_windows(x, kernel, stride, padding).sum((3, 4)), atol=1e-13)
        g = rng.standard_normal(out.shape)
        spread = kernels.window_spread(g, x.shape, kernel, stride, padding)
        assert np.vdot(out, g) == pytest.approx(np.vdot(x, spread), rel=1e-12)

    def test_window_in_the_padding_has_no_winner(self):
        values, winners = kernels.window_max(np.ones((1, 2, 2, 1)), (1, 1), (1, 1), ((1, 0), (0, 0)))
        assert values[0, 0].ravel().tolist() == [-np.inf, -np.inf]
        assert winners[0, 0].ravel().tolist() == [1, 1]
        put = kernels.window_put(np.ones(values.shape), winners, (1, 2, 2, 1), (1, 1), (1, 1), ((1, 0), (0, 0)))
        np.testing.assert_array_equal(put, np.ones((1, 2, 2, 1)))

    @pytest.mark.parametrize("dtype", [np.float16, np.float32])
    def test_dtype_is_kept_and_an_empty_batch_passes(self, dtype):
        for batch in (0, 2):
            values, winners = kernels.window_max(np.ones((batch, 5, 5, 2), dtype), (2, 2), (2, 2), NONE)
            assert values.shape == winners.shape == (batch, 2, 2, 2)
            assert values.dtype == dtype
            put = kernels.window_put(values, winners, (batch, 5, 5, 2), (2, 2), (2, 2), NONE)
            assert put.dtype == dtype
            assert put.shape == (batch, 5, 5, 2)


class TestElementwise:
    @pytest.mark.parametrize("layout", LAYOUTS)
    @pytest.mark.parametrize("shape", [(4, 7, 9, 3), (8, 26, 26, 32)])
    @pytest.mark.usefixtures("threads")
    def test_relu_and_its_gradient(self, shape, layout):
        rng = np.random.default_rng(6)
        x = in_layout(rng.standard_normal(shape).astype(np.float32), layout)
        g = rng.standard_normal(shape).astype(np.float32)
        g[0, 0, 0] = np.nan
        y = kernels.relu(x)
        np.testing.assert_array_equal(y, np.where(x > 0, x, 0))
        np.testing.assert_array_equal(kernels.relu_gradient(g, y), np.where(x > 0, g, 0))

    def test_relu_keeps_nan(self):
        x = np.full((300, 300), np.nan, np.float32)
        assert np.isnan(kernels.relu(x)).all()

    @pytest.mark.parametrize("compiling", [False, True])
    @pytest.mark.usefixtures("threads")
    def test_the_gradient_of_relu_in_one_layout(self, compiling, monkeypatch):
        monkeypatch.setattr(resources, "compiling", compiling)
        rng = np.random.default_rng(6)
        x, g = (in_layout(rng.standard_normal((4, 7, 9, 3)).astype(np.float32), "kernel") for _ in range(2))
        x[1, 2, 3, 1], x[0, 0, 0, 0], x[0, 0, 0, 1], g[0, 0, 0] = np.nan, -0.0, np.inf, np.nan
        y = kernels.relu(x)
        np.testing.assert_array_equal(kernels.relu_gradient(g, y), np.where(y != 0, g, 0))

    @pytest.mark.parametrize("layout", LAYOUTS)
    @pytest.mark.usefixtures("threads")
    def test_sums(self, layout):
        x, y = np.random.default_rng(9).standard_normal((2, 8, 20, 20, 12))
        x[1], y[1] = np.inf, -np.inf
        for one, other in ((in_layout(x, layout), y), (y, in_layout(x, layout))):
            with np.errstate(invalid="ignore"):
                np.testing.assert_array_equal(kernels.add(one, other), x + y)

    @pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
    def test_selection_never_lets_inf_or_nan_through(self, dtype):
        x = np.array([1, -2, np.nan, np.inf, -0.0], dtype)
        kept = selection.keep(x, np.array([True, False, False, False, False]))
        assert kept.tobytes() == np.array([1, 0, 0, 0, 0], dtype).tobytes()

    @pytest.mark.parametrize("layout", LAYOUTS)
    @pytest.mark.usefixtures("threads")
    def test_channel_sums(self, layout):
        x = np.random.default_rng(7).standard_normal((8, 20, 20, 5))
        np.testing.assert_allclose(kernels.channel_sum(in_layout(x, layout)), x.sum((0, 1, 2)), atol=1e-11)

    @pytest.mark.usefixtures("threads")
    def test_bias_is_added(self):
        rng = np.random.default_rng(8)
        x, w, bias = rng.standard_normal((3, 6, 6, 2)), rng.standard_normal((3, 3, 2, 4)), rng.standard_normal(4)
        window = (1, 1), NONE, (1, 1)
        np.testing.assert_allclose(kernels.conv2d(x, w, *window, bias), kernels.conv2d(x, w, *window) + bias)


def held_in_use():
    """What pools hold after all that is not in use has been given back: other tests may have left something."""
    gc.collect()
    workspace.release_memory()
    return workspace.held()


class TestWorkspace:
    def test_memory_that_a_view_still_shows_is_not_handed_out(self):
        pool = workspace.Workspace()
        views = []
        for k in range(20):
            array = pool.allocate((300, 300), np.float32)
            array.fill(k)
            views.append(array[k : k + 2].T)
        del array
        gc.collect()
        for k, view in enumerate(views):
            np.testing.assert_array_equal(view, k)

    @pytest.mark.parametrize("hold", [memoryview, lambda a: a.view(np.uint8).reshape(-1)[::7], lambda a: [a]])
    def test_any_kind_of_reference_counts(self, hold):
        pool = workspace.Workspace()
        held = hold(pool.allocate((300, 300), np.float32))
        address = np.asarray(held[0] if isinstance(held, list) else held).ctypes.data
        assert pool.allocate((300, 300), np.float32).ctypes.data != address

    def test_freed_memory_is_used_again_and_is_aligned(self):
        pool = workspace.Workspace()
        addresses = set()
        for _ in range(10):
            array = pool.allocate((300, 300), np.float64)
            addresses.add(array.ctypes.data)
            del array
        assert len(addresses) == 1
        assert addresses.pop() % workspace.ALIGNMENT == 0

    def test_holds_no_more_than_the_limit_and_gives_it_back(self, monkeypatch):
        pool = workspace.Workspace()
        monkeypatch.setattr(workspace, "MOST_HELD", held_in_use() + (1 << 20))
        arrays = [pool.allocate((1 << 18,), np.uint8) for _ in range(10)]
        assert 0 < pool.held <= 1 << 20
        del arrays
        pool.allocate((1 << 19,), np.uint8)
        pool.allocate((3 << 18,), np.uint8)
        assert pool.held <= 1 << 20
        pool.trim()
        assert pool.held == 0

    def test_all_threads_together_hold_no_more_than_the_limit(self, monkeypatch):
        monkeypatch.setattr(workspace, "MOST_HELD", held_in_use() + (8 << 20))
        ready, leave = threading.Barrier(5, timeout=20), threading.Event()

        def work():
            for _ in range(3):
                arrays = [workspace.allocate((1 << 20,), np.uint8) for _ in range(5)]
            del arrays
            ready.wait()
            leave.wait(20)

        team = [threading.Thread(target=work) for _ in range(4)]
        for thread in team:
            thread.start()
        ready.wait()
        try:
            assert workspace.held() <= workspace.MOST_HELD
            assert workspace.release_memory(idle=100.0) == 0
            assert workspace.release_memory() >= 4 << 20
        finally:
            leave.set()
            for thread in team:
                thread.join()

    def test_a_pool_that_is_idle_gives_way_to_another(self, monkeypatch):
        held_in_use()
        first, second = workspace.Workspace(), workspace.Workspace()
        first.allocate((1 << 22,), np.uint8)
        monkeypatch.setattr(workspace, "MOST_HELD", workspace.held() + (1 << 20))
        second.allocate((1 << 22,), np.uint8)
        assert first.held > 0 == second.held  # it was used a moment ago
        first.used -= 2 * workspace.BUSY
        second.allocate((1 << 22,), np.uint8)
        assert second.held > 0 == first.held

    def test_memory_in_use_is_not_released(self):
        array = workspace.allocate((1 << 20,), np.uint8)
        array.fill(3)
        workspace.release_memory()
        others = [workspace.allocate((1 << 20,), np.uint8) for _ in range(4)]
        for other in others:
            other.fill(0)
        assert (array == 3).all()

    def test_a_team_without_work_gives_memory_back(self, monkeypatch):
        monkeypatch.setattr(workspace, "IDLE", 0.05)
        monkeypatch.setattr(team, "_team", team._Team())
        before = held_in_use()
        with kernels.num_threads(2):
            team.run(2, lambda part: workspace.allocate((1 << 20,), np.uint8).fill(0))
            workspace.allocate((1 << 20,), np.uint8).fill(0)
        for _ in range(200):
            if workspace.held() <= before:
                break
            threading.Event().wait(0.05)
        assert workspace.held() <= before

    def test_threads_never_share_a_buffer(self):
        wrong = []

        def work(number):
            for _ in range(300):
                array = workspace.allocate((200, 200), np.float32)
                array.fill(number)
                other = workspace.allocate((200, 200), np.float32)
                other.fill(-1)
                if not (array == number).all():
                    wrong.append(number)

        team = [threading.Thread(target=work, args=(k,)) for k in range(4)]
        for thread in team:
            thread.start()
        for thread in team:
            thread.join()
        assert not wrong

    @pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
    def test_like_keeps_the_memory_order(self, order):
        x = np.empty((40, 50, 60), np.float32).transpose(order)
        assert workspace.allocate_like(x).strides == x.strides
        assert workspace.allocate_like(x, np.uint8).shape == x.shape


class TestThreads:
    def test_several_helpers_work_at_the_same_time(self):
        from seegrad.autograd.fast.kernels import threads

        together = threading.Barrier(4, timeout=10)

        def part(k):
            together.wait()
            with pytest.raises(FloatingPointError):
                np.float32(1) / np.float32(0)

        with kernels.num_threads(4), np.errstate(divide="raise"):
            threads.run(4, part)

    def test_number_of_threads_changes_results_by_rounding_only(self):
        rng = np.random.default_rng(5)
        x = rng.standard_normal((32, 28, 28, 8)).astype(np.float32)
        w = rng.standard_normal((3, 3, 8, 32)).astype(np.float32)
        results = []
        for n in (1, 2, 2):
            with kernels.num_threads(n):
                out = kernels.conv2d(x, w, (1, 1), NONE, (1, 1))
                gx = kernels.conv2d_input_gradient(out, w, x.shape, (1, 1), NONE, (1, 1))
                gw = kernels.conv2d_weight_gradient(x, out, (3, 3), (1, 1), NONE, (1, 1))
                values, winners = kernels.window_max(out, (2, 2), (2, 2), NONE)
                results.append((out, gx, gw, values, winners))
        for one, two, again in zip(*results, strict=True):
            np.testing.assert_allclose(one, two, rtol=1e-5, atol=1e-5 * np.abs(one).max())
            np.testing.assert_array_equal(two, again)

    def test_an_exception_in_a_part_reaches_the_caller_and_the_team_goes_on(self):
        from seegrad.autograd.fast.kernels import threads

        def fail(part):
            raise RuntimeError(f"part {part}")

        with kernels.num_threads(2):
            with pytest.raises(RuntimeError, match="part"):
                threads.run(4, fail)
            seen = []
            threads.run(4, seen.append)
        assert sorted(seen) == [0, 1, 2, 3]

    def test_parts_see_the_callers_error_state(self):
        from seegrad.autograd.fast.kernels import threads

        with kernels.num_threads(2), np.errstate(all="ignore"):
            threads.run(8, lambda part: np.float32(1) / np.float32(0))

    @pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system does not place threads")
    def test_the_calling_thread_may_run_where_it_might_before(self):
        from seegrad.autograd.fast.kernels import threads

        before = os.sched_getaffinity(0)
        with kernels.num_threads(2):
            threads.run(4, lambda part: None)
            with pytest.raises(ZeroDivisionError):
                threads.run(4, lambda part: 1 // 0)
        assert os.sched_getaffinity(0) == before
