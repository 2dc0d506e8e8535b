"""Quicker ways whose results differ from the definition's in the last digits, with Numba and without."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import seegrad as sg
from seegrad.autograd import resources
from seegrad.autograd.core.op import Op
from seegrad.autograd.fast import curves, rows
from seegrad.autograd.fast.curves import MANY
from seegrad.autograd.fast.kernels import curve_passes, num_threads, numba_use, row_passes

pytestmark = pytest.mark.filterwarnings("ignore:.*(overflow|invalid|divide|underflow).*:RuntimeWarning")

SPECIAL = [0.0, -0.0, np.inf, -np.inf, np.nan, 1e-30, -1e-30, 1e30, -1e30, 13.0, -13.0, 87.5, -87.5, 100.0, -104.0]
SHAPES = [(0,), (), (7,), (MANY - 1,), (MANY,), (3, MANY), (5, 7, 1000)]


@pytest.fixture(params=["NumPy", "Numba"], autouse=True)
def way(request, monkeypatch):
    monkeypatch.setattr(resources, "compiling", request.param == "Numba")


def numbers(shape: Any, dtype: Any, rng: Any, special: bool) -> Any:
    x = np.asarray(rng.normal(scale=3.0, size=shape)).astype(dtype)
    if special and x.size >= len(SPECIAL):
        x.flat[: len(SPECIAL)] = np.array(SPECIAL).astype(dtype)
    return x


def assert_close(quick: Any, wanted: Any, factor: float = 8.0) -> None:
    """Equal where infinite or NaN; elsewhere to some units in the last place of what they are made of."""
    assert quick.shape == wanted.shape
    assert quick.dtype == wanted.dtype
    np.testing.assert_array_equal(np.isnan(quick), np.isnan(wanted))
    np.testing.assert_array_equal(np.isinf(quick), np.isinf(wanted))
    eps = factor * float(np.finfo(wanted.dtype).eps)
    np.testing.assert_allclose(quick, wanted, rtol=eps, atol=eps)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", ["sigmoid", "silu", "gelu", "erf"])
def test_curves(name, shape, dtype, rng):
    op = Op.table[name]
    for special in (False, True):
        x = numbers(shape, dtype, rng, special)
        quick = op.fast_forward(x)
        if quick is NotImplemented:
            assert x.size < MANY or dtype != np.float32
            assert x.size < MANY or dtype == np.float16 or name not in ("gelu", "erf")
            continue
        wanted = op.forward(x.astype(np.float64)).astype(dtype)
        assert_close(quick, wanted)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", ["sigmoid", "silu", "gelu", "tanh"])
def test_slopes(name, shape, rng):
    op = Op.table[name]
    for special in (False, True):
        x, g = (numbers(shape, np.float32, rng, special) for _ in "xg")
        g = np.asarray(g[::-1]) if g.ndim else g
        out = op.forward(x)
        quick = op.fast_vjp(g, out, x, wanted=(True,))
        if quick is NotImplemented:
            assert x.size < MANY
            continue
        wanted = op.rule[0](g.astype(np.float64), out.astype(np.float64), x.astype(np.float64))
        finite = np.isfinite(g) & (np.abs(g) < 1e10) & (np.abs(x) < 1e10)
        assert_close(quick[0][finite], wanted[finite].astype(np.float32), 64.0)
        single = op.rule[0](g, out, x)
        np.testing.assert_array_equal(np.isnan(quick[0]), np.isnan(single))
        np.testing.assert_array_equal(np.isinf(quick[0]), np.isinf(single))


def test_a_small_error_function_has_all_its_digits():
    x = np.concatenate([np.geomspace(1e-30, 1.0, MANY), np.linspace(0.9, 1.1, MANY)]).astype(np.float32)
    quick, wanted = (f(np.concatenate([x, -x])) for f in (Op.table["erf"].fast_forward, Op.table["erf"].forward))
    np.testing.assert_allclose(quick, wanted, rtol=4 * np.finfo(np.float32).eps)


@pytest.mark.parametrize("found", [True, False])
def test_the_error_function_of_float64_with_scipy_and_without(found, rng, monkeypatch):
    used = []
    table = SimpleNamespace(erf=lambda x: used.append(x) or Op.table["erf"].forward(x))
    monkeypatch.setitem(sys.modules, "scipy", SimpleNamespace(special=table) if found else None)
    monkeypatch.setitem(sys.modules, "scipy.special", table if found else None)
    curves._erf_of_scipy.cache_clear()
    x = numbers((MANY,), np.float64, rng, True)
    quick = Op.table["erf"].fast_forward(x)
    curves._erf_of_scipy.cache_clear()
    np.testing.assert_array_equal(quick, Op.table["erf"].forward(x))
    assert bool(used) == found


def test_curves_of_arrays_that_lie_differently_in_memory(rng):
    x = numbers((64, 130), np.float32, rng, True)
    g = numbers((64, 130), np.float32, rng, False)
    for other in (x.T, x[::2], x[:, ::-1], np.asfortranarray(x)):
        gradient = g.reshape(-1)[: other.size].reshape(other.shape)
        assert_close(Op.table["gelu"].fast_forward(other), Op.table["gelu"].forward(other))
        (quick,) = Op.table["gelu"].fast_vjp(gradient, other, other, wanted=(True,))
        np.testing.assert_array_equal(
            quick, Op.table["gelu"].fast_vjp(gradient, other, other.copy(), wanted=(True,))[0]
        )


def test_a_curve_is_the_same_on_several_threads(rng):
    x = numbers((3 * curve_passes.SMALLEST_PART,), np.float32, rng, True)
    with num_threads(1):
        one = curve_passes.curve("gelu", x)
    with num_threads(3):
        np.testing.assert_array_equal(curve_passes.curve("gelu", x), one)


def test_the_derivative_of_a_large_gelu_can_be_differentiated(rng):
    x = sg.tensor(numbers((MANY,), np.float32, rng, False), requires_grad=True)
    (g,) = [sg.elementwise_grad(sg.elementwise_grad(sg.gelu))(x.data)]
    wanted = sg.elementwise_grad(sg.elementwise_grad(sg.gelu))(x.data.astype(np.float64))
    np.testing.assert_allclose(g, wanted, rtol=1e-4, atol=1e-5)


ROWS = [(0, 5), (3, 4), (1023, 1), (1, rows.MANY), (70, 33), (2, 5, 700), (4000, 9)]


def special_rows(shape: Any, dtype: Any, rng: Any) -> Any:
    """Rows with NaN, with an infinity, with -inf here and there, and of -inf throughout."""
    x = rng.normal(scale=3.0, size=shape).astype(dtype)
    table = x.reshape(-1, shape[-1])
    if len(table) > 6:
        table[1, 0], table[2, 0], table[3, -1], table[4] = np.nan, np.inf, -np.inf, -np.inf
        table[5], table[6] = 1e4, -np.finfo(dtype).max
    return x


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("shape", ROWS)
@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_softmax(name, shape, dtype, rng):
    op = Op.table[name]
    x, g = special_rows(shape, dtype, rng), rng.normal(size=shape).astype(dtype)
    for axis in (-1, len(shape) - 1, 0, (0, 1), None):
        quick = op.fast_forward(x, axis=axis)
        out = op.forward(x, axis=axis)
        gradient = op.fast_vjp(g, out, x, wanted=(True,), axis=axis)
        suits = x.size >= rows.MANY and dtype != np.float16 and axis in (-1, len(shape) - 1)
        assert (quick is not NotImplemented) == (gradient is not NotImplemented) == suits
        if suits:
            assert_close(quick, out)
            assert_close(gradient[0], op.rule[0](g, out, x, axis=axis), 8.0 * shape[-1] ** 0.5)


@pytest.mark.parametrize("special", [1.0, np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize(
    ("shape", "axes"), [*[(s, 1) for s in ROWS], ((8, 16, 12), 2), ((16, 3, 3, 12), 3), ((1024,), 1)]
)
def test_layer_norm(shape, axes, dtype, special, rng):
    op = Op.table["layer_norm"]
    x, g = (rng.normal(size=shape).astype(dtype) for _ in "xg")
    weight, bias = (rng.normal(size=shape[-axes:]).astype(dtype) for _ in "wb")
    if x.size > 3:
        x.flat[3] = special
        g.flat[x.size // 2] = special
    params = {"axes": axes, "eps": 1e-3}
    quick = op.fast_forward(x, weight, bias, **params)
    out = op.forward(x, weight, bias, **params)
    gradients = op.fast_vjp(g, out, x, weight, bias, wanted=(True,) * 3, **params)
    suits = x.size >= rows.MANY and dtype != np.float16
    assert (quick is not NotImplemented) == (gradients is not NotImplemented) == suits
    if suits:
        assert_close(quick, out, 64.0)
        for place, d in enumerate(gradients):
            wanted = sg.tensor((x, weight, bias)[place]).fit_gradient(op.rule[place](g, out, x, weight, bias, **params))
            assert_close(d, wanted, 64.0 * x.size**0.5)


def test_layer_norm_of_what_the_kernels_do_not_take(rng):
    x, w = rng.normal(size=(40, 50)).astype(np.float32), np.ones(50, np.float32)
    op = Op.table["layer_norm"]
    assert op.fast_forward(x, w.astype(np.float64), w, axes=1, eps=0.1) is NotImplemented
    assert op.fast_forward(x, w[:1], w, axes=1, eps=0.1) is NotImplemented
    assert_close(
        op.fast_forward(x.T, w[:40], w[:40], axes=1, eps=0.1), op.forward(x.T, w[:40], w[:40], axes=1, eps=0.1), 64.0
    )


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "layer_norm"])
def test_rows_on_several_threads(name, rng, monkeypatch):
    monkeypatch.setattr(row_passes, "SMALLEST_PART", 1000)
    x = special_rows((700, 33), np.float32, rng)
    w = rng.normal(size=33).astype(np.float32)

    def run() -> list[Any]:
        if name == "layer_norm":
            return [row_passes.layer_norm(x, w, w, 0.1), *row_passes.layer_norm_gradients(x[::-1].copy(), x, w, 0.1)]
        out = row_passes.by_rows(name, x)
        return [out, row_passes.by_rows(f"{name}_gradient", x[::-1].copy(), out)]

    with num_threads(1):
        one = run()
    with num_threads(3):
        for many, single in zip(run(), one, strict=True):
            assert_close(many, single, 64.0)


def test_special_examples_do_not_reach_others_through_layer_norm():
    x = sg.tensor(np.ones((4, 300), np.float32), requires_grad=True)
    w = sg.tensor(np.ones(300, np.float32), requires_grad=True)
    taken = np.array([[True], [True], [False], [True]])
    x.data[2] = np.inf
    sg.where(taken, sg.nn.functional.layer_norm(x, (300,), w), 0.0).sum().backward()
    assert np.isfinite(x.grad).all()
    assert np.isfinite(w.grad).all()


def test_rows_beyond_the_table_are_refused():
    g = np.ones((100, 30), np.float32)
    for wrong in (20, -21):
        with pytest.raises(IndexError, match="out of bounds"):
            Op.table["scatter_add"](g, np.full(100, wrong), (20, 30))


@pytest.mark.parametrize("name", ["sin", "cos"])
@pytest.mark.parametrize("scale", [1e-9, 1.0, 100.0, 3e4, 1e5, 1e7])
def test_sines_of_float64(name, scale, rng):
    op, n = Op.table[name], curves.VERY_MANY
    x = rng.normal(scale=scale, size=n)
    x[:2000] = np.arange(-1000, 1000) * (np.pi / 2)  # where one of them is close to 0
    for special in (False, True):
        if special:
            x[-len(SPECIAL) :] = SPECIAL
        quick, wanted = op.fast_forward(x.reshape(2, -1)), op.forward(x.astype(np.longdouble)).reshape(2, -1)
        if quick is NotImplemented:
            assert numba_use.compiled("compiled_sines") is None
            continue
        np.testing.assert_array_equal(np.isnan(quick), np.isnan(wanted))
        with np.errstate(invalid="ignore"):
            wrong = np.abs(quick - wanted) / np.spacing(np.abs(wanted.astype(np.float64)))
        assert np.nanmax(wrong) < 3
        np.testing.assert_array_equal(np.signbit(quick), np.signbit(wanted.astype(np.float64)))
    assert op.fast_forward(x[:-1]) is NotImplemented
    assert op.fast_forward(x.astype(np.float32)) is NotImplemented
