"""``detect_anomaly``: which operation gave the first NaN or infinity."""

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
    assert "test_anomaly.py" in text
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


def test_a_healthy_graph_is_left_alone_and_the_observers_leave():
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
