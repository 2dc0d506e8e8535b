"""What a trainer may be given as data, arrays or data sets or loaders, and the loaders that it makes of them."""

from __future__ import annotations

import math
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np
import numpy.typing as npt

from ...autograd import Tensor
from ...common.plain_data import as_array
from ...common.rng import Seed
from ...data import ArrayDataset, DataLoader
from ...data.dataset import Gathers, Source, fingerprint, gathers
from ...data.sharding import Shard
from ...data.split import Subset, take_subset
from ...data.structures import as_source

Array = npt.NDArray[Any]
#: Arrays ``(x, y)`` or ``(x, y, weights)``, or something that gives examples with their targets.
Data = Source[Any] | DataLoader | tuple[Any, ...]


class WeightedBatch(NamedTuple):
    """Examples, their targets and their weights."""

    x: Any
    y: Any
    weights: Any


class WeightedExamples:
    """The examples of a source with a weight for each.

    Parameters
    ----------
    dataset : source
        Gives pairs ``(example, target)``.
    weights : ndarray, shape (n,)
        One weight for each.
    """

    def __init__(self, dataset: Source[Any], weights: Array) -> None:
        self.dataset = dataset
        self.weights = weights

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> WeightedBatch:
        """Return one example, its target and its weight."""
        example, target = self.dataset[index]
        return WeightedBatch(example, target, self.weights[index])

    def fingerprint(self) -> int:
        """Return a checksum of the weights, and of the examples if they have one."""
        return crc32(self.weights.tobytes(), fingerprint(self.dataset) or 0)

    def __repr__(self) -> str:
        return f"{self.dataset!r} with weights"


class GatheredWeightedExamples(WeightedExamples):
    """Weighted examples of a source that gives whole batches."""

    dataset: Gathers[Any]

    def gather(self, indices: npt.NDArray[np.intp]) -> WeightedBatch:
        """Return the examples at these positions, as arrays."""
        return WeightedBatch(*self.dataset.gather(indices), self.weights[indices])


def given_data(call: str, x: Any, y: Any = None, sample_weight: Any = None) -> Source[Any] | DataLoader:
    """Return what a call was given as a data set or a loader: arrays, one of these two, or a tuple of arrays.

    Parameters
    ----------
    call : str
        Of what the messages speak: ``"fit"``, ``"evaluate"`` or ``"validation"``.
    x : array_like, tuple of array_like, source or DataLoader
        Examples; with their targets, unless ``y`` is given.
    y : array_like, optional
        The targets of the examples.
    sample_weight : array_like, shape (n,), optional
        The weights of the examples.

    Raises
    ------
    TypeError, ValueError
        If it is none of these, or the lengths differ.
    """
    if type(x) is tuple and y is None:
        x, y, sample_weight = _parts(call, x, sample_weight)
    if isinstance(y, int):
        names = "epochs" if call == "fit" else "batch_size"
        raise TypeError(f"{call}: the second argument is y, the targets of x; write {names}={y}")
    if y is not None:
        if isinstance(x, DataLoader) or gathers(x) or isinstance(x, Subset):
            raise TypeError(f"{call}: a {type(x).__name__} brings its targets with it; leave y out")
        x = ArrayDataset(*(part.data if isinstance(part, Tensor) else part for part in (x, y)))
    elif isinstance(x, np.ndarray | Tensor) or hasattr(x, "iloc"):
        how = "validation=(x, y)" if call == "validation" else f"{call}(x, y)"
        raise TypeError(f"{call}: the targets are missing; write {how}")
    return x if sample_weight is None else _weighted(call, x, sample_weight)


def _parts(call: str, given: tuple[Any, ...], sample_weight: Any) -> tuple[Any, Any, Any]:
    if len(given) == 3 and sample_weight is None:
        return given[0], given[1], given[2]
    if len(given) != 2:
        raise TypeError(
            f"{call}: a tuple of arrays is (x, y), or (x, y, sample_weight); got {len(given)} parts"
            f"{'' if sample_weight is None else ' and sample_weight besides'}"
        )
    return given[0], given[1], sample_weight


