"""Batch normalisation by kernels: what its steps one after the other give, on any number of threads."""

from __future__ import annotations

import numpy as np
import pytest
from leaves import value_and_gradients

import seegrad as sg
from seegrad.autograd.fast import kernels


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
