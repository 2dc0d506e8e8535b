"""Batch normalisation by kernels: what its steps one after the other give, on any number of threads."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
from leaves import value_and_gradients
from special_numbers import SPECIAL

import seegrad as sg
from seegrad.autograd import resources
from seegrad.autograd.fast import kernels

NUMBA = importlib.util.find_spec("numba") is not None


def step_by_step(x, weight, bias):
    axes = (0, 1, 2)
    return (x - x.mean(axes)) / sg.sqrt(x.var(axes) + 1e-5) * weight + bias


def in_one(x, weight, bias):
    return sg.batch_norm(x, weight, bias)[0]


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("order", [(0, 1, 2, 3), (1, 3, 2, 0), (3, 0, 2, 1)])
def test_threads_share_rows_of_any_layout(threads, order, rng, monkeypatch):
    monkeypatch.setattr("seegrad.autograd.fast.kernels.batch_norm_passes.SMALLEST_PART", 1)
    monkeypatch.setattr("seegrad.autograd.fast.kernels.rectification.SMALLEST_PART", 1)
    x, weight, bias = rng.normal(2.0, 3.0, (5, 7, 4, 3)), rng.normal(size=3), rng.normal(size=3)
    x = np.ascontiguousarray(x.transpose(order)).transpose(np.argsort(order))
    with kernels.num_threads(threads):
        one = value_and_gradients(in_one, (x, weight, bias))
        for result, wanted in zip(one, value_and_gradients(step_by_step, (x, weight, bias))):
            np.testing.assert_allclose(result, wanted, rtol=1e-10, atol=1e-10)


def test_an_observed_backward_pass_gives_the_same(rng):
    arrays = rng.normal(2.0, 3.0, (5, 7, 4, 3)), rng.normal(size=3), rng.normal(size=3)
    with sg.detect_anomaly():
        observed = value_and_gradients(in_one, arrays)
    for result, wanted in zip(observed, value_and_gradients(step_by_step, arrays)):
        np.testing.assert_allclose(result, wanted, rtol=1e-10, atol=1e-10)


def test_a_recorded_backward_pass_gives_the_same(rng):
    x, weight, bias, g = rng.normal(size=(5, 7, 4, 3)), rng.normal(size=3), rng.normal(size=3), rng.normal(size=(4, 3))
    recorded, plain = (sg.tensor(x, requires_grad=True) for _ in range(2))
    in_one(recorded, weight, bias).backward(np.broadcast_to(g, x.shape), create_graph=True)
    in_one(plain, weight, bias).backward(np.broadcast_to(g, x.shape))
    np.testing.assert_allclose(recorded.grad.data, plain.grad, rtol=1e-10, atol=1e-10)


@pytest.fixture(params=["NumPy", "Numba"])
def passes(request, monkeypatch):
    if request.param == "Numba" and not NUMBA:
        pytest.skip("Numba is not installed, and there is none for this Python yet")
    monkeypatch.setattr(resources, "compiling", request.param == "Numba")
    monkeypatch.setattr("seegrad.autograd.fast.kernels.batch_norm_lines.LARGE", 0)
    return request.param


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("order", [(0, 1, 2, 3), (1, 3, 2, 0)])
@pytest.mark.parametrize("shape", [(5, 7, 4, 3), (64, 3, 9, 5), (2, 1, 1, 4), (33, 1, 1, 1)])
@pytest.mark.usefixtures("passes")
def test_single_precision_is_as_exact_as_it_can_be(shape, order, threads, rng, monkeypatch):
    """Also where the mean is large beside the deviation."""
    monkeypatch.setattr("seegrad.autograd.fast.kernels.batch_norm_lines.SMALLEST_PART", 1)
    x, weight, bias = rng.normal(50.0, 3.0, shape), rng.normal(size=shape[3]), rng.normal(size=shape[3])
    x = np.ascontiguousarray(x.transpose(order)).transpose(np.argsort(order)).astype(np.float32)
    given = x, weight.astype(np.float32), bias.astype(np.float32)
    with kernels.num_threads(threads):
        single = value_and_gradients(in_one, given)
        double = value_and_gradients(step_by_step, tuple(array.astype(float) for array in given))
    for result, wanted in zip(single, double):
        assert result.dtype == np.float32
        np.testing.assert_allclose(result, wanted, rtol=1e-3, atol=3e-4 * max(1.0, np.abs(wanted).max()))


@pytest.mark.usefixtures("passes")
def test_given_moments_are_used(rng):
    x, weight, bias, mean = (rng.normal(size=size).astype(np.float32) for size in ((3, 5, 4, 2), 2, 2, 2))
    out, *moments = sg.batch_norm(x, weight, bias, moments=(mean, np.float32([0.5, 2.0])))
    np.testing.assert_allclose(out, (x - mean) / np.sqrt(np.float32([0.5, 2.0]) + 1e-5) * weight + bias, rtol=1e-5)
    np.testing.assert_array_equal(moments, (mean, [0.5, 2.0]))


@pytest.mark.parametrize("special", SPECIAL[:3])
@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.filterwarnings("ignore:.*(overflow|invalid|divide).*:RuntimeWarning")
def test_special_numbers_pass_alike(place, special, rng, monkeypatch):
    arrays = [rng.normal(size=size).astype(np.float32) for size in ((3, 4, 4, 2), 2, 2)]
    arrays[place].flat[1] = special
    monkeypatch.setattr("seegrad.autograd.fast.kernels.batch_norm_lines.LARGE", 0)
    results = []
    for enabled in (False, NUMBA):
        monkeypatch.setattr(resources, "compiling", enabled)
        results.append(value_and_gradients(in_one, arrays))
    for one, other in zip(*results):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)
