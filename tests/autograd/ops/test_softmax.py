"""Softmax and its family, over magnitudes, dtypes and special values."""

from __future__ import annotations

import math

import numpy as np
import pytest

import seegrad as sg

NAN, INF = math.nan, math.inf

#: What PyTorch 2.13 gives in float32 for ``[0, 1, -1, 1] * scale``: softmax, its gradient for the weights 1, 2, 3, 5,
#: and the same for log_softmax.
TORCH = {
    1e-8: (
        [0.25, 0.25, 0.25, 0.25],
        [-0.4375, -0.1875, 0.0625, 0.5625],
        [-1.3862943649291992] * 4,
        [-1.75, -0.75, 0.25, 2.25],
    ),
    1e-3: (
        [0.24993741512298584, 0.250187486410141, 0.24968761205673218, 0.250187486410141],
        [-0.43746864795684814, -0.18771886825561523, 0.06234379857778549, 0.5628435611724854],
        [-1.3865448236465454, -1.385544776916504, -1.3875447511672974, -1.385544776916504],
        [-1.7493112087249756, -0.7520620226860046, 0.25343644618988037, 2.2479379177093506],
    ),
    1.0: (
        [0.14696279168128967, 0.3994862735271454, 0.054064586758613586, 0.3994862735271454],
        [-0.3094390630722046, -0.4416562616825104, -0.005707086995244026, 0.7568025588989258],
        [-1.9175758361816406, -0.9175758361816406, -2.9175758361816406, -0.9175758361816406],
        [-0.6165907382965088, -2.3943493366241455, 2.4052894115448, 0.6056506633758545],
    ),
    30.0: (
        [4.6788114561099187e-14, 0.5, 4.37825544636038e-27, 0.5],
        [-1.1697028979087976e-13, -0.75, -2.18912772318019e-27, 0.75],
        [-30.693147659301758, -0.6931471824645996, -60.693145751953125, -0.6931471824645996],
        [1.0, -3.5, 3.0, -0.5],
    ),
    1e3: (
        [0, 0.5, 0, 0.5],
        [0, -0.75, 0, 0.75],
        [-1000.6931762, -0.6931472, -2000.6931152, -0.6931472],
        [1, -3.5, 3, -0.5],
    ),
    1e6: (
        [0, 0.5, 0, 0.5],
        [0, -0.75, 0, 0.75],
        [-1000000.6875, -0.6931472, -2000000.75, -0.6931472],
        [1, -3.5, 3, -0.5],
    ),
    1e9: ([0, 0.5, 0, 0.5], [0, -0.75, 0, 0.75], [-1e9, -0.6931472, -2e9, -0.6931472], [1, -3.5, 3, -0.5]),
    1e30: ([0, 0.5, 0, 0.5], [0, -0.75, 0, 0.75], [-1e30, -0.6931472, -2e30, -0.6931472], [1, -3.5, 3, -0.5]),
}
WEIGHTS = [1.0, 2.0, 3.0, 5.0]
TOLERANCES = [(np.float16, 2e-3), (np.float32, 5e-6), (np.float64, 1e-13)]


def exact(x):
    """Softmax and logarithms by the definition, in the widest floats there are."""
    x = x.astype(np.longdouble)
    e = np.exp(x - x.max(-1, keepdims=True))
    total = e.sum(-1, keepdims=True)
    return e / total, (x - x.max(-1, keepdims=True)) - np.log(total), (x.max(-1, keepdims=True) + np.log(total))[..., 0]


@pytest.mark.parametrize("scale", TORCH)
def test_pytorch_gives_the_same(scale):
    x = np.array([0, 1, -1, 1], np.float32) * np.float32(scale)
    soft, soft_slope, log, log_slope = TORCH[scale]
    for f, value, slope in ((sg.softmax, soft, soft_slope), (sg.log_softmax, log, log_slope)):
        t = sg.tensor(x, requires_grad=True)
        out = f(t)
        out.backward(np.array(WEIGHTS, np.float32))
        np.testing.assert_allclose(out.data, value, rtol=2e-6, atol=1e-30)
        np.testing.assert_allclose(t.grad, slope, rtol=3e-6, atol=1e-6)


MAGNITUDES = [
    (scale, dtype, tolerance)
    for dtype, tolerance in TOLERANCES
    for scale in (1e-8, 1e-3, 1.0, 30.0, 1e3, 1e6, 1e9, 1e30)
    if scale <= float(np.finfo(dtype).max) / 4
]


