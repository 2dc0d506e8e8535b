"""Recurrent layers: their steps by hand, gradients, what is refused; test_sequence_oracle.py compares with PyTorch."""

from __future__ import annotations

import numpy as np
import pytest

import seegrad as sg
from seegrad import nn

LAYERS = {"RNN": nn.RNN, "LSTM": nn.LSTM, "GRU": nn.GRU}
CELLS = {"RNN": nn.RNNCell, "LSTM": nn.LSTMCell, "GRU": nn.GRUCell}


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm_by_hand(cell, xs):
    """The formulas of the paper, for one sequence; the names of the gates are i, f, g and o."""
    n = cell.hidden_size
    part = {gate: slice(k * n, (k + 1) * n) for k, gate in enumerate("ifgo")}
    w, u = cell.weight_ih.data, cell.weight_hh.data
    h = c = np.zeros(n)
    for x in xs:
        a = {g: x @ w[:, s] + cell.bias_ih.data[s] + h @ u[:, s] + cell.bias_hh.data[s] for g, s in part.items()}
        c = sigmoid(a["f"]) * c + sigmoid(a["i"]) * np.tanh(a["g"])
        h = sigmoid(a["o"]) * np.tanh(c)
    return h, c


def test_an_lstm_by_hand(rng):
    cell = nn.LSTMCell(3, 2, bias_init=nn.init.normal, seed=0).to(np.float64)
    xs = rng.normal(size=(4, 1, 3))
    state = None
    for x in xs:
        state = cell(x, state)
    for found, expected in zip(state, lstm_by_hand(cell, xs[:, 0])):
        np.testing.assert_allclose(found.data[0], expected, rtol=1e-12)


@pytest.mark.parametrize("kind", LAYERS)
def test_a_layer_is_its_cell_step_by_step(rng, kind):
    layer, cell = LAYERS[kind](3, 4, bias_init=nn.init.normal, seed=0), CELLS[kind](3, 4)
    cell.load_state_dict({name.removesuffix("_l0"): value for name, value in layer.state_dict().items()})
    x = rng.normal(size=(2, 5, 3)).astype(np.float32)
    output, last = layer(x)
    state = None
    for t in range(5):
        state = cell(x[:, t], state)
        np.testing.assert_allclose(output.data[:, t], (state[0] if kind == "LSTM" else state).data, rtol=1e-5)
    assert output.dtype == np.float32
    np.testing.assert_array_equal((last[0] if kind == "LSTM" else last).data[0], output.data[:, -1])


@pytest.mark.parametrize("kind", LAYERS)
def test_gradients(rng, kind):
    layer = LAYERS[kind](2, 1, num_layers=2, bidirectional=True, seed=0).to(np.float64)
    x = sg.tensor(rng.normal(size=(1, 3, 2)), requires_grad=True)
    assert sg.gradcheck(lambda x, *_: layer(x)[0], (x, *layer.parameters()))
    assert sg.gradcheck(lambda x: layer(x)[0], (x,), order=2)


@pytest.mark.parametrize("kind", LAYERS)
def test_a_sequence_in_two_parts(rng, kind):
    layer = LAYERS[kind](3, 4, 2, seed=0)
    x = rng.normal(size=(2, 5, 3)).astype(np.float32)
    whole, last = layer(x)
    first, between = layer(x[:, :2])
    second, end = layer(x[:, 2:], between)
    np.testing.assert_allclose(np.concatenate([first.data, second.data], 1), whole.data, rtol=1e-6)
    for a, b in zip(end if kind == "LSTM" else [end], last if kind == "LSTM" else [last]):
        np.testing.assert_allclose(a.data, b.data, rtol=1e-6)


def test_the_way_back_reads_from_the_end(rng):
    layer = nn.GRU(2, 3, bidirectional=True, seed=0)
    other = nn.GRU(2, 3)
    state = layer.state_dict()
    other.load_state_dict({name: state[f"{name}_reverse"] for name in other.state_dict()})
    x = rng.normal(size=(2, 4, 2)).astype(np.float32)
    np.testing.assert_allclose(layer(x)[0].data[:, ::-1, 3:], other(x[:, ::-1])[0].data, rtol=1e-6)


def test_dropout_between_layers():
    x = np.ones((2, 3, 2), np.float32)
    layer = nn.LSTM(2, 8, 2, dropout=0.5, seed=0)
    assert (layer(x)[0].data != layer(x)[0].data).any()
    layer.eval()
    np.testing.assert_array_equal(layer(x)[0].data, layer(x)[0].data)
    one = nn.LSTM(2, 8, dropout=0.5, seed=0)  # nothing is between one layer and another
    np.testing.assert_array_equal(one(x)[0].data, one(x)[0].data)


def test_a_thousand_steps(rng):
    layer = nn.GRU(1, 4, seed=0)
    output, _ = layer(rng.normal(size=(1, 1000, 1)).astype(np.float32))
    output[0, -1].sum().backward()
    assert np.isfinite(layer.weight_hh_l0.grad).all()


def test_what_is_refused():
    x = np.ones((2, 5, 3), np.float32)
    with pytest.raises(
        ValueError, match=r"LSTM\(3, 4\): got an input of shape \(2, 5, 4\), expected \(batch, length, 3\)"
    ):
        nn.LSTM(3, 4)(np.ones((2, 5, 4), np.float32))
    with pytest.raises(ValueError, match="for a single sequence use"):
        nn.RNN(3, 4)(x[0])
    with pytest.raises(ValueError, match="not without steps"):
        nn.GRU(3, 4)(x[:, :0])
    with pytest.raises(ValueError, match=r"a state of shape \(2, 4\), expected an array of shape \(1, 2, 4\)"):
        nn.GRU(3, 4)(x, np.ones((2, 4), np.float32))
    with pytest.raises(ValueError, match=r"expected a pair \(h, c\) of arrays of shape \(1, 2, 4\)"):
        nn.LSTM(3, 4)(x, np.ones((1, 2, 4), np.float32))
    with pytest.raises(ValueError, match=r"shape \(2, 4\), expected \(batch, 3\)"):
        nn.RNNCell(3, 4)(np.ones((2, 4), np.float32))
    with pytest.raises(ValueError, match="nonlinearity must be 'tanh' or 'relu'"):
        nn.RNN(3, 4, nonlinearity="sine")
    with pytest.raises(TypeError, match="float64"):
        nn.LSTM(3, 4)(x.astype(np.float64))


def test_names_and_text():
    layer = nn.RNN(3, 4, 2, "relu", False, False, 0.25, True)
    assert repr(layer) == (
        "RNN(3, 4, num_layers=2, nonlinearity='relu', bias=False, batch_first=False, dropout=0.25, bidirectional=True)"
    )
    assert [name for name, _ in layer.named_parameters()] == [
        f"weight_{kind}_l{k}{way}" for k in (0, 1) for way in ("", "_reverse") for kind in ("ih", "hh")
    ]
    assert repr(nn.RNNCell(3, 4, nonlinearity="relu")) == "RNNCell(3, 4, nonlinearity='relu')"
    assert nn.LSTM(3, 4).summary((7, 3)).layers[0].output_shape == (7, 4)
