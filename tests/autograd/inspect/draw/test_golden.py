"""The DOT text of a dozen graphs is what it was; write it anew with UPDATE_GOLDEN=1."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

import seegrad as sg
from seegrad import nn

GOLDEN = Path(__file__).with_name("golden")


def value(number, label=""):
    return sg.Value(number, label=label)


def product():
    return sg.draw(value(2.0, "a") * value(-3.0, "b"))


def same_operand_twice():
    a = value(3.0, "a")
    return sg.draw(a * a)


def diamond_of_sums():
    a = value(1.0, "a")
    b = a + a
    c = b + b
    c.backward()
    return sg.draw(c)


def neuron_with_chain():
    w, x, b = value(2.0, "w"), value(0.5, "x"), value(-1.0, "b")
    return sg.draw((w * x + b).tanh(), show="chain")


def leaf_alone():
    return sg.draw(value(1.5, "a"))


def difficult_label():
    return sg.draw(value(1.0, 'a "b" <i>{c|d}</i> & \\N\\n\n中文 é') + 1.0, direction="TB")


def broadcast_sum():
    x = sg.tensor(np.arange(6.0).reshape(2, 3), requires_grad=True, label="x")
    b = sg.tensor([1.0, 2.0, 3.0], requires_grad=True, label="b")
    return sg.draw((x + b).sum(), show="grads")


def linear_layer_with_chain():
    x = sg.tensor([[1.0, 2.0]], label="x")
    W = sg.tensor([[1.0, -1.0], [0.5, 2.0]], requires_grad=True, label="W")
    return sg.draw((x @ W).relu().mean(), show="chain")


def linear_layer_in_scalars():
    x = sg.tensor([1.0, 2.0], label="x")
    W = sg.tensor([[1.0, -1.0], [0.5, 2.0]], requires_grad=True, label="W")
    return sg.draw((x @ W).relu().sum(), zoom="scalars", show="grads")


def function_of_two():
    return sg.draw(lambda x, y: x * y + x, 2.0, 3.0, show="grads")


def overwritten_elements():
    x = sg.tensor([1.0, 2.0, 3.0], requires_grad=True, label="x")
    y = x * 2.0
    y[0] = 10.0
    return sg.draw(y.sum(), show="grads")


def folded_batch():
    w = value(2.0, "w")
    return sg.draw(sum((w * float(i) - 1.0) ** 2 for i in range(10)), fold=True, show="grads")


def cut_off():
    x = value(1.0)
    for _ in range(50):
        x = x * 1.5
    return sg.draw(x, max_nodes=5)


def layers():
    return sg.draw(nn.Sequential(nn.Linear(4, 3, seed=0), nn.ReLU(), nn.Linear(3, 2, seed=1)), input_shape=(1, 4))


GRAPHS = [
    product,
    same_operand_twice,
    diamond_of_sums,
    neuron_with_chain,
    leaf_alone,
    difficult_label,
    broadcast_sum,
    linear_layer_with_chain,
    linear_layer_in_scalars,
    function_of_two,
    overwritten_elements,
    folded_batch,
    cut_off,
    layers,
]


@pytest.mark.parametrize("make", GRAPHS, ids=lambda make: make.__name__)
def test_dot_is_the_same_as_before(make):
    file = GOLDEN / f"{make.__name__}.dot"
    source = make().source
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.mkdir(exist_ok=True)
        file.write_text(source, encoding="utf-8")
    assert source == file.read_text(encoding="utf-8")


def test_drawing_twice_gives_the_same():
    x = sg.tensor(np.arange(4.0), requires_grad=True)
    y = (x * x).sum()
    assert sg.draw(y).source == sg.draw(y).source