@pytest.mark.parametrize(("scale", "dtype", "tolerance"), MAGNITUDES)
@pytest.mark.parametrize("offset", [0.0, 1.0, -1.0])
def test_every_magnitude(scale, offset, dtype, tolerance):
    x = ((np.array([[0, 1, -1, 1, 0.5], [-1, -1, -1, -1, -1]]) + offset) * scale).astype(dtype)
    soft, log, total = exact(x)
    with np.errstate(under="ignore"):
        t = sg.tensor(x, requires_grad=True)
        out = sg.softmax(t)
        assert out.dtype == dtype
        np.testing.assert_allclose(out.data, soft, rtol=tolerance, atol=tolerance**2)
        np.testing.assert_allclose(out.data.astype(np.float64).sum(-1), 1.0, rtol=2 * tolerance)
        np.testing.assert_allclose(sg.log_softmax(t).data, log, rtol=tolerance, atol=tolerance)
        np.testing.assert_allclose(sg.logsumexp(t, -1).data, total, rtol=tolerance, atol=tolerance)
        sg.logsumexp(t, -1).sum().backward()
        np.testing.assert_allclose(t.grad, soft, rtol=tolerance, atol=tolerance**2)
        t.grad = None
        sg.log_softmax(t)[:, 0].sum().backward()
        np.testing.assert_allclose(t.grad, np.eye(5)[0] - soft, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_differences_beyond_the_range(dtype):
    top = np.finfo(dtype).max
    x = sg.tensor(np.array([top, -top, top], dtype), requires_grad=True)
    np.testing.assert_array_equal(sg.softmax(x).data, [0.5, 0.0, 0.5])
    sg.logsumexp(x).backward()
    np.testing.assert_array_equal(x.grad, [0.5, 0.0, 0.5])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize(
    ("x", "soft", "log", "total"),
    [
        ([NAN, 0, 1], [NAN] * 3, [NAN] * 3, NAN),
        ([NAN, -INF, INF], [NAN] * 3, [NAN] * 3, NAN),
        ([INF, 0, 1], [NAN] * 3, [NAN] * 3, INF),
        ([INF, INF], [NAN] * 2, [NAN] * 2, INF),
        ([-INF, 0, 0], [0, 0.5, 0.5], [-INF, -math.log(2), -math.log(2)], math.log(2)),
        # Nothing has any weight: this is a convention of ours, PyTorch gives NaN.
        ([-INF, -INF], [0, 0], [-INF, -INF], -INF),
    ],
)
def test_special_values(x, soft, log, total, dtype):
    x = np.array(x, dtype)
    np.testing.assert_allclose(sg.softmax(x), soft, rtol=1e-3)
    np.testing.assert_allclose(sg.log_softmax(x), log, rtol=1e-3)
    np.testing.assert_allclose(sg.logsumexp(x), total, rtol=1e-3)
    np.testing.assert_allclose(np.logaddexp.reduce(sg.tensor(x)).data, total, rtol=1e-3)


def test_special_rows_do_not_disturb_the_others():
    x = sg.tensor([[NAN, 1.0], [INF, 1.0], [-INF, -INF], [0.0, 0.0]], requires_grad=True)
    np.testing.assert_array_equal(sg.softmax(x).data[2:], [[0.0, 0.0], [0.5, 0.5]])
    sg.logsumexp(x, 1).sum().backward()
    assert np.isnan(x.grad[:2]).all()
    np.testing.assert_array_equal(x.grad[2:], [[0.0, 0.0], [0.5, 0.5]])


@pytest.mark.parametrize("shape", [(0,), (2, 0), (0, 3), (2, 0, 3)])
def test_without_elements(shape):
    x = sg.tensor(np.zeros(shape), requires_grad=True)
    axis = shape.index(0)
    for f in (sg.softmax, sg.log_softmax):
        out = f(x, axis)
        assert out.shape == shape
        out.sum().backward()
    out = sg.logsumexp(x, axis)
    np.testing.assert_array_equal(out.data, np.full(np.delete(shape, axis), -INF))  # the logarithm of 0
    assert x.grad.shape == shape


def test_several_axes():
    x = sg.tensor(np.arange(6.0).reshape(1, 2, 3), requires_grad=True)
    e = np.exp(x.data)
    np.testing.assert_allclose(sg.softmax(x, (1, 2)).data, e / e.sum())
    assert sg.gradcheck(lambda t: sg.log_softmax(t, (0, 2)), x, order=2)


def test_second_derivatives_at_large_magnitudes():
    p = np.array([0.25] * 4)
    for f in (sg.logsumexp, lambda x: -sg.log_softmax(x)[0]):
        np.testing.assert_allclose(sg.hessian(f)(np.full(4, -1e9)), np.diag(p) - np.outer(p, p), atol=1e-12)
