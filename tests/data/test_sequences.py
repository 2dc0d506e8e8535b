"""Sequences of different lengths as contexts and as padded rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seegrad.data import DataError, next_token_rows, next_token_windows, pad_sequence

SEQUENCES = st.lists(st.lists(st.integers(1, 9), max_size=6), min_size=1, max_size=5)


@given(SEQUENCES, st.integers(1, 5))
def test_windows_are_those_of_a_loop(sequences, context):
    expected = []
    for sequence in sequences:
        seen = [0] * context
        for token in [*sequence, 0]:
            expected.append((list(seen), token))
            seen = [*seen[1:], token]
    data = next_token_windows(sequences, context)
    assert list(zip(data.x.tolist(), data.y.tolist())) == expected
    assert data.x.dtype == data.y.dtype == np.int64


@given(SEQUENCES)
def test_rows_hold_each_token_and_its_successor(sequences):
    data = next_token_rows(sequences)
    assert data.x.shape == data.y.shape == (len(sequences), max(map(len, sequences)) + 1)
    for x, y, sequence in zip(data.x, data.y, sequences):
        n = len(sequence)
        assert x[: n + 1].tolist() == [0, *sequence]
        assert y[: n + 1].tolist() == [*sequence, 0]
        assert not x[n + 1 :].any()
        assert (y[n + 1 :] == -100).all()


def test_padding_of_vectors_and_types():
    padded = pad_sequence([np.ones((1, 2), np.float32), np.ones((3, 2), np.float32)], 4, padding_value=-1)
    assert padded.shape == (2, 4, 2)
    assert padded.dtype == np.float32
    assert (padded[0, 1:] == -1).all()
    assert pad_sequence([[1], [2.5, 3.0]]).dtype == np.float64


def test_what_does_not_fit():
    with pytest.raises(DataError, match="no sequence"):
        pad_sequence([])
    with pytest.raises(DataError, match="no sequence"):
        next_token_windows([], 3)
    with pytest.raises(DataError, match="sequence 1 has 3 elements, more than 2"):
        pad_sequence([[1], [1, 2, 3]], length=2)
    with pytest.raises(DataError, match="equal other axes"):
        pad_sequence([[1], [[1]]])
    with pytest.raises(DataError, match="equal other axes"):
        pad_sequence([1, 2])
    with pytest.raises(DataError, match="sequence 0 must be a row of integers, got float64"):
        next_token_rows([[0.5]])
    with pytest.raises(ValueError, match="context"):
        next_token_windows([[1]], 0)
