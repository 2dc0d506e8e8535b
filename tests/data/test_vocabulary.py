"""Texts as numbers and back."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seegrad.data import DataError, Vocabulary


@given(st.lists(st.text(), min_size=1).filter(any))
def test_what_is_encoded_is_decoded(texts):
    vocabulary = Vocabulary.of_characters(texts)
    assert list(vocabulary.tokens) == sorted(set("".join(texts)))
    for text in texts:
        numbers = vocabulary.encode(text)
        assert numbers.dtype == np.int64
        assert numbers.shape == (len(text),)
        assert vocabulary.decode(numbers) == text


def test_special_tokens_come_first():
    vocabulary = Vocabulary.of_characters(["a.b"], special=[".", "<end>"])
    assert vocabulary.tokens == (".", "<end>", "a", "b")
    assert vocabulary.encode(["<end>", "a"]).tolist() == [1, 2]
    assert "<end>" in vocabulary
    assert "c" not in vocabulary
    assert vocabulary == pickle.loads(pickle.dumps(vocabulary))
    assert vocabulary != Vocabulary("ab")


def test_words_are_tokens_too():
    vocabulary = Vocabulary(["the", "cat"])
    assert vocabulary.encode("the cat".split()).tolist() == [0, 1]
    assert repr(vocabulary) == "Vocabulary(2 tokens: the cat)"
    assert repr(Vocabulary(["a", " ", "\n"])) == r"Vocabulary(3 tokens: a ' ' '\n')"


def test_what_cannot_be():
    with pytest.raises(ValueError, match="at least one"):
        Vocabulary([])
    with pytest.raises(ValueError, match="'a' is there twice"):
        Vocabulary("aba")
    with pytest.raises(TypeError, match="are texts, got 1"):
        Vocabulary([1])
    vocabulary = Vocabulary("ab")
    with pytest.raises(DataError, match="'c' is not in Vocabulary"):
        vocabulary.encode("ac")
    with pytest.raises(DataError, match="no token 2: the numbers are 0 to 1"):
        vocabulary.decode([0, 2])
    with pytest.raises(DataError, match="no token -1"):
        vocabulary.decode([-1])
    with pytest.raises(TypeError, match="integers, got dtype float64"):
        vocabulary.decode([0.0])
    with pytest.raises(DataError, match=r"shape \(n,\)"):
        vocabulary.decode([[0]])
    assert vocabulary.decode([]) == ""
