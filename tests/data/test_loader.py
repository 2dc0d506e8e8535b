"""DataLoader: order, batches, prefetching, and going on where it stood."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections import namedtuple

import numpy as np
import pandas as pd
import pytest
from data_sources import Jitter, Pairs

import seegrad as sg
from seegrad.data import (
    ArrayDataset,
    DataError,
    DataLoader,
    GaussianNoise,
    KFold,
    Subset,
    random_split,
    shard,
    train_val_split,
)


@pytest.fixture
def dataset():
    return ArrayDataset(np.arange(50, dtype=np.float32).reshape(25, 2), np.arange(25))


def labels(loader) -> list[list[int]]:
    return [y.tolist() for _, y in loader]


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "seegrad-prefetch"]


@pytest.mark.parametrize(
    ("batch_size", "drop_last", "sizes"),
    [
        (10, False, [10, 10, 5]),
        (10, True, [10, 10]),
        (25, True, [25]),
        (64, False, [25]),
        (1, False, [1] * 25),
    ],
)
@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("prefetch", [0, 2])
def test_batches_and_exact_length(dataset, batch_size, drop_last, sizes, shuffle, prefetch):
    loader = DataLoader(dataset, batch_size, shuffle, seed=0, drop_last=drop_last, prefetch=prefetch)
    batches = list(loader)
    assert [len(x) for x, _ in batches] == [len(y) for _, y in batches] == sizes
    assert len(loader) == len(sizes)
    seen = np.concatenate([y for _, y in batches])
    assert len(set(seen.tolist())) == sum(sizes)
    assert np.array_equal(np.concatenate([x for x, _ in batches])[:, 0], 2 * seen)
    assert shuffle or seen.tolist() == list(range(sum(sizes)))


def test_shuffle_is_a_new_permutation_each_epoch_by_seed(dataset):
    loader, same, other = (DataLoader(dataset, 10, shuffle=True, seed=seed) for seed in (3, 3, 4))
    first, second = labels(loader), labels(loader)
    assert first != second
    assert sorted(sum(first, [])) == sorted(sum(second, [])) == list(range(25))
    assert [labels(same), labels(same)] == [first, second]
    assert labels(other) != first


def test_default_seed_follows_manual_seed_and_global_numpy_is_untouched(dataset):
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    sg.manual_seed(7)
    first = labels(DataLoader(dataset, 10, shuffle=True))
    sg.manual_seed(7)
    assert labels(DataLoader(dataset, 10, shuffle=True)) == first
    assert labels(DataLoader(dataset, 10, shuffle=True)) != first
    generator = np.random.default_rng(1)
    assert labels(DataLoader(dataset, 10, shuffle=True, seed=generator)) == labels(
        DataLoader(dataset, 10, shuffle=True, seed=np.random.default_rng(1))
    )
    assert np.array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_batches_are_copies(dataset):
    for x, _ in DataLoader(dataset, 10):
        x += 1
    assert dataset.x[0, 0] == 0


@pytest.mark.parametrize("bad", [0, -1])
def test_batch_size_below_one(dataset, bad):
    with pytest.raises(ValueError, match=f"batch_size must be at least 1, got {bad}"):
        DataLoader(dataset, bad)


@pytest.mark.parametrize("bad", [1.5, True, "64", None, np.array([4])])
def test_batch_size_that_is_no_whole_number(dataset, bad):
    with pytest.raises(TypeError, match="batch_size must be an integer"):
        DataLoader(dataset, bad)


def test_drop_last_without_any_batch(dataset):
    with pytest.raises(ValueError, match=r"batch_size=26 exceeds the 25 examples.*drop_last"):
        DataLoader(dataset, 26, drop_last=True)


def test_sources_that_are_none(dataset):
    with pytest.raises(DataError, match="empty"):
        DataLoader([])
    for bad in ((np.zeros(3), np.zeros(3)), np.zeros(3), 5, "abc"):
        with pytest.raises(TypeError, match="ArrayDataset"):
            DataLoader(bad)
    with pytest.raises(TypeError, match="transform"):
        DataLoader(dataset, transform=3)
    for seed in (-1, 0.5, True):
        with pytest.raises((TypeError, ValueError), match="seed"):
            DataLoader(dataset, seed=seed)


@pytest.mark.parametrize("prefetch", [0, 3])
def test_any_indexable_source(prefetch):
    x, y = next(iter(DataLoader(Pairs(10), 4, prefetch=prefetch)))
    assert x.shape == (4, 2, 2)
    assert y.tolist() == [0, 1, 2, 3]
    listed = [(np.zeros(3), 1.5), (np.ones(3), 2.5)]
    assert next(iter(DataLoader(listed, 2)))[1].tolist() == [1.5, 2.5]
    assert labels(DataLoader(Subset(Pairs(10), [7, 2, 5]), 2)) == [[7, 2], [5]]


def test_sources_that_do_not_stack_or_hold_nan():
    with pytest.raises(DataError, match="same shape"):
        list(DataLoader([(np.zeros(3), 0), (np.zeros(4), 0)]))
    with pytest.raises(DataError, match="pair"):
        list(DataLoader([1, 2, 3]))
    with pytest.raises(DataError, match="x of example 1 holds NaN"):
        list(DataLoader([(np.zeros(3), 0), (np.full(3, np.nan), 0)]))


def test_memory_mapped_source(tmp_path):
    stored = np.lib.format.open_memmap(tmp_path / "x.npy", "w+", np.float32, (100, 8))
    stored[:] = np.arange(100)[:, None]
    stored.flush()
    source = ArrayDataset(np.load(tmp_path / "x.npy", mmap_mode="r"), np.arange(100))
    for x, y in DataLoader(source, 32, shuffle=True, seed=0, prefetch=2):
        assert type(x) is np.ndarray
        assert np.array_equal(x[:, 3], y)


def test_transform(dataset):
    halved = DataLoader(dataset, 10, transform=lambda x, y: (x / 2, y))
    assert next(iter(halved))[0][1, 0] == 1


def test_prefetch_gives_the_same_numbers(dataset):
    images = ArrayDataset(np.zeros((25, 3, 3, 1), np.float32), np.arange(25))
    plain, ahead = (
        DataLoader(images, 4, shuffle=True, seed=5, transform=Jitter(), prefetch=prefetch) for prefetch in (0, 3)
    )
    for _ in range(2):
        for (x0, y0), (x1, y1) in zip(plain, ahead, strict=True):
            assert x0.tobytes() == x1.tobytes()
            assert y0.tobytes() == y1.tobytes()


def test_error_in_the_background_arrives_in_its_place():
    batches = iter(DataLoader(Pairs(10, bad=5), 2, prefetch=4))
    assert next(batches)[1].tolist() == [0, 1]
    assert next(batches)[1].tolist() == [2, 3]
    with pytest.raises(RuntimeError, match="example 5 is broken"):
        next(batches)
    assert not threads()


def test_no_thread_is_left_behind():
    loader = DataLoader(Pairs(1000), 2, prefetch=2)
    assert not threads()
    for number, _ in enumerate(loader):
        assert len(threads()) == 1
        if number == 3:
            break
    assert not threads()

    def fails() -> None:
        for _ in loader:
            raise KeyError

    with pytest.raises(KeyError):
        fails()
    assert not threads()
    iter(loader)
    assert not threads()
    assert len(list(loader)) == 500
    assert not threads()


def test_the_queue_is_bounded():
    asked: list[int] = []

    class Counting(Pairs):
        def __getitem__(self, index: int):
            asked.append(index)
            return super().__getitem__(index)

    batches = iter(DataLoader(Counting(1000), 1, prefetch=3))
    next(batches)
    threads()[0].join(timeout=0.2)
    # One handed out, three waiting, one in the thread's hand.
    assert len(asked) <= 5
    batches.close()


@pytest.mark.parametrize("prefetch", [0, 3])
@pytest.mark.parametrize("stop", [0, 1, 4, 7, 10, 14])
def test_a_loaded_state_goes_on_bit_identically(stop, prefetch):
    images = ArrayDataset(np.zeros((25, 3, 3, 1), np.float32), np.arange(25))

    def loader(seed: int) -> DataLoader:
        return DataLoader(images, 4, shuffle=True, seed=seed, transform=Jitter(), prefetch=prefetch)

    whole = loader(1)
    expected = [batch for _ in range(3) for batch in whole]
    first, taken = loader(1), 0
    for _ in range(3):
        if taken == stop:
            break
        for _ in first:
            taken += 1
            if taken == stop:
                break
    state = json.loads(json.dumps(first.state_dict()))
    second = loader(99)
    second.load_state_dict(state)
    rest = [batch for _ in range(4) for batch in second][: len(expected) - stop]
    for (x0, y0), (x1, y1) in zip(expected[stop:], rest, strict=True):
        assert x0.tobytes() == x1.tobytes()
        assert y0.tobytes() == y1.tobytes()


def test_a_state_taken_after_the_last_batch_ends_that_epoch_first(dataset):
    loader = DataLoader(dataset, 10, shuffle=True, seed=0)
    states = [loader.state_dict() for _ in loader]
    assert states[-1] == {"seed": 0, "epoch": 0, "batch": 3}
    assert loader.state_dict() == {"seed": 0, "epoch": 1, "batch": 0}
    following = labels(loader)
    loader.load_state_dict(states[-1])
    assert labels(loader) == []
    assert labels(loader) == following


@pytest.mark.parametrize("prefetch", [0, 2])
@pytest.mark.parametrize("steps", [1, 99], ids=["one more batch", "to the end"])
def test_an_older_iterator_does_not_move_the_loader(dataset, steps, prefetch):
    loader = DataLoader(dataset, 4, shuffle=True, seed=3, prefetch=prefetch)
    old = iter(loader)
    next(old)
    new = iter(loader)
    next(new)
    assert loader.state_dict() == {"seed": 3, "epoch": 1, "batch": 1}
    for _ in zip(range(steps), old):
        pass
    assert loader.state_dict() == {"seed": 3, "epoch": 1, "batch": 1}
    again = DataLoader(dataset, 4, shuffle=True, seed=0)
    again.load_state_dict(loader.state_dict())
    np.testing.assert_array_equal(next(iter(again))[1], next(new)[1])
    old.close()
    new.close()


def test_an_epoch_left_early_counts(dataset):
    loader, other = (DataLoader(dataset, 10, shuffle=True, seed=0) for _ in range(2))
    next(iter(loader))
    labels(other)
    assert labels(loader) == labels(other)


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"seed": 0, "epoch": 0},
        {"seed": 0, "epoch": 0, "batch": 4},
        {"seed": 0, "epoch": -1, "batch": 0},
        {"seed": 0, "epoch": 0.5, "batch": 0},
    ],
)
def test_a_state_that_does_not_fit_changes_nothing(dataset, state):
    loader = DataLoader(dataset, 10, seed=3)
    with pytest.raises((TypeError, ValueError), match="state|epoch"):
        loader.load_state_dict(state)
    assert loader.state_dict() == {"seed": 3, "epoch": 0, "batch": 0}


# Structures ---------------------------------------------------------------------------------------------

Example = namedtuple("Example", "image label")
IMAGES, LABELS = np.arange(20.0).reshape(10, 2), np.arange(10)


class Map:
    """A data set that makes each example when it is asked for it."""

    def __init__(self, make):
        self.make = make

    def __len__(self):
        return 10

    def __getitem__(self, i):
        return self.make(IMAGES[i], LABELS[i])


def as_dict(image, label):
    return {"image": image, "label": label}


DICTS = {
    "dict of arrays": {"image": IMAGES, "label": LABELS},
    "dict of lists": {"image": IMAGES.tolist(), "label": LABELS.tolist()},
    "list of dicts": [as_dict(*pair) for pair in zip(IMAGES, LABELS)],
    "map of dicts": Map(as_dict),
    "subset": Subset({"image": np.repeat(IMAGES, 2, 0), "label": np.repeat(LABELS, 2)}, range(0, 20, 2)),
}
NAMED = {
    "named tuple of arrays": Example(IMAGES, LABELS),
    "list of named tuples": [Example(*pair) for pair in zip(IMAGES, LABELS)],
    "map of named tuples": Map(Example),
}


@pytest.mark.parametrize("prefetch", [0, 2])
@pytest.mark.parametrize("name", DICTS)
def test_batches_of_dicts(name, prefetch):
    loader = DataLoader(DICTS[name], 4, prefetch=prefetch)
    assert len(loader) == 3
    batches = list(loader)
    assert [type(batch) for batch in batches] == [dict] * 3
    assert [list(batch) for batch in batches] == [["image", "label"]] * 3
    np.testing.assert_array_equal(np.concatenate([batch["image"] for batch in batches]), IMAGES)
    np.testing.assert_array_equal(np.concatenate([batch["label"] for batch in batches]), LABELS)
    shuffled = list(DataLoader(DICTS[name], 4, shuffle=True, seed=0))
    order = np.concatenate([batch["label"] for batch in shuffled])
    assert sorted(order) == LABELS.tolist() != order.tolist()
    np.testing.assert_array_equal(np.concatenate([batch["image"] for batch in shuffled]), IMAGES[order])


@pytest.mark.parametrize("name", NAMED)
def test_batches_of_named_tuples(name):
    batches = list(DataLoader(NAMED[name], 4))
    assert [type(batch) for batch in batches] == [Example] * 3
    np.testing.assert_array_equal(np.concatenate([batch.image for batch in batches]), IMAGES)
    np.testing.assert_array_equal(np.concatenate([batch.label for batch in batches]), LABELS)


def test_structures_inside():
    nested = {"inputs": {"image": IMAGES, "name": [f"n{i}" for i in range(10)]}, "target": Example(IMAGES, LABELS)}
    batch = list(DataLoader(nested, 4))[1]
    assert batch["inputs"]["name"].tolist() == ["n4", "n5", "n6", "n7"]
    assert type(batch["target"]) is Example
    np.testing.assert_array_equal(batch["target"].label, [4, 5, 6, 7])
    x, y = next(iter(DataLoader([({"image": image}, label) for image, label in zip(IMAGES, LABELS)], 3)))
    np.testing.assert_array_equal(x["image"], IMAGES[:3])
    np.testing.assert_array_equal(y, LABELS[:3])


def test_a_dict_numbered_from_0_is_a_data_set_of_examples():
    x, y = next(iter(DataLoader({1: (IMAGES[1], 7), 0: (IMAGES[0], 5)}, 2)))
    np.testing.assert_array_equal(x, IMAGES[:2])
    assert y.tolist() == [5, 7]


def test_structures_are_split_and_shared():
    parts = random_split({"image": IMAGES, "label": LABELS}, [7, 3], seed=0)
    labels = [next(iter(DataLoader(part, 10)))["label"] for part in parts]
    assert [len(part) for part in labels] == [7, 3]
    assert sorted(np.concatenate(labels)) == LABELS.tolist()
    train, validation = train_val_split({"label": LABELS}, 4, stratify=False)
    assert (len(train), len(validation)) == (6, 4)
    assert [b["label"].tolist() for b in DataLoader(shard({"label": LABELS}, 1, 2), 3)] == [[1, 3, 5], [7, 9]]
    assert len(KFold(5, stratify=False).indices({"label": LABELS})) == 5


def test_transforms_of_structures():
    loader = DataLoader({"image": IMAGES, "label": LABELS}, 4, transform=lambda batch: (batch["image"], batch["label"]))
    x, y = next(iter(loader))
    np.testing.assert_array_equal(x, IMAGES[:4])
    assert next(iter(DataLoader(NAMED["list of named tuples"], 4, transform=lambda x, y: y))).tolist() == [0, 1, 2, 3]
    with pytest.raises(TypeError, match=r"GaussianNoise takes batches \(x, y\), these are dicts of \['image'\]"):
        next(iter(DataLoader({"image": IMAGES}, transform=GaussianNoise(0.1))))


@pytest.mark.parametrize(
    ("dataset", "message"),
    [
        ({}, "empty"),
        ({"a": []}, "empty"),
        ({"a": [1, 2], "b": [1]}, r"equal length, got .*'a'.*: 2, .*'b'.*: 1"),
        ({"a": [1, 2], "b": 3}, r"\['b'\] of the data set must be an array with one row per example, got 3"),
        ({"a": [[1, 2], [3]]}, "rows differ in shape"),
        ({"a": [None, 1]}, r"\['a'\] of the data set must be an array"),
        ({"a": [1.0, np.nan]}, "NaN"),
        ([{"a": 1.0}, {"b": 1.0}], r"example 1 does not have the entries \['a'\]"),
        ([{"a": 1.0}, (1.0, 2)], r"example 1 does not have the entries \['a'\]"),
        ([{"a": np.zeros(2)}, {"a": np.zeros(3)}], r"\['a'\] must be an array of the same shape"),
        ([{"a": None}, {"a": None}], r"\['a'\] of example 0 is a NoneType"),
        ([{"a": 1.0}, {"a": np.inf}], r"\['a'\] of example 1 holds NaN or infinity"),
        ([({"a": None}, 1)], r"x\['a'\] of example 0 is a NoneType"),
    ],
)
def test_structures_that_do_not_batch(dataset, message):
    with pytest.raises(DataError, match=message):
        list(DataLoader(dataset))


@pytest.mark.parametrize(
    "example", [np.zeros(2), np.zeros((2, 5)), "ab", sg.tensor([1.0, 2.0]), pd.Series([1.0, 2.0]), (1.0,), (1, 2, 3)]
)
def test_what_merely_has_two_parts_is_no_pair(example):
    with pytest.raises(sg.data.DataError, match=r"must be a pair \(example, target\)"):
        next(iter(DataLoader([example, example], batch_size=2)))


MASKED = np.ma.array([[1.0, 2.0], [3.0, 4.0]], mask=[[False, True], [False, False]])


@pytest.mark.parametrize(
    "make",
    [
        lambda: ArrayDataset(MASKED, [0, 1]),
        lambda: ArrayDataset(np.zeros(2), MASKED[:, 1]),
        lambda: next(iter(DataLoader({"a": MASKED}))),
        lambda: next(iter(DataLoader([(row, 0) for row in MASKED]))),
        lambda: next(iter(DataLoader([{"a": row} for row in MASKED]))),
        lambda: sg.data.Standardize().fit(MASKED),
    ],
    ids=["examples", "targets", "column", "pairs", "dicts", "scaler"],
)
def test_masks_are_not_lost(make):
    with pytest.raises(TypeError, match=r"would lose its mask: write .*filled\(value\)"):
        make()


def test_tables_are_referred_to_arrays():
    pandas = pytest.importorskip("pandas")
    for table in (pandas.DataFrame({"a": [1.0, 2.0]}), pandas.Series([1.0, 2.0])):
        with pytest.raises(TypeError, match=r"try ArrayDataset\(x, y\)"):
            DataLoader(table)


def test_memory_mapped_columns_are_checked_when_they_are_read(tmp_path):
    stored = np.lib.format.open_memmap(tmp_path / "x.npy", "w+", np.float32, (6, 2))
    stored[:] = 1
    stored[4] = np.nan
    stored.flush()
    loader = DataLoader({"x": np.load(tmp_path / "x.npy", mmap_mode="r")}, 2)
    batches = iter(loader)
    assert next(batches)["x"].shape == (2, 2)
    with pytest.raises(DataError, match="example 4 holds NaN"):
        list(batches)


class Negated(ArrayDataset):
    """A data set of arrays whose examples are made anew by a method of its own."""

    def __getitem__(self, index):
        x, y = super().__getitem__(index)
        return -x, y


class NegatedAtOnce(Negated):
    def gather(self, indices):
        x, y = super().gather(indices)
        return -x, y


@pytest.mark.parametrize("kind", [Negated, NegatedAtOnce])
@pytest.mark.parametrize(
    "part",
    [
        lambda d: d,
        lambda d: shard(d, 0, 1),
        lambda d: Subset(d, range(10)),
        lambda d: random_split(random_split(d, [8, 2], seed=0)[0], [5, 3], seed=0)[0],
        lambda d: train_val_split(d, 3)[0],
    ],
)
def test_examples_of_ones_own_are_those_of_the_batches(kind, part):
    loader = DataLoader(part(kind(IMAGES, LABELS)), 4)
    for x, y in loader:
        np.testing.assert_array_equal(x, -IMAGES[y])


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs a timer that sends signals")
def test_ctrl_c_at_any_moment_of_a_prefetched_epoch_ends_it():
    code = """
import random, signal, threading, numpy as np, seegrad as sg

signal.signal(signal.SIGALRM, signal.default_int_handler)
data = sg.data.ArrayDataset(np.zeros((40, 2), np.float32), np.arange(40))
chance = random.Random(0)
interrupted = 0
for _ in range(1500):
    try:
        signal.setitimer(signal.ITIMER_REAL, chance.uniform(1e-5, 1e-3))
        for batch in sg.data.DataLoader(data, 2, prefetch=2):
            pass
        signal.setitimer(signal.ITIMER_REAL, 0)
    except KeyboardInterrupt:
        interrupted += 1
print(interrupted > 100)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.stdout == "True\n", done.stderr
