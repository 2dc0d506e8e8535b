"""Activations against their formulas, at extreme values, and their gradients."""

from __future__ import annotations

import math

import numpy as np
import pytest

import seegrad as sg
from seegrad import nn

X = np.array([-40.0, -7.0, -2.5, -1.0, -0.3, 0.2, 0.9, 3.0, 6.5, 40.0])


def by(f):
    return np.array([f(x) for x in X])


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


def softplus(x):
    return math.log1p(math.exp(x))


FORMULAS = {
    "ReLU()": by(lambda x: max(x, 0)),
    "LeakyReLU(0.2)": by(lambda x: x if x > 0 else 0.2 * x),
    "PReLU()": by(lambda x: x if x > 0 else 0.25 * x),
    "ELU(1.5)": by(lambda x: x if x > 0 else 1.5 * (math.exp(x) - 1)),
    "SELU()": by(lambda x: 1.0507009873554805 * (x if x > 0 else 1.6732632423543772 * (math.exp(x) - 1))),
    "GELU()": by(lambda x: x * 0.5 * math.erfc(-x / math.sqrt(2))),
    "GELU('tanh')": by(lambda x: 0.5 * x * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))),
    "SiLU()": by(lambda x: x * sigmoid(x)),
    "Mish()": by(lambda x: x * math.tanh(softplus(x))),
    "Softplus()": by(softplus),
    "Softplus(2)": by(lambda x: softplus(2 * x) / 2),
    "Softsign()": by(lambda x: x / (1 + abs(x))),
    "Sigmoid()": by(sigmoid),
    "LogSigmoid()": by(lambda x: -softplus(-x)),
    "Tanh()": by(math.tanh),
    "Hardtanh(-2, 1)": by(lambda x: min(max(x, -2), 1)),
    "ReLU6()": by(lambda x: min(max(x, 0), 6)),
    "Identity()": X,
    "Softmax()": np.exp(X) / np.exp(X).sum(),
    "LogSoftmax()": (X - X.max()) - np.log(np.exp(X - X.max()).sum()),  # X minus the logarithm would lose digits
}


@pytest.mark.parametrize("text", FORMULAS)
def test_formula(text):
    layer = eval(f"nn.{text}").to(np.float64)  # noqa: S307
    np.testing.assert_allclose(layer(X).data, FORMULAS[text], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("text", FORMULAS)
def test_gradients(text):
    layer = eval(f"nn.{text}").to(np.float64)  # noqa: S307
    weights = np.linspace(-1, 2, X.size)
    x = sg.tensor(X, requires_grad=True)
    assert sg.gradcheck(lambda x, *parameters: layer(x) * weights, (x, *layer.parameters()))


@pytest.mark.parametrize("text", FORMULAS)
def test_float32_and_extreme_values(text):
    layer = eval(f"nn.{text}")  # noqa: S307
    x = sg.tensor(np.float32([-1e4, -100, 0, 100, 1e4]), requires_grad=True)
    y = layer(x)
    y.sum().backward()
    assert (y.dtype, x.grad.dtype) == (np.float32, np.float32)
    assert np.isfinite(y.data).all()
    assert np.isfinite(x.grad).all()
    assert layer(np.zeros((0, 3), np.float32)).shape == (0, 3)


def test_prelu_learns_a_slope_for_each_channel():
    layer = nn.PReLU(2)
    layer.weight.data = np.float32([0.5, -1])
    y = layer(np.float32([[-2, -2], [3, 3]]))
    assert y.tolist() == [[-1, 2], [3, 3]]
    y.sum().backward()
    assert layer.weight.grad.tolist() == [-2, -2]
    with pytest.raises(ValueError, match=r"PReLU\(2\): .*expected \(\.\.\., 2\)"):
        layer(np.ones((4, 3), np.float32))


def test_arguments():
    with pytest.raises(ValueError, match="approximate"):
        nn.GELU("erf")
    with pytest.raises(ValueError, match="beta must be greater than 0"):
        nn.Softplus(0)
    with pytest.raises(ValueError, match="min_val = 1 must be less"):
        nn.Hardtanh(1, 1)
    assert repr(nn.LeakyReLU()) == "LeakyReLU(0.01)"
    assert repr(nn.ELU()) == "ELU(1)"
    assert repr(nn.GELU("tanh")) == "GELU(approximate='tanh')"
    assert repr(nn.Softplus(2)) == "Softplus(beta=2)"
    assert repr(nn.Hardtanh()) == "Hardtanh(-1, 1)"
    assert repr(nn.LogSoftmax(0)) == "LogSoftmax(axis=0)"
