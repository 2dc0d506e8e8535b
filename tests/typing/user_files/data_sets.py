"""Data sets, loaders, augmentations: what examples and batches are."""

# pyright: strict

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from seegrad import data

if TYPE_CHECKING:
    from typing_extensions import assert_type
else:
    from conforms import assert_type

Array = npt.NDArray[Any]
X, Y = np.zeros((8, 2), np.float32), np.array([0, 1] * 4)


class Pairs:
    """A data set of one's own, of pairs."""

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> tuple[Array, int]:
        return np.full(2, float(index)), index % 2


class Words:
    """A data set of one's own, of dicts."""

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> dict[str, float]:
        return {"length": float(index)}


class Example(NamedTuple):
    """An example, or a batch of them."""

    x: Array
    y: Array
    weight: Array


class Examples:
    """A data set of one's own, of named tuples."""

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> Example:
        return Example(np.zeros(2), np.array(index), np.array(1.0))


def array_data_sets() -> None:
    """Examples and their targets in arrays."""
    points = data.ArrayDataset(X, Y)
    assert_type(points.x, Array)
    assert_type(points.y, Array)
    assert_type(len(points), int)
    assert_type(points[0], tuple[Any, Any])
    assert_type(points[:2], data.ArrayDataset)
    assert_type(points[np.flatnonzero(Y)], data.ArrayDataset)
    train, validation = data.train_val_split(points, 0.25, seed=0)
    assert_type(train.y, Array)
    assert_type(validation.x, Array)
    assert_type(len(train), int)
    assert_type(train[0], tuple[Any, Any])
    for part in data.random_split(points, [0.5, 0.5], seed=0):
        assert_type(part.x, Array)
    for fold, rest in data.KFold(2, seed=0).split(points):
        assert_type(fold.y, Array)
        assert_type(rest.y, Array)


def loaders() -> None:
    """A loader gives batches of what the data set gives."""
    loader = data.DataLoader(data.ArrayDataset(X, Y), batch_size=2, shuffle=True, seed=0)
    assert_type(len(loader), int)
    assert_type(next(iter(loader)), tuple[Array, Array])
    for x, y in loader:
        assert_type(x, Array)
        assert_type(y, Array)
    for _, y in data.DataLoader(Pairs(), batch_size=2):
        assert_type(y, Array)
    for batch in data.DataLoader(Words(), batch_size=2):
        assert_type(batch, dict[str, Array])
    for columns in data.DataLoader({"length": np.arange(3.0), "name": ["a", "b", "c"]}, batch_size=2):
        assert_type(columns["name"], Array)
    for example in data.DataLoader(Examples(), batch_size=2):
        assert_type(example, Example)
    for example in data.DataLoader(Example(X, Y, Y), batch_size=2):
        assert_type(example, Example)
    for three in data.DataLoader(data.ArrayDataset(X, Y), transform=weighted):
        assert_type(three, tuple[Array, Array, Array])
    assert_type(loader.state_dict(), dict[str, int])


def weighted(x: Array, y: Array) -> tuple[Array, Array, Array]:
    """A transform of one's own."""
    return x, y, np.ones(len(y))


def parts_of_own_data_sets() -> None:
    """Parts of a data set give what the whole gives."""
    assert_type(data.Subset(Pairs(), [0, 2])[0], tuple[Array, int])
    assert_type(data.random_split(Words(), [2, 2], seed=0)[0][0], dict[str, float])
    assert_type(data.train_val_split(Examples(), 1, stratify=False)[0][0], Example)
    assert_type(data.shard(Pairs(), 0, 2)[0], tuple[Array, int])
    for x, y in data.DataLoader(data.Subset(Pairs(), [0, 2])):
        assert_type(x, Array)
        assert_type(y, Array)


def changes() -> None:
    """Augmentations, scaling and cleaning."""
    images = np.ones((4, 8, 8, 1), np.float32)
    assert_type(data.RandomShift(1, seed=0)(images), Array)
    assert_type(data.RandomAffine(seed=0)(images, Y[:4]), tuple[Array, Array])
    for x, _ in data.DataLoader(data.ArrayDataset(images, Y[:4]), transform=data.Sometimes(data.RandomShift(1))):
        assert_type(x, Array)
    scaler = data.Standardize().fit(X)
    assert_type(scaler, data.Standardize)
    assert_type(scaler.transform(X), Array)
    assert_type(data.one_hot(Y, 2), npt.NDArray[np.float32])
    cleaned, report = data.clean(np.arange(8.0).reshape(4, 2), [0, 1, 0, 1])
    assert_type(cleaned, data.ArrayDataset)
    assert_type(report.kept, npt.NDArray[np.intp])


if __name__ == "__main__":
    array_data_sets()
    loaders()
    parts_of_own_data_sets()
    changes()
