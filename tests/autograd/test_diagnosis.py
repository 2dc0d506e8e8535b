"""``detect_anomaly`` and ``why``: who made the first NaN, and where a gradient went."""

from __future__ import annotations

import numpy as np
import pytest

import seegrad as sg
from seegrad.autograd import AnomalyError
from seegrad.autograd.core import node as graph


def leaf(*numbers, **kwargs):
    return sg.tensor(numbers, requires_grad=True, **kwargs)


@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
def test_the_first_operation_forward_is_named_with_its_line():
    y = leaf(0.0, 1.0) * 2
    with pytest.raises(AnomalyError) as error, sg.detect_anomaly():
        sg.log(y)  # the line
    text = str(error.value)
    assert "log" in text
    assert "(2,)" in text
    assert "1 infinite of 2" in text
    assert "test_diagnosis.py" in text
    assert "# the line" in text


def test_the_first_operation_backward_is_named_with_its_line():
    x = leaf(0.0, 1.0)
    with sg.detect_anomaly():
        loss = sg.sqrt(x).sum()  # the line
        with pytest.raises(AnomalyError) as error:
            loss.backward()
    text = str(error.value)
    assert "gradient of sqrt" in text
    assert "1 infinite of 2" in text
    assert "# the line" in text
    assert x.grad is None


def test_what_was_not_finite_before_is_not_blamed_on_what_reads_it():
    x = leaf(np.inf, 1.0)
    with sg.detect_anomaly():
        y = x * 2
    assert np.isinf(y.data[0])


def test_a_healthy_graph_is_left_alone_and_the_watchers_leave():
    x = leaf(1.0, 2.0)
    with sg.detect_anomaly():
        (x * x).sum().backward()
    np.testing.assert_array_equal(x.grad, [2.0, 4.0])
    with pytest.raises(KeyError), sg.detect_anomaly():
        raise KeyError
    assert graph.on_record == []
    assert graph.on_gradient == []


def test_values_are_watched_too():
    with pytest.raises(AnomalyError, match="exp"), sg.detect_anomaly():
        sg.Value(1000.0).exp()


# -------------------------------------------------------------------------------------------------- why


def test_no_path():
    x, y = leaf(1.0, label="weight"), leaf(2.0)
    text = sg.why(x, (y * 2).sum())
    assert "'weight'" in text
    assert "no path" in text.lower()


def test_not_required():
    assert "requires_grad=True" in sg.why(sg.tensor([1.0]))
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
    assert "way back" in text


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


def test_why_a_plain_number_has_no_trail():
    x = sg.tensor([1.0, 2.0], requires_grad=True)
    assert "the loss is a plain float, so its trail was lost" in sg.why(x, x.sum().item())
