"""Examples and data sets that are structures: dicts and named tuples, whose entries are batched one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .data_checks import check_finite, unmasked
from .data_error import DataError
from .dataset import Source, check_gathered_array, take_rows

Rows = NDArray[np.intp]


def is_structure(x: Any) -> bool:
    """Tell whether something is a dict or a named tuple."""
    return isinstance(x, Mapping) or (isinstance(x, tuple) and hasattr(x, "_fields"))


def describe(batch: Any) -> str:
    """Describe a batch for an error message."""
    return f"{type(batch).__name__}s of {list(dict(_items(batch)))}" if is_structure(batch) else f"{batch!r:.80}"


def map_structure(function: Callable[[str, Any], Any], x: Any, name: str = "") -> Any:
    """Apply ``function(name, entry)`` to every entry, also of structures inside; the result is built alike."""
    if not is_structure(x):
        return function(name, x)
    entries = {key: map_structure(function, value, f"{name}[{key!r}]") for key, value in _items(x)}
    return entries if isinstance(x, Mapping) else type(x)(*entries.values())


def collate(examples: Sequence[Any], rows: Rows, name: str) -> Any:
    """Stack examples of equal structure, entry by entry.

    Parameters
    ----------
    examples : sequence
        Arrays or numbers of one shape each, or dicts or named tuples of such.
    rows : ndarray of int
        Their places in the data set, for messages.
    name : str
        What they are, for messages.

    Raises
    ------
    DataError
        If their entries or shapes differ, or hold no numbers or texts, or NaN or infinity.
    """
    if is_structure(examples[0]):
        first = dict(_items(examples[0]))
        for row, example in zip(rows, examples):
            if not is_structure(example) or dict(_items(example)).keys() != first.keys():
                raise DataError(
                    f"examples {rows[:5].tolist()}... do not form a batch: {name} of example {row} does not have the "
                    f"entries {list(first)} of the one before it, it is {example!r:.80}"
                )
        columns = {key: [dict(_items(example))[key] for example in examples] for key in first}
        stacked = {key: collate(column, rows, f"{name}[{key!r}]") for key, column in columns.items()}
        return stacked if isinstance(examples[0], Mapping) else type(examples[0])(*stacked.values())
    parts = [unmasked(name, example) for example in examples]
    try:
        array = np.stack(parts)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"examples {rows[:5].tolist()}... do not form a batch: {name} must be an array of the same shape in all of "
            f"them ({error})"
        ) from error
    if array.dtype == object:
        raise DataError(f"{name} of example {rows[0]} is a {type(examples[0]).__name__}, which cannot be batched")
    check_gathered_array(name, array, rows)
    return array


class Columns:
    """A dict or named tuple of arrays of equal length as a data set; its batches are built alike.

    Parameters
    ----------
    structure : mapping of str to array_like, or named tuple of them
        The arrays; those inside may be structures, too.

    Raises
    ------
    DataError
        If there is no array, the lengths differ, or a value is NaN or infinite.
    """

    def __init__(self, structure: Any) -> None:
        self.structure: Any = map_structure(_column, structure)
        lengths: dict[str, int] = {}
        map_structure(lambda name, array: lengths.setdefault(name, len(array)), self.structure)
        if not lengths or not any(lengths.values()):
            raise DataError(f"the data set is empty: {structure!r:.80}")
        if len(set(lengths.values())) > 1:
            raise DataError(f"the entries of a data set must be of equal length, got {lengths}")
        self._length = next(iter(lengths.values()))

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: int) -> Any:
        """Return one example, built as the whole is."""
        if not -self._length <= index < self._length:
            raise IndexError(f"example {index} of {self._length}")
        return map_structure(lambda _, array: array[index], self.structure)

    def gather(self, indices: Rows) -> Any:
        """Return the examples at these positions, as arrays in a structure built as the whole is."""

        def rows(name: str, array: NDArray[Any]) -> NDArray[Any]:
            taken = take_rows(array, indices)
            check_gathered_array(name, taken, indices)
            return taken

        return map_structure(rows, self.structure)

    def __repr__(self) -> str:
        parts: list[str] = []
        map_structure(lambda name, array: parts.append(f"{name}: {array.dtype} {array.shape}"), self.structure)
        return f"Columns({', '.join(parts)})"


def as_source(dataset: Any) -> Source[Any]:
    """Return a data set as one that has a length and examples: a dict or named tuple of arrays as its `Columns`."""
    if is_structure(dataset) and not (isinstance(dataset, Mapping) and set(dataset) == set(range(len(dataset)))):
        return Columns(dataset)
    source: Source[Any] = dataset
    return source


def _items(x: Any) -> Iterable[tuple[Any, Any]]:
    return x.items() if isinstance(x, Mapping) else zip(x._fields, x)


def _column(name: str, values: Any) -> NDArray[Any]:
    try:
        array = np.asarray(unmasked(name, values))
    except ValueError as error:
        raise DataError(f"the entry {name} of the data set is not an array: its rows differ in shape") from error
    if array.ndim == 0 or array.dtype == object:
        raise DataError(
            f"the entry {name} of the data set must be an array with one row per example, got {values!r:.80}"
        )
    if not isinstance(values, np.memmap):
        check_finite(name, array)
    return array
