"""Shares of a data set: together the whole, batch by batch what one process would see."""

from __future__ import annotations

import numpy as np
import pytest
from data_sources import Jitter, Pairs

import seegrad as sg
from seegrad.data import ArrayDataset, DataLoader, Subset, shard


@pytest.fixture
def dataset():
    return ArrayDataset(np.arange(46, dtype=np.float32).reshape(23, 2), np.arange(23))


def epochs(loader, count=2):
    return [[y.tolist() for _, y in loader] for _ in range(count)]


@pytest.mark.parametrize("source", ["arrays", "pairs", "subset"])
@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("size", [1, 2, 3])
def test_batches_of_all_shares_are_those_of_the_whole(dataset, source, shuffle, size):
    whole = {"arrays": dataset, "pairs": Pairs(23), "subset": Subset(Pairs(23), np.arange(1, 22))}[source]
    expected = epochs(DataLoader(whole, 4 * size, shuffle, seed=3))
    shares = [epochs(DataLoader(shard(whole, rank, size), 4, shuffle, seed=3)) for rank in range(size)]
    left_out = len(whole) % size
    for epoch, parts in zip(expected, zip(*shares, strict=True), strict=True):
        assert len({len(part) for part in parts}) == 1
        together = [sorted(sum(batches, [])) for batches in zip(*parts, strict=True)]
        whole_batches = [sorted(batch) for batch in epoch]
        assert together[:-1] == whole_batches[: len(together) - 1]
        assert set(together[-1]) <= set(whole_batches[len(together) - 1])
        assert sum(map(len, together)) == len(whole) - left_out


def test_for_measuring_no_example_is_left_out(dataset):
    shares = [shard(dataset, rank, 4, equal=False) for rank in range(4)]
    assert [len(share) for share in shares] == [6, 6, 6, 5]
    labels = [y for share in shares for batch in epochs(DataLoader(share, 5), 1)[0] for y in batch]
    assert sorted(labels) == list(range(23))
    assert [int(y) for _, y in (shares[1][i] for i in range(6))] == [1, 5, 9, 13, 17, 21]


def test_shares_are_augmented_each_in_its_own_way():
    same = ArrayDataset(np.zeros((8, 3, 3, 1), np.float32), np.arange(8))
    batches = [next(iter(DataLoader(shard(same, r, 2), 4, seed=1, transform=Jitter())))[0] for r in (0, 1)]
    assert (batches[0] != batches[1]).all()


def test_goes_on_where_it_stood(dataset):
    first = DataLoader(shard(dataset, 1, 2), 3, shuffle=True, seed=5)
    batches = iter(first)
    next(batches)
    state = first.state_dict()
    rest = [y.tolist() for _, y in batches]
    second = DataLoader(shard(dataset, 1, 2), 3, shuffle=True, seed=9)
    second.load_state_dict(state)
    assert [y.tolist() for _, y in second] == rest


@pytest.mark.parametrize(
    ("rank", "size", "message"),
    [
        (2, 2, "the ranks of 2 processes are 0 to 1, got 2"),
        (-1, 2, "rank must be at least 0, got -1"),
        (0, 0, "size must be at least 1, got 0"),
        (0, 24, "23 examples cannot be shared among 24 processes"),
    ],
)
def test_shares_that_cannot_be(dataset, rank, size, message):
    with pytest.raises(ValueError, match=message):
        shard(dataset, rank, size)
    assert "Shard(0 of 2: 11 of" in repr(sg.data.shard(dataset, 0, 2))


def test_a_part_of_a_shard_is_a_subset_of_it():
    part = shard(Pairs(23), 1, 2)
    assert [pair[1] for pair in part[1:3]] == [part[1][1], part[2][1]]
