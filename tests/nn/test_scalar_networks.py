"""Neurons, layers and perceptrons of Values against NumPy, and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest

import seegrad as sg
from seegrad import nn

FUNCTIONS = {
    "tanh": np.tanh,
    "relu": lambda x: np.maximum(x, 0.0),
    "sigmoid": lambda x: 1.0 / (1.0 + np.exp(-x)),
    "linear": lambda x: x,
}
SLOPES = {
    "tanh": lambda x: 1.0 - np.tanh(x) ** 2,
    "relu": lambda x: (x > 0) * 1.0,
    "sigmoid": lambda x: FUNCTIONS["sigmoid"](x) * FUNCTIONS["sigmoid"](-x),
    "linear": np.ones_like,
}


def matrix(layer):
    """Return the weights and biases of a layer as arrays."""
    weights = np.array([[w.data for w in neuron.w] for neuron in layer.neurons])
    return weights, np.array([neuron.b.data for neuron in layer.neurons])


@pytest.mark.parametrize("activation", FUNCTIONS)
@pytest.mark.parametrize("last", [None, "linear"])
def test_outputs_are_those_of_matrices(activation, last):
    model = nn.MLP(3, [4, 5, 2], activation, last=last, seed=1)
    x = np.array([0.3, -1.2, 2.0])
    for layer, kind in zip(model.layers, [activation, activation, last or activation]):
        weights, bias = matrix(layer)
        x = FUNCTIONS[kind](weights @ x + bias)
    np.testing.assert_allclose([y.data for y in model([0.3, -1.2, 2.0])], x, rtol=1e-12)


@pytest.mark.parametrize("activation", FUNCTIONS)
def test_gradients_are_those_of_matrices(activation):
    model = nn.MLP(2, [3, 1], activation, last="linear", seed=2)
    x = np.array([0.5, -0.7])
    (weights, bias), (last, _) = map(matrix, model)
    model([sg.Value(number) for number in x]).backward()
    slopes = last[0] * SLOPES[activation](weights @ x + bias)
    first, second = model.layers
    np.testing.assert_allclose([[w.grad for w in n.w] for n in first.neurons], np.outer(slopes, x), rtol=1e-12)
    np.testing.assert_allclose([n.b.grad for n in first.neurons], slopes, rtol=1e-12)
    hidden = FUNCTIONS[activation](weights @ x + bias)
    np.testing.assert_allclose([w.grad for w in second.neurons[0].w], hidden, rtol=1e-12)
    model.zero_grad()
    assert {p.grad for p in model.parameters()} == {0.0}


def test_one_output_is_a_value_and_several_are_a_list():
    assert isinstance(nn.MLP(2, [3, 1])([1.0, 2.0]), sg.Value)
    assert isinstance(nn.MLP(2, [3])([1.0, 2.0]), list)
    assert isinstance(nn.Neuron(2)([1.0, 2.0]), sg.Value)


def test_weights_begin_between_minus_one_and_one_and_follow_the_seed():
    numbers = [p.data for p in nn.MLP(9, [20, 20], seed=3).parameters()]
    assert numbers == [p.data for p in nn.MLP(9, [20, 20], seed=3).parameters()]
    assert max(map(abs, numbers)) < 1.0 < 2 * max(map(abs, numbers))
    sg.manual_seed(4)
    one = [p.data for p in nn.Layer(2, 2).parameters()]
    assert one != [p.data for p in nn.Layer(2, 2).parameters()]
    sg.manual_seed(4)
    assert one == [p.data for p in nn.Layer(2, 2).parameters()]


def test_reprs_are_how_to_make_them():
    assert repr(nn.Neuron(2)) == "Neuron(2, 'tanh')"
    assert repr(nn.Layer(2, 3, "relu")) == "Layer(2, 3, 'relu')"
    assert repr(nn.MLP(3, [4, 4, 1])) == "MLP(3, [4, 4, 1], 'tanh')"
    assert repr(nn.MLP(3, [4, 1], "relu", last="linear")) == "MLP(3, [4, 1], 'relu', last='linear')"


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: nn.Neuron(0), ValueError, "inputs must be at least 1"),
        (lambda: nn.Neuron(2, "gelu"), ValueError, "one of tanh, relu, sigmoid, linear, got 'gelu'"),
        (lambda: nn.Layer(2, 1.5), TypeError, "outputs must be an integer"),
        (lambda: nn.MLP(3, 4), TypeError, r"such as \[4, 4, 1\], got 4"),
        (lambda: nn.MLP(3, []), TypeError, r"such as \[4, 4, 1\]"),
        (lambda: nn.MLP(3, [4, 1])([1.0, 2.0]), ValueError, r"Neuron\(3, 'tanh'\) takes 3 numbers, got 2"),
    ],
)
def test_what_does_not_fit_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()
