"""Splits: no overlap, nothing lost, each class in its share."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seegrad.data import ArrayDataset, DataError, KFold, Subset, random_split, train_val_split


def numbered(labels) -> ArrayDataset:
    return ArrayDataset(np.arange(len(labels), dtype=np.float64)[:, None], labels)


def numbers(*parts) -> list[int]:
    return sorted(int(x[0]) for part in parts for x, _ in (part[i] for i in range(len(part))))


LABELS = st.lists(st.integers(0, 4), min_size=4, max_size=80)


@given(labels=LABELS, seed=st.integers(0, 9), stratify=st.booleans(), share=st.floats(0.15, 0.85))
def test_train_val_split(labels, seed, stratify, share):
    whole = numbered(labels)
    train, validation = train_val_split(whole, share, seed=seed, stratify=stratify)
    assert numbers(train, validation) == list(range(len(labels)))
    assert len(validation) == round(share * len(labels))
    if stratify:
        share = len(validation) / len(labels)
        counts = np.bincount(validation.y, minlength=5) - share * np.bincount(labels, minlength=5)
        assert np.abs(counts).max() < 1 + 1e-9
    again = train_val_split(whole, len(validation), seed=seed, stratify=stratify)
    assert numbers(again[1]) == numbers(validation)


def test_train_val_split_depends_on_the_seed():
    whole = numbered([0] * 100)
    chosen = [numbers(train_val_split(whole, 0.3, seed=seed)[1]) for seed in (0, 1)]
    assert chosen[0] != chosen[1]


@pytest.mark.parametrize("bad", [0, 10, 11, -1, 0.0, 1.0, 1.5, -0.1, 0.01, 0.99, float("nan")])
def test_train_val_split_with_nothing_left(bad):
    with pytest.raises(ValueError, match="validation"):
        train_val_split(numbered([0, 1] * 5), bad)


@pytest.mark.parametrize("bad", [True, False])
def test_a_truth_value_is_no_size(bad):
    with pytest.raises(TypeError, match="validation"):
        train_val_split(numbered([0, 1] * 5), bad)


def test_stratify_needs_labels():
    whole = numbered(np.linspace(0, 1, 10))
    with pytest.raises(TypeError, match="stratify=False"):
        train_val_split(whole, 0.5)
    with pytest.raises(TypeError, match="stratify=False"):
        KFold(2).indices([(0, 0), (1, 1)])
    assert len(train_val_split(whole, 0.5, stratify=False)[0]) == 5


@given(labels=LABELS, seed=st.integers(0, 9), folds=st.integers(2, 4), stratify=st.booleans())
def test_folds(labels, seed, folds, stratify):
    whole = numbered(labels)
    parts = list(KFold(folds, seed, stratify).split(whole))
    assert len(parts) == folds
    assert numbers(*(validation for _, validation in parts)) == list(range(len(labels)))
    for train, validation in parts:
        assert numbers(train, validation) == list(range(len(labels)))
        if stratify:
            counts = np.bincount(validation.y, minlength=5) - np.bincount(labels, minlength=5) / folds
            assert np.abs(counts).max() < 1


def test_folds_that_cannot_be():
    with pytest.raises(ValueError, match="folds must be at least 2"):
        KFold(1)
    with pytest.raises(ValueError, match="2 examples cannot form 3 folds"):
        KFold(3).indices(numbered([0, 1]))


def test_random_split():
    whole = numbered([0, 1] * 5)
    parts = random_split(whole, [6, 3, 1], seed=2)
    assert [len(part) for part in parts] == [6, 3, 1]
    assert numbers(*parts) == list(range(10))
    assert [len(part) for part in random_split(whole, [0.55, 0.45])] == [6, 4]
    assert numbers(random_split(whole, [0.6, 0.3, 0.1], seed=2)[0]) == numbers(parts[0])
    for bad in ([], [5, 6], [0, 10], [0.5, 0.4], [0.99, 0.01], [-0.5, 1.5], [0.5, float("nan")]):
        with pytest.raises(ValueError, match="size|sum|empty"):
            random_split(whole, bad)


def test_parts_of_what_is_not_in_memory_refer_to_it(tmp_path):
    np.save(tmp_path / "x.npy", np.arange(20.0)[:, None])
    mapped = ArrayDataset(np.load(tmp_path / "x.npy", mmap_mode="r"), [0, 1] * 10)
    train, validation = train_val_split(mapped, 0.25, seed=0)
    assert isinstance(train, Subset)
    assert numbers(train, validation) == list(range(20))
    assert validation.gather(np.array([1]))[0][0] == validation[1][0]
    nested, _ = train_val_split(train, 5, seed=0)
    assert len(nested) == 10


def test_subset_positions_must_exist():
    with pytest.raises(IndexError, match="0 to 2"):
        Subset([1, 2, 3], [3])
    with pytest.raises(ValueError, match="positions"):
        Subset([1, 2, 3], [])


def test_a_part_of_a_subset_is_a_subset():
    part = Subset([10, 11, 12, 13], [3, 1, 0])
    assert [list(part[chosen]) for chosen in (slice(1, None), [2, 0], np.array([True, False, True]))] == [
        [11, 10],
        [10, 13],
        [13, 10],
    ]
    assert (part[-1], part[np.int64(1)]) == (10, 11)
    mapped = train_val_split(ArrayDataset(np.arange(8.0)[:, None], [0, 1] * 4), 4, seed=0)[0]
    assert len(mapped[:2]) == 2
    for bad in (3, [0, 3]):
        with pytest.raises(IndexError):
            part[bad]
    with pytest.raises(DataError, match="positions"):
        part[3:]
