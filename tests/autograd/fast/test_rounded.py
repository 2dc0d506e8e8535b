"""Quicker ways whose results differ from the definition's in the last digits, with Numba and without."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import seegrad as sg
from seegrad.autograd import resources
from seegrad.autograd.core.op import Op
from seegrad.autograd.fast.curves import MANY
from seegrad.autograd.fast.kernels import curve_passes, num_threads

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
@pytest.mark.parametrize("name", ["sigmoid", "silu", "gelu"])
def test_curves(name, shape, dtype, rng):
    op = Op.table[name]
    for special in (False, True):
        x = numbers(shape, dtype, rng, special)
        quick = op.fast_forward(x)
        if quick is NotImplemented:
            assert x.size < MANY or dtype != np.float32
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
