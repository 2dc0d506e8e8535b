"""``why``: where a gradient went, in words."""

from __future__ import annotations

import numpy as np
import pytest

import seegrad as sg


def leaf(*numbers, **kwargs):
    return sg.tensor(numbers, requires_grad=True, **kwargs)


def test_no_path():
    x, y = leaf(1.0, label="weight"), leaf(2.0)
    text = sg.why(x, (y * 2).sum())
    assert "'weight'" in text
    assert "no path" in text.lower()


def test_not_required():
    assert "requires_grad=True, or was frozen" in sg.why(sg.tensor([1.0]))
    assert "int64" in sg.why(sg.tensor(np.array([1, 2])))


def test_not_yet_and_not_kept():
    x = leaf(1.0)
    assert "backward() was not called" in sg.why(x)
    y = x * 2
    y.sum().backward()
    assert "retain_grad" in sg.why(y)


def test_detached_and_no_grad():
    x = leaf(1.0, 2.0)
    detached = (x * 2).detach()
    assert "detach" in sg.why(x, (detached * leaf(1.0, 1.0)).sum())
    with sg.no_grad():
        lost = x * 2
    assert "no_grad" in sg.why(x, (lost * leaf(1.0, 1.0)).sum())
    with sg.no_grad():
        loss = (x * 2).sum()
    assert "no_grad" in sg.why(x, loss)


def test_dead_relu_counts_its_units():
    x = leaf(-1.0, -2.0, -3.0)
    text = sg.why(x, x.relu().sum())
    assert "zero everywhere" in text
    assert "relu" in text
    assert "3 of its 3" in text
    x = leaf(-1.0, 2.0, -3.0)
    text = sg.why(x, x.relu().sum())
    assert "2 of 3" in text
    assert "2 of its 3" in text


@pytest.mark.parametrize("f", [sg.sigmoid, sg.tanh])
def test_saturated(f):
    x = leaf(1000.0, -1000.0)
    text = sg.why(x, f(x).sum())
    assert f.__name__ in text
    assert "saturated" in text
    assert "2 of its 2" in text


def test_masked():
    x = leaf(1.0, 2.0)
    assert "mask" in sg.why(x, sg.where(np.array([False, False]), x, 0.0).sum())
    assert "mask" in sg.why(x, (x * np.zeros(2)).sum())


def test_steps():
    x = leaf(1.2, 2.7)
    assert "floor is flat" in sg.why(x, sg.floor(x).sum())


@pytest.mark.filterwarnings("ignore:overflow", "ignore:divide by zero", "ignore:invalid value")
def test_overflow_names_the_operation():
    x = leaf(1000.0)
    text = sg.why(x, (sg.exp(x * 2) * 3).sum())
    assert "not finite" in text or "infinite" in text
    assert "exp" in text
    y = leaf(0.0)
    text = sg.why(y, (sg.sqrt(y * 1) * 3).sum())
    assert "sqrt" in text
    assert "In the backward pass it arises in sqrt" in text


def test_nothing_wrong():
    x = leaf(1.0, 2.0)
    (x * x).sum().backward()
    assert "2 finite elements" in sg.why(x)


def test_why_changes_nothing():
    x = leaf(1.0, 2.0)
    loss = (x * x).sum()
    sg.why(x, loss)
    assert x.grad is None
    loss.backward()
    np.testing.assert_array_equal(x.grad, [2.0, 4.0])


def test_why_of_a_value():
    a, b = sg.Value(-1.0, label="a"), sg.Value(3.0)
    assert "relu" in sg.why(a, a.relu() + b)


def test_a_plain_number_has_no_graph():
    x = sg.tensor([1.0, 2.0], requires_grad=True)
    assert "the loss is a plain float, so it has no graph" in sg.why(x, x.sum().item())
