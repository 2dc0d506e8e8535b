"""Limits on gradients."""

from __future__ import annotations

import math

import numpy as np
import pytest

import seegrad as sg
from seegrad.optim import clip_grad_norm_, clip_grad_value_


def with_gradients(*gradients):
    params = []
    for g in gradients:
        p = sg.tensor(np.zeros_like(np.asarray(g)), requires_grad=True, label="w")
        p.grad = np.asarray(g)
        params.append(p)
    return params


def test_norm_returns_what_it_was_and_scales():
    params = with_gradients([3.0, 0.0], [[4.0]])
    given = params[0].grad
    assert clip_grad_norm_(params, 1.0) == 5.0
    np.testing.assert_allclose(np.concatenate([p.grad.ravel() for p in params]), [0.6, 0, 0.8], rtol=1e-6)
    assert given[0] == 3.0
    assert clip_grad_norm_(params, 2.0) == pytest.approx(1.0)
    np.testing.assert_allclose(params[1].grad, [[0.8]], rtol=1e-6)


@pytest.mark.parametrize(("order", "expected"), [(1, 7.0), (2, 5.0), (3, 91 ** (1 / 3)), (math.inf, 4.0)])
def test_orders(order, expected):
    assert clip_grad_norm_(with_gradients([3.0], [-4.0]), 100.0, order) == pytest.approx(expected, rel=1e-14)


def test_factor_is_pytorch_s():
    (p,) = with_gradients([3.0, 4.0])
    clip_grad_norm_(p, 2.0)
    np.testing.assert_allclose(p.grad, np.array([3.0, 4.0]) * (2.0 / (5.0 + 1e-6)), rtol=1e-15)


@pytest.mark.parametrize("clip", [clip_grad_norm_, clip_grad_value_])
def test_safe_at_zero_and_with_nothing(clip):
    params = with_gradients([0.0, 0.0])
    assert clip(params, 1.0) == 0.0
    assert params[0].grad.tolist() == [0, 0]
    assert clip([], 1.0) == 0.0
    assert clip([sg.tensor([1.0], requires_grad=True)], 1.0) == 0.0


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_not_finite(bad):
    params = with_gradients([1.0], [2.0, bad])
    norm = clip_grad_norm_(params, 1.0)
    assert norm == bad or (np.isnan(norm) and np.isnan(bad))
    assert params[0].grad.tolist() == [1.0]
    with pytest.raises(ValueError, match=r"parameter 'w' of shape \(2,\)"):
        clip_grad_norm_(params, 1.0, error_if_nonfinite=True)


@pytest.mark.parametrize("scale", [1e30, 1e-30])
def test_large_and_small_float32(scale):
    params = with_gradients(np.float32([3 * scale]), np.float32([4 * scale]))
    assert clip_grad_norm_(params, 1e9 * scale) == pytest.approx(5 * scale, rel=1e-6)
    assert params[0].grad.dtype == np.float32


def test_value():
    params = with_gradients([3.0, -0.5], [-7.0, np.nan])
    assert math.isnan(clip_grad_value_(params, 1.0))
    np.testing.assert_array_equal(params[0].grad, [1.0, -0.5])
    np.testing.assert_array_equal(params[1].grad, [-1.0, np.nan])
    assert clip_grad_value_(params[:1], 5.0) == 1.0


def test_a_parameter_given_twice_counts_once():
    (p,) = with_gradients([3.0, 4.0])
    assert clip_grad_norm_([p, p], 1.0) == 5.0
    np.testing.assert_allclose(np.linalg.norm(p.grad), 1.0, rtol=1e-6)


@pytest.mark.parametrize("limit", [-1.0, math.nan])
def test_limits(limit):
    for clip in (clip_grad_norm_, clip_grad_value_):
        with pytest.raises(ValueError, match="must be at least 0"):
            clip(with_gradients([1.0]), limit)
    with pytest.raises(ValueError, match="norm_type must be greater than 0"):
        clip_grad_norm_(with_gradients([1.0]), 1.0, norm_type=0)


@pytest.mark.parametrize("clip", [clip_grad_norm_, clip_grad_value_])
def test_a_used_up_iterator_is_warned_of(clip):
    layer = sg.nn.Linear(2, 1)
    layer(np.float32([[30, 40]])).sum().backward()
    parameters = layer.parameters()
    clip(parameters, 1.0)
    assert np.abs(layer.weight.grad).max() <= 1.0
    with pytest.warns(sg.SeegradWarning, match=r"iterator of parameters is used up.*model.parameters\(\) again"):
        assert clip(parameters, 1.0) == 0.0