def _weighted(call: str, x: Any, sample_weight: Any) -> WeightedExamples:
    if isinstance(x, DataLoader | Shard):
        raise TypeError(
            f"{call}: sample_weight is for arrays and data sets; let the {type(x).__name__} give batches "
            "(x, y, weights) instead"
        )
    source = as_source(x)
    weights = as_array(sample_weight.data if isinstance(sample_weight, Tensor) else sample_weight)
    if weights.shape != (len(source),) or weights.dtype.kind not in "biuf":
        raise ValueError(
            f"{call}: sample_weight must be one number for each of the {len(source)} examples, got an array of "
            f"{weights.dtype} of shape {weights.shape}"
        )
    if not (np.isfinite(weights) & (weights >= 0)).all():
        raise ValueError(f"{call}: the weights in sample_weight must be finite and at least 0")
    kind = GatheredWeightedExamples if gathers(source) else WeightedExamples
    return kind(source, weights.astype(np.float32))  # type: ignore[arg-type]  # gathers() says so of the source


def as_batch(batch: Any) -> tuple[Any, Any, Any]:
    """Return the examples, targets and weights of a batch; weights are None where it has none.

    Raises
    ------
    TypeError
        If the batch is neither ``(x, y)`` nor ``(x, y, weights)`` but, for example, a dict.
    """
    if isinstance(batch, tuple | list) and len(batch) == 2:
        return batch[0], batch[1], None
    if isinstance(batch, tuple | list) and len(batch) == 3 and np.ndim(batch[2]) > 0:
        return batch[0], batch[1], as_array(batch[2])
    keys = list(batch) if isinstance(batch, dict) else []
    example = f"(batch[{keys[0]!r}], batch[{keys[1]!r}])" if len(keys) > 1 else "(batch.x, batch.y)"
    raise TypeError(
        "Trainer: a batch must be a pair (x, y), or (x, y, weights) with a weight for each example; got "
        f"{type(batch).__name__} {keys or ''}; make it one with DataLoader(..., transform=lambda batch: {example})"
    )


def with_validation(
    train: Source[Any] | DataLoader, validation: Data | None, validation_data: Data | None, split: float
) -> tuple[Source[Any] | DataLoader, Source[Any] | DataLoader | None]:
    """Return what to train with, and what to validate with.

    Parameters
    ----------
    train : source or DataLoader
        All examples that were given.
    validation, validation_data : source, DataLoader or tuple of arrays, optional
        The two names of the argument.
    split : float
        The share of the examples, the last ones, with which to validate; 0 for none.

    Raises
    ------
    TypeError, ValueError
        If more than one of the three is given, or the share cannot be taken.
    """
    if (validation is not None) + (validation_data is not None) + (split != 0) > 1:
        raise TypeError("fit: give one of validation, validation_data (the same) and validation_split")
    if split:
        return _split(train, split)
    given = validation_data if validation is None else validation
    return train, None if given is None else given_data("validation", given)


def _split(train: Source[Any] | DataLoader, share: float) -> tuple[Source[Any], Source[Any]]:
    if isinstance(train, DataLoader | Shard):
        raise TypeError(
            f"fit: validation_split divides arrays and data sets, not a {type(train).__name__}; divide the data set "
            "before: train, validation = sg.data.train_val_split(dataset)"
        )
    if isinstance(share, bool) or not isinstance(share, int | float | np.number) or not 0.0 < share < 1.0:
        raise ValueError(f"fit: validation_split must be a share between 0 and 1, got {share!r}")
    source = as_source(train)
    first = math.floor(len(source) * (1.0 - share))
    if not 0 < first < len(source):
        raise ValueError(
            f"fit: validation_split={share} of {len(source)} examples leaves nothing to train or to validate with"
        )
    return _range(source, 0, first), _range(source, first, len(source))


def _range(source: Source[Any], start: int, stop: int) -> Source[Any]:
    if isinstance(source, WeightedExamples):
        return type(source)(_range(source.dataset, start, stop), source.weights[start:stop])  # type: ignore[arg-type]
    if type(source) is ArrayDataset:
        return source[start:stop]
    return take_subset(source, np.arange(start, stop))


def training_loader(train: Source[Any] | DataLoader, batch_size: int, seed: Seed, drop_last: bool) -> DataLoader:
    """Return a loader of shuffled batches, or the one that was given.

    Raises
    ------
    TypeError
        If a loader is given, and ``drop_last`` besides.
    """
    if not isinstance(train, DataLoader):
        return DataLoader(train, batch_size, shuffle=True, seed=seed, drop_last=drop_last)
    if drop_last:
        raise TypeError("fit: a DataLoader decides on its last batch itself; write DataLoader(..., drop_last=True)")
    return train
