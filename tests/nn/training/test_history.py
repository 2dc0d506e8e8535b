"""History: records by epoch, values by name."""

from __future__ import annotations

import numpy as np
import pytest

from seegrad import nn

RECORDS = [{"loss": 0.5, "accuracy": 0.8}, {"loss": 0.25, "accuracy": 0.9}, {"loss": 0.125, "accuracy": 1.0}]


@pytest.fixture
def history():
    history = nn.History()
    history.load(RECORDS)
    return history


def test_as_a_dict(history):
    assert dict(history) == {"loss": [0.5, 0.25, 0.125], "accuracy": [0.8, 0.9, 1.0]}
    assert list(history.items()) == list(dict(history).items())
    assert (lambda **values: sorted(values))(**history) == ["accuracy", "loss"]
    assert dict(nn.History()) == {}


def test_what_is_in_it(history):
    assert "loss" in history
    assert "val_loss" not in history
    assert RECORDS[1] in history
    assert "loss" not in nn.History()


def test_as_a_sequence_of_records(history):
    assert list(history) == RECORDS
    assert history[np.int64(1)] == history[-2] == RECORDS[1]
    assert history[1:] == RECORDS[1:]
    with pytest.raises(KeyError, match="no 'val_loss' in this history; it has loss, accuracy"):
        history["val_loss"]


def test_as_a_table(history):
    pandas = pytest.importorskip("pandas")
    for table in (pandas.DataFrame(dict(history)), pandas.DataFrame(list(history))):
        assert table["loss"].tolist() == history["loss"]
        assert list(table) == history.keys()
