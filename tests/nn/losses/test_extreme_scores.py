"""Losses and probabilities of very large, very small and broken scores."""

from __future__ import annotations

import math

import numpy as np
import pytest

import seegrad as sg
from seegrad import nn
from seegrad.nn import functional

MAGNITUDES = [1e-8, 1e-3, 1.0, 30.0, 1e3, 1e6, 1e9, 1e30]
DTYPES = [(np.float16, 3e-3), (np.float32, 3e-6), (np.float64, 1e-12)]


CASES = [
    (scale, dtype, tolerance)
    for dtype, tolerance in DTYPES
    for scale in MAGNITUDES
    if scale <= float(np.finfo(dtype).max) / 4
]


@pytest.mark.parametrize(("scale", "dtype", "tolerance"), CASES)
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_equal_scores_of_any_size(scale, sign, dtype, tolerance):
    x = sg.tensor(np.full((2, 3), sign * scale, dtype), requires_grad=True)
    losses = [
        functional.cross_entropy(x, [0, 2]),
        functional.cross_entropy(x, np.eye(3)[[0, 2]]),
        functional.cross_entropy(x, [0, 2], label_smoothing=0.1),
        functional.nll_loss(functional.log_softmax(x), [0, 2]),
    ]
    for loss in losses:
        assert loss.dtype == dtype
        np.testing.assert_allclose(loss.item(), math.log(3), rtol=tolerance)  # PyTorch: 1.0986
    losses[0].backward()
    np.testing.assert_allclose(x.grad, (1 / 3 - np.eye(3)[[0, 2]]) / 2, rtol=tolerance)


@pytest.mark.parametrize(("scale", "dtype", "tolerance"), CASES)
def test_cross_entropy_is_that_of_wide_floats(scale, dtype, tolerance):
    scores = (np.array([[0.3, -0.7, 1.0], [-1.0, 0.2, 0.1]]) * scale).astype(dtype)
    wide = scores.astype(np.longdouble)
    e = np.exp(wide - wide.max(1, keepdims=True))
    p = e / e.sum(1, keepdims=True)
    rows = wide.max(1) + np.log(e.sum(1)) - wide[[0, 1], [1, 1]]
    x = sg.tensor(scores, requires_grad=True)
    loss = functional.cross_entropy(x, [1, 1])
    np.testing.assert_allclose(loss.item(), float(rows.mean()), rtol=tolerance)
    loss.backward()
    np.testing.assert_allclose(x.grad, (p - np.eye(3)[[1, 1]]) / 2, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(("scale", "dtype", "tolerance"), CASES)
@pytest.mark.parametrize("target", [0.0, 1.0, 0.3])
def test_binary_cross_entropy_is_that_of_wide_floats(scale, target, dtype, tolerance):
    scores = (np.array([-1.0, -0.1, 0.2, 1.0]) * scale).astype(dtype)
    wide, y = scores.astype(np.longdouble), dtype(target).astype(np.longdouble)
    expected = np.maximum(wide, 0) - wide * y + np.log1p(np.exp(-np.abs(wide)))
    x = sg.tensor(scores, requires_grad=True)
    loss = functional.binary_cross_entropy_with_logits(x, np.full(4, target), reduction="none")
    np.testing.assert_allclose(loss.data, expected, rtol=2 * tolerance, atol=tolerance**3)
    loss.backward(np.ones(4, dtype))
    np.testing.assert_allclose(x.grad, 0.5 * (1 + np.tanh(wide / 2)) - y, rtol=2 * tolerance, atol=tolerance)


BROKEN = {
    "cross entropy": lambda x: functional.cross_entropy(x, [1]),
    "cross entropy with rows": lambda x: functional.cross_entropy(x, [[0.0, 1.0, 0.0]]),
    "smoothed": lambda x: functional.cross_entropy(x, [1], label_smoothing=0.1),
    "weighted": lambda x: functional.cross_entropy(x, [1], weight=[1.0, 2.0, 3.0]),
    "likelihood": lambda x: functional.nll_loss(functional.log_softmax(x), [1]),
    "binary": lambda x: functional.binary_cross_entropy_with_logits(x, [[0.0, 1.0, 0.0]]),
    "hinge": lambda x: functional.hinge_loss(x, [[-1.0, 1.0, -1.0]]),
    "divergence": lambda x: functional.kl_div(functional.log_softmax(x), [[0.2, 0.3, 0.5]]),
}


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_broken_score_breaks_the_loss(name, place):
    scores = np.array([[0.0, 1.0, 2.0]])
    scores[0, place] = np.nan
    x = sg.tensor(scores, requires_grad=True)
    loss = BROKEN[name](x)
    assert math.isnan(loss.item())
    if name != "hinge":  # of a maximum, whose slope is a matter of its own
        loss.backward()
        assert np.isnan(x.grad).any()


def test_predicted_probabilities_of_large_and_broken_scores():
    model = nn.Sequential(nn.Linear(1, 4, seed=0))
    model[0].weight.data[...] = 0.0
    trainer = nn.Trainer(model, sg.optim.SGD(model.parameters(), lr=0.1), nn.CrossEntropyLoss())
    for bias in ([-1e9] * 4, [1e6] * 4):
        model[0].bias.data[...] = bias
        np.testing.assert_array_equal(trainer.predict(np.zeros((1, 1), np.float32)), [[0.25] * 4])
    model[0].bias.data[...] = [np.nan, 0.0, 1.0, 2.0]
    assert np.isnan(trainer.predict(np.zeros((1, 1), np.float32))).all()
