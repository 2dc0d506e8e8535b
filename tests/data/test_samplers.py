"""Samplers and collate functions of a DataLoader."""

from __future__ import annotations

import numpy as np
import pytest

from seegrad.data import ArrayDataset, BucketSampler, DataError, DataLoader, WeightedRandomSampler, pad_sequence, shard
from seegrad.data.samplers import Sampler

DATA = ArrayDataset(np.arange(20.0).reshape(10, 2), np.arange(10))


def test_weights_are_frequencies():
    sampler = WeightedRandomSampler([0.0, 1.0, 3.0], num_samples=40_000)
    counts = np.bincount(sampler.draw(np.random.default_rng(0)), minlength=3)
    assert counts[0] == 0
    # Four standard deviations of the number of the second one, which is binomial with probability 1/4.
    assert abs(counts[1] - 10_000) < 4 * np.sqrt(40_000 * 0.25 * 0.75)


def test_without_replacement_each_comes_once():
    sampler = WeightedRandomSampler([1.0, 2.0, 0.0, 3.0], 3, replacement=False)
    assert sorted(sampler.draw(np.random.default_rng(0))) == [0, 1, 3]
    with pytest.raises(ValueError, match="only 3 weights are above 0"):
        WeightedRandomSampler([1.0, 2.0, 0.0, 3.0], replacement=False)


@pytest.mark.parametrize("weights", [[1.0, -1.0], [0.0, 0.0], [np.nan, 1.0], [[1.0]], []])
def test_weights_that_mean_nothing(weights):
    with pytest.raises((DataError, ValueError)):
        WeightedRandomSampler(weights)


def test_epochs_differ_and_can_be_resumed():
    def loader():
        return DataLoader(DATA, batch_size=4, sampler=WeightedRandomSampler(np.ones(10)), seed=3)

    first = loader()
    epochs = [[y.tolist() for _, y in first] for _ in range(2)]
    assert epochs[0] != epochs[1]
    again = loader()
    taken = [next(iter(again))[1].tolist()]
    state, resumed = again.state_dict(), loader()
    resumed.load_state_dict(state)
    assert taken + [y.tolist() for _, y in resumed] == epochs[0]


def test_an_order_of_ones_own():
    loader = DataLoader(DATA, batch_size=2, sampler=[7, 7, 1])
    assert len(loader) == 2
    assert [y.tolist() for _, y in loader] == [[7, 7], [1]]
    assert "in a given order" in repr(loader)
    assert len(DataLoader(DATA, batch_size=2, sampler=[7, 7, 1], drop_last=True)) == 1


class Evens:
    def __len__(self):
        return 5

    def draw(self, rng):
        return 2 * rng.permutation(5)


def test_a_sampler_of_ones_own():
    assert isinstance(Evens(), Sampler)
    (batch,) = DataLoader(DATA, batch_size=5, sampler=Evens(), seed=0)
    assert sorted(batch[1]) == [0, 2, 4, 6, 8]


def test_what_does_not_go_together():
    with pytest.raises(ValueError, match="shuffle=True and sampler="):
        DataLoader(DATA, shuffle=True, sampler=[1])
    with pytest.raises(ValueError, match="takes no sampler="):
        DataLoader(shard(DATA, 0, 2), sampler=[1])
    with pytest.raises(DataError, match="sampler holds 10, and the data set has the examples 0 to 9"):
        DataLoader(DATA, sampler=[10])
    with pytest.raises(TypeError, match="integers"):
        DataLoader(DATA, sampler=[0.5])
    with pytest.raises(DataError, match="what the sampler draws holds 11"):
        list(DataLoader(DATA, sampler=WeightedRandomSampler(np.arange(12) == 11)))
    with pytest.raises(TypeError, match="collate_fn must be callable"):
        DataLoader(DATA, collate_fn=1)


def test_examples_are_collated_as_told():
    """Sequences of different lengths, which could not be stacked, as one padded array."""
    sequences = [np.arange(n + 1) for n in range(5)]
    loader = DataLoader(sequences, batch_size=3, collate_fn=pad_sequence)
    assert [batch.tolist() for batch in loader] == [
        [[0, 0, 0], [0, 1, 0], [0, 1, 2]],
        [[0, 1, 2, 3, 0], [0, 1, 2, 3, 4]],
    ]
    twice = DataLoader(sequences, batch_size=5, collate_fn=len, transform=lambda n: 2 * n, prefetch=1)
    assert list(twice) == [10]
    assert "collated by pad_sequence" in repr(loader)


def test_buckets_hold_all_examples_once_by_length():
    lengths = np.random.default_rng(1).integers(1, 30, 1003)
    sampler = BucketSampler(lengths, batch_size=10, pool=20)
    orders = [sampler.draw(np.random.default_rng(seed)) for seed in (0, 0, 1)]
    for order in orders:
        np.testing.assert_array_equal(np.sort(order), np.arange(1003))
        spread = np.ptp(lengths[order[:1000].reshape(100, 10)], axis=1)
        assert np.median(spread) <= 2  # 200 lengths of 29 kinds, sorted and cut into tens
    np.testing.assert_array_equal(orders[0], orders[1])
    assert not np.array_equal(orders[0], orders[2])
    means = lengths[orders[0][:1000].reshape(100, 10)].mean(axis=1)
    assert np.abs(np.corrcoef(means, np.arange(100))[0, 1]) < 0.3  # long ones are not all at the end


def test_a_bucket_for_all_is_a_sorted_data_set():
    order = BucketSampler([3, 1, 2], batch_size=8).draw(np.random.default_rng(0))
    assert order.tolist() == [1, 2, 0]


@pytest.mark.parametrize(
    ("arguments", "kind", "match"),
    [
        (([[1, 2]],), DataError, r"shape \(n,\)"),
        (([1, 2], 0), ValueError, "batch_size"),
        (([1, 2], 2, 0), ValueError, "pool"),
    ],
)
def test_wrong_buckets(arguments, kind, match):
    with pytest.raises(kind, match=match):
        BucketSampler(*arguments)
