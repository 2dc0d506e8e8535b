"""Batch normalisation by kernels: what its steps one after the other give, on any number of threads."""

from __future__ import annotations

import numpy as np
import pytest

import seegrad as sg
from seegrad.autograd.core.node import data_of
from seegrad.autograd.fast import kernels


def step_by_step(x, weight, bias):
    axes = (0, 1, 2)
    return (x - x.mean(axes)) / sg.sqrt(x.var(axes) + 1e-5) * weight + bias


def results(function, *arrays, **options):
    """The output and the gradients."""
    leaves = [sg.tensor(array, requires_grad=True) for array in arrays]
    out = function(*leaves)
    out.backward(np.sin(np.arange(out.size, dtype=out.dtype)).reshape(out.shape), **options)
    return [out.data, *[leaf.grad for leaf in leaves]]


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("order", [(0, 1, 2, 3), (1, 3, 2, 0), (3, 0, 2, 1)])
def test_threads_share_rows_of_any_layout(threads, order, rng, monkeypatch):
    monkeypatch.setattr("seegrad.autograd.fast.kernels.batch_norm_passes.SMALLEST_PART", 1)
    monkeypatch.setattr("seegrad.autograd.fast.kernels.rectification.SMALLEST_PART", 1)
    x, weight, bias = rng.normal(2.0, 3.0, (5, 7, 4, 3)), rng.normal(size=3), rng.normal(size=3)
    x = np.ascontiguousarray(x.transpose(order)).transpose(np.argsort(order))
    with kernels.num_threads(threads):
        one = results(lambda *leaves: sg.batch_norm(*leaves)[0], x, weight, bias)
        for result, wanted in zip(one, results(step_by_step, x, weight, bias)):
            np.testing.assert_allclose(result, wanted, rtol=1e-10, atol=1e-10)


def test_a_recorded_and_an_observed_backward_pass_give_the_same(rng):
    arrays = rng.normal(2.0, 3.0, (5, 7, 4, 3)), rng.normal(size=3), rng.normal(size=3)
    wanted = results(step_by_step, *arrays)
    recorded = results(lambda *leaves: sg.batch_norm(*leaves)[0], *arrays, create_graph=True)
    with sg.detect_anomaly():
        observed = results(lambda *leaves: sg.batch_norm(*leaves)[0], *arrays)
    for found in (recorded, observed):
        for result, right in zip(found, wanted):
            np.testing.assert_allclose(data_of(result), right, rtol=1e-10, atol=1e-10)
