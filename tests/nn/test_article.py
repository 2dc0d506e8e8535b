"""The worked examples of the article that the MNIST network comes from, with their right values.

Some of the article's printed values are wrong; where they are, the test says so.
"""

from __future__ import annotations

import numpy as np
import pytest

import seegrad as sg


def test_activations():
    assert sg.Value(2.0).sigmoid().data == pytest.approx(0.8808, abs=5e-5)
    assert sg.Value(-1.0).relu().data == 0.0
    assert sg.Value(1.0).tanh().data == pytest.approx(0.7616, abs=5e-5)
    assert sg.nn.Sigmoid()(np.array([2.0])).item() == pytest.approx(0.8808, abs=5e-5)
    assert sg.nn.ReLU()(np.array([-1.0])).item() == 0.0
    assert sg.nn.Tanh()(np.array([1.0])).item() == pytest.approx(0.7616, abs=5e-5)


def test_cross_entropy_of_the_positive_answers_alone():
    y, p = np.array([1.0, 0.0, 1.0]), np.array([0.8, 0.2, 0.9])
    assert -(y * np.log(sg.tensor(p))).sum().item() == pytest.approx(0.3285, abs=5e-5)


def test_binary_cross_entropy():
    y, p = np.array([1.0, 0.0, 1.0]), np.array([0.8, 0.2, 0.9])
    terms = sg.nn.BCELoss(reduction="none")(p, y)
    np.testing.assert_allclose(terms.data, [0.22314, 0.22314, 0.10536], atol=5e-6)
    assert sg.nn.BCELoss()(p, y).item() == pytest.approx(0.1839, abs=5e-5)


def test_mean_squared_error():
    y, predicted = np.array([2.0, 3.0, 4.0]), np.array([2.5, 3.2, 3.8])
    # The squares are 0.25, 0.04 and 0.04, their sum is 0.33.
    assert sg.nn.MSELoss()(predicted, y).item() == pytest.approx(0.11)
    assert sg.nn.MSELoss(reduction="half_mean")(predicted, y).item() == pytest.approx(0.055)


def test_momentum_step():
    theta = sg.tensor([1.0], requires_grad=True)
    optimizer = sg.optim.SGD([theta], lr=0.1, momentum=0.9)
    theta.grad = np.array([-1.0])
    optimizer.step()
    assert optimizer.state_dict()["state"]["0.momentum_buffer"] == [-1.0]
    np.testing.assert_allclose(theta.data, [1.1], rtol=1e-15)


def test_gradient_of_the_linear_model():
    # The article prints -6, but 2 * 3 + 1 is 7 already: there is nothing to correct.
    w, b = sg.Value(2.0), sg.Value(1.0)
    loss = (w * 3.0 + b - 7.0) ** 2
    loss.backward()
    assert (w.grad, b.grad) == (0.0, 0.0)
